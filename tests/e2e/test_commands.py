"""Every question that a member can ask, through discord.py and the gateway, at the end of the told story."""

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from sandbox.discord.options import Refused
from tests.asking import World, lines, told, unreachable
from watchers.appraisal import Appraiser

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUNDLE = "0xab453dabe82b1804dfc6e60c0f3cbf4ee5aa6422abe6a7afc1a00eafe0639bcb"
OPERATION = "0x09ce0535"
VOTE_TX = "0xb5c8b0faee31966d5d8b40493474382bb1721210e88fe754ecfec21d00617a82"
WHALE_TX = "0xf9ad6ad17f9e04dc5811c1fbfc98ca1f5dae2b2ddd8e9759d0121d9d9b4c316a"
PAY = "7854381777555599095273754587344799736190060199225426513888321681420968545893"
TEAM = "82825288076072185274830126487902989608658627323155928704413427009721267373767"
AUDIT = "8962805136881389473158643972989163854093723511480452381048992745048102759699"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with told() as made:
        yield made


async def test_help_lists_every_command_as_a_mention_that_can_be_clicked(world: World) -> None:
    reply = await world.ask("help")
    shown = {command["name"]: command["id"] for command in world.discord.commands("alerts", "admin")}
    for name in ("batch", "batches", "bundlers", "help", "paymasters", "proposal", "status", "votes", "whales"):
        assert f"</{name}:{shown[name]}> " in reply.text
    for name in ("add", "list", "edit", "remove", "test"):
        assert f"</alerts {name}:{shown['alerts']}> " in reply.text
    assert reply.ephemeral


async def test_help_says_what_the_channel_hears(world: World) -> None:
    hearing = {s.channel_id for s in await world.app.subscriptions.of_guild(world.discord.guild.id)}
    for channel in world.discord.guild.channels.values():
        reply = await world.ask("help", where=channel)
        assert ("This channel hears nothing yet." in reply.text) == (channel.id not in hearing)


async def test_a_direct_message_gets_the_commands_that_work_there(world: World) -> None:
    client = world.app.connection
    assert client is not None
    member = await client.fetch_user(world.discord.user("member").id)
    direct = (await member.create_dm()).id
    reply = await world.ask("help", where=direct)
    assert "</votes:" in reply.text
    assert "alerts" not in reply.text
    assert lines(await world.ask("votes", where=direct))[0] == "🔵 Latest votes"
    with pytest.raises(Refused):
        await world.ask("alerts list", where=direct)


async def test_status_says_that_all_is_well(world: World) -> None:
    said = lines(await world.ask("status"))
    assert said[0] == "🟢 All is well"
    assert re.fullmatch(r"✓ Sandbox block 82 · at the head, .* read from 127\.0\.0\.1", said[1])
    assert "✓ Discord connected" in said
    assert "✓ Delivery 0 waiting" in said


async def test_votes_come_newest_first_with_what_they_did(world: World) -> None:
    reply = await world.ask("votes", {"limit": 3})
    said = lines(reply)
    assert not reply.ephemeral
    assert said[:2] == ["🔵 Latest votes", "all DAOs"]
    assert said[2].startswith(
        "- 900k ROSTRA for · Rostra DAO: Pay 250,000 USDC to the bridge team · Founding team (team) 0x976EA7…3a0aa9"
        " · turned the outcome to passing · <t:"
    )
    assert "1.20M ROSTRA against" in said[3]
    assert "turned the outcome to failing" in said[3]
    assert said[5] == "-# 3 of 9 votes read from the record"


async def test_the_largest_votes_can_be_asked_for(world: World) -> None:
    said = lines(await world.ask("votes", {"largest": True, "dao": "Rostra DAO", "limit": 4}))
    assert said[0] == "🔵 Largest votes on record"
    assert [line.split(" ·")[0] for line in said[2:6]] == [
        "- 1.20M ROSTRA against",
        "- 1.20M ROSTRA for",
        "- 900k ROSTRA for",
        "- 260k ROSTRA for",
    ]


