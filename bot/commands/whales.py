"""`/whales`: the latest liquidity moves that passed a watch's floor."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import escape, symbol
from bot.desk import Desk
from bot.reply import Asked, reply
from config.settings import Chain
from watchers.alert import AlertState, MoveFacts

SCANNED = 300
_VERB = {"add": "added", "remove": "removed", "collect": "collected", "swap": "swapped"}


def answer(
    found: Sequence[AlertState],
    desk: Desk,
    *,
    chain: Chain | None,
    protocol: str | None,
    min_usd: Decimal | None,
    limit: int,
) -> Card:
    """List moves, newest first. A move without a price never passes a minimum in dollars."""
    facts = []
    for state in found:
        move = state.alert.facts
        if not isinstance(move, MoveFacts) or not state.live:
            continue
        if (chain and state.alert.chain_id != chain.id) or (protocol and state.alert.protocol != protocol):
            continue
        if min_usd is not None and (move.usd is None or abs(move.usd) < min_usd):
            continue
        facts.append(_line(state, move, desk))
    where = " · ".join(part for part in (chain.name if chain else "", protocol or "") if part)
    return Card(
        headline="Latest whale moves",
        subject=where or "all chains",
        facts=tuple(facts[:limit]) or ("No move on record passes. Lower the minimum, or wait for the next whale.",),
        small=f"from the last {len(found)} moves on record",
    )


def _line(state: AlertState, move: MoveFacts, desk: Desk) -> str:
    alert = state.alert
    size = figures.usd(abs(move.usd)) if move.usd is not None else ""
    if not size:
        size = " + ".join(figures.tokens(a, symbol(a.symbol)) for a in move.amounts if a.raw)
    said = f"{size} {_VERB[move.action]}"
    url = desk.lexicon.tx_url(alert.chain_id, alert.tx)
    share = f" · {figures.percent(move.share_of_pool)} of the pool" if move.share_of_pool is not None else ""
    linked = f"[{said}]({url})" if url else said
    who = desk.lexicon.who(alert.chain_id, move.actor or move.owner)
    return f"**{linked}** · {escape(move.pool_name, 50)}{share} · {who} · <t:{alert.block_time_s}:R>"


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="whales", description="The latest large liquidity moves")
    @app_commands.describe(
        chain="One chain only",
        protocol="One protocol only",
        min_usd="At least this many dollars",
        limit="How many, 10 if not said",
    )
    @app_commands.autocomplete(chain=choices.chains(desk), protocol=choices.protocols(desk, "liquidity"))
    async def whales(
        asked: Asked,
        chain: str | None = None,
        protocol: str | None = None,
        min_usd: app_commands.Range[int, 0] | None = None,
        limit: app_commands.Range[int, 1, 20] = 10,
    ) -> None:
        async def work() -> Card:
            one = choices.the_chain(desk, chain)
            found = await desk.history.alerts(kind="liquidity", chain_id=one.id if one else None, limit=SCANNED)
            floor = None if min_usd is None else Decimal(min_usd)
            return answer(found, desk, chain=one, protocol=protocol, min_usd=floor, limit=limit)

        await reply(asked, work())

    return [whales]
