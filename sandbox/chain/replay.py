"""The recorded chain over JSON-RPC, with a block clock: what the demo and the tests follow instead of a live chain.

The times are moved so that the story happens now; hashes stay as recorded, so a header no longer hashes to its name:
follow it with `proof = "bloom"`. The bloom of a header still covers its logs.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

from sandbox.chain.node import Node, Refusal
from sandbox.chain.recording import Recording, load

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
STOP_S = 2


class Chain:
    """The running replay. `Chain.start` gives it; `url` is its endpoint.

    `http_requests` and `calls` count what was asked; `unanswered` what was asked in vain, as (address, calldata).
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.url = ""
        self.http_requests = 0
        self.calls: Counter[str] = Counter()
        self._ended = asyncio.Event()
        self._head_read = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        recording: Recording | None = None,
        *,
        block_time_s: float | None = 2.0,
        start_at: int | None = None,
        pace: Callable[[int], Awaitable[None]] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> "AsyncIterator[Chain]":
        """Serve a recording (a fresh one: its times are moved) until the block ends.

        `block_time_s`: above 0 by the clock, and empty blocks follow the last step; 0 whenever the head's logs have
        been read; None only by `advance`. `pace` is awaited, with the step's number, before each automatic step.
        `start_at`: the time of the first block after the history, in seconds since 1970; the next tick when None.
        """
        recording = recording or load()
        first_s = int(clock() + (block_time_s or 0)) if start_at is None else start_at
        recording.shift(first_s - recording.first_live_s)
        chain = cls(Node(recording))
        app = web.Application(client_max_size=4 * 2**20)
        app.router.add_post("/{any:.*}", chain._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
        await runner.setup()
        ticker = None
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            chain.url = f"http://{host}:{runner.addresses[0][1]}"
            if block_time_s is not None:
                ticker = asyncio.create_task(chain._tick(block_time_s, pace, clock, sleep), name="sandbox chain clock")
            yield chain
        finally:
            if ticker is not None:
                ticker.cancel()
                with suppress(asyncio.CancelledError):
                    await ticker
            await runner.cleanup()

    @property
    def unanswered(self) -> Counter[tuple[str, str]]:
        """What was asked and is not in the recording."""
        return self.node.unanswered

    @property
    def step(self) -> int:
        """The step that is shown; 0 is the history. `expected.json` names steps by the same number."""
        return self.node.step

    @property
    def head_hash(self) -> str:
        """The hash of the newest canonical block."""
        return str(self.node.recording.blocks[self.node.canonical[-1]]["hash"])

    @property
    def height(self) -> int:
        """The number of the newest canonical block."""
        return self.node.height

    @property
    def length(self) -> int:
        """How many steps follow the history."""
        return len(self.node.recording.steps) - 1

    def advance(self) -> bool:
        """Show the next step; False when the story is over."""
        moved = self.node.advance()
        self._head_read.clear()
        if self.node.ended:
            self._ended.set()
        return moved

    async def at_end(self) -> None:
        """Wait until the last step is shown."""
        await self._ended.wait()

    async def head_read(self) -> None:
        """Wait until somebody has read the logs of the head."""
        await self._head_read.wait()

    async def _tick(
        self,
        block_time_s: float,
        pace: Callable[[int], Awaitable[None]] | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        due = clock()
        while block_time_s or not self.node.ended:
            if block_time_s:
                due += block_time_s
                await sleep(max(0.0, due - clock()))
            else:
                await self.head_read()
            if pace is not None and not self.node.ended:
                await pace(self.node.step + 1)
            if not self.advance():
                head = self.node.recording.blocks[self.node.canonical[-1]]
                self.node.idle(max(int(head["timestamp"], 16) + 1, int(clock())))

    async def _serve(self, request: web.Request) -> web.Response:
        self.http_requests += 1
        try:
            asked = json.loads(await request.read())
        except ValueError:
            return web.json_response(_error(None, PARSE_ERROR, "parse error"))
        if isinstance(asked, list) and asked:
            return web.json_response([self._reply(each) for each in asked])
        return web.json_response(self._reply(asked))

    def _reply(self, asked: Any) -> dict[str, Any]:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _error(None, INVALID_REQUEST, "invalid request")
        name, params = asked.get("id"), asked.get("params", [])
        if not isinstance(params, list):
            return _error(name, INVALID_REQUEST, "params must be an array")
        self.calls[asked["method"]] += 1
        try:
            result = self.node.answer(asked["method"], params)
        except Refusal as refusal:
            return {"jsonrpc": "2.0", "id": name, "error": refusal.body}
        if self.node.read_head:
            self._head_read.set()
        return {"jsonrpc": "2.0", "id": name, "result": result}


def _error(name: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": name, "error": {"code": code, "message": message}}
