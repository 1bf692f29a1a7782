"""What a channel is shown of what was routed: one message a post, edited in place, on a real engine."""

import asyncio
import time
from typing import Any

from bot.deliver.courier import nonce_of
from bot.deliver.record import PostKey
from tests.delivery_world import CHANNEL, World, said, state
from watchers.errors import NotDelivered


async def test_an_alert_is_posted_once_and_the_outbox_is_empty(world: World) -> None:
    assert await world.route(state(1), ping=9) == ["new"]
    async with world.sending() as sender:
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    assert world.discord.channels[CHANNEL][0].card.ping_role == 9
    assert await world.deliveries.message(CHANNEL, state(1).alert.id) == world.discord.channels[CHANNEL][0].id
    assert sender.tally["posted"] == 1


async def test_routing_again_changes_nothing(world: World) -> None:
    await world.route(state(1))
    assert await world.route(state(1)) == ["seen"]
    async with world.sending():
        await world.settled()
        assert await world.route(state(1)) == ["seen"]
    assert [what for what, _, _ in world.discord.requests] == ["post"]


async def test_an_older_revision_never_replaces_a_newer_one(world: World) -> None:
    await world.route(state(1, rev=3))
    assert await world.route(state(1, rev=2)) == ["seen"]
    assert (await world.deliveries.update(state(1, rev=2))).posts == 0
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]


async def test_a_new_revision_edits_the_message_in_place(world: World) -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
        assert await world.deliveries.update(state(1, rev=2, final=True)) == (True, 1)
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=2)]
    assert [what for what, _, _ in world.discord.requests] == ["post", "edit"]


async def test_a_reorg_edits_the_posted_card(world: World) -> None:
    async with world.sending():
        await world.route(state(1))
        await world.settled()
        await world.deliveries.update(state(1, rev=2, live=False))
        await world.settled()
        assert world.discord.told(CHANNEL) == [(said(1, rev=2)[0] + " gone",)]
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]


async def test_what_was_taken_back_before_it_was_tried_is_not_posted_until_it_comes_back(world: World) -> None:
    await world.route(state(1))
    await world.deliveries.update(state(1, rev=2, live=False))
    async with world.sending():
        await world.settled()
        assert world.discord.requests == []
        await world.deliveries.update(state(1, rev=3))
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, rev=3)]


async def test_votes_on_a_subject_within_the_interval_share_a_message(world: World) -> None:
    async with world.sending():
        assert await world.route(state(1), interval_ms=30_000) == ["new"]
        await world.settled()
        assert await world.route(state(2), interval_ms=30_000) == ["joined"]
        await world.settled()
        assert await world.route(state(40), interval_ms=30_000) == ["new"]
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1, 2), said(40)]


async def test_a_graver_vote_and_another_subject_get_messages_of_their_own(world: World) -> None:
    await world.route(state(1), interval_ms=30_000)
    assert await world.route(state(2, severity="critical"), interval_ms=30_000) == ["raised"]
    assert await world.route(state(3), interval_ms=30_000) == ["joined"]
    assert await world.route(state(4, subject="proposal:1:0x11:8"), interval_ms=30_000) == ["new"]
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1), said(2, 3), said(4)]


async def test_a_full_group_begins_another(world: World) -> None:
    outcomes = [(await world.route(state(n), interval_ms=30_000))[0] for n in range(1, 13)]
    assert outcomes == ["new", *["joined"] * 9, "full", "joined"]


async def test_the_sender_keeps_to_its_cap(world: World) -> None:
    await world.route(state(1), *range(1, 61))
    begun = time.monotonic()
    real: dict[str, Any] = {"clock_ms": lambda: time.time_ns() // 1_000_000, "sleep": asyncio.sleep, "per_s": 25}
    async with world.sending(world.sender(**real)):
        await world.settled()
    assert time.monotonic() - begun >= 2.0  # 25 at once, 25 after a second, 10 after another
    assert len(world.discord.requests) == 60


async def test_new_messages_go_before_edits_and_in_order(world: World) -> None:
    world.discord.refused[CHANNEL] = NotDelivered("HTTP 503")
    async with world.sending():
        for number in (1, 2, 3):
            await world.route(state(number))
        await world.until(lambda: world.discord.requests)
        del world.discord.refused[CHANNEL]
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1), said(2), said(3)]


def test_a_nonce_is_25_characters_and_names_channel_and_post() -> None:
    nonces = {nonce_of(PostKey(c, p)) for c in (1, 2) for p in ("a", "b")}
    assert len(nonces) == 4
    assert {len(nonce) for nonce in nonces} == {25}
