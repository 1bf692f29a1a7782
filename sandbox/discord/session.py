"""A gateway session, which outlives its connection, and the line: the websocket that it speaks over for now.

Source: discord-api-docs `events/gateway.mdx`.
"""

import asyncio
import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from sandbox.discord import limits
from sandbox.discord.state import Json

DISPATCH: Final = 0
REPLAY: Final = 1000
"""How many dispatches a session keeps for a resume; the number is ours."""


@dataclass(slots=True)
class Session:
    """What survives a dropped connection."""

    id: str
    intents: int
    shard: tuple[int, int]
    seq: int = 0
    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAY))
    line: "Line | None" = None

    def sees(self, guild_id: int | None) -> bool:
        """Say whether this session's shard is the one of a guild; direct messages go to shard 0."""
        number, count = self.shard
        return ((guild_id >> 22) % count if guild_id is not None else 0) == number

    async def push(self, name: str, data: Json) -> None:
        """Give a dispatch its number, keep it for a resume, and send it if somebody listens."""
        self.seq += 1
        text = json.dumps({"op": DISPATCH, "t": name, "s": self.seq, "d": data}, separators=(",", ":"))
        self.events.append((self.seq, text))
        if self.line is not None:
            await self.line.send(text)


class Line:
    """One websocket: frames out, compressed when the client asked for zlib-stream."""

    def __init__(self, socket: web.WebSocketResponse, *, compress: bool) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.sends: deque[float] = deque(maxlen=limits.GATEWAY_SENDS)
        self._zlib = zlib.compressobj() if compress else None
        self._lock = asyncio.Lock()

    async def send(self, text: str) -> None:
        """Send one payload whole; a socket that has gone is not an error, the session keeps the event."""
        async with self._lock:
            if self.socket.closed:
                return
            try:
                if self._zlib is None:
                    await self.socket.send_str(text)
                else:
                    data = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)
            except (ConnectionError, RuntimeError):
                self.detach()

    async def op(self, code: int, data: object = None) -> None:
        """Send a payload that is not a dispatch."""
        await self.send(json.dumps({"op": code, "d": data, "s": None, "t": None}))

    async def close(self, code: int, reason: str = "") -> None:
        """Close the socket; the session stays for a resume."""
        self.detach()
        await self.socket.close(code=code, message=reason.encode())

    def detach(self) -> None:
        """Let go of the session."""
        if self.session is not None and self.session.line is self:
            self.session.line = None

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self.detach()
        transport = self.socket._req.transport if self.socket._req else None  # noqa: SLF001  no public way to abort
        if transport is not None:
            transport.abort()
