"""A newcomer at the demo's page: the real bot behind it, a command typed with suggestions, a reason asked for."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo import played
from tests.browser import CHROMIUM, Tab, opened

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium not found on PATH")

PICK = (
    "document.querySelector('.offer.on').dispatchEvent(new MouseEvent('mousedown', {bubbles: true, cancelable: true}))"
)
LAST = "[...document.querySelectorAll('.message')].at(-1)"


@asynccontextmanager
async def page(profile: Path) -> AsyncIterator[Tab]:
    """Open the page beside the bot that has told the whole story."""
    with tempfile.TemporaryDirectory(prefix="tribune-") as folder:
        async with (
            asyncio.timeout(90),
            played(Path(folder), lambda _: None) as (_, _, discord),
            opened(discord.page_url, profile) as tab,
        ):
            await tab.until("document.querySelector('#line')?.textContent === 'bot online'")
            yield tab
            assert tab.complaints == []


async def test_a_newcomer_sees_the_cards_asks_for_votes_and_for_a_reason(tmp_path: Path) -> None:
    async with page(tmp_path / "profile") as tab:
        await tab.until("document.querySelectorAll('.message .container h3').length >= 10")
        await tab.run(
            "[...document.querySelectorAll('button.button')].findLast((b) => b.textContent === 'Why?').click()"
        )
        await tab.until(f"{LAST}.innerText.includes('Only you can see this')")
        assert "Why " in await tab.run(f"{LAST}.querySelector('.container h3').textContent")
        for width in (1280, 400):
            await tab.resize(width, 800)
            assert await tab.overflowing() == []
        await tab.run("document.querySelector('#words').focus()")
        await tab.type("/vot")
        await tab.until("document.querySelector('.offer.on')?.textContent.includes('/votes')")
        await tab.press("Enter")
        await tab.until("document.querySelector('button.more')")  # every option of /votes may be left out
        await tab.run("document.querySelector('button.more').click()")
        await tab.until("document.querySelector('.offer.on')?.textContent.startsWith('dao')")
        await tab.run(PICK)
        await tab.until("document.querySelector('.option .key')?.textContent === 'dao'")
        await tab.type("rostra dao")
        await tab.until("document.querySelector('.offer.on')?.textContent.includes('Rostra DAO')")
        await tab.press("Enter")
        await tab.run("document.querySelector('button.go').click()")
        await tab.until(f"{LAST}.querySelector('.origin')?.textContent.includes('used /votes')")
        await tab.until(f"{LAST}.querySelector('.container h3')?.textContent.includes('votes')")
        assert "900k" in await tab.run(f"{LAST}.innerText")