async def test_a_dao_without_votes_says_since_when_there_is_history(world: World) -> None:
    said = lines(await world.ask("votes", {"dao": "rostra-council"}))
    assert said == [
        "🔵 Latest votes",
        "Rostra Council",
        "No votes are on record yet. History starts 24 h before Tribune first read the chain.",
    ]


async def test_a_dao_that_nobody_knows_is_a_private_sentence(world: World) -> None:
    reply = await world.ask("votes", {"dao": "Curia <@1>"})
    assert reply.text == ("There is no DAO called “Curia <@1>” here. Start typing and pick one from the list.")
    assert reply.ephemeral


async def test_a_proposal_shows_its_end_its_tally_and_its_quorum(world: World) -> None:
    said = lines(await world.ask("proposal", {"dao": "rostra", "proposal": PAY}))
    assert said[0] == "🔵 Executed: 51.0 % for, 49.0 % against"
    assert said[1] == "Rostra DAO · Pay 250,000 USDC to the bridge team"
    assert re.fullmatch(r"Voting ended <t:\d+:R>", said[2])
    assert re.fullmatch(r"Created <t:\d+:R> → Queued <t:\d+:R> → Executed <t:\d+:R>", said[3])
    assert said[4:11] == [
        "Proposer Delegate 1 (delegate) 0x709979…dc79C8",
        "What it did",
        "1 · transfer 250k USDC to Bridge team (team) 0xcd3B76…64ce71",
        "Simulated right before it ran its call succeeds · 1 transfer",
        "• call 1: 250k USDC from Rostra treasury (treasury) 0xA51c1f…Ed91C0 to Bridge team (team) 0xcd3B76…64ce71",
        "Executed: 1 of 1 call succeeded",
        "Largest votes",
    ]
    assert said[11].startswith("• 1.20M ROSTRA against · 46.6 % of all · Sandbox fund (investor) 0x996550…B0A4dc · <t:")
    at = said.index("What if the same votes weighed otherwise (of For + Against)")
    assert said[at + 1 : at + 5] == [
        "• Quadratic: passes as well · 58.8 % for, 41.2 % against",
        "• One address, one vote: passes as well · 66.7 % for, 33.3 % against",
        "• Capped at 2 % of the votes cast: passes as well · 60.6 % for, 39.4 % against",
        "• Without insiders (2 voters, 81.6 % of the votes cast): passes as well · 87.3 % for, 12.7 % against",
    ]
    assert said[at + 5].endswith("this many addresses: 3 (quadratic), 5 (one address, one vote), 4 (capped).")
    assert said[-5:] == [
        "For     █████████░░░░░░░░░  51.0 %  1.31M",
        "Against ████████░░░░░░░░░░  49.0 %  1.26M",
        "Abstain ░░░░░░░░░░░░░░░░░░   0.0 %  0",
        "Quorum  ██████████████████ 328.5 %  of 400k ROSTRA",
        "-# proposal 7854…5893 · counted from 6 voters on record, rules read at block 82 · Sandbox",
    ]


async def test_a_proposal_that_never_made_an_alert_has_its_quorum_from_the_governor(world: World) -> None:
    said = lines(await world.ask("proposal", {"dao": "rostra", "proposal": AUDIT}))
    assert said[0] == "🔵 Executed: 96.1 % for, 0.0 % against"
    assert said[-2] == "Quorum  ██████████████████ 380.0 %  of 400k ROSTRA"


