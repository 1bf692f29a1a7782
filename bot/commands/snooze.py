"""The "Snooze" button: silence about one subject in one channel for 1 h, 8 h or 24 h. It ends by itself, or by hand."""

import re
from typing import Any, Self

from discord import ui

from bot.cards.card import Button, Card
from bot.cards.frame import SNOOZE
from bot.deliver.mute import HOURS
from bot.desk import Desk
from bot.reply import Asked
from bot.terms import heard_in
from bot.tree import answer_button
from watchers.errors import UserError

HOUR_MS = 3_600_000
WAKE = 0  # in the place of the hours: end the snooze


def offer(chain_id: int, alert_id: str) -> Card:
    """Offer the three spans."""
    return Card(
        headline="Snooze this subject here for",
        facts=("Everybody in this channel stops hearing of it for that long; other subjects go on.",),
        buttons=tuple(Button(f"{h} h", custom_id=f"{SNOOZE}:{chain_id}:{alert_id}:{h}") for h in HOURS),
    )


def done(hours: int, until_ms: int, key: str) -> Card:
    """Say until when, and let it be ended before."""
    return Card(
        headline=f"Snoozed for {hours} h",
        accent="good",
        facts=(f"This channel hears of it again <t:{until_ms // 1000}:R>. Cards already posted stay up to date.",),
        buttons=(Button("Wake it now", custom_id=f"{SNOOZE}:{key}:{WAKE}"),),
    )


def awake() -> Card:
    """Say that a snooze is over."""
    return Card(headline="No longer snoozed", accent="good", facts=("This channel hears of it again from now on.",))


def check_asker(asked: Asked) -> None:
    """Raise UserError for who may not silence a channel for everybody."""
    if not (asked.permissions.manage_messages or asked.permissions.manage_guild):
        raise UserError("Snoozing silences the channel for everybody, so it needs the permission Manage Messages here.")


def items(desk: Desk) -> list[type[ui.DynamicItem[Any]]]:
    """Give the button's handlers: the offer, its three answers, and the end."""

    class Snooze(
        ui.DynamicItem[ui.Button[Any]],
        template=rf"{SNOOZE}:(?P<chain>\d+):(?P<alert>[0-9a-f]{{32}})(?::(?P<hours>\d{{1,3}}))?",
    ):
        def __init__(self, chain_id: int, alert_id: str, hours: int | None) -> None:
            tail = f":{hours}" if hours is not None else ""
            super().__init__(ui.Button(label="Snooze", custom_id=f"{SNOOZE}:{chain_id}:{alert_id}{tail}"))
            self.chain_id, self.alert_id, self.hours = chain_id, alert_id, hours

        @classmethod
        async def from_custom_id(cls, _asked: Asked, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
            return cls(int(match["chain"]), match["alert"], int(match["hours"]) if match["hours"] is not None else None)

        async def callback(self, asked: Asked) -> None:
            async def work() -> Card:
                check_asker(asked)
                if self.hours is None:
                    return offer(self.chain_id, self.alert_id)
                return await self._snooze(asked, self.hours)

            await answer_button(asked, work(), in_place=self.hours is not None)

        async def _snooze(self, asked: Asked, hours: int) -> Card:
            state = await desk.alert(self.chain_id, self.alert_id)
            if state is None or asked.channel_id is None:
                raise UserError("This alert is older than what is kept here, so there is nothing left to snooze.")
            channel_id = await heard_in(asked.channel, asked.channel_id, desk)
            subject, guild_id, now_ms = state.alert.subject, asked.guild_id or 0, desk.clock_ms()
            if hours == WAKE:
                await desk.mutes.end(channel_id, subject, guild_id=guild_id, by=asked.user.id, now_ms=now_ms)
                return awake()
            if hours not in HOURS:
                raise UserError(f"A snooze lasts {', '.join(map(str, HOURS))} h.")
            until_ms = now_ms + hours * HOUR_MS
            await desk.mutes.snooze(channel_id, subject, until_ms, guild_id=guild_id, by=asked.user.id, now_ms=now_ms)
            return done(hours, until_ms, f"{self.chain_id}:{self.alert_id}")

    return [Snooze]
