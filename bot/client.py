"""The connection to Discord: one discord.py client, started again whatever ends it, and the port the sender uses.

Source: discord.py 2.7.1. Needs the intent `guilds` only, which is not privileged.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord import app_commands
from pydantic import SecretStr
from yarl import URL

from bot.cards.card import Card
from bot.deliver.port import (
    INVALID_BODY,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    Throttled,
)
from bot.ending import until_done
from bot.store import Subscriptions
from config.errors import SettingsError
from watchers.errors import NotDelivered, Undeliverable

LONGEST_WAIT_S: Final = 30.0  # the shortest that discord.py accepts; a longer rate limit is raised
OLD_EDITS_S: Final = 600.0
LONGEST_BACKOFF_S: Final = 60.0
DISCORD_EPOCH_MS: Final = 1_420_070_400_000  # snowflakes count from 2015
PAGE: Final = 1000  # messages read in a channel when ours are looked for
LOGIN_S: Final = 60.0
BAD_TOKEN: Final = 4004  # gateway close code
_log = structlog.get_logger(__name__)

View = Callable[[Card], discord.ui.LayoutView]
Setup = Callable[["Connection"], Awaitable[None]]


def _refused_token() -> SettingsError:
    remedy = "copy the token anew from the Developer Portal, page Bot, into .env"
    return SettingsError("environment", "DISCORD_TOKEN", "Discord refuses it", remedy)


def _refused_intents() -> SettingsError:
    return SettingsError("Discord", "intents", "the intent guilds is refused", "look at the application in the portal")


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we have no voice


class Connection(discord.Client):
    """The client, with its command tree. `online` is set while events come in."""

    def __init__(self, token: SecretStr, *, setup: Setup | None = None, guild_ready_timeout: float = 2.0) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=guild_ready_timeout,
            max_ratelimit_timeout=LONGEST_WAIT_S,
        )
        self.tree = app_commands.CommandTree(self)
        self.command_ids: dict[str, int] = {}  # as Discord numbered them, for clickable mentions
        self.logged_in = asyncio.Event()
        self.online = asyncio.Event()
        self._token, self._setup = token, setup
        self._trouble = Trouble()

    async def setup_hook(self) -> None:
        """Let others attach commands and items before the first event, until that succeeded once."""
        self.logged_in.set()
        if self._setup is not None:
            self.tree.clear_commands(guild=None)  # what an attempt that failed half-way left there
            await self._setup(self)
            self._setup = None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Drop what the library still has to say while the client closes: its loop is gone by then."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def on_ready(self) -> None:
        """Note that events come in."""
        self._trouble.over()
        self.online.set()

    async def on_resumed(self) -> None:
        """Note that events come in again."""
        await self.on_ready()

    async def on_disconnect(self) -> None:
        """Note that they do not."""
        self.online.clear()

    async def stay(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Log in and stay connected for ever. Trouble is said once, and its end. Raises SettingsError for a token or
        an intent that Discord refuses.
        """
        while True:
            try:
                if self.is_closed() or not self.logged_in.is_set():
                    await self._log_in()
                await until_done(self.connect(reconnect=True))
            except discord.LoginFailure:
                raise _refused_token() from None
            except discord.PrivilegedIntentsRequired:
                raise _refused_intents() from None
            except discord.ConnectionClosed as error:
                if error.code == BAD_TOKEN:
                    raise _refused_token() from None
                await sleep(self._trouble.note(f"the gateway closed with code {error.code}"))
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                await sleep(self._trouble.note(type(error).__name__))
            except AttributeError as error:
                ws: Any = self.ws  # None until the first connection, whatever its annotation says
                if ws is not None:
                    raise
                # Rapptz/discord.py#10520: a gateway that refuses the very first connection ends the client this way
                await sleep(self._trouble.note(f"the gateway refused the first connection ({type(error).__name__})"))
            else:
                await sleep(self._trouble.note("the gateway ended the connection"))

    async def _log_in(self) -> None:
        """Log in with a new session: a failed login leaves one open, and a closed client keeps a dead connector."""
        self.logged_in.clear()
        await self.http.close()
        if self.is_closed():
            self.clear()
            await self.__aenter__()  # closing took its loop away
        self.http.connector = discord.utils.MISSING
        async with asyncio.timeout(LOGIN_S):
            await self.login(self._token.get_secret_value())


