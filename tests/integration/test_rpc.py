"""`Rpc` over real HTTP: one request a batch, odd answers, failing over, limits kept, and no key in any word."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.node import Clock, Node, Refusal, chain_of, serve
from watchers.chain.provider import REVISIT_S, Provider
from watchers.chain.rpc import Rpc, Unreachable
from watchers.errors import ChainError
from watchers.facts import Call, RpcError

HEAD = Call("eth_blockNumber", ())
CANARY = "c4n4ry-k3y-9f8e7d6c5b4a"


@asynccontextmanager
async def rpc_of(*nodes: Node, clock: Clock | None = None, **changes: Any) -> AsyncIterator[Rpc]:
    clock = clock or Clock()
    async with serve(*nodes, key=f"v2/{CANARY}?apikey={CANARY}") as urls, aiohttp.ClientSession() as session:
        yield Rpc(chain_of(urls, **changes), session, clock=clock, sleep=clock.sleep)


def say(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Callable[[Any], web.Response]:
    return lambda _: web.Response(text=body, status=status, headers=headers, content_type="text/html")


async def test_a_batch_is_one_request_the_chain_id_check_included() -> None:
    node = Node()
    async with rpc_of(node) as rpc:
        answers = await rpc.batch([HEAD, Call("eth_chainId", ()), Call("eth_getBlockByNumber", ("0x0", False))])
        assert answers[:2] == ["0x0", "0x1"]
        block: Any = answers[2]
        assert block["number"] == "0x0"
    assert node.requests == 1


async def test_equal_calls_travel_once_whatever_the_order_of_their_keys() -> None:
    node = Node()
    async with rpc_of(node) as rpc:
        await rpc.batch([HEAD])
        node.calls.clear()
        one, two = (
            Call("eth_call", ({"to": "0x1", "data": "0x"}, "0x0")),
            Call("eth_call", ({"data": "0x", "to": "0x1"}, "0x0")),
        )
        assert await rpc.batch([one, HEAD, two]) == ["0x", "0x0", "0x"]
    assert [method for method, _ in node.calls] == ["eth_call", "eth_blockNumber"]


async def test_answers_are_matched_by_id_in_any_order() -> None:
    node = Node()

    def shuffled(calls: list[dict[str, Any]]) -> web.Response:
        rows = [
            {"jsonrpc": "2.0", "id": str(c["id"]), "result": "0x1" if "chain" in c["method"] else c["params"]}
            for c in calls
        ]
        return web.json_response(rows[::-1])

    node.fault = shuffled
    async with rpc_of(node) as rpc:
        assert await rpc.batch([Call("a", (1,)), Call("b", (2,)), Call("c", (3,))]) == [[1], [2], [3]]


async def test_null_an_error_and_an_empty_list_are_three_things() -> None:
    node = Node()
    given: dict[str, Any] = {"a": None, "b": [], "c": Refusal(-32000, "header not found")}
    node.lie = lambda method, _, result: given.get(method, result)
    async with rpc_of(node) as rpc:
        answers = await rpc.batch([Call("a", ()), Call("b", ()), Call("c", ())])
    assert answers == [None, [], RpcError(-32000, "header not found")]


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


async def test_a_method_that_nobody_knows_is_an_answer() -> None:
    node = Node()
    async with rpc_of(node) as rpc:
        answers = await rpc.batch([HEAD, Call("debug_traceTransaction", ("0x",))])
        again = await rpc.batch([Call("debug_traceTransaction", ("0x",))])
    assert answers[0] == "0x0"
    assert answers[1].code == again[0].code == -32601
    assert node.requests == 1, "it is not asked a second time"


async def test_words_that_a_contract_chose_do_not_move_us() -> None:
    node = Node()
    said = Refusal(3, "execution reverted: rate limit exceeded, method not found, monthly quota", "0x08c379a0")
    node.states["0x10x"] = said
    call = Call("eth_call", ({"to": "0x1", "data": "0x"}, "latest"))
    async with rpc_of(node) as rpc:
        for _ in range(2):
            (answer,) = await rpc.batch([call])
            assert answer == RpcError(3, said.message, "0x08c379a0")
        assert rpc.status()[0].state == "ok"
    assert node.requests == 2


async def test_a_node_that_takes_few_calls_at_a_time_gets_few() -> None:
    node = Node()

    def strict(calls: list[dict[str, Any]]) -> web.Response | None:
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batch of more than 3 calls"}}
        return web.json_response(error) if len(calls) > 3 else None

    node.fault = strict
    calls = [Call("eth_getBlockByNumber", (hex(n), False)) for n in range(9)]
    async with rpc_of(node) as rpc:
        answers = await rpc.batch(calls)
        assert len(answers) == 9
        before = node.requests
        await rpc.batch(calls)
        assert node.requests - before <= 5


async def test_a_node_without_batches_is_asked_call_by_call() -> None:
    node = Node()

    def bare_only(calls: list[dict[str, Any]]) -> web.Response | None:
        return None if len(calls) == 1 else web.Response(status=413)

    node.fault = bare_only
    async with rpc_of(node) as rpc:
        assert await rpc.batch([HEAD, Call("eth_chainId", ())]) == ["0x0", "0x1"]


async def test_an_answer_that_is_too_large_is_refused_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node()
    node.lie = lambda method, _, result: "x" * 300_000 if method == "eth_getLogs" else result
    monkeypatch.setattr("watchers.chain.provider.BODY_MAX", 1 << 17)
    async with rpc_of(node) as rpc:
        await rpc.batch([HEAD])
        (answer,) = await rpc.batch([Call("eth_getLogs", ({"fromBlock": "0x0", "toBlock": "0x0"},))])
    assert isinstance(answer, RpcError)
    assert "larger than" in answer.message


async def test_the_budget_is_kept_and_halved_by_a_429() -> None:
    clock, node = Clock(), Node()
    async with rpc_of(node, clock=clock, requests_per_s=5) as rpc:
        started = clock.now
        for _ in range(25):
            await rpc.batch([HEAD])
        assert 25 / (clock.now - started + 1) == pytest.approx(5, rel=0.25)
        node.fault = say("", 429)
        with pytest.raises(Unreachable):
            await rpc.batch([HEAD])
        node.fault = lambda _: None
        clock.now += 60
        started = clock.now
        for _ in range(10):
            await rpc.batch([HEAD])
        assert clock.now - started > 10 / 5 - 1


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


def everything_said(error: BaseException, seen: set[int] | None = None) -> str:
    """Write all that a log could hold of an error: its text, its causes and contexts, with their arguments."""
    seen = seen or set()
    if id(error) in seen:
        return ""
    seen.add(id(error))
    said = [str(error), repr(error), repr(error.args), repr(vars(error))]
    said += ["".join(traceback.format_exception(error))]
    said += [everything_said(e, seen) for e in (error.__cause__, error.__context__) if e is not None]
    return "\n".join(said)


@pytest.mark.parametrize("bad", [*BAD, "echo", "nobody there", "closes"])
async def test_no_key_is_in_what_is_said(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    node = Node()
    node.fault = BAD.get(bad, say(f'{{"id":null,"error":{{"code":-1,"message":"project {CANARY} not found"}}}}'))
    async with rpc_of(node) as rpc:
        if bad == "nobody there":
            secret = f"http://user:{CANARY}@127.0.0.1:1/v3/{CANARY}?k={CANARY}"
            rpc.providers = [
                Provider("127.0.0.1", secret, rpc.providers[0]._session, rate=1, clock=Clock(), sleep=Clock().sleep)
            ]
        with pytest.raises(ChainError) as caught:
            await rpc.batch([HEAD])
        said = everything_said(caught.value) + repr(rpc.status()) + repr(rpc.providers)
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp.access")]
    assert CANARY not in said + repr([record.__dict__ for record in ours])
    assert "127.0.0.1" in said
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_a_refused_call_that_quotes_the_key_is_cleaned() -> None:
    node = Node()
    node.lie = lambda method, _, result: (
        Refusal(-1, f"no access to {CANARY}") if method == "eth_blockNumber" else result
    )
    async with rpc_of(node) as rpc:
        (answer,) = await rpc.batch([HEAD])
    assert CANARY not in repr(answer)


async def test_cancelling_is_not_swallowed() -> None:
    node = Node()
    entered, release = asyncio.Event(), asyncio.Event()

    class Hanging(web.StreamResponse):
        async def prepare(self, request: web.BaseRequest) -> Any:
            entered.set()
            await release.wait()
            return await super().prepare(request)

    node.fault = lambda _: Hanging()
    async with rpc_of(node) as rpc:
        task = asyncio.create_task(rpc.batch([HEAD]))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()
