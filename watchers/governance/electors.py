"""`Electors`: a protocol that tells who may vote with how much, and who gave them that power.

Anybody can emit these events, so only tokens that daos.toml names are heard, and only where it says since when
(`token_start_block`): a book of delegates that is not whole from its first change would be wrong.
"""

from config.settings import Chain, Settings
from watchers.decode import Protocol


class Electors(Protocol):
    """A protocol of this wing."""


def tokens_on(settings: Settings, chain: Chain) -> dict[str, int]:
    """Give the voting tokens of a chain whose delegates are followed, each with the first block that can tell of it."""
    found: dict[str, int] = {}
    for dao in settings.daos.values():
        if dao.chain == chain.key and dao.token and dao.token_start_block is not None:
            found[dao.token] = min(dao.token_start_block, found.get(dao.token, dao.token_start_block))
    return found
