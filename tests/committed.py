"""A chain's store, blocks to commit to it, and a reader that empties its outbox."""

from typing import Any

from redis.asyncio import Redis

from tests.alerts import an_alert
from watchers.alert import Alert
from watchers.chain.block import Cursor
from watchers.store import ChainStore, Change, CommittedBlock

TTL_MS = 60_000


def at(number: int, fork: str = "a") -> Cursor:
    return Cursor(number, f"0x{fork}{number}")


def alert(block: int, n: int = 0, **bent: Any) -> Alert:
    return an_alert(id=f"{n:032x}", chain_id=1, block=block, **bent)


def block(number: int, *alerts: Alert, fork: str = "a", found: tuple[Any, ...] = (), **bent: Any) -> CommittedBlock:
    return CommittedBlock(at(number, fork), 1_000 + number, found, alerts, **bent)


def chain(redis: Redis, **bent: Any) -> ChainStore:
    return ChainStore(redis, 1, clock_ms=lambda: 5, **bent)


async def held(store: ChainStore, holder: str = "me") -> int:
    epoch = await store.acquire(holder, TTL_MS)
    assert epoch is not None
    return epoch


async def in_hand(store: ChainStore, consumer: str = "c", count: int = 100) -> list[Change]:
    found = await store.changes(consumer, count=count, block_ms=0)
    readable = [change for change in found if isinstance(change, Change)]
    assert readable == found
    return readable


async def drain(store: ChainStore, consumer: str = "c") -> list[Change]:
    found = await in_hand(store, consumer)
    for change in found:
        await store.settle(change.entry_id)
    return found
