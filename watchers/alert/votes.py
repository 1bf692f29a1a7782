"""A vote, weighed, and what it decides among the others. Units and text are those of `watchers.alert`."""

from decimal import Decimal
from typing import Literal

import msgspec

from watchers.alert.amount import Amount, Tally


class Bloc(msgspec.Struct, frozen=True):
    """Voters who belong together by their labels: how many, and their share of all votes cast."""

    name: str
    voters: int
    share: Decimal


class Influence(msgspec.Struct, frozen=True):
    """What a vote decides among the others, on the tally after it; None: it cannot be known, or there is no such thing.

    `pivotal_by_switch`: the outcome would differ had this voter voted the other way. `margin_share`: all that this
    voter cast against the lead of For or Against; above 1 it decides the majority. `winning_number`, `blocking_number`:
    how many of the largest For votes alone would pass it, how many must go for it to fail. `late`: it crossed or
    flipped in the last tenth of voting. `owner`: the addresses of this voter's owner; `classes`: all votes by class of
    label. `holds_quorum`: without all that this voter cast the quorum would not be reached; `quorum_margin_share`:
    what of it counts toward the quorum against what there is above the quorum, None where that is nothing.
    `share_of_delegated`: the vote against all votes that the token's holders have delegated. `gained_raw`: what of the
    vote was gained within `gained_within_h` before the snapshot. `alone_number`: how many voters each decide
    alone, that is, without whose For votes it would fail; `alone` the largest of them.
    """

    pivotal_by_switch: bool
    margin_share: Decimal | None
    winning_number: int | None
    blocking_number: int | None
    late: bool
    owner: Bloc | None = None
    classes: tuple[Bloc, ...] = ()
    holds_quorum: bool = False
    quorum_margin_share: Decimal | None = None
    share_of_delegated: Decimal | None = None
    gained_raw: int | None = None
    gained_within_h: int = 0
    alone_number: int = 0
    alone: tuple[str, ...] = ()


class VoteFacts(msgspec.Struct, frozen=True, tag="vote"):
    """A vote, weighed: the tally before and after it, and what would be without it."""

    dao: str
    governor: str
    proposal_id: int
    title: str
    voter: str
    support: str
    weight: Amount
    for_raw: int
    against_raw: int
    abstain_raw: int
    reason_text: str
    before: Tally
    after: Tally
    share_of_quorum: Decimal | None
    share_of_cast: Decimal | None
    share_of_supply: Decimal | None
    crosses_quorum: bool
    flips: Literal["passing", "failing"] | None
    pivotal: bool
    ends_at_s: int | None
    ends_at_clock: int | None
    to_flip_back_raw: int | None = None
    influence: Influence | None = None
    choice: str = ""
