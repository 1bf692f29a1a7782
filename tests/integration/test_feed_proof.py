"""Nodes that withhold logs of a fresh block: what each level of proof notices, and what it costs."""

from typing import Any

import pytest

from tests.followed import A, B, Consumer, canonical, drive, feeding, growing, on_top, world
from tests.node import Node, log
from watchers.errors import ChainError


def empty_once(node: Node) -> None:
    """Answer the first look at every block's logs with nothing, as a node that lags behind its own header does."""
    seen: set[str] = set()

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs" and "fromBlock" in params[0] and params[0]["fromBlock"] not in seen:
            seen.add(params[0]["fromBlock"])
            return []
        return result

    node.lie = lie


async def test_empty_logs_of_a_fresh_block_are_asked_for_again() -> None:
    node, clock = world(40)
    growing(node, clock)
    start = on_top(node)
    consumer = Consumer([start])
    empty_once(node)
    async with feeding(node, clock=clock, start=start) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 12)
        assert feed.counters.reader.reasks_found == feed.counters.reader.reasks >= 8
    wanted = canonical(node, 41)
    assert {h: ids for h, ids in consumer.logs.items() if ids} == {
        h: ids for h, ids in wanted.items() if ids and h in consumer.logs
    }


async def test_a_block_that_one_node_never_shows_whole_is_read_of_the_other() -> None:
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin)
    start = on_top(node)
    consumer = Consumer([start])
    node.lie = lambda method, _, result: result[:1] if method == "eth_getLogs" else result
    async with feeding(node, twin, clock=clock, start=start) as (feed, rpc):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 12)
        assert rpc.providers[0].errors["unproven"] > 0
    assert {h: ids for h, ids in consumer.logs.items() if ids} == {
        h: ids for h, ids in canonical(node, 41).items() if ids and h in consumer.logs
    }


async def test_a_bloom_that_fits_by_chance_is_not_asked_about_for_ever() -> None:
    node, clock = world(40)
    growing(node, clock, logs=lambda _: [])

    def crowded(method: str, _: list[Any], result: Any) -> Any:
        return {**result, "logsBloom": "0x" + "ff" * 256} if method == "eth_getBlockByNumber" and result else result

    node.lie = crowded
    start = on_top(node)
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 60)
        reader = feed.counters.reader
        assert 8 <= reader.reasks <= 60 * 0.25 + 8
        assert reader.reasks + reader.reasks_saved >= 59


async def test_a_bloom_that_proves_is_asked_about_each_time_until_it_has_failed_too_often() -> None:
    # the log that the bloom speaks of is given by nobody: a chain whose blooms are not what they should be
    node, clock = world(40)
    growing(node, clock, logs=lambda _: [log(A)])
    node.lie = lambda method, _, result: [] if method == "eth_getLogs" else result
    start = on_top(node)
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 17)
        assert feed.counters.reader.reasks >= 16
        await drive(feed, consumer, lambda: len(consumer.forwards) == 97)
        assert feed.counters.reader.reasks <= 16 + 80 * 0.25 + 8


@pytest.mark.parametrize("proof", ["logs", "receipts"])
async def test_a_stronger_proof_finds_the_log_that_a_bloom_cannot_miss(proof: str) -> None:
    # two logs of one topic and address: without the last one the bloom of the topics looks the same
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin, logs=lambda _: [log(A), log(A, B)])
    start = on_top(node)
    consumer = Consumer([start])

    def short(method: str, _: list[Any], result: Any) -> Any:
        return result[:-1] if method in ("eth_getLogs", "eth_getBlockReceipts") and result else result

    node.lie = short
    async with feeding(node, twin, clock=clock, start=start, proof=proof) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 5)
        assert feed.counters.reader.unproven >= 5
    assert all(len(step.block.logs) == 2 for step in consumer.forwards)


async def test_receipts_that_never_prove_stop_the_cursor_and_name_the_remedy() -> None:
    node, clock = world(40)
    growing(node, clock)
    start = on_top(node)
    node.lie = lambda method, _, result: result[:-1] if method == "eth_getBlockReceipts" and result else result
    async with feeding(node, clock=clock, start=start, proof="receipts") as (feed, _):
        consumer = Consumer([start])
        with pytest.raises(ChainError, match=r"set its proof to logs or bloom in chains\.toml"):
            await drive(feed, consumer, lambda: False)
    assert all(step.block.header.height % 4 == 0 for step in consumer.forwards)


async def test_a_range_is_held_to_its_headers_like_a_single_block() -> None:
    node, clock = world(30)
    start = on_top(node)
    node.mine_many(500, lambda n: [log(A)] if n % 50 == 0 else [])
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))
    consumer = Consumer([start])
    lies = 2

    def lie(method: str, params: list[Any], result: Any) -> Any:
        nonlocal lies
        if method != "eth_getLogs" or not result or params[0].get("fromBlock") == params[0].get("toBlock") or not lies:
            return result
        lies -= 1
        return [*result, {**result[-1], "logIndex": "0x63", "blockHash": "0x" + "cd" * 32}]

    node.lie = lie
    async with feeding(node, clock=clock, start=start, ring=[start]) as (feed, _):
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
    assert lies == 0
    told = {h: ids for h, ids in consumer.logs.items() if ids}
    assert told == {h: ids for h, ids in canonical(node, 31).items() if ids}


@pytest.mark.parametrize("proof", ["bloom", "logs", "receipts"])
async def test_a_lone_node_that_hides_the_same_logs_each_time_is_believed_under_bloom_alone(proof: str) -> None:
    node, clock = world(40)
    growing(node, clock, logs=lambda n: [log(A), log(B)] if n == 45 else [])
    start = on_top(node)
    consumer = Consumer([start])

    def hide(method: str, _: list[Any], result: Any) -> Any:
        return [] if method in ("eth_getLogs", "eth_getBlockReceipts") else result

    node.lie = hide
    async with feeding(node, clock=clock, start=start, confirmations=4, proof=proof) as (feed, _):
        if proof == "bloom":
            await drive(feed, consumer, lambda: consumer.final > 45)
            assert feed.counters.reader.reasks == 1
            assert not consumer.missed
        else:
            with pytest.raises(ChainError, match="block 45 cannot be proven"):
                await drive(feed, consumer, lambda: False)
            assert consumer.blocks[-1].number == 44