async def test_a_proposal_without_a_node_says_what_it_does_not_know(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(monkeypatch)
    said = lines(await world.ask("proposal", {"dao": "rostra", "proposal": AUDIT}))
    assert said[0] == "🔵 Executed: 96.1 % for, 0.0 % against"
    assert said[-2:] == [
        "Quorum  unknown",
        "-# proposal 8962…9699 · counted from 3 voters on record; the chain cannot be asked right now · Sandbox",
    ]
    # the votes of an alert are the votes on record, so what the alert knew of the quorum holds
    said = lines(await world.ask("proposal", {"dao": "rostra", "proposal": PAY}))
    assert said[-2] == "Quorum  ██████████████████ 328.5 %  of 400k ROSTRA"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("12", "Nothing is on record of proposal 12 of Rostra DAO. Pick one from the list."),
        ("the one", "A proposal is named by its number. Start typing and pick one from the list."),
        ("9" * 90, "A proposal is named by its number. Start typing and pick one from the list."),
        ("²", "A proposal is named by its number. Start typing and pick one from the list."),
    ],
)
async def test_a_proposal_that_is_not_there_is_a_private_sentence(world: World, given: str, sentence: str) -> None:
    reply = await world.ask("proposal", {"dao": "rostra", "proposal": given})
    assert (reply.text, reply.ephemeral) == (sentence, True)


async def test_whales_come_from_alerts_and_from_history_and_say_which_is_which(world: World) -> None:
    said = lines(await world.ask("whales"))
    assert said[:2] == ["🔵 Latest whale moves", "all chains"]
    sizes = [line.split(" ·")[0] for line in said[2:-1]]
    assert sizes == [
        "- $2.16M removed",
        "- $1.80M added",
        "- $2.43M removed",
        "- $2.43M added",
        "- $848k swapped",
        "- $2.40M added",
        "- ≈ $7.94M added",
        "- ≈ $6.00M added",
    ]
    assert said[2].startswith("- $2.16M removed · Uniswap V2 USDC/WETH · 21.2 % of the pool · 0x14dC79…3d9955 · <t:")
    assert re.fullmatch(
        r"-# 8 moves · ≈ valued at prices of <t:\d+:f>, not at those of its block · "
        r"8 moves of the last 24 h in the busiest pools were looked at",
        said[-1],
    )


async def test_a_minimum_shows_smaller_moves_than_those_that_made_an_alert(world: World) -> None:
    said = lines(await world.ask("whales", {"min_usd": 5_000, "protocol": "uniswap v2", "chain": "sandbox"}))
    assert said[1] == "Sandbox · uniswap v2 · from $5,000"
    assert "- ≈ $6,000 added" in [line.split(" ·")[0] for line in said]
    assert not any("V3" in line for line in said)


async def test_no_whale_of_that_size_shows_the_largest_of_the_day(world: World) -> None:
    said = lines(await world.ask("whales", {"min_usd": 900_000_000}))
    assert said[0] == "🔵 No whale lately: the largest moves of 24 h"
    assert said[2].startswith("- ≈ $7.94M added")
    assert len(said) == 2 + 5 + 1


async def test_without_a_node_whales_are_those_of_the_alerts_and_it_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(monkeypatch)
    said = lines(await world.ask("whales"))
    assert "Sandbox cannot be asked right now: only moves that made an alert are listed there." in said
    assert len([line for line in said if line.startswith("- $")]) == 6
    assert not any("≈" in line for line in said)


async def test_what_was_asked_at_a_block_is_not_asked_again(world: World) -> None:
    questions: list[tuple[str, dict[str, Any]]] = [("whales", {}), ("proposal", {"dao": "rostra", "proposal": PAY})]
    for name, options in questions:
        await world.ask(name, options)
        before = world.chain.calls.copy()
        await world.ask(name, options)
        again = world.chain.calls - before
        assert again["eth_getBlockByNumber"] >= 1
        assert not {"eth_call", "eth_getTransactionByHash"} & set(again)


async def test_batches_show_what_failed_and_on_request_all(world: World) -> None:
    said = lines(await world.ask("batches"))
    assert said[0] == "🔵 Latest failed operations"
    assert said[2].startswith("✗ 0x7eca47e3… failed · 0x70e0bA…5FFC49 · out of gas · <t:")
    assert said[-1] == "-# 2 operations · ask /batch with a hash for the calls inside"
    said = lines(await world.ask("batches", {"failed_only": False, "chain": "Sandbox", "limit": 4}))
    assert said[:2] == ["🔵 Latest operations", "Sandbox"]
    assert len(said) == 7


