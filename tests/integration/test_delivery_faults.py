"""A Discord that fails for now: tried again, looked for, neither lost nor repeated."""

import asyncio
from typing import Any

import pytest

from bot.deliver.port import Throttled
from tests.delivery_world import CHANNEL, START_MS, FakeDiscord, World, said, state
from watchers.errors import NotDelivered

FAULTS: dict[str, list[Any]] = {
    "refused with 503": [NotDelivered("HTTP 503")] * 3,
    "reset before": [NotDelivered("ClientOSError")],
    "answer lost after": [("lost", NotDelivered("ServerDisconnectedError"))] * 2,
    "429 for all": [Throttled("wait", 7.0)],
    "429 without a time": [Throttled("wait")],
    "all in turn": [Throttled("w", 2.0), ("lost", NotDelivered("reset")), NotDelivered("502"), NotDelivered("503")],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_neither_loses_nor_repeats_a_message(world: World, faults: list[Any]) -> None:
    world.discord.faults = list(faults)
    await world.route(state(1))
    await world.route(state(2))
    async with world.sending():
        await world.settled()
        await world.deliveries.update(state(1, rev=2))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2), said(2)]


async def test_an_unanswered_request_is_given_up_and_tried_again_with_its_nonce(world: World) -> None:
    class Mute(FakeDiscord):
        hung = 0

        async def post(self, channel_id: int, card: Any, nonce: str) -> int:
            message = await super().post(channel_id, card, nonce)
            if not self.hung:
                self.hung += 1
                await asyncio.Event().wait()
            return message

    world.discord = Mute(world.clock)
    await world.route(state(1))
    async with world.sending(world.sender(try_s=0.05)):
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert len(world.discord.requests) == 2


async def test_a_raised_429_stops_every_channel_for_its_time(world: World) -> None:
    world.discord.faults = [Throttled("wait", 20.0)]
    await world.route(state(1), 5)
    async with world.sending() as sender:
        await world.until(lambda: sender.tally["refused"])
        await world.route(state(1), 6, 7)
        await world.settled()
    (_, _, first), *rest = world.discord.requests
    assert sender._cap._shut_until_ms >= first + 20_000
    assert min(at for _, _, at in rest) >= first + 20_000
    assert sorted(world.discord.channels) == [5, 6, 7]


async def test_an_outage_longer_than_the_nonce_is_remembered_still_makes_one_message(world: World) -> None:
    world.discord.nonce_ms = 1000
    world.discord.faults = [("lost", NotDelivered("reset")), *[NotDelivered("HTTP 503")] * 12]
    await world.route(state(1))
    async with world.sending() as sender:
        await world.settled()
    assert world.clock.ms - START_MS > 60_000
    assert world.discord.told(CHANNEL) == [said(1)]
    assert sender.tally["adopted"] == 1


async def test_what_was_not_found_after_an_outage_is_posted(world: World) -> None:
    world.discord.nonce_ms = 1000
    world.discord.faults = [NotDelivered("HTTP 503")] * 12
    await world.route(state(1))
    async with world.sending() as sender:
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert (sender.tally["adopted"], "recent" in {what for what, _, _ in world.discord.requests}) == (0, True)


async def test_a_retraction_of_a_try_of_unknown_outcome_corrects_what_is_there(world: World) -> None:
    world.discord.faults = [("lost", NotDelivered("reset"))]
    await world.route(state(1))
    async with world.sending():
        await world.until(lambda: world.discord.requests)
        await world.deliveries.update(state(1, rev=2, live=False))
        await world.settled()
    assert world.discord.told(CHANNEL) == [(said(1, rev=2)[0] + " gone",)]


async def test_a_retraction_of_a_try_that_never_arrived_says_nothing(world: World) -> None:
    world.discord.refused[CHANNEL] = NotDelivered("HTTP 503")
    await world.route(state(1))
    async with world.sending():
        await world.until(lambda: world.discord.requests)
        await world.deliveries.update(state(1, rev=2, live=False))
        await world.until(lambda: "recent" in {what for what, _, _ in world.discord.requests})
        del world.discord.refused[CHANNEL]
        await world.settled()
    assert world.discord.told(CHANNEL) == []


async def test_an_hour_of_refusals_does_not_count_towards_the_dead(world: World) -> None:
    world.discord.faults = [NotDelivered("HTTP 503")] * 40
    await world.route(state(1))
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert (await world.deliveries.outbox()).dead == 0


async def test_one_channel_that_fails_does_not_hold_up_another(world: World) -> None:
    world.discord.refused[5] = NotDelivered("HTTP 503")
    await world.route(state(1), 5, 6)
    async with world.sending():
        await world.until(lambda: world.discord.told(6))
        assert world.discord.told(5) == []
        del world.discord.refused[5]
        await world.settled()
    assert world.discord.told(5) == [said(1)]


async def test_a_channel_that_must_wait_lets_the_others_speak_without_a_wait(world: World) -> None:
    async def for_ever(_: float) -> None:
        await asyncio.Event().wait()

    world.discord.refused[5] = NotDelivered("HTTP 503")
    await world.route(state(1), 5)
    async with world.sending(world.sender(sleep=for_ever)) as sender:
        await world.until(lambda: sender.tally["refused"])
        await world.route(state(2), 6)
        await world.until(lambda: world.discord.told(6))
    assert world.discord.told(6) == [said(2)]
    assert [channel for _, channel, _ in world.discord.requests] == [5, 6]
