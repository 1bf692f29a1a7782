"""`/batches`: the latest user operations, failed ones first to be asked for."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import code
from bot.desk import Desk
from bot.reply import Asked, reply
from watchers.batches.events import BatchResult
from watchers.history import StoredEvent

_SIGN = {True: "✓", False: "✗"}


def answer(found: Sequence[StoredEvent], desk: Desk, *, failed_only: bool, where: str) -> Card:
    """List operations, newest first."""
    facts = []
    for stored in found:
        if not isinstance(batch := stored.event, BatchResult):
            continue
        url = desk.lexicon.tx_url(batch.chain_id, batch.tx)
        said = batch.outcome.replace("_", " ") if batch.outcome != "unknown" else "inner result unknown"
        name = f"[{batch.container_id[:10]}…]({url})" if url else f"{batch.container_id[:10]}…"
        why = f" · {code(batch.reason, 60)}" if batch.reason else ""
        sender = desk.lexicon.who(batch.chain_id, batch.sender)
        facts.append(f"{_SIGN[batch.success]} **{name}** {said} · {sender}{why} · <t:{stored.time_s}:R>")
    return Card(
        headline="Latest failed operations" if failed_only else "Latest operations",
        subject=where,
        facts=tuple(facts) or ("None on record yet. History starts when Tribune first reads a chain.",),
        small=f"{figures.number(len(facts))} on this page · ask /batch with a hash for the calls inside",
    )


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="batches", description="The latest batches and what became of them")
    @app_commands.describe(
        chain="One chain only", failed_only="Only what failed, yes if not said", limit="How many, 10 if not said"
    )
    @app_commands.autocomplete(chain=choices.chains(desk))
    async def batches(
        asked: Asked, chain: str | None = None, *, failed_only: bool = True, limit: app_commands.Range[int, 1, 20] = 10
    ) -> None:
        async def work() -> Card:
            one = choices.the_chain(desk, chain)
            found = await desk.history.batches(chain_id=one.id if one else None, failed_only=failed_only, limit=limit)
            return answer(found, desk, failed_only=failed_only, where=one.name if one else "all chains")

        await reply(asked, work())

    return [batches]
