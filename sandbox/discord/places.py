"""Routes for users, the application, guilds, channels, threads, members, roles and direct conversations.

Source: discord-api-docs `resources/user.mdx`, `guild.mdx`, `channel.mdx`, `application.mdx`, `events/gateway.mdx`.
"""

from sandbox.discord import limits, sizes, wire
from sandbox.discord.backend import Backend
from sandbox.discord.composing import compose
from sandbox.discord.messages import open_channel
from sandbox.discord.refusal import Refusal, invalid, missing_access, unknown
from sandbox.discord.rest import Answer, Call, Route
from sandbox.discord.state import ANNOUNCEMENT, DM, FORUMS, HAS_THREAD, Channel, Guild, Json

PUBLIC_THREAD, PRIVATE_THREAD, NEWS_THREAD = 11, 12, 10
THREAD_NAME = 100
ARCHIVE_MIN = frozenset({60, 1440, 4320, 10080})


async def me(call: Call) -> Answer:
    """Say who the bot is."""
    world = call.backend.world
    return 200, wire.own_user(world.users[world.app_id])


async def application(call: Call) -> Answer:
    """Say which application the bot is."""
    return 200, wire.application(call.backend.world)


async def user(call: Call) -> Answer:
    """Draw any user."""
    found = call.backend.world.users.get(call.id("user_id"))
    if found is None:
        raise unknown("user")
    return 200, wire.user(found)


async def gateway(call: Call) -> Answer:
    """Say where the gateway is."""
    return 200, {"url": call.backend.gateway.url}


async def gateway_bot(call: Call) -> Answer:
    """Say where the gateway is, and how many sessions may still be started."""
    hub = call.backend.gateway
    left = max(0, limits.IDENTIFIES_PER_DAY - len(hub.identifies))
    start = {"total": limits.IDENTIFIES_PER_DAY, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}
    return 200, {"url": hub.url, "shards": 1, "session_start_limit": start}


def _guild(call: Call) -> Guild:
    found = call.backend.world.guilds.get(call.id("guild_id"))
    if found is None:
        raise unknown("guild")
    if call.backend.world.app_id not in found.members:
        raise missing_access()
    return found


async def guilds(call: Call) -> Answer:
    """List the bot's guilds."""
    world = call.backend.world
    fields = ("id", "name", "icon", "banner", "features")
    drawn = [wire.guild(g, world) for g in world.guilds.values()]
    return 200, [
        {f: g[f] for f in fields} | {"owner": g["owner_id"] == str(world.app_id), "permissions": "0"} for g in drawn
    ]


async def guild(call: Call) -> Answer:
    """Draw a guild."""
    drawn = wire.guild(_guild(call), call.backend.world)
    for key in ("channels", "threads", "members", "presences", "voice_states", "joined_at", "large", "unavailable"):
        drawn.pop(key)
    return 200, drawn


async def leave(call: Call) -> Answer:
    """Leave a guild."""
    await call.backend.remove_guild(_guild(call))
    return 204, None


async def guild_channels(call: Call) -> Answer:
    """List a guild's channels, threads left out."""
    found = _guild(call)
    return 200, [wire.channel(c, call.backend.world) for c in found.channels.values() if not c.is_thread]


async def active_threads(call: Call) -> Answer:
    """List a guild's open threads."""
    found = [c for c in _guild(call).channels.values() if c.is_thread and not c.archived]
    return 200, {"threads": [wire.channel(c, call.backend.world) for c in found], "members": [], "has_more": False}


async def roles(call: Call) -> Answer:
    """List a guild's roles."""
    return 200, [wire.role(r) for r in _guild(call).roles.values()]


async def role(call: Call) -> Answer:
    """Draw one role."""
    found = _guild(call).roles.get(call.id("role_id"))
    if found is None:
        raise unknown("role")
    return 200, wire.role(found)


async def members(call: Call) -> Answer:
    """List a guild's members."""
    world = call.backend.world
    after, limit = call.number("after", 0), call.number("limit", 1)
    found = sorted((m for m in _guild(call).members.values() if m.user_id > after), key=lambda m: m.user_id)
    return 200, [wire.member(m, world.users[m.user_id]) for m in found[:limit]]


async def member(call: Call) -> Answer:
    """Draw one member."""
    world = call.backend.world
    found = _guild(call).members.get(call.id("user_id"))
    if found is None:
        raise unknown("member")
    return 200, wire.member(found, world.users[found.user_id])


async def channel(call: Call) -> Answer:
    """Draw one channel."""
    return 200, wire.channel(open_channel(call), call.backend.world)


async def change_channel(call: Call) -> Answer:
    """Rename a channel or set its topic; archive, lock or rename a thread."""
    known = call.backend.world.channels.get(call.id("channel_id"))
    body = call.object()
    found = open_channel(call, *_to_change(known, body, call.backend.world.app_id))
    if "name" in body:
        found.name = _named(body)
    found.topic = body.get("topic", found.topic)
    found.archived = bool(body.get("archived", found.archived))
    found.locked = bool(body.get("locked", found.locked))
    await call.backend.channel_changed(found)
    return 200, wire.channel(found, call.backend.world)


def _to_change(known: Channel | None, body: Json, app_id: int) -> tuple[str, ...]:
    """Name what changing a channel needs: a thread that is not locked its owner changes, and who writes there opens.

    Source: discord-api-docs `resources/channel.mdx`, "Modify Channel".
    """
    if known is None or not known.is_thread:
        return ("manage_channels",)
    if known.locked:
        return ("manage_threads",)
    if body == {"archived": False}:
        return ("send_messages_in_threads",)
    return () if known.owner_id == app_id else ("manage_threads",)


