"""`Governor`: a protocol that also says how its proposals are read and decided.

    family    quorum is         counts toward it      passes when
    OZ        quorum(snapshot)  COUNTING_MODE says    quorum reached and for > against
    Bravo     quorumVotes()     for                   the same
    Agora     quorum(id)        COUNTING_MODE says    each proposal type has its own rule: we say "unknown"

Source: reference tables of OpenZeppelin `GovernorCountingSimple`, Compound `GovernorBravoDelegate`, Agora.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from watchers.decode import Protocol
from watchers.facts import Ask
from watchers.governance.asks import CountingMode, Counts, Times
from watchers.governance.rules import Majority, Rule


class Known(NamedTuple):
    """What a rule is made of; None: not read. `terms` is the answer to the family's own question."""

    quorum_raw: int | None
    counted: frozenset[str] | None
    supply_raw: int | None = None
    terms: Any = None


def by_majority(known: Known) -> Rule:
    """Decide as most families do."""
    return Majority(known.quorum_raw, known.counted)


class Family(NamedTuple):
    """How to read a governor. `times`, `votes` take (governor, proposal); `quorum` also the times, None while they are
    not known, and gives None when it cannot be asked without. `mode` is None where `counted` is fixed. `terms` is
    what else the rule depends on (thresholds, percentages), asked as the quorum is; `rule` makes it of what is known.
    """

    times: Callable[[str, int], Ask[Times]]
    votes: Callable[[str, int], Ask[Counts]]
    quorum: Callable[[str, int, Times | None], Ask[int] | None]
    mode: Callable[[str], CountingMode] | None
    counted: str = ""
    rule: Callable[[Known], Rule] = by_majority
    terms: Callable[[str, int, Times | None], Ask[Any] | None] | None = None


class Governor(Protocol):
    """A protocol of this wing."""

    def __init__(self, name: str, family: Family, *, rank: int = 0) -> None:
        super().__init__(name, rank=rank)
        self.family = family
