"""Governance's words: `Vote`, `ProposalChange`, who gives votes to whom, and a proposal's title.

Units: `_raw` is base units of the voting token; `_clock` is what the governor counts in, blocks or seconds.
"""

import unicodedata
from collections.abc import Sequence
from typing import Literal

from config.settings import ActName
from watchers.event import Event
from watchers.proposed import Simulated
from watchers.wing import Taken

Support = Literal["for", "against", "abstain", "split", "unknown"]
Change = Literal[
    "created", "activated", "queued", "executed", "canceled", "extended", "closed", "defeated", "vetoed", "passed",
    "counted", "restored",
]  # fmt: skip

TITLE = 256  # characters; longer ones are cut
LOOKED_AT = 4096  # characters of a description in which its title is looked for


class Vote(Event, frozen=True, kw_only=True, tag="vote"):
    """Weight that one call put on a proposal. `for_raw + against_raw + abstain_raw == weight_raw` unless `support` is
    unknown. A fractional voter may put several such calls on one proposal, which add up; where a later vote takes the
    place of the earlier ones it `replaces` them. `taken` is what it takes off a delegate's vote. `choice` says in words
    what was chosen where that is no side; its weight then stands as if it abstained, which counts toward a quorum.
    """

    proposal_id: int
    voter: str
    support: Support
    weight_raw: int
    for_raw: int = 0
    against_raw: int = 0
    abstain_raw: int = 0
    reason: str = ""
    replaces: bool = False
    taken: Taken | None = None
    choice: str = ""


class ProposalChange(Event, frozen=True, kw_only=True, tag="proposal"):
    """A step in a proposal's life. What only creation tells is empty otherwise; a clock of 0 was not told.

    `activated`: voting opens on another contract; `closed`: voting is over and its result travels to another chain;
    `defeated`, `vetoed`: it will not be carried out. `passed`: the votes are for it, and nothing carries it out by
    itself; `counted`: they are counted and no rule says what follows; `restored`: it was not cancelled after all.
    `result` is the count in words.
    `final_raw`: for, against and abstain as they were counted in the end, where the step tells them.
    `left_out`: actions that are too many or too large to keep. `simulated`: what its actions did when they were tried
    at this step; None where nobody tried.
    """

    proposal_id: int
    change: Change
    proposer: str = ""
    start_clock: int = 0
    end_clock: int = 0
    eta_s: int = 0
    description: str = ""
    targets: tuple[str, ...] = ()
    values_wei: tuple[int, ...] = ()
    signatures: tuple[str, ...] = ()
    calldatas: tuple[str, ...] = ()
    final_raw: tuple[int, int, int] | None = None
    left_out: int = 0
    simulated: Simulated | None = None
    result: str = ""


def holding(changes: Sequence[Change | str]) -> set[str]:
    """Give the steps that hold, of those taken in order: a cancellation does until it is taken back."""
    undone = next((one for one in reversed(changes) if one in ("canceled", "restored")), "") == "restored"
    return {one for one in changes if not (undone and one == "canceled")}


class DelegateChange(Event, frozen=True, kw_only=True, tag="delegation"):
    """A holder gave its votes to others: `before` and `after` are the delegates, none for nobody."""

    delegator: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class PowerChange(Event, frozen=True, kw_only=True, tag="power"):
    """A delegate's votes from here on. `before_raw` None: the token does not tell it."""

    delegate: str
    before_raw: int | None
    after_raw: int


class HolderChange(Event, frozen=True, kw_only=True, tag="holding"):
    """Tokens that moved from one holder to another; the zero address mints and burns."""

    payer: str
    payee: str
    amount_raw: int


ActUnit = Literal["", "tokens", "clock", "seconds", "bps"]
NATIVE = "native"  # the chain's own coin, where a token's address would stand


class Act(Event, frozen=True, kw_only=True, tag="act"):
    """What an insider did: `who` did it or gave, `whom` it was done to or who got; either is empty where the log does
    not say. `token` and `amount_raw` for what moves money; `before` and `after` for a setting, numbers in `unit`;
    `item` is the stream or plan that it is about, -1 for none. `detail` says what else a reader needs. `hat_raw` is the
    approval that the contract in power has where votes are approvals: what an amount is a share of. `behind` is the
    delegate who decides for `who`, where that is a contract of theirs.
    """

    act: ActName
    who: str = ""
    whom: str = ""
    token: str = ""
    amount_raw: int | None = None
    before: str = ""
    after: str = ""
    unit: ActUnit = ""
    item: int = -1
    detail: str = ""
    hat_raw: int | None = None
    behind: str = ""

    @property
    def is_news(self) -> bool:
        """Tell it from an answer that was asked for and stayed what it was."""
        return bool(self.tx) or self.before != self.after


def title_of(description: str) -> str:
    """Give a proposal's title: the first line that says something, without its markdown hashes."""
    for line in description[:LOOKED_AT].splitlines():
        # control and format characters and spaces cannot be seen: a line of them says nothing
        said = (at for at, char in enumerate(line) if char != "#" and unicodedata.category(char)[0] not in "CZ")
        if (start := next(said, None)) is not None:
            return line[start : start + TITLE].rstrip()
    return ""
