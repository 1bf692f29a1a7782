"""The connection to Discord: one discord.py client, started again whatever ends it.

Source: discord.py 2.7.1. Needs the intent `guilds` only, which is not privileged.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import discord
from discord import app_commands
from pydantic import SecretStr
from yarl import URL

from bot.ending import until_done
from bot.trouble import Trouble
from config.errors import VARIABLES, SettingsError
from watchers.unreached import of_error, of_status

LONGEST_WAIT_S: Final = 30.0  # the shortest that discord.py accepts; a longer rate limit is raised
LOGIN_S: Final = 60.0
BAD_TOKEN: Final = 4004  # gateway close code

Setup = Callable[["Connection"], Awaitable[None]]


def refused_token() -> SettingsError:
    """Give what the operator must do when Discord refuses our token."""
    remedy = "copy the token anew from the Developer Portal, page Bot, into .env"
    return SettingsError(VARIABLES, "DISCORD_TOKEN", "Discord refuses it", remedy)


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
        self._trouble = Trouble("Discord cannot be reached; trying again", "Discord is reached again")

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
                raise refused_token() from None
            except discord.PrivilegedIntentsRequired:
                raise _refused_intents() from None
            except discord.ConnectionClosed as error:
                if error.code == BAD_TOKEN:
                    raise refused_token() from None
                await sleep(self._trouble.note(f"the gateway closed with code {error.code}"))
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                why = of_status(error.status) if isinstance(error, discord.HTTPException) else of_error(error)
                await sleep(self._trouble.note(why.what))
            except AttributeError:
                ws: Any = self.ws  # None until the first connection, whatever its annotation says
                if ws is not None:
                    raise
                # Rapptz/discord.py#10520: a gateway that refuses the very first connection ends the client this way
                await sleep(self._trouble.note("the gateway refused the first connection"))
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
