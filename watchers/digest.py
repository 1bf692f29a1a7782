"""A period summed up, DAO by DAO: the votes that made no alert, and what became of proposals. Pure; the record is read
elsewhere.

Units: `_raw` base units, times in seconds. Votes of zero weight are left out; a vote that a later one of the period
replaces is not counted. What another vote takes off a delegate's is not taken off here: these are votes as they were
cast.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from config.settings import Dao
from watchers.alert import (
    AlertState,
    DaoDigest,
    DigestFacts,
    ProposalFacts,
    ProposalNews,
    SmallVote,
    VoteFacts,
    alert_id,
)
from watchers.governance.asks import Counts
from watchers.governance.events import Vote, holding
from watchers.governance.tally import Book
from watchers.history import StoredEvent

LARGEST: Final = 3  # votes that a DAO's digest names
MOST_NEWS: Final = 10  # proposals that it names
MOST_DAOS: Final = 25
_TOLD = {"canceled", "vetoed", "closed", "defeated", "passed", "counted"}  # each says what became of the voting

Closed = Literal["", "passing", "failing", "unknown"]
Key = tuple[str, int]  # governor, proposal
DaoOf = Callable[[int, str], Dao | None]


class Span(NamedTuple):
    """A period: from a time to before another, in seconds since 1970."""

    from_s: int
    until_s: int

    def holds(self, at_s: int) -> bool:
        """Tell whether a time lies in it."""
        return self.from_s <= at_s < self.until_s


def summed(
    chain_id: int, votes: Iterable[StoredEvent], alerts: Sequence[AlertState], span: Span, dao_of: DaoOf
) -> list[DaoDigest]:
    """Sum up a chain's period, for each DAO with anything to tell, in the order of their keys. `votes` are those of the
    period in the chain's order; `alerts` those of votes and proposals, from the period's start on.
    """
    live = [state.alert for state in alerts if state.live]
    told = {alert.id: alert.facts for alert in live if isinstance(alert.facts, VoteFacts)}
    steps = [(alert.block_time_s, alert.facts) for alert in live if isinstance(alert.facts, ProposalFacts)]
    found: dict[str, _Period] = defaultdict(_Period)
    for stored in votes:
        vote = stored.event
        if not isinstance(vote, Vote) or not (vote.weight_raw or vote.replaces) or not span.holds(stored.time_s):
            continue
        dao = dao_of(chain_id, vote.address)
        if dao is not None:
            found[dao.key].enter(vote, told.get(alert_id(vote.chain_id, vote.tx, vote.kind, vote.position)))
    for at_s, step in steps:
        found[step.dao].steps.append((at_s, step))
    titles = {(facts.governor, facts.proposal_id): facts.title for facts in told.values()}
    titles |= {(facts.governor, facts.proposal_id): facts.title for _, facts in steps}
    digests = (found[dao_key].digest(dao_key, chain_id, titles, span) for dao_key in sorted(found))
    return [one for one in digests if speaks(one)]


class _Period:
    """What a period brought one DAO."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, ProposalFacts]] = []
        self._small: dict[tuple[Key, str], list[Vote]] = defaultdict(list)
        self._books: dict[Key, Book] = defaultdict(Book)
        self._turns: dict[Key, list[VoteFacts]] = defaultdict(list)
        self._alerted = 0

    def enter(self, vote: Vote, facts: VoteFacts | None) -> None:
        """Take a vote in; `facts` are what was said of it."""
        key = (vote.address, vote.proposal_id)
        cast = self._small[key, vote.voter]
        if vote.replaces:
            cast.clear()
        parts = Counts(vote.for_raw, vote.against_raw, vote.abstain_raw) if facts is None and _sided(vote) else Counts()
        self._books[key].add(vote.voter, parts, replaces=vote.replaces, taken=vote.taken)
        if not vote.weight_raw:
            return
        if facts is None:
            cast.append(vote)
            return
        self._alerted += 1
        if facts.flips is not None:
            self._turns[key].append(facts)

    def digest(self, dao: str, chain_id: int, titles: Mapping[Key, str], span: Span) -> DaoDigest:
        """Sum it up."""
        news = _news(self.steps, self._turns, titles, span)
        return DaoDigest(
            dao=dao,
            chain_id=chain_id,
            **_sums([vote for cast in self._small.values() for vote in cast], self._books.values()),
            largest=_largest(self._small.values(), titles),
            alerted=self._alerted,
            news=tuple(news[:MOST_NEWS]),
            more_news=max(0, len(news) - MOST_NEWS),
        )


