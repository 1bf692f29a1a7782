"""State -> the JSON that Discord sends. Ids and bitfields are strings there.

Source: discord-api-docs `resources/`; a field is here when the OpenAPI document requires or discord.py reads it.
"""

from sandbox.discord import permissions
from sandbox.discord.state import (
    THREADS,
    Channel,
    Guild,
    Interaction,
    Json,
    Member,
    Message,
    Overwrite,
    Role,
    User,
    World,
    iso,
)


def user(value: User) -> Json:
    """Draw a user."""
    return {
        "id": str(value.id),
        "username": value.username,
        "discriminator": "0",
        "global_name": value.display,
        "avatar": None,
        "bot": value.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def own_user(value: User) -> Json:
    """Draw the bot's own user, as `/users/@me` and READY do."""
    return user(value) | {"verified": True, "mfa_enabled": True, "locale": "en-US", "email": None}


def role(value: Role) -> Json:
    """Draw a role."""
    return {
        "id": str(value.id),
        "name": value.name,
        "color": value.color,
        "colors": {"primary_color": value.color, "secondary_color": None, "tertiary_color": None},
        "hoist": value.hoist,
        "position": value.position,
        "permissions": str(value.permissions),
        "managed": value.managed,
        "mentionable": value.mentionable,
        "flags": 0,
        "icon": None,
        "unicode_emoji": None,
    }


def member(value: Member, person: User | None) -> Json:
    """Draw a member; without `person` the user is left out, as in MESSAGE_CREATE."""
    drawn: Json = {
        "nick": value.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(r) for r in value.roles],
        "joined_at": iso(value.joined_at_s),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    if person is not None:
        drawn["user"] = user(person)
    return drawn


def overwrite(value: Overwrite) -> Json:
    """Draw a permission overwrite."""
    return {"id": str(value.id), "type": value.kind, "allow": str(value.allow), "deny": str(value.deny)}


def channel(value: Channel, world: World) -> Json:
    """Draw a channel of any kind."""
    last = str(value.last_message_id) if value.last_message_id else None
    drawn: Json = {"id": str(value.id), "type": value.kind, "flags": 0, "last_message_id": last}
    if value.guild_id is None:
        return drawn | {"recipients": [user(world.users[r]) for r in value.recipients]}
    drawn |= {
        "guild_id": str(value.guild_id),
        "name": value.name,
        "parent_id": str(value.parent_id) if value.parent_id else None,
        "rate_limit_per_user": 0,
    }
    if value.kind in THREADS:
        return drawn | {
            "owner_id": str(value.owner_id),
            "message_count": len(value.messages),
            "total_message_sent": len(value.messages),
            "member_count": 1,
            "applied_tags": [str(t) for t in value.applied_tags],
            "thread_metadata": {
                "archived": value.archived,
                "archive_timestamp": iso(value.created_at_s),
                "auto_archive_duration": value.archive_after_min,
                "locked": value.locked,
                "create_timestamp": iso(value.created_at_s),
            },
        }
    return drawn | {
        "position": value.position,
        "permission_overwrites": [overwrite(o) for o in value.overwrites.values()],
        "topic": value.topic,
        "nsfw": False,
    }


def guild(value: Guild, world: World) -> Json:
    """Draw a whole guild, as GUILD_CREATE does."""
    places = [c for c in value.channels.values() if not c.is_thread]
    threads = [c for c in value.channels.values() if c.is_thread and not c.archived]
    return {
        "id": str(value.id),
        "name": value.name,
        "owner_id": str(value.owner_id),
        **dict.fromkeys(
            ("icon", "splash", "discovery_splash", "banner", "description", "afk_channel_id", "application_id"), None
        ),
        **dict.fromkeys(
            ("system_channel_id", "rules_channel_id", "public_updates_channel_id", "vanity_url_code"), None
        ),
        **dict.fromkeys(("verification_level", "default_message_notifications", "explicit_content_filter"), 0),
        **dict.fromkeys(("mfa_level", "nsfw_level", "premium_tier", "system_channel_flags"), 0),
        "afk_timeout": 300,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "features": [],
        "joined_at": iso(value.created_at_s),
        "large": False,
        "unavailable": False,
        "member_count": len(value.members),
        "roles": [role(r) for r in value.roles.values()],
        "emojis": [],
        "stickers": [],
        "members": [member(m, world.users[m.user_id]) for m in value.members.values()],
        "channels": [channel(c, world) for c in places],
        "threads": [channel(c, world) for c in threads],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(value: Message, world: World) -> Json:
    """Draw a message."""
    drawn: Json = {
        "id": str(value.id),
        "channel_id": str(value.channel_id),
        "author": user(world.users[value.author_id]),
        "content": value.content,
        "timestamp": iso(value.at_s),
        "edited_timestamp": iso(value.edited_at_s) if value.edited_at_s is not None else None,
        "tts": False,
        "mention_everyone": value.mention_everyone,
        "mentions": [user(world.users[m]) for m in value.mentions if m in world.users],
        "mention_roles": [str(r) for r in value.mention_roles],
        "attachments": value.attachments,
        "embeds": value.embeds,
        "pinned": value.pinned,
        "type": value.kind,
        "flags": value.flags,
        "components": value.components,
    }
    if value.nonce is not None:
        drawn["nonce"] = value.nonce
    if value.reference is not None:
        drawn["message_reference"] = value.reference
    if value.interaction is not None:
        drawn["interaction_metadata"] = value.interaction
    if value.webhook_id is not None:
        drawn |= {"webhook_id": str(value.webhook_id), "application_id": str(world.app_id)}
    if value.poll is not None:
        drawn["poll"] = value.poll
    if value.thread_id is not None and value.thread_id in world.channels:
        drawn["thread"] = channel(world.channels[value.thread_id], world)
    return drawn


def message_event(value: Message, world: World) -> Json:
    """Draw a message as the gateway does: with the guild and its author's membership."""
    drawn = message(value, world)
    place = world.channels.get(value.channel_id)
    home = world.guilds.get(place.guild_id) if place is not None and place.guild_id is not None else None
    if home is not None:
        drawn["guild_id"] = str(home.id)
        author = home.members.get(value.author_id)
        if author is not None:
            drawn["member"] = member(author, None)
    return drawn


def application(world: World) -> Json:
    """Draw the bot's application, as login reads it."""
    bot = world.users[world.app_id]
    return {
        "id": str(world.app_id),
        "name": bot.display,
        "icon": None,
        "description": "",
        "type": None,
        "summary": "",
        "bot": user(bot),
        "rpc_origins": [],
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": user(next(u for u in world.users.values() if not u.bot)),
        "team": None,
        "flags": 0,
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "event_webhooks_status": 1,
        "event_webhooks_url": None,
        "redirect_uris": [],
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "flags_new": "0",
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}, "1": {}},
    }


