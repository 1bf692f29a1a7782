"""Recorded JSON as chain data: an `eth_getBlockReceipts` answer, one receipt, an array of logs, plain or gzip.

A file may carry `trace` (callTracer or parity), `tx` and `block` beside `receipt`; they answer the questions that a
live node would. Every other question is answered "not recorded", which the judges take as unknown.
Errors: InputError with file, place and remedy.
"""

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from watchers.chain.block import Header, Log
from watchers.errors import InputError
from watchers.facts import Answer, Ask, Call, Facts, RpcError

NOT_RECORDED = RpcError(-32000, "not recorded")
_TRACES = ("trace", "debug_traceTransaction_callTracer", "trace_transaction")
_MOST_BYTES = 1 << 30
_REMEDY = "give an eth_getBlockReceipts answer, a receipt, or an array of logs"


class Recorded:
    """The logs of some files in the order of the chain, and the answers that came with them."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self._answers: dict[tuple[str, str], Any] = {}
        self._times: dict[str, str] = {}

    def add(self, file: Path) -> None:
        """Read one more file. Raises InputError."""
        content = content_of(file, _REMEDY)
        self._take(str(file), "$", content)

    def blocks(self) -> Iterable[list[Log]]:
        """Give the logs block by block, in the chain's order."""
        by_block: dict[tuple[int, str], list[Log]] = {}
        for log in self.logs:
            by_block.setdefault((log.block, log.block_hash), []).append(log)
        for key in sorted(by_block):
            yield sorted(by_block[key], key=lambda log: log.index)

    def header(self, logs: list[Log]) -> Header:
        """Build what is known of a block's header from its logs; the time is 0 where nothing told it."""
        first = logs[0]
        time = self._times.get(first.block_hash) or first.block_timestamp or "0x0"
        stamp = hex(time) if isinstance(time, int) else time
        return Header(first.block_number, first.block_hash, "", stamp, "0x" + "0" * 512)

    def answer(self, call: Call) -> Answer:
        """Answer a call as a node that knows only these files."""
        key = (call.method, str(call.params[0]).lower() if call.params else "")
        return self._answers.get(key, NOT_RECORDED)

    def know(self, asks: Iterable[Ask[Any]], block: int, facts: Facts) -> None:
        """Answer questions into `facts`."""
        for ask in asks:
            facts.known[ask] = ask.read([self.answer(call) for call in ask.calls(block)])

    def _take(self, file: str, place: str, content: Any) -> None:
        if isinstance(content, dict) and "result" in content and ("jsonrpc" in content or len(content) <= 3):  # noqa: PLR2004 - id and error may be beside it
            self._take(file, f"{place}.result", content["result"])
        elif isinstance(content, dict) and "receipt" in content:
            self._beside(file, place, content)
            self._take(file, f"{place}.receipt", content["receipt"])
        elif isinstance(content, dict) and "receipts" in content:
            self._take(file, f"{place}.receipts", content["receipts"])
        elif isinstance(content, dict) and "logs" in content:
            self._take_logs(file, f"{place}.logs", content["logs"])
        elif isinstance(content, list) and all(isinstance(item, dict) for item in content):
            if any("topics" in item for item in content):
                self._take_logs(file, place, content)
            else:
                for at, item in enumerate(content):
                    if "logs" not in item:
                        raise InputError(file, f"{place}[{at}]", "neither a log nor a receipt", _REMEDY)
                    self._take_logs(file, f"{place}[{at}].logs", item["logs"])
        else:
            kind = "an error answer" if isinstance(content, dict) and "error" in content else type(content).__name__
            raise InputError(file, place, f"found {kind}", _REMEDY)

    def _take_logs(self, file: str, place: str, content: Any) -> None:
        try:
            logs = msgspec.convert(content, list[Log])
            for at, log in enumerate(logs):
                where = f"{place}[{at}]"
                _ = (log.block, log.index, log.tx_index, [bytes.fromhex(x[2:]) for x in (log.data, *log.topics)])
        except msgspec.ValidationError as error:
            what, _, at_place = str(error).partition(" - at `$")
            raise InputError(file, f"{place}{at_place.rstrip('`')}", what, "give logs as a node answers them") from None
        except ValueError:
            raise InputError(file, where, "holds text that is not hex", "give logs as a node answers them") from None
        self.logs += logs

    def _beside(self, file: str, place: str, content: dict[str, Any]) -> None:
        """Keep the trace, the transaction and the block's time that came with a receipt."""
        receipt = content["receipt"]
        tx = receipt.get("transactionHash") if isinstance(receipt, dict) else None
        if not isinstance(tx, str):
            raise InputError(file, f"{place}.receipt", "holds no transactionHash", _REMEDY)
        for key in _TRACES:
            if content.get(key) is not None:
                flat = isinstance(content[key], list)
                self._answers[("trace_transaction" if flat else "debug_traceTransaction", tx.lower())] = content[key]
        if isinstance(content.get("tx"), dict):
            self._answers["eth_getTransactionByHash", tx.lower()] = content["tx"]
        self._answers["eth_getTransactionReceipt", tx.lower()] = receipt
        block = content.get("block")
        if isinstance(block, dict) and isinstance(block.get("hash"), str) and isinstance(block.get("timestamp"), str):
            self._times[block["hash"]] = block["timestamp"]


def content_of(file: Path, remedy: str) -> Any:
    """Read a JSON file, plain or gzip. Raises InputError; `remedy` says what it should hold."""
    try:
        raw = file.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        if len(raw) > _MOST_BYTES:
            raise InputError(str(file), "", "is larger than 1 GiB", "split it")
        return msgspec.json.decode(raw)
    except OSError as error:
        raise InputError(str(file), "", error.strerror or "cannot be read", "check the path") from None
    except (EOFError, zlib.error):
        raise InputError(str(file), "", "is not whole gzip", "fetch it again") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(str(file), "", f"is not JSON: {error}", remedy) from None
