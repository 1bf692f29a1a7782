"""`/alerts add|list|edit|remove|test`: what a channel hears. For those who manage the server."""

from collections.abc import Sequence
from typing import Any

import discord
import msgspec
from discord import app_commands

from bot import choices
from bot.cards.card import Card
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from bot.store import new_id
from bot.subscription import Subscription
from bot.terms import (
    DIGESTS,
    KINDS,
    Named,
    Where,
    changes,
    check_place,
    check_role,
    check_wish,
    describe,
    same_wish,
    the_one,
)
from watchers.alert import SEVERITIES
from watchers.errors import NotDelivered, StoreError, Undeliverable, UserError

_KIND = [app_commands.Choice(name=name, value=kind) for kind, name in KINDS.items()]
_SEVERITY = [app_commands.Choice(name=name, value=name) for name in SEVERITIES]
_DIGEST = [app_commands.Choice(name=name, value=name) for name in DIGESTS]


def answer_list(found: Sequence[Subscription], desk: Desk) -> Card:
    """List a server's subscriptions by channel."""
    rows: list[str] = []
    last = 0
    for one in sorted(found, key=lambda s: s.channel_id):
        head = f"<#{one.channel_id}>\n" if one.channel_id != last else ""
        last = one.channel_id
        rows.append(f"{head}• {describe(one, desk)}")
    facts, left = fitting(rows)
    more = (f"and {left} more; start typing in `/alerts edit` to find one",) if left else ()
    return Card(
        headline=counted(len(found), "subscription") if found else "Nothing is subscribed yet",
        facts=facts + more or ("Choose a channel and what it should hear with `/alerts add`.",),
        small="edit or remove one by the code in brackets" if found else "",
    )


def code_choices(found: Sequence[Subscription], desk: Desk, channels: dict[int, str]) -> list[tuple[str, str]]:
    """Name subscriptions for the list that `code` offers: `#governance: votes · Uniswap (2ab412c1)`."""
    named = []
    for one in sorted(
        found, key=lambda s: (s.channel_id not in channels, channels.get(s.channel_id, ""), s.created_at_ms)
    ):
        plain = (
            describe(msgspec.structs.replace(one, ping_role=None, paused=""), desk).replace("*", "").replace("`", "")
        )
        place = f"#{channels[one.channel_id]}" if one.channel_id in channels else "a channel that is gone"
        named.append((f"{place}: {plain}", one.id))
    return named


def sample(by: int) -> Card:
    """Give the card that `/alerts test` posts; it can be mistaken for nothing real."""
    return Card(
        headline="This is a test: alerts arrive here",
        accent="neutral",
        facts=("An alert says here what an act **changed**, before → after.",),
        small=f"asked for by <@{by}> · nothing happened on any chain",
    )


