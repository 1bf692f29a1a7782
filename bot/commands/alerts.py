"""`/alerts add|list|edit|remove|test`: what a channel hears. For those who manage the server.

Source: Discord documentation, "Permissions": what a bot needs to post in a channel or a thread.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, get_args

import discord
import msgspec
from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.store import new_id
from bot.subscription import Subscription
from watchers.alert import SEVERITIES, Kind
from watchers.errors import NotDelivered, Undeliverable, UserError

KINDS: dict[str, str] = {
    "*": "everything",
    "vote": "votes",
    "proposal": "proposals",
    "liquidity": "whales",
    "batch": "batches",
}
NEEDED = ("view_channel", "send_messages", "read_message_history")
Where = discord.TextChannel | discord.Thread
_KIND = [app_commands.Choice(name=name, value=kind) for kind, name in KINDS.items()]
_SEVERITY = [app_commands.Choice(name=name, value=name) for name in SEVERITIES]


def describe(one: Subscription, desk: Desk) -> str:
    """Write a subscription as one line that a moderator understands."""
    parts = [f"**{KINDS[one.kind]}**"]
    if one.dao:
        dao = desk.settings.daos.get(one.dao)
        parts.append(dao.name if dao else one.dao)
    if one.protocol:
        parts.append(one.protocol)
    if one.chain_id is not None:
        parts.append(f"on {desk.lexicon.chain_name(one.chain_id)}")
    if one.min_usd is not None:
        parts.append(f"from {figures.usd(one.min_usd)}")
    if one.min_share is not None:
        parts.append(f"from {figures.percent(one.min_share)} of quorum or pool")
    if one.min_severity != "info":
        parts.append(f"only {one.min_severity} and up")
    if one.ping_role:
        parts.append(f"pinging <@&{one.ping_role}>")
    text = " · ".join(parts) + f" (`{one.id}`)"
    return f"{text} **shut: {one.paused}**" if one.paused else text


def answer_list(found: Sequence[Subscription], desk: Desk) -> Card:
    """List a server's subscriptions by channel."""
    facts: list[str] = []
    last = 0
    for one in sorted(found, key=lambda s: s.channel_id):
        if one.channel_id != last:
            facts.append(f"<#{one.channel_id}>")
            last = one.channel_id
        facts.append(f"• {describe(one, desk)}")
    return Card(
        headline=f"{len(found)} subscription{'s' if len(found) != 1 else ''}" if found else "Nothing is subscribed yet",
        facts=tuple(facts) or ("Choose a channel and what it should hear with `/alerts add`.",),
        small="edit or remove one by the code in brackets",
    )


def missing(permissions: discord.Permissions, *, thread: bool) -> list[str]:
    """Name the permissions that the bot lacks to post somewhere, as Discord's settings name them."""
    needed = [*NEEDED, *(["send_messages_in_threads"] if thread else [])]
    return [name.replace("_", " ").title() for name in needed if not getattr(permissions, name)]


def check_place(channel: Where, me: discord.Member) -> None:
    """Raise UserError that names what the bot lacks in a channel."""
    lacking = missing(channel.permissions_for(me), thread=isinstance(channel, discord.Thread))
    if lacking:
        raise UserError(
            f"I cannot post in {channel.mention} yet. Give me there: {', '.join(lacking)}. "
            "Open the channel's settings, Permissions, and allow it for my role; then try again."
        )


def check_role(role: discord.Role | None, asked: Asked) -> None:
    """Raise UserError when an alert must not or could not ping this role."""
    if role is None:
        return
    if role.is_default():
        raise UserError("Alerts never ping everyone. Make a role that members can choose, and name that one.")
    guild = asked.guild
    if guild is not None and not role.mentionable and not guild.me.guild_permissions.mention_everyone:
        raise UserError(f"I may not ping {role.name}: allow anyone to mention it in the role's settings.")


def share_of(percent: float | None) -> Decimal | None:
    """Turn a percentage that somebody typed into an exact share."""
    return None if percent is None else Decimal(str(percent)) / 100


def check_protocol(desk: Desk, kind: str, protocol: str) -> None:
    """Raise UserError for a protocol that does not exist for this kind of news."""
    kinds = [kind] if kind != "*" else list(desk.protocols)
    known = sorted({name for k in kinds for name in desk.protocols.get("vote" if k == "proposal" else k, ())})
    if protocol and protocol not in known:
        raise UserError(f"There is no protocol of that name for {KINDS[kind]}. Pick one of: {', '.join(known)}.")


