"""The recorded chain as a file: blocks, receipts, traces and answers of `eth_call`, and the steps in which they show.

Format: gzip of one JSON object. `steps[i]` is {drop, blocks}: `drop` blocks leave the chain, then `blocks` (indexes
into `blocks` and `receipts`) join it; step 0 is the history. `calls[address][calldata]` is a list of [block index,
answer], each valid until the next; an answer is hex or {"error": ...}. `times` names the words that hold a time, by
log topic and by selector. `simulations[name]` is a list of the same kind, of what `eth_simulateV1` says of calls of
that name. Made by `tests/evm/record.py`; creations are struck out (`redacted`).
Errors: RecordingError for a file that is not such a recording.
"""

import gzip
import hashlib
import json
import zlib
from bisect import bisect_right
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("recording.json.gz")
VERSION = 1
WORD = 64
PARTS = {"chain_id": int, "steps": list, "blocks": list, "receipts": list, "traces": dict, "calls": dict, "times": dict}


class RecordingError(Exception):
    """A file is not a recording; the text says which and what to do."""


class Recording:
    """A loaded recording. `shift` moves it in time; hashes stay as recorded and are names only from then on."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.chain_id: int = content["chain_id"]
        self.client: str = content.get("client", "")
        self.block_time_s: int = content.get("block_time_s", 2)
        self.steps: list[dict[str, Any]] = content["steps"]
        self.blocks: list[dict[str, Any]] = content["blocks"]
        self.receipts: list[list[dict[str, Any]]] = content["receipts"]
        self.traces: dict[str, Any] = content["traces"]
        self.contracts: dict[str, str] = content.get("contracts", {})
        self.who: dict[str, str] = content.get("who", {})
        self._calls: dict[str, dict[str, list[list[Any]]]] = content["calls"]
        self._times: dict[str, dict[str, list[int]]] = content["times"]
        self._simulations: dict[str, list[list[Any]]] = content.get("simulations", {})
        self._code = frozenset(self._calls)

    @property
    def first_live_s(self) -> int:
        """The time of the first block after the history."""
        return int(self.blocks[self.steps[1]["blocks"][0]]["timestamp"], 16)

    def is_contract(self, address: str) -> bool:
        """Tell whether there is code at an address (lower case)."""
        return address in self._code

    def answer(self, block: int, to: str, data: str) -> Any:
        """Give what `eth_call` answered at a block (its index); None when it was not asked then."""
        told = self._calls.get(to, {}).get(data)
        if not told:
            return None
        at = bisect_right(told, block, key=lambda entry: entry[0]) - 1
        return told[at][1] if at >= 0 else None

    def simulated(self, block: int, calls: list[dict[str, Any]]) -> Any:
        """Give what became of calls when they were tried after a block (its index); None when they were not."""
        told = self._simulations.get(simulation_name(calls), [])
        at = bisect_right(told, block, key=lambda entry: entry[0]) - 1
        return told[at][1] if at >= 0 else None

    def shift(self, seconds: int) -> None:
        """Move every time by as much: of blocks, transactions, logs, and those that logs and answers hold as words."""
        for block in self.blocks:
            _move(block, "timestamp", seconds)
            for tx in block["transactions"]:
                _move(tx, "blockTimestamp", seconds)
        for receipt in (receipt for group in self.receipts for receipt in group):
            _move(receipt, "blockTimestamp", seconds)
            for log in receipt["logs"]:
                _move(log, "blockTimestamp", seconds)
                words = self._times.get("logs", {}).get(log["topics"][0]) if log["topics"] else None
                log["data"] = _moved_words(log["data"], words or [], seconds)
        for selector, words in self._times.get("calls", {}).items():
            for answers in self._calls.values():
                for told in (told for data, told in answers.items() if data.startswith(selector)):
                    for entry in told:
                        entry[1] = _moved_words(entry[1], words, seconds)


def simulation_name(calls: list[dict[str, Any]]) -> str:
    """Name calls by who makes them, whom they call, and with what."""
    rows = [[call["from"].lower(), call["to"].lower(), int(call["value"], 16), call["data"].lower()] for call in calls]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def load(file: Path = FILE) -> Recording:
    """Read a recording. Raises RecordingError."""
    try:
        content = json.loads(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise RecordingError(f"{file}: cannot be read ({error}); restore it or record it again") from None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise RecordingError(f"{file}: not a recording of version {VERSION}; record it again")
    for name, kind in PARTS.items():
        if not isinstance(content.get(name), kind):
            raise RecordingError(f"{file}: {name} is missing or not a {kind.__name__}; record it again")
    if len(content["blocks"]) != len(content["receipts"]) or len(content["steps"]) < 2:  # noqa: PLR2004 - history and one more
        raise RecordingError(f"{file}: blocks, receipts and steps do not match; record it again")
    return Recording(content)


def _move(holder: dict[str, Any], field: str, seconds: int) -> None:
    """Move a time that is hex or, in receipts of anvil, a plain number."""
    value = holder.get(field)
    if isinstance(value, str):
        holder[field] = hex(int(value, 16) + seconds)
    elif isinstance(value, int):
        holder[field] = value + seconds


def _moved_words(data: Any, words: list[int], seconds: int) -> Any:
    """Move the times among the 32-byte words of an answer; zero means "never" and stays, a refusal stays."""
    if not isinstance(data, str):
        return data
    for word in words:
        start = 2 + word * WORD
        text = data[start : start + WORD]
        if len(text) == WORD and int(text, 16):
            data = f"{data[:start]}{(int(text, 16) + seconds) % 2**32:064x}{data[start + WORD :]}"
    return data
