"""From a received body to a message: who is pinged, which files it shows, what an edit replaces."""

import re
from typing import Any, Final

from sandbox.discord import components, permissions
from sandbox.discord.backend import Backend
from sandbox.discord.refusal import invalid
from sandbox.discord.rest import Part
from sandbox.discord.state import COMPONENTS_V2, EPHEMERAL, Json, Message

_USER: Final = re.compile(r"<@!?(\d{1,20})>")
_ROLE: Final = re.compile(r"<@&(\d{1,20})>")
KEPT_FLAGS: Final = (1 << 2) | (1 << 12) | EPHEMERAL | COMPONENTS_V2
"""What a sender may set: suppress embeds, suppress notifications, ephemeral, components V2."""
FILES_KEPT: Final = 500


def compose(backend: Backend, body: Json, files: dict[str, Part], *, channel_id: int) -> Message:
    """Make a message of the bot from a body that passed the checks of `sizes`."""
    flags = body.get("flags") or 0
    message = Message(
        id=backend.new_id(),
        channel_id=channel_id,
        author_id=backend.world.app_id,
        at_s=backend.clock(),
        content=body.get("content") or "",
        embeds=_embeds(body.get("embeds")),
        flags=flags & KEPT_FLAGS,
        nonce=body.get("nonce"),
        poll=body.get("poll"),
    )
    attach(backend, message, body, files)
    message.components = _drawn(body.get("components"), message)
    ping(backend, message, body.get("allowed_mentions"))
    return message


def amend(backend: Backend, message: Message, body: Json, files: dict[str, Part]) -> None:
    """Replace what an edit names. The V2 flag stays; taking it away is refused."""
    if "flags" in body:
        wanted = body["flags"] or 0
        if message.flags & COMPONENTS_V2 and not wanted & COMPONENTS_V2:
            sentence = "The IS_COMPONENTS_V2 flag cannot be removed."
            raise invalid([("flags", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", sentence)])
        message.flags = (message.flags & ~KEPT_FLAGS) | (wanted & KEPT_FLAGS & ~EPHEMERAL) | (message.flags & EPHEMERAL)
    if "content" in body:
        message.content = body["content"] or ""
    if "embeds" in body:
        message.embeds = _embeds(body["embeds"])
    if "attachments" in body or files:
        attach(backend, message, body, files)
    if "components" in body:
        message.components = _drawn(body["components"], message)
    if {"content", "components"} & body.keys():
        ping(backend, message, body.get("allowed_mentions"))


def _embeds(embeds: Any) -> list[Json]:
    return [{"type": "rich"} | embed for embed in embeds or ()]


def attach(backend: Backend, message: Message, body: Json, files: dict[str, Part]) -> None:
    """Store uploaded files and keep those of the earlier ones that `attachments` still names."""
    listed = {str(a.get("id")): a for a in body.get("attachments") or () if isinstance(a, dict)}
    kept = [a for a in message.attachments if "attachments" not in body or a["id"] in listed]
    for name, (filename, data) in files.items():
        digits = re.search(r"\d+", name)
        described = listed.get(digits.group() if digits else "", {})
        file_id = str(backend.new_id())
        shown = str(described.get("filename") or filename)
        backend.world.files[file_id] = (shown, data)
        while len(backend.world.files) > FILES_KEPT:
            del backend.world.files[next(iter(backend.world.files))]
        url = f"{backend.origin}/attachments/{file_id}/{shown}"
        made: Json = {"id": file_id, "filename": shown, "size": len(data), "url": url, "proxy_url": url}
        if described.get("description"):
            made["description"] = described["description"]
        kept.append(made)
    message.attachments = kept


def _drawn(parts: Any, message: Message) -> list[Json]:
    """Give the components their numbers and point `attachment://` at the stored files."""
    if not parts:
        return []
    by_name = {a["filename"]: a["url"] for a in message.attachments}
    for part in components.walk(parts):
        media = [part.get("media"), part.get("file"), *(i.get("media") for i in part.get("items") or ())]
        for item in media:
            if not isinstance(item, dict):
                continue
            url = str(item.get("url"))
            if url.startswith("attachment://"):
                found = by_name.get(url.removeprefix("attachment://"))
                if found is None:
                    sentence = "The referenced attachment was not found"
                    raise invalid([("components", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", sentence)])
                item["url"] = found
            _defaults(item)
        if part.get("type") == components.FILE and isinstance(part.get("file"), dict):
            part.update(_file_facts(message, part["file"]["url"]))
    return components.number(list(parts))


def _defaults(item: Json) -> None:
    item.setdefault("proxy_url", item["url"])


def _file_facts(message: Message, url: str) -> Json:
    found = next((a for a in message.attachments if a["url"] == url), None)
    return {"name": found["filename"], "size": found["size"]} if found else {}


def ping(backend: Backend, message: Message, rules: Any) -> None:
    """Work out whom a message mentions. Text displays ping as content does; without rules everything does.

    Source: discord-api-docs `resources/message.mdx`, "Allowed Mentions Object".
    """
    text = "\n".join([message.content, *components.texts(message.components)])
    users = [int(u) for u in _USER.findall(text)]
    roles = [int(r) for r in _ROLE.findall(text)]
    everyone = "@everyone" in text or "@here" in text
    if isinstance(rules, dict):
        parse = rules.get("parse") or []
        named_users = {int(u) for u in rules.get("users") or ()}
        named_roles = {int(r) for r in rules.get("roles") or ()}
        users = [u for u in users if "users" in parse or u in named_users]
        roles = [r for r in roles if "roles" in parse or r in named_roles]
        everyone = everyone and "everyone" in parse
    world = backend.world
    channel = world.channels.get(message.channel_id)
    guild = world.guilds.get(channel.guild_id) if channel is not None and channel.guild_id is not None else None
    may = False
    if guild is not None and channel is not None and message.author_id in guild.members:
        held = permissions.in_channel(guild, channel, guild.members[message.author_id])
        may = bool(held & permissions.BITS["mention_everyone"])
    known = guild.roles if guild is not None else {}
    message.mentions = list(dict.fromkeys(u for u in users if u in world.users))
    message.mention_roles = list(dict.fromkeys(r for r in roles if r in known and (may or known[r].mentionable)))
    message.mention_everyone = everyone and may
