"""A proposal's tally and what one vote does to it. Pure.

    rule of the family        decided by
    counted                   the sides that count toward the quorum
    passes                    quorum <= counted votes and for > against (OpenZeppelin, Bravo)
    passes is False           also while the quorum is unknown, as long as for <= against
    passes is None            the quorum, what counts toward it, or the family's own rule cannot be known

Units: `_raw` base units of the voting token.
Source: OpenZeppelin `GovernorCountingSimple._quorumReached`, `._voteSucceeded`; Compound `GovernorBravoDelegate.state`.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from watchers.alert import Tally
from watchers.governance.asks import Counts
from watchers.wing import Ballot

Flip = Literal["passing", "failing"]
_SIDES = ("for", "against", "abstain")  # of Counts, in its order


def counted_sides(mode: str) -> frozenset[str] | None:
    """Read what counts toward the quorum out of a COUNTING_MODE, or out of a plain `for,abstain`. None: not known.

    A governor whose votes can be overridden takes weight back in events of its own, so votes alone are no tally.
    """
    fields = dict(part.partition("=")[::2] for part in mode.split("&")) if "=" in mode else {"quorum": mode}
    if "override" in fields.get("support", "").split(",") or fields.get("overridable") == "true":
        return None
    if fields.get("quorum") == "bravo":
        return frozenset({"for"})
    sides = frozenset(fields.get("quorum", "").split(","))
    return sides if sides and sides <= set(_SIDES) else None


class Rule(NamedTuple):
    """How one proposal is decided."""

    quorum_raw: int | None
    counted: frozenset[str] | None
    majority: bool = True

    def toward(self, counts: Counts) -> int:
        """Sum what counts toward the quorum; 0 while that is not known, and then no quorum is shown beside it."""
        if self.counted is None:
            return 0
        return sum(raw for side, raw in zip(_SIDES, counts, strict=True) if side in self.counted)

    def reached(self, counts: Counts) -> bool | None:
        """Tell whether the quorum is reached."""
        if self.quorum_raw is None or self.counted is None:
            return None
        return self.toward(counts) >= self.quorum_raw

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether the proposal would pass if voting ended now."""
        if not self.majority:
            return None
        return self.reached(counts) if counts.for_raw > counts.against_raw else False


class Book:
    """The votes on one proposal so far, by voter. `whole` is false when earlier votes are missing, `sure` when a vote
    was seen that no rule can place. Voters are unknown (0) when the sums came from the contract.
    """

    def __init__(self, ballots: Iterable[Ballot] = (), *, start: Counts | None = None, whole: bool = True) -> None:
        self.counts = start or Counts()
        self.whole, self.sure = whole, True
        self._by_voter: dict[str, Counts] = {}
        self._voters_known = whole and start is None
        self._fill(ballots)

    def _fill(self, ballots: Iterable[Ballot]) -> None:
        """Do what `add` does, quicker: a proposal may have fifty thousand ballots, and each block begins with them."""
        by_voter = self._by_voter
        in_favour, against, abstain = self.counts
        for voter, one, two, three in ballots:
            in_favour += one
            against += two
            abstain += three
            known = by_voter.get(voter)
            parts = Counts(one, two, three)
            by_voter[voter] = parts if known is None else known.plus(parts)
        self.counts = Counts(in_favour, against, abstain)

    def add(self, voter: str, parts: Counts) -> None:
        """Count a vote; a fractional voter comes several times."""
        self.counts = self.counts.plus(parts)
        self._by_voter[voter] = self.of(voter).plus(parts)

    def of(self, voter: str) -> Counts:
        """Give all that a voter has put on the proposal, as far as the book tells."""
        return self._by_voter.get(voter, Counts())

    def tally(self, rule: Rule) -> Tally:
        """Write the sums down. An incomplete book gives zeros, no voters and no outcome: nothing is known of it."""
        counts = self.counts if self.whole else Counts()
        return Tally(
            for_raw=counts.for_raw,
            against_raw=counts.against_raw,
            abstain_raw=counts.abstain_raw,
            quorum_raw=rule.quorum_raw if rule.counted is not None and self.whole else None,
            toward_quorum_raw=rule.toward(counts),
            voters=len(self._by_voter) if self._voters_known else 0,
            passes=rule.passes(counts) if self.whole and self.sure else None,
        )

    def pivotal(self, voter: str, rule: Rule) -> bool:
        """Tell whether the outcome would differ without everything that the voter has put on the proposal."""
        if not (self.whole and self.sure):
            return False
        return differs(rule.passes(self.counts), rule.passes(self.counts.minus(self.of(voter))))


def differs(one: bool | None, other: bool | None) -> bool:  # noqa: FBT001 - two outcomes, neither is a switch
    """Tell whether two outcomes are known and not the same."""
    return one is not None and other is not None and one != other


def flip(before: Tally, after: Tally) -> Flip | None:
    """Name what the provisional outcome turned to, if it turned."""
    if not differs(before.passes, after.passes):
        return None
    return "passing" if after.passes else "failing"


def crosses(before: Tally, after: Tally) -> bool:
    """Tell whether the quorum was reached in between."""
    quorum = after.quorum_raw
    return quorum is not None and before.toward_quorum_raw < quorum <= after.toward_quorum_raw


def to_flip_back(tally: Tally, rule: Rule) -> int | None:
    """Give the least weight of one more vote that would turn the outcome: Against a passing one, For a failing one.
    None when the outcome is not known.
    """
    if tally.passes is None:
        return None
    if tally.passes:
        return tally.for_raw - tally.against_raw
    majority = tally.against_raw - tally.for_raw + 1
    if tally.quorum_raw is None or rule.counted is None:
        return None
    return max(majority, tally.quorum_raw - tally.toward_quorum_raw if "for" in rule.counted else 0, 1)
