"""From the start of the process until it may be relied on, beside the import of discord.py alone."""

from collections.abc import Sequence
from statistics import median

from bench.figure import Figure, at_most
from bench.process import CHAINS, bare, bot, world

RUNS = 5
MOST_S = 3


async def measure() -> Sequence[Figure]:
    """Start the bot on empty data a few times, and a bare Python as often."""
    async with world() as around:
        ready = []
        for _ in range(RUNS):
            async with bot(around) as running:
                ready.append(running.ready_s)
    imported = [(await bare("import discord"))[0] for _ in range(RUNS)]
    note = (
        f"until /readyz says ready: engine started, Discord connected, commands synced, {CHAINS} chains read; "
        f"empty data, no history; median of {RUNS}"
    )
    return (Figure("start", median(ready), "s", "import discord", median(imported), at_most(MOST_S), note),)
