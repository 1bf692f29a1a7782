"""What a subscription may ask for: its words for people, what a moderator names, the checks before it is written down.

Source: Discord documentation, "Permissions": what a bot needs to post in a channel or a thread, and to ping a role.
Errors: UserError, whose sentence says what to do.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import discord

from bot import choices
from bot.cards import figures
from bot.desk import Desk
from bot.subscription import Every, Subscription
from watchers.alert import SEVERITIES
from watchers.errors import UserError

KINDS: dict[str, str] = {
    "*": "everything",
    "vote": "votes",
    "proposal": "proposals",
    "liquidity": "whales",
    "batch": "batches",
    "act": "insiders",
    "reminder": "reminders",
}
Where = discord.TextChannel | discord.Thread
DIGESTS: dict[str, Every | Literal[""]] = {"daily": "daily", "weekly": "weekly", "off": ""}
_IN_DIGEST = ("*", "vote", "proposal")
_FOR_THREADS = ("create_public_threads", "send_messages_in_threads")
_IN_CHANNEL = ("view_channel", "send_messages", "read_message_history")
_IN_THREAD = ("view_channel", "send_messages_in_threads", "read_message_history")


def describe(one: Subscription, desk: Desk) -> str:
    """Write a subscription as one line that a moderator understands."""
    parts = [f"**{KINDS[one.kind]}**"]
    if one.dao:
        dao = desk.settings.daos.get(one.dao)
        parts.append(dao.name if dao else one.dao)
    if one.protocol:
        parts.append(one.protocol.replace("_", " "))
    if one.chain_id is not None:
        parts.append(f"on {desk.lexicon.chain_name(one.chain_id)}")
    sizes = [f"from {figures.usd(one.min_usd)}"] if one.min_usd is not None else []
    if one.min_share is not None:
        whole = {"vote": "the quorum", "liquidity": "the pool", "act": "the supply"}.get(
            one.kind, "quorum, pool or supply"
        )
        sizes.append(f"from {figures.percent(one.min_share)} of {whole}")
    parts += [" or ".join(sizes)] if sizes else []
    if one.min_severity != "info":
        parts.append(f"only {one.min_severity}" + (" and up" if one.min_severity != "critical" else ""))
    if one.threads:
        parts.append("each proposal in a thread of its own")
    if one.digest:
        parts.append(f"a {one.digest} digest")
    if one.ping_role:
        parts.append(f"pinging <@&{one.ping_role}>")
    text = " · ".join(parts) + f" (`{one.id}`)"
    return f"{text} **shut: {one.paused}**" if one.paused else text


def same_wish(one: Subscription, other: Subscription) -> bool:
    """Tell whether two subscriptions let one channel hear the same."""
    return _wish(one) == _wish(other)


def _wish(s: Subscription) -> tuple[Any, ...]:
    filters = (s.chain_id, s.dao, s.protocol, s.token, s.address)
    return (s.channel_id, s.kind, *filters, s.min_severity, s.min_usd, s.min_share, s.ping_role)


def missing(permissions: discord.Permissions, *, thread: bool, threads: bool = False) -> list[str]:
    """Name the permissions that the bot lacks to post somewhere, as Discord's settings name them. A thread asks for its
    own permission instead of Send Messages; a channel where proposals start `threads` needs two more.
    """
    needed = _IN_THREAD if thread else _IN_CHANNEL + (_FOR_THREADS if threads else ())
    return [name.replace("_", " ").title().replace(" In ", " in ") for name in needed if not getattr(permissions, name)]


def check_place(channel: Where, me: discord.Member, *, threads: bool = False) -> None:
    """Raise UserError that names what the bot lacks in a channel, or that it cannot hold `threads`."""
    thread = isinstance(channel, discord.Thread)
    if thread and threads:
        raise UserError("A thread cannot hold threads of its own. Name its channel, or leave `threads` out.")
    lacking = missing(channel.permissions_for(me), thread=thread, threads=threads)
    if lacking:
        raise UserError(
            f"I cannot post in {channel.mention} yet. Give me there: {', '.join(lacking)}. "
            "Open the channel's settings, Permissions, and allow it for my role; then try again."
        )


async def heard_in(place: object, channel_id: int, desk: Desk) -> int:
    """Give the channel that hears what is said in a place: a proposal's thread hears what its channel does."""
    if not isinstance(place, discord.Thread) or await desk.subscriptions.of_channel(channel_id):
        return channel_id
    return place.parent_id


def check_role(role: discord.Role | None, channel: Where | None, guild: discord.Guild) -> None:
    """Raise UserError when an alert must not or could not ping this role."""
    if role is None:
        return
    if role.is_default():
        raise UserError("Alerts never ping everyone. Make a role that members can choose, and name that one.")
    mine = channel.permissions_for(guild.me) if channel is not None else guild.me.guild_permissions
    if not role.mentionable and not mine.mention_everyone:
        raise UserError(f"I may not ping {role.name}: allow anyone to mention it in the role's settings.")


