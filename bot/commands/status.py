"""`/status`: is Tribune well: each chain's lag, the node it reads, the queue, what is paused."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot.cards.card import Card
from bot.desk import Desk, Line
from bot.reply import Asked, reply


def answer(lines: Sequence[Line]) -> Card:
    """Say first whether all is well; a sign and a word for each line, never colour alone."""
    ill = [line for line in lines if not line.well]
    return Card(
        headline="All is well" if not ill else f"{len(ill)} of {len(lines)} need attention",
        accent="good" if not ill else "warning",
        facts=tuple(f"{'✓' if line.well else '✗'} **{line.what}** {line.how}" for line in lines),
        small="asked just now",
    )


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="status", description="Is Tribune well: chains, nodes, queue, paused channels")
    async def status(asked: Asked) -> None:
        async def work() -> Card:
            return answer(await desk.status())

        await reply(asked, work(), private=True)

    return [status]
