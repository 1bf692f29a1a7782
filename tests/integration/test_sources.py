"""Whether the targets of a proposal are verified: a Sourcify server over HTTP, and the card that says what it said."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from tests.governed import World
from tests.integration.test_retrials import CREATED, QUEUED, TARGET, a_node, card, followed, tried
from tests.node import Clock
from watchers import sources as job
from watchers import sourcify as module
from watchers.alert import ProposalFacts
from watchers.chain.steps import Rewind
from watchers.sources import ASK_AGAIN_S, Sources
from watchers.sourcify import AGAIN_S, UNVERIFIED_S, Sourcify
from watchers.store import ChainStore

YES = {"match": "match", "creationMatch": None, "runtimeMatch": "match", "chainId": "1", "address": TARGET}
NO = {"match": None, "creationMatch": None, "runtimeMatch": None, "chainId": "1", "address": TARGET}


class Server:
    """A Sourcify server that answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[], web.StreamResponse | Awaitable[web.StreamResponse]] = self.no
        self.handle_with: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    @staticmethod
    def no() -> web.StreamResponse:
        return web.json_response(NO, status=404)

    @staticmethod
    def yes() -> web.StreamResponse:
        return web.json_response(YES)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.handle_with is not None:
            return await self.handle_with(request)
        given = self.answer()
        return given if isinstance(given, web.StreamResponse) else await given


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Server, Sourcify, Clock]]:
    server, app, clock = Server(), web.Application(), Clock()
    app.router.add_get("/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        yield server, Sourcify(session, f"http://127.0.0.1:{port}/server/", clock=clock), clock
    await runner.cleanup()


async def test_what_is_verified_is_asked_once_and_what_is_not_again_after_a_day() -> None:
    async with serving() as (server, sourcify, clock):
        assert await sourcify.verified(1, TARGET) is False
        assert await sourcify.verified(1, TARGET) is False
        assert server.asked == [f"/server/v2/contract/1/{TARGET}"]
        server.answer = server.yes
        clock.now += UNVERIFIED_S
        assert await sourcify.verified(1, TARGET) is True
        clock.now += 10 * UNVERIFIED_S
        assert await sourcify.verified(1, TARGET) is True
        assert len(server.asked) == 2
        assert await sourcify.verified(10, TARGET) is True
        assert server.asked[-1] == f"/server/v2/contract/10/{TARGET}"


@pytest.mark.parametrize(
    "response",
    [
        lambda: web.Response(status=404, text="<html>no such page</html>"),
        lambda: web.json_response({"customCode": "unsupported_chain"}, status=404),
        lambda: web.json_response({"customCode": "unsupported_chain"}, status=400),
        lambda: web.json_response({"match": "perhaps"}),
        lambda: web.json_response({"match": 7}),
        lambda: web.json_response([None]),
        lambda: web.Response(text='{"x":' + "[" * 60_000),
        lambda: web.json_response({"match": None, "filler": "x" * 100_000}),
        lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
)
async def test_any_other_answer_is_unknown_and_not_remembered(response: Callable[[], web.Response]) -> None:
    async with serving() as (server, sourcify, _):
        server.answer = response
        assert await sourcify.verified(1, TARGET) is None
        server.answer = server.yes
        assert await sourcify.verified(1, TARGET) is True


async def test_an_answer_that_comes_in_pieces_is_read_whole() -> None:
    async with serving() as (server, sourcify, _):

        async def handle(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for piece in (b'{"mat', b'ch": "exact', b'_match"}'):
                await response.write(piece)
                await asyncio.sleep(0.02)
            return response

        server.handle_with = handle
        assert await sourcify.verified(1, TARGET) is True


async def test_a_server_that_fails_limits_or_hangs_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)

    async def hang() -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return Server.yes()

    for answer in (lambda: web.Response(status=429), lambda: web.Response(status=502), hang):
        async with serving() as (server, sourcify, clock):
            server.answer = answer
            assert await sourcify.verified(1, TARGET) is None
            server.answer = server.yes
            assert await sourcify.verified(1, TARGET) is None
            assert len(server.asked) == 1
            clock.now += AGAIN_S
            assert await sourcify.verified(1, TARGET) is True


async def test_a_server_that_is_not_there_is_no_error() -> None:
    async with aiohttp.ClientSession() as session:
        assert await Sourcify(session, "http://127.0.0.1:1", clock=Clock()).verified(1, TARGET) is None


# --- the job ------------------------------------------------------------------------------------------------------


def sources(w: World, sourcify: Sourcify) -> Sources:
    return Sources(w.pipeline.settings, w.chain, w.store, w.history, sourcify, clock=w.clock)


async def unverified(w: World) -> tuple[str, ...] | None:
    facts = (await card(w)).alert.facts
    assert isinstance(facts, ProposalFacts)
    return facts.unverified


async def test_the_card_names_targets_that_are_not_verified_once(redis: Redis) -> None:
    async with serving() as (server, sourcify, _), followed(a_node(), redis, 60) as w:
        ours, epoch = sources(w, sourcify), w.pipeline._epoch
        assert await unverified(w) is None
        assert await ours.tick(epoch) == 1
        assert await ours.tick(epoch) == 0
        assert await sources(w, sourcify).tick(epoch) == 0  # after a restart
        assert len(server.asked) == 1, "one request for each contract, however often it is called"
        assert await unverified(w) == (TARGET,)
        assert tried(await card(w)).step == "queued"
        text = plain(render([await card(w)], Lexicon(w.pipeline.settings)), now_s=0)
        assert "Source not verified" in text, text
        await w.pipeline.take(Rewind(w.step(60).block.cursor))
        assert await unverified(w) is None
        assert await ours.tick(epoch) == 1


async def test_verified_targets_are_not_mentioned_and_what_is_known_stays_on_the_card(redis: Redis) -> None:
    async with serving() as (server, sourcify, _), followed(a_node(), redis) as w:
        server.answer = server.yes
        assert await sources(w, sourcify).tick(w.pipeline._epoch) == 1
        assert await unverified(w) == ()
        assert "not verified" not in plain(render([await card(w)], Lexicon(w.pipeline.settings)), now_s=0)


async def test_later_steps_keep_what_is_known_of_the_sources(redis: Redis) -> None:
    async with serving() as (_, sourcify, _), followed(a_node(), redis) as w:
        await w.pipeline.take(Rewind(w.step(QUEUED).block.cursor))
        assert await sources(w, sourcify).tick(w.pipeline._epoch) == 1
        assert (await card(w)).alert.block == CREATED
        await w.pipeline.forward(w.step(QUEUED))
        assert await unverified(w) == (TARGET,)


async def test_while_one_target_is_unknown_nothing_is_said_and_it_is_asked_again_later(redis: Redis) -> None:
    async with serving() as (server, sourcify, _), followed(a_node(), redis, 60) as w:
        ours, epoch = sources(w, sourcify), w.pipeline._epoch
        server.answer = lambda: web.Response(status=400)
        assert await ours.tick(epoch) == 0
        assert await unverified(w) is None
        server.answer = server.no
        assert await ours.tick(epoch) == 0
        assert len(server.asked) == 1
        w.clock.now += ASK_AGAIN_S
        assert await ours.tick(epoch) == 1


async def test_a_slow_server_holds_up_no_other_job_and_is_said_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PATIENCE_S", 0.1)

    async def slow() -> web.StreamResponse:
        await asyncio.sleep(1)
        return Server.yes()

    async with serving() as (server, sourcify, _), followed(a_node(), redis, 60) as w:
        ours, epoch = sources(w, sourcify), w.pipeline._epoch
        server.answer = slow
        with capture_logs() as logs:
            assert [await ours.tick(epoch), await ours.tick(epoch)] == [0, 0]
        assert [entry["event"] for entry in logs] == ["sources_wait"]
        server.answer = server.yes
        assert await ours.tick(epoch) == 1


async def test_a_lost_lease_writes_nothing_of_the_sources(redis: Redis) -> None:
    async with serving() as (_, sourcify, _), followed(a_node(), redis, 60) as w:
        epoch = w.pipeline._epoch
        await w.store.release(epoch)
        assert await ChainStore(redis, 1, clock_ms=lambda: 0).acquire("other", 60_000)
        with capture_logs() as logs:
            assert await sources(w, sourcify).tick(epoch) == 0
        assert await unverified(w) is None
        assert not [entry for entry in logs if entry["event"] == "sources_wait"]
