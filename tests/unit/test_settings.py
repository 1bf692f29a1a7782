from decimal import Decimal
from pathlib import Path

import pytest

from config.errors import SettingsError
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
PROTOCOLS = {"vote": ["oz_governor"], "liquidity": ["uniswap_v3"], "batch": ["entrypoint"]}
DAO = """
[uni]
name = "Uniswap"
chain = "ethereum"
protocol = "oz_governor"
governor = "0x408ED6354d4973f66138C91495F2f2FCbd8724C3"
token = "0x1f9840a85d5aF5bf1D1762F925BDADdC4201F984"
symbol = "UNI"
"""


def read(folder: Path, env: dict[str, str] | None = None, **files: str) -> Settings:
    return written(folder, files, env)


def written(folder: Path, files: dict[str, str], env: dict[str, str] | None = None) -> Settings:
    given = {"chains": CHAINS, "daos": "", "tokens": "", "labels": "", "watches": "", **files}
    for name, text in given.items():
        (folder / f"{name}.toml").write_text(text)
    return load(environ=env or {}, dotenv=None, config_dir=folder, protocols=PROTOCOLS)


def test_the_shipped_files_load_with_the_eight_chains() -> None:
    settings = load(environ={}, dotenv=None)
    assert {c.id for c in settings.chains.values()} >= {1, 42161, 10, 8453, 137, 56, 100, 43114}


def test_a_secret_endpoint_comes_from_the_environment_and_is_left_out_while_unset(tmp_path: Path) -> None:
    without = read(tmp_path).chains["ethereum"].endpoints
    with_key = read(tmp_path, {"ETH_RPC": "https://node.example/canary-key"}).chains["ethereum"].endpoints
    assert [len(without), len(with_key)] == [1, 2]
    assert "canary-key" not in repr(with_key)


def test_every_endpoint_and_token_is_a_secret(tmp_path: Path) -> None:
    env = {"ETH_RPC": "https://n.example/canary", "DISCORD_TOKEN": "canary-token", "REDIS_URL": "redis://:canary-pw@h"}
    settings = read(tmp_path, env)
    assert {"https://n.example/canary", "canary-token", "redis://:canary-pw@h"} <= set(settings.secrets)
    assert "canary" not in repr(settings)


def test_addresses_are_kept_in_lower_case(tmp_path: Path) -> None:
    assert read(tmp_path, daos=DAO).daos["uni"].governor == "0x408ed6354d4973f66138c91495f2f2fcbd8724c3"


def test_dotenv_is_read_and_the_process_beats_it(tmp_path: Path) -> None:
    read(tmp_path)
    dotenv = tmp_path / ".env"
    dotenv.write_text("WEB_PORT=1234\nLOG_LEVEL=debug\n")
    settings = load(environ={"WEB_PORT": "99"}, dotenv=dotenv, config_dir=tmp_path)
    assert (settings.runtime.web_port, settings.runtime.log_level) == (99, "debug")


WRONG = [
    ({"chains": CHAINS + "speed = 3\n"}, "chains.toml: ethereum.speed: unknown key; known keys"),
    ({"chains": CHAINS.replace("id = 1\n", "")}, "ethereum.id: Field required"),
    ({"chains": CHAINS.replace('"env:ETH_RPC", "https://public.example/rpc"', '"env:ETH_RPC"')}, "ETH_RPC is not set"),
    ({"chains": CHAINS.replace("https://public", "ftp://public")}, "is not an http"),
    ({"chains": "id = 1"}, "id: stands outside a table"),
    ({"chains": "[a\n"}, "is not TOML"),
    ({"daos": DAO.replace("ethereum", "mars")}, "uni.chain: unknown chain 'mars'; one of: ethereum"),
    ({"daos": DAO.replace("oz_governor", "senate")}, "uni.protocol: unknown protocol 'senate'; one of: oz_governor"),
    ({"daos": DAO.replace("0x408ED6354d", "0x408eD6354d")}, "wrong checksum; if the address is right, write 0x408ED"),
    ({"daos": DAO.replace("0x408ED6354d4973f66138C91495F2f2FCbd8724C3", "uniswap.eth")}, "not an address"),
    ({"daos": DAO + DAO.replace("[uni]", "[two]")}, "is given twice"),
    ({"watches": '[[watch]]\nkind="vote"\nname="w"\ndao="nobody"'}, "watch w.dao: unknown DAO 'nobody'"),
    ({"watches": '[[watch]]\nkind="liquidity"\nname="w"\nprotocol="curve"'}, "unknown protocol 'curve'"),
    ({"watches": '[[watch]]\nkind="liquidity"\nname="w"\nchain="mars"'}, "unknown chain 'mars'"),
    ({"watches": '[[watch]]\nkind="rumour"\nname="w"'}, "watch.0.kind: names no kind of watch; one of: vote"),
    ({"watches": '[[watch]]\nkind="vote"\nname="w"\n[[watch]]\nkind="batch"\nname="w"'}, "watch name w is given twice"),
    ({"watches": '[[watch]]\nkind="vote"\nname="w"\nmin_share_of_quorum = 5'}, "min_share_of_quorum"),
    ({"tokens": '[[token]]\nchain="mars"\naddress="0x' + "11" * 20 + '"\nsymbol="X"\ndecimals=1'}, "token[0].chain"),
    ({"labels": 2 * ('[[label]]\naddress="0x' + "11" * 20 + '"\nname="X"\nsource="s"\n')}, "label of every chain 0x11"),
    ({"labels": '[[label]]\naddress="0x' + "11" * 20 + '"\nname="X"\nsource="s"\nchain="mars"'}, "label[0].chain"),
]


@pytest.mark.parametrize(("files", "told"), WRONG)
def test_a_wrong_setting_is_one_line_with_file_key_and_remedy(files: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        written(tmp_path, files)
    line = str(caught.value)
    assert told in line
    assert "\n" not in line
    assert line.count("; ") >= 1


def test_a_wrong_variable_names_itself_but_not_its_value(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="environment: WEB_PORT:") as caught:
        read(tmp_path, {"WEB_PORT": "canary"})
    assert "canary" not in str(caught.value)


def test_a_missing_file_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"chains\.toml: \*: is missing; restore it, or set CONFIG_DIR"):
        load(environ={}, dotenv=None, config_dir=tmp_path)


def test_shares_are_exact_decimals(tmp_path: Path) -> None:
    watch = read(tmp_path, watches='[[watch]]\nkind="vote"\nname="w"\nmin_share_of_quorum = 0.1').watches[0]
    assert watch.min_share_of_quorum == Decimal("0.1")  # type: ignore[union-attr] # it is a vote watch
