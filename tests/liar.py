"""A bad node in front of a good one: it passes JSON-RPC batches on and bends, withholds or spoils what comes back."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

Call = dict[str, Any]
Fault = Callable[[list[Call]], Awaitable[web.StreamResponse | None]]
Bend = Callable[[Call, Any], Any]
OFTEN = 25  # every so many requests one is spoiled
HANGS_S = 30.0


class Liar:
    """One bad node. `fault` may answer a whole request in its place; `bend` changes one result. `told` counts lies."""

    def __init__(self, url: str) -> None:
        self.url, self.truth = "", url
        self.fault: Fault | None = None
        self.bend: Bend | None = None
        self.requests = 0
        self.told: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._hidden: set[str] = set()

    def first_time(self, call: Call) -> bool:
        """Tell whether this very call is asked for the first time."""
        key = json.dumps([call["method"], call["params"]])
        self._asked[key] += 1
        return self._asked[key] == 1

    @classmethod
    @asynccontextmanager
    async def start(cls, url: str) -> "AsyncIterator[Liar]":
        """Stand in front of a node until the block ends."""
        liar = cls(url)
        async with aiohttp.ClientSession() as session:

            async def handle(request: web.Request) -> web.StreamResponse:
                return await liar._answer(session, await request.json())

            app = web.Application(client_max_size=4 * 2**20)
            app.router.add_post("/{any:.*}", handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                liar.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v2/canary-key-0123456789"
                yield liar
            finally:
                await runner.cleanup()

    async def _answer(self, session: aiohttp.ClientSession, asked: Any) -> web.StreamResponse:
        self.requests += 1
        calls: list[Call] = asked if isinstance(asked, list) else [asked]
        spoiled = await self.fault(calls) if self.fault is not None else None
        if spoiled is not None:
            return spoiled
        async with session.post(self.truth, json=calls) as response:
            replies = {reply["id"]: reply for reply in await response.json()}
        for call in calls:
            reply = replies[call["id"]]
            if self.bend is not None and "result" in reply:
                reply["result"] = self.bend(call, reply["result"])
        answers = [replies[call["id"]] for call in calls]
        return web.json_response(answers if isinstance(asked, list) else answers[0])

    # --- what bad nodes do -------------------------------------------------------------------------------------------

    def hides_logs(self) -> None:
        """Say that a block has no logs, when they are asked for the first time."""
        self.bend = lambda call, result: self._short(call, result, 0)

    def hides_a_log(self) -> None:
        """Leave a block's last log out, when they are asked for the first time."""
        self.bend = lambda call, result: self._short(call, result, -1)

    def _short(self, call: Call, result: Any, end: int) -> Any:
        if call["method"] != "eth_getLogs":
            return result
        fresh = [log for log in result if log["blockHash"] not in self._hidden]
        hidden = fresh[end:]
        self._hidden |= {log["blockHash"] for log in result}
        self.told["logs hidden"] += len(hidden)
        return [log for log in result if log not in hidden]

    def hides_until_deep(self, numbers: Collection[int], depth: int) -> None:
        """Say, whoever asks and how, that these blocks have no logs, until the head is `depth` blocks above them."""
        head = 0

        def bend(call: Call, result: Any) -> Any:
            nonlocal head
            if call["method"] == "eth_blockNumber":
                head = max(head, int(result, 16))
            if call["method"] != "eth_getLogs":
                return result
            hidden = [log for log in result if (at := int(log["blockNumber"], 16)) in numbers and head < at + depth]
            self.told["logs hidden"] += len(hidden)
            return [log for log in result if log not in hidden]

        self.bend = bend

    def forgets_blocks(self) -> None:
        """Not have a block, although it is there, when it is asked for the first time."""

        def bend(call: Call, result: Any) -> Any:
            fresh = call["method"] == "eth_getBlockByNumber" and call["params"][0] != "latest"
            if fresh and result is not None and self.first_time(call):
                self.told["block forgotten"] += 1
                return None
            return result

        self.bend = bend

    def answers(self, status: int, body: str, **headers: str) -> None:
        """Spoil every few requests with this answer."""

        def spoil() -> web.StreamResponse:
            return web.Response(status=status, text=body, headers=headers)

        self._now_and_then(f"HTTP {status}", spoil)

    def serves(self, chain_id: int) -> None:
        """Be a node of another chain."""
        self.bend = lambda call, result: hex(chain_id) if call["method"] == "eth_chainId" else result

    def cuts(self) -> None:
        """Cut the JSON short now and then."""
        self._now_and_then("malformed", lambda: web.Response(text='[{"jsonrpc":"2.0","id":1,"resul'))

    def hangs(self) -> None:
        """Say nothing now and then."""

        async def fault(_calls: list[Call]) -> web.StreamResponse | None:
            if self.requests % OFTEN == 0:
                self.told["hung"] += 1
                await asyncio.sleep(HANGS_S)
            return None

        self.fault = fault

    def dies(self) -> None:
        """Refuse everything from now on."""

        async def fault(_calls: list[Call]) -> web.StreamResponse | None:
            self.told["dead"] += 1
            return web.Response(status=503)

        self.fault = fault

    def recovers(self) -> None:
        """Be honest from now on."""
        self.fault = self.bend = None

    def _now_and_then(self, what: str, spoil: Callable[[], web.StreamResponse]) -> None:
        async def fault(_calls: list[Call]) -> web.StreamResponse | None:
            if self.requests % OFTEN:
                return None
            self.told[what] += 1
            return spoil()

        self.fault = fault
