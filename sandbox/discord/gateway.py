"""The gateway: what clients send, answered as Discord does, and dispatches to every session that may see them.

Source: discord-api-docs `events/gateway.mdx` and `events/gateway-events.mdx`; close codes from
`topics/opcodes-and-status-codes.mdx`.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Final

from aiohttp import WSMsgType, web

from sandbox.discord import limits, wire
from sandbox.discord.faults import Faults
from sandbox.discord.session import Line, Session
from sandbox.discord.state import Json, World

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 1, 2, 3, 4, 6, 7
MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11

ACK_AFTER_S: Final = 0.01
"""Clients note the time of a heartbeat after sending it; an answer that is faster reads as one interval late."""
UNKNOWN_OPCODE: Final = 4001
DECODE_ERROR: Final = 4002
NOT_AUTHENTICATED: Final = 4003
AUTHENTICATION_FAILED: Final = 4004
ALREADY_AUTHENTICATED: Final = 4005
INVALID_SEQ: Final = 4007
RATE_LIMITED: Final = 4008
INVALID_SHARD: Final = 4010

INTENTS: Final[dict[str, int]] = {
    "GUILD_MEMBER_UPDATE": 1 << 1,
    "MESSAGE_CREATE": 1 << 9,
    "MESSAGE_UPDATE": 1 << 9,
    "MESSAGE_DELETE": 1 << 9,
}
"""Events that need an intent; all others here belong to GUILDS (1 << 0) or to none."""

ALWAYS: Final = frozenset({"READY", "RESUMED", "INTERACTION_CREATE"})


class Gateway:
    """All connections and sessions. `resumes` and `identifies` keep what clients sent, for assertions."""

    def __init__(
        self, world: World, token: str, faults: Faults, clock: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._wake = wake
        self._world = world
        self._token = token
        self._faults = faults
        self._clock = clock
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.lines: set[Line] = set()
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.heartbeats = 0

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one gateway connection until it closes."""
        if self._faults.gateway_refusals > 0:
            self._faults.gateway_refusals -= 1
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        line = Line(socket, compress=request.query.get("compress") == "zlib-stream")
        self.lines.add(line)
        try:
            await line.op(HELLO, {"heartbeat_interval": limits.HEARTBEAT_MS})
            async for frame in socket:
                if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    continue
                raw = frame.data.encode() if isinstance(frame.data, str) else frame.data
                await self._receive(line, raw)
                self._wake()
        finally:
            line.detach()
            self.lines.discard(line)
            self._wake()
        return socket

    async def _receive(self, line: Line, raw: bytes) -> None:  # noqa: PLR0911  one exit per documented close code
        now = self._clock()
        line.sends.append(now)
        if len(line.sends) == limits.GATEWAY_SENDS and now - line.sends[0] < limits.GATEWAY_WINDOW_S:
            return await line.close(RATE_LIMITED, "Rate limited.")
        try:
            frame = json.loads(raw)
            code, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            return await line.close(DECODE_ERROR, "Error while decoding payload.")
        if len(raw) > limits.GATEWAY_PAYLOAD_BYTES:
            return await line.close(DECODE_ERROR, "Payload too large.")
        if code == HEARTBEAT:
            self.heartbeats += 1
            await asyncio.sleep(ACK_AFTER_S)
            return await line.op(HEARTBEAT_ACK)
        if code in {IDENTIFY, RESUME}:
            if line.session is not None:
                return await line.close(ALREADY_AUTHENTICATED, "Already authenticated.")
            if not isinstance(data, dict) or data.get("token") not in {self._token, f"Bot {self._token}"}:
                return await line.close(AUTHENTICATION_FAILED, "Authentication failed.")
            return await (self._identify(line, data) if code == IDENTIFY else self._resume(line, data))
        if line.session is None:
            return await line.close(NOT_AUTHENTICATED, "Not authenticated.")
        if code == MEMBERS and isinstance(data, dict):
            return await self._members(line.session, data)
        if code not in {PRESENCE, VOICE, MEMBERS}:
            return await line.close(UNKNOWN_OPCODE, "Unknown opcode.")
        return None

    async def _identify(self, line: Line, data: Json) -> None:
        self.identifies.append({k: v for k, v in data.items() if k != "token"})
        shard = data.get("shard") or [0, 1]
        try:
            number, count = int(shard[0]), int(shard[1])
            intents = int(data.get("intents", 0))
        except (TypeError, ValueError, IndexError):
            return await line.close(DECODE_ERROR, "Error while decoding payload.")
        if not 0 <= number < count:
            return await line.close(INVALID_SHARD, "Invalid shard.")
        session = Session(secrets.token_hex(16), intents, (number, count), line=line)
        self.sessions[session.id] = session
        line.session = session
        world = self._world
        mine = [g for g in world.guilds.values() if session.sees(g.id)]
        ready = {
            "v": 10,
            "user": wire.own_user(world.users[world.app_id]),
            "guilds": [{"id": str(g.id), "unavailable": True} for g in mine],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(world.app_id), "flags": 0},
            "shard": [number, count],
        }
        await session.push("READY", ready)
        for guild in mine:
            await session.push("GUILD_CREATE", wire.guild(guild, world))
        return None

    async def _resume(self, line: Line, data: Json) -> None:
        self.resumes.append({k: v for k, v in data.items() if k != "token"})
        session = self.sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        if session is None:
            return await line.op(INVALID_SESSION, data=False)
        if not isinstance(seq, int) or seq > session.seq:
            return await line.close(INVALID_SEQ, "Invalid seq.")
        if seq < session.seq and (not session.events or session.events[0][0] > seq + 1):
            del self.sessions[session.id]
            return await line.op(INVALID_SESSION, data=False)
        line.session = session
        session.line = line
        for number, text in list(session.events):
            if number > seq:
                await line.send(text)
        return await session.push("RESUMED", {})

    async def _members(self, session: Session, data: Json) -> None:
        guild = self._world.guilds.get(int(data.get("guild_id") or 0))
        if guild is None:
            return
        asked = data.get("user_ids")
        wanted = None if asked is None else {int(i) for i in (asked if isinstance(asked, list) else [asked])}
        users = self._world.users
        found = [m for m in guild.members.values() if wanted is None or m.user_id in wanted]
        query = str(data.get("query") or "").lower()
        found = [m for m in found if users[m.user_id].username.lower().startswith(query)]
        chunk: Json = {
            "guild_id": str(guild.id),
            "members": [wire.member(m, users[m.user_id]) for m in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [str(i) for i in (wanted or set()) - {m.user_id for m in found}],
        }
        if "nonce" in data:
            chunk["nonce"] = data["nonce"]
        await session.push("GUILD_MEMBERS_CHUNK", chunk)

    async def dispatch(self, name: str, data: Json, guild_id: int | None) -> int:
        """Send an event to every session whose shard and intents cover it; give how many those were."""
        reached = 0
        for session in list(self.sessions.values()):
            needs = 0 if name in ALWAYS else INTENTS.get(name, 1)
            if guild_id is None and needs == 1 << 9:
                needs = 1 << 12  # DIRECT_MESSAGES
            if not session.sees(guild_id) or (needs and not session.intents & needs):
                continue
            await session.push(name, data)
            reached += 1
        return reached

    @property
    def connected(self) -> int:
        """How many sessions have a living connection."""
        return sum(1 for session in self.sessions.values() if session.line is not None)

    async def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for line in list(self.lines):
            await line.op(RECONNECT)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is invalid (op 9)."""
        for line in list(self.lines):
            if not resumable and line.session is not None:
                self.sessions.pop(line.session.id, None)
                line.detach()
                line.session = None
            await line.op(INVALID_SESSION, data=resumable)

    async def close(self, code: int = 4000, *, forget: bool = False) -> None:
        """Close every connection with a code; with `forget` the sessions go too, so that a resume fails."""
        if forget:
            self.sessions.clear()
        for line in list(self.lines):
            await line.close(code)

    async def cut(self) -> None:
        """Cut every connection without a close frame."""
        for line in list(self.lines):
            line.abort()
