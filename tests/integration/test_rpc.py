"""`Rpc` over real HTTP: one request a batch, each call its own answer, a budget that is kept."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.endpoints import HEAD, rpc_of, say
from tests.node import Clock, Node, Refusal
from watchers.chain.rpc import Unreachable
from watchers.facts import Call, RpcError


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
