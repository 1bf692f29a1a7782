"""The "Snooze" button: silence about one subject in one channel for 1 h, 8 h or 24 h. It ends by itself."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.cards.card import Button, Card
from bot.cards.frame import SNOOZE
from bot.deliver.mute import HOURS
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.tree import answer_error
from watchers.errors import UserError

HOUR_MS = 3_600_000


def offer(chain_id: int, alert_id: str) -> Card:
    """Offer the three spans."""
    return Card(
        headline="Snooze this subject here for",
        facts=("Everybody in this channel stops hearing of it for that long; other subjects go on.",),
        buttons=tuple(Button(f"{h} h", custom_id=f"{SNOOZE}:{chain_id}:{alert_id}:{h}") for h in HOURS),
    )


def done(hours: int, until_ms: int) -> Card:
    """Say until when."""
    return Card(
        headline=f"Snoozed for {hours} h",
        accent="good",
        facts=(f"This channel hears of it again <t:{until_ms // 1000}:R>. Cards already posted stay up to date.",),
    )


def check_asker(asked: Asked) -> None:
    """Raise UserError for who may not silence a channel for everybody."""
    if not (asked.permissions.manage_messages or asked.permissions.manage_guild):
        raise UserError("Snoozing silences the channel for everybody, so it needs the permission Manage Messages here.")


def items(desk: Desk) -> list[type[ui.DynamicItem[Any]]]:
    """Give the button's handlers: the offer and its three answers."""

    class Snooze(
        ui.DynamicItem[ui.Button[Any]],
        template=rf"{SNOOZE}:(?P<chain>\d+):(?P<alert>[0-9a-f]{{32}})(?::(?P<hours>\d+))?",
    ):
        def __init__(self, chain_id: int, alert_id: str, hours: int | None) -> None:
            tail = f":{hours}" if hours else ""
            super().__init__(ui.Button(label="Snooze", custom_id=f"{SNOOZE}:{chain_id}:{alert_id}{tail}"))
            self.chain_id, self.alert_id, self.hours = chain_id, alert_id, hours

        @classmethod
        async def from_custom_id(cls, _asked: Asked, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
            return cls(int(match["chain"]), match["alert"], int(match["hours"]) if match["hours"] else None)

        async def callback(self, asked: Asked) -> None:
            async def work() -> Card:
                check_asker(asked)
                if self.hours is None:
                    return offer(self.chain_id, self.alert_id)
                return await self._snooze(asked, self.hours)

            try:
                await reply(asked, work(), private=True)
            except discord.DiscordException as error:
                await answer_error(asked, error)

        async def _snooze(self, asked: Asked, hours: int) -> Card:
            state = await desk.alert(self.chain_id, self.alert_id)
            if state is None or asked.channel_id is None:
                raise UserError("This alert is older than what is kept here, so there is nothing left to snooze.")
            if hours not in HOURS:
                raise UserError(f"A snooze lasts {', '.join(map(str, HOURS))} h.")
            now_ms = desk.clock_ms()
            until_ms = now_ms + hours * HOUR_MS
            await desk.mutes.snooze(
                asked.channel_id,
                state.alert.subject,
                until_ms,
                guild_id=asked.guild_id or 0,
                by=asked.user.id,
                now_ms=now_ms,
            )
            return done(hours, until_ms)

    return [Snooze]
