import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands, ui

from sandbox.discord import Discord
from tests.browser import CHROMIUM, Tab, opened
from tests.sandboxed import Bot, connected

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium not found on PATH")

HOSTILE = "<img src=x onerror=window.hacked=1><script>window.hacked=1</script> [x](javascript:window.hacked=1)"
LAST = "[...document.querySelectorAll('.message')].at(-1)"


def card(headline: str, small: str = "Ethereum · block 21,925,176 · pending 3/12") -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay("<@&1100000000000000013>"))
    opened_: ui.Button[ui.LayoutView] = ui.Button(label="Open", url="https://example.org/proposal")
    transaction: ui.Button[ui.LayoutView] = ui.Button(label="Transaction", url="https://example.org/tx")
    view.add_item(
        ui.Container(
            ui.Section(
                ui.TextDisplay(f"### {headline}"), ui.TextDisplay(f"**Raise the quorum** {HOSTILE}"), accessory=opened_
            ),
            ui.TextDisplay(
                "Voter **Delegate One** `0x1234…abcd` · rank 3\nFor 45.5 % → **62.4 %**\nEnds <t:1900000000:R>"
            ),
            ui.TextDisplay("```\nFor      ███████░░░░ 62.4 %\nAgainst  ████░░░░░░░ 35.0 %\n```"),
            ui.TextDisplay("> A reason, quoted."),
            ui.Separator(),
            ui.TextDisplay(f"-# {small}"),
            ui.ActionRow(
                transaction,
                ui.Button(label="Why?", custom_id="why", style=discord.ButtonStyle.primary),
                ui.Button(label="Snooze", custom_id="snooze"),
            ),
            accent_colour=0x23A55A,
        )
    )
    return view


class Hours(ui.Modal, title="Snooze this subject"):
    hours: ui.Label[Any] = ui.Label(text="Hours", component=ui.TextInput(custom_id="hours"))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        box = self.hours.component
        assert isinstance(box, ui.TextInput)
        await interaction.response.send_message(f"quiet for {box.value} h", ephemeral=True)


