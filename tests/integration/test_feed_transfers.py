"""A second filter beside the first: Transfers of a token come in the same request, and are not lost when it fails."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.followed import A, Consumer, drive, feeding, growing, on_top, world
from tests.node import Node, Refusal, Sketch, address, log
from watchers.chain.wanted import TRANSFER, Transfers, Wanted

HELD, OTHER, PAYER, PAYEE = (address(number) for number in (1, 2, 3, 4))
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
