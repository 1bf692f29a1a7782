"""`/batches`: the latest user operations and executions that failed, or all of them."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot import choices
from bot.cards.calls import KINDS, reason, said, sign
from bot.cards.card import Card
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from watchers.batches.events import BatchResult
from watchers.history import StoredEvent


def answer(found: Sequence[StoredEvent], desk: Desk, *, failed_only: bool, where: str) -> Card:
    """List operations, newest first."""
    rows = [_line(s.event, s.time_s, desk) for s in found if isinstance(s.event, BatchResult)]
    facts, left = fitting(rows)
    nothing = "No failed operation is on record." if failed_only else "No operation is on record yet."
    more = "ask `/batch` with a hash for the calls inside"
    return Card(
        headline="Latest failed operations" if failed_only else "Latest operations",
        subject=where,
        facts=facts or (f"{nothing} {desk.since}",),
        small=f"{counted(len(facts), 'operation')}{f', {left} more do not fit' if left else ''} · {more}",
    )


def _line(op: BatchResult, time_s: int, desk: Desk) -> str:
    url = desk.lexicon.tx_url(op.chain_id, op.tx)
    name = f"[{op.container_id[:10]}…]({url})" if url else f"{op.container_id[:10]}…"
    kind = f"{KINDS[op.container]} " if op.container in KINDS else ""
    who = desk.lexicon.who(op.chain_id, op.sender)
    why = f" · {reason(op.reason, 60)}" if op.reason else ""
    place = f" · {desk.lexicon.chain_name(op.chain_id)}" if len(desk.settings.chains) > 1 else ""
    return f"{sign(op)} {kind}**{name}** {said(op)} · {who}{why}{place} · <t:{time_s}:R>"


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="batches", description="The latest operations and executions that failed, or all")
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
