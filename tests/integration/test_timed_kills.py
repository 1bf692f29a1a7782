"""What a clock brings, in a process that is killed before or right after it wrote: said once, and on its way."""

import asyncio
import multiprocessing
import os
import signal
import time
from typing import Any, Literal

import aiohttp
import pytest
from redis.asyncio import Redis

from config.settings import Chain, Settings
from tests.governed import World
from tests.integration import test_reminders as reminding
from tests.integration import test_retrials as retrying
from tests.node import Clock
from watchers.chain.rpc import Rpc
from watchers.delegates import DelegateBooks
from watchers.governance.wing import wing as governance
from watchers.history import History
from watchers.reminders import Reminders
from watchers.retrials import Retrials
from watchers.store import ChainStore, Change
from watchers.valkey import client

Job = Literal["reminders", "retrials"]
When = Literal["before", "after"]
LIFE_S = 30.0


class Mortal(ChainStore):
    """A store whose process ends by SIGKILL before or after the script that writes."""

    when: When = "before"

    async def remind(self, *given: Any, **more: Any) -> Any:
        if self.when == "after":
            await super().remind(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)


def live(job: Job, when: When, settings: Settings, chain: Chain, socket: str, epoch: int) -> None:
    """Run one tick in a process of its own; it does not come back from it."""
    asyncio.run(_live(job, when, settings, chain, socket, epoch))


async def _live(job: Job, when: When, settings: Settings, chain: Chain, socket: str, epoch: int) -> None:
    redis = client(socket)
    async with aiohttp.ClientSession() as session:
        store = Mortal(redis, chain.id, clock_ms=lambda: 0)
        store.when = when
        await ticking(job, settings, store, redis, Rpc(chain, session)).tick(epoch)


def ticking(job: Job, settings: Settings, store: ChainStore, redis: Redis, rpc: Rpc) -> Reminders | Retrials:
    history = History(redis, [rpc.chain.id])
    if job == "retrials":
        return Retrials(settings, store, history, rpc, clock=Clock())
    return Reminders(settings, store, history, DelegateBooks(redis), rpc, governance.families, clock=time.time)


async def killed(job: Job, when: When, w: World, socket: str) -> None:
    given = (job, when, w.pipeline.settings, w.chain, socket, w.pipeline._epoch)
    process = multiprocessing.get_context("forkserver").Process(target=live, args=given, daemon=True)
    process.start()
    async with asyncio.timeout(LIFE_S):
        while process.exitcode is None:  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(0.02)
    assert process.exitcode == -signal.SIGKILL, "it came back without writing"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("job", ["reminders", "retrials"])
async def test_a_process_killed_at_its_write_says_it_once_and_it_reaches_the_channels(
    redis: Redis, engine_socket: str, job: Job, when: When
) -> None:
    node: Any = reminding.a_node() if job == "reminders" else retrying.a_node()
    due = reminding.DEADLINE - reminding.HOUR
    following = (
        reminding.followed(node, redis, 10, 11, 20, due)
        if job == "reminders"
        else retrying.followed(node, redis, retrying.DUE)
    )
    async with following as w:
        if job == "retrials":
            node.fails = (0,)
        for change in await w.store.changes("routed before", count=50, block_ms=0):
            await w.store.settle(change.entry_id)
        await killed(job, when, w, engine_socket)
        ours = ticking(job, w.pipeline.settings, w.store, redis, w.rpc)
        assert await ours.tick(w.pipeline._epoch) == (1 if when == "before" else 0)
        assert await ours.tick(w.pipeline._epoch) == 0
        routed = [c for c in await w.store.changes("next", count=50, block_ms=0) if isinstance(c, Change)]
        told = [c.state for c in routed if not c.state.alert.revises]
        assert [state.rev for state in told] == [1]
        assert len(routed) == (1 if job == "reminders" else 2), "a trial revises the card as well"
