"""One block's commit, on disk before it returns, beside a plain SET that is on disk as well."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from redis.asyncio import Redis

from bench.figure import Figure
from bench.world import store
from watchers.alert import Alert, BatchFacts, OperationFacts, Reason, alert_id
from watchers.batches.events import BatchResult
from watchers.chain.block import Cursor
from watchers.store import ChainStore, CommittedBlock

RUNS, BLOCKS = 5, 100
TTL_MS = 60_000

Write = Callable[[int], Awaitable[object]]


async def measure() -> Sequence[Figure]:
    """Commit blocks of one event and one alert, one after the other."""
    async with store() as redis:
        ours = await _per_s(await _commit(redis))
        plain = await _per_s(lambda number: redis.set("bench", number))
    note = f"cursor, one event, one alert and its outbox entry in one script, fsync each; median of {RUNS} x {BLOCKS}"
    return (Figure("commit", ours, "blocks/s", "plain SET, fsync each", plain, None, note),)


async def _per_s(write: Write) -> float:
    taken = []
    for run in range(RUNS + 1):  # the first warms up
        start = time.perf_counter()
        async with asyncio.timeout(30):
            for number in range(BLOCKS):
                await write(run * BLOCKS + number)
        taken.append(time.perf_counter() - start)
    return BLOCKS / median(taken[1:])


async def _commit(redis: Redis) -> Write:
    chain = ChainStore(redis, 1, clock_ms=lambda: int(time.time() * 1000))
    epoch = await chain.acquire("bench", TTL_MS)
    if epoch is None:
        raise RuntimeError("the lease of an empty store is taken")

    async def commit(number: int) -> None:
        expected = _block(number - 1).cursor if number else None
        if await chain.commit(epoch, expected, _block(number)) != "ok":
            raise RuntimeError(f"block {number} was committed before")

    return commit


def _block(number: int) -> CommittedBlock:
    digits = f"0x{number + 1:064x}"
    account, entry_point = "0x" + "a1" * 20, "0x0000000071727de22e5e9d8baf0edac6f37da032"
    event = BatchResult(
        protocol="entrypoint", chain_id=1, block=number, tx=digits, tx_index=0, log_index=0, address=entry_point,
        container="EntryPoint", version="0.7", container_id=digits, sender=account, paymaster="", nonce=number,
        success=False, outcome="reverted", reason="", gas_used=21_000, gas_cost_wei=10**15, calls=(),
    )  # fmt: skip
    operation = OperationFacts(
        digits, account, "", success=False, outcome="reverted", reason="", calls=(), gas_cost_wei=10**15
    )
    alert = Alert(
        id=alert_id(1, digits, "batch", 0), kind="batch", chain_id=1, protocol="entrypoint",
        subject=f"bundle:1:{digits}",
        severity="notable", block=number, block_hash=digits, block_time_s=number, tx=digits,
        reasons=(Reason("failed", "operations in trouble", "1 of 1", "1"),),
        facts=BatchFacts("EntryPoint", "0.7", 1, (operation,), "logs"), addresses=(account,),
    )  # fmt: skip
    return CommittedBlock(Cursor(number, digits), number, (event,), (alert,))
