"""A proposal's tally and what one vote does to it. Pure.

Units: `_raw` base units of the voting token.
"""

from collections.abc import Collection, Iterable
from typing import Literal

from watchers.alert import Tally
from watchers.governance.asks import Counts
from watchers.governance.rules import SIDES, Choices, Rule
from watchers.wing import Ballot, Taken

Flip = Literal["passing", "failing"]
MOST = 1 << 320  # far above any weight, and above the sum of many that a broken token may claim


class Book:
    """The votes on one proposal so far, by voter. `whole` is false when earlier votes are missing. `sure` is false once
    a vote was seen that cannot be placed: of no known side, or in the place of others that the book does not hold.
    Voters are unknown (0) when the sums came from the contract.
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
        for voter, one, two, three, replaces, taken in ballots:
            if replaces or taken is not None:  # the few that are more than a sum
                self.counts = Counts(in_favour, against, abstain)
                self.add(voter, Counts(one, two, three), replaces=replaces, taken=taken)
                in_favour, against, abstain = self.counts
                continue
            in_favour += one
            against += two
            abstain += three
            known = by_voter.get(voter)
            parts = Counts(one, two, three)
            by_voter[voter] = parts if known is None else known.plus(parts)
        self.counts = Counts(in_favour, against, abstain)

    def add(self, voter: str, parts: Counts, *, replaces: bool = False, taken: Taken | None = None) -> None:
        """Count a vote: a fractional voter comes several times, a changed mind `replaces` what it said before, an owner
        may have weight `taken` off its delegate.
        """
        if taken is not None:
            self._take(taken)
        had = self.of(voter)
        if replaces:
            if not self._voters_known and voter not in self._by_voter:
                self.sure = False  # the contract's sums may hold an earlier vote of this voter
            self.counts, had = self.counts.minus(had), Counts()
        self.counts = self.counts.plus(parts)
        self._by_voter[voter] = had.plus(parts)

    def _take(self, taken: Taken) -> None:
        had = self.of(taken.voter)
        on = [side for side, raw in zip(SIDES, had, strict=True) if raw]
        side = taken.side or (on[0] if len(on) == 1 else "")
        of_voter = dict(zip(SIDES, had, strict=True)).get(side, 0)
        of_all = dict(zip(SIDES, self.counts, strict=True)).get(side, 0)
        if taken.raw > (of_voter if self._voters_known else of_all):
            self.sure = False  # more than was cast, or nobody can tell off which side
            return
        self.counts = self.counts.minus(Counts(**{f"{side}_raw": taken.raw}))
        if taken.raw <= of_voter:
            self._by_voter[taken.voter] = had.minus(Counts(**{f"{side}_raw": taken.raw}))

    @property
    def voters(self) -> Collection[Counts] | None:
        """Give what each voter has put on the proposal; None where that is not known of all, or not for sure."""
        return self._by_voter.values() if self._voters_known and self.sure else None

    @property
    def by_voter(self) -> Iterable[tuple[str, Counts]]:
        """Give each voter that the book knows, and all that it has put on the proposal."""
        return self._by_voter.items()

    def of(self, voter: str) -> Counts:
        """Give all that a voter has put on the proposal, as far as the book tells."""
        return self._by_voter.get(voter, Counts())

    @property
    def cast_by(self) -> dict[str, int] | None:
        """Give the weight of each voter who has any on the proposal; None as with `voters`."""
        if self.voters is None:
            return None
        return {voter: parts.cast_raw for voter, parts in self._by_voter.items() if parts.cast_raw}

    @property
    def most(self) -> str | None:
        """Give the side with the most weight; None where that is not known, or two have as much."""
        top = max(self.counts)
        if not (self.whole and self.sure) or not top or self.counts.count(top) > 1:
            return None
        return SIDES[self.counts.index(top)]

    def tally(self, rule: Rule | None) -> Tally:
        """Write the sums down. An incomplete book gives zeros, no voters and no outcome: nothing is known of it. No
        `rule`, where nobody could be asked for it: no quorum and no outcome.
        """
        counts = self.counts if self.whole else Counts()
        return Tally(
            for_raw=counts.for_raw,
            against_raw=counts.against_raw,
            abstain_raw=counts.abstain_raw,
            quorum_raw=rule.quorum(counts) if rule is not None and rule.counted is not None and self.whole else None,
            toward_quorum_raw=rule.toward(counts) if rule is not None else 0,
            voters=len(self._by_voter) if self._voters_known else 0,
            passes=rule.passes(counts) if rule is not None and self.whole and self.sure else None,
            unsided=isinstance(rule, Choices),
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
    """Tell whether the quorum, which some families let grow with the votes, was reached in between."""
    if before.quorum_raw is None or after.quorum_raw is None:
        return False
    return before.toward_quorum_raw < before.quorum_raw and after.toward_quorum_raw >= after.quorum_raw


def to_flip_back(tally: Tally, rule: Rule) -> int | None:
    """Give the least weight of one more vote that would turn the outcome: Against a passing one, For a failing one.
    None when the outcome is not known, or no weight turns it.
    """
    if tally.passes is None:
        return None
    counts = Counts(tally.for_raw, tally.against_raw, tally.abstain_raw)

    def turned(raw: int) -> bool:
        more = Counts(against_raw=raw) if tally.passes else Counts(for_raw=raw)
        return differs(tally.passes, rule.passes(counts.plus(more)))

    short, enough = 0, 1
    while not turned(enough):
        if enough >= MOST:
            return None
        short, enough = enough, enough * 2
    while enough - short > 1:  # more of the same vote never turns it again
        middle = (short + enough) // 2
        short, enough = (short, middle) if turned(middle) else (middle, enough)
    return enough