def dress(bot: Bot) -> None:
    @bot.tree.command(description="Recent votes of a DAO")
    async def votes(interaction: discord.Interaction[Bot], dao: str, limit: int = 5) -> None:
        await interaction.response.send_message(f"{limit} votes of **{dao}**", ephemeral=True)

    @votes.autocomplete("dao")
    async def suggest(_: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
        names = ("Compound", "ENS", "Uniswap")
        return [app_commands.Choice(name=n, value=n.lower()) for n in names if typed.lower() in n.lower()]

    alerts = app_commands.Group(
        name="alerts", description="What is heard here", default_permissions=discord.Permissions(manage_guild=True)
    )

    @alerts.command(name="list", description="What this channel hears")
    async def listed(interaction: discord.Interaction[Bot]) -> None:
        await interaction.response.send_message("nothing yet", ephemeral=True)

    bot.tree.add_command(alerts)

    async def on_interaction(interaction: discord.Interaction[Bot]) -> None:
        if interaction.type is discord.InteractionType.component and interaction.data is not None:
            if interaction.data.get("custom_id") == "why":
                await interaction.response.send_message("Because it crossed **5 %** of supply.", ephemeral=True)
            else:
                await interaction.response.send_modal(Hours())

    bot.event(on_interaction)


async def act_as(tab: Tab, user_id: int) -> None:
    change = f"s.value = '{user_id}'; s.dispatchEvent(new Event('change'))"
    await tab.run(f"(() => {{ const s = document.querySelector('#act-as'); {change}; }})()")


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord.start() as started:
        yield started


@pytest.fixture
async def bot(server: Discord) -> AsyncIterator[Bot]:
    client = Bot()
    dress(client)
    async with connected(server, client):
        await client.tree.sync()
        yield client


@pytest.fixture
async def tab(server: Discord, bot: Bot, tmp_path: Path) -> AsyncIterator[Tab]:
    assert bot.is_ready()
    async with opened(server.page_url, tmp_path / "profile") as page:
        await page.until(
            "document.querySelector('.start') && document.querySelector('#line').textContent === 'bot online'"
        )
        yield page
        assert page.complaints == []


async def test_cards_arrive_live_are_edited_in_place_and_chain_text_stays_text(
    server: Discord, bot: Bot, tab: Tab
) -> None:
    sent = await bot.text("alerts").send(view=card("1.25M YAM voted FOR – outcome flips to PASSING"))
    await tab.until("document.querySelector('.container h3')?.textContent.startsWith('1.25M YAM')")
    assert (
        await tab.run("getComputedStyle(document.querySelector('.container'), '::before').backgroundColor")
        == "rgb(35, 165, 90)"
    )
    assert await tab.run("document.querySelector('.mention').textContent") == "@Voters"
    assert await tab.run("document.querySelector('.container').innerText.includes('<script>')")
    assert await tab.run("window.hacked === undefined && !document.querySelector('#messages script, #messages img')")
    assert await tab.run("[...document.querySelectorAll('#messages a')].every((a) => a.protocol === 'https:')")
    assert await tab.run("[...document.querySelectorAll('.container .button')].map((b) => b.textContent)") == [
        "Open↗",
        "Transaction↗",
        "Why?",
        "Snooze",
    ]
    await sent.edit(view=card("1.25M YAM voted FOR – outcome flips to PASSING", "final"))
    await tab.until("document.querySelector('.container').innerText.includes('final')")
    assert await tab.run("document.querySelectorAll('.message').length") == 1
    if picture := os.environ.get("TRIBUNE_PICTURE"):
        await tab.picture(Path(picture))


async def test_a_button_is_answered_to_the_one_who_pressed_it(server: Discord, bot: Bot, tab: Tab) -> None:
    await bot.text("alerts").send(view=card("A"))
    await tab.until("document.querySelector('.container')")
    await tab.run("[...document.querySelectorAll('button.button')].find((b) => b.textContent === 'Why?').click()")
    await tab.until(f"{LAST}.innerText.includes('Only you can see this')")
    assert await tab.run(f"{LAST}.querySelector('strong').textContent") == "5 %"
    await act_as(tab, server.user("member").id)
    await tab.until("document.querySelectorAll('.message').length === 1")
    assert server.messages("alerts", seen_by="member") == server.messages("alerts")


async def test_a_command_is_typed_with_suggestions(server: Discord, bot: Bot, tab: Tab) -> None:
    await tab.until("document.querySelector('#words') && (document.querySelector('#words').focus(), true)")
    await tab.type("/vo")
    await tab.until("document.querySelector('.offer.on')?.textContent.includes('/votes')")
    await tab.press("Enter")
    await tab.until("document.querySelector('.option .key')?.textContent === 'dao'")
    await tab.type("un")
    await tab.until("[...document.querySelectorAll('.offer')].map((o) => o.textContent).join() === 'Compound,Uniswap'")
    await tab.press("ArrowDown")
    await tab.press("Enter")
    await tab.until("document.activeElement.classList.contains('go')")
    await tab.run("document.activeElement.click()")
    await tab.until(f"{LAST}?.innerText.includes('5 votes of uniswap')")
    assert await tab.run(f"{LAST}.querySelector('.origin').textContent.includes('used /votes')")
    assert bot.is_ready()


async def test_a_member_is_not_offered_what_administrators_are(server: Discord, bot: Bot, tab: Tab) -> None:
    names = "[...document.querySelectorAll('.offer-title')].map((o) => o.textContent).join()"
    await tab.until("document.querySelector('#words') && (document.querySelector('#words').focus(), true)")
    await tab.type("/")
    await tab.until(f"{names} === '/alerts list,/votes'")
    await act_as(tab, server.user("member").id)
    await tab.until("document.querySelector('#words').value === '' && (document.querySelector('#words').focus(), true)")
    await tab.type("/")
    await tab.until(f"{names} === '/votes'")
    await tab.type("alerts list")
    why = "/alerts needs Manage Server: Discord hides it from Member. Act as Admin to use it."
    await tab.until(f"document.querySelector('#note.bad')?.textContent === '{why}'")
    await tab.press("Enter")  # it is not said in the channel, and why is still to be read
    assert await tab.run("document.querySelector('#note.bad').textContent") == why
    await tab.run("document.querySelector('#words').select()")
    await tab.type("/nothing")
    await tab.until("document.querySelector('#note').textContent === ''")
    await tab.press("Enter")
    await tab.until("document.querySelector('#note').textContent === 'There is no such command.'")
    assert server.messages("alerts") == []
    assert bot.is_ready()


async def test_the_answer_to_a_press_is_brought_into_view_and_anothers_is_not(
    server: Discord, bot: Bot, tab: Tab
) -> None:
    below = "((s) => s.scrollHeight - s.scrollTop - s.clientHeight)(document.querySelector('#scroll'))"
    for number in range(6):
        await bot.text("alerts").send(view=card(str(number)))
    await tab.until(f"document.querySelectorAll('.message').length === 6 && {below} < 2")
    await tab.run("document.querySelector('#scroll').scrollTop = 0")
    first = server.messages("alerts")[0]["id"]
    await server.press(first, "why", "member")
    await bot.text("alerts").send(view=card("6"))
    await tab.until("!document.querySelector('#newer').hidden")
    assert await tab.run("document.querySelector('#scroll').scrollTop") == 0
    await tab.run("[...document.querySelectorAll('button.button')].find((b) => b.textContent === 'Why?').click()")
    await tab.until(f"{LAST}.innerText.includes('Only you can see this') && {below} < 2")
    assert await tab.run("document.querySelector('#newer').hidden")


async def test_a_link_that_leads_nowhere_says_so_instead_of_opening(server: Discord, bot: Bot, tab: Tab) -> None:
    await bot.text("alerts").send(f"See https://example.invalid/tx/0x{'1' * 64} and https://example.org/tx")
    await tab.until("document.querySelectorAll('#messages a').length === 2")
    said = f"A sandbox's link, which leads nowhere: https://example.invalid/tx/0x{'1' * 64}"
    titles = await tab.run("[...document.querySelectorAll('#messages a')].map((a) => a.title)")
    assert titles == [said, "https://example.org/tx"]
    await tab.run("document.querySelector('#messages a').click()")
    await tab.until(f"document.querySelector('#note').textContent === '{said.replace(chr(39), chr(92) + chr(39))}'")
    await tab.resize(400, 800)
    assert await tab.overflowing() == []
    assert bot.is_ready()


async def test_an_empty_channel_says_what_it_is_for(server: Discord, bot: Bot, tab: Tab) -> None:
    await tab.run("location.hash = 'operators'")
    topic = server.channel("operators").topic or ""
    await tab.until(f"document.querySelector('.start').innerText.includes('{topic}')")
    assert "silent while all is well" in topic
    assert bot.is_ready()


async def test_a_form_opens_and_is_sent(server: Discord, bot: Bot, tab: Tab) -> None:
    await bot.text("alerts").send(view=card("A"))
    await tab.until("document.querySelector('.container')")
    await tab.run("[...document.querySelectorAll('button.button')].find((b) => b.textContent === 'Snooze').click()")
    await tab.until("document.querySelector('dialog[open] h2')?.textContent === 'Snooze this subject'")
    await tab.run("document.querySelector('dialog input').focus()")
    await tab.type("8")
    await tab.run("document.querySelector('dialog button[type=submit]').click()")
    await tab.until(f"{LAST}.innerText.includes('quiet for 8 h')")
    await tab.until("document.querySelector('dialog[open]') === null")  # the answer may come first
    assert server.counts["interactions"] == 2


async def test_the_box_is_worked_by_keys_alone(server: Discord, bot: Bot, tab: Tab) -> None:
    titles = "[...document.querySelectorAll('.offer-title')].map((o) => o.textContent).join()"
    picked = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.innerText"
    await tab.until("document.querySelector('#words') && (document.querySelector('#words').focus(), true)")
    await tab.type("/")
    await tab.until(f"{titles} === '/alerts list,/votes' && {picked}.startsWith('/alerts list')")
    await tab.press("ArrowUp")  # from the first to the last
    await tab.until(f"{picked}.startsWith('/votes')")
    await tab.press("ArrowDown")
    await tab.until(f"{picked}.startsWith('/alerts list')")
    await tab.press("Escape")
    await tab.until("document.querySelector('#offers').hidden && document.querySelector('#words').value === '/'")
    assert await tab.run("document.activeElement.getAttribute('aria-activedescendant')") is None
    await tab.type("votes")
    await tab.press("Tab")
    await tab.until("document.querySelector('.command')?.textContent === '/votes'")
    await tab.until(f"{titles} === 'Compound,ENS,Uniswap'")
    await tab.press("Escape")
    await tab.press("Escape")  # the first shuts the list, the second gives the command up
    await tab.until("document.activeElement === document.querySelector('#words')")
    await tab.type("still here")
    await tab.press("Escape")
    assert await tab.run("document.querySelector('#words').value") == "still here"
    assert bot.is_ready()


async def test_the_list_stays_on_the_page_and_goes_when_one_looks_elsewhere(
    server: Discord, bot: Bot, tab: Tab
) -> None:
    await tab.resize(400, 300)
    await tab.until("document.querySelector('#words') && (document.querySelector('#words').focus(), true)")
    await tab.type("/")
    await tab.until("document.querySelector('.offer.on')")
    place = await tab.run("document.querySelector('#offers').getBoundingClientRect().toJSON()")
    assert place["top"] >= 0
    assert place["right"] <= 400
    await tab.run("document.querySelector('#scroll').focus()")
    assert await tab.run("document.querySelector('#offers').hidden")
    assert bot.is_ready()


async def test_a_thread_is_shown_under_its_channel_and_on_its_message_and_opens(
    server: Discord, bot: Bot, tab: Tab
) -> None:
    sent = await bot.text("alerts").send("a proposal")
    thread = await sent.create_thread(name="Rostra DAO: Spend it")
    await thread.send("a vote on it")
    await tab.until("document.querySelector('.message button.thread')?.textContent === '🧵 Rostra DAO: Spend it'")
    await tab.until("document.querySelector('.channel.deep')?.textContent.includes('Rostra DAO: Spend it')")
    await tab.run("document.querySelector('.message button.thread').click()")
    await tab.until("document.querySelector('.message')?.textContent.includes('a vote on it')")
    await server.delete_channel(thread.id)
    await tab.until("!document.querySelector('.channel.deep')")


async def test_words_without_end_widen_nothing(server: Discord, bot: Bot, tab: Tab) -> None:
    endless = "W" * 300
    await bot.text("alerts").send(view=card("9" * 48, endless))
    await bot.text("alerts").send(f"{endless}\n> {endless}\n### {endless}\n`{endless}`")
    embed = discord.Embed(title=endless[:256], description=endless)
    embed.add_field(name=endless[:256], value=endless)
    await bot.text("alerts").send(embed=embed)
    await tab.until("document.querySelectorAll('.message').length === 3")
    await tab.run("[...document.querySelectorAll('button.button')].find((b) => b.textContent === 'Why?').click()")
    await tab.until(f"{LAST}.innerText.includes('Only you can see this')")
    server.notice(endless)
    await tab.until("document.querySelector('#notice').innerText.startsWith('WWW')")
    for width in (1280, 400):
        await tab.resize(width, 800)
        assert await tab.overflowing() == []


async def test_a_notice_stands_above_the_box_until_it_is_dismissed(server: Discord, bot: Bot, tab: Tab) -> None:
    server.notice("Try </votes:1>, <b>now</b>.")
    await tab.until("document.querySelector('#notice').innerText.startsWith('Try /votes, <b>now</b>.')")
    await tab.run("document.querySelector('#notice button.mention').click()")
    await tab.until("document.querySelector('.offer.on')?.textContent.includes('/votes')")
    await tab.run("document.querySelector('#notice button.close').click()")
    await tab.until("document.querySelector('#notice').hidden")
    await bot.text("alerts").send("another message")
    await server.add_channel("later")  # the page asks for everything again
    await tab.until("document.querySelector('#channels').innerText.includes('later')")
    assert await tab.run("document.querySelector('#notice').hidden")
    server.notice("Something else.")
    await tab.until("!document.querySelector('#notice').hidden")
    server.notice("")
    await tab.until("document.querySelector('#notice').hidden")


async def test_who_reads_the_newest_goes_on_reading_it(server: Discord, bot: Bot, tab: Tab) -> None:
    below = "((s) => s.scrollHeight - s.scrollTop - s.clientHeight)(document.querySelector('#scroll'))"
    for number in range(4):
        await bot.text("alerts").send(view=card(str(number)))
    await tab.until(f"document.querySelectorAll('.message').length === 4 && {below} < 2")
    server.notice("words " * 60)
    await tab.until(f"!document.querySelector('#notice').hidden && {below} < 2")
    await tab.run("document.querySelector('#scroll').scrollTop = 0")
    await bot.text("alerts").send(view=card("5"))
    await tab.until("!document.querySelector('#newer').hidden")
    bar = "document.querySelector('#newer').getBoundingClientRect().bottom"
    assert await tab.run(f"{bar} <= document.querySelector('#notice').getBoundingClientRect().top")
    await tab.run("document.querySelector('#newer').click()")
    await tab.until(f"document.querySelector('#newer').hidden && {below} < 2")
