"""The page: the channel as Discord would show it, live, with its buttons and a box for commands."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from sandbox.discord.server import Discord

FOLDER: Final = Path(__file__).parent / "page"
TYPES: Final = {
    "index.html": "text/html",
    "page.css": "text/css",
    **dict.fromkeys(("page.js", "dom.js", "markdown.js", "message.js", "form.js", "box.js"), "text/javascript"),
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SHOWN_INLINE: Final = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
BEAT_S: Final = 15.0
"""How often a silent stream says that it lives."""


class Page:
    """Serves the page's files, stored attachments, and the stream of what changes (server-sent events)."""

    def __init__(self, discord: "Discord") -> None:
        self._discord = discord
        self._files = {name: (FOLDER / name).read_bytes() for name in TYPES}

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/", self._file)
        app.router.add_get("/page/{name}", self._file)
        app.router.add_get("/favicon.ico", self._nothing)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        app.router.add_get("/control/stream", self._stream)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name not in self._files:
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=self._files[name], content_type=TYPES[name], charset="utf-8", headers=headers)

    async def _nothing(self, _: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _attachment(self, request: web.Request) -> web.Response:
        found = self._discord.backend.world.files.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        name, data = found
        kind = SHOWN_INLINE.get(Path(name).suffix.lower(), "application/octet-stream")
        return web.Response(body=data, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        backend = self._discord.backend
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        queue = backend.listen()
        try:
            await response.write(b'data: {"type":"hello"}\n\n')
            while True:
                try:
                    async with asyncio.timeout(BEAT_S):
                        change = await queue.get()
                except TimeoutError:
                    await response.write(b": alive\n\n")
                    continue
                if change["type"] == "stop":
                    break
                await response.write(b"data: " + json.dumps(change).encode() + b"\n\n")
        except ConnectionError:
            pass  # the reader has closed the page
        finally:
            backend.unlisten(queue)
        return response
