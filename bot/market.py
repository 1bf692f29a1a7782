"""The card of `/bundlers` and `/paymasters`: what `bot.infrastructure` added up, in sentences and as a picture."""

import asyncio
from typing import NamedTuple

from msgspec.structs import replace

from bot.cards.card import Card
from bot.cards.frame import fit, moment
from bot.charts.plots import Trend
from bot.desk import Desk
from bot.infrastructure import (
    DAY_S,
    HOUR_S,
    Concentration,
    Market,
    Period,
    Side,
    Work,
    concentration,
    cost,
    gather,
    home,
    share,
    succeeded,
    trend,
)
from bot.rows import counted, fitting
from config.settings import Chain
from watchers.history import MAX_SCANNED

SHOWN = 15


class Words(NamedTuple):
    """How one side of the market is spoken of. `none` are operations without one, `known` those with one (`one` of
    them), `nobody` a market in which all are without.
    """

    known: str
    one: str
    none: str
    short: str
    does: str
    nobody: str


WORDS: dict[Side, Words] = {
    "bundler": Words(
        "operations whose bundler is known",
        "known operation",
        "**Bundler unknown** {}. Who sent a transaction is asked where an operation failed or a watch wants its calls: "
        "the known ones look worse than they are, and their shares of all are the least that they have",
        "bundler unknown",
        "sent",
        "No bundler is known of",
    ),
    "paymaster": Words(
        "operations that a paymaster paid for",
        "operation",
        "**No paymaster** {}: the account paid for itself",
        "no paymaster",
        "paid for",
        "No paymaster paid for any of",
    ),
}


async def look(side: Side, period: Period, chain: Chain | None, desk: Desk) -> Card:
    """Add a period up, measure it, tell it and draw it."""
    market = await gather(desk, side, period, chain)
    # anybody can make each operation's paymaster another address: ranking all of them would hold the loop up
    card, plot = await asyncio.to_thread(_told, market, period, chain, desk)
    picture = await desk.draw(plot, "trend.png") if plot is not None else None
    return replace(card, pictures=(picture,)) if picture is not None else card


def _told(market: Market, period: Period, chain: Chain | None, desk: Desk) -> tuple[Card, Trend | None]:
    card = card_of(market, concentration(market.by_address.values()), period, chain, desk)
    plot = trend(market, f"{market.side.capitalize()}s · last {period}", WORDS[market.side].short, desk.lexicon)
    if plot is None and market.all.operations:
        step = "hours" if market.step_s == HOUR_S else "days"
        card = replace(card, facts=(*card.facts, f"**Trend** not yet: it takes operations in two {step} (UTC)"))
    return card, plot


def card_of(market: Market, measured: Concentration | None, period: Period, chain: Chain | None, desk: Desk) -> Card:
    """Tell a period: all, what is apart, how concentrated, how far the record reaches, then each, the largest first."""
    where = f"{chain.name if chain else 'all chains'} · last {period}"
    if not market.all.operations:
        nothing = f"No user operation of the last {period} is on record. {_kept(market, desk)}"
        return Card(headline=f"No {market.side}s on record", subject=where, facts=(nothing, *_cut(market, desk)))
    head = [*_whole(market, measured, desk), *_reach(market, desk)]
    ranked = market.ranked
    rows = [_row(address, work, market, desk) for address, work in ranked[:SHOWN]]
    facts, _ = fitting([*head, *rows])
    left = ranked[max(0, len(facts) - len(head)) :]
    rest = sum(work.operations for _, work in left)
    more = f"; {len(left):,} more, with {counted(rest, 'operation')}, are not shown" if left else ""
    return Card(
        headline=_headline(market, measured),
        subject=where,
        facts=facts,
        small=f"{counted(len(market.by_address), market.side)}{more} · shares are of all {market.all.operations:,} "
        "operations · cost is what their EntryPoint charged for gas",
    )


def _headline(market: Market, measured: Concentration | None) -> str:
    words = WORDS[market.side]
    total, known = market.all.operations, market.all.operations - market.none.operations
    if measured is None:
        return f"{words.nobody} {counted(total, 'operation')}"
    few = counted(measured.nakamoto, market.side)
    what = counted(known, words.one)
    return fit(f"{few} {words.does} over half of {what}", f"{few} {words.does} over half of all known")


def _whole(market: Market, measured: Concentration | None, desk: Desk) -> list[str]:
    words = WORDS[market.side]
    told = [f"**All** {_work(market.all, desk)}"]
    if measured is not None:
        equal = f"as much as {measured.effective_number:,.1f} equal ones"
        few = f"{measured.nakamoto:,} {'has' if measured.nakamoto == 1 else 'have'} more than half (Nakamoto)"
        told.append(f"**Concentration** HHI {measured.hhi:.4f}, {equal} · {few} · of the {words.known}")
    if market.none.operations:
        of_all = share(market.none.operations, market.all.operations)
        apart = f"{counted(market.none.operations, 'operation')}, {of_all} of all · {succeeded(market.none)}"
        told.append(words.none.format(apart))
    return told


def _reach(market: Market, desk: Desk) -> list[str]:
    spans = [moment(at) for at in (market.first_s, market.last_s) if at is not None]
    return [f"**On record** from {' to '.join(spans)}. {_kept(market, desk)}", *_cut(market, desk)]


def _kept(market: Market, desk: Desk) -> str:
    days = desk.settings.runtime.retention_d
    if market.now_s - market.since_s <= days * DAY_S:
        return desk.since
    return f"{desk.since} It is kept for {counted(days, 'day')}, less than was asked for."


def _cut(market: Market, desk: Desk) -> list[str]:
    return [
        f"**Not all** was read of {desk.lexicon.chain_name(chain_id)}: the newest {MAX_SCANNED:,} records, from "
        f"{moment(at_s)} on"
        for chain_id, at_s in market.cut.items()
    ]


def _row(address: str, work: Work, market: Market, desk: Desk) -> str:
    who = desk.lexicon.who(home(work), address)
    least = "at least " if market.side == "bundler" and market.none.operations else ""
    return f"• {who} {least}{share(work.operations, market.all.operations)} of all · {_work(work, desk)}"


def _work(work: Work, desk: Desk) -> str:
    return f"{counted(work.operations, 'operation')} · {succeeded(work)} · cost {cost(work, desk.lexicon)}"
