"""Small settings, written to a folder and read from it."""

from pathlib import Path

from config.settings import Settings, load

CHAINS = """
[ethereum]
id = 1
name = "Ethereum"
native = "ETH"
endpoints = ["env:ETH_RPC", "https://public.example/rpc"]
block_time_s = 12
confirmations = 64
"""
PROTOCOLS = {"vote": ["oz_governor"], "liquidity": ["uniswap_v3"], "batch": ["entrypoint"], "act": ["access"]}
DAO = """
[uni]
name = "Uniswap"
chain = "ethereum"
protocol = "oz_governor"
governor = "0x408ED6354d4973f66138C91495F2f2FCbd8724C3"
token = "0x1f9840a85d5aF5bf1D1762F925BDADdC4201F984"
symbol = "UNI"
"""
TOKEN = '[[token]]\nchain="ethereum"\naddress="0x%s"\nsymbol="X"\ndecimals=1\n' % ("11" * 20)


def read(folder: Path, env: dict[str, str] | None = None, **files: str) -> Settings:
    return written(folder, files, env)


def written(folder: Path, files: dict[str, str], env: dict[str, str] | None = None) -> Settings:
    given = {"chains": CHAINS, "daos": "", "tokens": "", "labels": "", "watches": "", **files}
    for name, text in given.items():
        (folder / f"{name}.toml").write_text(text)
    return load(environ=env or {}, dotenv=None, config_dir=folder, protocols=PROTOCOLS)
