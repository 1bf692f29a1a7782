"""Delegation that tests commit and read back: events, logs as a node has them, and the book that they must make."""

from collections.abc import Iterable

from tests import events
from tests.node import Sketch, log
from watchers.abi import shape_of
from watchers.governance.events import DelegateChange, PowerChange
from watchers.governance.protocols.erc20_votes import DelegateChanged, DelegateVotesChanged

TOKEN = "0x" + "70" * 20
Change = DelegateChange | PowerChange
NOBODY = "0x" + "00" * 20


def person(n: int) -> str:
    """Name a holder or a delegate."""
    return f"0x{0xD0 + n:040x}"


def power(
    block: int, log_index: int, who: str, after: int, before: int | None = None, token: str = TOKEN
) -> PowerChange:
    """Give a change of a delegate's votes."""
    where = events.where(block, log_index, token, "erc20_votes")
    return PowerChange(**where, delegate=who, before_raw=before, after_raw=after)


def given(block: int, log_index: int, who: str, *to: str, token: str = TOKEN) -> DelegateChange:
    """Give a change of delegates."""
    return DelegateChange(**events.where(block, log_index, token, "erc20_votes"), delegator=who, after=to)


def power_log(who: str, before: int, after: int, token: str = TOKEN) -> Sketch:
    """Give the log of a change of votes."""
    return log(
        shape_of(DelegateVotesChanged).topic0, _word(int(who, 16)), emitter=token, data=_word(before) + _word(after)[2:]
    )


def given_log(who: str, before: str, after: str, token: str = TOKEN) -> Sketch:
    """Give the log of a change of delegates."""
    people = (_word(int(address, 16)) for address in (who, before, after))
    return log(shape_of(DelegateChanged).topic0, *people, emitter=token)


def powers_after(changes: Iterable[Change]) -> dict[str, int]:
    """Give what each delegate has in the end."""
    found: dict[str, int] = {}
    for change in sorted(changes, key=_place):
        if isinstance(change, PowerChange):
            found[change.delegate] = change.after_raw
    return {who: raw for who, raw in found.items() if raw}


def delegators_after(changes: Iterable[Change], delegate: str) -> list[str]:
    """Give whose votes a delegate has in the end."""
    found: dict[str, tuple[str, ...]] = {}
    for change in sorted(changes, key=_place):
        if isinstance(change, DelegateChange):
            found[change.delegator] = change.after
    return sorted(who for who, to in found.items() if delegate in to)


def _place(change: Change) -> tuple[int, int]:
    return change.block, change.log_index


def _word(number: int) -> str:
    return f"0x{number:064x}"
