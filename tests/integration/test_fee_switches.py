"""Trap 13: `UniswapV2Factory.setFeeTo` emits no event, so the factory is asked, seldom and beside other questions."""

from typing import Any

import pytest
from redis.asyncio import Redis

from config.settings import ActWatch, Label, Settings
from tests import governed
from tests.governed import OTHER, TOKEN, WHALE, W, World
from tests.integration.test_acts_line import VESTING, release
from tests.node import Clock, Node, Refusal
from watchers.abi import selector
from watchers.alert import ActFacts, Alert
from watchers.chain.steps import Rewind
from watchers.governance.events import Act
from watchers.switches import EVERY_S

FACTORY, NOBODY = "0x" + "fa" * 20, "0x" + "00" * 20
INSIDERS = ActWatch(kind="act", name="insiders")
KEY = FACTORY + "0x017e7e58"


@pytest.fixture(autouse=True)
def labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Label the factory in every world of this file."""
    made = governed.settings_of

    def settings_of(*given: Any, **dao: Any) -> Settings:
        label = Label(address=FACTORY, name="V2 factory", kind="protocol", owner="Demo", source="a file", fee_to=True)
        return made(*given, **dao).model_copy(update={"labels": (label,)})

    monkeypatch.setattr(governed, "settings_of", settings_of)


def a_node(fee_to: str = NOBODY) -> Node:
    node = Node(clock=Clock())
    node.states = {TOKEN + selector("totalSupply()"): f"0x{1_000_000 * W:064x}"}
    throw(node, fee_to)
    return node


def throw(node: Node, fee_to: str) -> None:
    node.states[KEY] = "0x" + fee_to[2:].zfill(64)


async def block(at: World, *, candidate: bool = True, after_s: float = 0) -> list[Alert]:
    """Follow one more block, mined so long after the last; a candidate is a release of a size nobody watches."""
    at.clock.now += after_s
    at.node.mine([release(1)] if candidate else [])
    return await at.pipeline.forward(at.step(at.node.head))


def world(node: Node, redis: Redis) -> Any:
    return governed.world(node, redis, INSIDERS, treasury=VESTING)


def test_the_selector_is_the_references() -> None:
    assert selector("feeTo()") == "0x017e7e58"


async def test_trap_13_a_fee_switch_that_says_nothing_is_told_within_the_hour(redis: Redis) -> None:
    async with world(a_node(), redis) as at:
        assert await block(at) == []
        throw(at.node, WHALE)
        assert await block(at, after_s=EVERY_S - 1) == []
        (alert,) = await block(at, after_s=1)
        assert isinstance(alert.facts, ActFacts)
        assert (alert.facts.act, alert.facts.contract, alert.dao) == ("fee_switch", FACTORY, "demo")
        assert (alert.facts.before, alert.facts.after, alert.severity, alert.tx) == (NOBODY, WHALE, "notable", "")
        assert await block(at, after_s=EVERY_S) == []


async def test_it_costs_no_request_of_its_own_while_blocks_have_questions(redis: Redis) -> None:
    async with world(a_node(), redis) as at:
        for _ in range(5):
            before = at.pipeline.counters.facts_requests
            await block(at, after_s=EVERY_S)
            assert at.pipeline.counters.facts_requests == before + 1


async def test_quiet_blocks_cost_a_request_once_in_two_hours_and_no_more(redis: Redis) -> None:
    async with world(a_node(), redis) as at:
        for _ in range(4 * 60):  # four hours of a block a minute
            await block(at, candidate=False, after_s=60)
        assert at.pipeline.counters.facts_requests == 2


async def test_what_was_last_answered_outlives_a_restart_and_a_switch_thrown_meanwhile_is_told(redis: Redis) -> None:
    node = a_node(OTHER)
    async with world(node, redis) as at:
        await block(at)
    throw(node, WHALE)
    async with world(node, redis) as at:
        (alert,) = await block(at)
        assert isinstance(alert.facts, ActFacts)
        assert (alert.facts.before, alert.facts.after) == (OTHER, WHALE)


async def test_a_reorg_takes_the_answer_back_and_it_is_told_again_with_the_block_that_holds(redis: Redis) -> None:
    async with world(a_node(), redis) as at:
        await block(at)
        throw(at.node, WHALE)
        (gone,) = await block(at, after_s=EVERY_S)
        assert at.pipeline.cursor is not None
        await at.pipeline.take(Rewind(at.pipeline.cursor))
        at.node.reorg(1, [[release(2)]])
        at.clock.now += EVERY_S
        (again,) = await at.pipeline.forward(at.step(at.node.head))
        assert (again.facts, again.id) == (gone.facts, gone.id)


async def test_an_answer_that_is_none_or_no_address_changes_nothing(redis: Redis) -> None:
    async with world(a_node(OTHER), redis) as at:
        await block(at)
        for nonsense in ("0x", "0x" + "ff" * 32, Refusal(-32000, "no")):
            at.node.states[KEY] = nonsense
            assert await block(at, after_s=EVERY_S) == []
        throw(at.node, OTHER)
        assert await block(at, after_s=EVERY_S) == []
        kept = [one.event for one in await at.history.acts(contract=FACTORY)]
        assert [(e.before, e.after, e.is_news) for e in kept if isinstance(e, Act)] == [(OTHER, OTHER, False)]


async def test_the_record_is_renewed_before_it_would_be_forgotten(redis: Redis) -> None:
    async with world(a_node(OTHER), redis) as at:
        await block(at)
        at.node.mine([release(1)], time_s=int(at.node.blocks[-1].header["timestamp"], 16) + 46 * 86_400)
        at.clock.now += EVERY_S
        assert await at.pipeline.forward(at.step(at.node.head)) == []
        assert len(await at.history.acts(contract=FACTORY)) == 2


async def test_without_a_watch_for_fee_switches_nobody_is_asked(redis: Redis) -> None:
    watch = ActWatch(kind="act", name="insiders", acts=("release",))
    async with governed.world(a_node(), redis, watch, treasury=VESTING) as at:
        await block(at, after_s=9 * EVERY_S)
        assert await at.history.acts(contract=FACTORY) == []
