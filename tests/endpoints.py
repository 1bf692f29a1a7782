"""`Rpc` over nodes whose URLs hold a key, and what a bad endpoint may answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from tests.node import Clock, Node, chain_of, serve
from watchers.chain.rpc import Rpc
from watchers.facts import Call

HEAD = Call("eth_blockNumber", ())


CANARY = "c4n4ry-k3y-9f8e7d6c5b4a"


@asynccontextmanager
async def rpc_of(*nodes: Node, clock: Clock | None = None, **changes: Any) -> AsyncIterator[Rpc]:
    clock = clock or Clock()
    async with serve(*nodes, key=f"v2/{CANARY}?apikey={CANARY}") as urls, aiohttp.ClientSession() as session:
        yield Rpc(chain_of(urls, **changes), session, clock=clock, sleep=clock.sleep)


def say(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Callable[[Any], web.Response]:
    return lambda _: web.Response(text=body, status=status, headers=headers, content_type="text/html")


BAD = {
    "html": say("<html>Bad gateway</html>"),
    "not json": say("[{"),
    "no array": say('"fine"'),
    "missing ids": say('[{"jsonrpc":"2.0","id":0,"result":"0x1"}]'),
    "double ids": say('[{"id":0,"result":"0x1"},{"id":0,"result":"0x1"},{"id":1,"result":"0x1"}]'),
    "foreign ids": say('[{"id":0,"result":"0x1"},{"id":7,"result":"0x1"}]'),
    "neither result nor error": say('[{"id":0,"result":"0x1"},{"id":1}]'),
    "bad utf-8": lambda _: web.Response(body=b'[{"id":0,"result":"\xff"},{"id":1,"result":\xff}]'),
    "deep": say("[" * 100_000),
    "500": say("oops", 500),
    "502": say("oops", 502),
    "503": say("oops", 503),
    "404": say("oops", 404),
    "401": say("oops", 401),
    "redirect": say("", 302, {"Location": "http://127.0.0.1:1/elsewhere"}),
    "429": say("slow down", 429),
    "rate in the answer": say('[{"id":0,"error":{"code":-32005,"message":"rate limit exceeded"}},{"id":1,"result":1}]'),
    "quota": say('{"id":null,"error":{"code":-32000,"message":"Monthly capacity limit exceeded"}}'),
}
