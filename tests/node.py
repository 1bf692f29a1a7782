"""A node for tests: an in-memory chain with true hashes, blooms and receipt roots, served over real HTTP.

    clock = Clock()
    node = Node(chain_id=1, clock=clock)
    node.mine([log(TOPIC_A), log(TOPIC_B)])
    async with serve(node) as urls: ...

What a bad node does is said in two hooks. `node.lie(method, params, result) -> result` bends a result (give or raise
`Refusal` for an RPC error); `node.fault(calls) -> Response | None` answers the whole HTTP request in its place.
"""

import asyncio
import copy
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web
from eth_hash.auto import keccak

from config.settings import Chain
from watchers.chain.block import Log
from watchers.chain.proof import bloom_of, header_hash
from watchers.chain.trie import encode, list_root, quantity

START_S = 1_700_000_000
ZERO_HASH = "0x" + "00" * 32


def topic(number: int) -> str:
    """Give a topic; equal numbers give equal topics."""
    return "0x" + keccak(b"topic %d" % number).hex()


def address(number: int) -> str:
    """Give an address; equal numbers give equal addresses."""
    return "0x" + keccak(b"address %d" % number)[:20].hex()


class Sketch(NamedTuple):
    """A log to be mined; logs of one `tx` share a transaction."""

    topics: tuple[str, ...]
    address: str
    data: str
    tx: int | None


def log(*topics: str, emitter: str = address(0), data: str = "0x", tx: int | None = None) -> Sketch:
    """Sketch a log."""
    return Sketch(topics, emitter, data, tx)


class Refusal(Exception):  # noqa: N818 - the answer of a node, named as such
    """A JSON-RPC error to be answered."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Clock:
    """A clock that only sleeping moves; `on_sleep` sees the new time, say to mine what is due."""

    def __init__(self, now: float = START_S) -> None:
        self.now = float(now)
        self.slept: list[float] = []
        self.on_sleep: Callable[[float], None] = lambda _: None

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move the time and give others a turn."""
        self.slept.append(seconds)
        self.now += max(0.0, seconds)
        self.on_sleep(self.now)
        await asyncio.sleep(0)


class Mined(NamedTuple):
    """A block with its logs and receipts, as the node gives them."""

    header: dict[str, Any]
    logs: list[dict[str, Any]]
    receipts: list[dict[str, Any]]