async def test_bundlers_are_told_with_what_is_unknown_and_how_far_the_record_reaches(world: World) -> None:
    reply = await world.ask("bundlers", {"period": "24 h", "chain": "Sandbox"})
    said = lines(reply)
    assert not reply.ephemeral
    assert said[:3] == [
        "🔵 1 bundler sent over half of 3 known operations",
        "Sandbox · last 24 h",
        "All 7 operations · 71.4 % succeeded · cost 0.001 ETH",
    ]
    assert said[3].startswith("Concentration HHI 1.0000, as much as 1.0 equal ones · 1 has more than half (Nakamoto)")
    assert said[4].startswith("Bundler unknown 4 operations, 57.1 % of all · 100.0 % succeeded. Who sent a transaction")
    assert re.fullmatch(
        r"On record from <t:\d+:f> .* History starts 24 h before Tribune first read the chain\.", said[5]
    )
    assert said[6] == ("• 0x71bE63…6c5788 at least 42.9 % of all · 3 operations · 33.3 % succeeded · cost 0.000439 ETH")
    assert "shares are of all 7 operations" in said[-1]


async def test_paymasters_say_that_accounts_paid_for_themselves(world: World) -> None:
    said = lines(await world.ask("paymasters"))
    assert said[:2] == ["🔵 No paymaster paid for any of 7 operations", "all chains · last 7 d"]
    assert said[3] == "No paymaster 7 operations, 100.0 % of all · 71.4 % succeeded: the account paid for itself"


async def test_a_period_that_is_not_offered_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        await world.ask("bundlers", {"period": "1 y"})


@pytest.mark.parametrize("form", ["{}", "https://explorer.example/tx/{}?a=1", "  {} ", "see {}, please"])
async def test_a_batch_is_told_call_by_call_by_its_hash_or_a_link(world: World, form: str) -> None:
    said = lines(await world.ask("batch", {"hash": form.format(BUNDLE.upper().replace("0X", "0x"))}))
    assert said[:2] == ["🟡 Batch: 1 of 3 operations succeeded", BUNDLE]
    assert said[2:8] == [
        "✗ User operation failed · 0x998abe…33613E · 0.000132 ETH",
        '✗ call 1 failed · 0x232388f3 on 0x67d269…f55933: Error("Target: the vault is closed")',
        "✗ User operation failed · 0x70e0bA…5FFC49 · 0.000182 ETH",
        "✗ call 1 failed · 0x3fda5389 on 0x67d269…f55933: out of gas",
        "✓ User operation succeeded · 0x95401d…113778 · 0.000125 ETH",
        "✓ 1 succeeded: transfer",
    ]
    assert said[-1] == "-# Sandbox · block 59 · checked call by call"


async def test_a_batch_is_found_by_the_hash_of_an_operation_in_it(world: World) -> None:
    found = await world.app.history.batches(failed_only=True)
    operation = next(s.event for s in found if getattr(s.event, "container_id", "").startswith(OPERATION))
    said = lines(await world.ask("batch", {"hash": str(getattr(operation, "container_id", ""))}))
    assert said[:2] == ["🟡 Batch: 1 of 3 operations succeeded", BUNDLE]


