"""A real EVM for tests: anvil as a child process, blocks mined on demand, contracts by their ABI.

Blocks are mined only by `mine`, in the order of sending, `block_time_s` apart from the genesis time on, so a run
with the same sends has the same transactions. Amounts and gas prices are wei.
"""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import rlp
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
MNEMONIC = "test test test test test test test test test test test junk"
GENESIS_S = 1_750_000_000
TX_GAS = 3_000_000
MAX_FEE_WEI = 100_000_000_000
TIP_WEI = 1_000_000_000
READY_S = 20
CALL_S = 30
COMPILE_S = 110
OLDEST_NODE = 18
_LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")


class NodeError(Exception):
    """A node's refusal of one call."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.data = code, message, data


def missing() -> str:
    """Say in one line what the EVM tests lack here; empty when they can run."""
    if node_major() < OLDEST_NODE:
        return "Node >= 18 not found: EVM tests skipped"
    if not binary().is_file() or not (MODULES / "solc").is_dir():
        return "packages not found, EVM tests skipped: run npm ci in tests/evm"
    return ""


@cache
def node_major() -> int:
    """Give Node's major version, 0 when there is no Node on PATH or it says nothing that is one."""
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=CALL_S, check=False)  # noqa: S603 - Node is where the developer has it
    major = said.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


def binary() -> Path:
    """Find anvil in the platform package that npm chose."""
    found = sorted((MODULES / "@foundry-rs").glob("anvil-*/bin/anvil*"))
    return found[0] if found else MODULES / "@foundry-rs" / "anvil"


