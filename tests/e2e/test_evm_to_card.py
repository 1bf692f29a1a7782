"""Real contracts on a real EVM to the words in a channel: the story of the sandbox, played live to the whole bot.

`golden/evm_to_card.txt` holds every message as Discord shows it, block by block, with times and ids struck out. That a
message becomes final, which may happen a block sooner or later, is tested by itself. Write the file anew with
`GOLDEN=write` in the environment, and read what changed.
"""

import asyncio
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot import demo
from bot.app import running
from bot.parts import App, Options, now_ms
from bot.store import new_id
from bot.subscription import Subscription
from sandbox.discord import Discord
from sandbox.discord.reply import text_of
from tests.evm import scenario
from tests.evm.anvil import Anvil, compile_contracts, missing
from tests.evm.scenario import Kind, Said
from tests.evm.world import World, build
from tests.stage import SANDBOX, environ_for, settings_of, write_config

pytestmark = pytest.mark.evm

GOLDEN = Path(__file__).parent / "golden" / "evm_to_card.txt"
PATIENCE_S = 20.0
STRUCK = (
    (re.compile(r"<t:\d+(:[a-zA-Z])?>"), "<time>"),
    (re.compile(r"\bA-[0-9A-HJKMNP-TV-Z]{8}\b"), "A-ID"),
    (re.compile(r"/\d{17,20}/\d{17,20}/\d{17,20}\b"), "/GUILD/CHANNEL/MESSAGE"),
    (re.compile(r"· (not final yet|final) ·"), "· FINALITY ·"),
)
BUILT_S = 76  # somewhat less than the blocks before the story take, so that its first one is not late
HEARS: dict[str, list[Kind]] = {
    "governance": ["vote", "proposal", "act"],
    "whales": ["liquidity"],
    "batches": ["batch"],
}


class Shown(NamedTuple):
    """What one block changed in a channel."""

    block: int
    channel: str
    message: int
    edited: bool
    text: str


class Audience:
    """The stage of the scenario: mines, and waits until the bot has said what there is to say."""

    def __init__(self, world: World, app: App, discord: Discord) -> None:
        self.world, self.app, self.discord = world, app, discord
        self.said: list[Said] = []
        self.shown: list[Shown] = []
        self._seen: dict[int, str] = {}
        self._forked_at = 0
        self.last: list[str] = []

    async def block(self, *said: Said) -> None:
        await self.world.anvil.mine()
        self.said += said
        await self.watch()

    async def fork(self) -> None:
        self._forked_at = await self.world.anvil.height()

    async def back(self, *said: Said) -> None:
        """Let the node itself replace the blocks; nobody can see it before the new branch is longer."""
        await self.world.anvil.reorg(await self.world.anvil.height() - self._forked_at)
        self.said += said

    async def watch(self) -> None:
        """Wait for the bot, then note what is new in the channels."""
        head = await self.world.anvil.rpc("eth_getBlockByNumber", "latest", False)
        async with asyncio.timeout(PATIENCE_S):
            while not await self._told(head["hash"]):  # noqa: ASYNC110 - asks the store, which sets no event
                await asyncio.sleep(demo.SETTLE_S)
        for channel in HEARS:
            for at, message in enumerate(self.discord.messages(channel), 1):
                text = struck(text_of(message))
                before = self._seen.get(int(message["id"]))
                if text != before:
                    self.shown.append(Shown(int(head["number"], 16), channel, at, before is not None, text))
                self._seen[int(message["id"])] = text

    async def _told(self, head: str) -> bool:
        cursor = await self.app.stores[demo.CHAIN_ID].cursor()
        status = await self.app.history.chain_status(demo.CHAIN_ID)
        if cursor is None or cursor.hash != head or status is None or status.pending:
            return False
        return not (await self.app.deliveries.outbox()).waiting


async def _hurry(seconds: float) -> None:
    await asyncio.sleep(min(seconds, demo.HURRY_S))


async def subscribe(app: App, discord: Discord) -> None:
    """Let each channel hear of its own kinds."""
    admin = discord.user("admin").id
    for channel, kind in ((channel, kind) for channel, kinds in HEARS.items() for kind in kinds):
        given: dict[str, Any] = {
            "id": new_id(),
            "guild_id": discord.guild.id,
            "channel_id": discord.channel(channel).id,
        }
        one = Subscription(**given, kind=kind, created_by=admin)
        await app.subscriptions.add(one, by=admin, now_ms=now_ms())


async def play(folder: Path) -> Audience:
    async with Anvil.start(genesis_s=int(time.time()) - BUILT_S) as anvil, Discord.start() as discord:
        discord.limits.enabled = False
        world = await build(anvil)
        await scenario.before(world)
        chain = {**SANDBOX, "endpoints": ["env:SANDBOX_RPC"], "proof": "receipts"}
        config = write_config(folder / "config", {"sandbox": chain})
        settings = settings_of(environ_for(discord, folder / "data", SANDBOX_RPC=anvil.url), config)
        options = Options(api_base=discord.api_base, gateway=discord.gateway_url, feed_sleep=_hurry, calm_ms=0)
        async with running(settings, options) as app:
            await subscribe(app, discord)
            audience = Audience(world, app, discord)
            await audience.watch()
            assert audience.shown == []  # what was before the bot came is history, not news
            await scenario.play(world, audience)
            assert discord.unknown_routes() == []
            audience.last = [text_of(message) for channel in HEARS for message in discord.messages(channel)]
            return audience


