"""Message routes: create, read, edit, delete, crosspost, pin.

Source: discord-api-docs `resources/message.mdx`.
"""

from collections.abc import Iterable

from sandbox.discord import permissions, sizes, wire
from sandbox.discord.backend import Backend
from sandbox.discord.composing import amend, compose
from sandbox.discord.refusal import Refusal, invalid, missing_access, missing_permissions, unknown
from sandbox.discord.rest import Answer, Call, Route
from sandbox.discord.state import ANNOUNCEMENT, COMPONENTS_V2, CROSSPOSTED, FORUMS, Channel, Message

PAGE, PAGE_MOST = 50, 100


def open_channel(call: Call, *needs: str, name: str = "channel_id") -> Channel:
    """Find a channel and make sure that the bot may do what it wants there: 10003, 50001 or 50013 otherwise."""
    world = call.backend.world
    channel = world.channels.get(call.id(name))
    if channel is None:
        raise unknown("channel")
    if channel.guild_id is None:
        return channel
    guild = world.guilds.get(channel.guild_id)
    member = guild.members.get(world.app_id) if guild is not None else None
    if guild is None or member is None:
        raise missing_access()
    held = permissions.in_channel(guild, channel, member)
    if not held & permissions.BITS["view_channel"]:
        raise missing_access()
    if any(not held & permissions.BITS[need] for need in needs):
        raise missing_permissions()
    return channel


def writing(channel: Channel | None) -> str:
    """Name the permission that writing here needs."""
    return "send_messages_in_threads" if channel is not None and channel.is_thread else "send_messages"


async def _into_thread(call: Call, channel: Channel) -> None:
    """Refuse what is written into a locked thread; one that was only archived is opened by it."""
    if channel.locked:
        try:
            open_channel(call, "manage_threads")
        except Refusal:
            raise Refusal(403, 160005, "Thread is locked") from None
    if channel.archived:
        channel.archived = False
        await call.backend.channel_changed(channel)


def _message_of(call: Call, channel: Channel) -> Message:
    found = channel.messages.get(call.id("message_id"))
    if found is None:
        raise unknown("message")
    return found


async def create(call: Call) -> Answer:
    """Post a message, once per nonce when `enforce_nonce` is set."""
    backend = call.backend
    known = backend.world.channels.get(call.id("channel_id"))
    needs = [writing(known)] + (["attach_files"] if call.files else [])
    channel = open_channel(call, *needs)
    if channel.kind in FORUMS:
        raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
    await _into_thread(call, channel)
    body = call.object()
    sizes.message(body, files=len(call.files))
    nonce = body.get("nonce")
    enforced = bool(body.get("enforce_nonce")) and nonce is not None
    if enforced:
        earlier = backend.nonces.find(backend.world.app_id, nonce)
        message = backend.world.message(*earlier) if earlier is not None else None
        if message is not None:
            backend.counts["deduplicated"] += 1
            return 200, wire.message(message, backend.world)
    message = compose(backend, body, call.files, channel_id=channel.id)
    reference = body.get("message_reference")
    if isinstance(reference, dict):
        refer(channel, message, reference)
    if enforced:
        backend.nonces.keep(backend.world.app_id, nonce, channel.id, message.id)
    await backend.post(message)
    return 200, wire.message(message, backend.world)


def refer(channel: Channel, message: Message, reference: dict[str, object]) -> None:
    """Make a message a reply to another of the channel."""
    target = str(reference.get("message_id"))
    if not target.isdigit() or int(target) not in channel.messages:
        if reference.get("fail_if_not_exists", True):
            sentence = "Unknown message"
            raise invalid([("message_reference", "REPLIES_UNKNOWN_MESSAGE", sentence)])
        return
    message.kind = 19
    message.reference = {"type": 0, "channel_id": str(channel.id), "message_id": target}
    if channel.guild_id is not None:
        message.reference["guild_id"] = str(channel.guild_id)


