"""`/power` and `/delegate` through discord.py and the gateway, at the end of the told story."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.asking import World, lines, told, unreachable

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
        "Holders unknown: holders are not indexed",
        "Delegates 6 with 2.57M ROSTRA together",
    ]
    assert "• To the quorum 1: so many of the largest reach it alone (400k ROSTRA)" in said
    assert "Voters of proposal 7854…5893: 6 voters, 100.0 % of what is delegated now" in said
    assert said[-1] == "-# Sandbox · delegates as of block 82"


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
    assert said[:5] == [
        "🔵 Delegate 1 of Rostra DAO",
        "Sandbox fund (investor) 0x996550…B0A4dc",
        "Rostra DAO 1.20M ROSTRA, 46.6 % of what is delegated, rank 1 of 6 at block 82",
        "• Given by 1 holder; the largest: Sandbox fund (investor) 0x996550…B0A4dc 1.20M",
        "• Voted on 2 proposals on record, with the majority in 1 of 2",
    ]
    assert said[5].startswith("• 1.20M ROSTRA against · <t:")


async def test_a_delegate_is_found_by_its_label_and_labels_are_offered(world: World) -> None:
    assert lines(await world.ask("delegate", {"who": "delegate 1"}))[0] == "🔵 Delegate 4 of Rostra DAO"
    offered = await world.choices("delegate", "who", "sandbox f", who="member")
    assert offered == [("Sandbox fund 0x996550…B0A4dc", FUND.lower())]


async def test_whoever_is_neither_is_a_private_sentence(world: World) -> None:
    reply = await world.ask("delegate", {"who": "@everyone"})
    assert reply.ephemeral
    assert "neither an address nor a label" in reply.text
