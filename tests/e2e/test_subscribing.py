"""`/alerts`: what a moderator decides, who may not, and what is said when the bot itself lacks something."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from bot.subscription import Subscription
from sandbox.discord.options import Refused
from sandbox.discord.reply import Reply
from tests.asking import World, lines, told
from watchers.wings import PROTOCOLS

pytestmark = pytest.mark.asyncio(loop_scope="module")

VOTERS = 1100000000000000013


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_world() -> AsyncIterator[World]:
    async with told() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def world(module_world: World) -> World:
    """Give the world without any subscription, and with every permission."""
    subscriptions = module_world.app.subscriptions
    for one in await subscriptions.of_guild(module_world.discord.guild.id):
        await subscriptions.remove(one, by=1, now_ms=1)
    return module_world


async def alerts(world: World, name: str, **options: Any) -> Reply:
    """Run a subcommand as the admin, in #alerts."""
    given = {key: place(world, value) if key == "channel" else value for key, value in options.items()}
    return await world.ask(f"alerts {name}", given, who="admin")


def place(world: World, name: str) -> str:
    """Give a channel's id as an option carries it."""
    return str(world.discord.channel(name).id)


async def code_of(world: World) -> str:
    """Give the code of the only subscription."""
    [one] = await world.app.subscriptions.of_guild(world.discord.guild.id)
    return one.id


async def test_a_subscription_is_added_listed_and_removed(world: World) -> None:
    reply = await alerts(
        world,
        "add",
        channel="governance",
        kind="vote",
        dao="rostra",
        min_percent=5.5,
        severity="notable",
        ping=str(VOTERS),
    )
    code = await code_of(world)
    wish = f"votes · Rostra DAO · from 5.5 % of the quorum · only notable and up · pinging <@&{VOTERS}> ({code})"
    channel = f"<#{place(world, 'governance')}>"
    assert reply.ephemeral
    assert lines(reply) == ["🟢 Subscribed", f"{channel} hears {wish}", "-# /alerts test posts a sample there"]
    listed = ["🔵 1 subscription", channel, f"• {wish}", "-# edit or remove one by the code in brackets"]
    assert lines(await alerts(world, "list")) == listed
    assert await world.choices("alerts remove", "code", "ROSTRA") == [
        (f"#governance: votes · Rostra DAO · from 5.5 % of the quorum · only notable and up ({code})", code)
    ]
    assert lines(await alerts(world, "remove", code=code)) == ["🔵 Removed", f"{channel} no longer hears {wish}"]
    assert lines(await alerts(world, "list")) == [
        "🔵 Nothing is subscribed yet",
        "Choose a channel and what it should hear with /alerts add.",
    ]


async def test_an_edit_changes_what_is_named_and_says_before_and_now(world: World) -> None:
    await alerts(world, "add", channel="whales", kind="liquidity", min_usd=250_000, chain="sandbox")
    code = await code_of(world)
    reply = await alerts(world, "edit", code=f"`{code}`", channel="alerts", min_usd=0, min_percent=12.5, chain="-")
    assert lines(reply) == [
        "🟢 Changed",
        f"Before <#{place(world, 'whales')}> whales · on Sandbox · from $250k ({code})",
        f"Now <#{place(world, 'alerts')}> whales · from 12.5 % of the pool ({code})",
    ]
    [one] = await world.app.subscriptions.of_guild(world.discord.guild.id)
    assert (one.channel_id, one.min_usd, str(one.min_share)) == (world.discord.channel("alerts").id, None, "0.125")


