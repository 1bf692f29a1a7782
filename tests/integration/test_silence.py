"""Silence is said, by the constants that an operator gets: how long after the last block, where, and the gap."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Sequence
from itertools import count

import pytest
from redis.asyncio import Redis

from bot.cards.card import Card
from bot.operator import OperatorChannel
from tests import delivery_world
from tests.governed import World, world
from tests.node import Node
from watchers.chain.block import Cursor
from watchers.chain.steps import Head, Step
from watchers.errors import NotDelivered
from watchers.supervisor import Follower

OPERATORS = 7
LAST_S = 1.7  # when the last block comes: at no round time, since looking now and then would meet those by luck
REAL_S = 10.0


class HandClock:
    """A clock that the test moves; whoever sleeps until then wakes on the way, in order."""

    def __init__(self) -> None:
        self.now, self._order = 0.0, count()
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), woken))
        await woken.wait()

    async def move(self, to: float) -> None:
        """Let time pass up to `to`."""
        await asyncio.sleep(0.01)  # who is at work gets to its next sleep
        while self._sleepers and self._sleepers[0][0] <= to:
            self.now, _, woken = heapq.heappop(self._sleepers)
            woken.set()
            await asyncio.sleep(0.01)
        self.now = to


class Standstill:
    """A feed that gives two blocks, then nothing but the same head, then what was mined meanwhile."""

    def __init__(self, w: World, clock: HandClock) -> None:
        self._world, self._clock = w, clock
        self.begun, self.stands, self.moves = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, _start: Cursor | None, _ring: Sequence[Cursor]) -> AsyncIterator[Step]:
        yield self._world.step(1)
        self.begun.set()
        await self._clock.sleep(LAST_S)
        yield self._world.step(2)
        head = self._world.node.head
        self.stands.set()
        while not self.moves.is_set():
            yield Head(head)
            await self._clock.sleep(1.0)
        for number in range(3, self._world.node.head + 1):
            yield self._world.step(number)
        await asyncio.Event().wait()


class Away(delivery_world.FakeDiscord):
    """A Discord that is away while the test says so."""

    is_away, turned_away = True, 0

    async def post(self, channel_id: int, card: Card, nonce: str) -> int:
        if self.is_away:
            self.turned_away += 1
            raise NotDelivered("Discord is away")
        return await super().post(channel_id, card, nonce)


@pytest.mark.parametrize(("block_time_s", "due_s"), [(0.25, 30.0), (2.0, 30.0), (12.0, 36.0)])
async def test_a_stall_is_in_the_operators_channel_after_three_block_times_and_no_less_than_30_s(
    redis: Redis, block_time_s: float, due_s: float
) -> None:
    node, clock = Node(), HandClock()
    node.mine_many(2)
    discord = delivery_world.FakeDiscord(delivery_world.Clock())

    def told() -> list[tuple[str, str]]:
        return [(m.card.headline, " ".join(m.card.facts)) for m in discord.channels.get(OPERATORS, ())]

    async with world(node, redis) as w, asyncio.timeout(REAL_S):
        await w.store.release(w.pipeline._epoch)
        feed, chain = Standstill(w, clock), w.chain.model_copy(update={"block_time_s": block_time_s})
        operator = OperatorChannel(discord, OPERATORS)
        followed = Follower(chain, w.store, w.pipeline, feed, operator, holder="me", clock=clock, sleep=clock.sleep)
        following = asyncio.create_task(followed.follow())
        try:
            await feed.begun.wait()
            await clock.move(LAST_S)
            await feed.stands.wait()
            await clock.move(LAST_S + due_s - 0.5)
            assert told() == []
            await clock.move(LAST_S + due_s + 0.5)
            ((headline, facts),) = told()
            assert headline == "Testnet stands still"
            assert f"for **{due_s:.0f} s**" in facts

            node.mine_many(7)
            await clock.move(LAST_S + due_s + 84.0)
            assert len(told()) == 1
            feed.moves.set()
            await clock.move(LAST_S + due_s + 86.0)
            while len(told()) < 2:  # noqa: ASYNC110 - what is waited for is state, not an event
                await asyncio.sleep(0.002)
            headline, facts = told()[1]
            assert headline == "Testnet moves again"
            assert f"for **{int(due_s + 85) // 60} min**; 7 blocks were behind" in facts
            await clock.move(LAST_S + due_s + 90.0)
            assert len(told()) == 2
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def test_a_stall_that_begins_while_discord_is_away_is_told_when_it_is_back_and_holds_no_block_up(
    redis: Redis,
) -> None:
    node, clock = Node(), HandClock()
    node.mine_many(2)
    discord = Away(delivery_world.Clock())

    async with world(node, redis) as w, asyncio.timeout(REAL_S):
        await w.store.release(w.pipeline._epoch)
        feed, operator = Standstill(w, clock), OperatorChannel(discord, OPERATORS)
        followed = Follower(w.chain, w.store, w.pipeline, feed, operator, holder="me", clock=clock, sleep=clock.sleep)
        following = asyncio.create_task(followed.follow())
        try:
            await feed.begun.wait()
            await clock.move(LAST_S)
            await feed.stands.wait()
            await clock.move(LAST_S + 300.0)
            assert discord.turned_away > 3
            assert discord.channels.get(OPERATORS, []) == []
            discord.is_away = False
            await clock.move(LAST_S + 400.0)
            (stalled,) = discord.channels[OPERATORS]
            assert stalled.card.headline == "Testnet stands still"
            assert "for **5 min**" in " ".join(stalled.card.facts)  # for how long by now, not when it began

            discord.is_away = True
            feed.moves.set()
            node.mine_many(3)
            await clock.move(LAST_S + 402.0)
            while w.pipeline.counters.blocks < 5:  # noqa: ASYNC110 - what is waited for is state, not an event
                await asyncio.sleep(0.002)
            assert len(discord.channels[OPERATORS]) == 1
            discord.is_away = False
            await clock.move(LAST_S + 430.0)
            assert [m.card.headline for m in discord.channels[OPERATORS]][1:] == ["Testnet moves again"]
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
