"""The real discord.py client, pointed at a sandbox Discord over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import discord
import discord.gateway
import discord.http
import yarl
from discord import app_commands

from sandbox.discord import Discord

OPENAPI = Path(__file__).resolve().parents[2] / "shared" / "data" / "discord" / "openapi.json.gz"


class Bot(discord.Client):
    """A bare client with a command tree."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.05,
            max_messages=None,
            chunk_guilds_at_startup=False,
        )
        self.tree: app_commands.CommandTree[Bot] = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once; the library's five seconds are for Discord."""

    def text(self, name: str) -> discord.TextChannel:
        """Find a channel by name in the cache."""
        return next(c for c in self.get_all_channels() if c.name == name and isinstance(c, discord.TextChannel))


def point(server: Discord) -> Callable[[], None]:
    """Point discord.py at a sandbox and give what undoes it."""
    route, socket = discord.http.Route, discord.gateway.DiscordWebSocket
    before = route.BASE, socket.DEFAULT_GATEWAY
    route.BASE, socket.DEFAULT_GATEWAY = server.api_base, yarl.URL(server.gateway_url)

    def undo() -> None:
        route.BASE, socket.DEFAULT_GATEWAY = before

    return undo


@asynccontextmanager
async def connected(server: Discord, bot: Bot | None = None) -> AsyncIterator[Bot]:
    """Log a client in, wait until it is ready, and close it in the end."""
    client = bot or Bot()
    undo = point(server)
    task = asyncio.create_task(client.start(server.token))
    try:
        async with asyncio.timeout(10):
            await server.wait_ready()
            await client.wait_until_ready()
        yield client
    finally:
        await client.close()
        await asyncio.wait({task}, timeout=5)
        undo()
