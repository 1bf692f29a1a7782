"""A queued proposal, tried again before it can run: from history and a real node through the store, once whatever
happens.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import VoteWatch
from tests import governed
from tests.governed import GOVERNOR, OTHER, PROPOSAL, WHALE, World, world
from tests.node import START_S, Clock, Node, Refusal, Sketch, log
from watchers import vantage
from watchers.abi import encode_words, selector, shape_of
from watchers.alert import AlertState, ProposalFacts
from watchers.chain.steps import Rewind
from watchers.governance.protocols.oz_governor import (
    ProposalCanceled,
    ProposalCreated,
    ProposalExecuted,
    ProposalQueued,
)
from watchers.proposed import Simulated, Since
from watchers.retrials import Retrials
from watchers.store import ChainStore, Change

TIMELOCK, TARGET = "0x" + "7a" * 20, "0x" + "c3" * 20
CREATED, QUEUED, ETA = 10, 50, 1_550  # blocks of 12 seconds
DUE = ETA - 300  # an hour before
ETA_S = START_S + 12 * ETA


class Trying(Node):
    """A node that simulates: each call succeeds but those of `fails`; `code` is every target's."""

    fails: tuple[int, ...] = ()
    code = "0x6000"

    def _eth_simulateV1(self, given: dict[str, Any], _at: str) -> list[Any]:  # noqa: N802 - the method's name
        (batch,) = given["blockStateCalls"]
        self.time_s = int(batch.get("blockOverrides", {}).get("time", "0x0"), 16)
        results: list[Any] = [
            {"status": "0x0" if n in self.fails else "0x1", "logs": []} for n in range(len(batch["calls"]))
        ]
        return [{"calls": results}]

    def _eth_getCode(self, _to: str, _at: str) -> str:  # noqa: N802 - the method's name
        return self.code


def created_log() -> Sketch:
    """Sketch the creation of the proposal, of two calls."""
    types = tuple(p.type for p in shape_of(ProposalCreated).params)
    data = bytes.fromhex(selector("transfer(address,uint256)")[2:]) + encode_words(("address", "uint256"), (OTHER, 5))
    given = (PROPOSAL, WHALE, (TARGET,) * 2, (0, 0), ("", ""), (data,) * 2, 12, 40, "# Spend it")
    return log(shape_of(ProposalCreated).topic0, emitter=GOVERNOR, data="0x" + encode_words(types, given).hex())


def step_log(shape: type, *given: int) -> Sketch:
    words = encode_words(("uint256",) * (1 + len(given)), (PROPOSAL, *given)).hex()
    return log(shape_of(shape).topic0, emitter=GOVERNOR, data="0x" + words)


def a_node(extra: dict[int, list[Sketch]] | None = None, *, of: type[Node] = Trying) -> Any:
    node = of(clock=Clock())
    logs = {CREATED: [created_log()], QUEUED: [step_log(ProposalQueued, ETA_S)], **(extra or {})}
    node.mine_many(ETA + 20, lambda number: logs.get(number, []))
    node.states = governed.answers(12, 40)
    return node


@asynccontextmanager
async def followed(node: Node, redis: Redis, *blocks: int, hours: int = 1) -> AsyncIterator[World]:
    watch = VoteWatch(kind="vote", name="large", try_again_h=hours)
    async with world(node, redis, watch, timelock=TIMELOCK) as w:
        for number in (CREATED, QUEUED, *blocks):
            await w.pipeline.forward(w.step(number))
        yield w


def retrials(w: World) -> Retrials:
    return Retrials(w.pipeline.settings, w.store, w.history, w.rpc, clock=w.clock)


async def card(w: World) -> AlertState:
    """Give what the proposal is followed by."""
    (state,) = [s for s in await w.history.alerts(kind="proposal") if s.alert.is_followed and s.live]
    return state


async def news(w: World) -> list[AlertState]:
    said = await w.history.alerts(kind="proposal")
    return [s for s in said if isinstance(s.alert.facts, ProposalFacts) and s.alert.facts.change == "retried"]


def tried(state: AlertState) -> Simulated:
    assert isinstance(state.alert.facts, ProposalFacts)
    assert state.alert.facts.simulated is not None
    return state.alert.facts.simulated


def simulations(node: Node) -> int:
    return sum(method == "eth_simulateV1" for method, _ in node.calls)


