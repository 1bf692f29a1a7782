"""What the hub answers, read strictly: a proposal, a vote, their ids and voting power. Pure.

A proposal's id is a number as everywhere else: its 32 bytes are that integer (ADR 10).

Units: `_raw` voting power times 10^18, cut to an integer; times in seconds since 1970.
Errors: DecodeError for what does not fit.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any, NamedTuple

from watchers.errors import DecodeError

DECIMALS = 18
MOST_POWER = Decimal(10) ** 40
MOST_CHOICES = 1_000
MOST_TEXT = 100_000  # characters; above what the hub itself takes of a proposal
LATEST = 2**40  # seconds: far beyond any calendar
_EXACT = Context(prec=100, rounding=ROUND_DOWN)


class HubProposal(NamedTuple):
    """A proposal as the hub has it now. `scores_raw` is what each choice has; `quorum_raw` 0: none is asked for."""

    id: str
    number: int
    space: str
    title: str
    body: str
    author: str
    created: int
    start: int
    end: int
    state: str
    type: str
    choices: tuple[str, ...]
    quorum_raw: int
    quorum_type: str
    shielded: bool
    flagged: bool
    scores_raw: tuple[int, ...]
    scores_state: str


class HubVote(NamedTuple):
    """A vote as the hub has it now; `choice` is as its voting system writes it, see `choices`."""

    id: str
    proposal: str
    space: str
    voter: str
    created: int
    choice: Any
    power_raw: int
    reason: str


def number_of(name: str) -> int:
    """Turn a proposal's id into its number. The IPFS names of early proposals are none."""
    if not re.fullmatch(r"0x[0-9a-f]{64}", name):
        raise DecodeError(f"{name[:80]!r} is no id of a proposal")
    return int(name, 16)


def power_raw(value: object) -> int:
    """Turn voting power into base units, exactly; what is finer than 10^-18 is cut."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise DecodeError("voting power is no number")
    power = Decimal(value)
    if not power.is_finite() or not 0 <= power <= MOST_POWER:
        raise DecodeError("voting power is out of range")
    return int(power.scaleb(DECIMALS, _EXACT).to_integral_value(ROUND_DOWN))


def proposal(given: object) -> HubProposal:
    """Read a proposal."""
    fields = _object(given)
    name, choices = _text(fields, "id"), fields.get("choices")
    if not isinstance(choices, list) or len(choices) > MOST_CHOICES or not all(isinstance(c, str) for c in choices):
        raise DecodeError("choices are no list of texts")
    scores = fields.get("scores") or []
    if not isinstance(scores, list) or len(scores) > len(choices):
        raise DecodeError("scores do not fit the choices")
    return HubProposal(
        id=name,
        number=number_of(name),
        space=_text(_object(fields.get("space")), "id"),
        title=_text(fields, "title"),
        body=_said(fields, "body"),
        author=_address(_text(fields, "author")),
        created=_time(fields, "created"),
        start=_time(fields, "start"),
        end=_time(fields, "end"),
        state=_text(fields, "state"),
        type=_said(fields, "type") or "single-choice",
        choices=tuple(choices),
        quorum_raw=power_raw(fields.get("quorum") or 0),
        quorum_type=_said(fields, "quorumType") or "default",
        shielded=_said(fields, "privacy") == "shutter",
        flagged=fields.get("flagged") is True,
        scores_raw=tuple(power_raw(score) for score in scores),
        scores_state=_said(fields, "scores_state"),
    )


def name_of(given: object) -> str | None:
    """Give the id of a row that need make no sense otherwise; None: not even that can be read."""
    name = given.get("id") if isinstance(given, dict) else None
    return name.lower() if isinstance(name, str) and name else None


def vote(given: object) -> HubVote:
    """Read a vote."""
    fields = _object(given)
    if not re.fullmatch(r"[0-9A-Za-z]{1,80}", _text(fields, "id")):
        raise DecodeError("a vote's id is no name")
    return HubVote(
        id=_text(fields, "id"),
        proposal=_text(_object(fields.get("proposal")), "id"),
        space=_text(_object(fields.get("space")), "id"),
        voter=_address(_text(fields, "voter")),
        created=_time(fields, "created"),
        choice=fields.get("choice"),
        power_raw=power_raw(fields.get("vp") or 0),
        reason=_said(fields, "reason"),
    )


def _object(given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise DecodeError("is no object")
    return given


def _text(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str):
        raise DecodeError(f"{name} is no text")
    if len(found) > MOST_TEXT:
        raise DecodeError(f"{name} is too long")
    return found


def _said(fields: Mapping[str, Any], name: str) -> str:
    return "" if fields.get(name) is None else _text(fields, name)


def _address(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise DecodeError(f"{text[:80]!r} is no address")
    return text.lower()


def _time(fields: Mapping[str, Any], name: str) -> int:
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < LATEST:
        raise DecodeError(f"{name} is no time")
    return found
