"""A proposal's step, how it stands, and its end that is near. Units and text are those of `watchers.alert`."""

import msgspec

from watchers.alert.amount import Tally
from watchers.alert.batches import OperationFacts
from watchers.proposed import Action, Simulated


class StepTaken(msgspec.Struct, frozen=True):
    """A step that a proposal has taken, the transaction that did it, and when."""

    change: str
    tx: str
    time_s: int


class LargeVote(msgspec.Struct, frozen=True):
    """All that one voter has put on a proposal."""

    voter: str
    for_raw: int
    against_raw: int
    abstain_raw: int

    @property
    def raw(self) -> int:
        """The weight on all sides."""
        return self.for_raw + self.against_raw + self.abstain_raw


class Followed(msgspec.Struct, frozen=True):
    """A proposal as it stands: its steps, oldest first, and its largest votes. `ended`: its deadline has passed, or a
    step has ended it.
    """

    steps: tuple[StepTaken, ...] = ()
    largest: tuple[LargeVote, ...] = ()
    ended: bool = False


class ProposalFacts(msgspec.Struct, frozen=True, tag="proposal"):
    """A step in a proposal's life, with the tally as it stands. `does` holds the first of its `actions`, where they are
    known; `simulated` is what all of them did when they were tried at this step, None where nobody tried.
    `followed` makes it the proposal as it stands, which its card is kept to; `follows` names the alert that is.
    `text_chars`: how long its description is, where that is known; `repeated`: targets of several actions, and of how
    many. `unverified`: targets whose source nobody has verified, None where that is not known. `carried` is what became
    of each call when it was executed.
    """

    dao: str
    governor: str
    proposal_id: int
    title: str
    change: str
    proposer: str
    tally: Tally | None
    token_symbol: str
    token_decimals: int | None
    ends_at_s: int | None
    ends_at_clock: int | None
    actions: int
    eta_s: int | None = None
    does: tuple[Action, ...] = ()
    simulated: Simulated | None = None
    followed: Followed | None = None
    follows: str = ""
    text_chars: int | None = None
    repeated: tuple[tuple[str, int], ...] = ()
    carried: OperationFacts | None = None
    result: str = ""
    unverified: tuple[str, ...] | None = None


class Absent(msgspec.Struct, frozen=True):
    """A delegate who has not voted, and the votes that it has."""

    delegate: str
    raw: int


class Swing(msgspec.Struct, frozen=True):
    """The fewest of the largest who have not voted, `raw` votes together, that could reach the quorum or turn the
    outcome: to `pass` by voting For, to `fail` by voting Against.
    """

    many: int
    raw: int
    effect: str


class ReminderFacts(msgspec.Struct, frozen=True, tag="reminder"):
    """A vote that ends soon, `hours` before its end or later, as it stands. `tally` None: it is not known. `names`:
    those who have not voted are to be told; `absent` None: they are not known. `at_snapshot`: their votes are those of
    the proposal's snapshot, and not of the newest block.
    """

    dao: str
    governor: str
    proposal_id: int
    title: str
    hours: int
    ends_at_s: int | None
    ends_at_clock: int | None
    tally: Tally | None
    token_symbol: str
    token_decimals: int | None
    names: bool
    absent: tuple[Absent, ...] | None
    at_snapshot: bool = False
    swing: Swing | None = None