def the_one(found: Sequence[Subscription], code: str) -> Subscription:
    """Find a subscription by its code. Raises UserError."""
    for one in found:
        if one.id == code.strip().strip("`").lower():
            return one
    raise UserError("No subscription of this server has that code. `/alerts list` shows them.")


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
        for command in (self.add, self.edit):
            command.autocomplete("dao")(choices.daos(desk))
            command.autocomplete("chain")(choices.chains(desk))
            command.autocomplete("protocol")(choices.protocols(desk, "vote", "liquidity", "batch"))
        self.edit.autocomplete("code")(self._codes)
        self.remove.autocomplete("code")(self._codes)

    async def interaction_check(self, asked: Asked, /) -> bool:
        """Refuse who does not manage the server: the client's own hiding of commands can be overridden."""
        if not asked.permissions.manage_guild:
            raise app_commands.MissingPermissions(["manage_server"])
        return True

    async def _codes(self, asked: Asked, typed: str) -> list[app_commands.Choice[str]]:
        found = await self.desk.subscriptions.of_guild(asked.guild_id or 0)
        named = [(f"{KINDS[s.kind]} {s.dao or s.protocol} ({s.id})", s.id) for s in found]
        wanted = typed.casefold()
        hits = [pair for pair in named if wanted in pair[0].casefold()]
        return [app_commands.Choice(name=name, value=code) for name, code in hits[: choices.MOST]]

    @app_commands.command(name="add", description="Let a channel hear of something")
    @app_commands.describe(
        channel="Where to post",
        kind="What to hear",
        dao="One DAO only",
        chain="One chain only",
        protocol="One protocol only",
        min_usd="At least this many dollars",
        min_percent="At least this share of the quorum, or of the pool, in percent",
        severity="Nothing below this",
        ping="A role to ping",
    )
    @app_commands.choices(kind=_KIND, severity=_SEVERITY)
    async def add(
        self,
        asked: Asked,
        channel: Where,
        kind: str = "*",
        dao: str | None = None,
        chain: str | None = None,
        protocol: str | None = None,
        min_usd: app_commands.Range[int, 0] | None = None,
        min_percent: app_commands.Range[float, 0, 1000] | None = None,
        severity: str = "info",
        ping: discord.Role | None = None,
    ) -> None:
        """Subscribe a channel."""

        async def work() -> Card:
            guild = self._guild(asked)
            check_place(channel, guild.me)
            check_role(ping, asked)
            check_protocol(self.desk, kind, protocol or "")
            one_chain = choices.the_chain(self.desk, chain)
            one = Subscription(
                id=new_id(),
                guild_id=guild.id,
                channel_id=channel.id,
                kind=_kind(kind),
                chain_id=one_chain.id if one_chain else None,
                dao=choices.the_dao(self.desk, dao).key if dao else "",
                protocol=protocol or "",
                min_severity=_severity(severity),
                min_usd=None if min_usd is None else Decimal(min_usd),
                min_share=share_of(min_percent),
                ping_role=ping.id if ping else None,
                created_by=asked.user.id,
                created_at_ms=self.desk.clock_ms(),
            )
            await self.desk.subscriptions.add(one, by=asked.user.id, now_ms=self.desk.clock_ms())
            await self.desk.subscriptions.resume(channel.id, by=asked.user.id, now_ms=self.desk.clock_ms())
            return Card(
                headline="Subscribed",
                accent="good",
                facts=(f"<#{channel.id}> hears {describe(one, self.desk)}",),
                small="`/alerts test` posts a sample there",
            )

        await reply(asked, work(), private=True)

    @app_commands.command(name="list", description="What this server's channels hear")
    async def list_(self, asked: Asked) -> None:
        """List the server's subscriptions."""

        async def work() -> Card:
            return answer_list(await self.desk.subscriptions.of_guild(self._guild(asked).id), self.desk)

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
        min_percent="At least this share of quorum or pool, in percent; 0 for no minimum",
        severity="Nothing below this",
        ping="A role to ping; @everyone for none",
    )
    @app_commands.choices(kind=_KIND, severity=_SEVERITY)
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
    ) -> None:
        """Change a subscription."""

        async def work() -> Card:
            guild = self._guild(asked)
            before = the_one(await self.desk.subscriptions.of_guild(guild.id), code)
            changed: dict[str, Any] = {}
            if channel is not None:
                check_place(channel, guild.me)
                changed["channel_id"] = channel.id
            if kind is not None:
                changed["kind"] = _kind(kind)
            if dao is not None:
                changed["dao"] = "" if dao == "-" else choices.the_dao(self.desk, dao).key
            if chain is not None:
                one_chain = choices.the_chain(self.desk, None if chain == "-" else chain)
                changed["chain_id"] = one_chain.id if one_chain else None
            if protocol is not None:
                changed["protocol"] = "" if protocol == "-" else protocol
            if min_usd is not None:
                changed["min_usd"] = Decimal(min_usd) if min_usd else None
            if min_percent is not None:
                changed["min_share"] = share_of(min_percent) if min_percent else None
            if severity is not None:
                changed["min_severity"] = _severity(severity)
            if ping is not None:
                check_role(None if ping.is_default() else ping, asked)
                changed["ping_role"] = None if ping.is_default() else ping.id
            if not changed:
                raise UserError("Name at least one thing to change besides the code.")
            after = msgspec.structs.replace(before, **changed)
            check_protocol(self.desk, after.kind, after.protocol)
            await self.desk.subscriptions.edit(before, after, by=asked.user.id, now_ms=self.desk.clock_ms())
            return Card(
                headline="Changed",
                accent="good",
                facts=(f"**Before** {describe(before, self.desk)}", f"**Now** {describe(after, self.desk)}"),
                small=f"in channel <#{after.channel_id}>",
            )

        await reply(asked, work(), private=True)

    @app_commands.command(name="remove", description="Let a channel hear of something no more")
    @app_commands.describe(code="Which one; pick from the list")
    async def remove(self, asked: Asked, code: str) -> None:
        """Remove a subscription."""

        async def work() -> Card:
            one = the_one(await self.desk.subscriptions.of_guild(self._guild(asked).id), code)
            await self.desk.subscriptions.remove(one, by=asked.user.id, now_ms=self.desk.clock_ms())
            return Card(headline="Removed", facts=(f"<#{one.channel_id}> no longer hears {describe(one, self.desk)}",))

        await reply(asked, work(), private=True)

    @app_commands.command(name="test", description="Post a sample into a channel, to see that it works")
    @app_commands.describe(channel="Where to post; here if not said")
    async def test(self, asked: Asked, channel: Where | None = None) -> None:
        """Post a sample card."""

        async def work() -> Card:
            guild = self._guild(asked)
            place = channel or asked.channel
            if not isinstance(place, discord.TextChannel | discord.Thread):
                raise UserError("Name a text channel or a thread to post the sample in.")
            check_place(place, guild.me)
            try:
                await self.desk.post(place.id, sample(asked.user.id))
            except (NotDelivered, Undeliverable) as error:
                raise UserError(f"Discord refused the sample: {error}. Check my permissions there.") from None
            opened, waiting = await self.desk.subscriptions.resume(
                place.id, by=asked.user.id, now_ms=self.desk.clock_ms()
            )
            more = (f"The channel was shut and is open again; {waiting} waiting posts follow.",) if opened else ()
            return Card(headline="Posted a sample", accent="good", facts=(f"See <#{place.id}>.", *more))

        await reply(asked, work(), private=True)

    @staticmethod
    def _guild(asked: Asked) -> discord.Guild:
        if asked.guild is None:
            raise app_commands.NoPrivateMessage
        return asked.guild


def sample(by: int) -> Card:
    """Give the card that `/alerts test` posts; it can be mistaken for nothing real."""
    return Card(
        headline="This is a test: alerts arrive here",
        accent="neutral",
        facts=("An alert says here what an act **changed**, before → after.",),
        small=f"asked for by <@{by}> · nothing happened on any chain",
    )


def _kind(text: str) -> Any:
    if text != "*" and text not in get_args(Kind):
        raise UserError(f"Pick what to hear from the list: {', '.join(KINDS.values())}.")
    return text


def _severity(text: str) -> Any:
    if text not in SEVERITIES:
        raise UserError(f"Pick a severity from the list: {', '.join(SEVERITIES)}.")
    return text


def commands(desk: Desk) -> list[Any]:
    """Give the group."""
    return [Alerts(desk)]
