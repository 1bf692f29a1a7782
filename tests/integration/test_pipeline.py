"""From a block to a commit: a real node over HTTP, the real governance wing, a real store."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web
from redis.asyncio import Redis
from structlog.testing import capture_logs

from config.settings import LiquidityWatch
from tests import governed
from tests.governed import GOVERNOR, OTHER, PROPOSAL, W, created_log, vote_log, world
from tests.node import Clock, Node, Refusal, Sketch, address, log
from watchers.abi import shape_of
from watchers.alert import Alert, VoteFacts
from watchers.chain.block import Header
from watchers.chain.steps import Final, Head, Missed, Rewind
from watchers.earlier import AGAIN_S
from watchers.errors import ChainError, DecodeError, DefinitionError
from watchers.event import Event
from watchers.governance.asks import Times
from watchers.governance.wing import GovernanceWing
from watchers.governance.wing import wing as governance
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.protocols import uniswap_v2
from watchers.liquidity.wing import wing as liquidity
from watchers.pipeline import NOTE_S
from watchers.wing import Situation

SNAPSHOT, DEADLINE = 12, 900


def a_node(head: int = 60) -> Node:
    """A proposal of block 10, votes on it in blocks 20 and 30, quiet blocks between."""
    node = Node(clock=Clock())
    logs = {10: [created_log(SNAPSHOT, DEADLINE)], 20: [vote_log(300 * W, voter=OTHER)]}
    logs[30] = [vote_log(100 * W, voter=address(3), support=0)]
    logs[50] = [vote_log(600 * W)]
    logs[55] = [vote_log(250 * W, voter=address(5))]
    node.mine_many(head, lambda number: logs.get(number, []))
    node.states = governed.answers(SNAPSHOT, DEADLINE)
    return node


def of(alert: Alert) -> VoteFacts:
    assert isinstance(alert.facts, VoteFacts)
    return alert.facts


async def test_a_quiet_block_costs_no_request_and_a_vote_one_for_all_its_facts(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        for number in (10, 11):
            assert await w.pipeline.forward(w.step(number)) == [] or number == 10
        assert w.node.requests == 0
        (alert,) = await w.pipeline.forward(w.step(20))
        assert of(alert).share_of_quorum is not None
        # the proposal's times lead to the quorum at its snapshot: two rounds, and never a third
        assert w.pipeline.counters.facts_requests == w.node.requests <= 2
        await w.pipeline.forward(w.step(21))
        assert w.node.requests <= 2


async def test_events_alerts_and_cursor_of_a_block_are_committed_together(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        await w.pipeline.forward(w.step(10))
        (alert,) = await w.pipeline.forward(w.step(20, late_s=33))
        assert await w.store.cursor() == w.pipeline.cursor == w.step(20).block.cursor
        (stored,) = await w.history.votes(governor=GOVERNOR)
        assert stored.time_s == w.step(20).block.header.time_s
        state = await w.store.alert(alert.id)
        assert state is not None
        assert (state.alert, state.late_s, state.rev) == (alert, 33, 1)
        counters = w.pipeline.counters
        assert (counters.blocks, counters.events, counters.alerts) == (2, 2, 2)
        assert (counters.last_block, counters.head) == (20, 60)


async def test_earlier_votes_are_read_back_once_before_the_first_is_judged(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        await w.pipeline.forward(w.step(49))
        (alert,) = await w.pipeline.forward(w.step(50))
        assert of(alert).title == "Spend it"
        before = of(alert).before
        assert (before.for_raw, before.against_raw, before.voters) == (300 * W, 100 * W, 2)
        (asked,) = [params[0] for method, params in w.node.calls if method == "eth_getLogs"]
        assert (asked["fromBlock"], asked["toBlock"], asked["address"]) == (hex(10), hex(48), GOVERNOR)
        (second,) = await w.pipeline.forward(w.step(55))
        assert of(second).before.for_raw == 900 * W
        assert of(second).crosses_quorum
        assert len([1 for method, _ in w.node.calls if method == "eth_getLogs"]) == 1
        votes = await w.history.votes(proposal_id=PROPOSAL, governor=GOVERNOR)
        assert [v.event.block for v in votes] == [55, 50, 30, 20]
        times = {v.event.block: v.time_s for v in await w.history.votes()}
        assert times[20] == w.step(20).block.header.time_s


async def test_a_block_that_is_tried_again_counts_its_own_votes_once(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        await w.pipeline.forward(w.step(49))
        first = await w.pipeline.forward(w.step(50))
        w.pipeline.begin(w.pipeline._epoch, w.step(49).block.cursor)  # as if the commit's answer had been lost
        assert await w.pipeline.forward(w.step(50)) == first
        assert len(await w.history.votes(proposal_id=PROPOSAL)) == 3


async def test_votes_that_cannot_be_read_back_are_asked_of_the_contract_and_not_again_for_an_hour(redis: Redis) -> None:
    node = a_node()

    def refuse(method: str, _: list[Any], result: Any) -> Any:
        return Refusal(-32000, "header not found") if method == "eth_getLogs" else result

    node.lie = refuse
    async with world(node, redis) as w:
        await w.pipeline.forward(w.step(49))
        with capture_logs() as said:
            (alert,) = await w.pipeline.forward(w.step(50))
        assert [line["event"] for line in said] == ["earlier_votes_unread"]
        assert w.pipeline.earlier.failures == 1
        assert of(alert).before.for_raw == 0 or of(alert).before.passes is None
        assert await w.history.ballots(1, GOVERNOR, PROPOSAL) is None
        node.lie = lambda _method, _params, result: result
        asked = len(node.calls)
        await w.pipeline.forward(w.step(55))
        assert all(method != "eth_getLogs" for method, _ in node.calls[asked:])
        w.clock.now += AGAIN_S
        node.mine([vote_log(W, voter=address(9))])
        await w.pipeline.forward(w.step(node.head))
        assert len(await w.history.ballots(1, GOVERNOR, PROPOSAL) or []) == 5


@pytest.mark.parametrize(("clock", "snapshot"), [("timestamp", 15), ("l1_block", 15)])
async def test_a_snapshot_in_another_clock_is_found_among_the_blocks(redis: Redis, clock: str, snapshot: int) -> None:
    node = a_node()
    for at, mined in enumerate(node.blocks):
        mined.header["l1BlockNumber"] = hex(1_000_000 + at)
    at_s = int(node.blocks[snapshot].header["timestamp"], 16)
    on_clock = at_s if clock == "timestamp" else 1_000_000 + snapshot
    async with world(node, redis, clock=clock) as w:
        header = msgspec.convert(node.blocks[55].header, Header)
        dao = w.pipeline.settings.daos["demo"]
        assert await w.pipeline.earlier.complete(w.pipeline._epoch, dao, PROPOSAL, header, Times(on_clock, 0), 0)
        (asked,) = [params[0] for method, params in w.node.calls if method == "eth_getLogs"]
        assert snapshot - 10 <= int(asked["fromBlock"], 16) <= snapshot
        ballots = await w.history.ballots(1, GOVERNOR, PROPOSAL)
        assert ballots is not None
        assert len(ballots) == 3


async def test_a_vote_that_began_too_long_ago_is_not_read_back(redis: Redis) -> None:
    async with world(a_node(), redis, clock="timestamp") as w:
        header = msgspec.convert(w.node.blocks[55].header, Header)
        dao = w.pipeline.settings.daos["demo"]
        assert not await w.pipeline.earlier.complete(w.pipeline._epoch, dao, PROPOSAL, header, Times(1, 2), None)
        assert not await w.pipeline.earlier.complete(w.pipeline._epoch, dao, PROPOSAL, header, None, None)


async def test_history_fills_without_alerts_and_without_facts(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        for number in (10, 20):
            assert await w.pipeline.forward(w.step(number, history=True)) == []
        assert w.node.requests == 0
        assert await w.history.alerts() == []
        assert len(await w.history.ballots(1, GOVERNOR, PROPOSAL) or []) == 1


async def test_a_log_that_does_not_fit_is_counted_said_once_and_stops_nothing(redis: Redis) -> None:
    node = Node(clock=Clock())
    bad = vote_log(5 * W)._replace(data="0x1234")
    node.mine([created_log(SNAPSHOT, DEADLINE), bad, bad])
    node.mine([bad])
    node.states = governed.answers(SNAPSHOT, DEADLINE)
    async with world(node, redis) as w:
        with capture_logs() as said:
            await w.pipeline.forward(w.step(1))
            await w.pipeline.forward(w.step(2))
        assert [line["event"] for line in said] == ["log_does_not_fit"]
        assert w.pipeline.counters.decode_errors == 3
        assert await w.store.cursor() == w.step(2).block.cursor


async def test_a_node_that_gives_no_facts_leaves_the_block_to_be_tried_again(redis: Redis) -> None:
    node = a_node()
    async with world(node, redis) as w:
        await w.pipeline.forward(w.step(10))
        node.fault = lambda _: web.Response(status=500)
        with pytest.raises(ChainError):
            await w.pipeline.forward(w.step(20))
        assert await w.store.cursor() == w.step(10).block.cursor
        node.fault = lambda _: None
        async with world(node, redis) as fresh:  # as after a restart: the provider rests no longer
            assert len(await fresh.pipeline.forward(fresh.step(20))) == 1


class Clumsy(GovernanceWing):
    """A wing whose judge trips over hostile data."""

    def judge(self, events: Sequence[Event], at: Situation) -> list[Alert]:
        raise DecodeError("tripped")


async def test_a_judge_that_trips_is_counted_and_its_block_still_committed_with_the_events(redis: Redis) -> None:
    async with world(a_node(), redis, wings=(Clumsy(),)) as w:
        with capture_logs() as said:
            assert await w.pipeline.forward(w.step(20)) == []
        assert "judge_failed" in [line["event"] for line in said]
        assert w.pipeline.counters.judge_errors == 1
        assert [v.event.block for v in await w.history.votes()] == [20]


async def test_every_step_of_the_feed_is_carried_out(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        take = w.pipeline.take
        await take(w.step(10))
        (alert,) = await take(w.step(20))
        await take(w.step(21))
        await take(Rewind(w.step(21).block.cursor))
        await take(Rewind(w.step(20).block.cursor))
        assert w.pipeline.cursor == w.step(10).block.cursor
        state = await w.store.alert(alert.id)
        assert state is not None
        assert not state.live
        await take(w.step(20))
        w.node.blocks[20].logs.append({**w.node.blocks[20].logs[0], "logIndex": "0x1"})
        await take(Missed(w.step(20).block, late_s=400))
        assert [s.late_s for s in await w.history.alerts(kind="vote")] == [400, None]
        await take(Final(20))
        assert all(s.final for s in await w.history.alerts(kind="vote"))
        w.clock.now += 5
        await take(Head(77))
        status = await w.history.chain_status(1)
        assert status is not None
        assert (status.head, status.final, status.lag, status.holder) == (77, 20, 57, "test")
        assert int(status.notes["requests"]) == w.node.requests


async def test_the_head_is_left_for_other_processes_once_a_second_and_no_more(redis: Redis) -> None:
    async with world(Node(clock=Clock()), redis) as w:

        async def noted(head: int, after_s: float) -> bytes | None:
            w.clock.now += after_s
            await w.pipeline.take(Head(head))
            found: bytes | None = await cast("Any", redis).hget("{c:1}:status", "head")
            return found

        assert await noted(1, 0) == b"1"
        assert await noted(2, NOTE_S * 0.6) == b"1"
        assert await noted(3, NOTE_S * 0.6) == b"3"
        assert await noted(4, NOTE_S * 0.9) == b"3"
        assert await noted(5, -3600) == b"5", "a clock that was set back must not silence it"


async def test_a_book_with_a_vote_that_cannot_be_read_is_read_back_once_an_hour_and_the_contract_asked(
    redis: Redis,
) -> None:
    async with world(a_node(), redis) as w:

        def readings() -> int:
            return sum(method == "eth_getLogs" for method, _ in w.node.calls)

        await w.pipeline.forward(w.step(49))
        await w.pipeline.forward(w.step(50))
        (vote,) = await w.history.votes(limit=1)
        await cast("Any", redis).hset(f"{{c:1}}:book:{GOVERNOR}:{PROPOSAL}", vote.event.id, "{}")
        (alert,) = await w.pipeline.forward(w.step(55))
        assert of(alert).before.passes is None or of(alert).before.for_raw == 0
        assert readings() == 1
        w.clock.now += AGAIN_S
        for _ in range(2):
            w.node.mine([vote_log(W, voter=address(9 + w.node.head))])
            await w.pipeline.forward(w.step(w.node.head))
        assert readings() == 2


def swap_logs() -> list[Sketch]:
    """Sketch a swap as a Uniswap V2 pair emits it: the reserves, then what moved."""
    who = "0x" + "0" * 24 + "a1" * 20
    given: dict[str, Any] = {"emitter": address(1), "tx": 1}
    sync = log(shape_of(uniswap_v2.Sync).topic0, data="0x" + f"{5:064x}" * 2, **given)
    return [sync, log(shape_of(uniswap_v2.Swap).topic0, who, who, data="0x" + f"{5:064x}" * 4, **given)]


@pytest.mark.parametrize(("actions", "kept"), [(("add", "remove"), 0), (("swap",), 1)])
async def test_swaps_are_kept_only_where_a_watch_asks_for_them(redis: Redis, actions: Any, kept: int) -> None:
    node = Node(clock=Clock())
    node.mine(swap_logs())
    watch = LiquidityWatch(kind="liquidity", name="w", actions=actions)
    async with world(node, redis, watch, wings=(governance, liquidity)) as w:
        await w.pipeline.forward(w.step(1))
        moves = [s.event for s in await w.history.moves()]
        assert len([m for m in moves if isinstance(m, LiquidityMove) and m.action == "swap"]) == kept


async def test_two_wings_may_not_speak_for_one_protocol(redis: Redis) -> None:
    class Twin(Clumsy):
        name = "twin"

    with pytest.raises(DefinitionError, match="two wings"):
        async with world(a_node(0), redis, wings=(governance, Twin())):
            pass