class Node:
    """One node. `blocks` is its canonical chain from block 0; `orphans` are blocks that a reorg threw out."""

    def __init__(self, *, chain_id: int = 1, clock: Callable[[], float] | None = None, block_time_s: int = 12) -> None:
        self.chain_id, self.block_time_s = chain_id, block_time_s
        self.clock = clock or (lambda: START_S)
        self.blocks: list[Mined] = []
        self.orphans: list[Mined] = []
        self.finalized: int | None = None  # None: by depth 32
        self.calls: list[tuple[str, list[Any]]] = []
        self.requests = 0
        self.states: dict[str, Any] = {}  # answers of eth_call by `to` and data
        self.lie: Callable[[str, list[Any], Any], Any] = lambda _method, _params, result: result
        self.fault: Callable[[list[dict[str, Any]]], web.StreamResponse | None] = lambda _: None
        self._salt = itertools.count()
        self.mine()

    @property
    def head(self) -> int:
        """The head's number."""
        return len(self.blocks) - 1

    def mine(self, logs: Sequence[Sketch] = (), *, time_s: int | None = None) -> Mined:
        """Add a block on top."""
        block = self._build(logs, time_s)
        self.blocks.append(block)
        return block

    def mine_many(self, count: int, logs: Callable[[int], Sequence[Sketch]] = lambda _: ()) -> None:
        """Add `count` blocks; `logs` is asked with each number."""
        for _ in range(count):
            self.mine(logs(len(self.blocks)))

    def reorg(self, depth: int, blocks: Sequence[Sequence[Sketch]]) -> None:
        """Throw out the newest `depth` blocks and mine others, given by their logs."""
        self.orphans += self.blocks[-depth:]
        del self.blocks[-depth:]
        for logs in blocks:
            self.mine(logs)

    def copy(self) -> "Node":
        """Give another node of the same chain, honest until told otherwise. Blocks mined later are not shared."""
        twin = Node(chain_id=self.chain_id, clock=self.clock, block_time_s=self.block_time_s)
        twin.blocks, twin.orphans = list(self.blocks), list(self.orphans)
        twin.finalized, twin.states = self.finalized, self.states
        return twin

    def follow(self, other: "Node") -> None:
        """Take over another node's chain as it is now."""
        self.blocks, self.orphans, self.finalized = list(other.blocks), list(other.orphans), other.finalized

    def answer(self, method: str, params: list[Any]) -> Any:
        """Answer one call, lies included. Raises Refusal."""
        self.calls.append((method, params))
        handler = getattr(self, "_" + method, None)
        if handler is None:
            return self.lie(method, params, Refusal(-32601, f"the method {method} does not exist/is not available"))
        try:
            result = copy.deepcopy(handler(*params))
        except Refusal as refusal:
            result = refusal
        return self.lie(method, params, result)

    def _build(self, sketches: Sequence[Sketch], time_s: int | None) -> Mined:
        number = len(self.blocks)
        parent = self.blocks[-1].header if self.blocks else None
        previous = int(parent["timestamp"], 16) if parent else START_S - self.block_time_s
        salt = next(self._salt)
        txs = [sketch.tx if sketch.tx is not None else 1_000 + at for at, sketch in enumerate(sketches)]
        order = list(dict.fromkeys(txs))
        logs = [
            {
                "address": sketch.address,
                "topics": list(sketch.topics),
                "data": sketch.data,
                "blockNumber": hex(number),
                "transactionHash": "0x" + keccak(b"%d %d %d" % (number, salt, tx)).hex(),
                "transactionIndex": hex(order.index(tx)),
                "logIndex": hex(at),
                "removed": False,
            }
            for at, (sketch, tx) in enumerate(zip(sketches, txs, strict=True))
        ]
        receipts = [
            _receipt(at, [entry for entry in logs if entry["transactionIndex"] == hex(at)]) for at in range(len(order))
        ]
        header: dict[str, Any] = {
            "number": hex(number),
            "parentHash": parent["hash"] if parent else ZERO_HASH,
            "timestamp": hex(previous + self.block_time_s if time_s is None else time_s),
            "logsBloom": _bloom(logs),
            "receiptsRoot": "0x" + list_root([_receipt_bytes(receipt) for receipt in receipts]).hex(),
            "extraData": f"0x{salt:08x}",
            **_FIXED,
        }
        header["hash"] = header_hash(header)
        for entry in logs:
            entry["blockHash"] = header["hash"]
        return Mined({**header, "transactions": []}, logs, receipts)

    # the calls, named as the methods are

    def _eth_chainId(self) -> str:  # noqa: N802 - the method's name
        return hex(self.chain_id)

    def _eth_blockNumber(self) -> str:  # noqa: N802 - the method's name
        return hex(self.head)

    def _eth_getBlockByNumber(self, number: str, _full: bool) -> dict[str, Any] | None:  # noqa: N802, FBT001 - as the method has it
        at = self._number(number)
        return self.blocks[at].header if at is not None and at <= self.head else None

    def _eth_getBlockReceipts(self, block: str) -> list[dict[str, Any]] | None:  # noqa: N802 - the method's name
        mined = self._by_hash(block) if len(block) == len(ZERO_HASH) else None
        at = self._number(block) if mined is None and len(block) < len(ZERO_HASH) else None
        if at is not None and at <= self.head:
            mined = self.blocks[at]
        return mined.receipts if mined else None

    def _eth_getLogs(self, query: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: N802 - the method's name
        if "blockHash" in query:
            mined = self._by_hash(query["blockHash"])
            if mined is None:
                raise Refusal(-32000, "unknown block")
            chosen = [mined]
        else:
            low, high = self._number(query["fromBlock"]), self._number(query["toBlock"])
            chosen = self.blocks[low : (high or 0) + 1] if low is not None else []
        wanted = query.get("topics") or []
        emitters = query.get("address")
        emitters = [emitters] if isinstance(emitters, str) else emitters
        return [
            entry
            for mined in chosen
            for entry in mined.logs
            if len(entry["topics"]) >= len(wanted)
            and all(not place or given in place for place, given in zip(wanted, entry["topics"], strict=False))
            and (not emitters or entry["address"] in emitters)
        ]

    def _eth_call(self, call: dict[str, str], _block: str) -> str:
        found = self.states.get(call["to"] + call["data"], "0x")
        if isinstance(found, Refusal):
            raise found
        return str(found)

    def _number(self, text: str) -> int | None:
        if text in ("finalized", "safe"):
            return max(0, self.head - 32) if self.finalized is None else self.finalized
        return self.head if text == "latest" else int(text, 16)

    def _by_hash(self, block_hash: str) -> Mined | None:
        return next((b for b in (*self.blocks, *self.orphans) if b.header["hash"] == block_hash), None)


_FIXED = {
    "sha3Uncles": ZERO_HASH,
    "miner": "0x" + "00" * 20,
    "stateRoot": ZERO_HASH,
    "transactionsRoot": ZERO_HASH,
    "difficulty": "0x0",
    "gasLimit": "0x1c9c380",
    "gasUsed": "0x0",
    "mixHash": ZERO_HASH,
    "nonce": "0x0000000000000000",
}


def _bloom(logs: Sequence[dict[str, Any]]) -> str:
    parsed = [Log(e["address"], tuple(e["topics"]), e["data"], "", "", "", "", "") for e in logs]
    return "0x" + bloom_of(parsed).to_bytes(256, "big").hex()


def _receipt(at: int, logs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "0x2",
        "status": "0x1",
        "cumulativeGasUsed": hex(21_000 * (at + 1)),
        "logsBloom": _bloom(logs),
        "logs": logs,
        "transactionIndex": hex(at),
    }


def _receipt_bytes(receipt: dict[str, Any]) -> bytes:
    def raw(text: str) -> bytes:
        return bytes.fromhex(text[2:])

    logs = [[raw(e["address"]), [raw(t) for t in e["topics"]], raw(e["data"])] for e in receipt["logs"]]
    return b"\x02" + encode([b"\x01", quantity(int(receipt["cumulativeGasUsed"], 16)), raw(receipt["logsBloom"]), logs])


def _respond(node: Node, call: dict[str, Any]) -> dict[str, Any]:
    try:
        result = node.answer(call["method"], call["params"])
        if isinstance(result, Refusal):
            raise result
    except Refusal as refusal:
        error = {"code": refusal.code, "message": refusal.message}
        if refusal.data is not None:
            error["data"] = refusal.data
        return {"jsonrpc": "2.0", "id": call["id"], "error": error}
    return {"jsonrpc": "2.0", "id": call["id"], "result": result}


@asynccontextmanager
async def serve(*nodes: Node, key: str = "v2/0123456789abcdef-canary-key") -> AsyncIterator[list[str]]:
    """Serve nodes on a free port of loopback; give one URL for each, a key in its path as providers have it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        node = nodes[int(request.match_info["at"])]
        node.requests += 1
        body = json.loads(await request.text())
        calls = body if isinstance(body, list) else [body]
        answer = node.fault(calls)
        if answer is not None:
            return answer
        answers = [_respond(node, call) for call in calls]
        return web.json_response(answers if isinstance(body, list) else answers[0])

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/{at}/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield [f"http://127.0.0.1:{port}/{at}/{key}" for at in range(len(nodes))]
    finally:
        await runner.cleanup()


def chain_of(urls: Sequence[str], **changes: Any) -> Chain:
    """Give the settings of a test chain at these endpoints: 12 s blocks, 32 confirmations by depth, bloom proof."""
    given = {
        "key": "testnet",
        "id": 1,
        "name": "Testnet",
        "native": "ETH",
        "endpoints": tuple(urls),
        "block_time_s": 12,
        "confirmations": 32,
        "finality": "depth",
        "requests_per_s": 1000,
    }
    return Chain.model_validate({**given, **changes})
