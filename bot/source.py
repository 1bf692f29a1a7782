"""Where the transaction of `python -m bot batch` comes from: a recorded file, or whatever configured chain holds it.

Errors: InputError for a file or hash that cannot be told; ChainError when a chain that may hold it cannot be asked.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from config.settings import Chain, Settings
from watchers.batches.sent import quantity, read_sent
from watchers.chain.rpc import Rpc
from watchers.chain.trace import Frame, parse
from watchers.errors import ChainError, DecodeError, InputError
from watchers.recorded import content_of
from watchers.transaction import CODES, Given, fetch

PATIENCE_S = 20.0
REMEDY = "give tx, receipt and a call tree as a node answers them"
_TRACES = ("debug_traceTransaction_callTracer", "trace_transaction", "trace")
_SILENT = "not reached"


# --- a file -------------------------------------------------------------------------------------------------------


def from_file(file: Path, *, trace: bool) -> Given:
    """Read one recorded transaction. Raises InputError."""
    content = content_of(file, REMEDY)
    if not isinstance(content, dict):
        raise InputError(str(file), "$", f"found {type(content).__name__}", REMEDY)
    for key in ("tx", "receipt"):
        if content.get(key) is None:
            raise InputError(str(file), f"$.{key}", "is missing", REMEDY)
    try:
        sent = read_sent(content["tx"], content["receipt"], _chain_id(content))
        return Given(sent, _tree(content) if trace else None, _codes(content.get(CODES)))
    except DecodeError as error:
        place, _, problem = str(error).partition(": ")
        raise InputError(str(file), place, problem, REMEDY) from None


def _chain_id(content: dict[str, Any]) -> int | None:
    generator = content.get("generator")
    told = generator.get("chainId") if isinstance(generator, dict) else None
    return None if told is None else quantity(told, "$.generator.chainId")


def _tree(content: dict[str, Any]) -> Frame | None:
    """Read the first call tree that is one; None when there is none at all."""
    broken: DecodeError | None = None
    for key in _TRACES:
        if content.get(key) is None:
            continue
        try:
            return parse(content[key])
        except DecodeError as error:
            broken = broken or DecodeError(f"$.{key}: {error}")
    if broken is not None:
        raise broken
    return None


def _codes(given: object) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(code, str) for code in given.values()):
        raise DecodeError(f"$.{CODES}: is not an object of codes by address")
    return {str(authority).lower(): code.lower() for authority, code in given.items()}


# --- a chain ------------------------------------------------------------------------------------------------------


async def from_chains(settings: Settings, name: str, *, trace: bool) -> Given:
    """Ask every followed chain at once for a transaction by its lower-case hash. Raises InputError, ChainError."""
    chains = settings.on_nodes
    if not chains:
        raise InputError(name, "", "no chain is followed", "set enabled = true for its chain in chains.toml")
    async with aiohttp.ClientSession() as session:
        answers = await asyncio.gather(*(_ask(Rpc(chain, session), name, trace=trace) for chain in chains))
    given = next((answer for answer in answers if isinstance(answer, Given)), None)
    if given is not None:
        return given
    said = [(chain, answer) for chain, answer in zip(chains, answers, strict=True) if isinstance(answer, str)]
    if not said:
        raise InputError(name, "", f"no transaction of that hash is on {_names(chains)}", "check hash and chains")
    silent = [chain for chain, answer in said if answer == _SILENT]
    told = "; ".join(f"{chain.name}: {answer}" for chain, answer in said if answer != _SILENT)
    problem = "; ".join(part for part in (told, silent and f"not reached: {_names(silent)}") if part)
    raise ChainError(f"{name}: {problem}; see `python -m bot check --online`, then ask again")


def _names(chains: Sequence[Chain]) -> str:
    return ", ".join(chain.name for chain in chains)


async def _ask(rpc: Rpc, name: str, *, trace: bool) -> Given | str | None:
    """Ask one chain: the transaction, why it was not told, or None when the chain does not know it."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await fetch(rpc, name, trace=trace)
    except (TimeoutError, ChainError):
        return _SILENT
    except DecodeError as error:
        return f"the node's answer does not read ({error})"