async def remove_channel(call: Call) -> Answer:
    """Delete a channel or thread."""
    known = call.backend.world.channels.get(call.id("channel_id"))
    found = open_channel(call, "manage_threads" if known is not None and known.is_thread else "manage_channels")
    drawn = wire.channel(found, call.backend.world)
    await call.backend.remove_channel(found)
    return 200, drawn


async def open_dm(call: Call) -> Answer:
    """Open the direct conversation with a user, the same one each time."""
    backend = call.backend
    text = str(call.object().get("recipient_id"))
    person = backend.world.users.get(int(text)) if text.isdigit() else None
    if person is None:
        raise invalid([("recipient_id", "NUMBER_TYPE_COERCE", f'Value "{text}" is not a user.')])
    if person.bot:
        raise Refusal(400, 50007, "Cannot send messages to this user")
    return 200, wire.channel(await conversation(backend, person.id), backend.world)


async def conversation(backend: Backend, user_id: int) -> Channel:
    """Find or make the bot's direct conversation with a user."""
    for known in backend.world.channels.values():
        if known.kind == DM and known.recipients == (user_id,):
            return known
    made = Channel(backend.new_id(), None, "", kind=DM, recipients=(user_id,), created_at_s=backend.clock())
    await backend.add_channel(made)
    backend.tell("world")
    return made


def _named(body: Json) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= THREAD_NAME:
        raise invalid([("name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {THREAD_NAME} in length.")])
    return name


async def _thread(call: Call, parent: Channel, body: Json, thread_id: int, kind: int) -> Channel:
    minutes = body.get("auto_archive_duration") or 1440
    if minutes not in ARCHIVE_MIN:
        text = "Value must be one of (60, 1440, 4320, 10080)."
        raise invalid([("auto_archive_duration", "BASE_TYPE_CHOICES", text)])
    made = Channel(
        id=thread_id,
        guild_id=parent.guild_id,
        name=_named(body),
        kind=kind,
        parent_id=parent.id,
        owner_id=call.backend.world.app_id,
        created_at_s=call.backend.clock(),
        archive_after_min=minutes,
        applied_tags=[int(t) for t in body.get("applied_tags") or ()],
    )
    return await call.backend.add_channel(made)


async def thread_from_message(call: Call) -> Answer:
    """Open a thread on a message; a message has one at most."""
    parent = open_channel(call, "create_public_threads")
    if parent.is_thread:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    message = parent.messages.get(call.id("message_id"))
    if message is None:
        raise unknown("message")
    if message.thread_id is not None:
        raise Refusal(400, 160004, "A thread has already been created for this message")
    kind = NEWS_THREAD if parent.kind == ANNOUNCEMENT else PUBLIC_THREAD
    made = await _thread(call, parent, call.object(), message.id, kind)
    message.thread_id = made.id
    message.flags |= HAS_THREAD
    await call.backend.edited(message, loading=True)
    return 201, wire.channel(made, call.backend.world)


async def thread(call: Call) -> Answer:
    """Open a thread without a message, or a post of a forum."""
    backend = call.backend
    body = call.object()
    parent = open_channel(call)
    if parent.kind in FORUMS:
        open_channel(call, "send_messages")
        first = body.get("message")
        sizes.message(first, files=len(call.files))
        made = await _thread(call, parent, body, backend.new_id(), PUBLIC_THREAD)
        message = compose(backend, first if isinstance(first, dict) else {}, call.files, channel_id=made.id)
        message.id = made.id
        await backend.post(message)
        return 201, wire.channel(made, backend.world) | {"message": wire.message(message, backend.world)}
    kind = body.get("type") or PRIVATE_THREAD
    if kind not in {PUBLIC_THREAD, PRIVATE_THREAD, NEWS_THREAD}:
        raise invalid([("type", "BASE_TYPE_CHOICES", "Value must be one of (10, 11, 12).")])
    open_channel(call, "create_private_threads" if kind == PRIVATE_THREAD else "create_public_threads")
    made = await _thread(call, parent, body, backend.new_id(), kind)
    return 201, wire.channel(made, backend.world)


async def thread_membership(call: Call) -> Answer:
    """Join or leave a thread, or add or remove a member."""
    if not open_channel(call).is_thread:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    return 204, None


ROUTES = [
    Route("GET", "/users/@me", me),
    Route("GET", "/oauth2/applications/@me", application),
    Route("GET", "/applications/@me", application),
    Route("GET", "/users/@me/guilds", guilds),
    Route("DELETE", "/users/@me/guilds/{guild_id}", leave),
    Route("POST", "/users/@me/channels", open_dm),
    Route("GET", "/users/{user_id:\\d+}", user),
    Route("GET", "/gateway", gateway),
    Route("GET", "/gateway/bot", gateway_bot),
    Route("GET", "/guilds/{guild_id}", guild),
    Route("GET", "/guilds/{guild_id}/channels", guild_channels),
    Route("GET", "/guilds/{guild_id}/threads/active", active_threads),
    Route("GET", "/guilds/{guild_id}/roles", roles),
    Route("GET", "/guilds/{guild_id}/roles/{role_id:\\d+}", role),
    Route("GET", "/guilds/{guild_id}/members", members),
    Route("GET", "/guilds/{guild_id}/members/{user_id:\\d+}", member),
    Route("GET", "/channels/{channel_id}", channel),
    Route("PATCH", "/channels/{channel_id}", change_channel),
    Route("DELETE", "/channels/{channel_id}", remove_channel),
    Route("POST", "/channels/{channel_id}/threads", thread),
    Route("POST", "/channels/{channel_id}/messages/{message_id:\\d+}/threads", thread_from_message),
    Route("PUT", "/channels/{channel_id}/thread-members/{user_id}", thread_membership),
    Route("DELETE", "/channels/{channel_id}/thread-members/{user_id}", thread_membership),
]
