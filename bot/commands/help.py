"""`/help`: what can be asked, and what this channel is subscribed to."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot.cards.card import Card
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import fitting
from bot.subscription import Subscription
from bot.terms import describe, heard_in


def answer(
    mentions: Sequence[tuple[str, str]], here: Sequence[Subscription], desk: Desk, *, in_server: bool = True
) -> Card:
    """List the commands as (mention, what it does), then this channel's subscriptions."""
    rows = [f"{mention} {what}" for mention, what in mentions]
    if in_server:
        start = next((mention for mention, _ in mentions if "alerts add" in mention), "`/alerts add`")
        nothing = f"**This channel hears nothing yet.** Who manages the server can start with {start}."
        rows += ["", "**This channel hears**" if here else nothing]
        rows += [f"• {describe(subscription, desk)}" for subscription in here]
    facts, left = fitting(rows)
    return Card(
        headline="Tribune says when concentrated power acts",
        facts=facts + ((f"and {left} more",) if left else ()),
        small="Every alert has a Why? button that shows the rule, the measures and the data",
    )


def mentions_of(tree: Any, ids: dict[str, int], *, in_server: bool) -> list[tuple[str, str]]:
    """Give each command and subcommand as a clickable mention with its description; in direct messages, those that work
    there.
    """
    mentions = []
    for command in sorted(tree.get_commands(), key=lambda c: c.name) if tree else []:
        if command.guild_only and not in_server:
            continue
        known = ids.get(command.name)
        for one in command.walk_commands() if isinstance(command, app_commands.Group) else [command]:
            name = f"</{one.qualified_name}:{known}>" if known else f"`/{one.qualified_name}`"
            mentions.append((name, one.description))
    return mentions


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="help", description="What can be asked, and what this channel hears")
    async def help_(asked: Asked) -> None:
        async def work() -> Card:
            in_server = asked.guild_id is not None
            tree, ids = getattr(asked.client, "tree", None), getattr(asked.client, "command_ids", {})
            channel = await heard_in(asked.channel, asked.channel_id, desk) if asked.channel_id else None
            here = await desk.subscriptions.of_channel(channel) if channel else []
            return answer(mentions_of(tree, ids, in_server=in_server), here, desk, in_server=in_server)

        await reply(asked, work(), private=True)

    return [help_]
