"""The one object behind REST, gateway, page and people: state, limits, faults and the record of what came in."""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.discord import limits, wire
from sandbox.discord.faults import Faults
from sandbox.discord.gateway import Gateway
from sandbox.discord.state import Channel, Guild, Interaction, Json, Message, Snowflakes, World
from sandbox.discord.validate import Checker

RECORDS: Final = 10_000
"""How many requests are kept; older ones are forgotten so that a demo may run for days."""
INTERACTIONS: Final = 5_000
HIDDEN: Final = 2_000
LISTENER_BACKLOG: Final = 1_000


@dataclass(slots=True)
class Request:
    """One request as it came in, and what it got. `path` is below /api/v10; `raw` holds a body that is not JSON."""

    at_s: float
    method: str
    path: str
    template: str
    query: dict[str, str]
    authorized: bool
    content_type: str
    body: Any
    raw: bytes = b""
    status: int = 0
    answer: Any = None
    files: dict[str, int] = field(default_factory=dict)
    violations: list[str] | None = None


class Backend:
    """Holds everything; its methods change state and tell the gateway and the page."""

    def __init__(self, world: World, token: str, clock: Callable[[], float], checker: Checker | None) -> None:
        self.world = world
        self.token = token
        self.clock = clock
        self.new_id = Snowflakes(clock)
        self.faults = Faults(clock)
        self.limits = limits.RateLimits(clock)
        self.nonces = limits.Nonces(clock)
        self.gateway = Gateway(world, token, self.faults, clock, self.wake)
        self.checker = checker
        self.records: deque[Request] = deque(maxlen=RECORDS)
        self.counts: Counter[str] = Counter()
        self.changed = asyncio.Event()
        self.origin = ""
        self.notice = ""
        self._connected = 0
        self._listeners: set[asyncio.Queue[Json]] = set()

    # -- what others listen to

    def listen(self) -> "asyncio.Queue[Json]":
        """Open a stream of everything that changes, for the page; close it with `unlisten`."""
        queue: asyncio.Queue[Json] = asyncio.Queue(LISTENER_BACKLOG)
        self._listeners.add(queue)
        return queue

    def unlisten(self, queue: "asyncio.Queue[Json]") -> None:
        """Close a stream."""
        self._listeners.discard(queue)

    def tell(self, kind: str, **data: Any) -> None:
        """Tell every listener; one that fell behind is told to ask for everything again."""
        for queue in self._listeners:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"type": "hello"})
            queue.put_nowait({"type": kind, **data})
        self.wake()

    def wake(self) -> None:
        """Wake everybody who waits for a condition."""
        self.changed.set()
        self.changed = asyncio.Event()
        if self.gateway.connected != self._connected:
            self._connected = self.gateway.connected
            self.tell("world")

    # -- messages

    async def post(self, message: Message) -> None:
        """Put a message in its place and announce it; an ephemeral one is only shown to its reader."""
        world = self.world
        if message.seen_by is not None:
            world.hidden[message.id] = message
            while len(world.hidden) > HIDDEN:
                del world.hidden[next(iter(world.hidden))]
        else:
            channel = world.channels[message.channel_id]
            channel.messages[message.id] = message
            channel.last_message_id = message.id
        self.counts["messages"] += 1
        self.tell("message", message=self.draw(message))
        if message.seen_by is None:
            await self.announce("MESSAGE_CREATE", message)

    async def edited(self, message: Message, *, loading: bool = False) -> None:
        """Announce a changed message; filling a loading reply is not an edit."""
        if not loading:
            message.edited_at_s = self.clock()
            self.counts["edits"] += 1
        self.tell("edit", message=self.draw(message))
        if message.seen_by is None:
            await self.announce("MESSAGE_UPDATE", message)

    async def deleted(self, message: Message) -> None:
        """Take a message away and say so."""
        world = self.world
        world.hidden.pop(message.id, None)
        place = world.channels.get(message.channel_id)
        if place is not None:
            place.messages.pop(message.id, None)
        self.counts["deletes"] += 1
        self.tell("delete", channel_id=str(message.channel_id), id=str(message.id))
        if message.seen_by is None and place is not None:
            gone: Json = {"id": str(message.id), "channel_id": str(message.channel_id)}
            if place.guild_id is not None:
                gone["guild_id"] = str(place.guild_id)
            await self.gateway.dispatch("MESSAGE_DELETE", gone, place.guild_id)

    async def announce(self, name: str, message: Message) -> None:
        """Dispatch a message event."""
        place = self.world.channels.get(message.channel_id)
        guild_id = place.guild_id if place is not None else None
        await self.gateway.dispatch(name, wire.message_event(message, self.world), guild_id)

    def draw(self, message: Message) -> Json:
        """Draw a message for people: as Discord does, and for whose eyes it is."""
        drawn = wire.message(message, self.world)
        if message.seen_by is not None:
            drawn["seen_by"] = str(message.seen_by)
        return drawn

    # -- places

    async def add_channel(self, channel: Channel) -> Channel:
        """Put a channel or thread into the world and announce it."""
        world = self.world
        world.channels[channel.id] = channel
        if channel.guild_id is None:
            return channel
        world.guilds[channel.guild_id].channels[channel.id] = channel
        name = "THREAD_CREATE" if channel.is_thread else "CHANNEL_CREATE"
        self.tell("world")
        drawn = wire.channel(channel, world)
        if channel.is_thread:
            drawn["newly_created"] = True
        await self.gateway.dispatch(name, drawn, channel.guild_id)
        return channel

    async def channel_changed(self, channel: Channel) -> None:
        """Announce that a channel's settings or overwrites changed."""
        name = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self.tell("world")
        await self.gateway.dispatch(name, wire.channel(channel, self.world), channel.guild_id)

    async def remove_channel(self, channel: Channel) -> None:
        """Delete a channel, its threads too."""
        world = self.world
        guild = world.guilds.get(channel.guild_id) if channel.guild_id is not None else None
        if guild is not None:
            for thread in [c for c in guild.channels.values() if c.parent_id == channel.id]:
                await self.remove_channel(thread)
            guild.channels.pop(channel.id, None)
        world.channels.pop(channel.id, None)
        name = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.tell("world")
        await self.gateway.dispatch(name, wire.channel(channel, world), channel.guild_id)

    async def add_guild(self, guild: Guild) -> Guild:
        """Let the bot join a guild."""
        self.world.guilds[guild.id] = guild
        self.world.channels.update(guild.channels)
        self.tell("world")
        drawn = wire.guild(guild, self.world)
        del drawn["unavailable"]  # only a guild that was known before says so; a new one is a join
        await self.gateway.dispatch("GUILD_CREATE", drawn, guild.id)
        return guild

    async def remove_guild(self, guild: Guild) -> None:
        """Let the bot be thrown out of a guild."""
        self.world.guilds.pop(guild.id, None)
        for channel_id in guild.channels:
            self.world.channels.pop(channel_id, None)
        self.tell("world")
        await self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, guild.id)

    # -- interactions

    def open_interaction(self, interaction: Interaction) -> None:
        """Remember an interaction so that it can be answered."""
        kept = self.world.interactions
        kept[interaction.token] = interaction
        while len(kept) > INTERACTIONS:
            del kept[next(iter(kept))]
        self.counts["interactions"] += 1

    def new_token(self) -> str:
        """Make an interaction's token."""
        return "sandbox-" + secrets.token_urlsafe(24)

    def stop(self) -> None:
        """End every stream."""
        self.tell("stop")
