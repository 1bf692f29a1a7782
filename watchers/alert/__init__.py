"""`Alert`: an event worth saying, with the measured facts and the reasons. The one thing that leaves this package.

Units: `_raw` base units as int; `usd` Decimal dollars or None, None meaning that no price can be defended; shares 0..1
as Decimal. Text from a chain is carried as it is: escaping is the card's work.
"""

import hashlib
from typing import Literal

import msgspec

from watchers.alert.amount import Amount, Tally
from watchers.alert.batches import BatchFacts, CallFacts, OperationFacts
from watchers.alert.digests import DaoDigest, DigestFacts, ProposalNews, SmallVote
from watchers.alert.money import ActFacts, MoveFacts, Payment
from watchers.alert.proposals import Absent, Followed, LargeVote, ProposalFacts, ReminderFacts, StepTaken, Swing
from watchers.alert.votes import Bloc, Influence, VoteFacts

__all__ = [
    "SEVERITIES",
    "Absent",
    "ActFacts",
    "Alert",
    "AlertState",
    "Amount",
    "BatchFacts",
    "Bloc",
    "CallFacts",
    "DaoDigest",
    "DigestFacts",
    "Facts",
    "Followed",
    "Influence",
    "Kind",
    "LargeVote",
    "MoveFacts",
    "OperationFacts",
    "Payment",
    "ProposalFacts",
    "ProposalNews",
    "Reason",
    "ReminderFacts",
    "Severity",
    "SmallVote",
    "StepTaken",
    "Swing",
    "Tally",
    "VoteFacts",
    "alert_id",
    "short_id",
]

Kind = Literal["vote", "proposal", "liquidity", "batch", "act", "reminder", "digest"]
Severity = Literal["info", "notable", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "notable", "critical")


class Reason(msgspec.Struct, frozen=True):
    """Why a rule fired: the watch that asked, the measure, what was measured and what it had to reach."""

    rule: str
    measure: str
    value: str
    threshold: str


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
