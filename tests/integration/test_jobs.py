"""Housekeeping on a real engine: what is kept for a time goes after it, and one shelf's trouble is not another's."""

import time
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.jobs import DAY_MS, DIGEST_EVERY, SETTINGS_D, Shelf, housekeeping, prune
from bot.store import Mutes, SettingsHistory
from watchers.store import ChainStore
from watchers.valkey import client


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def test_changes_of_settings_are_kept_for_90_days_and_then_forgotten(redis: Redis) -> None:
    history, mutes = SettingsHistory(redis), Mutes(redis)
    shelf = Shelf("settings", history, SETTINGS_D)
    for guild_id in range(1, 4):
        await mutes.snooze(5, "x", now_ms() + guild_id * 1_000, guild_id=guild_id, by=7, now_ms=now_ms())
    old = now_ms() - 91 * DAY_MS
    await redis.xtrim("{d:0}:settings:1", maxlen=0)
    await redis.xadd("{d:0}:settings:4", {"change": b"{}"}, id=f"{old}-0")
    assert await prune([shelf], now_ms) == 1
    assert not await redis.exists("{d:0}:settings:1", "{d:0}:settings:4")  # nor is an empty key kept
    assert [len(await history.list(guild_id)) for guild_id in (1, 2, 3)] == [0, 1, 1]
    in_90_days = now_ms() + 90 * DAY_MS
    assert await prune([shelf], lambda: in_90_days - 60_000) == 0
    assert await prune([shelf], lambda: in_90_days + 60_000) == 2
    assert await redis.keys("{d:0}:settings:*") == []


async def test_a_store_that_fails_is_said_and_the_other_shelves_are_pruned(redis: Redis, tmp_path: Path) -> None:
    nobody = client(str(tmp_path / "nobody.sock"))
    shelves = [
        Shelf("chain 1", ChainStore(nobody, 1, clock_ms=now_ms), 90),
        Shelf("settings", SettingsHistory(redis), 90),
    ]
    await redis.xadd("{d:0}:settings:4", {"change": b"{}"}, id=f"{now_ms() - 91 * DAY_MS}-0")
    with capture_logs() as said:
        assert await prune(shelves, now_ms) == 1
    assert [(line["of"], line["why"].rpartition(":")[0]) for line in said] == [
        ("chain 1", "cannot run prune.lua: the store is not reached")
    ]
    await nobody.aclose()


async def test_a_job_that_comes_late_is_still_run(redis: Redis) -> None:
    with housekeeping([Shelf("settings", SettingsHistory(redis), 90)], now_ms) as scheduler:
        (job,) = scheduler.get_jobs()
        assert job.misfire_grace_time is None
        assert job.coalesce


async def test_a_digest_is_looked_for_every_minute_where_somebody_speaks(redis: Redis) -> None:
    async def nothing() -> int:
        return 0

    with housekeeping([Shelf("settings", SettingsHistory(redis), 90)], now_ms, digest=nothing) as scheduler:
        assert scheduler.get_job("digest").trigger.interval == DIGEST_EVERY == timedelta(minutes=1)
    with housekeeping([Shelf("settings", SettingsHistory(redis), 90)], now_ms) as scheduler:
        assert scheduler.get_job("digest") is None
