"""A move, weighed: what its pool is, what it is worth, what part of the pool it is; and what must be asked to know.

Questions come in three rounds, so that most moves cost nothing more: the pool's tokens; their symbols, their feeds and
the factory's word; and, only for a move that may reach a threshold, the pool's standing and who signed.
A pool is real when a factory that we know lists it. Another pool's amounts have a price only as far as it truly holds
the tokens, before or after the block; when it holds none of them it is no pool.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from config.settings import TokenDef
from watchers.alert import Amount
from watchers.facts import Ask, Token
from watchers.liquidity.asks import Holding, Listing, Pool, PoolInfo, Sender, State
from watchers.liquidity.factories import factory_of
from watchers.liquidity.moves import Move, Share
from watchers.liquidity.size import pair_reserves, share_of_pair, share_of_range
from watchers.liquidity.value import at_least, total, traded, traded_at_least
from watchers.price import Currency, currency, price_asks, price_of
from watchers.wing import Situation

UNVERIFIED = "unverified pool"
_MILLIONTHS_TO_PERCENT = Decimal(10_000)


class Weight(NamedTuple):
    """All that is known of a move. `usd` None: no price can be defended; `usd_at_least` counts the priced part."""

    move: Move
    tokens: tuple[str, ...]
    pool_name: str
    verified: bool
    amounts: tuple[Amount, ...]
    usd: Decimal | None
    usd_at_least: Decimal
    share: Share
    before: tuple[Amount, ...]
    after: tuple[Amount, ...]
    actor: str
    utilisation: tuple[Decimal | None, Decimal | None] = (None, None)


class PoolScale:
    """Weighs the moves in pools of two tokens with the facts at hand."""

    def __init__(self, at: Situation, listed: dict[str, TokenDef]) -> None:
        self._at, self._listed = at, listed

    def first_asks(self, move: Move) -> Iterator[Ask[Any]]:
        """Ask what the pool is, then what its tokens are and are worth."""
        pool = Pool(move.first.address, move.ranged)
        yield pool
        info = self._at.facts.get(pool)
        if info is None:
            return
        for token in (info.token0, info.token1):
            ours = self._listed.get(token)
            if ours is None:
                yield Token(token)
            else:
                yield from price_asks(ours, self._at.chain)
        listing = self._listing(info)
        if listing is not None:
            yield listing

    def last_asks(self, move: Move) -> Iterator[Ask[Any]]:
        """Ask what only an alert needs."""
        yield Sender(move.first.tx)
        info = self._at.facts.get(Pool(move.first.address, move.ranged))
        if info is not None and move.ranged:
            yield State(move.first.address)
        if info is not None and (move.ranged or not self._verified(move, info)):
            yield from (Holding(token, move.first.address) for token in (info.token0, info.token1))

    def weigh(self, move: Move) -> Weight | None:
        """Weigh a move; None when what emitted it is not a pool."""
        facts, pool = self._at.facts, move.first.address
        info = facts.get(Pool(pool, move.ranged))
        if info is None:
            return None
        verified = self._verified(move, info)
        coins = (self._currency(info.token0), self._currency(info.token1))
        held = (facts.get(Holding(info.token0, pool)), facts.get(Holding(info.token1, pool)))
        backed = tuple(
            verified or h is None or max(h.before or 0, h.after or 0) >= abs(raw)
            for h, raw in zip(held, (move.raw0, move.raw1), strict=True)
        )
        moved = [real for real, raw in zip(backed, (move.raw0, move.raw1), strict=True) if raw]
        if not any(moved):
            return None
        amounts = (_amount(coins[0], move.raw0, backed[0]), _amount(coins[1], move.raw1, backed[1]))
        swap = move.action == "swap"
        before_raw = (held[0].before if held[0] else None, held[1].before if held[1] else None)
        before, after = _standings(move, before_raw)
        return Weight(
            move=move,
            tokens=(info.token0, info.token1),
            pool_name=self._name(info, coins, verified),
            verified=verified,
            amounts=amounts,
            usd=traded(amounts) if swap else total(amounts),
            usd_at_least=traded_at_least(amounts) if swap else at_least(amounts),
            share=self._share(move, before_raw),
            before=_said(coins, before),
            after=_said(coins, after),
            actor=facts.get(Sender(move.first.tx)) or "",
        )

    def _listing(self, info: PoolInfo) -> Listing | None:
        factory = factory_of(self._at.chain.id, info.factory)
        if factory is None or info.factory is None:
            return None
        key = {"pair": 0, "fee": info.fee, "tick_spacing": info.tick_spacing}[factory.keyed]
        return None if key is None else Listing(info.factory, factory.keyed, info.token0, info.token1, key)

    def _verified(self, move: Move, info: PoolInfo) -> bool:
        listing = self._listing(info)
        return listing is not None and self._at.facts.get(listing) == move.first.address

    def _currency(self, token: str) -> Currency:
        facts, ours = self._at.facts, self._listed.get(token)
        quoted = price_of(ours, self._at.chain, facts, self._at.header.time_s)
        return currency(token, self._listed, None if ours else facts.get(Token(token)), quoted)

    def _name(self, info: PoolInfo, coins: tuple[Currency, Currency], verified: bool) -> str:  # noqa: FBT001 - private
        factory = factory_of(self._at.chain.id, info.factory) if verified else None
        name = f"{factory.name if factory else UNVERIFIED} {coins[0].label}/{coins[1].label}"
        if info.fee is not None and factory is not None:
            name += f" {(Decimal(info.fee) / _MILLIONTHS_TO_PERCENT).normalize():f}%"
        return name

    def _share(self, move: Move, held: tuple[int | None, int | None]) -> Share:
        if not move.ranged:
            return share_of_pair(move)
        state = self._at.facts.get(State(move.first.address))
        return share_of_range(move, state.tick if state else None, state.liquidity if state else None, held)


def _amount(coin: Currency, raw: int, backed: bool) -> Amount:  # noqa: FBT001 - private
    """Say an amount; what an unknown pool does not hold has no price."""
    return (coin if backed else coin._replace(price=None)).amount(raw)


Pair = tuple[int, int]


def _standings(move: Move, held: tuple[int | None, int | None]) -> tuple[Pair | None, Pair | None]:
    """Give the pool's tokens before and after: a pair's reserves from its own logs; a ranged pool's balances at the
    block before, and the same with this move (what a burn left to be collected counts as gone).
    """
    if not move.ranged:
        return pair_reserves(move) or (None, None)
    if held[0] is None or held[1] is None:
        return None, None
    after = (held[0] + move.pool0, held[1] + move.pool1)
    return (held[0], held[1]), after if min(after) >= 0 else None


def _said(coins: tuple[Currency, Currency], raws: Pair | None) -> tuple[Amount, ...]:
    return () if raws is None else (coins[0].amount(raws[0]), coins[1].amount(raws[1]))
