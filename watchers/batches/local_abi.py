"""An operator's own JSON ABIs -> the signatures of their functions and errors.

A file holds one ABI (an array), an object of ABIs by name, or a compiler's artifact with `abi` in it.

Source: Solidity documentation, "Contract ABI Specification", section "JSON".
Errors: DecodeError whose text begins with the place, `$.Vault[3].inputs[0]: ...`.
"""

from typing import Any, NamedTuple

from eth_abi.exceptions import ABITypeError, ParseError
from eth_abi.grammar import parse

from watchers.errors import DecodeError

_MAX_NESTING = 8


class Signatures(NamedTuple):
    """Canonical signatures, `name(type,type)`."""

    functions: list[str]
    errors: list[str]


def signatures_in(content: object) -> Signatures:
    """Read every function and error. Raises DecodeError."""
    found = Signatures([], [])
    if isinstance(content, list):
        _read(content, "$", found)
    elif isinstance(content, dict) and content:
        for name, abi in content.items():
            where = f"$.{name}"
            if isinstance(abi, dict) and isinstance(abi.get("abi"), list):
                _read(abi["abi"], f"{where}.abi", found)
            elif isinstance(abi, list):
                _read(abi, where, found)
            elif not isinstance(content.get("abi"), list):  # beside its ABI an artifact holds other things
                raise DecodeError(f"{where}: is no ABI")
    else:
        raise DecodeError("$: is no ABI")
    return found


def _read(abi: list[Any], place: str, found: Signatures) -> None:
    for at, entry in enumerate(abi):
        where = f"{place}[{at}]"
        if not isinstance(entry, dict):
            raise DecodeError(f"{where}: is not an object")
        kind = entry.get("type", "function")
        if kind not in ("function", "error"):
            continue
        name = entry.get("name")
        if not isinstance(name, str) or not name.replace("$", "_").isidentifier():
            raise DecodeError(f"{where}.name: is not a name")
        signature = f"{name}({_types(entry.get('inputs'), f'{where}.inputs', 0)})"
        (found.functions if kind == "function" else found.errors).append(signature)


def _types(inputs: object, place: str, nesting: int) -> str:
    if not isinstance(inputs, list):
        raise DecodeError(f"{place}: is not a list")
    if nesting > _MAX_NESTING:
        raise DecodeError(f"{place}: is nested too deep")
    return ",".join(_type(one, f"{place}[{at}]", nesting) for at, one in enumerate(inputs))


def _type(given: object, place: str, nesting: int) -> str:
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(kind, str):
        raise DecodeError(f"{place}: has no type")
    if kind.startswith("tuple"):
        kind = f"({_types(given.get('components'), f'{place}.components', nesting + 1)}){kind.removeprefix('tuple')}"
    try:
        parse(kind).validate()
    except (ParseError, ABITypeError, ValueError):
        raise DecodeError(f"{place}.type: {kind[:40]!r} is no ABI type") from None
    return kind
