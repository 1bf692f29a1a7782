"""The buttons under a card: "Why?" tells its reasons, "Snooze" hushes one subject in one channel for a time."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import bot.speaking
from bot.app import running
from bot.demo import settings_for, settled
from bot.parts import Options, now_ms
from bot.store import new_id
from bot.subscription import Subscription
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from sandbox.discord.reply import Reply
from tests.asking import OPENAPI, World, lines, told
from watchers.errors import StoreError
from watchers.store import ChainStore

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR_MS = 3_600_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with told() as made:
        yield made


async def test_why_tells_a_vote_by_its_measures(world: World) -> None:
    state = await world.newest("vote")
    reply = await world.press(state, "why", who="member")
    assert reply.ephemeral
    said = lines(reply)
    assert said[0] == f"🔵 Why {state.alert.short_id}"
    assert "Rule large-votes · provisional outcome: failing → passing, asked for any change" in said
    assert "Weight 900k ROSTRA, 900000000000000000000000 units" in said
    at = said.index("Before for 414k, against 1.26M, abstain 0")
    assert said[at:] == [
        "Before for 414k, against 1.26M, abstain 0",
        "After for 1.31M, against 1.26M, abstain 0",
        "Quorum 400k, 1.31M toward it",
        "Without this vote the outcome would be another",
        "Had it gone the other way the outcome would be another",
        "Against the lead this voter's votes are 1666.7 % of it",
        "Against the quorum this voter's votes are 98.5 % of what is there above it: without them it is still reached",
        "Of delegated power 35.0 % of what is delegated now; no contract tells what was at the snapshot",
        "New power unknown: what was held the day before the snapshot could not be read",
        "Largest For votes 3 votes would pass it alone; without 1 vote it fails",
        (
            "Each decides alone 0x976ea74026e726554db657fa54763abd0c3a0aa9, "
            "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc, 0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
        ),
        "Owner Rostra, 35.0 % by 1 address",
        (
            "Votes cast by label investor 46.6 % by 1 voter; team 35.0 % by 1 voter; delegate 18.3 % by 3 voters; "
            "unknown 0.2 % by 1 voter"
        ),
        f"Transaction {state.alert.tx}",
        f"Block 60 {state.alert.block_hash}",
        "-# thresholds are the operator's, in watches.toml; what this channel hears is set with /alerts",
    ]


async def test_why_tells_a_whale_by_its_prices(world: World) -> None:
    said = lines(await world.press(await world.newest("liquidity"), "why", who="member"))
    assert "Rule whales · value in dollars: $2.16M, asked for $500k" in said
    assert "Rule whales · share of the pool: 21.2 %, asked for 10.0 %" in said
    legs = [line for line in said if " by Chainlink feed " in line]
    assert re.fullmatch(r"1\.08M USDC of 0x[0-9a-f]{40}: \$1\.08M by Chainlink feed \S+ of <t:\d+:f>", legs[0])
    assert re.fullmatch(r"360 WETH of 0x[0-9a-f]{40}: \$1\.08M by Chainlink feed \S+ of <t:\d+:f>", legs[1])


async def test_why_tells_a_batch_and_a_proposal(world: World) -> None:
    said = lines(await world.press(await world.newest("batch"), "why", who="member"))
    assert "0 of 1 containers failed, by the call trace; the transaction itself succeeded" in said
    assert any(line.startswith("✓ call 1 succeeded · transfer(0xcd3b76") for line in said)
    said = lines(await world.press(await world.newest("batch", severity="notable"), "why", who="member"))
    assert "2 of 3 operations failed, by the call trace; the transaction itself succeeded" in said
    said = lines(await world.press(await world.newest("proposal"), "why", who="member"))
    assert "Step executed: every step of a proposal of a watched DAO is said" in said


async def test_all_calls_of_a_batch_are_shown_to_whoever_presses_the_button(world: World) -> None:
    state = await world.newest("batch", severity="notable")
    reply = await world.discord.press(await world.message_of(state), f"calls:{state.alert.tx}:0", "member")
    assert reply.ephemeral
    said = lines(reply)
    assert said[:2] == ["🔵 Calls 1 to 3 of 3", state.alert.tx]
    assert "✗ call 1 failed · 0x3fda5389 on 0x67d269…f55933: out of gas" in said
    assert any(line.startswith("✓ call 1 succeeded · transfer(0x") for line in said)
    assert said[-1] == "-# Sandbox · page 1 of 1 · checked call by call"


async def test_why_works_under_a_card_that_a_reorg_took_back(world: World) -> None:
    state = await world.newest("liquidity", live=False)
    assert lines(await world.press(state, "why", who="member"))[0] == f"🔵 Why {state.alert.short_id}"


async def test_an_alert_that_is_kept_no_more_is_said_to_be_too_old(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await world.newest("vote")

    async def forgotten(self: ChainStore, alert_id: str) -> None:
        return None

    monkeypatch.setattr(ChainStore, "alert", forgotten)
    why = await world.press(state, "why", who="member")
    assert why.text == "This alert is older than what is kept here; its transaction still tells the facts."
    offer = await world.press(state, "snooze")
    hour = await world.discord.press(message(offer), hours(world, offer, 1), "admin")
    assert hour.text == "This alert is older than what is kept here, so there is nothing left to snooze."


async def test_trouble_behind_a_button_is_a_private_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    state = await world.newest("vote")

    async def broken(self: ChainStore, alert_id: str) -> None:
        raise StoreError("the store does not answer")

    monkeypatch.setattr(ChainStore, "alert", broken)
    reply = await world.press(state, "why", who="member")
    assert reply.ephemeral
    assert reply.text.startswith("That cannot be answered right now; it is being looked after.")


async def test_a_member_without_the_right_may_not_silence_a_channel(world: World) -> None:
    reply = await world.press(await world.newest("vote"), "snooze", who="member")
    assert (reply.text, reply.ephemeral) == (
        "Snoozing silences the channel for everybody, so it needs the permission Manage Messages here.",
        True,
    )


async def test_the_offer_becomes_the_answer_and_can_be_taken_back(world: World) -> None:
    offer = await world.press(await world.newest("proposal"), "snooze")
    assert offer.ephemeral
    assert lines(offer) == [
        "🔵 Snooze this subject here for",
        "Everybody in this channel stops hearing of it for that long; other subjects go on.",
    ]
    for span in (1, 8, 24):
        offer = await world.press(await world.newest("proposal"), "snooze")
        done = await world.discord.press(message(offer), hours(world, offer, span), "admin")
        assert done.kind == 7  # the offer itself is changed
        assert lines(done)[0] == f"🟢 Snoozed for {span} h"
        woken = await world.discord.press(message(offer), hours(world, offer, 0), "admin")
        assert lines(woken) == ["🟢 No longer snoozed", "This channel hears of it again from now on."]
    assert world.discord.violations() == []
    assert world.discord.unknown_routes() == []


def message(reply: Reply) -> int:
    """Give the id of the message that an answer is."""
    assert reply.message is not None
    return int(reply.message["id"])


def hours(world: World, offer: Reply, span: int) -> str:
    """Find the button of a span on an offer, as it stands."""
    fresh = world.discord.refresh(offer)
    found = re.findall(rf'"custom_id": "(snooze:[^"]*:{span})"', json.dumps(fresh.message))
    assert found, f"no button for {span} h"
    return str(found[0])


class Clock:
    """The bot's clock: the true one, and what a test adds."""

    def __init__(self) -> None:
        self.added_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.added_ms


