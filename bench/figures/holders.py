"""What a book of holders costs: the engine's memory, and the time to put it together for an answer."""

import random
import time
from collections.abc import Sequence
from statistics import median

from redis.asyncio import Redis

from bench.figure import Figure
from bench.world import store
from watchers.holders import NOBODY, HolderBooks
from watchers.record import PER_BLOCK, BookChange

HOLDERS = 100_000
A_BLOCK = 200
RUNS = 5
TOKEN = "0x" + "70" * 20


async def measure() -> Sequence[Figure]:
    """Enter holders as the past of a token tells them, and look at what the engine says it uses."""
    draw = random.Random(20)  # noqa: S311 - the same holders in every run
    holders = {draw.randbytes(20).hex(): int(draw.paretovariate(1.1) * 10**18) for _ in range(HOLDERS)}
    changes = [
        BookChange((1 + n // A_BLOCK) * PER_BLOCK + n % A_BLOCK, "t", NOBODY[2:] + who, f"{raw:x}")
        for n, (who, raw) in enumerate(holders.items())
    ]
    async with store() as redis:
        before, books = await _used_mb(redis), HolderBooks(redis)
        await books.fill(1, await books.progress(1, TOKEN, 1), "", changes, HOLDERS)
        used = await _used_mb(redis) - before
        taken = []
        for _ in range(RUNS):
            start = time.perf_counter()
            book = await books.book(1, TOKEN, 1)
            taken.append(time.perf_counter() - start)
    if book.powers != {f"0x{who}": raw for who, raw in holders.items()}:
        raise AssertionError("the book does not hold what was entered")
    note = f"{HOLDERS:,} holders, balances in wei"
    return (
        Figure("holders.memory", used, "MB", None, None, None, f"{note}: what the engine's used_memory grew by"),
        Figure("holders.book", median(taken), "s", None, None, None, f"{note}, read whole; median of {RUNS}"),
    )


async def _used_mb(redis: Redis) -> float:
    info = await redis.info("memory")
    return float(info["used_memory"]) / 1e6
