"""`/bundlers`: who sends user operations to the chain: how many, how well, at what cost, and how few carry most."""

from typing import Any, cast

from discord import app_commands
from discord.app_commands import Choice

from bot import choices
from bot.cards.card import Card
from bot.desk import Desk
from bot.infrastructure import PERIODS, Period
from bot.market import look
from bot.reply import Asked, reply


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="bundlers", description="Who sends user operations: success, cost, share of all")
    @app_commands.describe(chain="One chain only", period="How far back, 7 days if not said")
    @app_commands.autocomplete(chain=choices.chains(desk))
    @app_commands.choices(period=[Choice(name=name, value=name) for name in PERIODS])
    async def bundlers(asked: Asked, chain: str | None = None, period: str = "7 d") -> None:
        async def work() -> Card:
            return await look("bundler", cast("Period", period), choices.the_chain(desk, chain), desk)

        await reply(asked, work())

    return [bundlers]
