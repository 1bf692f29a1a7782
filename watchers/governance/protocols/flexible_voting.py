"""ScopeLift's flexible voting, the forerunner of OpenZeppelin's fractional counting.

Source: ScopeLift/flexible-voting `GovernorCountingFractional.sol`. Parts travel in the parameters beside any support,
0 to 2 as well, which on every other governor would be a vote for one side; so daos.toml says which governor this is.
"""

from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Vote
from watchers.governance.family import Governor
from watchers.governance.protocols import oz_governor
from watchers.governance.protocols.oz_governor import (
    FRACTIONAL,
    FRACTIONS,
    VoteCastWithParams,
    register_creation,
    register_extension,
    register_votes,
    vote,
)

protocol = Governor("flexible_voting", oz_governor.FAMILY, rank=5)
register_votes(protocol)
register_creation(protocol)
register_extension(protocol)


@protocol.on(VoteCastWithParams)
def _cast(log: Log, shape: VoteCastWithParams, around: Around) -> Vote:
    return vote(log, protocol.name, around, shape, FRACTIONAL if len(shape.params) == FRACTIONS else shape.support)
