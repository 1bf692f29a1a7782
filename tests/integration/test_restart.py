"""A first start, an absence, a second start: history without alerts, then on from where it stopped, and how late."""

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import running
from bot.demo import CHAIN_ID, CHANNEL, settings_for, settled, subscribe
from bot.parts import App, Options
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from sandbox.discord.reply import text_of

HOUR_S = 3600


@asynccontextmanager
async def bot(chain: Chain, discord: Discord, folder: Path) -> AsyncIterator[App]:
    """Run the bot until it has told what there is to tell."""
    settings = settings_for(chain, discord, folder)

    async def hurry(seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.005))

    options = Options(api_base=discord.api_base, gateway=discord.gateway_url, feed_sleep=hurry, calm_ms=0)
    async with asyncio.timeout(60), running(settings, options) as app:
        await subscribe(app, discord)
        await settled(app, chain)
        yield app


async def test_a_restart_goes_on_where_it_stopped_and_its_cards_say_how_late_they_are() -> None:
    with tempfile.TemporaryDirectory(prefix="tribune-") as name:
        folder, began_s = Path(name), int(time.time()) - HOUR_S
        async with Discord.start() as discord, Chain.start(block_time_s=None, start_at=began_s) as chain:
            async with bot(chain, discord, folder) as app:
                assert await app.history.alerts() == []  # the past is for questions
                assert await app.history.moves() != []
                stopped = await app.stores[CHAIN_ID].cursor()
            while chain.step < 6:  # a proposal, a vote and a whale, while nobody looks
                assert chain.advance()
            async with bot(chain, discord, folder) as app:
                states = await app.history.alerts()
                assert stopped is not None
                assert sorted(state.alert.kind for state in states) == ["liquidity", "proposal", "vote"]
                assert all(state.alert.block > stopped.number for state in states)
                news = [state for state in states if state.alert.kind != "proposal"]  # that card says how it stands
                assert all(state.late_s is not None and HOUR_S - 300 < state.late_s <= HOUR_S + 60 for state in news)
                cards = [text_of(message) for message in discord.messages(CHANNEL)]
            assert len(cards) == 3
            late = [card for card in cards if re.search("found (59 min|60 min|1 h).* late", card)]
            assert len(late) == 2
            async with bot(chain, discord, folder):
                pass
            assert len(discord.messages(CHANNEL)) == 3  # a third start repeats nothing
