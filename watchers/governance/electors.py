"""`Electors`: a protocol that tells who may vote with how much, and who gave them that power.

Anybody can emit these events, so only tokens that daos.toml names are heard, and only where it says since when
(`token_start_block`): a book of delegates that is not whole from its first change would be wrong.
"""

from config.settings import Chain, Settings
from watchers.decode import Protocol

UNDELEGATED = frozenset(
    {"lido", "aragon", "curve_dao", "maker_chief", "sky_chief", "aave_v2", "aave_v3", "aave_v3_voting"}
)
"""How governors are read whose votes no book of one token tells: locks, staked tokens, or nothing to give."""


class Electors(Protocol):
    """A protocol of this wing."""


def tokens_on(settings: Settings, chain: Chain) -> dict[str, int]:
    """Give the voting tokens of a chain whose delegates are followed, each with the first block that can tell of it."""
    found: dict[str, int] = {}
    for dao in settings.daos.values():
        start = dao.token_start_block
        if dao.chain == chain.key and dao.token and start is not None and dao.protocol not in UNDELEGATED:
            found[dao.token] = min(start, found.get(dao.token, start))
    return found
