"""What has a time, not a block: housekeeping, the day's measures of power, reminders of votes that end soon, trials of
proposals that can run soon, digests. Job store in memory, rebuilt at each start; nothing is pickled.

Source: APScheduler 3 documentation, "Configuring the scheduler": without `misfire_grace_time=None` a job that comes
late by a second is dropped.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, NamedTuple, Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.deliver.record import KEEP_S
from watchers.errors import StoreError

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(hours=6)
REMIND_EVERY: Final = timedelta(minutes=1)
DIGEST_EVERY: Final = timedelta(minutes=1)  # it looks whether one is due
SNAPSHOT_EVERY: Final = timedelta(hours=1)  # a day's first is kept; a book may become whole at any hour
DAY_MS: Final = 86_400_000
SETTINGS_D: Final = 90  # how long it is kept who changed what
ASIDE_D: Final = KEEP_S // 86_400  # then the delivery itself is forgotten


class Records(Protocol):
    """What grows until it is pruned: `ChainStore`, `SettingsHistory`, `Deliveries`."""

    async def prune(self, before_ms: int) -> int:
        """Forget what is older; count it. Raises StoreError."""
        ...


class Shelf(NamedTuple):
    """Records, and for how many days they are kept."""

    name: str
    records: Records
    keep_d: int


async def prune(shelves: Sequence[Shelf], clock_ms: Callable[[], int]) -> int:
    """Drop what is older than its retention; give how many records went."""
    gone = 0
    for shelf in shelves:
        try:
            gone += await shelf.records.prune(clock_ms() - shelf.keep_d * DAY_MS)
        except StoreError as error:
            log.warning("old records could not be dropped", of=shelf.name, why=str(error))
    return gone


@contextmanager
def housekeeping(
    shelves: Sequence[Shelf],
    clock_ms: Callable[[], int],
    snapshot: Callable[[], Awaitable[int]] | None = None,
    remind: Callable[[], Awaitable[int]] | None = None,
    digest: Callable[[], Awaitable[int]] | None = None,
) -> Iterator[AsyncIOScheduler]:
    """Run the jobs while the context lasts; `snapshot` measures what is not measured yet today, `remind` says which
    votes end soon, and tries what can run soon, `digest` sums up the periods that are over.
    """
    scheduler = AsyncIOScheduler(job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1})
    scheduler.add_job(prune, "interval", args=(shelves, clock_ms), id="prune", seconds=int(EVERY.total_seconds()))
    jobs = (("snapshot", snapshot, SNAPSHOT_EVERY), ("remind", remind, REMIND_EVERY), ("digest", digest, DIGEST_EVERY))
    for name, job, every in jobs:
        if job is not None:
            scheduler.add_job(job, "interval", id=name, seconds=int(every.total_seconds()))
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown(wait=False)