async def test_a_snoozed_subject_is_silent_in_that_channel_and_speaks_again_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(bot.speaking, "now_ms", clock)
    async with Discord.start(openapi=OPENAPI) as discord, Chain.start(block_time_s=None) as chain:
        discord.limits.enabled = False
        settings = settings_for(chain, discord, tmp_path)
        options = Options(api_base=discord.api_base, gateway=discord.gateway_url, feed_sleep=hurry, calm_ms=0)
        async with running(settings, options) as app:
            here = World(app, chain, discord)
            for at, channel in enumerate(("alerts", "governance")):
                wish = Subscription(id=new_id(), guild_id=discord.guild.id, channel_id=discord.channel(channel).id)
                await app.subscriptions.add(wish, by=1, now_ms=at)
            await until(here, 4)
            assert len(votes(here, "alerts")) == len(votes(here, "governance")) == 1

            offer = await here.press(await here.newest("vote"), "snooze")
            await discord.press(message(offer), hours(here, offer, 1), "admin")
            await until(here, 8)
            assert any("$2.40M liquidity added" in text for text in discord.texts("alerts"))
            told = {name: [text for text in votes(here, name) if "260k" in text] for name in ("alerts", "governance")}
            assert (told["alerts"], len(told["governance"])) == ([], 1)

            clock.added_ms = HOUR_MS + 1_000
            await until(here, 10)
            assert any("1.20M ROSTRA" in text for text in discord.texts("alerts"))


async def until(world: World, step: int) -> None:
    """Let the story go on to a step, each one delivered before the next."""
    while True:
        await settled(world.app, world.chain)
        if world.chain.step >= step:
            return
        world.chain.advance()


async def hurry(seconds: float) -> None:
    """Wait for the next block, but not by the clock of the story."""
    await asyncio.sleep(min(seconds, 0.005))


def votes(world: World, channel: str) -> list[str]:
    """Give the words of the cards that tell of one vote or of several; not of the one that follows the proposal, whose
    edits make no sound.
    """
    return [text for text in world.discord.texts(channel) if "ROSTRA" in text and "**Proposer**" not in text]