def accounts(count: int) -> list[LocalAccount]:
    """Derive the accounts of the public test mnemonic, which anvil funds with 10,000 ETH each."""
    Account.enable_unaudited_hdwallet_features()
    return [Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{at}") for at in range(count)]


class Anvil:
    """One node. Use `Anvil.start`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, time_s: int, block_time_s: int) -> None:
        self.url = url
        self.time_s = time_s
        self.block_time_s = block_time_s
        self._session = session
        self._ids = 0

    @classmethod
    @asynccontextmanager
    async def start(
        cls, *, chain_id: int = 31337, genesis_s: int = GENESIS_S, block_time_s: int = 2, senders: int = 20
    ) -> "AsyncIterator[Anvil]":
        """Run a node until the block ends. Raises TimeoutError when it does not answer."""
        options = ["--port", "0", "--no-mining", "--order", "fifo", "--accounts", str(senders)]
        options += ["--chain-id", str(chain_id), "--timestamp", str(genesis_s), "--gas-limit", "100000000"]
        process = await asyncio.create_subprocess_exec(
            str(binary()), *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert process.stdout is not None
        drain = None
        try:
            async with asyncio.timeout(READY_S):
                port = await _port(process.stdout)
            drain = asyncio.create_task(_drain(process.stdout))
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S)) as session:
                yield cls(session, f"http://127.0.0.1:{port}", genesis_s, block_time_s)
        finally:
            if process.returncode is None:
                process.kill()
            if drain is not None:
                await drain
            await process.wait()

    async def rpc(self, method: str, *params: Any) -> Any:
        """Make one call. Raises NodeError."""
        (answer,) = await self.batch([(method, list(params))])
        if isinstance(answer, NodeError):
            raise answer
        return answer

    async def batch(self, calls: Iterable[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Make calls in one request; a refused one is answered by its NodeError."""
        body = []
        for method, params in calls:
            self._ids += 1
            body.append({"jsonrpc": "2.0", "id": self._ids, "method": method, "params": params})
        if not body:
            return []
        async with self._session.post(self.url, json=body) as response:
            replies = {reply["id"]: reply for reply in await response.json()}
        return [_answer(replies[call["id"]]) for call in body]

    async def send(
        self, sender: str, to: str | None, data: str = "0x", *, value_wei: int = 0, gas: int = TX_GAS
    ) -> str:
        """Put a transaction into the pool and give its hash. All fields are explicit, so that the hash is stable."""
        fields = {
            "from": sender,
            "data": data,
            "value": hex(value_wei),
            "gas": hex(gas),
            "maxFeePerGas": hex(MAX_FEE_WEI),
            "maxPriorityFeePerGas": hex(TIP_WEI),
            "nonce": hex(await self.nonce(sender)),
        }
        tx: str = await self.rpc("eth_sendTransaction", fields | ({"to": to} if to else {}))
        return tx

    async def nonce(self, address: str) -> int:
        """Give the next nonce, counting what waits in the pool."""
        return int(await self.rpc("eth_getTransactionCount", address, "pending"), 16)

    async def deploy(
        self, artifact: str, *args: Any, sender: str, name: str | None = None, gas: int = 8_000_000
    ) -> "Contract":
        """Send a creation into the pool; the contract answers once the block is mined."""
        abi, bytecode = load(artifact)
        constructor: dict[str, Any] = next((item for item in abi if item["type"] == "constructor"), {"inputs": []})
        data = bytecode + encode(_types(constructor["inputs"]), args).hex()
        made = keccak(rlp.encode([to_canonical_address(sender), await self.nonce(sender)]))[12:]
        await self.send(sender, None, data, gas=gas)
        return Contract(self, "0x" + made.hex(), load(name)[0] if name else abi)

    async def mine(self, blocks: int = 1) -> None:
        """Mine what waits, and then empty blocks up to the count."""
        for _ in range(blocks):
            self.time_s += self.block_time_s
            await self.rpc("evm_setNextBlockTimestamp", self.time_s)
            await self.rpc("evm_mine")

    async def receipt(self, tx: str) -> dict[str, Any]:
        """Give a mined transaction's receipt. Raises LookupError when it is not mined."""
        found: dict[str, Any] | None = await self.rpc("eth_getTransactionReceipt", tx)
        if found is None:
            raise LookupError(f"{tx} is not mined")
        return found

    async def succeed(self, *txs: str) -> list[dict[str, Any]]:
        """Mine one block and give the receipts. Raises RuntimeError when a transaction failed."""
        await self.mine()
        receipts = [await self.receipt(tx) for tx in txs]
        failed = [r["transactionHash"] for r in receipts if r["status"] != "0x1"]
        if failed:
            raise RuntimeError(f"failed on chain: {', '.join(failed)}")
        return receipts

    async def height(self) -> int:
        """Give the head's number."""
        return int(await self.rpc("eth_blockNumber"), 16)

    async def raw(self, tx: str) -> str:
        """Give a transaction as it was signed, to send it again after a reorg."""
        found: str = await self.rpc("eth_getRawTransactionByHash", tx)
        return found

    async def fork_point(self) -> tuple[str, int]:
        """Remember the head; `return_to` goes back to it once."""
        return await self.rpc("evm_snapshot"), self.time_s

    async def return_to(self, point: tuple[str, int]) -> None:
        """Forget the blocks since; the next ones come a second earlier than theirs did, so every hash differs."""
        if not await self.rpc("evm_revert", point[0]):
            raise RuntimeError("the fork point is gone")
        self.time_s = point[1] - 1

    async def reorg(self, depth: int, raw_txs: Sequence[tuple[str, int]] = ()) -> None:
        """Replace the last blocks by as many others that hold only (raw transaction, offset of its block)."""
        await self.rpc("anvil_reorg", depth, [list(pair) for pair in raw_txs])
        head = await self.rpc("eth_getBlockByNumber", "latest", False)
        self.time_s = max(self.time_s, int(head["timestamp"], 16))


class Contract:
    """An address and its ABI. A function is named alone or, where names collide, by its signature."""

    def __init__(self, anvil: Anvil, address: str, abi: list[dict[str, Any]]) -> None:
        self.anvil = anvil
        self.address = address.lower()
        self._functions: dict[str, dict[str, Any]] = {}
        for item in abi:
            if item["type"] == "function":
                self._functions.setdefault(item["name"], item)
                self._functions[_signature(item)] = item

    def data(self, function: str, *args: Any) -> str:
        """Encode a call."""
        item = self._functions[function]
        return "0x" + (keccak(text=_signature(item))[:4] + encode(_types(item["inputs"]), args)).hex()

    async def call(self, function: str, *args: Any, block: str = "latest") -> Any:
        """Read; a single output comes bare, several as a tuple."""
        answer = await self.anvil.rpc("eth_call", {"to": self.address, "data": self.data(function, *args)}, block)
        outputs = decode(_types(self._functions[function]["outputs"]), bytes.fromhex(answer[2:]))
        return outputs[0] if len(outputs) == 1 else outputs

    async def send(self, function: str, *args: Any, sender: str, value_wei: int = 0, gas: int = TX_GAS) -> str:
        """Put a transaction to this contract into the pool and give its hash."""
        return await self.anvil.send(sender, self.address, self.data(function, *args), value_wei=value_wei, gas=gas)


ARTIFACTS = {
    "UniswapV2Factory": "@uniswap/v2-core/build/UniswapV2Factory.json",
    "UniswapV2Pair": "@uniswap/v2-core/build/UniswapV2Pair.json",
    "UniswapV3Factory": "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
    "UniswapV3Pool": "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json",
    "TimelockController": "@openzeppelin/contracts/build/contracts/TimelockController.json",
    "TimelockController4": "openzeppelin-v4/build/contracts/TimelockController.json",
    "ERC1967Proxy": "@openzeppelin/contracts/build/contracts/ERC1967Proxy.json",
    "Safe": "@safe-global/safe-smart-account/build/artifacts/contracts/Safe.sol/Safe.json",
    "MultiSend": "@safe-global/safe-smart-account/build/artifacts/contracts/libraries/MultiSend.sol/MultiSend.json",
    "SafeProxyFactory": "@safe-global/safe-smart-account/build/artifacts/contracts/proxies/"
    "SafeProxyFactory.sol/SafeProxyFactory.json",
    **{
        f"{name}{version}": f"account-abstraction-v{version}/artifacts/{name}.json"
        for name in ("EntryPoint", "SimpleAccount")
        for version in (6, 7, 8)
    },
}


def load(artifact: str) -> tuple[list[dict[str, Any]], str]:
    """Read ABI and creation code, of a package or of a contract of ours."""
    file = MODULES / ARTIFACTS[artifact] if artifact in ARTIFACTS else HERE / "out" / f"{artifact}.json"
    content = json.loads(file.read_bytes())
    return content["abi"], "0x" + content["bytecode"].removeprefix("0x")


def compile_contracts() -> None:
    """Compile contracts/ when they changed; about half a minute of work then. Raises RuntimeError with solc's words."""
    done = subprocess.run(
        ["node", "compile.mjs"],  # noqa: S607 - Node is where the developer has it
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=COMPILE_S,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


async def _port(stdout: asyncio.StreamReader) -> int:
    said = ""
    while line := (await stdout.readline()).decode(errors="replace"):
        said += line
        if found := _LISTENING.search(line):
            return int(found[1])
    raise RuntimeError(f"anvil ended: {said[-500:]}")


async def _drain(stdout: asyncio.StreamReader) -> None:
    while await stdout.read(65_536):
        pass


def _answer(reply: dict[str, Any]) -> Any:
    error = reply.get("error")
    return NodeError(error["code"], error["message"], error.get("data")) if error else reply["result"]


def _types(items: list[dict[str, Any]]) -> list[str]:
    """Write ABI items as canonical types, tuples in parentheses."""
    return [
        f"({','.join(_types(item['components']))}){item['type'][5:]}"
        if item["type"].startswith("tuple")
        else item["type"]
        for item in items
    ]


def _signature(item: dict[str, Any]) -> str:
    return f"{item['name']}({','.join(_types(item['inputs']))})"
