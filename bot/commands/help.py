"""`/help`: what can be asked, and what this channel is subscribed to."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot.cards.card import Card
from bot.commands.alerts import describe
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.subscription import Subscription


def answer(mentions: Sequence[tuple[str, str]], here: Sequence[Subscription], desk: Desk) -> Card:
    """List the commands as (mention, what it does), then this channel's subscriptions."""
    facts = [f"{mention} {what}" for mention, what in mentions]
    facts.append("")
    facts.append(
        "**This channel hears**" if here else "**This channel hears nothing yet.** Start with the alerts command."
    )
    facts += [f"• {describe(subscription, desk)}" for subscription in here]
    return Card(
        headline="Tribune says when concentrated power acts",
        facts=tuple(facts),
        small="Every alert has a Why? button that shows the rule, the measures and the data",
    )


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="help", description="What can be asked, and what this channel hears")
    async def help_(asked: Asked) -> None:
        async def work() -> Card:
            tree: Any = getattr(asked.client, "tree", None)
            ids = getattr(asked.client, "command_ids", {})
            mentions = []
            for command in sorted(tree.get_commands(), key=lambda c: c.name) if tree else []:
                subs = command.walk_commands() if isinstance(command, app_commands.Group) else [command]
                for sub in subs:
                    known = ids.get(command.name)
                    name = f"</{sub.qualified_name}:{known}>" if known else f"`/{sub.qualified_name}`"
                    mentions.append((name, sub.description))
            here = await desk.subscriptions.of_channel(asked.channel_id) if asked.channel_id else []
            return answer(mentions, here, desk)

        await reply(asked, work(), private=True)

    return [help_]
