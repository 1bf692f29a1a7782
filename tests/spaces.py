"""A Snapshot hub with spaces that are followed: ledgers that come and go over one store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from redis.asyncio import Redis

from config.settings import Chain, Dao, ReminderWatch, Runtime, Settings, VoteWatch
from tests.hub import SPACE, FakeHub, serving
from tests.node import Clock
from watchers.alert import AlertState, Followed, ProposalFacts, VoteFacts
from watchers.history import History
from watchers.snapshot.hub import Hub
from watchers.snapshot.ledger import Ledger, Reading
from watchers.store import ChainStore

NOW = 1_780_000_000
DAY = 86_400
CHAIN_ID = 77
W = 10**18
FOR, AGAINST, ABSTAIN = 1, 2, 3


def settings_of(url: str, *spaces: str) -> Settings:
    chain = Chain.model_validate(
        {
            "key": "snapshot", "id": CHAIN_ID, "name": "Snapshot", "native": "votes", "hub": True, "endpoints": [url],
            "explorer": "https://snapshot.box", "block_time_s": 60, "confirmations": 1, "requests_per_s": 1,
        }
    )  # fmt: skip
    daos = {
        space: Dao.model_validate(
            {
                "key": space.split(".")[0], "name": space, "chain": "snapshot", "protocol": "snapshot", "space": space,
                "clock": "timestamp", "governor": f"0x{at:040x}",
                "proposal_url": f"https://snapshot.box/#/s:{space}/proposal/{{id}}",
            }
        )
        for at, space in enumerate(spaces, 1)
    }  # fmt: skip
    watches = (
        VoteWatch(kind="vote", name="large"),
        ReminderWatch(kind="reminder", name="ends", hours=(24, 3)),
    )
    return Settings(runtime=Runtime(), chains={chain.key: chain}, daos=daos, tokens=(), labels=(), watches=watches)


class World:
    """A hub, a store, and ledgers between them; `now_s` moves only when told."""

    def __init__(self, fake: FakeHub, redis: Redis, session: aiohttp.ClientSession) -> None:
        self.fake, self.redis, self.session, self.now_s = fake, redis, session, NOW
        self.store = ChainStore(redis, CHAIN_ID, clock_ms=lambda: 0)
        self.history = History(redis, [CHAIN_ID])
        self.clock = Clock()
        self.spaces: tuple[str, ...] = (SPACE,)
        self.ledger = self.fresh()

    def fresh(self) -> Ledger:
        """Give the ledger of a process that has just started."""
        settings = settings_of(self.fake.url, *self.spaces)
        chain = settings.chains["snapshot"]
        hub = Hub(chain, self.session, clock=self.clock, sleep=self.clock.sleep)
        return Ledger(settings, chain, hub, self.store, self.history, clock=lambda: self.now_s)

    async def restart(self) -> None:
        self.ledger = self.fresh()
        epoch = await self.store.acquire("test", 60_000)
        if epoch is None:
            await self.redis.delete(f"{{c:{CHAIN_ID}}}:lease")
            epoch = await self.store.acquire("test", 60_000)
        assert epoch is not None
        self.ledger.begin(epoch, await self.store.cursor(), await self.store.history_to())

    async def read(self, after_s: int = 60) -> None:
        """Let time pass and read once."""
        self.now_s += after_s
        await self.ledger.take(Reading(self.now_s))

    async def said(self, kind: Any = None) -> list[AlertState]:
        """Give what was told, oldest first."""
        return (await self.history.alerts(kind=kind, chain_id=CHAIN_ID))[::-1]

    async def votes(self) -> list[VoteFacts]:
        return [one.alert.facts for one in await self.said("vote") if isinstance(one.alert.facts, VoteFacts)]

    async def followed(self) -> Followed:
        """Give how the one proposal stands that is followed."""
        (one,) = [facts.followed for facts in await self.steps() if facts.followed is not None]
        return one

    async def steps(self) -> list[ProposalFacts]:
        return [one.alert.facts for one in await self.said("proposal") if isinstance(one.alert.facts, ProposalFacts)]


@asynccontextmanager
async def world(redis: Redis) -> AsyncIterator[World]:
    async with serving(FakeHub()) as fake, aiohttp.ClientSession() as session:
        made = World(fake, redis, session)
        await made.restart()
        yield made


@asynccontextmanager
async def world_with_a_proposal(redis: Redis) -> AsyncIterator[World]:
    """A hub with one proposal that is open for days, kept by a first reading."""
    async with world(redis) as made:
        made.fake.propose(1, created=NOW - DAY, start=NOW - DAY, end=NOW + 3 * DAY)
        await made.read(0)
        yield made
