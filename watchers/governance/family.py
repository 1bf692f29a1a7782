"""`Governor`: a protocol that also says how its proposals are read and decided.

    family    quorum is         counts toward it      passes when
    OZ        quorum(snapshot)  COUNTING_MODE says    quorum reached and for > against
    Bravo     quorumVotes()     for                   the same
    Agora     quorum(id)        COUNTING_MODE says    each proposal type has its own rule: we say "unknown"

Source: reference tables of OpenZeppelin `GovernorCountingSimple`, Compound `GovernorBravoDelegate`, Agora.
"""

from collections.abc import Callable
from typing import NamedTuple

from watchers.decode import Protocol
from watchers.facts import Ask
from watchers.governance.asks import CountingMode, Counts, Times


class Family(NamedTuple):
    """How to read a governor. `times`, `votes` take (governor, proposal); `quorum` also the times, None while they are
    not known, and gives None when it cannot be asked without. `mode` is None where `counted` is fixed. `majority` tells
    whether for > against with the quorum decides.
    """

    times: Callable[[str, int], Ask[Times]]
    votes: Callable[[str, int], Ask[Counts]]
    quorum: Callable[[str, int, Times | None], Ask[int] | None]
    mode: Callable[[str], CountingMode] | None
    counted: str = ""
    majority: bool = True


class Governor(Protocol):
    """A protocol of this wing."""

    def __init__(self, name: str, family: Family, *, rank: int = 0) -> None:
        super().__init__(name, rank=rank)
        self.family = family
