"""A second filter beside the first: Transfers of a token come in the same request, and are not lost when it fails."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.followed import A, Consumer, drive, feeding, growing, on_top, world
from tests.governed import settings_of
from tests.node import Node, Refusal, Sketch, address, chain_of, log, serve
from watchers.chain.feed import Feed
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.wanted import TRANSFER, Transfers, Wanted
from watchers.history import History
from watchers.holders import HolderBooks
from watchers.pipeline import Pipeline
from watchers.store import ChainStore, CommittedBlock
from watchers.wings import WINGS, decoder_of

HELD, OTHER, PAYER, PAYEE = (address(number) for number in (1, 2, 3, 4))
LAST_PAID = 80
WANTED = Wanted([A], [Transfers(frozenset({HELD})), Transfers(payers=frozenset({PAYER}))])


def word(of: str) -> str:
    return "0x" + "0" * 24 + of[2:]


def moved(token: str, payer: str) -> Sketch:
    return log(TRANSFER, word(payer), word(PAYEE), emitter=token)


def busy(number: int) -> list[Sketch]:
    # of the last two neither filter asks; the first two are asked for by both
    return [moved(HELD, PAYER), moved(HELD, OTHER), log(A), moved(OTHER, PAYER), moved(OTHER, OTHER)][number % 3 :]


def wanted_of(node: Node, low: int) -> dict[str, set[tuple[str, str]]]:
    def ours(entry: dict[str, Any]) -> bool:
        first, *rest = entry["topics"]
        narrow = entry["address"] == HELD or rest == [word(PAYER), word(PAYEE)]
        return bool(first == A or (first == TRANSFER and narrow))

    return {
        block.header["hash"]: {(e["transactionHash"], e["logIndex"]) for e in block.logs if ours(e)}
        for block in node.blocks[low:]
    }


def is_narrow(method: str, params: Sequence[Any]) -> bool:
    return method == "eth_getLogs" and params[0].get("topics", [[A]])[0] == [TRANSFER]


def told(consumer: Consumer) -> dict[str, set[tuple[str, str]]]:
    return {block: ids for block, ids in consumer.logs.items() if ids}


def due(node: Node, consumer: Consumer) -> dict[str, set[tuple[str, str]]]:
    return {block: ids for block, ids in wanted_of(node, 41).items() if ids and block in consumer.logs}


@pytest.mark.parametrize("proof", ["bloom", "logs", "receipts"])
async def test_several_filters_cost_one_request_a_block_and_bring_each_log_once(proof: str) -> None:
    node, clock = world(40)
    growing(node, clock, logs=busy)
    start = on_top(node)
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start, wanted=WANTED, proof=proof) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 1)
        before = node.requests
        await drive(feed, consumer, lambda: len(consumer.forwards) == 21)
    assert node.requests - before == 20
    assert all(len({e.index for e in s.block.logs}) == len(s.block.logs) for s in consumer.forwards)
    assert told(consumer) == due(node, consumer)


@pytest.mark.parametrize("failure", ["empty", "short", "refused", "null", "removed", "other_hash"])
async def test_a_second_filter_that_fails_while_the_first_does_not_loses_nothing(failure: str) -> None:
    node, clock = world(40)
    growing(node, clock, logs=busy)
    start = on_top(node)
    consumer = Consumer([start])
    seen: set[str] = set()

    def lie(method: str, params: list[Any], result: Any) -> Any:
        at = str(params)
        fresh = is_narrow(method, params) and "blockHash" not in params[0] and at not in seen
        if not fresh or not result or params[0]["fromBlock"] != params[0]["toBlock"]:
            return result
        seen.add(at)
        return {
            "empty": [],
            "short": result[:-1],
            "refused": Refusal(-32000, "query returned more than 10000 results"),
            "null": None,
            "removed": [{**result[0], "removed": True}, *result[1:]],
            "other_hash": [{**result[0], "blockHash": "0x" + "cd" * 32}, *result[1:]],
        }[failure]

    node.lie = lie
    async with feeding(node, clock=clock, start=start, wanted=WANTED) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 40 + 20)
        # what a bloom cannot tell is found when the blocks are final
        await drive(feed, consumer, lambda: consumer.final >= start.number + 20)
    assert len(seen) > 20
    final = {b.header["hash"] for b in node.blocks[41 : consumer.final + 1]}
    assert {b: ids for b, ids in told(consumer).items() if b in final} == {
        b: ids for b, ids in due(node, consumer).items() if b in final
    }


async def test_a_transfer_that_the_second_filter_hid_is_asked_for_again_at_once() -> None:
    node, clock = world(40)
    growing(node, clock, logs=lambda n: [log(A), moved(HELD, OTHER)] if n % 8 == 0 else [log(A)])
    start = on_top(node)
    consumer = Consumer([start])
    node.lie = lambda method, params, result: (
        [] if is_narrow(method, params) and "blockHash" not in params[0] else result
    )
    async with feeding(node, clock=clock, start=start, wanted=WANTED) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 30)
        assert feed.counters.reader.reasks_found >= 3
    assert told(consumer) == due(node, consumer)


async def test_what_the_filter_brings_reaches_the_book_of_holders_through_reorgs_and_a_short_answer(
    redis: Redis,
) -> None:
    node, clock = world(40)
    start = on_top(node)
    short: set[str] = set()

    def lie(method: str, params: list[Any], result: Any) -> Any:
        fresh = is_narrow(method, params) and "blockHash" not in params[0] and str(params) not in short
        if not fresh or params[0]["fromBlock"] != params[0]["toBlock"]:
            return result  # when the blocks are final they are read a second time, several at once
        short.add(str(params))
        return result[:-1]

    node.lie = lie
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls, confirmations=6)
        settings = settings_of(chain, token=HELD, token_start_block=1, holders=True)
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        decoder, store = decoder_of(settings), ChainStore(redis, chain.id, clock_ms=lambda: 0)
        wanted, ranges = decoder.wanted_on(chain.id), LogRanges(rpc, chain)
        pipeline = Pipeline(
            settings, chain, decoder, WINGS, store, History(redis, [chain.id]), rpc, ranges, clock=clock
        )
        epoch = await store.acquire("test", 60_000)
        assert epoch is not None
        pipeline.begin(epoch, start)
        await store.commit(epoch, None, CommittedBlock(start, 0))
        await store.feed_books(epoch, settings.holders_on(chain), sort=HolderBooks.sort, most=HolderBooks.most)
        growing(node, clock, logs=paid)
        grow = clock.on_sleep

        def grow_and_fork(now: float) -> None:
            grow(now)
            if node.head == 60 and not node.orphans:
                node.reorg(2, [paid(158), paid(159), paid(160)])

        clock.on_sleep = grow_and_fork
        feed = Feed(chain, rpc, wanted=wanted, start=start, ring=[start], clock=clock, sleep=clock.sleep)
        async with asyncio.timeout(30):
            async for step in feed.steps():
                await pipeline.take(step)
                if pipeline.counters.final >= LAST_PAID:
                    break
        book = await HolderBooks(redis).book(chain.id, HELD, start.number + 1)
    sums = [int(e["data"], 16) for b in node.blocks[start.number + 1 :] for e in b.logs if e["address"] == HELD]
    assert len(short) > 20, "the node gave short answers"
    assert pipeline.counters.rewinds >= 1
    assert len(sums) > 40
    assert book.powers == {PAYEE: sum(sums), PAYER: -sum(sums)}
    assert (book.progress.whole, book.progress.late) == (True, 0)


def paid(number: int) -> list[Sketch]:
    """Sketch two payments in the token that is held and one in another, up to a block; the third block is quiet."""
    if number % 3 == 0 or LAST_PAID < number < 100:
        return [log(A)]
    sent = [moved(HELD, PAYER)._replace(data=f"0x{number * 1000 + n:064x}") for n in range(2)]
    return [*sent, moved(OTHER, PAYER), log(A)]


async def test_history_is_read_through_every_filter_within_a_nodes_limit() -> None:
    node, clock = world(30)
    start = on_top(node)
    node.mine_many(500, lambda n: busy(n) if n % 7 == 0 else [])
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))
    consumer = Consumer([start])

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if not is_narrow(method, params) or "fromBlock" not in params[0]:
            return result
        asked = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
        return Refusal(-32000, "eth_getLogs is limited to a 20 range") if asked > 20 else result

    node.lie = lie
    async with feeding(node, clock=clock, start=start, ring=[start], wanted=WANTED) as (feed, _):
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
    assert told(consumer) == {b: ids for b, ids in wanted_of(node, 31).items() if ids}
