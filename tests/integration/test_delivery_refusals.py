"""A Discord that says no for good: a channel shut, a token refused, a card deleted, refused or not to be drawn."""

import asyncio
import time
from typing import Any

from bot.deliver.port import INVALID_BODY, MISSING_PERMISSIONS
from bot.deliver.record import PostKey
from bot.subscription import Subscription
from config.errors import SettingsError
from tests.delivery_world import CHANNEL, START_MS, World, draw, said, state
from watchers.errors import NotDelivered, Undeliverable


async def set_aside(world: World) -> dict[str, str]:
    """Give why each post was set aside."""
    kept: Any = await world.redis.hgetall("{d:0}:aside")
    return {post.decode(): why.decode() for post, why in kept.items()}


async def test_a_lost_permission_shuts_the_channel_and_tells_its_owner_once(world: World) -> None:
    wish = Subscription(id="s1", guild_id=1, channel_id=CHANNEL)
    await world.subscriptions.add(wish, by=1, now_ms=START_MS)
    world.discord.refused[CHANNEL] = Undeliverable("I may not write", MISSING_PERMISSIONS)
    await world.route(state(1), CHANNEL, 6)
    async with world.sending():
        await world.settled()
        await world.until(lambda: world.owner.heard)
        await world.deliveries.update(state(1, rev=2))
        await world.settled()
        await asyncio.sleep(0.05)
        assert world.owner.heard == [(1, CHANNEL, "I may not write")]
        assert world.discord.told(6) == [said(1, rev=2)]
        assert sum(c == CHANNEL for _, c, _ in world.discord.requests) == 1
        assert [s.paused for s in await world.subscriptions.of_guild(1)] == ["I may not write"]

        del world.discord.refused[CHANNEL]
        assert await world.subscriptions.resume(CHANNEL, by=1, now_ms=world.clock()) == (True, 1)
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2)]
    assert [s.paused for s in await world.subscriptions.of_guild(1)] == [""]


async def test_an_owner_who_cannot_be_told_now_is_told_later(world: World) -> None:
    world.discord.refused[CHANNEL] = Undeliverable("the channel is gone", 10003)
    world.owner.deaf = NotDelivered("HTTP 503")
    await world.route(state(1))
    async with world.sending():
        await world.settled()
        await asyncio.sleep(0.03)
        world.owner.deaf = None
        world.clock.ms += 20_000
        await world.until(lambda: world.owner.heard)
    assert await world.subscriptions.untold() == []


async def test_a_refused_token_stops_all_sending_and_loses_nothing(world: World) -> None:
    world.discord.faults = [SettingsError("environment", "DISCORD_TOKEN", "refused", "copy it anew")]
    await world.route(state(1), 5, 6)
    async with world.sending() as sender:
        await world.until(lambda: sender.halted)
        await asyncio.sleep(0.03)
    assert len(world.discord.requests) <= 2
    assert "DISCORD_TOKEN" in world.operator.heard[0]
    async with world.sending():
        await world.settled()
    assert world.discord.told(5) == world.discord.told(6) == [said(1)]


async def test_a_deleted_card_is_not_posted_again(world: World) -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
        world.discord.deleted.add(world.discord.channels[CHANNEL][0].id)
        await world.deliveries.update(state(1, rev=2))
        await world.settled()
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == []
    assert [what for what, _, _ in world.discord.requests] == ["post", "edit"]


async def test_a_vote_that_joins_a_deleted_card_gets_a_message_of_its_own(world: World) -> None:
    async with world.sending():
        await world.route(state(1), interval_ms=30_000)
        await world.settled()
        world.discord.deleted.add(world.discord.channels[CHANNEL][0].id)
        assert await world.route(state(2), interval_ms=30_000) == ["joined"]
        await world.settled()
        await world.deliveries.update(state(2, rev=2))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(2, rev=2)]


async def test_a_card_that_discord_will_not_have_is_set_aside_and_the_operator_told(world: World) -> None:
    world.discord.faults = [Undeliverable("HTTP 400: Invalid Form Body", INVALID_BODY)]
    await world.route(state(1))
    await world.route(state(2))
    async with world.sending():
        await world.settled()
        await world.until(lambda: world.operator.heard)
        assert world.discord.told(CHANNEL) == [said(2)]
        ((post, why),) = (await set_aside(world)).items()
        assert post == f"{CHANNEL}:{state(1).alert.id}"
        assert "Invalid Form Body" in why


async def test_what_was_set_aside_counts_once_and_until_it_is_delivered_after_all(world: World) -> None:
    world.discord.faults = [Undeliverable("HTTP 400: Invalid Form Body", INVALID_BODY)] * 2
    await world.route(state(1))
    async with world.sending():
        for rev in (1, 2):
            await world.deliveries.update(state(1, rev=rev))
            await world.settled()
            assert (await world.deliveries.outbox()).dead == 1
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]
    assert (await world.deliveries.outbox()).dead == 0


async def test_what_was_set_aside_is_forgotten_in_the_end(world: World) -> None:
    await world.deliveries.bury(PostKey(CHANNEL, "a"), (), "refused", holder="one")
    await world.deliveries.bury_alert("b", "a defect")
    now_ms = time.time_ns() // 1_000_000
    assert await world.deliveries.prune(now_ms - 60_000) == 0
    assert list(await set_aside(world)) == [f"{CHANNEL}:a", "alert:b"]
    assert await world.deliveries.prune(now_ms + 60_000) == 2
    assert (await world.deliveries.outbox()).dead == 0


async def test_a_card_that_cannot_be_drawn_is_set_aside_and_stops_nobody(world: World) -> None:
    def render(states: Any, *, ping_role: int | None) -> Any:
        if states[0].alert.id == state(1).alert.id:
            raise KeyError("a defect of ours")
        return draw(states, ping_role=ping_role)

    await world.route(state(1), 5)
    await world.route(state(2), 6)
    async with world.sending(world.sender(render=render)) as sender:
        await world.settled()
        await world.until(lambda: world.operator.heard)
    assert world.discord.told(6) == [said(2)]
    assert sender.tally["defect"] == 8
    assert list(await set_aside(world)) == [f"5:{state(1).alert.id}"]
