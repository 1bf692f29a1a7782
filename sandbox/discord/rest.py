"""The REST side's straight line: read, record, fault, authorise, limit, handle, answer.

Bodies are answered with the exact content type `application/json`; discord.py takes any other for text.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import BodyPartReader, web

from sandbox.discord.backend import Backend, Request
from sandbox.discord.faults import Fault, rate_limit_answer
from sandbox.discord.limits import FILE_BYTES, Verdict
from sandbox.discord.refusal import Refusal, invalid, unauthorized
from sandbox.discord.shapes import shapes
from sandbox.discord.state import Json

BASE: Final = "/api/v10"
OPEN: Final = ("/interactions/", "/webhooks/")
"""Routes that carry their own token in the path."""

Part = tuple[str, bytes]


@dataclass(slots=True)
class Call:
    """One request for a handler: path parameters, query, body and files (name, bytes) by part name."""

    backend: Backend
    params: dict[str, str]
    query: dict[str, str]
    body: Any
    files: dict[str, Part] = field(default_factory=dict)

    def id(self, name: str) -> int:
        """Give a path parameter as a snowflake."""
        text = self.params[name]
        if not text.isdigit():
            raise invalid([(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')])
        return int(text)

    def flag(self, name: str) -> bool:
        """Give a query parameter as a truth value."""
        return self.query.get(name, "").lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """Give a query parameter as a number."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit():
            raise invalid([(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not int.')])
        return int(text)

    def object(self) -> Json:
        """Give the body, which must be an object."""
        if not isinstance(self.body, dict):
            raise invalid([("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")])
        return self.body


Answer = tuple[int, Any]
Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(slots=True, frozen=True)
class Route:
    """One route: `bucket` names the rate limit it counts against."""

    method: str
    path: str
    handler: Handler
    bucket: str = "other"


class Api:
    """Serves a table of routes below /api/v10."""

    def __init__(self, backend: Backend, routes: list[Route]) -> None:
        self._backend = backend
        self._routes = routes

    def mount(self, app: web.Application) -> None:
        """Add the routes to an aiohttp application; what is left is answered with 404 and recorded."""
        for route in self._routes:
            app.router.add_route(route.method, BASE + route.path, self._served(route))
        app.router.add_route("*", "/api/{tail:.*}", self._served(Route("*", "/{tail}", _nowhere)))

    def _served(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(route, request)

        return serve

    async def _serve(self, route: Route, request: web.Request) -> web.StreamResponse:
        backend = self._backend
        body, raw, files = await read(request)
        path = request.path.removeprefix(BASE)
        record = Request(
            at_s=backend.clock(),
            method=request.method,
            path=path,
            template=route.path,
            query=dict(request.query),
            authorized=request.headers.get("Authorization") == f"Bot {backend.token}",
            content_type=request.content_type,
            body=body,
            raw=raw if body is None else b"",
            files={name: len(data) for name, (_, data) in files.items()},
        )
        backend.records.append(record)
        backend.counts["requests"] += 1
        try:
            return await self._answer(
                route, request, record, Call(backend, dict(request.match_info), record.query, body, files)
            )
        finally:
            backend.wake()

    async def _answer(self, route: Route, request: web.Request, record: Request, call: Call) -> web.StreamResponse:
        backend = self._backend
        fault = backend.faults.take(record.method, record.path)
        if fault is not None:
            backend.counts["faults"] += 1
            struck = await self._strike(fault, request, record)
            if struck is not None:
                return struck
        verdict = self._limit(route, call)
        record.status, record.answer = await self._handle(route, record, call, verdict)
        if record.status >= 400:  # noqa: PLR2004  HTTP's border between success and refusal
            backend.counts[f"refused_{record.status}"] += 1
        if fault is not None and fault.kind == "lost_reply":
            return _cut(request)
        return respond(record.status, record.answer, verdict.headers())

    async def _handle(self, route: Route, record: Request, call: Call, verdict: Verdict) -> Answer:
        try:
            if not record.authorized and not record.path.startswith(OPEN):
                raise unauthorized()
            if verdict.limited:
                self._backend.counts["rate_limited"] += 1
                text = "You are being rate limited."
                wait_s = round(verdict.reset_after_s, 3)
                return 429, {"message": text, "retry_after": wait_s, "global": verdict.is_global}
            shapes(call.body)
            return await route.handler(call)
        except Refusal as refusal:
            return refusal.status, refusal.body()

    async def _strike(self, fault: Fault, request: web.Request, record: Request) -> web.StreamResponse | None:
        if fault.kind in {"slow", "lost_reply"}:
            await asyncio.sleep(fault.delay_s)
            return None
        if fault.kind == "reset":
            return _cut(request)
        record.status = fault.status
        if fault.kind == "rate_limit":
            headers, answer = rate_limit_answer(fault)
            self._backend.counts["rate_limited"] += 1
            if answer is None:
                return web.Response(status=429, text="error code: 1015", headers=headers)
            return respond(429, answer, headers)
        if fault.status >= 500:  # noqa: PLR2004  HTTP: the server's own failure, told by its shield in plain text
            return web.Response(status=fault.status, text=fault.message, headers={"Via": "1.1 sandbox"})
        return respond(fault.status, {"message": fault.message, "code": fault.code}, {"Via": "1.1 sandbox"})

    def _limit(self, route: Route, call: Call) -> Verdict:
        limits = self._backend.limits
        params = call.params
        major = params.get("channel_id") or params.get("guild_id") or params.get("token") or ""
        exempt = route.path.startswith(OPEN)
        rule = {"messages": limits.messages, "edits": limits.messages, "webhooks": limits.webhooks}.get(
            route.bucket, limits.others
        )
        name = route.bucket if route.bucket != "other" else f"{route.method} {route.path}"
        if route.bucket == "callback":
            # each interaction is answered once: no bucket of its own to speak of
            return Verdict(False, "callback", rule[0], rule[0] - 1, self._backend.clock() + rule[1], rule[1])
        return limits.check(_hash(name), major, rule, exempt=exempt)


def _hash(name: str) -> str:
    """Name a bucket as Discord does: by an opaque word."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


async def _nowhere(_: Call) -> Answer:
    return 404, {"message": "404: Not Found", "code": 0}


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def respond(status: int, answer: Any, headers: dict[str, str]) -> web.Response:
    """Draw an answer with the exact content type; 204 has no body."""
    if status == 204:  # noqa: PLR2004  HTTP: no content
        return web.Response(status=204, headers=headers)
    body = json.dumps(answer, separators=(",", ":")).encode()
    return web.Response(status=status, body=body, headers=headers | {"Content-Type": "application/json"})


async def read(request: web.Request) -> tuple[Any, bytes, dict[str, Part]]:
    """Read a body: JSON, or multipart with a `payload_json` part and files. What is not JSON is None."""
    files: dict[str, Part] = {}
    if request.content_type == "multipart/form-data":
        raw = b"null"
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            data = bytes(await part.read(decode=False))
            if part.name == "payload_json":
                raw = data
            else:
                if len(data) > FILE_BYTES:
                    raise web.HTTPRequestEntityTooLarge(FILE_BYTES, len(data))
                files[part.name or ""] = (part.filename or "file", data)
    else:
        raw = await request.read()
    try:
        return (json.loads(raw) if raw else None), raw, files
    except ValueError:
        return None, raw, files
