"""Ranges of logs against nodes with limits: everything arrives, each once, and the limit is learnt."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.node import Clock, Node, Refusal, address, chain_of, log, serve, topic
from watchers.chain.block import Log
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError

TOPICS = tuple(topic(n) for n in range(4))


@asynccontextmanager
async def ranges_of(*nodes: Node, **changes: Any) -> AsyncIterator[LogRanges]:
    clock = Clock()
    async with serve(*nodes) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls, **changes)
        yield LogRanges(Rpc(chain, session, clock=clock, sleep=clock.sleep), chain)


def busy(blocks: int = 300) -> Node:
    node = Node()
    node.mine_many(blocks, lambda n: [log(TOPICS[n % 4], emitter=address(n % 3)), log(topic(9))][: n % 3])
    return node


def ids(logs: list[Log]) -> list[tuple[str, str]]:
    return [(entry.transaction_hash, entry.log_index) for entry in logs]


def wanted(node: Node, low: int, high: int, *emitters: str) -> list[tuple[str, str]]:
    return [
        (entry["transactionHash"], entry["logIndex"])
        for block in node.blocks[low : high + 1]
        for entry in block.logs
        if entry["topics"][0] in TOPICS and (not emitters or entry["address"] in emitters)
    ]


def span_of(params: list[Any]) -> int:
    return int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1


def limited(node: Node, most: int, words: str, code: int = -32000) -> None:
    def lie(method: str, params: list[Any], result: Any) -> Any:
        return Refusal(code, words) if method == "eth_getLogs" and span_of(params) > most else result

    node.lie = lie


async def test_a_range_is_one_request_where_nothing_limits_it() -> None:
    node = busy()
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(node, 1, 300)
    assert node.requests == 1


async def test_addresses_narrow_a_range() -> None:
    node = busy()
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300, address(1))) == wanted(node, 1, 300, address(1))
        two = (address(1), address(2))
        assert ids(await ranges.logs(TOPICS, 1, 300, two)) == wanted(node, 1, 300, *two)


@pytest.mark.parametrize(
    "words",
    [
        "eth_getLogs is limited to a 10 range",
        "Max range: 10",
        "block range 300 exceeds the range allowed for your plan (300 > 10)",
        "You can make eth_getLogs requests with up to a 10 block range",
    ],
)
async def test_a_limit_that_is_said_is_kept_at_once(words: str) -> None:
    node = busy()
    limited(node, 10, words)
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(node, 1, 300)
        assert ranges.rpc.providers[0].range_ceiling == 10
    assert node.requests == 1 + 30


@pytest.mark.parametrize("words", ["query returned more than 10000 results", "zu viel", "response size exceeded", ""])
async def test_a_limit_that_is_not_understood_is_found_by_halving_and_remembered(words: str) -> None:
    node = busy()
    limited(node, 40, words, code=-32005)
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(node, 1, 300)
        first = node.requests
        assert first < 30
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(node, 1, 300)
        assert node.requests - first < 20


async def test_bounds_that_are_suggested_are_taken() -> None:
    node = busy()

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs" and span_of(params) > 60:
            low = int(params[0]["fromBlock"], 16)
            return Refusal(
                -32005,
                f"query returned more than 10000 results. Try with this block range [{hex(low)}, {hex(low + 59)}].",
            )
        return result

    node.lie = lie
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(node, 1, 300)
        assert ranges.rpc.providers[0].range_ceiling is None, "these bounds are of these blocks"


async def test_a_limit_is_raised_again_slowly() -> None:
    node = busy()
    limited(node, 20, "too many")
    async with ranges_of(node) as ranges:
        await ranges.logs(TOPICS, 1, 300)
        node.lie = lambda _method, _params, result: result
        for _ in range(20):
            await ranges.logs(TOPICS, 1, 300)
        assert (ranges.rpc.providers[0].range_cap or 0) > 100


async def test_one_block_that_is_too_much_is_split_by_addresses_and_topics_then_read_from_receipts() -> None:
    node = Node()
    node.mine([log(TOPICS[n % 4], emitter=address(n % 2)) for n in range(40)])

    def lie(method: str, params: list[Any], result: Any) -> Any:
        return Refusal(-32005, "too many results") if method == "eth_getLogs" and len(result) > 5 else result

    node.lie = lie
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 1)) == wanted(node, 1, 1)
        assert any(method == "eth_getBlockReceipts" for method, _ in node.calls)
        both = (address(0), address(1))
        assert ids(await ranges.logs(TOPICS, 1, 1, both)) == wanted(node, 1, 1, *both)


async def test_a_block_that_nobody_gives_in_any_form_is_an_error_and_nothing_is_kept() -> None:
    node = busy()

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockReceipts":
            return Refusal(-32000, "no")
        covers = method == "eth_getLogs" and int(params[0]["fromBlock"], 16) <= 77 <= int(params[0]["toBlock"], 16)
        return Refusal(-32005, "too much") if covers else result

    node.lie = lie
    async with ranges_of(node) as ranges:
        with pytest.raises(ChainError, match="block 77 are refused in every form"):
            await ranges.logs(TOPICS, 1, 300)


async def test_a_node_that_has_pruned_the_past_is_left_for_another_without_asking_for_less() -> None:
    pruned, full = busy(), busy()
    limited(pruned, 0, "history has been pruned for this block")
    async with ranges_of(pruned, full) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(full, 1, 300)
    assert pruned.requests == 1


LIES: dict[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "no list": lambda _: "fine",
    "removed": lambda logs: [{**logs[0], "removed": True}],
    "another block": lambda logs: [{**logs[0], "blockNumber": "0xffff"}],
    "no hex": lambda logs: [{**logs[0], "logIndex": "x"}],
    "a pending log": lambda logs: [{**logs[0], "blockHash": None}],
}


@pytest.mark.parametrize("kind", LIES)
async def test_an_answer_that_cannot_be_is_asked_of_another(kind: str) -> None:
    liar, honest = busy(), busy()
    liar.lie = lambda method, _, result: LIES[kind](result) if method == "eth_getLogs" else result
    async with ranges_of(liar, honest) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(honest, 1, 300)
    async with ranges_of(liar) as ranges:
        with pytest.raises(ChainError):
            await ranges.logs(TOPICS, 1, 300)


async def test_logs_that_come_twice_or_out_of_order_are_put_right() -> None:
    node = busy()
    node.lie = lambda method, _, result: (result + result)[::-1] if method == "eth_getLogs" else result
    async with ranges_of(node) as ranges:
        assert ids(await ranges.logs(TOPICS, 1, 300)) == wanted(node, 1, 300)


async def test_each_providers_limit_is_its_own() -> None:
    small, large = busy(), busy()
    limited(small, 10, "limited to a 10 block range")
    async with ranges_of(small, large) as ranges:
        await ranges.logs(TOPICS, 1, 50)
        first, second = ranges.rpc.providers
        assert (first.range_cap, second.range_cap) == (10, None)
        assert ids(await ranges.logs(TOPICS, 1, 300, avoid=(first,))) == wanted(large, 1, 300)
    assert large.requests == 1
