"""What has a time, not a block: housekeeping. Job store in memory, rebuilt at each start; nothing is pickled.

Source: APScheduler 3 documentation, "Configuring the scheduler": without `misfire_grace_time=None` a job that comes
late by a second is dropped.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from watchers.errors import StoreError
from watchers.store import ChainStore

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(hours=6)
DAY_MS: Final = 86_400_000


async def prune(stores: Iterable[ChainStore], keep_d: int, clock_ms: Callable[[], int]) -> int:
    """Drop history and settled alerts older than the retention; give how many entries went."""
    gone = 0
    for store in stores:
        try:
            gone += await store.prune(clock_ms() - keep_d * DAY_MS)
        except StoreError as error:
            log.warning("history could not be pruned", chain=store.chain_id, why=str(error))
    return gone


@contextmanager
def housekeeping(stores: Iterable[ChainStore], keep_d: int, clock_ms: Callable[[], int]) -> Iterator[AsyncIOScheduler]:
    """Run the jobs while the context lasts."""
    scheduler = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1})
    every = {"seconds": int(EVERY.total_seconds())}
    scheduler.add_job(prune, "interval", args=(list(stores), keep_d, clock_ms), id="prune", **every)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown(wait=False)
