"""`/status`: is Tribune well: each chain's lag, the node it reads, the queue, which channels are shut."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot.cards.card import Card
from bot.cards.escape import escape
from bot.desk import Desk, Line
from bot.reply import Asked, reply
from bot.rows import fitting

HOW = 400  # characters of how one line is


def answer(lines: Sequence[Line]) -> Card:
    """Say first whether all is well; a sign and a word for each line, never colour alone. What is not well comes
    first.
    """
    ill = [line for line in lines if not line.well]
    need = "needs" if len(ill) == 1 else "need"
    headline = (
        f"{len(ill)} of {len(lines)} {need} attention" if ill else "All is well" if lines else "Nothing is watched"
    )
    rows = [_line(line) for line in (*ill, *(line for line in lines if line.well))]
    facts, left = fitting(rows)
    return Card(
        headline=headline,
        accent="warning" if ill or not lines else "good",
        facts=facts + ((f"and {left} more",) if left else ()),
        small="asked just now",
    )


def _line(line: Line) -> str:
    # what is wrong may be told in a node's own words
    return f"{'✓' if line.well else '✗'} **{line.what}** {escape(line.how, HOW)}"


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="status", description="Is Tribune well: chains, nodes, queue, shut channels")
    async def status(asked: Asked) -> None:
        async def work() -> Card:
            return answer(await desk.status(asked.guild_id))

        await reply(asked, work(), private=True)

    return [status]