async def test_a_queued_proposal_is_tried_once_more_an_hour_before_it_can_run(redis: Redis) -> None:
    async with followed(a_node(), redis, DUE - 1) as w:
        ours, epoch, before = retrials(w), w.pipeline._epoch, w.node.requests
        assert tried(await card(w)).step == "queued"
        assert await ours.tick(epoch) == 0
        assert w.node.requests == before  # nothing is due: the chain is not asked
        await w.pipeline.forward(w.step(DUE))
        assert await ours.tick(epoch) == 1
        asked = simulations(w.node)
        assert await ours.tick(epoch) == 0
        assert await retrials(w).tick(epoch) == 0  # after a restart
        await w.pipeline.forward(w.step(DUE + 1))
        assert await ours.tick(epoch) == 0
        assert simulations(w.node) == asked
        seen = tried(await card(w))
        assert (seen.step, seen.block, seen.sender, seen.since) == ("again", DUE, TIMELOCK, Since("queued"))
        assert w.node.time_s == ETA_S  # type: ignore[attr-defined]  # as of the time at which it can run
        assert await news(w) == []
        text = plain(render([await card(w)], Lexicon(w.pipeline.settings)), now_s=0)
        assert "Tried again before execution, block 1,250 all 2 calls succeed" in text, text
        assert "Since it was queued nothing changed" in text, text


async def test_a_call_that_went_well_and_would_fail_now_is_news_of_its_own(redis: Redis) -> None:
    node = a_node()
    async with followed(node, redis, DUE) as w:
        node.fails = (1,)
        assert await retrials(w).tick(w.pipeline._epoch) == 1
        (said,) = await news(w)
        followed_by = await card(w)
        assert isinstance(said.alert.facts, ProposalFacts)
        assert (said.alert.severity, said.alert.facts.follows) == ("notable", followed_by.alert.id)
        assert not said.alert.revises
        assert tried(said) == tried(followed_by)
        assert tried(said).since == Since("queued", fails=(1,))
        told = {c.state.alert.id for c in await w.store.changes("c", count=20, block_ms=0) if isinstance(c, Change)}
        assert {said.alert.id, followed_by.alert.id} <= told  # on their way to the channels as any other
        text = plain(render([said], Lexicon(w.pipeline.settings)), now_s=0)
        for line in ("Queued proposal would fail now", "call 2 of 2 fails", "call 2 went well and would fail now"):
            assert line in text, text


async def test_a_call_that_failed_before_too_is_no_news(redis: Redis) -> None:
    node = a_node()
    node.fails = (1,)
    async with followed(node, redis, DUE) as w:
        assert await retrials(w).tick(w.pipeline._epoch) == 1
        assert tried(await card(w)).since == Since("queued")
        assert await news(w) == []


async def test_other_code_of_a_target_since_it_was_queued_is_critical_news(redis: Redis) -> None:
    node = a_node()
    async with followed(node, redis, DUE) as w:
        node.code = "0x"
        assert await retrials(w).tick(w.pipeline._epoch) == 1
        (said,) = await news(w)
        assert said.alert.severity == "critical"
        text = plain(render([said], Lexicon(w.pipeline.settings)), now_s=0)
        assert "Queued proposal calls code that changed" in text, text
        assert "Other code than when queued" in text, text


async def test_one_that_was_executed_or_cancelled_or_has_no_known_time_is_not_tried(redis: Redis) -> None:
    for extra in (
        {60: [step_log(ProposalExecuted)]},
        {60: [step_log(ProposalCanceled)]},
        {QUEUED: [step_log(ProposalQueued, 0)]},
        {QUEUED: [step_log(ProposalQueued, 1 << 200)]},
    ):
        await redis.flushall()
        async with followed(a_node(extra), redis, 60, DUE) as w:
            before = simulations(w.node)
            assert await retrials(w).tick(w.pipeline._epoch) == 0
            assert simulations(w.node) == before


async def test_the_operator_says_how_long_before_and_whether_at_all(redis: Redis) -> None:
    for hours, number, many in ((2, DUE - 300, 1), (2, DUE - 301, 0), (0, DUE, 0)):
        await redis.flushall()
        async with followed(a_node(), redis, number, hours=hours) as w:
            assert await retrials(w).tick(w.pipeline._epoch) == many


async def test_where_a_timelock_waits_less_than_those_hours_half_of_its_wait_is_let_pass(redis: Redis) -> None:
    node = a_node({QUEUED: [step_log(ProposalQueued, START_S + 12 * (QUEUED + 100))]})
    async with followed(node, redis, QUEUED + 49) as w:
        assert await retrials(w).tick(w.pipeline._epoch) == 0
        await w.pipeline.forward(w.step(QUEUED + 50))
        assert await retrials(w).tick(w.pipeline._epoch) == 1


