import asyncio
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands, ui

from sandbox.discord import Discord, NoAnswer, Refused, text_of
from tests.sandboxed import OPENAPI, Bot, connected


def card(*texts: str, custom_id: str = "why:1") -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    opened: ui.Button[ui.LayoutView] = ui.Button(label="Open", url="https://example.org")
    view.add_item(
        ui.Container(
            ui.Section(ui.TextDisplay("### 1.25M YAM voted FOR"), accessory=opened),
            *(ui.TextDisplay(t) for t in texts),
            ui.Separator(),
            ui.ActionRow(ui.Button(label="Why?", custom_id=custom_id)),
            accent_colour=0x23A55A,
        )
    )
    return view


class Why(ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"why:(?P<id>\d+)"):
    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(ui.Button(label="Why?", custom_id=f"why:{number}"))

    @classmethod
    async def from_custom_id(cls, _: Any, __: Any, match: re.Match[str]) -> "Why":
        return cls(int(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(f"because of rule {self.number}", ephemeral=True)


class Hours(ui.Modal, title="Snooze"):
    hours: ui.Label[Any] = ui.Label(text="Hours", component=ui.TextInput(custom_id="hours"))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        box = self.hours.component
        assert isinstance(box, ui.TextInput)
        await interaction.response.send_message(f"quiet for {box.value} h", ephemeral=True)


def dress(bot: Bot) -> None:
    bot.add_dynamic_items(Why)

    @bot.tree.command(description="Recent votes")
    @app_commands.choices(side=[app_commands.Choice(name="For", value="for")])
    async def votes(
        interaction: discord.Interaction[Bot], dao: str, limit: app_commands.Range[int, 1, 25] = 5, side: str = ""
    ) -> None:
        await interaction.response.send_message(f"{dao} {limit} {side}", ephemeral=True)

    @votes.autocomplete("dao")
    async def suggest(_: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
        names = ("Compound", "ENS", "Uniswap")
        return [app_commands.Choice(name=n, value=n.lower()) for n in names if typed.lower() in n.lower()]

    @bot.tree.command(description="Takes its time")
    async def slow(interaction: discord.Interaction[Bot]) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("late but right")
        await interaction.followup.send("and more")

    @bot.tree.command(description="Says nothing")
    async def mute(_: discord.Interaction[Bot]) -> None:
        return

    @bot.tree.command(description="Opens a form")
    async def snooze(interaction: discord.Interaction[Bot]) -> None:
        await interaction.response.send_modal(Hours())

    alerts = app_commands.Group(
        name="alerts", description="What is heard here", default_permissions=discord.Permissions(manage_guild=True)
    )

    @alerts.command(description="Hear more")
    async def add(interaction: discord.Interaction[Bot], channel: discord.TextChannel, role: discord.Role) -> None:
        may = interaction.permissions.manage_guild, interaction.app_permissions.send_messages
        await interaction.response.send_message(f"{channel.name} {role.name} {may}")
        await interaction.edit_original_response(content="added")

    bot.tree.add_command(alerts)


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord.start(openapi=OPENAPI) as started:
        yield started


@pytest.fixture
async def bot(server: Discord) -> AsyncIterator[Bot]:
    client = Bot()
    dress(client)
    async with connected(server, client):
        yield client
    assert server.unknown_routes() == []
    assert server.violations(answers=True) == []


async def test_an_unmodified_client_gets_ready_and_sees_the_guild(server: Discord, bot: Bot) -> None:
    assert [c.name for c in bot.guilds[0].text_channels] == ["alerts", "governance", "whales", "batches", "operators"]
    assert bot.user is not None
    assert bot.user.name == "tribune"
    assert bot.text("alerts").permissions_for(bot.guilds[0].me).send_messages
    assert server.gateway.identifies[0]["intents"] == discord.Intents(guilds=True).value


async def test_a_card_is_kept_with_its_components_numbered(server: Discord, bot: Bot) -> None:
    sent = await bot.text("alerts").send(view=card("For 45 % -> 62 %"))
    [shown] = server.messages("alerts")
    assert shown["id"] == str(sent.id)
    assert shown["flags"] & (1 << 15)
    assert text_of(shown) == "### 1.25M YAM voted FOR\nFor 45 % -> 62 %"
    assert shown["components"][0]["id"] == 1
    assert sent.components[0].type is discord.ComponentType.container


async def test_one_nonce_makes_one_message_until_its_window_is_over(server: Discord, bot: Bot) -> None:
    channel = bot.text("alerts")
    first = await channel.send("once", nonce="a1")
    again = await channel.send("once", nonce="a1")
    assert first.id == again.id
    assert (len(server.messages("alerts")), server.counts["deduplicated"]) == (1, 1)
    server.nonce_window_s = 0.0
    assert (await channel.send("once", nonce="a1")).id != first.id


async def test_an_edit_through_a_partial_message_replaces_the_card(server: Discord, bot: Bot) -> None:
    sent = await bot.text("alerts").send(view=card("pending"))
    await bot.text("alerts").get_partial_message(sent.id).edit(view=card("final"))
    [shown] = server.messages("alerts")
    assert "final" in text_of(shown)
    assert shown["edited_timestamp"] is not None


async def test_history_pages_read_before_after_and_around(server: Discord, bot: Bot) -> None:
    server.limits.enabled = False
    channel = bot.text("alerts")
    sent = [await channel.send(str(n)) for n in range(7)]
    assert [m.content async for m in channel.history(limit=2)] == ["6", "5"]
    assert [m.content async for m in channel.history(limit=2, before=sent[3])] == ["2", "1"]
    assert [m.content async for m in channel.history(limit=2, after=sent[3], oldest_first=True)] == ["4", "5"]
    assert [m.content async for m in channel.history(limit=3, around=sent[3])] == ["4", "3", "2"]
    await sent[0].delete()
    with pytest.raises(discord.NotFound) as missing:
        await channel.fetch_message(sent[0].id)
    assert missing.value.code == 10008


async def test_threads_conversations_and_files_work(server: Discord, bot: Bot) -> None:
    channel = bot.text("governance")
    sent = await channel.send(file=discord.File(io.BytesIO(b"png"), "chart.png"))
    assert server.messages("governance")[0]["attachments"][0]["filename"] == "chart.png"
    thread = await sent.create_thread(name="Proposal 12")
    await thread.send("in the thread")
    bare = await channel.create_thread(name="Bare", type=discord.ChannelType.public_thread)
    assert [m["content"] for m in server.messages(thread.id)] == ["in the thread"]
    assert {t.name for t in await bot.guilds[0].active_threads()} == {"Proposal 12", bare.name}
    user = await bot.fetch_user(server.user("admin").id)
    await user.send("your channel is gone")
    assert server.texts((await user.create_dm()).id) == ["your channel is gone"]


async def test_a_command_goes_from_the_gateway_to_its_answer(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    reply = await server.command("alerts", "member", "votes", {"dao": "ens", "limit": 3, "side": "For"})
    assert (reply.text, reply.ephemeral, reply.kind) == ("ens 3 for", True, 4)
    assert reply.elapsed_ms < 1000
    assert server.messages("alerts") == []
    assert len(server.messages("alerts", seen_by="member")) == 1


async def test_a_subcommand_gets_real_permissions_and_resolved_things(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    options = {"channel": server.channel("whales").id, "role": server.guild.id + 3}
    reply = await server.command("alerts", "admin", "alerts add", options)
    assert reply.body["content"] == "whales Voters (True, True)"
    await server.wait_for(lambda: server.refresh(reply).text == "added")
    with pytest.raises(Refused, match="not offered to member"):
        await server.command("alerts", "member", "alerts add", options)
    forced = await server.command("alerts", "member", "alerts add", options, force=True)
    assert forced.body["content"] == "whales Voters (False, True)"


async def test_a_deferred_answer_is_filled_by_the_first_follow_up(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    reply = await server.command("alerts", "member", "slow")
    await server.wait_for(lambda: server.refresh(reply).followups)
    assert reply.kind == 5
    assert reply.text == "late but right\nand more"
    assert reply.ephemeral


async def test_suggestions_come_while_typing(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    reply = await server.autocomplete("alerts", "member", "votes", "dao", "un")
    assert reply.choices == [{"name": "Compound", "value": "compound"}, {"name": "Uniswap", "value": "uniswap"}]


async def test_a_silent_command_is_said_to_be_silent(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    with pytest.raises(NoAnswer, match="did not respond: /mute"):
        await server.command("alerts", "member", "mute", timeout_s=0.05)


async def test_what_a_person_cannot_type_is_refused(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    for options, words in (
        ({}, "needs the option dao"),
        ({"dao": "x", "limit": 26}, "not between"),
        ({"x": 1}, "no option"),
    ):
        with pytest.raises(Refused, match=words):
            await server.command("alerts", "member", "votes", options)
    with pytest.raises(Refused, match="not one of For"):
        await server.command("alerts", "member", "votes", {"dao": "x", "side": "perhaps"})


async def test_a_dynamic_button_finds_its_way_back(server: Discord, bot: Bot) -> None:
    sent = await bot.text("alerts").send(view=card("x", custom_id="why:7"))
    reply = await server.press(sent.id, "why:7", "member")
    assert reply.text == "because of rule 7"
    with pytest.raises(Refused, match="no button"):
        await server.press(sent.id, "why:8", "member")


async def test_a_form_is_opened_filled_in_and_answered(server: Discord, bot: Bot) -> None:
    await bot.tree.sync()
    form = await server.command("alerts", "admin", "snooze")
    assert form.modal is not None
    with pytest.raises(Refused, match="must be filled in"):
        await server.submit_modal(form, {})
    reply = await server.submit_modal(form, {"hours": "8"})
    assert reply.text == "quiet for 8 h"


async def test_reconnect_resumes_and_replays_what_was_missed(server: Discord, bot: Bot) -> None:
    seen = asyncio.Event()
    bot.event(_named("on_guild_channel_create", lambda _: seen.set()))
    await server.gateway.reconnect()
    await server.add_channel("late")
    await server.wait_for(lambda: server.gateway.resumes and server.gateway.connected)
    async with asyncio.timeout(2):
        await seen.wait()
    assert len(server.gateway.identifies) == 1


async def test_an_invalid_session_identifies_again(server: Discord, bot: Bot) -> None:
    assert bot.is_ready()
    await server.gateway.invalidate()
    await server.wait_for(lambda: len(server.gateway.identifies) == 2 and server.gateway.connected, timeout_s=15)


async def test_a_closed_or_cut_gateway_is_resumed(server: Discord, bot: Bot) -> None:
    assert bot.is_ready()
    await server.gateway.close(4000)
    await server.wait_for(lambda: len(server.gateway.resumes) == 1 and server.gateway.connected, timeout_s=15)
    created = asyncio.Event()
    bot.event(_named("on_guild_channel_create", lambda _: created.set()))
    await server.gateway.cut()
    await server.add_channel("made-while-nobody-listened")
    assert server.gateway.connected == 0
    await server.wait_for(lambda: len(server.gateway.resumes) == 2 and server.gateway.connected, timeout_s=15)
    async with asyncio.timeout(2):
        await created.wait()


async def test_a_new_guild_is_announced_and_a_lost_one_too(server: Discord, bot: Bot) -> None:
    joined, left = asyncio.Event(), asyncio.Event()
    bot.event(_named("on_guild_join", lambda _: joined.set()))
    bot.event(_named("on_guild_remove", lambda _: left.set()))
    guild = await server.add_guild("Second", ["alerts"])
    async with asyncio.timeout(2):
        await joined.wait()
        await server.remove_guild(guild)
        await left.wait()


def _named(name: str, act: Any) -> Any:
    async def listener(*args: Any) -> None:
        act(*args)

    listener.__name__ = name
    return listener
