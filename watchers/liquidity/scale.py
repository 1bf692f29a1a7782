"""The scale of one block: weighs a move as what it moved in asks for, a pool of two tokens or a lending market.

In a market that is known every contract is believed, so a move needs no word of a factory, and only an alert asks more
than prices: what the reserve is, and then, in one request, how it stood before.
"""

from collections.abc import Iterator
from typing import Any

from config.settings import TokenDef
from watchers.facts import Ask, Token
from watchers.liquidity.asks import Lent, Reserve, Sender
from watchers.liquidity.loans import Stand, after, share_of_reserve, utilisation
from watchers.liquidity.markets import MARKETS
from watchers.liquidity.moves import Move
from watchers.liquidity.value import at_least, total, traded, traded_at_least
from watchers.liquidity.weight import PoolScale, Weight
from watchers.price import currency, price_asks, price_of
from watchers.wing import Situation


class LoanScale:
    """Weighs the moves in lending markets."""

    def __init__(self, at: Situation, listed: dict[str, TokenDef]) -> None:
        self._at, self._listed = at, listed

    def first_asks(self, move: Move) -> Iterator[Ask[Any]]:
        """Ask what the tokens are and are worth."""
        for token in _tokens(move):
            ours = self._listed.get(token)
            if ours is None:
                yield Token(token)
            else:
                yield from price_asks(ours, self._at.chain)

    def last_asks(self, move: Move) -> Iterator[Ask[Any]]:
        """Ask what only an alert needs."""
        yield Sender(move.first.tx)
        reserve = self._reserve(move)
        if reserve is not None:
            yield reserve
            receipts = self._at.facts.get(reserve)
            if receipts is not None:
                yield Lent(move.first.token0, receipts)

    def weigh(self, move: Move) -> Weight | None:
        """Weigh a move; None on a chain where the address is no market's."""
        facts, first = self._at.facts, move.first
        market = MARKETS.get((first.chain_id, first.address))
        reserve = self._reserve(move)
        if market is None or reserve is None:
            return None
        now_s = self._at.header.time_s
        coins = []
        for token in _tokens(move):
            ours = self._listed.get(token)
            quoted = price_of(ours, self._at.chain, facts, now_s)
            coins.append(currency(token, self._listed, None if ours else facts.get(Token(token)), quoted))
        amounts = tuple(coin.amount(raw) for coin, raw in zip(coins, (move.raw0, move.raw1), strict=False))
        receipts = facts.get(reserve)
        before = facts.get(Lent(first.token0, receipts)) if receipts is not None else None
        left = after(move, before)
        both_sides = move.action == "liquidation"  # the same money twice: what was taken and what was paid for it

        def said(stand: Stand | None) -> tuple[Any, ...]:
            return () if stand is None or stand.available is None else (coins[0].amount(stand.available),)

        return Weight(
            move=move,
            tokens=_tokens(move),
            pool_name=f"{market.name} {'/'.join(coin.label for coin in coins)}",
            verified=True,
            amounts=amounts,
            usd=traded(amounts) if both_sides else total(amounts),
            usd_at_least=traded_at_least(amounts) if both_sides else at_least(amounts),
            share=share_of_reserve(move, before),
            before=said(before),
            after=said(left),
            actor=facts.get(Sender(first.tx)) or "",
            utilisation=(utilisation(before), utilisation(left)),
        )

    def _reserve(self, move: Move) -> Reserve | None:
        first = move.first
        market = MARKETS.get((first.chain_id, first.address))
        return None if market is None else Reserve(first.address, first.token0, market.protocol)


class Scale:
    """Weighs the moves of one block with the facts at hand."""

    def __init__(self, at: Situation, listed: dict[str, TokenDef]) -> None:
        self._pools, self._loans = PoolScale(at, listed), LoanScale(at, listed)

    def first_asks(self, move: Move) -> Iterator[Ask[Any]]:
        """Ask what a move moved in, and what its tokens are and are worth."""
        return (self._loans if move.lent else self._pools).first_asks(move)

    def last_asks(self, move: Move) -> Iterator[Ask[Any]]:
        """Ask what only an alert needs."""
        return (self._loans if move.lent else self._pools).last_asks(move)

    def weigh(self, move: Move) -> Weight | None:
        """Weigh a move; None when what emitted it is no pool."""
        return (self._loans if move.lent else self._pools).weigh(move)


def _tokens(move: Move) -> tuple[str, ...]:
    return tuple(token for token in (move.first.token0, move.first.token1) if token)
