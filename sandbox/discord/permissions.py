"""Discord's permission bits and how roles and overwrites add up.

Source: discord-api-docs `topics/permissions.mdx` (bit table, "Permission Hierarchy", "Implicit Permissions").
"""

from typing import Final

from sandbox.discord.state import Channel, Guild, Member

BITS: Final[dict[str, int]] = {
    "create_instant_invite": 1 << 0,
    "kick_members": 1 << 1,
    "ban_members": 1 << 2,
    "administrator": 1 << 3,
    "manage_channels": 1 << 4,
    "manage_guild": 1 << 5,
    "add_reactions": 1 << 6,
    "view_audit_log": 1 << 7,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "send_tts_messages": 1 << 12,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "mention_everyone": 1 << 17,
    "use_external_emojis": 1 << 18,
    "change_nickname": 1 << 26,
    "manage_nicknames": 1 << 27,
    "manage_roles": 1 << 28,
    "manage_webhooks": 1 << 29,
    "use_application_commands": 1 << 31,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "create_private_threads": 1 << 36,
    "use_external_stickers": 1 << 37,
    "send_messages_in_threads": 1 << 38,
}
ALL: Final = (1 << 53) - 1
"""What an administrator and an owner hold: every bit Discord has given out so far."""


def bits(*names: str) -> int:
    """Join named permissions into one bitfield; an unknown name is a `KeyError`."""
    value = 0
    for name in names:
        value |= BITS[name]
    return value


EVERYONE: Final = bits(
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "add_reactions",
    "use_application_commands",
    "create_public_threads",
    "send_messages_in_threads",
    "change_nickname",
    "use_external_emojis",
)
BOT: Final = EVERYONE | bits("mention_everyone", "manage_messages", "manage_threads", "create_private_threads")


def in_guild(guild: Guild, member: Member) -> int:
    """Add up a member's roles; owners and administrators hold everything."""
    if guild.owner_id == member.user_id:
        return ALL
    value = guild.roles[guild.id].permissions
    for role_id in member.roles:
        role = guild.roles.get(role_id)
        if role is not None:
            value |= role.permissions
    return ALL if value & BITS["administrator"] else value


def in_channel(guild: Guild, channel: Channel, member: Member) -> int:
    """Apply a channel's overwrites in order: everyone, roles together, the member. A thread has its parent's."""
    value = in_guild(guild, member)
    if value == ALL:
        return ALL
    place = channel
    if channel.is_thread and channel.parent_id is not None:
        place = guild.channels.get(channel.parent_id, channel)
    rules = place.overwrites
    everyone = rules.get(guild.id)
    if everyone is not None:
        value = (value & ~everyone.deny) | everyone.allow
    allow = deny = 0
    for role_id in member.roles:
        rule = rules.get(role_id)
        if rule is not None:
            allow |= rule.allow
            deny |= rule.deny
    value = (value & ~deny) | allow
    own = rules.get(member.user_id)
    if own is not None:
        value = (value & ~own.deny) | own.allow
    if not value & BITS["view_channel"]:
        return 0
    if not value & BITS["send_messages"]:
        value &= ~bits("mention_everyone", "send_tts_messages", "attach_files", "embed_links")
    return value
