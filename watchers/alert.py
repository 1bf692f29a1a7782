"""`Alert`: an event worth saying, with the measured facts and the reasons. The one thing that leaves this package.

Units: `_raw` base units as int; `usd` Decimal dollars or None, None meaning that no price can be defended; shares 0..1
as Decimal. Text from a chain is carried as it is: escaping is the card's work.
"""

import hashlib
from decimal import Decimal
from typing import Literal

import msgspec

from watchers.proposed import Action, Simulated

Kind = Literal["vote", "proposal", "liquidity", "batch", "act", "reminder", "digest"]
Severity = Literal["info", "notable", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "notable", "critical")


class Reason(msgspec.Struct, frozen=True):
    """Why a rule fired: the watch that asked, the measure, what was measured and what it had to reach."""

    rule: str
    measure: str
    value: str
    threshold: str


class Amount(msgspec.Struct, frozen=True):
    """An amount of one token; `symbol` is as the chain or the operator's tokens.toml says."""

    token: str
    symbol: str
    decimals: int | None
    raw: int
    usd: Decimal | None = None
    price_source: str = ""
    price_time_s: int | None = None


class Tally(msgspec.Struct, frozen=True):
    """A proposal's votes; `quorum_raw` None when it could not be read. `passes` is the family's own rule, None when
    that cannot be known. `unsided`: the votes choose among what is neither for nor against; `abstain_raw` is their sum.
    """

    for_raw: int
    against_raw: int
    abstain_raw: int
    quorum_raw: int | None
    toward_quorum_raw: int
    voters: int
    passes: bool | None
    unsided: bool = False


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


class CallFacts(msgspec.Struct, frozen=True):
    """One call of a batch as a card tells it. `arguments` None: they could not be read, or were not kept. `swallowed`:
    how many calls inside it failed without failing it.
    """

    index: int
    target: str
    function: str
    value_wei: int
    outcome: str
    reason: str
    arguments: tuple[str, ...] | None = None
    swallowed: int = 0


class OperationFacts(msgspec.Struct, frozen=True):
    """One container of a batch: a user operation of a bundle, or another `kind`. `success` None: it is not known.
    `depth`: how many containers are around it. `traced`: its calls were seen in the call tree.
    """

    id: str
    sender: str
    paymaster: str
    success: bool | None
    outcome: str
    reason: str
    calls: tuple[CallFacts, ...]
    gas_cost_wei: int
    kind: str = "entrypoint"
    depth: int = 0
    traced: bool = False


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


class MoveFacts(msgspec.Struct, frozen=True, tag="liquidity"):
    """Money that moved, net per block, owner and range. `usd` only when every leg has a price.

    In a lending market a pool is one token's reserve: `pool_before` and `pool_after` are what of it can be taken out at
    once, `payer` who paid, `recipient` who got what was withdrawn or borrowed, where that is no gateway, and
    `in_receipts` says that receipts of deposits changed hands and the token stayed.
    """

    pool: str
    pool_name: str
    action: Literal["add", "remove", "collect", "swap", "supply", "withdraw", "borrow", "repay", "liquidation"]
    owner: str
    actor: str
    amounts: tuple[Amount, ...]
    usd: Decimal | None
    share_of_pool: Decimal | None
    share_basis: str
    pool_before: tuple[Amount, ...] = ()
    pool_after: tuple[Amount, ...] = ()
    tick_lower: int | None = None
    tick_upper: int | None = None
    payer: str = ""
    recipient: str = ""
    in_receipts: bool = False
    utilisation_before: Decimal | None = None
    utilisation_after: Decimal | None = None


class BatchFacts(msgspec.Struct, frozen=True, tag="batch"):
    """A batch and what became of each container in it, the operations of a bundle among them. `bundle_status` is the
    receipt's, None when it was not read.
    """

    container: str
    version: str
    bundle_status: int | None
    operations: tuple[OperationFacts, ...]
    evidence: Literal["trace", "logs", "none"]
    bundler: str = ""


class Payment(msgspec.Struct, frozen=True):
    """One of the payments that left a treasury together. `share`: of what it held of the token before."""

    amount: Amount
    whom: str
    share: Decimal | None