async def test_a_lost_lease_writes_nothing_of_a_trial(redis: Redis) -> None:
    async with followed(a_node(), redis, DUE) as w:
        epoch, before = w.pipeline._epoch, await card(w)
        await w.store.release(epoch)
        assert await ChainStore(redis, 1, clock_ms=lambda: 0).acquire("other", 60_000)
        assert await retrials(w).tick(epoch) == 0
        assert await card(w) == before


async def test_a_reorg_takes_a_trial_and_its_news_back_and_it_is_made_again(redis: Redis) -> None:
    node = a_node()
    async with followed(node, redis, DUE - 1, DUE) as w:
        ours, epoch, before = retrials(w), w.pipeline._epoch, await card(w)
        node.fails = (0,)
        assert await ours.tick(epoch) == 1
        (first,) = await news(w)
        await w.pipeline.take(Rewind(w.step(DUE).block.cursor))
        assert (await card(w)).alert == before.alert
        assert [state.live for state in await news(w)] == [False]
        await w.pipeline.forward(w.step(DUE))
        assert await ours.tick(epoch) == 1
        (again,) = await news(w)
        assert (again.alert.id, again.live) == (first.alert.id, True)


async def test_a_block_that_revises_the_card_between_reading_and_writing_wins(redis: Redis) -> None:
    async with followed(a_node({DUE + 1: [governed.vote_log(5, voter=OTHER)]}), redis, DUE) as w:
        ours, epoch = retrials(w), w.pipeline._epoch

        class Overtaken(ChainStore):
            """A store to which a block comes between."""

            async def remind(self, *given: Any, **more: Any) -> Any:
                await w.pipeline.forward(w.step(DUE + 1))
                return await super().remind(*given, **more)

        ours._lives._store = Overtaken(redis, 1, clock_ms=lambda: 0)
        assert await ours.tick(epoch) == 0
        assert tried(await card(w)).step == "queued"
        ours._lives._store = w.store
        assert await ours.tick(epoch) == 1
        assert tried(await card(w)).step == "again"


async def test_a_trial_stays_on_the_card_that_later_blocks_revise(redis: Redis) -> None:
    async with followed(a_node({DUE + 1: [governed.vote_log(5, voter=OTHER)]}), redis, DUE) as w:
        assert await retrials(w).tick(w.pipeline._epoch) == 1
        await w.pipeline.forward(w.step(DUE + 1))
        assert tried(await card(w)).step == "again"
        assert await retrials(w).tick(w.pipeline._epoch) == 0


async def test_a_node_that_cannot_simulate_is_said_once(redis: Redis) -> None:
    node = a_node(of=Node)
    async with followed(node, redis, DUE) as w:
        ours, epoch = retrials(w), w.pipeline._epoch
        assert await ours.tick(epoch) == 1
        asked = simulations(node)
        await w.pipeline.forward(w.step(DUE + 1))
        assert await ours.tick(epoch) == 0
        assert simulations(node) == asked
        text = plain(render([await card(w)], Lexicon(w.pipeline.settings)), now_s=0)
        assert "Not simulated again before execution: the node cannot" in text, text


async def test_a_node_that_refuses_is_asked_again_later_and_believed_once_it_can_run(redis: Redis) -> None:
    node = a_node()
    async with followed(node, redis, DUE) as w:
        ours, epoch = retrials(w), w.pipeline._epoch
        node.lie = lambda method, _, result: Refusal(-32000, "busy") if method == "eth_simulateV1" else result
        assert await ours.tick(epoch) == 0
        node.lie = lambda _method, _params, result: result
        await w.pipeline.forward(w.step(DUE + 1))
        assert await ours.tick(epoch) == 0  # it is left alone for a while
        w.clock.now += 700
        assert await ours.tick(epoch) == 1
        assert tried(await card(w)).block == DUE + 1


async def test_one_that_takes_too_long_is_left_alone_for_a_while_so_that_others_get_their_turn(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with followed(a_node(), redis, DUE) as w:
        ours, epoch = retrials(w), w.pipeline._epoch
        with monkeypatch.context() as hurried, capture_logs() as logs:
            hurried.setattr(vantage, "PATIENCE_S", 0)
            assert await ours.tick(epoch) == 0
        assert [entry["event"] for entry in logs] == ["retrials_wait"]
        assert await ours.tick(epoch) == 0
        w.clock.now += 700
        assert await ours.tick(epoch) == 1


async def test_one_that_could_have_run_for_a_day_is_left_alone(redis: Redis) -> None:
    for late_s, many in ((86_400, 1), (86_401, 0)):
        await redis.flushall()
        node = a_node()
        node.mine(time_s=ETA_S + late_s)
        async with followed(node, redis, node.head) as w:
            assert await retrials(w).tick(w.pipeline._epoch) == many
