"""In what an act pays: a token of the operator's files, or the chain's own coin. Pure."""

from typing import NamedTuple

from config.settings import TokenDef
from watchers.governance.events import NATIVE
from watchers.price import listed_on
from watchers.wing import Situation

_COIN_DECIMALS = 18


class Coin(NamedTuple):
    """A token of the operator's files, or the chain's own coin."""

    symbol: str
    decimals: int
    priced: TokenDef | None


def coin(token: str, at: Situation) -> Coin | None:
    """Find a token in the operator's files; None: nobody vouches for it."""
    listed = listed_on(at.chain, at.settings.tokens)
    if token == NATIVE:
        wrapped = (t for t in listed.values() if t.symbol == f"W{at.chain.native}" and t.feed is not None)
        return Coin(at.chain.native, _COIN_DECIMALS, next(wrapped, None))
    ours = listed.get(token)
    if ours is not None:
        return Coin(ours.symbol, ours.decimals, ours)
    daos = at.settings.daos.values()
    dao = next((d for d in daos if d.token == token and d.chain == at.chain.key), None)
    return Coin(dao.symbol, dao.decimals, None) if dao else None