async def read_many(call: Call) -> Answer:
    """Read messages, newest first, around, before or after one; without the right to read history: none."""
    channel = open_channel(call)
    limit = call.number("limit", PAGE)
    if not 1 <= limit <= PAGE_MOST:
        raise invalid([("limit", "NUMBER_TYPE_MIN", f"int value should be between 1 and {PAGE_MOST}.")])
    try:
        open_channel(call, "read_message_history")
    except Refusal:
        return 200, []
    ids = sorted(channel.messages)
    if "around" in call.query:
        middle, half = call.number("around", 0), limit // 2
        before = [i for i in ids if i < middle][-half:] if half else []
        chosen = before + [i for i in ids if i >= middle][: limit - len(before)]
    elif "after" in call.query:
        chosen = [i for i in ids if i > call.number("after", 0)][:limit]
    else:
        top = call.number("before", 1 << 63)
        chosen = [i for i in ids if i < top][-limit:]
    return 200, _drawn(call.backend, (channel.messages[i] for i in reversed(chosen)))


def _drawn(backend: Backend, found: Iterable[Message]) -> list[object]:
    return [wire.message(m, backend.world) for m in found]


async def read_one(call: Call) -> Answer:
    """Read one message."""
    channel = open_channel(call, "read_message_history")
    return 200, wire.message(_message_of(call, channel), call.backend.world)


async def edit(call: Call) -> Answer:
    """Edit an own message; of another's only the flags may change."""
    channel = open_channel(call)
    message = _message_of(call, channel)
    if message.author_id != call.backend.world.app_id:
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    if channel.archived:
        raise Refusal(400, 50083, "Thread is archived")
    body = call.object()
    sizes.message(body, was_v2=bool(message.flags & COMPONENTS_V2), files=len(call.files), edit=True)
    amend(call.backend, message, body, call.files)
    await call.backend.edited(message)
    return 200, wire.message(message, call.backend.world)


async def delete(call: Call) -> Answer:
    """Delete a message; another's needs Manage Messages."""
    channel = open_channel(call)
    message = _message_of(call, channel)
    if message.author_id != call.backend.world.app_id:
        open_channel(call, "manage_messages")
    await call.backend.deleted(message)
    return 204, None


async def crosspost(call: Call) -> Answer:
    """Publish a message of an announcement channel."""
    channel = open_channel(call, "send_messages")
    message = _message_of(call, channel)
    if channel.kind != ANNOUNCEMENT:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    if message.flags & CROSSPOSTED:
        raise Refusal(400, 40033, "This message has already been crossposted.")
    message.flags |= CROSSPOSTED
    await call.backend.edited(message)
    return 200, wire.message(message, call.backend.world)


async def pin(call: Call) -> Answer:
    """Pin a message."""
    return await _pinned(call, to=True)


async def unpin(call: Call) -> Answer:
    """Take a pin out."""
    return await _pinned(call, to=False)


async def _pinned(call: Call, *, to: bool) -> Answer:
    channel = open_channel(call, "manage_messages")
    message = _message_of(call, channel)
    message.pinned = to
    await call.backend.edited(message, loading=True)
    return 204, None


async def typing(call: Call) -> Answer:
    """Show that the bot is writing."""
    open_channel(call, writing(call.backend.world.channels.get(call.id("channel_id"))))
    return 204, None


ROUTES = [
    Route("POST", "/channels/{channel_id}/messages", create, "messages"),
    Route("GET", "/channels/{channel_id}/messages", read_many),
    Route("GET", "/channels/{channel_id}/messages/{message_id:\\d+}", read_one),
    Route("PATCH", "/channels/{channel_id}/messages/{message_id:\\d+}", edit, "edits"),
    Route("DELETE", "/channels/{channel_id}/messages/{message_id:\\d+}", delete),
    Route("POST", "/channels/{channel_id}/messages/{message_id:\\d+}/crosspost", crosspost),
    Route("PUT", "/channels/{channel_id}/messages/pins/{message_id:\\d+}", pin),
    Route("DELETE", "/channels/{channel_id}/messages/pins/{message_id:\\d+}", unpin),
    Route("POST", "/channels/{channel_id}/typing", typing),
]
