"""Liquidity that moved lately, valued when a member asks: history is read without weighing, and the first day has no
alerts.

Every move of the window but swaps and fees, in the busiest pools and lending markets, is netted and valued at today's
prices, so what must be asked is a few things of each pool and nothing of each move: the pools once per process, then
the feeds, then who signed the moves that are shown. Only pools that a factory we know vouches for are valued; in any
other a contract could say what it likes.
Units: `usd` Decimal dollars, `_s` seconds since 1970.
Errors: none; a chain that cannot be asked is named.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from config.settings import LiquidityWatch, Settings
from watchers.alert import Amount, alert_id
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.history import History, StoredEvent
from watchers.liquidity.asks import Sender
from watchers.liquidity.events import LOAN_ACTIONS, Action, LiquidityMove
from watchers.liquidity.moves import Move
from watchers.liquidity.scale import Scale
from watchers.liquidity.size import net
from watchers.liquidity.weight import Weight
from watchers.price import listed_on
from watchers.vantage import Vantage, View

WINDOW_S = 86_400
SCANNED = 5_000  # moves read from a chain's history, the newest
POOLS = 40  # the busiest of them are valued
SHOWN = 20  # signers asked for
SHOWN_ACTIONS: frozenset[str] = frozenset({"add", "remove"}) | LOAN_ACTIONS
AT_ONCE = 200  # moves weighed before others get a turn


class Valued(NamedTuple):
    """A move and what it would be worth today. `alert_id` is the name that an alert about it has."""

    alert_id: str
    chain_id: int
    protocol: str
    pool_name: str
    action: Action
    amounts: tuple[Amount, ...]
    usd: Decimal
    share_of_pool: Decimal | None
    who: str
    tx: str
    time_s: int


class Appraised(NamedTuple):
    """`moves` newest first: those of `floor` dollars or more (None: each chain's own watch). `largest`: the largest of
    all, for when none reaches it. `priced_at_s`: the oldest price; `out` names the chains that could not be asked.
    """

    moves: list[Valued]
    largest: list[Valued]
    valued: int
    priced_at_s: int | None
    out: list[str]


class _Weighed(NamedTuple):
    weight: Weight
    usd: Decimal
    time_s: int


class Appraiser:
    """Values moves. `rpcs` by chain id: those that this process may ask."""

    def __init__(self, settings: Settings, history: History, rpcs: Mapping[int, Rpc]) -> None:
        self._settings, self._history, self._rpcs = settings, history, rpcs
        self._vantage = Vantage(settings, history)

    async def lately(
        self, *, chain_id: int | None, protocol: str | None, floor: Decimal | None, limit: int
    ) -> Appraised:
        """Value the additions and removals of the last 24 h before each chain's cursor, and what moved in lending
        markets, of all chains or one.
        """
        chosen = [rpc for i, rpc in self._rpcs.items() if chain_id in (None, i)]
        limit = min(limit, SHOWN)
        each = await asyncio.gather(*(self._of_chain(rpc, protocol, floor, limit) for rpc in chosen))
        found = [one for one in each if one is not None]
        moves = sorted((v for one in found for v in one.moves), key=lambda v: -v.time_s)
        largest = sorted((v for one in found for v in one.largest), key=lambda v: -v.usd)
        times = [one.priced_at_s for one in found if one.priced_at_s is not None]
        return Appraised(
            moves[:limit],
            largest[:limit],
            sum(one.valued for one in found),
            min(times) if times else None,
            [rpc.chain.name for rpc, one in zip(chosen, each, strict=True) if one is None],
        )

    def floor_of(self, chain_key: str) -> Decimal:
        """Give the dollars from which the operator's watches call a move on this chain a whale's."""
        watches = (w for w in self._settings.watches if isinstance(w, LiquidityWatch))
        floors = [w.min_usd for w in watches if w.chain in ("*", chain_key) and SHOWN_ACTIONS & set(w.actions)]
        return min(floors, default=Decimal(1_000_000))

    async def _of_chain(self, rpc: Rpc, protocol: str | None, floor: Decimal | None, limit: int) -> Appraised | None:
        try:
            async with self._vantage.over(rpc) as view:
                if view is None:
                    return Appraised([], [], 0, None, [])
                recent = await self._recent(rpc.chain.id, protocol, view.at.header.time_s - WINDOW_S)
                return await self._appraised(view, recent, floor, limit)
        except (ChainError, TimeoutError):
            return None

    async def _recent(self, chain_id: int, protocol: str | None, since_s: int) -> list[StoredEvent]:
        found = await self._history.moves(chain_id=chain_id, protocol=protocol, limit=SCANNED)
        return [stored for stored in found if stored.time_s >= since_s]

    async def _appraised(
        self, view: View, recent: Sequence[StoredEvent], floor: Decimal | None, limit: int
    ) -> Appraised:
        at = view.at
        scale = Scale(at, listed_on(at.chain, at.settings.tokens))
        timed = list(_netted(recent))
        pools = {(move.first.address, move.ranged, move.first.token0, move.first.token1): move for move, _ in timed}
        await view.learn(lambda: (ask for move in pools.values() for ask in scale.first_asks(move)))
        weighed = [one async for one in _weighed(scale, timed)]
        least = self.floor_of(at.chain.key) if floor is None else floor
        passing = sorted((w for w in weighed if w.usd >= least), key=lambda w: -w.time_s)[:limit]
        largest = sorted(weighed, key=lambda w: -w.usd)[:limit]
        shown = dict.fromkeys(w.weight.move.first.tx for w in (*passing, *largest[: SHOWN - len(passing)]))
        await view.learn(lambda: map(Sender, shown))
        actors = {tx: at.facts.get(Sender(tx)) or "" for tx in shown}
        prices = [a.price_time_s for w in (*passing, *largest) for a in w.weight.amounts if a.price_time_s]
        return Appraised(
            [_valued(one, actors) for one in passing],
            [_valued(one, actors) for one in largest],
            len(weighed),
            min(prices) if prices else None,
            [],
        )


def _netted(recent: Iterable[StoredEvent]) -> Iterator[tuple[Move, int]]:
    """Net each block's moves in the busiest pools, as the judge does; give all but swaps and fees, with their time."""
    moves = [(s.event, s.time_s) for s in recent if isinstance(s.event, LiquidityMove)]
    busy = Counter(event.address for event, _ in moves)
    chosen = {pool for pool, _ in busy.most_common(POOLS)}
    kept = [pair for pair in moves if pair[0].address in chosen and pair[0].action != "swap"]
    kept.sort(key=lambda pair: (pair[0].block, pair[0].log_index))
    for _, group in groupby(kept, key=lambda pair: pair[0].block):
        block = list(group)
        for move in net([event for event, _ in block], {}):
            if move.action in SHOWN_ACTIONS:
                yield move, block[0][1]


async def _weighed(scale: Scale, timed: Sequence[tuple[Move, int]]) -> AsyncIterator[_Weighed]:
    for at, (move, time_s) in enumerate(timed):
        if at % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)
        weight = scale.weigh(move)
        if weight is not None and weight.verified and weight.usd is not None:
            yield _Weighed(weight, weight.usd, time_s)


def _valued(one: _Weighed, actors: Mapping[str, str]) -> Valued:
    move, first = one.weight.move, one.weight.move.first
    return Valued(
        alert_id=alert_id(first.chain_id, first.tx, "liquidity", first.position),
        chain_id=first.chain_id,
        protocol=first.protocol,
        pool_name=one.weight.pool_name,
        action=move.action,
        amounts=one.weight.amounts,
        usd=one.usd,
        share_of_pool=one.weight.share.value,
        who=actors.get(first.tx, "") or first.owner,
        tx=first.tx,
        time_s=one.time_s,
    )