@pytest.fixture(scope="module")
def audience() -> Audience:
    lacks = missing()
    if lacks:
        pytest.skip(lacks)
    compile_contracts()
    with tempfile.TemporaryDirectory(prefix="tribune-") as folder:
        return asyncio.run(play(Path(folder)))


def struck(text: str) -> str:
    for pattern, word in STRUCK:
        text = pattern.sub(word, text)
    return text


def transcript(shown: list[Shown]) -> str:
    parts = []
    for one in shown:
        verb = "edited" if one.edited else "posted"
        parts.append(f"=== block {one.block} · #{one.channel} · message {one.message} {verb}\n{one.text}\n")
    return "\n".join(parts)


def test_every_message_reads_as_it_should_block_by_block(audience: Audience) -> None:
    told = transcript(audience.shown)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(told, encoding="utf-8")
    assert told == GOLDEN.read_text(encoding="utf-8")


def headlines(audience: Audience, channel: str) -> list[tuple[int, str]]:
    return [(one.message, one.text.splitlines()[0][4:]) for one in audience.shown if one.channel == channel]


def test_votes_that_flip_the_outcome_and_cross_the_quorum_say_so(audience: Audience) -> None:
    assert [each for each in headlines(audience, "governance") if each[0] in (2, 3)] == [
        (2, "🔵 150k ROSTRA for: 37.5 % of the quorum"),
        (3, "🟢 260k ROSTRA for: the outcome flips to passing"),
        (3, "🔴 2 votes, 1.46M ROSTRA: outcome flips to failing"),
        (3, "🟢 3 votes, 2.36M ROSTRA: outcome flips to passing"),
    ]
    crossing = next(one.text for one in audience.shown if "260k ROSTRA for" in one.text.splitlines()[0])
    assert "**Quorum** 38.5 % → **103.5 %** reached by this" in crossing


def test_a_proposal_is_told_from_creation_to_execution(audience: Audience) -> None:
    told = [line for message, line in headlines(audience, "governance") if "roposal" in line and message not in (1, 5)]
    assert told == ["🟢 Proposal passed and is queued", "🟢 Proposal executed"]
    live = [line for message, line in headlines(audience, "governance") if message == 1]
    assert live == [
        "🔵 New proposal: voting opens",
        "🔵 Failing so far: 100.0 % for",
        "🔵 Failing so far: 72.0 % for",
        "🔵 Passing so far: 87.3 % for",
        "🔵 Failing so far: 24.7 % for",
        "🔵 Passing so far: 51.0 % for",
        "🟢 Passed and queued",
        "🟢 Executed",
    ]


def test_an_insiders_claim_says_who_it_went_to_and_what_share_it_is(audience: Audience) -> None:
    claim = next(one.text for one in audience.shown if "120k ROSTRA claimed" in one.text)
    assert "**Share** 1.2 % of the supply" in claim
    assert "**To** **Sandbox fund** (investor)" in claim


def test_a_proposal_says_which_call_would_fail_and_what_the_others_would_change(audience: Audience) -> None:
    second = next(one.text for one in audience.shown if "Let the founding team propose payments" in one.text)
    assert "**Simulated at creation** **call 3 of 3 fails**: **Rostra treasury** (treasury) [" in second
    assert " has 400k USDC, needs 500k USDC" in second
    assert "· **changes roles**" in second


def test_whales_are_told_and_liquidity_for_one_swap_is_not(audience: Audience) -> None:
    silent = [said for said in audience.said if said.kind == "liquidity" and said.action == "silent"]
    assert len(silent) == 4  # a small addition, and the three steps of liquidity that came for one swap
    sniper = audience.world.vaults["sniper"].address
    assert not any(sniper[2:8] in text.lower() for text in audience.last)
    assert len([one for one in audience.shown if one.channel == "whales" and not one.edited]) == 7


def test_a_reorg_edits_the_messages_it_made_wrong_and_posts_nothing(audience: Audience) -> None:
    told = headlines(audience, "whales")
    taken_back = told.index((5, "⚪ Retracted: $1.20M liquidity removed"))
    assert told[taken_back : taken_back + 3] == [
        (5, "⚪ Retracted: $1.20M liquidity removed"),
        (6, "⚪ Retracted: $1.80M liquidity added"),
        (6, "🟢 $1.80M liquidity added: 17.6 % of the pool"),
    ]
    (moved,) = [one for one in audience.shown if "moved from block" in one.text]
    assert (moved.message, moved.edited) == (6, True)
    assert "block 67 · FINALITY · moved from block 64 by a reorg" in moved.text


def test_every_message_that_stands_becomes_final(audience: Audience) -> None:
    assert len(audience.last) == 16
    assert [text for text in audience.last if "not final yet" in text] == []
    assert len([text for text in audience.last if " · final · " in text]) == 15  # the sixteenth is retracted
