"""A member who asks: the whole story told once, then questions through the real client over the sandbox's gateway."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cards.text import bare
from bot.demo import played
from bot.parts import App
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from sandbox.discord.reply import Reply
from watchers.alert import AlertState, Kind
from watchers.chain.rpc import Rpc, Unreachable

OPENAPI = Path(__file__).resolve().parents[2] / "shared" / "data" / "discord" / "openapi.json.gz"


@dataclass
class World:
    """The bot at the end of the story."""

    app: App
    chain: Chain
    discord: Discord

    async def ask(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        who: str = "member",
        where: Any = "alerts",
        **more: Any,
    ) -> Reply:
        """Run a slash command."""
        return await self.discord.command(where, who, name, options or {}, **more)

    async def choices(
        self, name: str, focused: str, typed: str = "", options: Mapping[str, Any] | None = None, *, who: str = "admin"
    ) -> list[tuple[str, str]]:
        """Type into an option and give what is offered, as (name, value)."""
        reply = await self.discord.autocomplete("alerts", who, name, focused, typed, options or {})
        return [(choice["name"], choice["value"]) for choice in reply.choices]

    async def newest(self, kind: Kind, *, live: bool = True, severity: str = "") -> AlertState:
        """Give the newest alert of a kind."""
        found = (s for s in await self.app.history.alerts(kind=kind, limit=100) if s.live is live)
        return next(s for s in found if severity in ("", s.alert.severity))

    async def message_of(self, state: AlertState) -> int:
        """Find the message that tells of an alert."""
        for channel in self.discord.guild.channels:
            found = await self.app.deliveries.message(channel, state.alert.id)
            if found is not None:
                return found
        raise LookupError(f"no message tells of {state.alert.short_id}")

    async def press(self, state: AlertState, button: str, *, who: str = "admin") -> Reply:
        """Press "why" or "snooze" under the card of an alert."""
        key = f"{button}:{state.alert.chain_id}:{state.alert.id}"
        return await self.discord.press(await self.message_of(state), key, who)

    def said(self) -> list[dict[str, Any]]:
        """Give the body of every message that was sent, answers to interactions and edits among them."""
        bodies = [r.body for r in self.discord.recorded if r.method in ("POST", "PATCH") and isinstance(r.body, dict)]
        bodies = [body["data"] if isinstance(body.get("data"), dict) else body for body in bodies]
        return [body for body in bodies if body.get("content") or body.get("components")]


def slow(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every question to a node take this long."""
    batch = Rpc.batch

    async def late(self: Rpc, calls: Any) -> Any:
        await asyncio.sleep(seconds)
        return await batch(self, calls)

    monkeypatch.setattr(Rpc, "batch", late)


def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no question reach a node."""

    async def gone(self: Rpc, calls: Any) -> Any:
        raise Unreachable("sandbox: no endpoint answers (127.0.0.1: refused)")

    monkeypatch.setattr(Rpc, "batch", gone)


def lines(reply: Reply) -> list[str]:
    """Give the lines of an answer as a reader sees them, without markdown."""
    return [line.removeprefix("### ") for line in bare(reply.text).replace("`", "").splitlines()]


@asynccontextmanager
async def told() -> AsyncIterator[World]:
    """Tell the story as fast as it goes and give the world at its end. It lives in a task of its own: what begins in
    one task must end there, and a fixture's end runs in another.
    """
    ready: asyncio.Future[World] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def live() -> None:
        with tempfile.TemporaryDirectory(prefix="tribune-") as folder:
            async with played(Path(folder), lambda _: None, openapi=OPENAPI) as (app, chain, discord):
                ready.set_result(World(app, chain, discord))
                await over.wait()

    life = asyncio.create_task(live())
    life.add_done_callback(lambda _: ready.done() or ready.cancel())
    await asyncio.wait([ready])
    if life.done():
        await life
    try:
        yield ready.result()
    finally:
        over.set()
        async with asyncio.timeout(20):
            await life
