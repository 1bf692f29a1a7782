"""A period, summed up. Units and text are those of `watchers.alert`."""

from typing import Literal

import msgspec


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