def interaction(asked: Interaction, data: Json, source: Message | None, world: World) -> Json:
    """Draw an interaction as the gateway brings it; `source` is the message that was pressed."""
    drawn: Json = {
        "id": str(asked.id),
        "application_id": str(world.app_id),
        "type": asked.kind,
        "token": asked.token,
        "version": 1,
        **_interaction_place(world, asked.guild_id, asked.channel_id, asked.user_id),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10_485_760,
        "data": data,
    }
    if source is not None:
        drawn["message"] = message(source, world)
    return drawn


def _interaction_place(world: World, guild_id: int | None, channel_id: int, user_id: int) -> Json:
    """Draw where and by whom: the fields every interaction carries, with permissions added up for both sides."""
    place = world.channels[channel_id]
    person = world.users[user_id]
    home = world.guilds.get(guild_id) if guild_id is not None else None
    if home is None:
        return {
            "channel": channel(place, world),
            "channel_id": str(channel_id),
            "user": user(person),
            "app_permissions": str(permissions.BOT),
            "authorizing_integration_owners": {"0": "0"},
            "context": 1,
        }
    own = permissions.in_channel(home, place, home.members[world.app_id])
    theirs = permissions.in_channel(home, place, home.members[user_id])
    return {
        "guild_id": str(home.id),
        "guild": {"id": str(home.id), "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "channel_id": str(channel_id),
        "channel": channel(place, world) | {"permissions": str(theirs), "app_permissions": str(own)},
        "member": member(home.members[user_id], person) | {"permissions": str(theirs)},
        "app_permissions": str(own),
        "authorizing_integration_owners": {"0": str(home.id)},
        "context": 0,
    }