def check_wish(one: Subscription, desk: Desk) -> None:
    """Raise UserError for filters that do not go together, with which a channel would wait for ever or hear all."""
    kinds = ["vote" if one.kind in ("proposal", "reminder") else one.kind] if one.kind != "*" else list(desk.protocols)
    if one.protocol:
        choices.the_protocol(desk, one.protocol, *kinds)
    if one.dao:
        _check_dao(one, desk)
    if one.min_usd is not None and one.kind not in ("*", "liquidity", "act"):
        other = ": name a share of the quorum with `min_percent` instead" if one.kind == "vote" else ""
        raise UserError(f"{KINDS[one.kind].capitalize()} have no size in dollars{other or '; leave `min_usd` out'}.")
    if one.threads and one.kind not in ("*", "proposal"):
        raise UserError(
            "Only a proposal starts a thread: hear everything or proposals, or leave `threads` out (False)."
        )
    if one.digest and one.kind not in _IN_DIGEST:
        raise UserError("A digest tells votes and proposals: hear everything or one of these, or say `digest:off`.")
    if one.min_share is not None and one.kind in ("proposal", "batch", "reminder"):
        raise UserError(f"{KINDS[one.kind].capitalize()} have no share to measure; leave `min_percent` out.")


def _check_dao(one: Subscription, desk: Desk) -> None:
    dao = desk.settings.daos.get(one.dao)
    if one.kind in ("liquidity", "batch"):
        raise UserError(f"{KINDS[one.kind].capitalize()} belong to no DAO; leave `dao` out, or choose votes.")
    if dao is None:
        return  # it was taken out of daos.toml; the subscription may still be edited
    chain = desk.settings.chains[dao.chain]
    if one.kind != "act" and one.chain_id is not None and one.chain_id != chain.id:
        raise UserError(f"{dao.name} votes on {chain.name}; leave `chain` out.")
    if one.kind != "act" and one.protocol and one.protocol != dao.protocol:
        raise UserError(f"{dao.name} votes through {dao.protocol.replace('_', ' ')}; leave `protocol` out.")


class Named(NamedTuple):
    """What a moderator names of a subscription, as it came from Discord; None is not named."""

    channel: Where | None
    kind: str | None
    dao: str | None
    chain: str | None
    protocol: str | None
    min_usd: int | None
    min_percent: float | None
    severity: str | None
    ping: discord.Role | None
    threads: bool | None = None
    digest: str | None = None


def changes(named: Named, desk: Desk) -> dict[str, Any]:
    """Give the fields of a subscription that are named; a minus sign, 0 and @everyone take a filter, a minimum and a
    ping away. Raises UserError.
    """
    changed: dict[str, Any] = {}
    if named.channel is not None:
        changed["channel_id"] = named.channel.id
    if named.kind is not None:
        changed["kind"] = _kind(named.kind)
    if named.dao is not None:
        changed["dao"] = "" if named.dao == choices.NO_FILTER else choices.the_dao(desk, named.dao).key
    if named.chain is not None:
        chain = choices.the_chain(desk, None if named.chain == choices.NO_FILTER else named.chain)
        changed["chain_id"] = chain.id if chain else None
    if named.protocol is not None:
        changed["protocol"] = _protocol(desk, named.protocol)
    if named.min_usd is not None:
        changed["min_usd"] = Decimal(named.min_usd) if named.min_usd else None
    if named.min_percent is not None:
        changed["min_share"] = share_of(named.min_percent or None)
    if named.severity is not None:
        changed["min_severity"] = _severity(named.severity)
    if named.ping is not None:
        changed["ping_role"] = None if named.ping.is_default() else named.ping.id
    if named.threads is not None:
        changed["threads"] = named.threads
    if named.digest is not None:
        changed["digest"] = _every(named.digest)
    return changed


def _kind(text: str) -> str:
    if text not in KINDS:
        raise UserError(f"Pick what to hear from the list: {', '.join(KINDS.values())}.")
    return text


def _every(text: str) -> str:
    if text not in DIGESTS:
        raise UserError(f"Pick how often a digest comes from the list: {', '.join(DIGESTS)}.")
    return DIGESTS[text]


def _severity(text: str) -> str:
    if text not in SEVERITIES:
        raise UserError(f"Pick a severity from the list: {', '.join(SEVERITIES)}.")
    return text


def _protocol(desk: Desk, name: str) -> str:
    """Check a protocol's name; whether it goes with the rest is `check_wish`'s to say."""
    return choices.the_protocol(desk, name, *desk.protocols) if name and name != choices.NO_FILTER else ""


def share_of(percent: float | None) -> Decimal | None:
    """Turn a percentage that somebody typed into an exact share."""
    return None if percent is None else Decimal(str(percent)) / 100


def the_one(found: Sequence[Subscription], code: str) -> Subscription:
    """Find a subscription by its code. Raises UserError."""
    for one in found:
        if one.id == code.strip().strip("`").lower():
            return one
    raise UserError("No subscription of this server has that code. `/alerts list` shows them.")