async def test_a_transaction_that_is_no_batch_says_what_it_is(world: World) -> None:
    said = lines(await world.ask("batch", {"hash": VOTE_TX}))
    assert said == [
        "🟢 The transaction succeeded",
        VOTE_TX,
        "It is no batch of a kind that is known here.",
        "Vote 150k ROSTRA for · Rostra DAO 7854…5893",
        "-# Sandbox · block 50",
    ]
    assert "Liquidity added to pool 0x644a7a…AdF268" in lines(await world.ask("batch", {"hash": WHALE_TX}))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("nonsense", "That is not a hash: it is 0x and 64 hex digits, or a link that holds one."),
        (BUNDLE + "ab", "That is not a hash: it is 0x and 64 hex digits, or a link that holds one."),
        ("0x" + "12" * 32, "No transaction or operation with that hash was found on Sandbox."),
    ],
)
async def test_a_hash_that_leads_nowhere_is_a_private_sentence(world: World, given: str, sentence: str) -> None:
    reply = await world.ask("batch", {"hash": given})
    assert (reply.text, reply.ephemeral) == (sentence, True)


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("whales", {"chain": "solana"}, "There is no chain called “solana” here. Pick one of: Sandbox."),
        ("paymasters", {"chain": "`x`"}, "There is no chain called “`x`” here. Pick one of: Sandbox."),
        ("batches", {"chain": "`x`"}, "There is no chain called “`x`” here. Pick one of: Sandbox."),
        (
            "whales",
            {"protocol": "entrypoint"},
            (
                "There is no protocol called “entrypoint” for this."
                " Pick one of: aave_v2_market, aave_v3_market, spark, uniswap_v2, uniswap_v3."
            ),
        ),
    ],
)
async def test_a_wrong_filter_is_a_private_sentence_with_the_right_ones(
    world: World, name: str, options: dict[str, Any], sentence: str
) -> None:
    reply = await world.ask(name, options)
    assert (reply.text, reply.ephemeral) == (sentence, True)


async def test_autocomplete_offers_what_there_is(world: World) -> None:
    assert await world.choices("votes", "dao") == [("Rostra Council", "rostra-council"), ("Rostra DAO", "rostra")]
    assert await world.choices("votes", "dao", "dao") == [("Rostra DAO", "rostra")]
    assert await world.choices("votes", "dao", "COUNCIL") == [("Rostra Council", "rostra-council")]
    council = ("Rostra Council · no proposals yet", "rostra-council")  # comes last: there is nothing to pick
    assert await world.choices("proposal", "dao") == [("Rostra DAO", "rostra"), council]
    assert await world.choices("proposal", "dao", "COUNCIL") == [council]
    assert await world.choices("whales", "chain", "s") == [("Sandbox", "sandbox")]
    assert await world.choices("batches", "chain", "nope") == []
    assert ("uniswap v3", "uniswap_v3") in await world.choices("whales", "protocol", "uni")


async def test_autocomplete_offers_the_proposals_of_the_dao_that_was_named(world: World) -> None:
    newest_first = [
        ("8282…3767 Let the founding team propose payments", TEAM),
        ("7854…5893 Pay 250,000 USDC to the bridge team", PAY),
        ("8962…9699 Fund the first audit", AUDIT),
    ]
    assert await world.choices("proposal", "proposal", "", {"dao": "rostra"}) == newest_first
    assert await world.choices("proposal", "proposal", "audit", {"dao": "Rostra DAO"}) == newest_first[2:]
    assert await world.choices("proposal", "proposal", "78543", {"dao": "rostra"}) == newest_first[1:2]
    assert await world.choices("proposal", "proposal", "", {"dao": "who"}) == []
    assert await world.choices("proposal", "proposal", "", {}) == []


async def test_nothing_pings_and_every_body_is_as_discord_has_it(world: World) -> None:
    for name in ("votes", "whales", "batches", "bundlers", "paymasters", "status", "help"):
        await world.ask(name)
    bodies = world.said()
    assert len(bodies) > 20
    for body in bodies:
        assert body["allowed_mentions"].get("parse") == []
        assert not body["allowed_mentions"].get("roles")
        assert not body["allowed_mentions"].get("users")
    assert world.discord.unknown_routes() == []
    assert world.discord.violations() == []
    assert not world.chain.unanswered


async def test_the_floor_of_a_whale_is_the_operators_own(world: World) -> None:
    assert Appraiser(world.app.settings, world.app.history, {}).floor_of("sandbox") == Decimal(500_000)
    assert Appraiser(world.app.settings, world.app.history, {}).floor_of("elsewhere") == Decimal(1_000_000)
