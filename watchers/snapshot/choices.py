"""What a choice means, by voting system. Pure.

    basic                        For, Against, Abstain, in that order
    single-choice                the same where the labels say so and no more; else the chosen label, no side
    approval                     the labels approved of, no side
    ranked-choice, copeland      the labels in their order, no side
    weighted, quadratic          the labels with their shares, no side
    shielded, until voting ends  nothing is known

Without a side no vote can turn an outcome: the hub names the choice with the most, and the space decides what follows.
Source: docs.snapshot.box, "Voting types"; snapshot.js `voting`.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from watchers.errors import DecodeError
from watchers.governance.events import Support
from watchers.snapshot.reading import MOST_POWER, HubProposal

CLOSED = "closed"
LABEL = 60  # characters of a label that a card has room for
SHOWN = 5
_SIDES: dict[str, Support] = {
    "for": "for", "yes": "for", "yae": "for", "yea": "for",
    "against": "against", "no": "against", "nay": "against",
    "abstain": "abstain",
}  # fmt: skip
_BASIC: tuple[Support, ...] = ("for", "against", "abstain")


class Meaning(NamedTuple):
    """What a voter said: the side, unknown where there is none, and then the choice in words; "" says not known yet."""

    side: Support
    words: str = ""


def sides_of(proposal: HubProposal) -> tuple[Support, ...] | None:
    """Give the side of each choice; None where the choices are no sides, or nobody may know yet what is chosen."""
    if proposal.shielded and proposal.state != CLOSED:
        return None
    if proposal.type == "basic":
        return _BASIC if len(proposal.choices) == len(_BASIC) else None
    if proposal.type != "single-choice":
        return None
    found = [_SIDES.get(label.strip().casefold()) for label in proposal.choices]
    named = [side for side in found if side is not None]
    whole = len(named) == len(found) == len(set(named)) and {"for", "against"} <= set(named)
    return tuple(named) if whole else None


def meaning(choice: Any, proposal: HubProposal) -> Meaning:
    """Say what a choice means. Raises DecodeError for one that its voting system does not have."""
    if proposal.shielded and isinstance(choice, str):
        return Meaning("unknown")
    if proposal.type in ("basic", "single-choice"):
        sides, at = sides_of(proposal), _index(choice, proposal)
        return Meaning(sides[at]) if sides is not None else Meaning("unknown", _label(at, proposal))
    if proposal.type in ("approval", "ranked-choice", "copeland"):
        if not isinstance(choice, list) or len(choice) > len(proposal.choices):
            raise DecodeError(f"a {proposal.type} choice is a list")
        labels = [_label(_index(one, proposal), proposal) for one in choice]
        return Meaning("unknown", _joined(labels, ", " if proposal.type == "approval" else " > ") or "no choice")
    if proposal.type in ("weighted", "quadratic"):
        return Meaning("unknown", _weights(choice, proposal))
    raise DecodeError(f"unknown voting system {proposal.type[:40]!r}")


def _weights(choice: Any, proposal: HubProposal) -> str:
    if not isinstance(choice, dict):
        raise DecodeError(f"a {proposal.type} choice is an object")
    given = {}
    for key, weight in choice.items():
        if isinstance(weight, bool) or not isinstance(weight, int | Decimal):
            raise DecodeError("a weight is no number")
        if not Decimal(weight).is_finite() or not 0 <= weight <= MOST_POWER:
            raise DecodeError("a weight is out of range")
        at = _index(int(key) if key.isascii() and key.isdecimal() and len(key) < 5 else None, proposal)  # noqa: PLR2004 - choices are at most a thousand
        given[at] = Decimal(weight)
    whole = sum(given.values())
    if not whole:
        return "no choice"
    largest = sorted(given.items(), key=lambda pair: (-pair[1], pair[0]))
    return _joined([f"{_label(at, proposal)} {weight * 100 / whole:.1f} %" for at, weight in largest if weight], ", ")


def _index(choice: Any, proposal: HubProposal) -> int:
    if isinstance(choice, bool) or not isinstance(choice, int) or not 1 <= choice <= len(proposal.choices):
        raise DecodeError("names a choice that the proposal does not have")
    return choice - 1


def _label(at: int, proposal: HubProposal) -> str:
    label = " ".join(proposal.choices[at].split())
    return label if len(label) <= LABEL else label[: LABEL - 1] + "…"


def _joined(labels: list[str], by: str) -> str:
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return by.join(labels[:SHOWN]) + more