class ActFacts(msgspec.Struct, frozen=True, tag="act"):
    """What an insider did. `amount` None: it moves no money, or how much is not known. `before` and `after` are a
    setting's values as text; `more` counts the like acts of the same contract and transaction that are told with it.
    `share_of_hat`: of the approval of the contract in power, where votes are approvals. `share_of_treasury`: of what
    the payer held of the token at the block before. `payments`: all that left it in the transaction, the largest
    first, where that is more than one; `amount` is then all that it paid in the token that weighs most, `usd_together`
    the dollars of all tokens that have a price, where those are several. `behind` is the delegate whose contract `who`
    is.
    """

    contract: str
    act: str
    who: str
    whom: str
    amount: Amount | None
    share_of_supply: Decimal | None
    before: str = ""
    after: str = ""
    unit: Literal["", "tokens", "clock", "seconds", "bps"] = ""
    detail: str = ""
    dao: str = ""
    more: int = 0
    share_of_hat: Decimal | None = None
    share_of_treasury: Decimal | None = None
    payments: tuple[Payment, ...] = ()
    usd_together: Decimal | None = None
    behind: str = ""


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


class SmallVote(msgspec.Struct, frozen=True):
    """One of the largest votes of a digest: none of them was an alert."""

    governor: str
    proposal_id: int
    title: str
    voter: str
    support: str
    choice: str
    raw: int


class ProposalNews(msgspec.Struct, frozen=True):
    """What became of a proposal in a period: its steps, oldest first; how its voting `closed`, where its deadline was
    in the period and no step says more ("" else); how often votes turned its outcome, and to what last.
    """

    governor: str
    proposal_id: int
    title: str
    steps: tuple[str, ...] = ()
    closed: Literal["", "passing", "failing", "unknown"] = ""
    flips: int = 0
    flipped_to: str = ""


class DaoDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A DAO's period: the votes that were no alert, summed over its proposals, the largest of them, how many votes were
    alerts, and what became of its proposals. `other_raw` is weight on what is neither for, against nor abstain.
    """

    dao: str
    chain_id: int
    votes: int = 0
    voters: int = 0
    proposals: int = 0
    for_raw: int = 0
    against_raw: int = 0
    abstain_raw: int = 0
    other_raw: int = 0
    largest: tuple[SmallVote, ...] = ()
    alerted: int = 0
    news: tuple[ProposalNews, ...] = ()
    more_news: int = 0


class DigestFacts(msgspec.Struct, frozen=True, tag="digest"):
    """A period, `from_s` to before `until_s`, summed up for one subscription. `more` DAOs had news and do not fit.
    `behind`: chains that were not read to its end, and the time (s) that they were read to. `whole`: all of the record
    was looked at, which is bounded.
    """

    every: Literal["daily", "weekly"]
    from_s: int
    until_s: int
    daos: tuple[DaoDigest, ...]
    more: int = 0
    behind: tuple[tuple[int, int], ...] = ()
    whole: bool = True


Facts = VoteFacts | ProposalFacts | MoveFacts | BatchFacts | ActFacts | ReminderFacts | DigestFacts


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An event worth saying. `id` is stable under re-inclusion; `subject` is what cards about one thing share (a
    proposal, a pool, a bundle). `dao` and `tokens` are what a subscription may filter on; empty when they do not apply.
    `revises`: it is no news of its own, but how something followed stands now. `amended`: the source has corrected what
    it is about since it was said.
    """

    id: str
    kind: Kind
    chain_id: int
    protocol: str
    subject: str
    severity: Severity
    block: int
    block_hash: str
    block_time_s: int
    tx: str
    reasons: tuple[Reason, ...]
    facts: Facts
    dao: str = ""
    addresses: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    revises: bool = False
    amended: bool = False

    @property
    def is_followed(self) -> bool:
        """Tell whether it stands for something that goes on: a commit replaces it and a reorg brings the last back."""
        return isinstance(self.facts, ProposalFacts) and self.facts.followed is not None

    @property
    def short_id(self) -> str:
        """The mark that a card carries, `A-7F3K2Q`: what a person quotes and the sender looks for."""
        return short_id(self.id)


def alert_id(chain_id: int, tx: str, kind: str, position: int) -> str:
    """Name an alert for good: 32 hex characters of SHA-256 over chain, transaction, kind and position."""
    return hashlib.sha256(f"{chain_id}|{tx}|{kind}|{position}".encode()).hexdigest()[:32]


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short_id(full: str) -> str:
    """Write 40 bits of an alert's id in Crockford's base 32: `A-` and eight characters."""
    bits = int(full[:10], 16)
    return "A-" + "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(35, -1, -5))


class AlertState(msgspec.Struct, frozen=True, kw_only=True):
    """An alert and where it stands. `rev` grows with every change; `live` is false after a reorg took it back; `final`
    is true once its block is final; `late_s` is how long after its block it was seen, when that is worth saying;
    `moved_from` is the block that it was in before a reorg.
    """

    alert: Alert
    rev: int = 1
    live: bool = True
    final: bool = False
    late_s: int | None = None
    moved_from: int | None = None
    seen_at_ms: int = 0
