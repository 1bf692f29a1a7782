"""What following a chain costs, where it begins, and how it catches up."""

from contextlib import aclosing
from typing import Any

import pytest

from tests.followed import A, Consumer, canonical, drive, feeding, growing, mixed, on_top, world
from tests.node import Clock, Node, log
from watchers.chain.feed import Final, Head


async def test_a_hundred_blocks_cost_a_hundred_requests_whatever_is_watched() -> None:
    node, clock = world(40)
    growing(node, clock)
    start = on_top(node)
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start, ring=[start]) as (feed, rpc):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 3)
        empty, before = feed.counters.polls_empty, rpc.requests
        await drive(feed, consumer, lambda: len(consumer.forwards) == 103)
        assert rpc.requests - before - (feed.counters.polls_empty - empty) == 100
        assert feed.counters.polls_empty - empty <= 10
        assert consumer.final >= node.head - 32 - 16, "finality is read twice, and rides along"
        assert feed.counters.second.blocks > 50


@pytest.mark.parametrize("proof", ["logs", "receipts"])
async def test_a_stronger_proof_costs_no_second_request(proof: str) -> None:
    node, clock = world(40)
    growing(node, clock)
    start = on_top(node)
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start, ring=[start], proof=proof) as (feed, rpc):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 3)
        empty, before = feed.counters.polls_empty, rpc.requests
        await drive(feed, consumer, lambda: len(consumer.forwards) == 43)
        assert rpc.requests - before - (feed.counters.polls_empty - empty) == 40
        assert feed.counters.reader.unproven == 0


async def test_a_block_is_not_polled_more_than_three_times_in_twelve_seconds() -> None:
    node, clock = world(40)
    start = on_top(node)
    consumer = Consumer([start])
    reads: list[float] = []

    def note(_: list[dict[str, Any]]) -> None:
        reads.append(clock.now)

    node.fault = note
    async with feeding(node, clock=clock, start=start) as (feed, _):
        await drive(feed, consumer, lambda: consumer.heads == 40)
    for at in range(1, len(reads) - 3):
        assert reads[at + 3] - reads[at] >= 11.99


async def test_a_first_start_reads_the_past_as_history_and_then_goes_live() -> None:
    node, clock = world(400)
    growing(node, clock)
    consumer = Consumer()
    async with feeding(node, clock=clock, history_h=1) as (feed, rpc):
        await drive(feed, consumer, lambda: len([s for s in consumer.forwards if not s.history]) == 2)
        first = consumer.blocks[0].number
        assert 90 <= 400 - first <= 310
        assert rpc.requests < 60
    past = [step for step in consumer.forwards if step.history]
    assert past[-1].block.header.height == 400
    assert all(step.late_s is None for step in consumer.forwards if not step.history)
    told = {h: ids for h, ids in consumer.logs.items() if ids}
    assert told == {h: ids for h, ids in canonical(node, 400 - 300).items() if ids}


async def test_the_start_is_found_although_blocks_are_slower_than_their_settings_say() -> None:
    node, clock = world(0)
    for at in range(300):
        node.mine(time_s=int(clock.now) + 30 * at)
    clock.now += 30 * 299
    consumer = Consumer()
    async with feeding(node, clock=clock, history_h=1) as (feed, _):
        await drive(feed, consumer, lambda: consumer.heads == 1)
        assert abs((300 - feed.standing.next_number) * 30 - 3600) <= 72
        await drive(feed, consumer, lambda: consumer.blocks[-1:] == [on_top(node)])
    assert all(step.history for step in consumer.forwards)


async def test_a_restart_goes_on_where_it_stopped_and_says_how_late_it_is() -> None:
    node, clock = world(30)
    start = on_top(node)
    node.mine_many(20, mixed)
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start, ring=[start]) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 20)
    assert [step.block.header.height for step in consumer.forwards] == list(range(31, 51))
    assert consumer.forwards[0].late_s == 19 * 12
    assert consumer.forwards[-1].late_s is None
    assert not any(step.history for step in consumer.forwards)


async def test_a_large_gap_is_read_in_ranges_and_its_last_blocks_one_by_one() -> None:
    node, clock = world(30)
    start = on_top(node)
    node.mine_many(500, lambda n: [log(A)] if n % 50 == 0 else [])
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start, ring=[start]) as (feed, rpc):
        await drive(feed, consumer, lambda: consumer.blocks[-1].number == node.head)
        assert rpc.requests < 30
    heights = [step.block.header.height for step in consumer.forwards]
    assert heights[-32:] == list(range(node.head - 31, node.head + 1))
    assert {n for n in range(31, 531) if n % 50 == 0} <= set(heights)


async def test_a_node_that_stands_still_is_left_for_another() -> None:
    node, clock = world(40)
    stuck = node.copy()
    growing(node, clock)
    start = on_top(node)
    consumer = Consumer([start])
    async with feeding(stuck, node, clock=clock, start=start) as (feed, rpc):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 20)
        assert rpc.status()[0].errors["lagging"] >= 1
    assert clock.now - int(node.blocks[60].header["timestamp"], 16) < 30


async def test_a_fast_chain_takes_all_new_blocks_in_one_read_a_second() -> None:
    clock = Clock()
    node = Node(clock=clock, block_time_s=0)
    node.mine_many(20)
    start = on_top(node)

    def grow(now: float) -> None:
        while node.head < 20 + (now - clock_start) / 0.25:
            node.mine([log(A)], time_s=int(now))

    clock_start = clock.now
    clock.on_sleep = grow
    consumer = Consumer([start])
    async with feeding(node, clock=clock, start=start, block_time_s=0.25) as (feed, rpc):
        await drive(feed, consumer, lambda: len(consumer.forwards) >= 80)
        assert rpc.requests <= 80 / 4 + 6


async def test_head_steps_are_said_when_nothing_is_new() -> None:
    node, clock = world(40)
    start = on_top(node)
    async with feeding(node, clock=clock, start=start) as (feed, _), aclosing(feed.steps()) as steps:
        said = [await anext(steps) for _ in range(4)]
    assert said == [Head(40), Final(8), Head(40), Head(40)]