class Trouble:
    """Says a failure once and its end once; gives the pauses between tries."""

    def __init__(self) -> None:
        self._times = 0

    def note(self, what: str) -> float:
        """Count a failure and give the seconds to wait."""
        if not self._times:
            _log.warning("Discord cannot be reached; trying again", error=what)
        self._times += 1
        return float(min(0.5 * 2 ** min(self._times - 1, 10), LONGEST_BACKOFF_S))

    def over(self) -> None:
        """Note success."""
        if self._times:
            _log.info("Discord is reached again", after_tries=self._times)
        self._times = 0


@asynccontextmanager
async def connect(
    token: SecretStr,
    *,
    api_base: str | None = None,
    gateway: str | None = None,
    setup: Setup | None = None,
) -> AsyncIterator[Connection]:
    """Give the client, not yet started (`await connection.stay()` does that), and close it in the end. With
    `api_base` and `gateway` it speaks to another Discord, which answers at once, so it does not wait for late guilds.
    """
    base, door = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    if api_base is not None:
        discord.http.Route.BASE = api_base
    if gateway is not None:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)
    connection = Connection(token, setup=setup, guild_ready_timeout=2.0 if gateway is None else 0.05)
    try:
        yield connection
    finally:
        if connection.logged_in.is_set():
            await connection.close()
        await _let_end()
        await connection.http.close()
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = base, door


async def _let_end() -> None:
    """Give the library's own tasks, events and commands in hand, a moment to end; then end them."""
    own = [task for task in asyncio.all_tasks() if task.get_name().startswith(("discord.py:", "CommandTree-"))]
    if own:
        _, late = await asyncio.wait(own, timeout=1.0)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what discord.py raises into our error tree, whose class is the policy."""
    try:
        yield
    except discord.RateLimited as error:
        raise Throttled("Discord asks us to wait", error.retry_after) from None
    except discord.HTTPException as error:
        raise _ours(error) from None
    except (aiohttp.ClientError, OSError) as error:
        raise NotDelivered(f"the connection to Discord failed: {type(error).__name__}") from None


def _ours(error: discord.HTTPException) -> Exception:
    said = f"HTTP {error.status}, code {error.code}: {error.text[:200]}"
    match error.status, error.code:
        case 401, _:
            return _refused_token()
        case _, 30046:
            return NotDelivered("Discord limits edits of old messages", OLD_EDITS_S)
        case 429, _:
            return Throttled("Discord refuses all our requests for now", _retry_after_s(error))
        case 400, _:
            return Undeliverable(said, INVALID_BODY)
        case 403 | 404, code if code:
            return Undeliverable(_PLAIN.get(code, said), code)
        case _:
            return NotDelivered(said)


_PLAIN = {
    UNKNOWN_CHANNEL: "the channel is gone",
    UNKNOWN_GUILD: "the server is gone",
    MISSING_ACCESS: "I may no longer see the channel (permission View Channel)",
    MISSING_PERMISSIONS: "I may no longer write in the channel (permission Send Messages)",
}


def _retry_after_s(error: discord.HTTPException) -> float | None:
    headers: Any = getattr(error.response, "headers", {})
    try:
        return max(float(headers.get("Retry-After", "")), 1.0)
    except ValueError:
        return None


class DiscordPort:
    """`ChannelPort` over discord.py; and the owner of a route is told by direct message."""

    def __init__(self, connection: Connection, view: View) -> None:
        self._connection, self._view = connection, view

    @contextmanager
    def _request(self) -> Iterator[None]:
        if not self._connection.logged_in.is_set() or self._connection.is_closed():
            raise NotDelivered("not connected to Discord yet")
        finished = False
        try:
            with our_errors():
                yield
            finished = True
        finally:
            if not finished:
                # a request that is cancelled while it waits out a global limit would leave the library waiting for ever
                self._connection.http._global_over.set()  # noqa: SLF001 - there is no other way to let go of it

    async def post(self, channel_id: int, card: Card, nonce: str) -> int:
        """Post a card; pings the card's role and nobody else."""
        with self._request():
            channel = self._connection.get_partial_messageable(channel_id)
            message = await channel.send(view=self._view(card), nonce=nonce, allowed_mentions=_mentions(card))
            return message.id

    async def edit(self, channel_id: int, message_id: int, card: Card) -> None:
        """Bring a message to this card; pings nobody."""
        with self._request():
            message = self._connection.get_partial_messageable(channel_id).get_partial_message(message_id)
            await message.edit(view=self._view(card), allowed_mentions=discord.AllowedMentions.none())

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