def speaks(one: DaoDigest) -> bool:
    """Tell whether there is anything to tell of a DAO."""
    return bool(one.votes or one.alerted or one.news)


def composed(
    every: Literal["daily", "weekly"],
    span: Span,
    daos: Sequence[DaoDigest],
    *,
    behind: Sequence[tuple[int, int]] = (),
    whole: bool = True,
) -> DigestFacts | None:
    """Put a digest together, DAOs with news of proposals first, then by votes; None where there is nothing to tell."""
    speaking = sorted(filter(speaks, daos), key=lambda one: (-len(one.news), -one.votes - one.alerted, one.dao))
    if not speaking:
        return None
    kept, more = tuple(speaking[:MOST_DAOS]), max(0, len(speaking) - MOST_DAOS)
    return DigestFacts(every, *span, kept, more, tuple(behind), whole)


def _sided(vote: Vote) -> bool:
    return vote.support != "unknown" and not vote.choice


def _sums(votes: Sequence[Vote], books: Iterable[Book]) -> dict[str, int]:
    """Sum up small votes. `books` hold what they have on each side in the end: of weight taken off a vote that is not
    among them, there is nothing to take.
    """
    counts = Counts()
    for book in books:
        counts = counts.plus(book.counts)
    return {
        "votes": len(votes),
        "voters": len({vote.voter for vote in votes}),
        "proposals": len({(vote.address, vote.proposal_id) for vote in votes}),
        **counts._asdict(),
        "other_raw": sum(vote.weight_raw for vote in votes if not _sided(vote)),
    }


def _largest(cast: Iterable[Sequence[Vote]], titles: Mapping[Key, str]) -> tuple[SmallVote, ...]:
    """Give the largest votes; equal ones in the order of voters, so that two processes say the same."""
    votes = sorted((vote for each in cast for vote in each), key=lambda vote: (-vote.weight_raw, vote.voter, vote.id))
    return tuple(
        SmallVote(
            vote.address,
            vote.proposal_id,
            titles.get((vote.address, vote.proposal_id), ""),
            vote.voter,
            vote.support,
            vote.choice,
            vote.weight_raw,
        )
        for vote in votes[:LARGEST]
    )


def _news(
    steps: Sequence[tuple[int, ProposalFacts]],
    turns: Mapping[Key, Sequence[VoteFacts]],
    titles: Mapping[Key, str],
    span: Span,
) -> list[ProposalNews]:
    """Give what became of each proposal in the period, in the order of its first news."""
    taken: dict[Key, dict[str, int]] = defaultdict(dict)  # change -> when; a step is told by its own alert, too
    closed: dict[Key, Closed] = {}
    for at_s, facts in steps:
        key = (facts.governor, facts.proposal_id)
        if facts.followed is None:
            taken[key].setdefault(facts.change, at_s)
            continue
        for step in facts.followed.steps:
            taken[key][step.change] = step.time_s
        if facts.followed.ended and facts.ends_at_s is not None and span.holds(facts.ends_at_s):
            passes = facts.tally.passes if facts.tally is not None else None
            closed[key] = "unknown" if passes is None else "passing" if passes else "failing"
    found = []
    for key in dict.fromkeys([*taken, *closed, *turns]):
        within = sorted((at_s, change) for change, at_s in taken.get(key, {}).items() if span.holds(at_s))
        flips = turns.get(key, ())
        in_order = sorted(taken.get(key, {}), key=taken.get(key, {}).__getitem__)
        over: Closed = "" if _TOLD & holding(in_order) else closed.get(key, "")
        if within or over or flips:
            changes = tuple(change for _, change in within)
            turned = flips[-1].flips or "" if flips else ""
            found.append(ProposalNews(*key, titles.get(key, ""), changes, over, len(flips), turned))
    return found
