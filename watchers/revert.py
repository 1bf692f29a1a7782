"""Revert data as people read it: `Error("text")`, `Panic(0x11)`, `Name(arg,arg)`, wrappers opened in place.

`empty_revert` stands for no data and `out_of_gas` for what a call tree calls so; an unknown error is its selector,
`0x12345678`, and what cannot be an error `unknown_data(N bytes)`. Data that was cut (an EntryPoint
keeps 2048 bytes) is told as far as it goes, with an ellipsis.

Source: ERC-4337 `UserOperationRevertReason`; Solidity documentation, "Panic via assert and Error via require".
"""

import json
import re
from typing import Any

from watchers.abi import decode_words
from watchers.chain.trace import Frame, is_out_of_gas
from watchers.errors import DecodeError
from watchers.signatures import KNOWN, Names

EMPTY = "empty_revert"
OUT_OF_GAS = "out_of_gas"

MAX_DATA = 8192  # bytes looked at; four times what an EntryPoint keeps
MAX_NESTING = 6
MAX_TEXT = 512  # characters of one string argument
_WORD = 32
_SELECTOR = 4
_CUT = "…"
_WORD_OR_BYTES = re.compile(r"address|bool|u?int\d*|bytes\d*|string")


def describe(data: bytes, names: Names = KNOWN, nesting: int = 0) -> str:
    """Write revert data in the notation above. Never raises."""
    if not data:
        return EMPTY
    head = data[:_SELECTOR]
    if len(data) < _SELECTOR or not any(head):
        return f"unknown_data({len(data)} bytes)"
    known = names.errors.get("0x" + head.hex())
    if known is None:
        return f"0x{head.hex()}"
    name, types = known
    body = data[_SELECTOR : _SELECTOR + MAX_DATA]
    if name == "Panic" and len(body) >= _WORD:
        return f"Panic({hex(int.from_bytes(body[:_WORD], 'big'))})"
    if not all(_WORD_OR_BYTES.fullmatch(kind) for kind in types):
        return f"{name}({_composed(types, body)})"
    return f"{name}({','.join(_arguments(types, body, names, nesting))})"


def _composed(types: tuple[str, ...], body: bytes) -> str:
    """Write arguments with arrays or tuples among them, all or nothing."""
    try:
        return ",".join(map(_value, decode_words(types, body)))[:MAX_TEXT]
    except DecodeError:
        return _CUT


def describe_hex(data: str, names: Names = KNOWN) -> str:
    """Write revert data given as hex with 0x."""
    try:
        return describe(bytes.fromhex(data[2:]), names)
    except ValueError:
        return "unknown_data"


def _arguments(types: tuple[str, ...], body: bytes, names: Names, nesting: int) -> list[str]:
    """Read the arguments one by one, so that one that was cut does not take the others with it."""
    given = []
    for at, kind in enumerate(types):
        word = body[at * _WORD : (at + 1) * _WORD]
        if len(word) < _WORD:
            given.append(_CUT)
        elif kind in ("bytes", "string"):
            given.append(_dynamic(kind, body, int.from_bytes(word, "big"), names, nesting))
        else:
            given.append(_static(kind, word))
    return given


def _static(kind: str, word: bytes) -> str:
    try:
        value: Any = decode_words((kind,), word)[0]
    except DecodeError:
        return "0x" + word.hex()  # dirty padding: shown as it is
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_value, value))}]"
    return str(value)


def _dynamic(kind: str, body: bytes, offset: int, names: Names, nesting: int) -> str:
    length_word = body[offset : offset + _WORD] if offset <= len(body) else b""
    if len(length_word) < _WORD:
        return _CUT
    length = int.from_bytes(length_word, "big")
    start = offset + _WORD
    found = body[start : start + min(length, MAX_DATA)]
    cut = len(found) < length
    if kind == "string":
        text = found.decode("utf-8", "replace")
        return json.dumps(text[:MAX_TEXT] + (_CUT if cut or len(text) > MAX_TEXT else ""), ensure_ascii=False)
    if nesting >= MAX_NESTING or (cut and not found):
        return f"unknown_data({length} bytes)" if nesting >= MAX_NESTING else _CUT
    return describe(found, names, nesting + 1)


_WRAPPERS = (
    re.compile(r"(?:PostOpReverted|CallFailed)\((?P<inner>.*)\)", re.DOTALL),
    re.compile(r"(?:ExecuteError|ExecutionFailed)\(\d+,(?P<inner>.*)\)", re.DOTALL),
    re.compile(r'FailedOpWithRevert\(\d+,"(?:[^"\\]|\\.)*",(?P<inner>.*)\)', re.DOTALL),
)


def cause(text: str) -> str:
    """Give the innermost error of a described one: `ExecuteError(1,Panic(0x11))` -> `Panic(0x11)`."""
    for _ in range(MAX_NESTING + 1):
        match = next((m for m in (w.fullmatch(text) for w in _WRAPPERS) if m), None)
        if match is None:
            break
        text = match["inner"]
    return text


def failing_index(text: str) -> int | None:
    """Give the call that an account's own `ExecuteError` blames, None when it blames none."""
    match = re.match(r"ExecuteError\((\d{1,9}),", text)
    return int(match[1]) if match else None


def reason_of(frame: Frame, names: Names = KNOWN) -> str:
    """Say why a frame failed: its data; out of gas, which only the deepest frame shows; else the tracer's own word.
    "" when the frame did not fail or the tracer keeps the data back.
    """
    if not frame.error:
        return ""
    if frame.output is not None and len(frame.output) > len("0x"):
        return describe_hex(frame.output, names)
    if _ran_out_of_gas(frame):
        return OUT_OF_GAS
    if "revert" in frame.error.lower():
        return "" if frame.output is None else EMPTY
    return frame.error[:80]


def _ran_out_of_gas(frame: Frame) -> bool:
    """Follow the last thing that each frame did, as long as that failed without data of its own."""
    while True:
        if is_out_of_gas(frame):
            return True
        if not frame.calls or not frame.calls[-1].error or len(frame.calls[-1].output or "0x") > len("0x"):
            return False
        frame = frame.calls[-1]
