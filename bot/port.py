"""The port that delivery uses, over discord.py: posting, editing, reading back and whispering, its errors in our words.

Source: discord.py 2.7.1; Discord documentation, "Opcodes and Status Codes".
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
import discord

from bot.cards.card import Card
from bot.cards.layout import files, without_pictures
from bot.client import Connection, refused_token
from bot.deliver.port import (
    INVALID_BODY,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    THREAD_ARCHIVED,
    THREAD_EXISTS,
    THREAD_LOCKED,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    Throttled,
)
from bot.store import Subscriptions
from watchers.errors import NotDelivered, Undeliverable
from watchers.unreached import of_error

OLD_EDITS_S: Final = 600.0
DISCORD_EPOCH_MS: Final = 1_420_070_400_000  # snowflakes count from 2015
_NO_FILES: Final = (MISSING_PERMISSIONS, INVALID_BODY)
THREAD_MIN: Final = 10_080  # a quiet thread leaves the channel list after a week, the longest that Discord offers
PAGE: Final = 1000  # messages read in a channel when ours are looked for

View = Callable[[Card], discord.ui.LayoutView]


@contextmanager
def _our_errors() -> Iterator[None]:
    """Turn what discord.py raises into our error tree, whose class is the policy."""
    try:
        yield
    except discord.RateLimited as error:
        # the library waits out a limit of the whole bot; what is too long for it is one route's
        raise NotDelivered("Discord limits requests to the channel", error.retry_after) from None
    except discord.HTTPException as error:
        raise _ours(error) from None
    except (aiohttp.ClientError, OSError) as error:
        raise NotDelivered(f"the connection to Discord failed: {of_error(error).what}") from None


def _ours(error: discord.HTTPException) -> Exception:
    said = f"HTTP {error.status}, code {error.code}: {error.text[:200]}"
    match error.status, error.code:
        case 401, _:
            return refused_token()
        case _, 30046:
            return NotDelivered("Discord limits edits of old messages", OLD_EDITS_S)
        case 429, _:
            return Throttled("Discord refuses all our requests for now", _retry_after_s(error))
        case status, code if code in _TOLD_APART or (status in (403, 404) and code):
            return Undeliverable(_PLAIN.get(code, said), code)
        case 400, _:
            return Undeliverable(said, INVALID_BODY)
        case _:
            return NotDelivered(said)


_TOLD_APART: Final = (THREAD_ARCHIVED, THREAD_EXISTS, THREAD_LOCKED)  # whatever their status
_PLAIN = {
    UNKNOWN_CHANNEL: "the channel is gone",
    UNKNOWN_GUILD: "the server is gone",
    MISSING_ACCESS: "I may no longer see the channel (permission View Channel)",
    MISSING_PERMISSIONS: (
        "I may no longer write in the channel (permission Send Messages; in a thread Send Messages in Threads)"
    ),
    THREAD_LOCKED: "the thread is locked",
}


def _retry_after_s(error: discord.HTTPException) -> float | None:
    headers: Any = getattr(error.response, "headers", {})
    try:
        return max(float(headers.get("Retry-After", "")), 1.0)
    except ValueError:
        return None


class DiscordPort:
    """`ChannelPort` over discord.py."""

    def __init__(self, connection: Connection, view: View) -> None:
        self._connection, self._view = connection, view

    @contextmanager
    def _request(self) -> Iterator[None]:
        if not self._connection.logged_in.is_set() or self._connection.is_closed():
            raise NotDelivered("not connected to Discord yet")
        finished = False
        try:
            with _our_errors():
                yield
            finished = True
        finally:
            if not finished:
                # a request that is cancelled while it waits out a global limit would leave the library waiting for ever
                self._connection.http._global_over.set()  # noqa: SLF001 - there is no other way to let go of it

    async def post(self, channel_id: int, card: Card, nonce: str) -> int:
        """Post a card; pings the card's role and nobody else. Pictures that Discord refuses stay away."""
        try:
            with self._request():
                channel = self._connection.get_partial_messageable(channel_id)
                message = await channel.send(
                    view=self._view(card), files=files(card), nonce=nonce, allowed_mentions=_mentions(card)
                )
                return message.id
        except Undeliverable as error:
            if error.code == THREAD_ARCHIVED:  # writing opens a thread, unless it is locked
                raise Undeliverable(_PLAIN[THREAD_LOCKED], THREAD_LOCKED) from None
            if not card.pictures or error.code not in _NO_FILES:
                raise
        return await self.post(channel_id, without_pictures(card), nonce)

    async def edit(self, channel_id: int, message_id: int, card: Card) -> None:
        """Bring a message to this card; pings nobody. In a thread that was archived it opens the thread first."""
        try:
            await self._edit(channel_id, message_id, card)
        except Undeliverable as error:
            if error.code != THREAD_ARCHIVED:
                raise
            await self._unarchive(channel_id)
            await self._edit(channel_id, message_id, card)

    async def _unarchive(self, thread_id: int) -> None:
        try:
            with self._request():
                await self._connection.http.edit_channel(thread_id, archived=False)
        except Undeliverable as error:
            if error.code != MISSING_PERMISSIONS:
                raise
            # who may write in a thread may open it, unless it is locked
            raise Undeliverable(_PLAIN[THREAD_LOCKED], THREAD_LOCKED) from None

    async def _edit(self, channel_id: int, message_id: int, card: Card) -> None:
        with self._request():
            message = self._connection.get_partial_messageable(channel_id).get_partial_message(message_id)
            nobody = discord.AllowedMentions.none()
            await message.edit(view=self._view(card), attachments=files(card), allowed_mentions=nobody)

    async def start_thread(self, channel_id: int, message_id: int, name: str) -> None:
        """Start a thread on a message; it is there already after a try whose answer was lost."""
        try:
            with self._request():
                await self._connection.http.start_thread_with_message(
                    channel_id, message_id, name=name, auto_archive_duration=THREAD_MIN
                )
        except Undeliverable as error:
            if error.code == MISSING_PERMISSIONS:
                missing = "I may not start threads in the channel (permission Create Public Threads)"
                raise Undeliverable(missing, error.code) from None
            if error.code != THREAD_EXISTS:
                raise

    def link(self, channel_id: int, message_id: int) -> str:
        """Link a message; empty where the channel's server is not known yet."""
        channel = self._connection.get_channel(channel_id)
        guild = getattr(channel, "guild", None)
        return f"https://discord.com/channels/{guild.id}/{channel_id}/{message_id}" if guild is not None else ""

    async def recent(self, channel_id: int, after_ms: int, limit: int) -> list[tuple[int, str]]:
        """Read our own messages, answers to commands left out; the newest first for `after_ms` 0, else the oldest."""
        found: list[tuple[int, str]] = []
        with self._request():
            channel = self._connection.get_partial_messageable(channel_id)
            after = discord.Object(max(after_ms - DISCORD_EPOCH_MS, 0) << 22) if after_ms else None
            async for message in channel.history(limit=PAGE if after else limit, after=after):
                if self._connection.user and message.author.id == self._connection.user.id:
                    if message.interaction_metadata is None:
                        found.append((message.id, _text(message)))
                    if len(found) >= limit:
                        break
        return found

    async def whisper(self, user_id: int, text: str, nonce: str) -> None:
        """Send a direct message."""
        with self._request():
            user = await self._connection.fetch_user(user_id)
            await user.send(text, nonce=nonce)


