"""Questions answered in one batch, what is kept for good, and what a node's trouble must not become."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal

import aiohttp
import pytest
from aiohttp import web

from tests.node import Clock, Node, Refusal, address, chain_of, serve
from watchers.chain.answers import Cache, learn, load
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.facts import MAX_ROUNDS, Answer, Ask, Call, Facts, eth_call, words

WORD = "0x" + "00" * 31 + "2a"


class Supply(Ask[int], frozen=True):
    token: str

    def calls(self, block: int) -> tuple[Call, ...]:
        return (eth_call(self.token, "totalSupply()", block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        found = words(answers[0], "uint256")
        return found[0] if found else None


class Decimals(Supply, frozen=True):
    lifetime: ClassVar[Literal["forever", "block"]] = "forever"


class Pair(Supply, frozen=True):
    def calls(self, block: int) -> tuple[Call, ...]:
        return (*super().calls(block), Call("eth_blockNumber", ()))

    def read(self, answers: Sequence[Answer]) -> int | None:
        return int(str(answers[1]), 16) if answers[0] == WORD else None


class Costly(Supply, frozen=True):
    costly: ClassVar[bool] = True

    def calls(self, block: int) -> tuple[Call, ...]:
        return (Call("eth_simulateV1", ()),)


@asynccontextmanager
async def rpc_of(*nodes: Node) -> AsyncIterator[Rpc]:
    clock = Clock()
    async with serve(*nodes) as urls, aiohttp.ClientSession() as session:
        yield Rpc(chain_of(urls), session, clock=clock, sleep=clock.sleep)


def node_with(answer: Any) -> Node:
    node = Node()
    node.lie = lambda method, _, result: answer if method == "eth_call" else result
    return node


async def test_all_questions_travel_in_one_request_and_equal_calls_once() -> None:
    node = node_with(WORD)
    cache = Cache()
    asks = [Supply(address(1)), Decimals(address(1)), Pair(address(1)), Supply(address(2)), Supply(address(1))]
    async with rpc_of(node) as rpc:
        assert await load(rpc, asks, 1, cache) == 1
        assert [cache.facts.get(ask) for ask in asks] == [42, 42, 0, 42, 42]
        assert len(node.calls) == 4, "chain id, two supplies, the head"
        assert await load(rpc, asks, 1, cache) == 0


async def test_what_cannot_change_is_asked_once_and_the_rest_for_each_block() -> None:
    node = node_with(WORD)
    cache = Cache()
    async with rpc_of(node) as rpc:
        await load(rpc, [Supply(address(1)), Decimals(address(1))], 1, cache)
        assert not cache.begin(2).known
        assert await load(rpc, [Decimals(address(1))], 2, cache) == 0
        assert cache.facts.get(Decimals(address(1))) == 42
        assert await load(rpc, [Supply(address(1))], 2, cache) == 1
        cache.begin(2)
        assert not cache.facts.has(Supply(address(1))), "a block of the same number may be another block"


async def test_a_revert_is_an_answer_for_good_and_a_nodes_trouble_is_not() -> None:
    node = node_with(Refusal(3, "execution reverted"))
    cache = Cache()
    async with rpc_of(node) as rpc:
        await load(rpc, [Decimals(address(1))], 1, cache)
        assert cache.facts.has(Decimals(address(1)))
        assert cache.facts.get(Decimals(address(1))) is None
        assert await load(rpc, [Decimals(address(1))], 2, cache) == 0
        for trouble in (Refusal(-32000, "missing trie node"), Refusal(-32603, "internal error"), None):
            node.lie = lambda method, _, result, t=trouble: t if method == "eth_call" else result  # type: ignore[misc]  # a bound default
            await load(rpc, [Decimals(address(2))], 3, cache)
            assert cache.facts.has(Decimals(address(2))), "for this block it is unknown"
            cache.begin(3)
        node.lie = lambda method, _, result: WORD if method == "eth_call" else result
        assert await load(rpc, [Decimals(address(2))], 4, cache) == 1
        assert cache.facts.get(Decimals(address(2))) == 42


async def test_what_one_node_cannot_say_another_is_asked() -> None:
    first, second = node_with(Refusal(-32000, "header not found")), node_with(WORD)
    cache = Cache()
    async with rpc_of(first, second) as rpc:
        assert await load(rpc, [Supply(address(1))], 1, cache) == 2
    assert cache.facts.get(Supply(address(1))) == 42


async def test_answers_that_make_no_sense_are_unknown_and_counted() -> None:
    cache = Cache()
    for odd in ({"a": 1}, [1], 7, "0xzz", "0x", True):
        async with rpc_of(node_with(odd)) as rpc:
            await load(rpc, [Supply(address(1))], 1, cache)
        assert cache.facts.get(Supply(address(1))) is None
        cache.begin(1)
    node = node_with(WORD)
    node.lie = lambda method, _, result: {"eth_call": WORD, "eth_blockNumber": [1]}.get(method, result)
    async with rpc_of(node) as rpc:
        await load(rpc, [Pair(address(1))], 1, cache)
    assert cache.unreadable == 1


async def test_a_node_that_cannot_be_reached_is_an_error_and_nothing_is_known() -> None:
    from aiohttp import web  # noqa: PLC0415 - only this test speaks HTTP itself

    node = Node()
    node.fault = lambda _: web.Response(status=500)
    cache = Cache()
    async with rpc_of(node) as rpc:
        with pytest.raises(ChainError):
            await load(rpc, [Supply(address(1))], 1, cache)
    assert not cache.facts.has(Supply(address(1)))


async def test_the_memory_is_bounded_and_drops_what_was_used_least_recently() -> None:
    cache = Cache(size=2)
    async with rpc_of(node_with(WORD)) as rpc:
        await load(rpc, [Decimals(address(1)), Decimals(address(2))], 1, cache)
        await load(rpc, [Decimals(address(1))], 2, cache)
        await load(rpc, [Decimals(address(3))], 3, cache)
        assert await load(rpc, [Decimals(address(1))], 4, cache) == 0
        assert await load(rpc, [Decimals(address(2))], 5, cache) == 1


async def test_an_answer_may_lead_to_a_question_until_none_is_open() -> None:
    node = node_with(WORD)
    cache = Cache()

    def asks() -> Iterator[Ask[Any]]:
        yield from (Supply(address(1)), Supply(address(1)))
        if cache.facts.get(Supply(address(1))) == 42:
            yield Supply(address(2))

    async with rpc_of(node) as rpc:
        assert await learn(rpc, asks, 1, cache) == node.requests == 2
        assert cache.facts.get(Supply(address(2))) == 42
        assert await learn(rpc, asks, 1, cache) == 0
        assert await learn(rpc, asks, 2, cache) == 2, "what is known of another block does not serve"


def test_a_round_holds_only_what_is_open_and_each_question_once() -> None:
    facts = Facts({Supply(address(3)): None})
    rounds = facts.rounds(lambda: [Supply(address(n)) for n in (1, 1, 2, 3)])
    assert next(rounds) == [Supply(address(1)), Supply(address(2))]
    facts.known.update({Supply(address(1)): None, Supply(address(2)): None})
    assert list(rounds) == []


async def test_questions_that_never_end_are_ended() -> None:
    node = node_with(WORD)
    cache = Cache()
    async with rpc_of(node) as rpc:
        assert await learn(rpc, lambda: [Supply(address(len(cache.known)))], 1, cache) == MAX_ROUNDS
    assert len(cache.known) == MAX_ROUNDS


async def test_what_is_unknown_is_not_asked_again_in_the_next_round() -> None:
    node = node_with(Refusal(-32000, "missing trie node"))
    cache = Cache()
    async with rpc_of(node) as rpc:
        assert await learn(rpc, lambda: [Supply(address(1))], 1, cache) == 1
    assert cache.facts.has(Supply(address(1)))


def test_a_block_that_took_the_place_of_another_begins_with_nothing_known() -> None:
    cache = Cache()
    cache.stay(1, "0xa").known[Supply(address(1))] = 42
    assert cache.stay(1, "0xa").has(Supply(address(1)))
    assert not cache.stay(1, "0xb").has(Supply(address(1)))
    assert not cache.stay(2, "0xb").known


async def test_a_question_that_breaks_the_node_is_unknown_and_takes_no_other_with_it() -> None:
    node = node_with(WORD)

    def fault(body: Any) -> Any:
        asked = body if isinstance(body, list) else [body]
        return web.Response(status=500) if any(one["method"] == "eth_simulateV1" for one in asked) else None

    node.fault = fault
    cache = Cache()
    async with rpc_of(node) as rpc:
        await load(rpc, [Costly(address(1)), Supply(address(1))], 1, cache)
    assert cache.known == {Supply(address(1)): 42, Costly(address(1)): None}
