"""What a node would say of the recorded chain as far as it has come: JSON-RPC methods over a `Recording`, no network.

Source: ethereum/execution-apis; orphaned blocks and transactions are forgotten, as anvil does it.
Errors: Refusal carries the JSON-RPC code; -32000 "not recorded" is also counted in `unanswered`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from sandbox.chain.recording import Recording

SAFE_DEPTH = 3
FINAL_DEPTH = 5
INVALID_PARAMS = -32602
NO_METHOD = -32601
SERVER_ERROR = -32000
CODE_STRUCK_OUT = "0xfe"
EMPTY_BLOOM = "0x" + "00" * 256


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer that is an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            self.body["data"] = data


class Node:
    """The chain up to a step. `canonical[height]` is the index of the block there."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.step = -1
        self.canonical: list[int] = []
        self.unanswered: Counter[tuple[str, str]] = Counter()
        self.read_head = False
        self._heights: dict[str, int] = {}
        self._txs: dict[str, tuple[int, int]] = {}
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda: hex(recording.chain_id),
            "net_version": lambda: str(recording.chain_id),
            "web3_clientVersion": lambda: f"sandbox/{recording.client}",
            "eth_syncing": lambda: False,
            "eth_blockNumber": lambda: hex(self.height),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockReceipts": self._block_receipts,
            "eth_getLogs": self._logs,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "debug_traceTransaction": self._trace,
            "eth_call": self._call,
            "eth_getCode": self._code,
            "eth_simulateV1": self._simulate,
        }
        self.advance()

    @property
    def height(self) -> int:
        """The head's number."""
        return len(self.canonical) - 1

    @property
    def ended(self) -> bool:
        """Tell whether every recorded step has been shown."""
        return self.step + 1 >= len(self.recording.steps)

    def advance(self) -> bool:
        """Show the next step; False when there is none."""
        if self.ended:
            return False
        self.step += 1
        step = self.recording.steps[self.step]
        for _ in range(step["drop"]):
            gone = self.recording.blocks[self.canonical.pop()]
            del self._heights[gone["hash"]]
            for tx in gone["transactions"]:
                self._txs.pop(tx["hash"], None)
        for index in step["blocks"]:
            self._join(index)
        return True

    def idle(self, time_s: int) -> None:
        """Add an empty block after the recorded ones, so that the chain does not stall."""
        last = self.recording.blocks[self.canonical[-1]]
        number = self.height + 1
        name = "0x" + hashlib.sha256(f"{last['hash']} {number}".encode()).hexdigest()
        fresh = {"number": hex(number), "hash": name, "parentHash": last["hash"], "timestamp": hex(time_s)}
        empty = {"logsBloom": EMPTY_BLOOM, "gasUsed": "0x0", "transactions": [], "receiptsRoot": self._empty_root()}
        self.recording.blocks.append({**last, **fresh, **empty})
        self.recording.receipts.append([])
        self._join(len(self.recording.blocks) - 1)

    def answer(self, method: str, params: list[Any]) -> Any:
        """Answer one call. Raises Refusal."""
        known = self._methods.get(method)
        if known is None:
            raise Refusal(NO_METHOD, f"the method {method} does not exist/is not available")
        try:
            return known(*params)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            raise Refusal(INVALID_PARAMS, f"invalid params for {method}") from None

    def _join(self, index: int) -> None:
        block = self.recording.blocks[index]
        self.canonical.append(index)
        self._heights[block["hash"]] = self.height
        for at, tx in enumerate(block["transactions"]):
            self._txs[tx["hash"]] = (index, at)
        self.read_head = False

    def _empty_root(self) -> str:
        empty = next(block for block in self.recording.blocks if not block["transactions"])
        return str(empty["receiptsRoot"])

    def _height_of(self, tag: Any) -> int:
        """Give the height that a tag, number or EIP-1898 object means; it may lie above the head."""
        if isinstance(tag, dict):
            if "blockHash" in tag:
                return self._height_of_hash(tag["blockHash"])
            tag = tag["blockNumber"]
        depths = {"latest": 0, "pending": 0, "safe": SAFE_DEPTH, "finalized": FINAL_DEPTH, "earliest": self.height}
        if tag in depths:
            return max(0, self.height - depths[tag])
        return int(tag, 16)

    def _height_of_hash(self, name: str) -> int:
        height = self._heights.get(name.lower())
        if height is None:
            raise Refusal(SERVER_ERROR, "unknown block")
        return height

    def _shown(self, height: int, *, full: bool) -> dict[str, Any]:
        block = self.recording.blocks[self.canonical[height]]
        return block if full else {**block, "transactions": [tx["hash"] for tx in block["transactions"]]}

    def _block_by_number(self, tag: Any, full: bool = False) -> Any:  # noqa: FBT001, FBT002 - the wire's order
        height = self._height_of(tag)
        return self._shown(height, full=full) if 0 <= height <= self.height else None

    def _block_by_hash(self, name: str, full: bool = False) -> Any:  # noqa: FBT001, FBT002 - the wire's order
        height = self._heights.get(name.lower())
        return None if height is None else self._shown(height, full=full)

    def _block_receipts(self, tag: Any) -> Any:
        is_hash = isinstance(tag, str) and len(tag) == 66  # noqa: PLR2004 - 0x and 32 bytes
        height = self._heights.get(tag.lower()) if is_hash else self._height_of(tag)
        if height is None or not 0 <= height <= self.height:
            return None
        self._note(height)
        return self.recording.receipts[self.canonical[height]]

    def _logs(self, wanted: dict[str, Any]) -> Any:
        if "blockHash" in wanted:
            if "fromBlock" in wanted or "toBlock" in wanted:
                raise Refusal(INVALID_PARAMS, "cannot specify both blockHash and fromBlock/toBlock")
            first = last = self._height_of_hash(wanted["blockHash"])
        else:
            first = self._height_of(wanted.get("fromBlock", "latest"))
            last = min(self._height_of(wanted.get("toBlock", "latest")), self.height)
            if first > self._height_of(wanted.get("toBlock", "latest")):
                raise Refusal(INVALID_PARAMS, "invalid block range params")
        addresses, topics = _one_of(wanted.get("address")), [_one_of(topic) for topic in wanted.get("topics") or []]
        self._note(last)
        return [
            log
            for height in range(first, last + 1)
            for receipt in self.recording.receipts[self.canonical[height]]
            for log in receipt["logs"]
            if _fits(log, addresses, topics)
        ]

    def _note(self, height: int) -> None:
        """Remember that somebody read the head's logs."""
        self.read_head = self.read_head or height >= self.height

    def _transaction(self, name: str) -> Any:
        found = self._txs.get(name.lower())
        return None if found is None else self.recording.blocks[found[0]]["transactions"][found[1]]

    def _receipt(self, name: str) -> Any:
        found = self._txs.get(name.lower())
        return None if found is None else self.recording.receipts[found[0]][found[1]]

    def _trace(self, name: str, options: dict[str, Any] | None = None) -> Any:
        if (options or {}).get("tracer") != "callTracer":
            raise Refusal(INVALID_PARAMS, "the sandbox has callTracer only")
        if name.lower() not in self._txs:
            raise Refusal(SERVER_ERROR, "transaction not found")
        frame = self.recording.traces.get(name.lower())
        if frame is None:
            self.unanswered["debug_traceTransaction", name.lower()] += 1
            raise Refusal(SERVER_ERROR, "not recorded")
        config = (options or {}).get("tracerConfig") or {}
        return frame if config.get("withLog") else _without_logs(frame, top=bool(config.get("onlyTopCall")))

    def _call(self, call: dict[str, Any], tag: Any = "latest", *_: Any) -> Any:
        height = self._height_of(tag)
        if not 0 <= height <= self.height:
            raise Refusal(SERVER_ERROR, "block not found")
        to, data = call["to"].lower(), (call.get("data") or call.get("input") or "0x").lower()
        if not self.recording.is_contract(to):
            return "0x"
        answer = self.recording.answer(self.canonical[height], to, data)
        if answer is None:
            self.unanswered[to, data] += 1
            raise Refusal(SERVER_ERROR, "not recorded")
        if isinstance(answer, dict):
            error = answer["error"]
            raise Refusal(error["code"], error["message"], error.get("data"))
        return answer

    def _simulate(self, options: dict[str, Any], tag: Any = "latest") -> Any:
        """Answer for calls that were tried when recording; overrides of block and balance change nothing of them."""
        height = self._height_of(tag)
        if not 0 <= height <= self.height:
            raise Refusal(SERVER_ERROR, "block not found")
        (batch,) = options["blockStateCalls"]
        results = self.recording.simulated(self.canonical[height], batch["calls"])
        if results is None:
            self.unanswered["eth_simulateV1", batch["calls"][0]["to"]] += 1
            raise Refusal(SERVER_ERROR, "not recorded")
        return [{**self._shown(height, full=False), "number": hex(height + 1), "transactions": [], "calls": results}]

    def _code(self, address: str, _tag: Any = "latest") -> str:
        return CODE_STRUCK_OUT if self.recording.is_contract(address.lower()) else "0x"


def _one_of(wanted: Any) -> frozenset[str] | None:
    """Read a filter's place: nothing, one value or several."""
    if wanted is None or wanted == []:
        return None
    return frozenset(each.lower() for each in ([wanted] if isinstance(wanted, str) else wanted))


def _fits(log: dict[str, Any], addresses: frozenset[str] | None, topics: list[frozenset[str] | None]) -> bool:
    if addresses is not None and log["address"] not in addresses:
        return False
    if len(topics) > len(log["topics"]):
        return False
    return all(wanted is None or topic in wanted for wanted, topic in zip(topics, log["topics"], strict=False))


def _without_logs(frame: dict[str, Any], *, top: bool) -> dict[str, Any]:
    shown = {key: value for key, value in frame.items() if key not in ("logs", "calls")}
    if "calls" in frame and not top:
        shown["calls"] = [_without_logs(inner, top=False) for inner in frame["calls"]]
    return shown
