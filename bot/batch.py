"""`python -m bot batch`: what became of every call of a transaction, as data or as text.

    {"chain", "tx", "tx_status": 0|1|null,
     "containers": [{"kind", "id", "sender", "paymaster", "success": true|false|null,
                     "outcome": "success"|"reverted"|"partial"|"postop_reverted"|"unknown", "reason",
                     "calls": [{"index", "target", "function", "args", "value_wei",
                                "outcome": "success"|"failed"|"rolled_back"|"not_executed"|"unknown",
                                "reason", "gas_used", "depth"}]}],
     "delegations": [{"authority", "delegate", "applied": true|false|null, "reason"}]}

What is not known is null. Integers of the chain are decimal text, since JSON numbers would round them; `args` are
those that the function's name promises, null when it is not known. Addresses are checksummed.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from eth_abi.grammar import ABIType, TupleType, parse
from eth_utils.address import to_checksum_address

from bot.cards.escape import clean, cut
from bot.source import from_chains, from_file
from config.settings import Settings
from watchers.batches.analysis import Analysis, analyse
from watchers.batches.container import Container
from watchers.batches.delegation import Delegation
from watchers.batches.events import Call
from watchers.batches.local_abi import signatures_in
from watchers.errors import DecodeError, InputError
from watchers.recorded import content_of
from watchers.signatures import KNOWN, Names, types_of
from watchers.transaction import Given

HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_HEX = re.compile(r"0x[0-9a-fA-F]*")
ABI_REMEDY = "give a JSON ABI, or an object of ABIs by name"
_ADDRESS_LEN = 42
_LINE = 160  # characters of arguments and of a reason in a line of text
_SIGN = {
    "success": "ok",
    "failed": "FAILED",
    "rolled_back": "undone",
    "not_executed": "not reached",
    "unknown": "unknown",
}


def names_of(files: Iterable[Path]) -> Names:
    """Read local ABIs into names. Raises InputError."""
    names = KNOWN
    for file in files:
        try:
            names = names.with_more(*signatures_in(content_of(file, ABI_REMEDY)))
        except DecodeError as error:
            place, _, problem = str(error).partition(": ")
            raise InputError(str(file), place, problem, ABI_REMEDY) from None
    return names


def told(given: Given, names: Names, origin: str) -> Analysis:
    """Analyse what was read. Raises InputError."""
    try:
        return analyse(given.sent, given.tree, names, given.codes)
    except DecodeError as error:
        place, _, problem = str(error).partition(": ")
        raise InputError(origin, place, problem, "give the transaction as a node answers it") from None


async def batch(
    settings: Settings | None, origins: Sequence[str], names: Names, out: TextIO, *, trace: bool, as_json: bool
) -> None:
    """Print each file or hash; `settings` are needed for hashes alone. Raises InputError, ChainError."""
    for origin in origins:
        if settings is not None and HASH.fullmatch(origin):
            given = await from_chains(settings, origin.lower(), trace=trace)
        else:
            given = _recorded(origin, trace=trace)
        analysis = told(given, names, origin)
        out.write(_json(fields(analysis, names)) if as_json else text(analysis, names))


def _recorded(origin: str, *, trace: bool) -> Given:
    file = Path(origin)
    if _HEX.fullmatch(origin) and not file.exists():
        raise InputError(origin, "", "is neither a file nor a transaction hash", "a hash is 0x and 64 hex digits")
    return from_file(file, trace=trace)


# --- as data ------------------------------------------------------------------------------------------------------


def fields(analysis: Analysis, names: Names) -> dict[str, Any]:
    """Give an analysis as the object above."""
    sent = analysis.sent
    return {
        "chain": sent.chain_id,
        "tx": sent.hash,
        "tx_status": sent.status,
        "containers": [_container(container, names) for container in analysis.containers],
        "delegations": [_delegation(delegation) for delegation in analysis.delegations],
    }


def _container(container: Container, names: Names) -> dict[str, Any]:
    # Whose prefund was too low is undone like any other, and its reason says so.
    short = container.outcome == "prefund_too_low"
    return {
        "kind": container.kind,
        "id": container.id or None,
        "sender": _address(container.sender),
        "paymaster": _address(container.paymaster),
        "success": container.success,
        "outcome": "reverted" if short else container.outcome,
        "reason": container.reason or ("prefund_too_low" if short else None),
        "calls": [_call(call, names) for call in container.calls],
    }


def _call(call: Call, names: Names) -> dict[str, Any]:
    return {
        "index": call.index,
        "target": _address(call.target),
        "function": call.function or None,
        "args": _arguments(call, names),
        "value_wei": str(call.value_wei),
        "outcome": call.outcome,
        "reason": call.reason or None,
        "gas_used": call.gas_used,
        "depth": call.depth,
    }


def _delegation(delegation: Delegation) -> dict[str, Any]:
    return {
        "authority": _address(delegation.authority),
        "delegate": _address(delegation.delegate),
        "applied": delegation.applied,
        "reason": delegation.reason or None,
    }


def _address(address: str) -> str | None:
    return to_checksum_address(address) if len(address) == _ADDRESS_LEN else None


def _arguments(call: Call, names: Names) -> list[Any] | None:
    values = names.arguments(call.data)
    if values is None:
        return None
    # a router's command has a name of its own, and the calldata of the call that it is
    kinds = map(parse, types_of(names.functions[call.data[: len("0x") + 8]]))
    return [_value(kind, value) for kind, value in zip(kinds, values, strict=True)]


def _value(kind: ABIType, value: Any) -> Any:
    if kind.is_array:
        return [_value(kind.item_type, one) for one in value]
    if isinstance(kind, TupleType):
        return [_value(part, one) for part, one in zip(kind.components, value, strict=True)]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    return _address(value) if kind.to_type_str() == "address" else value


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


# --- as text ------------------------------------------------------------------------------------------------------


def text(analysis: Analysis, names: Names) -> str:
    """Write an analysis for people. What the chain says is shown without what could act on a terminal."""
    sent = analysis.sent
    status = {0: "failed", 1: "succeeded"}.get(-1 if sent.status is None else sent.status, "has no status")
    chain = f"chain {sent.chain_id}" if sent.chain_id is not None else "chain unknown"
    lines = [f"{sent.hash}  {chain}  transaction {status}"]
    for container in analysis.containers:
        lines += _container_lines(container, names)
    if not analysis.containers:
        lines.append("  no batch of a kind that is known")
    if analysis.cut:
        lines.append("  and more containers than are told")
    lines += [_delegation_line(delegation) for delegation in analysis.delegations]
    if any(call.outcome == "unknown" for container in analysis.containers for call in container.calls):
        source = "the call tree does not show it" if analysis.traced else "there is no call tree to tell"
        lines.append(f"  unknown: {source}")
    return "\n".join(lines) + "\n"


def _container_lines(container: Container, names: Names) -> list[str]:
    indent = "  " * (1 + (container.calls[0].depth if container.calls else 0))
    done = sum(call.outcome == "success" for call in container.calls)
    parts = [container.kind, container.id or "id unknown", f"of {_address(container.sender) or 'unknown'}"]
    if container.paymaster:
        parts.append(f"paid by {_address(container.paymaster)}")
    counted = f", {done} of {len(container.calls)} calls succeeded" if container.calls else ""
    parts.append(container.outcome + counted)
    if container.reason:
        parts.append(_shown(container.reason))
    return [indent + "  ".join(parts), *(f"{indent}  {_call_line(call, names)}" for call in container.calls)]


def _call_line(call: Call, names: Names) -> str:
    values = _arguments(call, names)
    name = (call.function or "transfer").split("(")[0] if values is not None else call.function or "transfer"
    given = f"({', '.join(json.dumps(v, ensure_ascii=False) for v in values)})" if values is not None else ""
    worth = f"  value {call.value_wei} wei" if call.value_wei else ""
    why = f"  {_shown(call.reason)}" if call.reason else ""
    return (
        f"{_SIGN[call.outcome]:<11} {call.index:>3}  {_address(call.target) or '-'}  {_shown(name + given)}{worth}{why}"
    )


def _delegation_line(delegation: Delegation) -> str:
    applied = {True: "applied", False: "not applied", None: "applied or not: unknown"}[delegation.applied]
    why = f" ({delegation.reason})" if delegation.reason else ""
    who = _address(delegation.authority) or "nobody"
    return f"  delegation of {who} to {_address(delegation.delegate)}: {applied}{why}"


def _shown(told_by_chain: str) -> str:
    return cut(clean(told_by_chain), _LINE)
