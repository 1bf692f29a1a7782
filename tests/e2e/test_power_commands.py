"""`/power` and `/delegate` through discord.py and the gateway, at the end of the told story."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.asking import World, lines, told, unreachable
from tests.browser import CHROMIUM, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUND = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with told() as made:
        yield made


async def test_power_tells_three_levels_at_one_block(world: World) -> None:
    reply = await world.ask("power", {"dao": "rostra"})
    said = lines(reply)
    assert not reply.ephemeral
    assert said[:4] == [
        "🔵 2 delegates have more than half of the votes",
        "Rostra DAO · who holds the power",
        "Holders 7 with 9.94M ROSTRA together",
        "• Gini 0.718: 0 when all have the same, towards 1 when one has everything",
    ]
    assert "• To the quorum 1: so many of the largest would reach it alone (400k ROSTRA)" in said
    assert any(line.startswith("Left out Early investors' distributor (airdrop)") for line in said)
    assert "Delegates 6 with 2.69M ROSTRA together" in said
    assert "• To the quorum 1: so many of the largest reach it alone (400k ROSTRA)" in said
    assert "Voters of proposal 7854…5893: 6 voters with 2.57M ROSTRA together" in said
    assert any(line.startswith("• Turnout 25.7 % of the supply, 95.5 % of what is delegated now") for line in said)
    who = [line for line in said if line.startswith("• Who ")]
    assert [line.count(" %") for line in who] == [3, 3, 3]
    assert who[1].startswith(
        "• Who Sandbox fund (investor) 0x996550…B0A4dc 49.0 %, Founding team (team) 0x976EA7…3a0aa9 33.4 %, "
    )
    assert who[1].endswith(" %, and 3 more")
    assert said[-1] == "-# Sandbox · as of block 82"


async def test_power_comes_with_the_lorenz_curve_which_the_page_shows(world: World, tmp_path: Path) -> None:
    message = (await world.ask("power", {"dao": "rostra"})).message
    assert message is not None
    (file,) = message["attachments"]
    assert file["filename"] == "lorenz.png"
    assert "Trend not yet: it takes two daily snapshots" in str(message["components"]).replace("*", "")
    async with aiohttp.ClientSession() as session, session.get(file["url"]) as answer:
        assert (await answer.read()).startswith(b"\x89PNG")
    if CHROMIUM is None:
        pytest.skip("chromium not found on PATH")
    shot = "document.querySelector('.gallery img')"
    async with opened(world.discord.page_url, tmp_path / "profile") as tab:
        await tab.until(f"{shot} && {shot}.complete && {shot}.naturalWidth === 800")
        assert str(await tab.run(f"{shot}.alt")).startswith("Rostra DAO · how evenly votes are held. Lorenz curve.")


@pytest.mark.parametrize(
    ("level", "first", "largest"),
    [
        ("holders", "🔵 1 holder has more than half of what is held", "Banzhaf 100.0 % (exact)"),
        ("delegates", "🔵 2 delegates have more than half of the votes", "Banzhaf 63.6 % (exact)"),
        ("voters", "🔵 2 voters have more than half of the votes cast", "Banzhaf 50.0 % (exact)"),
    ],
)
async def test_power_tells_every_measure_of_the_level_that_is_asked_for(
    world: World, level: str, first: str, largest: str
) -> None:
    reply = await world.ask("power", {"dao": "rostra", "level": level})
    said = lines(reply)
    assert said[0] == first
    heads = [line.split("**")[1] for line in reply.text.splitlines() if line.startswith("• **")]
    assert [" ".join(head.split()[:1]) for head in heads if not head.startswith("Turnout")] == [
        "Gini", "HHI", "Effective", "Nakamoto", "To", "To", "Largest", "Who", "Largest", "Shannon", "Min-entropy",
        "Theil", "Classes", "Banzhaf", "Shapley-Shubik",
    ]  # fmt: skip
    assert any(largest in line for line in said)
    assert [line for line in said if "Turnout" in line] == [line for line in said[3:4] if level == "voters"]
    assert reply.message is not None
    assert len(reply.message["attachments"]) == 1


async def test_power_without_the_permission_says_so_and_comes_without_a_picture(world: World) -> None:
    await world.discord.deny("alerts", "attach_files")
    try:
        reply = await world.ask("power", {"dao": "rostra"})
    finally:
        await world.discord.allow("alerts", "attach_files")
    assert "No picture: I may not attach files here (permission Attach Files)." in lines(reply)[-1]
    assert reply.message is not None
    assert not reply.message["attachments"]


async def test_power_without_a_node_says_that_quorum_and_threshold_are_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(monkeypatch)
    said = "\n".join(lines(await world.ask("power", {"dao": "rostra-council"})))
    assert "To the quorum unknown" in said
    assert "To propose unknown" in said
    assert "Nakamoto 2" in said


async def test_power_of_a_dao_that_nobody_knows_is_a_private_sentence(world: World) -> None:
    reply = await world.ask("power", {"dao": "curia"})
    assert reply.ephemeral
    assert "There is no DAO called" in reply.text


async def test_a_delegate_is_told_with_rank_delegators_and_record(world: World) -> None:
    said = lines(await world.ask("delegate", {"who": FUND, "dao": "rostra"}))
    assert said[:6] == [
        "🔵 Rank 1 of 6 in Rostra DAO",
        "Sandbox fund (investor) 0x996550…B0A4dc",
        "Rostra DAO 1.32M ROSTRA, 49.0 % of what is delegated, rank 1 of 6 at block 82",
        "• Given by itself alone: its own tokens, 1.32M ROSTRA",
        "• Votes alike unknown: it takes 5 contested votes, and 2 are on record",
        "• Voted on 2 proposals on record, with the majority in 1 of 2",
    ]
    assert said[6].startswith("• 1.20M ROSTRA against · proposal 7854…5893: Pay 250,000 USDC to the bridge team · <t:")


async def test_a_delegate_is_found_by_its_label_and_labels_are_offered(world: World) -> None:
    assert lines(await world.ask("delegate", {"who": "delegate 1"}))[0] == "🔵 Rank 4 of 6 in Rostra DAO"
    offered = await world.choices("delegate", "who", "sandbox f", who="member")
    assert offered == [("Sandbox fund 0x996550…B0A4dc", FUND.lower())]


async def test_whoever_is_neither_is_a_private_sentence(world: World) -> None:
    reply = await world.ask("delegate", {"who": "@everyone"})
    assert reply.ephemeral
    assert "neither an address nor a label" in reply.text