class Alerts(app_commands.Group):
    """The five commands, with the desk at hand."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(
            name="alerts",
            description="What this server's channels hear",
            guild_only=True,
            default_permissions=discord.Permissions(manage_guild=True),
        )
        self.desk = desk
        for command, drop in ((self.add, ""), (self.edit, "any")):
            command.autocomplete("dao")(choices.daos(desk, none=drop and f"{drop} DAO"))
            command.autocomplete("chain")(choices.chains(desk, none=drop and f"{drop} chain"))
            kinds = ("vote", "liquidity", "batch", "act")
            command.autocomplete("protocol")(choices.protocols(desk, *kinds, none=drop and f"{drop} protocol"))
        self.edit.autocomplete("code")(self._codes)
        self.remove.autocomplete("code")(self._codes)

    async def interaction_check(self, asked: Asked, /) -> bool:
        """Refuse who does not manage the server: the client's own hiding of commands can be overridden."""
        if asked.guild is None:
            raise app_commands.NoPrivateMessage
        if not asked.permissions.manage_guild:
            raise app_commands.MissingPermissions(["manage_server"])
        return True

    async def _codes(self, asked: Asked, typed: str) -> list[app_commands.Choice[str]]:
        if asked.guild is None or not asked.permissions.manage_guild:
            return []
        try:
            found = await self.desk.subscriptions.of_guild(asked.guild.id)
        except StoreError:
            return []  # the command itself will say what is wrong
        channels = {channel.id: channel.name for channel in (*asked.guild.channels, *asked.guild.threads)}
        return choices.matching(code_choices(found, self.desk, channels), typed)

    @app_commands.command(name="add", description="Let a channel hear of something")
    @app_commands.describe(
        channel="Where to post",
        kind="What to hear",
        dao="One DAO only",
        chain="One chain only",
        protocol="One protocol only",
        min_usd="At least this many dollars",
        min_percent="At least this share of the quorum, of the pool or of the supply, in percent",
        severity="Nothing below this",
        ping="A role to ping",
        threads="Let each proposal start a thread, and put later cards about it there",
        digest="A card each day or week: small votes summed up, outcomes of proposals; for votes and proposals",
    )
    @app_commands.choices(kind=_KIND, severity=_SEVERITY, digest=_DIGEST)
    async def add(
        self,
        asked: Asked,
        channel: Where,
        kind: str | None = None,
        dao: str | None = None,
        chain: str | None = None,
        protocol: str | None = None,
        min_usd: app_commands.Range[int, 0] | None = None,
        min_percent: app_commands.Range[float, 0, 1000] | None = None,
        severity: str | None = None,
        ping: discord.Role | None = None,
        *,
        threads: bool | None = None,
        digest: str | None = None,
    ) -> None:
        """Subscribe a channel."""
        named = Named(channel, kind, dao, chain, protocol, min_usd, min_percent, severity, ping, threads, digest)

        async def work() -> Card:
            guild = _guild(asked)
            check_place(channel, guild.me, threads=bool(threads))
            check_role(ping, channel, guild)
            fresh = Subscription(
                id=new_id(),
                guild_id=guild.id,
                channel_id=channel.id,
                created_by=asked.user.id,
                created_at_ms=self.desk.clock_ms(),
            )
            one = msgspec.structs.replace(fresh, **changes(named, self.desk))
            await self._check(one)
            await self.desk.subscriptions.add(one, by=asked.user.id, now_ms=self.desk.clock_ms())
            more = await self._open(channel.id, asked)
            return Card(
                headline="Subscribed",
                accent="good",
                facts=(f"<#{channel.id}> hears {describe(one, self.desk)}", *more),
                small="`/alerts test` posts a sample there",
            )

        await reply(asked, work(), private=True)

    @app_commands.command(name="list", description="What this server's channels hear")
    async def list_(self, asked: Asked) -> None:
        """List the server's subscriptions."""

        async def work() -> Card:
            return answer_list(await self.desk.subscriptions.of_guild(_guild(asked).id), self.desk)

        await reply(asked, work(), private=True)

    @app_commands.command(name="edit", description="Change a subscription; what is not named stays")
    @app_commands.describe(
        code="Which one; pick from the list",
        channel="Where to post",
        kind="What to hear",
        dao="One DAO only; a minus sign for all",
        chain="One chain only; a minus sign for all",
        protocol="One protocol only; a minus sign for all",
        min_usd="At least this many dollars; 0 for no minimum",
        min_percent="At least this share of quorum, pool or supply, in percent; 0 for no minimum",
        severity="Nothing below this",
        ping="A role to ping; @everyone for none",
        threads="Let each proposal start a thread, and put later cards about it there; False for none",
        digest="A card each day or week that sums up small votes and outcomes of proposals",
    )
    @app_commands.choices(kind=_KIND, severity=_SEVERITY, digest=_DIGEST)
    async def edit(
        self,
        asked: Asked,
        code: str,
        channel: Where | None = None,
        kind: str | None = None,
        dao: str | None = None,
        chain: str | None = None,
        protocol: str | None = None,
        min_usd: app_commands.Range[int, 0] | None = None,
        min_percent: app_commands.Range[float, 0, 1000] | None = None,
        severity: str | None = None,
        ping: discord.Role | None = None,
        *,
        threads: bool | None = None,
        digest: str | None = None,
    ) -> None:
        """Change a subscription."""
        named = Named(channel, kind, dao, chain, protocol, min_usd, min_percent, severity, ping, threads, digest)

        async def work() -> Card:
            guild = _guild(asked)
            before = the_one(await self.desk.subscriptions.of_guild(guild.id), code)
            found = channel or guild.get_channel_or_thread(before.channel_id)
            place = found if isinstance(found, discord.TextChannel | discord.Thread) else None
            if place is not None and (channel is not None or threads):
                check_place(place, guild.me, threads=before.threads if threads is None else threads)
            if ping is not None and not ping.is_default():
                check_role(ping, place, guild)
            changed = changes(named, self.desk)
            if not changed:
                raise UserError("Name at least one thing to change besides the code.")
            after = msgspec.structs.replace(before, **changed)
            await self._check(after)
            await self.desk.subscriptions.edit(before, after, by=asked.user.id, now_ms=self.desk.clock_ms())
            more = await self._open(after.channel_id, asked) if channel is not None else ()
            after = msgspec.structs.replace(after, paused="" if channel is not None else before.paused)
            return Card(
                headline="Changed",
                accent="good",
                facts=(
                    f"**Before** <#{before.channel_id}> {describe(before, self.desk)}",
                    f"**Now** <#{after.channel_id}> {describe(after, self.desk)}",
                    *more,
                ),
            )

        await reply(asked, work(), private=True)

    @app_commands.command(name="remove", description="Let a channel hear of something no more")
    @app_commands.describe(code="Which one; pick from the list")
    async def remove(self, asked: Asked, code: str) -> None:
        """Remove a subscription."""

        async def work() -> Card:
            one = the_one(await self.desk.subscriptions.of_guild(_guild(asked).id), code)
            await self.desk.subscriptions.remove(one, by=asked.user.id, now_ms=self.desk.clock_ms())
            return Card(headline="Removed", facts=(f"<#{one.channel_id}> no longer hears {describe(one, self.desk)}",))

        await reply(asked, work(), private=True)

    @app_commands.command(name="test", description="Post a sample into a channel, to see that it works")
    @app_commands.describe(channel="Where to post; here if not said")
    async def test(self, asked: Asked, channel: Where | None = None) -> None:
        """Post a sample card."""

        async def work() -> Card:
            guild = _guild(asked)
            place = channel or asked.channel
            if not isinstance(place, discord.TextChannel | discord.Thread):
                raise UserError("Name a text channel or a thread to post the sample in.")
            heard = await self.desk.subscriptions.of_channel(place.id)
            check_place(place, guild.me, threads=any(one.threads for one in heard))
            try:
                await self.desk.post(place.id, sample(asked.user.id))
            except (NotDelivered, Undeliverable) as error:
                raise UserError(f"Discord refused the sample: {error}. Check my permissions there.") from None
            more = await self._open(place.id, asked)
            return Card(headline="Posted a sample", accent="good", facts=(f"See <#{place.id}>.", *more))

        await reply(asked, work(), private=True)

    async def _check(self, one: Subscription) -> None:
        """Raise UserError for what cannot be heard, or is heard in that channel already."""
        check_wish(one, self.desk)
        others = await self.desk.subscriptions.of_channel(one.channel_id)
        twin = next((other for other in others if other.id != one.id and same_wish(one, other)), None)
        if twin is not None:
            raise UserError(f"<#{one.channel_id}> hears exactly that already: {describe(twin, self.desk)}.")

    async def _open(self, channel_id: int, asked: Asked) -> tuple[str, ...]:
        """Open a channel that was shut, now that we may post there; say so."""
        now_ms = self.desk.clock_ms()
        opened, waiting = await self.desk.subscriptions.resume(channel_id, by=asked.user.id, now_ms=now_ms)
        follow = f"; {counted(waiting, 'waiting post')} follow{'s' if waiting == 1 else ''}" if waiting else ""
        return (f"The channel was shut and is open again{follow}.",) if opened else ()


def _guild(asked: Asked) -> discord.Guild:
    if asked.guild is None:
        raise app_commands.NoPrivateMessage
    return asked.guild


def commands(desk: Desk) -> list[Any]:
    """Give the group."""
    return [Alerts(desk)]
