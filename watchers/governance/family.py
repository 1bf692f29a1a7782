"""`Governor`: a protocol that also says how its proposals are read and decided.

    family            quorum is                          counts toward it     decided by (see `rules`)
    OZ, Flexible      quorum(snapshot)                   COUNTING_MODE says   Majority, SuperQuorum where it answers
    Bravo, Alpha      quorumVotes()                      for                  Majority
    Nouns             parameters at the creation block   for                  DynamicQuorum, Majority before V2
    Agora             quorum(id)                         COUNTING_MODE says   Approval by its type; a module: unknown
    Aragon, Curve     fields of getVote(id)              for                  Support
    OSx               parameters of getProposal(id)      all                  Ratio
    Aave v2           executor and strategy              for                  Differential
    Aave v3           getVotingConfig(access level)      for                  YesThreshold
    Snapshot X        the execution strategy's           unknown              unknown
    the others        see each file

Source: each protocol's file.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from config.settings import Dao
from watchers.decode import Protocol
from watchers.facts import Ask, Facts
from watchers.governance.asks import CountingMode, Counts, Times
from watchers.governance.rules import Majority, Rule

T = TypeVar("T")


class Look:
    """Facts as a family reads them: what it looked for is remembered, so that what is open can be asked. A family whose
    second question depends on the first answer (a proposal's executor, then its quorum) looks again a round later.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.asked: list[Ask[Any]] = []

    def __call__(self, ask: Ask[T]) -> T | None:
        """Give the answer; None: unknown, or not asked yet."""
        self.asked.append(ask)
        return self._facts.get(ask)


class Known(NamedTuple):
    """What a rule is made of; None: not read. `terms` is what the family's own questions gave."""

    quorum_raw: int | None
    counted: frozenset[str] | None
    supply_raw: int | None = None
    terms: Any = None


Terms = Callable[[Look, Dao, int, Times | None], Any]


def by_majority(known: Known) -> Rule:
    """Decide as most families do."""
    return Majority(known.quorum_raw, known.counted)


def no_quorum(_governor: str, _proposal_id: int, _times: Times | None) -> None:
    """Ask no quorum: the rule makes it of its terms."""


def no_supply(_terms: object) -> None:
    """Give no supply: several tokens vote, or a tree of powers that no getter sums up."""


class Family(NamedTuple):
    """How to read a governor. `times`, `votes` take (governor, proposal); `quorum` also the times, None while they are
    not known, and gives None when it cannot be asked without. `mode` is None where `counted` is fixed. `terms` looks
    for what else the rule depends on (thresholds, percentages); `rule` makes it of what is known. `supply` reads the
    voting supply out of the terms where it is not the token's own at the snapshot. `period` asks how long voting runs
    from creation on, in the governor's clock, where the creation itself does not tell. `born`: the terms
    are all that the rule is made of, and are there from the creation on.
    """

    times: Callable[[str, int], Ask[Times]]
    votes: Callable[[str, int], Ask[Counts]]
    quorum: Callable[[str, int, Times | None], Ask[int] | None] = no_quorum
    mode: Callable[[str], CountingMode] | None = None
    counted: str = ""
    rule: Callable[[Known], Rule] = by_majority
    terms: Terms | None = None
    supply: Callable[[Any], int | None] | None = None
    period: Callable[[str], Ask[int]] | None = None
    born: bool = False


class Governor(Protocol):
    """A protocol of this wing."""

    def __init__(self, name: str, family: Family, *, rank: int = 0) -> None:
        super().__init__(name, rank=rank)
        self.family = family
