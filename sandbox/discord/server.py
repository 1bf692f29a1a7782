"""`Discord`: the whole sandbox as one object, served on one port."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from sandbox.discord import commands, founding, interactions, messages, permissions, places
from sandbox.discord.backend import Backend, Request
from sandbox.discord.control import Control
from sandbox.discord.faults import Faults
from sandbox.discord.gateway import Gateway
from sandbox.discord.limits import FILE_BYTES, FILES, RateLimits
from sandbox.discord.page import Page
from sandbox.discord.people import People
from sandbox.discord.reply import Reply, text_of
from sandbox.discord.rest import Api
from sandbox.discord.state import TEXT, Channel, Guild, Json, Overwrite, User
from sandbox.discord.validate import Checker

ROUTES: Final = [*places.ROUTES, *messages.ROUTES, *commands.ROUTES, *interactions.ROUTES]
GLANCE_S: Final = 0.02
Where = Channel | int | str
Who = User | int | str


class Discord(People):
    """A Discord of one's own. Start it with `async with Discord.start() as discord`.

    `api_base` is for `discord.http.Route.BASE`, `gateway_url` for `DiscordWebSocket.DEFAULT_GATEWAY`, `token` for
    login, `page_url` for a browser.
    """

    def __init__(self, *, openapi: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        checker = Checker(openapi) if openapi is not None and openapi.exists() else None
        backend = Backend(founding.world(), founding.TOKEN, clock, checker)
        super().__init__(backend, time.perf_counter)
        first = founding.guild(backend, "Tribune sandbox", founding.CHANNELS, first_id=founding.GUILD_ID)
        backend.world.guilds[first.id] = first
        backend.world.channels.update(first.channels)
        self.backend = backend
        self.guild = first
        self.token = backend.token
        self.api_base = self.gateway_url = self.page_url = ""

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        host: str = "127.0.0.1",
        port: int = 0,
        openapi: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> "AsyncIterator[Discord]":
        """Serve until the block ends; port 0 takes a free one. Raises OSError when the port is taken."""
        made = cls(openapi=openapi, clock=clock)
        app = web.Application(client_max_size=FILES * FILE_BYTES + (1 << 20))
        Api(made.backend, ROUTES).mount(app)
        app.router.add_get("/gateway", made.backend.gateway.connect)
        app.router.add_get("/gateway/", made.backend.gateway.connect)
        Control(made).mount(app)
        Page(made).mount(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            made._located(host, int(runner.addresses[0][1]))
            yield made
        finally:
            await made.backend.gateway.close(1001)
            made.backend.stop()
            await runner.cleanup()

    def _located(self, host: str, port: int) -> None:
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  only compared
        self.page_url = f"http://{shown}:{port}/"
        self.api_base = f"http://{shown}:{port}/api/v10"
        self.gateway_url = f"ws://{shown}:{port}/gateway/"
        self.backend.origin = self.page_url.rstrip("/")
        self.backend.gateway.url = self.gateway_url

    @property
    def faults(self) -> Faults:
        """Arm faults here."""
        return self.backend.faults

    @property
    def limits(self) -> RateLimits:
        """The rate limits: change or switch off."""
        return self.backend.limits

    @property
    def gateway(self) -> Gateway:
        """The gateway: `reconnect` (op 7), `invalidate` (op 9), `close`, `cut`."""
        return self.backend.gateway

    @property
    def nonce_window_s(self) -> float:
        """How long a nonce keeps a message single."""
        return self.backend.nonces.window_s

    @nonce_window_s.setter
    def nonce_window_s(self, value: float) -> None:
        self.backend.nonces.window_s = value

    @property
    def recorded(self) -> list[Request]:
        """Every REST request so far, oldest first."""
        return list(self.backend.records)

    @property
    def counts(self) -> Counter[str]:
        """Count requests, messages, edits, deletes, deduplicated, rate_limited, interactions, refused_<status> ..."""
        return self.backend.counts

    def unknown_routes(self) -> list[Request]:
        """Give the requests that no route serves."""
        return [r for r in self.backend.records if r.template == "/{tail}"]

    def violations(self, *, answers: bool = False) -> list[str]:
        """Check every recorded body (and, if asked, our answers) against the OpenAPI document; empty without one."""
        checker = self.backend.checker
        if checker is None:
            return []
        found: list[str] = []
        for record in self.backend.records:
            if record.violations is None:
                multipart = record.content_type == "multipart/form-data"
                record.violations = checker.body(record.method, record.path, record.body, multipart=multipart)
            found += [f"{record.method} {record.template}: {p}" for p in record.violations]
            if answers and 200 <= record.status < 300:  # noqa: PLR2004  HTTP: success
                problems = checker.answer(record.method, record.path, record.status, record.answer)
                found += [f"answer of {record.method} {record.template}: {p}" for p in problems]
        return found

    def messages(self, channel: Where, *, seen_by: Who | None = None) -> list[Json]:
        """Draw a channel's messages, oldest first; `seen_by` adds what only that user can see."""
        place = self.channel(channel)
        found = list(place.messages.values())
        if seen_by is not None:
            person = self.user(seen_by)
            hidden = self.backend.world.hidden.values()
            found += [m for m in hidden if m.channel_id == place.id and m.seen_by == person.id]
        return [self.backend.draw(m) for m in sorted(found, key=lambda m: m.id)]

    def texts(self, channel: Where) -> list[str]:
        """Give the words of a channel's messages, oldest first."""
        return [text_of(m) for m in self.messages(channel)]

    async def wait_for(self, condition: Callable[[], Any], *, timeout_s: float = 5.0) -> Any:
        """Wait until a condition is true and give its value; TimeoutError otherwise.

        It is asked after every change here, and every `GLANCE_S`, as it may look at the client too.
        """
        async with asyncio.timeout(timeout_s):
            while not (value := condition()):
                waiting = asyncio.ensure_future(self.backend.changed.wait())
                try:
                    await asyncio.wait({waiting}, timeout=GLANCE_S)
                finally:
                    waiting.cancel()
        return value

    def notice(self, text: str) -> None:
        """Let the page say something above its box, in Discord's markdown; no message, and empty takes it away."""
        self.backend.notice = text
        self.backend.tell("world")

    async def wait_ready(self, *, timeout_s: float = 10.0) -> None:
        """Wait until a client has identified."""
        await self.wait_for(lambda: self.gateway.connected, timeout_s=timeout_s)

    async def add_guild(self, name: str, channels: Sequence[str] = ("alerts",)) -> Guild:
        """Let the bot join a new guild."""
        return await self.backend.add_guild(founding.guild(self.backend, name, dict.fromkeys(channels, "")))

    async def remove_guild(self, guild: Guild) -> None:
        """Throw the bot out of a guild."""
        await self.backend.remove_guild(guild)

    async def add_channel(self, name: str, *, guild: Guild | None = None, kind: int = TEXT) -> Channel:
        """Make a channel."""
        home = guild or self.guild
        made = Channel(self.backend.new_id(), home.id, name, kind=kind, position=len(home.channels))
        return await self.backend.add_channel(made)

    async def delete_channel(self, channel: Where) -> None:
        """Delete a channel: what is sent there afterwards is answered with 10003."""
        await self.backend.remove_channel(self.channel(channel))

    async def archive(self, thread: Where, *, locked: bool = False) -> None:
        """Archive a thread, as Discord does with a quiet one; `locked`, as a moderator closes it for good."""
        place = self.channel(thread)
        place.archived, place.locked = True, locked
        await self.backend.channel_changed(place)

    async def deny(self, channel: Where, *names: str, who: Who | None = None) -> None:
        """Take permissions away from the bot or a user: without "send_messages" 50013, without "view_channel" 50001."""
        await self._overwrite(channel, who, names, allow=False)

    async def allow(self, channel: Where, *names: str, who: Who | None = None) -> None:
        """Give permissions in a channel, to the bot or another user."""
        await self._overwrite(channel, who, names, allow=True)

    async def _overwrite(self, channel: Where, who: Who | None, names: Sequence[str], *, allow: bool) -> None:
        place = self.channel(channel)
        user_id = self.user(who).id if who is not None else self.backend.world.app_id
        rule = place.overwrites.setdefault(user_id, Overwrite(user_id, 1))
        mask = permissions.bits(*names)
        rule.allow = rule.allow | mask if allow else rule.allow & ~mask
        rule.deny = rule.deny & ~mask if allow else rule.deny | mask
        await self.backend.channel_changed(place)


__all__ = ["Discord", "Reply"]
