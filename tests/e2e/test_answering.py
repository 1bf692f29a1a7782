"""Answers that come late, not at all, or as an error: what the asker sees of it."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import bot.reply
from bot.cards.layout import view
from bot.port import DISCORD_EPOCH_MS, DiscordPort
from tests.asking import World, lines, slow, told, unreachable
from watchers.errors import StoreError
from watchers.history import History

pytestmark = pytest.mark.asyncio(loop_scope="module")

VOTE_TX = "0xb5c8b0faee31966d5d8b40493474382bb1721210e88fe754ecfec21d00617a82"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with told() as made:
        yield made


async def test_an_answer_that_takes_more_than_two_seconds_is_deferred(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch, bot.reply.PATIENCE_S + 0.1)
    reply = await world.ask("batch", {"hash": VOTE_TX})
    assert reply.kind == 5
    assert not reply.ephemeral
    assert lines(reply)[0] == "🟢 The transaction succeeded"
    assert reply.settled_ms > 1000 * bot.reply.PATIENCE_S > reply.elapsed_ms - 500


async def test_an_answer_to_a_command_is_no_message_of_ours_when_posts_are_looked_for(world: World) -> None:
    connection, where = world.app.connection, world.discord.channel("alerts").id
    assert connection is not None
    port = DiscordPort(connection, view)
    before = await port.recent(where, 0, 100)
    reply = await world.ask("votes", {"limit": 1})
    assert reply.message is not None
    assert int(world.discord.messages("alerts")[-1]["id"]) == int(reply.message["id"]), "it is in the channel"
    assert await port.recent(where, 0, 100) == before != []
    asked_ms = (int(reply.message["id"]) >> 22) + DISCORD_EPOCH_MS
    assert await port.recent(where, asked_ms - 1000, 100) == []


async def test_a_deferred_answer_that_fails_leaves_nothing_in_the_channel_but_a_private_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.reply, "PATIENCE_S", 0.02)
    slow(monkeypatch, 0.1)
    before = len(world.discord.messages("alerts"))
    reply = await world.ask("batch", {"hash": "0x" + "12" * 32})
    await world.discord.wait_for(lambda: world.discord.refresh(reply).followups)
    assert (reply.kind, reply.message) == (5, None)
    assert reply.text == "No transaction or operation with that hash was found on Sandbox."
    assert len(world.discord.messages("alerts")) == before
    assert len(world.discord.messages("alerts", seen_by="member")) > before


async def test_an_answer_that_never_comes_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.reply, "PATIENCE_S", 0.02)
    monkeypatch.setattr(bot.reply, "LONGEST_S", 0.1)
    slow(monkeypatch, 60)
    reply = await world.ask("batch", {"hash": VOTE_TX})
    await world.discord.wait_for(lambda: world.discord.refresh(reply).followups)
    assert reply.text == "That took too long and was given up. Try a narrower question."


async def test_trouble_with_the_store_is_said_with_a_number_and_without_its_inside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise StoreError("read history: redis://user:secret@host refused")

    monkeypatch.setattr(History, "_find", broken)
    reply = await world.ask("votes")
    assert reply.ephemeral
    assert re.fullmatch(
        r"That cannot be answered right now; it is being looked after\. Try again in a minute\. \([0-9a-f]{8}\)",
        reply.text,
    )
    assert await world.choices("proposal", "proposal", "", {"dao": "rostra"}) == []


async def test_what_nobody_foresaw_is_said_with_the_number_that_the_log_has(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(History, "_find", broken)
    reply = await world.ask("votes")
    told_ = re.fullmatch(
        r"Something went wrong on our side and was written down as ([0-9a-f]{8})\. Try again, or tell the operator\.",
        reply.text,
    )
    assert told_
    assert told_[1] in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_hash_that_no_chain_can_be_asked_for_says_that_no_node_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(monkeypatch)
    reply = await world.ask("batch", {"hash": VOTE_TX})
    assert reply.ephemeral
    assert reply.text.startswith("No node of the chain answers now. `/status` says which")
    assert "127.0.0.1" not in reply.text
