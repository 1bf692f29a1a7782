"""`/whales`: the large liquidity moves of late: those that made an alert, and those of the last 24 h that history has.

An alert was valued in its own block. What was read without weighing, as the first day is, is valued now, and says so.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import escape, symbol
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted, fitting, listed
from config.settings import Chain
from watchers.alert import AlertState, MoveFacts
from watchers.appraisal import Appraised, Valued
from watchers.liquidity.events import LOAN_ACTIONS

SCANNED = 300
LARGEST = 5  # shown when no move is a whale's
_VERB = {
    "add": "added",
    "remove": "removed",
    "collect": "collected",
    "swap": "swapped",
    "supply": "supplied",
    "withdraw": "withdrawn",
    "borrow": "borrowed",
    "repay": "repaid",
    "liquidation": "liquidated",
}


class Whale(NamedTuple):
    """A move as a row tells it. `about` marks what was valued at today's prices."""

    chain_id: int
    tx: str
    size: str
    about: bool
    action: str
    pool_name: str
    share: Decimal | None
    who: str
    time_s: int


def answer(
    said: Sequence[AlertState],
    lately: Appraised,
    desk: Desk,
    *,
    chain: Chain | None = None,
    protocol: str | None = None,
    min_usd: Decimal | None = None,
    limit: int = 10,
) -> Card:
    """List moves, newest first; when none is large enough, the largest of the day. A move without a price never passes
    a minimum in dollars.
    """
    told = [s for s in said if _passes(s, chain, protocol, min_usd)]
    known = {s.alert.id for s in said}
    rows = [_said(s) for s in told if isinstance(s.alert.facts, MoveFacts)]
    rows += [_valued(v) for v in lately.moves if v.alert_id not in known]
    rows.sort(key=lambda row: -row.time_s)
    headline = "Latest whale moves"
    if not rows and lately.largest:
        rows = [_valued(v) for v in lately.largest[:LARGEST]]
        headline = "No whale lately: the largest moves of 24 h"
    facts, _ = fitting(listed([_line(row, desk) for row in rows[:limit]]))
    shown = rows[: len(facts)]
    where = [part for part in (chain.name if chain else "all chains", (protocol or "").replace("_", " ")) if part]
    where += [f"from {figures.usd(min_usd)}"] if min_usd is not None else []
    return Card(
        headline=headline,
        subject=" · ".join(where),
        facts=(facts or (_nothing(min_usd),)) + _out(lately),
        small=_small(shown, lately),
    )


def _passes(state: AlertState, chain: Chain | None, protocol: str | None, min_usd: Decimal | None) -> bool:
    alert, move = state.alert, state.alert.facts
    if not isinstance(move, MoveFacts) or not state.live:
        return False
    if (chain and alert.chain_id != chain.id) or (protocol and alert.protocol != protocol):
        return False
    return min_usd is None or (move.usd is not None and abs(move.usd) >= min_usd)


def _said(state: AlertState) -> Whale:
    alert, move = state.alert, state.alert.facts
    if not isinstance(move, MoveFacts):
        raise TypeError("a whale is drawn from MoveFacts")
    size = figures.usd(abs(move.usd)) if move.usd is not None else ""
    size = size or " + ".join(figures.tokens(a, symbol(a.symbol)) for a in move.amounts if a.raw) or "an unknown amount"
    who, share = move.actor or move.owner, move.share_of_pool
    return Whale(alert.chain_id, alert.tx, size, False, move.action, move.pool_name, share, who, alert.block_time_s)


def _valued(one: Valued) -> Whale:
    size = figures.usd(abs(one.usd))
    return Whale(one.chain_id, one.tx, size, True, one.action, one.pool_name, one.share_of_pool, one.who, one.time_s)


def _line(row: Whale, desk: Desk) -> str:
    said = f"{'≈ ' if row.about else ''}{row.size} {_VERB[row.action]}"
    url = desk.lexicon.tx_url(row.chain_id, row.tx)
    whole = "reserve" if row.action in LOAN_ACTIONS else "pool"
    share = f" · {figures.percent(row.share)} of the {whole}" if row.share is not None else ""
    linked = f"[{said}]({url})" if url else said
    who = desk.lexicon.who(row.chain_id, row.who)
    place = f" on {desk.lexicon.chain_name(row.chain_id)}" if len(desk.settings.chains) > 1 else ""
    return f"**{linked}** · {escape(row.pool_name, 60)}{place}{share} · {who} · <t:{row.time_s}:R>"


def _nothing(min_usd: Decimal | None) -> str:
    lower = "Lower the minimum, or wait" if min_usd else "Wait"
    return f"No move on record is large enough. {lower} for the next whale."


def _out(lately: Appraised) -> tuple[str, ...]:
    if not lately.out:
        return ()
    return (f"{', '.join(lately.out)} cannot be asked right now: only moves that made an alert are listed there.",)


def _small(shown: Sequence[Whale], lately: Appraised) -> str:
    parts = [counted(len(shown), "move")]
    if any(row.about for row in shown):
        at = f" of <t:{lately.priced_at_s}:f>" if lately.priced_at_s else ""
        parts.append(f"≈ valued at prices{at}, not at those of its block")
    if lately.valued:
        looked = counted(lately.valued, "move")
        parts.append(f"{looked} of the last 24 h in the busiest pools were looked at")
    return " · ".join(parts)


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
            named = choices.the_protocol(desk, protocol, "liquidity") if protocol else None
            floor = None if min_usd is None else Decimal(min_usd)
            chain_id = one.id if one else None
            said = await desk.history.alerts(kind="liquidity", chain_id=chain_id, limit=SCANNED)
            lately = await desk.appraise(chain_id=chain_id, protocol=named, floor=floor, limit=limit)
            return answer(said, lately, desk, chain=one, protocol=named, min_usd=floor, limit=limit)

        await reply(asked, work())

    return [whales]
