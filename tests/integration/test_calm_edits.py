"""A card that follows a tally is edited calmly: a minute apart while only votes come in, at once for a step."""

import asyncio
from typing import Any

import msgspec
from redis.asyncio import Redis

from bot.deliver.lane import Lane
from bot.deliver.record import Entry, PostKey
from bot.deliver.send import CALM_MS
from tests.delivery_world import CHANNEL, START_MS, World, alert
from watchers.alert import AlertState, Followed, ProposalFacts, StepTaken


def standing(rev: int, *steps: str, **changes: Any) -> AlertState:
    facts = ProposalFacts(
        dao="uniswap", governor="0x11", proposal_id=7, title="Fees", change="created", proposer="", tally=None,
        token_symbol="UNI", token_decimals=18, ends_at_s=None, ends_at_clock=None, actions=0,
        followed=Followed(tuple(StepTaken(step, "0xaa", 1) for step in ("created", *steps)), **changes),
    )  # fmt: skip
    return AlertState(alert=msgspec.structs.replace(alert(), kind="proposal", facts=facts), rev=rev)


async def test_votes_of_a_minute_are_one_edit_that_shows_the_last(redis: Redis) -> None:
    world, told = World(redis), asyncio.Event()

    async def sleep(seconds: float) -> None:
        await told.wait()  # the minute does not pass before the last vote is there
        await world.clock.sleep(seconds)

    await world.route(standing(1))
    async with world.sending(world.sender(sleep=sleep)):
        await world.settled()
        for rev in (2, 3, 4):
            await world.deliveries.update(standing(rev))
        told.set()
        await world.settled()
    (message,) = world.discord.channels[CHANNEL]
    (first, second) = [at_ms for _, _, at_ms in world.discord.requests]
    assert message.edits == 1
    assert "rev 4" in message.card.facts[0]
    assert second - first >= CALM_MS


async def test_the_store_says_which_change_may_wait_and_a_step_may_not(redis: Redis) -> None:
    world = World(redis)
    await world.deliveries.open()
    await world.route(standing(1))
    for told in (standing(2), standing(3, "queued"), standing(4, "queued"), standing(5, "queued", ended=True)):
        await world.deliveries.update(told)
    entries = await world.deliveries.read("one", count=10, block_ms=1)
    assert [(one.fresh, one.calm) for one in entries] == [
        (True, False), (False, True), (False, False), (False, True), (False, False),
    ]  # fmt: skip


def test_a_step_does_not_wait_for_the_votes_before_it() -> None:
    post = PostKey(CHANNEL, "ab")
    lane = Lane(shown={post: START_MS}, calm_ms=CALM_MS)
    lane.add(Entry("1", post, fresh=False, calm=True))
    assert lane.wait_ms(START_MS + 1_000) == CALM_MS - 1_000
    assert lane.take(START_MS + 1_000) is None
    lane.add(Entry("2", post, fresh=False, calm=False))
    assert lane.wait_ms(START_MS + 1_000) == 0
    job = lane.take(START_MS + 1_000)
    assert job is not None
    assert job.entries == ["1", "2"]
