"""Endpoints that fail: the next one's turn, waits and limits kept, the parked and the lagging left alone."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.endpoints import BAD, HEAD, rpc_of, say
from tests.node import Clock, Node
from watchers.chain.provider import REVISIT_S
from watchers.chain.rpc import Unreachable
from watchers.facts import Call


@pytest.mark.parametrize("bad", BAD)
async def test_a_bad_answer_is_the_next_providers_turn(bad: str) -> None:
    sick, well = Node(), Node()
    sick.fault = BAD[bad]
    async with rpc_of(sick, well) as rpc:
        assert await rpc.batch([HEAD]) == ["0x0"]
        assert sum(rpc.providers[0].errors.values()) == 1
        assert await rpc.batch([HEAD]) == ["0x0"]
    assert sick.requests == 1, "a provider that failed is left alone for a while"


async def test_what_is_wrong_with_several_endpoints_is_said_once() -> None:
    first, second, third = Node(), Node(), Node()
    first.fault = third.fault = BAD["404"]
    second.fault = BAD["500"]
    async with rpc_of(first, second, third) as rpc:
        with pytest.raises(Unreachable) as caught:
            await rpc.batch([HEAD])
    assert str(caught.value) == (
        "testnet: no endpoint answers (127.0.0.1, 127.0.0.1#3: has nothing at this path (HTTP 404); "
        "127.0.0.1#2: is in trouble itself (HTTP 500))"
    )


async def test_the_preferred_provider_is_returned_to_once_it_has_rested() -> None:
    clock, first, second = Clock(), Node(), Node()
    first.fault = say("oops", 500)
    async with rpc_of(first, second, clock=clock) as rpc:
        await rpc.batch([HEAD])
        first.fault = lambda _: None
        await rpc.batch([HEAD])
        assert (first.requests, second.requests) == (1, 2)
        clock.now += 2
        await rpc.batch([HEAD])
        assert (first.requests, second.requests) == (2, 2)
        assert rpc.status()[0].state == "ok"


async def test_retry_after_is_kept_to() -> None:
    clock, node = Clock(), Node()
    node.fault = say("", 429, {"Retry-After": "30"})
    async with rpc_of(node, clock=clock) as rpc:
        with pytest.raises(Unreachable):
            await rpc.batch([HEAD])
        node.fault = lambda _: None
        clock.now += 20
        with pytest.raises(Unreachable, match="limited or parked"):
            await rpc.batch([HEAD])
        assert node.requests == 1
        assert rpc.status()[0].state == "limited"
        clock.now += 9
        assert await rpc.batch([HEAD]) == ["0x0"], "what is left of the wait is short enough to sit out"
        assert clock.slept[-1] == pytest.approx(1)


@pytest.mark.parametrize("value", ["nonsense", "nan", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Foo"])
async def test_an_odd_retry_after_does_no_harm(value: str) -> None:
    clock, node = Clock(), Node()
    node.fault = say("", 429, {"Retry-After": value})
    async with rpc_of(node, clock=clock) as rpc:
        with pytest.raises(Unreachable):
            await rpc.batch([HEAD])
        node.fault = lambda _: None
        clock.now += 1
        assert await rpc.batch([HEAD]) == ["0x0"]


async def test_a_hang_ends_with_the_time_out_and_goes_to_the_next() -> None:
    sick, well = Node(), Node()
    release = asyncio.Event()
    async with rpc_of(sick, well) as rpc:

        class Hanging(web.StreamResponse):
            async def prepare(self, request: web.BaseRequest) -> Any:
                await release.wait()
                return await super().prepare(request)

        sick.fault = lambda _: Hanging()
        rpc.providers[0].timeout_s = 0.05
        assert await rpc.batch([HEAD]) == ["0x0"]
        assert rpc.providers[0].errors["timeout"] == 1
        release.set()


async def test_a_provider_of_another_chain_is_parked_and_says_why() -> None:
    wrong, right = Node(chain_id=137), Node()
    async with rpc_of(wrong, right) as rpc:
        assert await rpc.batch([HEAD]) == ["0x0"]
        status = rpc.status()[0]
    assert status.state == "parked"
    assert status.why == "serves chain 137, not 1"


@pytest.mark.parametrize("parked_by", ["wrong chain", "key refused", "quota"])
async def test_the_last_provider_is_asked_again_soon_after_the_operator_mended_it(parked_by: str) -> None:
    clock, node = Clock(), Node(chain_id=137 if parked_by == "wrong chain" else 1)
    fault = {"key refused": BAD["401"], "quota": BAD["quota"]}.get(parked_by, lambda _: None)
    node.fault = fault
    async with rpc_of(node, clock=clock) as rpc:
        with pytest.raises(Unreachable):
            await rpc.batch([HEAD])
        clock.now += REVISIT_S - 1
        with pytest.raises(Unreachable, match="limited or parked"):
            await rpc.batch([HEAD])
        assert node.requests == 1, "it is not asked all the time"
        clock.now += 1
        with pytest.raises(Unreachable, match="no endpoint answers"):
            await rpc.batch([HEAD])
        assert (node.requests, rpc.status()[0].state) == (2, "parked"), "not mended yet: parked anew"
        node.chain_id, node.fault = 1, lambda _: None
        clock.now += REVISIT_S
        assert await rpc.batch([HEAD]) == ["0x0"]
        assert rpc.status()[0].state == "ok"
        assert await rpc.batch([HEAD]) == ["0x0"], "it is as good as any now"


async def test_a_parked_provider_is_left_alone_while_another_answers_and_tried_when_that_fails() -> None:
    clock, wrong, right = Clock(), Node(chain_id=137), Node()
    async with rpc_of(wrong, right, clock=clock) as rpc:
        await rpc.batch([HEAD])
        clock.now += REVISIT_S * 2
        assert await rpc.batch([HEAD, Call("debug_traceTransaction", ("0x",))]) is not None
        assert wrong.requests == 1
        wrong.chain_id, right.fault = 1, BAD["500"]
        assert await rpc.batch([HEAD]) == ["0x0"]
        assert (wrong.requests, rpc.status()[0].state) == (2, "ok")


async def test_a_method_that_is_not_known_is_asked_of_another_and_remembered() -> None:
    plain, rich = Node(), Node()
    rich.lie = lambda method, _, result: "traced" if method == "debug_traceTransaction" else result
    trace = Call("debug_traceTransaction", ("0x",))
    async with rpc_of(plain, rich) as rpc:
        assert await rpc.batch([HEAD, trace]) == ["0x0", "traced"]
        plain.calls.clear()
        assert await rpc.batch([HEAD, trace]) == ["0x0", "traced"]
        assert [method for method, _ in plain.calls] == ["eth_blockNumber"]


async def test_a_provider_that_lags_is_not_asked_for_the_head() -> None:
    slow, quick = Node(), Node()
    quick.mine_many(20)
    clock = Clock()
    async with rpc_of(slow, quick, clock=clock) as rpc:
        rpc.saw_head(rpc.providers[1], 20)
        rpc.saw_head(rpc.providers[0], 0)
        reply = await rpc.raw_batch([HEAD], head=True)
        assert reply.provider is rpc.providers[1]
        assert (await rpc.raw_batch([HEAD])).provider is rpc.providers[0], "for the rest it is as good"
        slow.follow(quick)
        rpc.saw_head(rpc.providers[0], 20)
        assert (await rpc.raw_batch([HEAD], head=True)).provider is rpc.providers[0]
