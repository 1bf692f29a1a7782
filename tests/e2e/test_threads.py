"""A proposal's thread, from the chain through the real client into Discord: started, filled, archived, deleted."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import running
from bot.demo import settings_for, settled
from bot.parts import Options
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from sandbox.discord.state import ANNOUNCEMENT, Channel
from tests.asking import OPENAPI, World, lines


@asynccontextmanager
async def listening(folder: Path, *, kind: int = 0) -> AsyncIterator[World]:
    """Give the bot at the story's beginning, with a channel that asks for threads."""
    async with Discord.start(openapi=OPENAPI) as discord, Chain.start(block_time_s=None) as chain:
        discord.limits.enabled = False
        discord.channel("governance").kind = kind
        options = Options(api_base=discord.api_base, gateway=discord.gateway_url, feed_sleep=hurry, calm_ms=0)
        async with running(settings_for(chain, discord, folder), options) as app:
            await discord.wait_for(lambda: discord.backend.world.commands[None])
            await discord.wait_ready()
            yield World(app, chain, discord)


async def hurry(seconds: float) -> None:
    """Wait for the next block, but not by the clock of the story."""
    await asyncio.sleep(min(seconds, 0.005))


async def until(world: World, step: int) -> None:
    """Let the story go on to a step, each one delivered before the next."""
    while True:
        await settled(world.app, world.chain)
        if world.chain.step >= step:
            return
        world.chain.advance()


async def subscribe(world: World, channel: str = "governance", **options: Any) -> str:
    given = {"channel": str(world.discord.channel(channel).id), "kind": "proposal", "threads": True} | options
    return (await world.ask("alerts add", given, who="admin")).text


def threads(world: World) -> list[Channel]:
    return [place for place in world.discord.guild.channels.values() if place.is_thread]


@pytest.mark.parametrize(("kind", "made"), [(0, 11), (ANNOUNCEMENT, 10)], ids=["text", "announcement"])
async def test_the_card_stays_in_the_channel_and_what_comes_of_it_is_in_its_thread(
    tmp_path: Path, kind: int, made: int
) -> None:
    async with listening(tmp_path, kind=kind) as world:
        assert "each proposal in a thread of its own" in await subscribe(world)
        await subscribe(world, kind="vote", threads=False)
        await until(world, 10)
        (card,) = world.discord.messages("governance")
        (thread,) = threads(world)
        assert (thread.id, thread.kind, thread.parent_id) == (int(card["id"]), made, int(card["channel_id"]))
        assert thread.name.startswith("Rostra DAO: ")
        assert card["thread"]["id"] == card["id"]
        inside = world.discord.texts(thread.id)
        assert len(inside) > 1
        assert all("ROSTRA" in text for text in inside)
        (asked,) = [r for r in world.discord.recorded if r.path.endswith("/threads")]
        assert asked.body["name"] == thread.name
        assert world.discord.violations() == []
        assert world.discord.unknown_routes() == []


async def test_a_quiet_thread_is_opened_by_the_next_card_and_by_an_edit(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        await subscribe(world)
        await subscribe(world, kind="vote", threads=False)
        await until(world, 4)
        (thread,) = threads(world)
        await world.discord.archive(thread.id)
        before = len(world.discord.texts(thread.id))
        await until(world, 10)
        assert not thread.archived
        assert len(world.discord.texts(thread.id)) > before
        assert world.discord.violations() == []


async def test_a_deleted_thread_leaves_the_channel_which_says_so_once(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        await subscribe(world)
        await subscribe(world, kind="vote", threads=False)
        await until(world, 4)
        (thread,) = threads(world)
        await world.discord.delete_channel(thread.id)
        await until(world, 10)
        assert threads(world) == []
        said = world.discord.texts("governance")
        assert len(said) > 1
        assert sum("The proposal's thread was deleted" in text for text in said) == 1
        assert [s.paused for s in await world.app.subscriptions.of_guild(world.discord.guild.id)] == ["", ""]


async def test_snoozing_in_a_thread_hushes_the_channel_that_it_belongs_to(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        await subscribe(world)
        await subscribe(world, kind="vote", threads=False)
        await until(world, 4)
        (thread,) = threads(world)
        told = world.discord.messages(thread.id)[-1]
        (key,) = re.findall(r'"custom_id": "(snooze:[^"]*)"', json.dumps(told))
        here = (await world.ask("help", who="member", where=thread.id)).text
        assert "each proposal in a thread of its own" in here
        offer = await world.discord.press(int(told["id"]), key, "admin")
        assert offer.message is not None
        done = await world.discord.press(int(offer.message["id"]), f"{key}:1", "admin")
        assert lines(done)[0] == "🟢 Snoozed for 1 h"
        before = len(world.discord.texts(thread.id))
        await until(world, 8)
        assert len(world.discord.texts(thread.id)) == before


async def test_what_threads_need_is_named_and_where_none_can_be_is_refused(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        channel = world.discord.channel("governance")
        await world.discord.deny(channel, "create_public_threads", "send_messages_in_threads")
        assert "Give me there: Create Public Threads, Send Messages in Threads." in await subscribe(world)
        assert "Subscribed" in await subscribe(world, threads=False)
        (one,) = await world.app.subscriptions.of_guild(world.discord.guild.id)
        edit = {"code": one.id, "threads": True}
        assert "Create Public Threads" in (await world.ask("alerts edit", edit, who="admin")).text
        await world.discord.allow(channel, "create_public_threads", "send_messages_in_threads")
        assert "each proposal in a thread" in (await world.ask("alerts edit", edit, who="admin")).text
        assert "each proposal in a thread" in (await world.ask("alerts list", who="admin")).text
        await world.discord.deny(channel, "create_public_threads")
        here = {"channel": str(channel.id)}
        assert "Create Public Threads" in (await world.ask("alerts test", here, who="admin")).text
        assert (await subscribe(world, channel="alerts", kind="vote")).startswith("Only a proposal starts a thread")


async def test_a_thread_cannot_hold_threads(tmp_path: Path) -> None:
    async with listening(tmp_path) as world:
        await subscribe(world)
        await until(world, 4)
        (thread,) = threads(world)
        given = {"channel": str(thread.id), "threads": True}
        assert (await world.ask("alerts add", given, who="admin")).text == (
            "A thread cannot hold threads of its own. Name its channel, or leave `threads` out."
        )
        assert "Subscribed" in (await world.ask("alerts add", given | {"threads": False}, who="admin")).text
