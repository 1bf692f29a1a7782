"""What comes at the wrong moment: an edit while a message is tried, an opened channel while a post is put aside."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.deliver.doubt import DOUBT_MS
from bot.deliver.port import MISSING_PERMISSIONS
from bot.deliver.record import LEASE_MS, Deliveries, PostKey
from bot.operator import OperatorChannel
from bot.store import Mutes
from config.errors import SettingsError
from tests.delivery_world import CHANNEL, START_MS, FakeDiscord, World, said, state
from watchers.errors import NotDelivered


async def test_a_message_that_fails_while_its_alert_changes_keeps_its_place_in_the_channel(world: World) -> None:
    class FailsOnce(FakeDiscord):
        failed = False

        async def post(self, channel_id: int, card: Any, nonce: str) -> int:
            if not self.failed:
                self.failed = True
                await world.deliveries.update(state(1, rev=2))
                await world.until(lambda: sum(len(lane.entries) for lane in sender._lanes.values()) == 3)
                raise NotDelivered("HTTP 503")
            return await super().post(channel_id, card, nonce)

    world.discord = FailsOnce(world.clock)
    await world.route(state(1))
    await world.route(state(2))
    async with world.sending() as sender:
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2), said(2)]


async def test_a_channel_that_is_opened_just_before_a_post_is_put_aside_gets_the_post(world: World) -> None:
    await world.deliveries.open()
    await world.route(state(1))
    (entry,) = await world.deliveries.read("one", count=10, block_ms=1)
    await world.subscriptions.pause(CHANNEL, f"code {MISSING_PERMISSIONS}", now_ms=world.clock())
    await world.subscriptions.resume(CHANNEL, by=1, now_ms=world.clock())
    await world.deliveries.hold(entry.post, [entry.id], holder="one", now_ms=world.clock())
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]


async def test_an_owner_who_cannot_be_told_for_our_refused_token_is_told_later(world: World) -> None:
    await world.subscriptions.pause(CHANNEL, "no permission", now_ms=world.clock())
    world.owner.deaf = SettingsError("environment", "DISCORD_TOKEN", "Discord refuses it", "copy it anew")
    async with world.sending() as sender:
        await world.until(lambda: sender._telling is not None and sender._telling.done())
        assert sender._telling is not None
        assert sender._telling.exception() is None
    assert [shut.channel_id for shut in await world.subscriptions.untold()] == [CHANNEL]


async def test_what_was_read_in_doubt_is_forgotten_when_the_doubt_ends(world: World) -> None:
    await world.redis.set("{d:0}:engine", "another run")
    await world.route(state(1))
    async with world.sending() as sender:
        await world.settled()
        doubt = sender._courier._doubt
        assert doubt._scans != {}
        world.clock.ms += DOUBT_MS
        await world.until(lambda: doubt._scans == {} and not doubt._checked)


async def test_two_notices_in_the_same_words_are_two_messages(world: World) -> None:
    operator = OperatorChannel(world.discord, CHANNEL)
    await operator.notice("A card was set aside.")
    await operator.notice("A card was set aside.")
    assert len(world.discord.told(CHANNEL)) == 2


async def test_what_needs_no_request_takes_nobodys_turn(world: World) -> None:
    for number in range(1, 11):
        await world.route(state(number), number)
        await world.deliveries.update(state(number, rev=2, live=False))
    await world.route(state(20))
    async with world.sending(world.sender(per_s=2)) as sender:
        await world.settled()
    assert (sender.tally["settled"], sender.tally["posted"]) == (10, 1)
    assert world.clock.ms < START_MS + 4000  # ten turns would take five seconds; idle rounds of the clock count, too


async def test_a_late_word_on_an_older_revision_takes_nothing_back(world: World) -> None:
    await world.deliveries.open()
    await world.route(state(1))
    (entry,) = await world.deliveries.read("one", count=10, block_ms=1)
    await world.deliveries.done(entry.post, [entry.id], holder="one", message_id=7, shown=1)
    await world.deliveries.done(entry.post, [], holder="one", message_id=7, shown=0)
    step = await world.deliveries.begin(entry.post, [], holder="one", now_ms=START_MS, safe_ms=60_000, doubt=False)
    assert (step.do, step.why) == ("settled", "shown")


LATE_WORDS: dict[str, Callable[[Deliveries, PostKey], Awaitable[Any]]] = {
    "done": lambda deliveries, post: deliveries.done(post, (), holder="one", message_id=7, shown=1),
    "hold": lambda deliveries, post: deliveries.hold(post, (), holder="one", now_ms=START_MS),
    "bury": lambda deliveries, post: deliveries.bury(post, (), "refused", holder="one"),
    "gone": lambda deliveries, post: deliveries.gone(post, (), holder="one", shown=0),
}


@pytest.mark.parametrize("word", LATE_WORDS.values(), ids=LATE_WORDS.keys())
async def test_a_process_that_stood_still_for_longer_than_its_turn_ends_nobody_elses(
    world: World, word: Callable[[Deliveries, PostKey], Awaitable[Any]]
) -> None:
    await world.route(state(1))
    await world.route(state(2))
    first, second = (PostKey(CHANNEL, state(n).alert.id) for n in (1, 2))

    async def begin(holder: str, post: PostKey, after_ms: int) -> str:
        now_ms = START_MS + after_ms
        step = await world.deliveries.begin(post, (), holder=holder, now_ms=now_ms, safe_ms=60_000, doubt=False)
        return step.do

    assert await begin("one", first, 0) == "post"
    assert await begin("two", second, LEASE_MS + 1) == "post"
    await word(world.deliveries, first)
    assert await begin("three", second, LEASE_MS + 2) == "busy"
    await world.deliveries.done(second, (), holder="two", message_id=8, shown=1)
    assert await begin("three", second, LEASE_MS + 3) == "settled"


async def test_a_deleted_message_whose_words_were_never_known_counts_as_told(world: World) -> None:
    await world.deliveries.open()
    await world.route(state(1))
    (entry,) = await world.deliveries.read("one", count=10, block_ms=1)
    await world.deliveries.done(entry.post, [], holder="one", message_id=7, shown=0)
    assert await world.deliveries.gone(entry.post, [entry.id], holder="one", shown=0) == 0
    assert (await world.deliveries.outbox()).waiting == 0


async def test_a_new_snooze_drops_those_that_are_over(world: World) -> None:
    mutes, now_ms = Mutes(world.redis), START_MS
    await mutes.snooze(CHANNEL, "over", now_ms + 1000, guild_id=1, by=7, now_ms=now_ms)
    await mutes.snooze(CHANNEL, "new", now_ms + 9000, guild_id=1, by=7, now_ms=now_ms + 1000)
    assert await world.redis.hkeys(f"{{d:0}}:mutes:{CHANNEL}") == [b"new"]
