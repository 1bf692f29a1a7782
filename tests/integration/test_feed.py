"""The feed against nodes that reorg, lag and lie: what its consumer holds in the end is the canonical chain."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.node import Clock, Node, Refusal, Sketch, chain_of, log, serve, topic
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed, Final, Forward, Head, Missed, Rewind, Step
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError

A, B, OTHER = topic(1), topic(2), topic(99)
OURS = (A, B)


class Consumer:
    """Does what the pipeline does with steps, and checks that they make sense in that order."""

    def __init__(self, blocks: Sequence[Cursor] = ()) -> None:
        self.blocks: list[Cursor] = list(blocks)
        self.logs: dict[str, set[tuple[str, str]]] = {}
        self.final = -1
        self.forwards: list[Forward] = []
        self.missed: list[Missed] = []
        self.rewinds = 0
        self.heads = 0
        self.feed: Feed | None = None
        self.steps: AsyncIterator[Step]

    def act(self, step: Step) -> None:
        if isinstance(step, Forward):
            header = step.block.header
            if self.blocks and header.height == self.blocks[-1].number + 1:
                assert header.parent_hash == self.blocks[-1].hash, "a block does not continue the chain"
            self.blocks.append(step.block.cursor)
            self.forwards.append(step)
            self._keep(step)
        elif isinstance(step, Rewind):
            assert self.blocks[-1] == step.to_parent_of, "not the newest block is taken back"
            assert step.to_parent_of.number > self.final, "a final block is taken back"
            del self.logs[self.blocks.pop().hash]
            self.rewinds += 1
        elif isinstance(step, Missed):
            assert step.block.cursor in self.blocks or step.block.cursor.number < self.blocks[-1].number
            self.missed.append(step)
            self._keep(step)
        elif isinstance(step, Final):
            assert self.final < step.number <= self.blocks[-1].number, "finality goes backwards or ahead of us"
            self.final = step.number
        else:
            self.heads += 1

    def _keep(self, step: Forward | Missed) -> None:
        ids = {(entry.transaction_hash, entry.log_index) for entry in step.block.logs}
        self.logs[step.block.header.hash] = self.logs.get(step.block.header.hash, set()) | ids

    def ring(self) -> list[Cursor]:
        return self.blocks[::-1]


@asynccontextmanager
async def feeding(
    *nodes: Node,
    clock: Clock,
    start: Cursor | None = None,
    ring: Sequence[Cursor] = (),
    history_h: float = 0,
    **changes: Any,
) -> AsyncIterator[tuple[Feed, Rpc]]:
    async with serve(*nodes) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls, **changes)
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        feed = Feed(
            chain, rpc, topics=OURS, start=start, ring=ring, history_h=history_h, clock=clock, sleep=clock.sleep
        )
        yield feed, rpc


async def drive(feed: Feed, consumer: Consumer, until: Callable[[], bool], *, limit: int = 3000) -> None:
    """Let the consumer act on steps until it has what the test waits for."""
    if consumer.feed is not feed:
        consumer.feed, consumer.steps = feed, feed.steps()
    async for step in consumer.steps:
        consumer.act(step)
        limit -= 1
        if until():
            return
        assert limit > 0, "the feed does not get there"


def canonical(node: Node, low: int) -> dict[str, set[tuple[str, str]]]:
    return {
        block.header["hash"]: {
            (entry["transactionHash"], entry["logIndex"]) for entry in block.logs if entry["topics"][0] in OURS
        }
        for block in node.blocks[low:]
    }


def on_top(node: Node) -> Cursor:
    return Cursor(node.head, node.blocks[-1].header["hash"])


def mixed(number: int) -> list[Sketch]:
    return [log(A), log(OTHER), log(B)][: number % 4]


def world(blocks: int, logs: Callable[[int], Sequence[Sketch]] = mixed) -> tuple[Node, Clock]:
    """Give a chain whose head is now, and that grows by a block each block time while somebody sleeps."""
    clock = Clock()
    node = Node(clock=clock)
    node.mine_many(blocks, logs)
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))
    return node, clock


def growing(node: Node, clock: Clock, *twins: Node, logs: Callable[[int], Sequence[Sketch]] = mixed) -> None:
    def grow(now: float) -> None:
        while int(node.blocks[-1].header["timestamp"], 16) + 12 <= now:
            node.mine(logs(node.head + 1))
        for twin in twins:
            twin.follow(node)

    clock.on_sleep = grow


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


@pytest.mark.parametrize("depth", [1, 3, 20])
async def test_a_reorg_is_taken_back_one_block_at_a_time(depth: int) -> None:
    node, clock = world(60)
    start = on_top(node)
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(61)])
    consumer.logs = canonical(node, 0)
    async with feeding(node, clock=clock, start=start, ring=consumer.ring()) as (feed, _):
        node.reorg(depth, [mixed(n) for n in range(depth + 1)])
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
    assert consumer.rewinds == depth
    assert [c.hash for c in consumer.blocks] == [b.header["hash"] for b in node.blocks]


async def test_a_node_that_contradicts_itself_does_not_make_us_take_a_block_back() -> None:
    node, clock = world(40)
    growing(node, clock)
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(41)])
    lies = ["wrong_parent"] * 2

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and int(params[0], 16) > 42 and lies:
            return bent(lies.pop(), method, result)
        return result

    async with feeding(node, clock=clock, start=on_top(node), ring=consumer.ring()) as (feed, _):
        await drive(feed, consumer, lambda: bool(consumer.forwards))
        node.lie = lie
        await drive(feed, consumer, lambda: len(consumer.forwards) == 6)
        assert feed.counters.fork.contradictions == 2
    assert consumer.rewinds == 0


async def test_of_two_nodes_that_disagree_about_a_block_the_preferred_is_believed_after_a_while() -> None:
    node, clock = world(40)
    behind = node.copy()
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(41)])
    consumer.logs = canonical(node, 0)
    node.reorg(1, [[log(A)], [log(B)], []])
    async with feeding(node, behind, clock=clock, start=on_top(behind), ring=consumer.ring()) as (feed, _):
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
        assert feed.counters.fork.disputes == 3
    assert consumer.rewinds == 1


async def test_a_cursor_that_was_orphaned_while_we_were_down_is_taken_back_first() -> None:
    node, clock = world(60)
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(40, 61)])
    consumer.logs = canonical(node, 40)
    node.reorg(2, [mixed(n) for n in range(300)])
    async with feeding(node, clock=clock, start=consumer.blocks[-1], ring=consumer.ring()) as (feed, _):
        await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
    assert consumer.rewinds == 2


async def test_a_reorg_past_finality_stops_and_says_so() -> None:
    node, clock = world(60)
    growing(node, clock)
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final > 64)
        node.reorg(20, [mixed(n) for n in range(22)])
        with pytest.raises(ChainError, match="past finality"):
            await drive(feed, consumer, lambda: False, limit=200)


async def test_a_reorg_beyond_what_is_remembered_names_the_block() -> None:
    node, clock = world(60)
    start = on_top(node)
    async with feeding(node, clock=clock, start=start, ring=[start]) as (feed, _):
        node.reorg(5, [[] for _ in range(6)])
        with pytest.raises(ChainError, match="beyond block 60"):
            await drive(feed, Consumer([start]), lambda: False, limit=50)


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


async def test_what_both_looks_missed_is_told_at_finality() -> None:
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin, logs=lambda n: [log(A), log(A)] if n == 45 else [])
    start = on_top(node)
    consumer = Consumer([start])
    node.lie = lambda method, _, result: result[:1] if method == "eth_getLogs" else result
    async with feeding(node, twin, clock=clock, start=start, confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: bool(consumer.missed))
    (missed,) = consumer.missed
    assert missed.block.header.height == 45
    assert len(missed.block.logs) == 2
    assert consumer.final < 45, "a block is final after its second reading, not before"


async def test_a_second_node_that_contradicts_is_outvoted() -> None:
    node, clock = world(40)
    twin = node.copy()
    growing(node, clock, twin)
    start = on_top(node)
    consumer = Consumer([start])

    def forged(method: str, _: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return [{**entry, "blockHash": "0x" + "ab" * 32} for entry in result]
        return result

    twin.lie = forged
    async with feeding(node, twin, clock=clock, start=start, confirmations=4) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final > 50)
        assert feed.counters.second.outvoted > 0
    assert not consumer.missed


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


async def test_a_finality_tag_that_is_missing_gives_way_to_depth() -> None:
    node, clock = world(60)
    growing(node, clock)

    def untagged(method: str, params: list[Any], result: Any) -> Any:
        return None if method == "eth_getBlockByNumber" and params[0] == "finalized" else result

    node.lie = untagged
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), finality="finalized", confirmations=8) as (feed, _):
        await drive(feed, consumer, lambda: consumer.final >= 60)
    assert consumer.blocks[-1].number - consumer.final >= 8


async def test_a_finality_tag_is_followed_and_never_backwards() -> None:
    node, clock = world(60)
    growing(node, clock)
    node.finalized = 55
    consumer = Consumer([on_top(node)])
    async with feeding(node, clock=clock, start=on_top(node), finality="finalized", confirmations=2) as (feed, _):
        await drive(feed, consumer, lambda: len(consumer.forwards) == 8)
        assert consumer.final == 55
        node.finalized = 50
        await drive(feed, consumer, lambda: len(consumer.forwards) == 16)
        assert consumer.final == 55
        node.finalized = 70
        await drive(feed, consumer, lambda: consumer.final == 70)


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


# random lies, told with every call but never for ever

LIES = (
    "null",
    "empty",
    "short",
    "removed",
    "double",
    "other_block",
    "other_hash",
    "no_hex",
    "refuse",
    "wrong_header",
    "wrong_parent",
)


def bent(kind: str, method: str, result: Any) -> Any:  # noqa: PLR0911 - one line for each lie
    if kind == "refuse":
        return Refusal(-32000, "header not found")
    if method == "eth_getBlockByNumber" and isinstance(result, dict):
        if kind == "null":
            return None
        if kind == "wrong_header":
            return {**result, "number": hex(int(result["number"], 16) + 1)}
        if kind == "wrong_parent":
            return {**result, "parentHash": "0x" + "ef" * 32}
        if kind == "no_hex":
            return {**result, "timestamp": "soon"}
        return result
    if method != "eth_getLogs" or not isinstance(result, list) or not result:
        return result
    first = result[0]
    return {
        "null": None,
        "empty": [],
        "short": result[:-1],
        "removed": [{**first, "removed": True}, *result[1:]],
        "double": [first, *result],
        "other_block": [{**first, "blockNumber": "0x1"}, *result[1:]],
        "other_hash": [{**first, "blockHash": "0x" + "cd" * 32}, *result[1:]],
        "no_hex": [{**first, "logIndex": "first"}, *result[1:]],
    }.get(kind, result)


Move = tuple[str, int, str]
moves = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.integers(1, 4), st.just("")),
        st.tuples(st.just("reorg"), st.integers(1, 20), st.just("")),
        st.tuples(st.just("lie"), st.integers(1, 3), st.sampled_from(LIES)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(script=moves, two=st.booleans())
async def test_whatever_nodes_do_the_consumer_ends_with_the_canonical_chain(script: list[Move], two: bool) -> None:  # noqa: FBT001 - drawn
    node, clock = world(30)
    twin = node.copy()
    nodes = (node, twin) if two else (node,)
    pending = list(script)
    lies: list[str] = []

    def lie(method: str, _: list[Any], result: Any) -> Any:
        lied = lies and method in ("eth_getBlockByNumber", "eth_getLogs")
        return bent(lies.pop(), method, result) if lied else result

    node.lie = lie

    def grow(_: float) -> None:
        if pending:
            what, number, kind = pending.pop(0)
            if what == "mine":
                node.mine_many(number, mixed)
            elif what == "reorg":
                depth = min(number, node.head - 5)
                node.reorg(depth, [mixed(n) for n in range(depth + 1)])
            else:
                lies.extend([kind] * number)
        else:
            node.mine(mixed(node.head + 1))
        twin.follow(node)

    clock.on_sleep = grow
    consumer = Consumer([Cursor(n, node.blocks[n].header["hash"]) for n in range(31)])
    consumer.logs = canonical(node, 0)
    async with serve(*nodes) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls, confirmations=120)
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        for _ in range(20):
            feed = Feed(
                chain,
                rpc,
                topics=OURS,
                start=consumer.blocks[-1],
                ring=consumer.ring(),
                history_h=0,
                clock=clock,
                sleep=clock.sleep,
            )
            try:
                await drive(feed, consumer, lambda: (not pending and not lies) or node.head > 200)
                await drive(feed, consumer, lambda: consumer.blocks[-1] == on_top(node))
                break
            except ChainError:
                await clock.sleep(1)  # what the supervisor does: begin again from the cursor
        else:
            pytest.fail("the feed never recovers")
    assert [c.number for c in consumer.blocks] == list(range(node.head + 1)), "a block is skipped"
    assert [c.hash for c in consumer.blocks] == [b.header["hash"] for b in node.blocks]
    unseen = {h: ids - consumer.logs[h] for h, ids in canonical(node, 0).items() if ids - consumer.logs[h]}
    assert not unseen, "a log is lost"


async def test_head_steps_are_said_when_nothing_is_new() -> None:
    node, clock = world(40)
    start = on_top(node)
    async with feeding(node, clock=clock, start=start) as (feed, _), aclosing(feed.steps()) as steps:
        said = [await anext(steps) for _ in range(4)]
    assert said == [Head(40), Final(8), Head(40), Head(40)]
