"""Reminders of votes: from history and a real node through the store, said once whatever happens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import ReminderWatch, VoteWatch
from tests import governed
from tests.delegation import power_log
from tests.governed import GOVERNOR, OTHER, PROPOSAL, TOKEN, W, World, created_log, vote_log, world
from tests.node import Clock, Node, address, log
from watchers.abi import encode_words, shape_of
from watchers.alert import Alert, AlertState, ReminderFacts, Swing
from watchers.delegates import DelegateBooks
from watchers.governance.protocols.oz_governor import ProposalCanceled, ProposalExtended
from watchers.governance.wing import wing as governance
from watchers.reminders import Reminders
from watchers.store import ChainStore, Change

SNAPSHOT, DEADLINE = 12, 900
HOUR = 300  # blocks
BIG, SMALL = address(8), address(9)
WATCHES = (VoteWatch(kind="vote", name="large"), ReminderWatch(kind="reminder", name="ends", hours=(2, 1)))


def a_node(extra: dict[int, list[Any]] | None = None) -> Node:
    node = Node(clock=Clock())
    logs = {10: [created_log(SNAPSHOT, DEADLINE)], 20: [vote_log(300 * W, voter=OTHER)]}
    logs[11] = [power_log(who, 0, raw, TOKEN) for who, raw in ((BIG, 700 * W), (SMALL, 5 * W), (OTHER, 300 * W))]
    logs |= extra or {}
    node.mine_many(DEADLINE + 20, lambda number: logs.get(number, []))
    node.states = governed.answers(SNAPSHOT, DEADLINE)
    return node


@asynccontextmanager
async def followed(node: Node, redis: Redis, *blocks: int, **dao: Any) -> AsyncIterator[World]:
    async with world(node, redis, *WATCHES, token_start_block=10, **dao) as w:
        await w.store.feed_books(w.pipeline._epoch, [TOKEN])
        for number in blocks:
            await w.pipeline.forward(w.step(number))
        yield w


def reminders(w: World, redis: Redis) -> Reminders:
    made = w.pipeline
    return Reminders(made.settings, w.store, w.history, DelegateBooks(redis), w.rpc, governance.families, clock=w.clock)


async def said(w: World) -> list[AlertState]:
    return await w.history.alerts(kind="reminder")


async def test_a_vote_that_ends_in_two_hours_is_said_once_with_who_has_not_voted(redis: Redis) -> None:
    async with followed(a_node(), redis, 10, 11, 20, DEADLINE - 2 * HOUR - 1) as w:
        ours = reminders(w, redis)
        before = w.node.requests
        assert await ours.tick(w.pipeline._epoch) == 0
        assert w.node.requests == before  # nothing is due: the chain is not asked
        await w.pipeline.forward(w.step(DEADLINE - 2 * HOUR))
        assert await ours.tick(w.pipeline._epoch) == 1
        assert await ours.tick(w.pipeline._epoch) == 0
        assert await reminders(w, redis).tick(w.pipeline._epoch) == 0  # after a restart
        (state,) = await said(w)
        facts = state.alert.facts
        assert isinstance(facts, ReminderFacts)
        assert (facts.hours, facts.title, facts.proposal_id) == (2, "Spend it", PROPOSAL)
        assert facts.absent is not None
        assert [(one.delegate, one.raw) for one in facts.absent] == [(BIG, 700 * W), (SMALL, 5 * W)]
        assert facts.swing == Swing(1, 700 * W, "quorum")
        assert facts.tally is not None
        assert (facts.tally.for_raw, facts.tally.passes) == (300 * W, False)
        text = plain(render([state], Lexicon(w.pipeline.settings)), now_s=0)
        for told in ("Voting ends in 2 h", "30.0 %", "700 DEMO missing", "it would fail", "enough to reach the quorum"):
            assert told in text, text


async def test_a_reminder_missed_while_nobody_ran_is_said_late_and_only_the_last_of_them(redis: Redis) -> None:
    async with followed(a_node(), redis, 10, 11, 20, DEADLINE - 100) as w:
        ours = reminders(w, redis)
        assert await ours.tick(w.pipeline._epoch) == 1
        (state,) = await said(w)
        assert isinstance(state.alert.facts, ReminderFacts)
        assert (state.alert.facts.hours, state.late_s) == (1, (HOUR - 100) * 12)
        assert "Voting ends in 20 min" in plain(render([state], Lexicon(w.pipeline.settings)), now_s=0)


async def test_no_reminder_is_said_once_voting_is_over_or_was_cancelled(redis: Redis) -> None:
    cancelled = log(
        shape_of(ProposalCanceled).topic0,
        emitter=GOVERNOR,
        data="0x" + encode_words(("uint256",), (PROPOSAL,)).hex(),
    )
    late = DEADLINE - HOUR
    for node, blocks in ((a_node(), [10, 20, DEADLINE]), (a_node({30: [cancelled]}), [10, 20, 30, late])):
        await redis.flushall()
        async with followed(node, redis, *blocks) as w:
            assert await reminders(w, redis).tick(w.pipeline._epoch) == 0
            assert await said(w) == []


async def test_what_was_due_before_we_came_is_history(redis: Redis) -> None:
    async with followed(a_node(), redis, 10, 20, DEADLINE - HOUR + 5) as w:
        await w.store.note(history_to=DEADLINE - HOUR + 2)
        assert await reminders(w, redis).tick(w.pipeline._epoch) == 0


async def test_an_end_that_was_moved_moves_the_reminder(redis: Redis) -> None:
    data = encode_words(("uint64",), (DEADLINE + HOUR,)).hex()
    moved = log(shape_of(ProposalExtended).topic0, f"0x{PROPOSAL:064x}", emitter=GOVERNOR, data="0x" + data)
    node = a_node({DEADLINE - HOUR + 1: [moved]})
    node.mine_many(2 * HOUR)
    async with followed(node, redis, 10, 11, 20, DEADLINE - HOUR) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch
        assert await ours.tick(epoch) == 1
        await w.pipeline.forward(w.step(DEADLINE - HOUR + 1))
        node.states = governed.answers(SNAPSHOT, DEADLINE + HOUR)
        assert await ours.tick(epoch) == 1  # two hours before the new end passed just now
        await w.pipeline.forward(w.step(DEADLINE - 1))
        assert await ours.tick(epoch) == 0
        await w.pipeline.forward(w.step(DEADLINE))
        assert await ours.tick(epoch) == 1
        hours = [s.alert.facts.hours for s in await said(w) if isinstance(s.alert.facts, ReminderFacts)]
        assert hours == [1, 2, 1]


async def test_a_lost_lease_writes_nothing(redis: Redis) -> None:
    async with followed(a_node(), redis, 10, 20, DEADLINE - HOUR) as w:
        epoch = w.pipeline._epoch
        await w.store.release(epoch)
        assert await ChainStore(redis, 1, clock_ms=lambda: 0).acquire("other", 60_000)
        assert await reminders(w, redis).tick(epoch) == 0
        assert await said(w) == []


async def test_a_reorg_takes_a_reminder_back_and_it_is_said_again_under_its_own_name(redis: Redis) -> None:
    at = DEADLINE - HOUR
    async with followed(a_node(), redis, 10, 20, at - 1, at) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch
        assert await ours.tick(epoch) == 1
        (first,) = await said(w)
        told = [c for c in await w.store.changes("c", count=9, block_ms=0) if isinstance(c, Change)]
        assert first.alert.id in {c.state.alert.id for c in told}  # on its way to the channels as any other
        w.pipeline.cursor = await w.store.rewind(epoch, w.step(at).block.cursor)
        (gone,) = await said(w)
        assert not gone.live
        await w.pipeline.forward(w.step(at))
        assert await ours.tick(epoch) == 1
        (again,) = await said(w)
        assert (again.alert.id, again.live, again.rev) == (first.alert.id, True, 3)


async def test_a_proposal_that_was_taken_back_gets_none(redis: Redis) -> None:
    async with followed(a_node(), redis, 10, 20, DEADLINE - HOUR) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch

        class Reorged(ChainStore):
            """A store whose chain takes the proposal back between reading and writing."""

            async def remind(self, *given: Any, **more: Any) -> Any:
                await redis.delete("{c:1}:event")
                return await super().remind(*given, **more)

        ours._store = Reorged(redis, 1, clock_ms=lambda: 0)
        assert await ours.tick(epoch) == 0
        assert await said(w) == []


async def test_two_who_find_the_same_reminder_due_say_it_once(redis: Redis) -> None:
    at = DEADLINE - HOUR
    async with followed(a_node(), redis, 10, 20, at) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch

        class Blind(ChainStore):
            """A store as it was before the other said it."""

            async def standing(self, _: object) -> list[Alert]:
                return []

        assert await ours.tick(epoch) == 1
        await w.pipeline.forward(w.step(at + 1))
        ours._store = Blind(redis, 1, clock_ms=lambda: 0)
        assert await ours.tick(epoch) == 0
        (state,) = await said(w)
        assert (state.rev, state.moved_from) == (1, None)


async def test_a_reminder_that_another_version_wrote_is_not_said_again_and_stops_no_other(redis: Redis) -> None:
    async with followed(a_node(), redis, 10, 11, 20, DEADLINE - 2 * HOUR) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch
        assert await ours.tick(epoch) == 1
        (state,) = await said(w)
        await redis.hset("{c:1}:body", state.alert.id, "{}")
        assert await ours.tick(epoch) == 0
        await w.pipeline.forward(w.step(DEADLINE - HOUR))
        assert await ours.tick(epoch) == 1


async def test_a_node_that_fails_at_the_tick_costs_nothing_but_time_and_is_said_once(redis: Redis) -> None:
    at = DEADLINE - HOUR
    async with followed(a_node(), redis, 10, 11, 20, at) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch
        w.node.fault = lambda _: web.Response(status=500)
        with capture_logs() as logs:
            assert await ours.tick(epoch) == 0
            assert await ours.tick(epoch) == 0
        assert [entry["event"] for entry in logs if entry["event"] == "reminders_wait"] == ["reminders_wait"]
        assert await said(w) == []
        w.node.fault = lambda _: None
        w.clock.now += 600  # the endpoint was left alone for a while
        assert await ours.tick(epoch) == 1


async def test_a_governor_that_counts_ethereum_s_blocks_is_reminded_of_by_what_the_chain_says_they_are(
    redis: Redis,
) -> None:
    node = a_node()
    l1 = DEADLINE - HOUR - 5
    for at, mined in enumerate(node.blocks):
        mined.header["l1BlockNumber"] = hex(l1 + at // 10)  # ten blocks of the chain a block of Ethereum's
    async with followed(node, redis, 10, 11, 20, 49, clock="l1_block") as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch
        assert await ours.tick(epoch) == 0
        asked = w.node.requests
        assert await ours.tick(epoch) == 0
        assert w.node.requests == asked, "the end is believed for a while"
        w.clock.now += 3_601
        await w.pipeline.forward(w.step(50))
        assert await ours.tick(epoch) == 1
        (state,) = await said(w)
        assert isinstance(state.alert.facts, ReminderFacts)
        assert state.alert.facts.hours == 1
        assert state.alert.facts.ends_at_s == state.alert.block_time_s + 3_600


async def test_no_reminder_is_of_a_time_before_voting_begins(redis: Redis) -> None:
    begins, early = DEADLINE - 2 * HOUR + 10, DEADLINE - 2 * HOUR + 5  # two hours before the end nobody could vote
    node = a_node({10: [created_log(begins, DEADLINE)], 20: []})
    node.states = governed.answers(begins, DEADLINE)
    async with followed(node, redis, 10, 11, early) as w:
        ours, epoch = reminders(w, redis), w.pipeline._epoch
        assert await ours.tick(epoch) == 0
        await w.pipeline.forward(w.step(begins + 5))
        assert await ours.tick(epoch) == 0
        await w.pipeline.forward(w.step(DEADLINE - HOUR))
        assert await ours.tick(epoch) == 1
        assert [s.alert.facts.hours for s in await said(w) if isinstance(s.alert.facts, ReminderFacts)] == [1]