def _mentions(card: Card) -> discord.AllowedMentions:
    roles = [discord.Object(card.ping_role)] if card.ping_role else False
    return discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)


def _text(message: discord.Message) -> str:
    """Gather all text of a message, Components V2 included."""
    parts, rest = [message.content], list[Any](message.components)
    while rest:
        component = rest.pop()
        parts.append(str(getattr(component, "content", "") or ""))
        rest += getattr(component, "children", ())
    return "\n".join(parts)


class Owners:
    """Tells who can mend a shut channel: whoever subscribed it, else the owner of the server."""

    def __init__(self, connection: Connection, port: DiscordPort, subscriptions: Subscriptions) -> None:
        self._connection, self._port, self._subscriptions = connection, port, subscriptions

    async def tell(self, guild_id: int, channel_id: int, reason: str) -> None:
        """Send a direct message to the first who takes it. Raises Undeliverable when nobody does."""
        people = [s.created_by for s in await self._subscriptions.of_channel(channel_id) if s.created_by]
        guild = self._connection.get_guild(guild_id)
        if guild is not None and guild.owner_id:
            people.append(guild.owner_id)
        text = (
            f"I stopped sending alerts to <#{channel_id}>: {reason}. Its subscriptions are kept. "
            "When it is mended, run `/alerts test` there and I go on."
        )
        refused = Undeliverable("nobody to tell", UNKNOWN_CHANNEL)
        for person in dict.fromkeys(people):
            try:
                nonce = hashlib.sha256(f"shut|{channel_id}|{person}|{reason}".encode()).hexdigest()[:25]
                await self._port.whisper(person, text, nonce)
            except Undeliverable as error:
                refused = error
            else:
                return
        raise refused