async def test_an_edit_may_ping_a_role_and_stop_pinging_it(world: World) -> None:
    await alerts(world, "add", channel="alerts", kind="batch")
    code = await code_of(world)
    assert f"pinging <@&{VOTERS}>" in (await alerts(world, "edit", code=code, ping=str(VOTERS))).text
    after = lines(await alerts(world, "edit", code=code, ping=str(world.discord.guild.id)))
    assert "pinging" not in after[2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"kind": "vote", "min_usd": 5},
            "Votes have no size in dollars: name a share of the quorum with `min_percent` instead.",
        ),
        ({"kind": "batch", "min_usd": 5}, "Batches have no size in dollars; leave `min_usd` out."),
        ({"kind": "proposal", "min_percent": 5}, "Proposals have no share to measure; leave `min_percent` out."),
        ({"kind": "liquidity", "dao": "rostra"}, "Whales belong to no DAO; leave `dao` out, or choose votes."),
        ({"dao": "nobody"}, "There is no DAO called “nobody” here. Start typing and pick one from the list."),
        ({"chain": "base"}, "There is no chain called “base” here. Pick one of: Sandbox."),
        (
            {"kind": "batch", "protocol": "uniswap_v3"},
            "There is no protocol called “uniswap_v3” for this. Pick one of: {batch}.",
        ),
        ({"dao": "rostra", "protocol": "agora"}, "Rostra DAO votes through oz governor; leave `protocol` out."),
        (
            {"ping": "everyone"},
            "Alerts never ping everyone. Make a role that members can choose, and name that one.",
        ),
    ],
)
async def test_what_could_never_speak_is_refused_with_what_to_do(
    world: World, options: dict[str, Any], sentence: str
) -> None:
    if options.get("ping") == "everyone":
        options = {"ping": str(world.discord.guild.id)}
    batch = ", ".join(sorted(PROTOCOLS["batch"]))
    reply = await alerts(world, "add", channel="alerts", **options)
    assert (reply.text, reply.ephemeral) == (sentence.format(batch=batch), True)
    assert await world.app.subscriptions.of_guild(world.discord.guild.id) == []


async def test_the_same_wish_is_not_taken_twice(world: World) -> None:
    await alerts(world, "add", channel="alerts", kind="vote")
    code = await code_of(world)
    reply = await alerts(world, "add", channel="alerts", kind="vote")
    assert reply.text == f"<#{place(world, 'alerts')}> hears exactly that already: **votes** (`{code}`)."


async def test_a_subscription_is_no_twin_of_itself(world: World) -> None:
    await alerts(world, "add", channel="alerts", kind="vote")
    again = await alerts(world, "edit", code=await code_of(world), kind="vote")
    assert lines(again)[0] == "🟢 Changed"
    await alerts(world, "add", channel="alerts", kind="batch")
    codes = {one.kind: one.id for one in await world.app.subscriptions.of_guild(world.discord.guild.id)}
    other = await alerts(world, "edit", code=codes["batch"], kind="vote")
    assert other.text == f"<#{place(world, 'alerts')}> hears exactly that already: **votes** (`{codes['vote']}`)."


async def test_a_code_that_nobody_has_and_an_edit_of_nothing_are_private_sentences(world: World) -> None:
    unknown = "No subscription of this server has that code. `/alerts list` shows them."
    assert (await alerts(world, "remove", code="deadbeef")).text == unknown
    assert (await alerts(world, "edit", code="deadbeef", min_usd=1)).text == unknown
    await alerts(world, "add", channel="alerts")
    nothing = await alerts(world, "edit", code=await code_of(world))
    assert nothing.text == "Name at least one thing to change besides the code."


async def test_another_servers_subscription_is_out_of_reach(world: World) -> None:
    await alerts(world, "add", channel="alerts")
    code = await code_of(world)
    other = await world.discord.add_guild("Other", ("elsewhere",))
    there = next(iter(other.channels.values()))
    client = world.app.connection
    assert client is not None
    await world.discord.wait_for(lambda: client.get_guild(other.id))
    reply = await world.ask("alerts remove", {"code": code}, who="admin", where=there)
    assert reply.text == "No subscription of this server has that code. `/alerts list` shows them."
    assert lines(await world.ask("alerts list", who="admin", where=there))[0] == "🔵 Nothing is subscribed yet"
    await world.discord.remove_guild(other)
    assert await code_of(world) == code


