"""Resident memory of the bot that follows five chains, beside a Python that only imports its libraries."""

import asyncio
import sys
from collections.abc import Sequence
from statistics import median

from bench.figure import Figure, at_most
from bench.process import CHAINS, bare, bot, family, resident_mb, world

SAMPLES, EVERY_S = 8, 1.0
MOST_MB = 150
LIBRARIES = "import aiohttp, discord, redis.asyncio; print(open('/proc/self/status').read())"


async def measure() -> Sequence[Figure]:
    """Let the bot run for some blocks and look at it now and then. Raises RuntimeError where there is no /proc."""
    if sys.platform != "linux":
        raise RuntimeError("resident memory is read from /proc, which only Linux has")
    async with world() as around, bot(around) as running:
        own, whole = [], []
        for _ in range(SAMPLES):
            await asyncio.sleep(EVERY_S)
            own.append(resident_mb(running.pid))
            whole.append(sum(map(resident_mb, family(running.pid))))
        blocks = min(node.head for node in around.nodes)
    _, status = await bare(LIBRARIES)
    line = next(text for text in status.splitlines() if text.startswith("VmRSS:"))
    libraries = int(line.split()[1]) * 1024 / 1e6
    beside, target = "import discord, aiohttp, redis", at_most(MOST_MB)
    note = f"VmRSS, {CHAINS} chains followed to block {blocks}, median of {SAMPLES} looks"
    return (
        Figure("memory.bot", median(own), "MB", beside, libraries, target, f"the bot's process; {note}"),
        Figure("memory.all", median(whole), "MB", beside, libraries, target, "with the embedded engine and its leash"),
    )