async def test_a_member_is_not_offered_the_commands_and_is_refused_when_a_server_offers_them(world: World) -> None:
    with pytest.raises(Refused):
        await world.ask("alerts list", who="member")
    for name, options in (
        ("list", {}),
        ("add", {"channel": place(world, "alerts")}),
        ("edit", {"code": "1"}),
        ("remove", {"code": "1"}),
        ("test", {}),
    ):
        reply = await world.ask(f"alerts {name}", options, who="member", force=True)
        assert reply.text == "You need the permission Manage Server for this. Ask somebody who manages this server."
        assert reply.ephemeral


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        (["send_messages"], "Send Messages"),
        (["read_message_history"], "Read Message History"),
        (["send_messages", "read_message_history"], "Send Messages, Read Message History"),
        # without View Channel, Discord gives nothing else in a channel either
        (["view_channel"], "View Channel, Send Messages, Read Message History"),
    ],
)
async def test_what_the_bot_lacks_in_a_channel_is_named_exactly(world: World, denied: list[str], named: str) -> None:
    channel = world.discord.channel("batches")
    await world.discord.deny(channel, *denied)
    try:
        for name, options in (("add", {"channel": "batches"}), ("test", {"channel": "batches"})):
            reply = await alerts(world, name, **options)
            assert named.split(", ", maxsplit=1)[0] in reply.text
            assert reply.ephemeral
            assert reply.text == (
                f"I cannot post in <#{channel.id}> yet. Give me there: {named}. "
                "Open the channel's settings, Permissions, and allow it for my role; then try again."
            )
    finally:
        await world.discord.allow(channel, *denied)
    assert lines(await alerts(world, "add", channel="batches"))[0] == "🟢 Subscribed"


async def test_a_sample_is_posted_where_it_was_asked_for(world: World) -> None:
    before = len(world.discord.messages("whales"))
    reply = await alerts(world, "test", channel="whales")
    assert lines(reply) == ["🟢 Posted a sample", f"See <#{place(world, 'whales')}>."]
    assert len(world.discord.messages("whales")) == before + 1
    assert world.discord.texts("whales")[-1].startswith("### 🔵 This is a test: alerts arrive here")
    here = await world.ask("alerts test", who="admin", where="operators")
    assert lines(here)[1] == f"See <#{place(world, 'operators')}>."


async def test_a_channel_that_was_shut_opens_with_a_sample(world: World) -> None:
    await alerts(world, "add", channel="whales", kind="liquidity")
    channel = world.discord.channel("whales").id
    await world.app.subscriptions.pause(channel, "I may no longer write in the channel", now_ms=1)
    listed = await alerts(world, "list")
    assert "shut: I may no longer write in the channel" in listed.text
    status = (await world.ask("status")).text
    assert "I may no longer write in the channel" in status.partition(f"<#{channel}>")[2]
    reply = await alerts(world, "test", channel="whales")
    assert lines(reply)[2] == "The channel was shut and is open again."
    assert "shut" not in (await alerts(world, "list")).text


async def test_an_edit_offers_to_drop_a_filter(world: World) -> None:
    assert await world.choices("alerts edit", "dao", "any", {"code": "x"}) == [("any DAO", "-")]
    assert await world.choices("alerts edit", "chain", "any", {"code": "x"}) == [("any chain", "-")]
    assert ("any protocol", "-") in await world.choices("alerts edit", "protocol", "", {"code": "x"})
    assert await world.choices("alerts add", "dao", "any", {"channel": place(world, "alerts")}) == []


async def test_many_subscriptions_are_listed_as_far_as_they_fit(world: World) -> None:
    for n in range(1, 61):
        await world.app.subscriptions.add(_wish(world, n), by=1, now_ms=n)
    reply = await alerts(world, "list")
    said = lines(reply)
    assert said[0] == "🔵 60 subscriptions"
    assert said[-2].startswith("and ")
    assert len(reply.text) <= 4000
    assert len(await world.choices("alerts edit", "code")) == 25
    assert world.discord.violations() == []
    assert world.discord.unknown_routes() == []


def _wish(world: World, n: int) -> Subscription:
    return Subscription(
        id=f"{n:08x}",
        guild_id=world.discord.guild.id,
        channel_id=world.discord.channel("alerts").id,
        kind="liquidity",
        protocol="uniswap_v3",
        chain_id=31337,
        min_usd=Decimal(n * 1_000_000),
        ping_role=VOTERS,
        created_at_ms=n,
    )
