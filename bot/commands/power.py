"""`/power`: who holds the power of a DAO, at three levels: holders, delegates, voters of the latest proposal."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

from discord import app_commands
from msgspec.structs import replace

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import symbol
from bot.cards.frame import fit
from bot.cards.lexicon import short_number
from bot.census import DAY_S, counted_powers
from bot.charts.plots import Curve, Line, Lorenz, Panel, Plot, Trend
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted
from config.settings import Dao
from watchers.delegates import Book, Snapshot
from watchers.governance.events import ProposalChange
from watchers.governance.getters import Number
from watchers.holders import HolderBooks, differs, questions
from watchers.wing import Ballot

if TYPE_CHECKING:
    from watchers.governance.census import Census

CHANGE_D = 30
SHOWN_OUT = 5
NOT_HELD = "**Holders** unknown: holders are not indexed"
NO_TREND = "**Trend** not yet: it takes two daily snapshots, and one is taken a day"


class Level(NamedTuple):
    """One level's distribution; `census` None: nobody holds anything, or it is not known."""

    census: "Census | None"
    quorum_raw: int | None = None
    threshold_raw: int | None = None


class Vote(NamedTuple):
    """The latest proposal: its voters, None where not all its votes are on record, and what they cast together."""

    proposal_id: int
    voters: Mapping[str, int] | None
    census: "Census | None"


def answer(
    dao: Dao,
    book: Book | None,
    level: Level,
    out: Mapping[str, int],
    latest: Vote | None,
    then: Snapshot | None,
    desk: Desk,
    holders: Sequence[str] = (NOT_HELD,),
) -> Card:
    """Draw the answer. `book` None: nothing tells this token's delegates; `out` is who is left out with what."""
    chain_id = desk.settings.chains[dao.chain].id
    census = level.census
    facts = list(holders)
    if book is None:
        facts.append("**Delegates** unknown: daos.toml names no token_start_block, so no book of delegates is kept")
    elif not book.progress.whole:
        facts.append(f"**Delegates** unknown: the book of delegates is {book.progress.share():.0%} read back")
    elif census is None:
        facts.append("**Delegates** nobody has been given votes")
    else:
        facts += _delegates(dao, level, census, then)
        facts += _out(out, book, dao, chain_id, desk)
    facts += _voters(latest, book if book is not None and book.progress.whole else None)
    return Card(
        headline=_headline(census),
        subject=f"{dao.name} · who holds the power",
        facts=tuple(facts),
        small=_small(dao, book, desk, chain_id),
    )


def _headline(census: "Census | None") -> str:
    if census is None:
        return "Who decides: unknown"
    k = census.measures.nakamoto
    return fit(f"{counted(k, 'delegate')} {'has' if k == 1 else 'have'} more than half of the votes")


def _small(dao: Dao, book: Book | None, desk: Desk, chain_id: int) -> str:
    parts = [desk.lexicon.chain_name(chain_id)]
    if book is not None and book.at is not None:
        parts.append(f"delegates as of block {figures.number(book.at.number)}")
    if book is not None and book.progress.gaps:
        parts.append(f"{counted(book.progress.gaps, 'change')} did not continue the one before: a node left logs out")
    if dao.timelock is None:
        parts.append("no timelock is named in daos.toml")
    return " · ".join(parts)


def _delegates(dao: Dao, level: Level, census: "Census", then: Snapshot | None) -> list[str]:
    m, was = census.measures, then
    told = f"{figures.amount(m.total, dao.decimals)} {symbol(dao.symbol)}"
    rows = [
        f"**Delegates** {m.n:,} with {told} together",
        (
            f"• **Gini {m.gini:.3f}**{_moved(m.gini, was.gini if was else None)}: "
            "0 when all have the same, towards 1 when one has everything"
        ),
        (
            f"• **HHI {m.hhi:.4f}**{_moved(m.hhi, was.hhi if was else None, 4)}: as concentrated as "
            f"{m.effective_number:,.1f} equal delegates; above 0.25 is highly concentrated"
        ),
        (
            f"• **Nakamoto {m.nakamoto:,}**{_stepped(m.nakamoto, was.nakamoto if was else None)}: so many of the "
            "largest have more than half"
        ),
        _reach("To the quorum", census.to_quorum, level.quorum_raw, dao, "reach it alone"),
        _reach("To propose", census.to_threshold, level.threshold_raw, dao, "may propose, together at least"),
        (
            f"• **Largest {_part(m.top1)}**, ten largest {_part(m.top10)}, largest hundredth {_part(m.top_1pct)}, "
            f"tenth {_part(m.top_10pct)} of all delegated votes"
        ),
        (
            f"• **Shannon {m.shannon_bits:.2f} bits**, min-entropy {m.min_entropy_bits:.2f}: as hard to guess who "
            f"has a vote as among {2**m.shannon_bits:,.0f} equals; by the largest alone, {2**m.min_entropy_bits:,.1f}"
        ),
        (
            f"• **Theil {m.theil:.2f}** of at most {log(m.n):.2f}: {census.classes.within:.2f} lies within classes of "
            f"labels, {census.classes.between:.2f} between them"
        ),
        _game(census),
    ]
    if was is None:
        rows.append(f"Change over {CHANGE_D} days: unknown, no snapshot is that old")
    return rows


def _reach(what: str, count: int | None, amount_raw: int | None, dao: Dao, does: str) -> str:
    if amount_raw is None:
        return f"• **{what}** unknown: the governor was not asked or does not tell"
    amount = f"{figures.amount(amount_raw, dao.decimals)} {symbol(dao.symbol)}"
    if not amount_raw:
        return f"• **{what}** none needed"
    if count is None:
        return f"• **{what}** all delegates together have less than {amount}"
    return f"• **{what} {count:,}**: so many of the largest {does} ({amount})"


def _game(census: "Census") -> str:
    game = census.game
    part = "unknown" if game.banzhaf is None else _part(game.banzhaf)
    return (
        f"• **Banzhaf {part}**, Shapley-Shubik {_part(game.shapley_shubik)} for the largest, with "
        f"{_part(game.largest)} of the votes: how often it decides among the {game.players} largest "
        f"({_part(game.share)} of all), where more than half of theirs wins"
    )


def _part(share: float) -> str:
    return figures.percent(Decimal(share))


def _moved(now: float, then: float | None, digits: int = 3) -> str:
    return "" if then is None else f" ({now - then:+.{digits}f} in {CHANGE_D} days)"


def _stepped(now: int, then: int | None) -> str:
    return "" if then is None else f" ({now - then:+,} in {CHANGE_D} days)"


def _out(out: Mapping[str, int], book: Book, dao: Dao, chain_id: int, desk: Desk) -> list[str]:
    if not out:
        return ["**Left out** nobody: no delegate is the DAO's own contract, burnt, or labelled as holding for others"]
    rows = sorted(out.items(), key=lambda pair: -pair[1])
    said = [
        f"{desk.lexicon.who(chain_id, who)} {figures.amount(raw, dao.decimals)}"
        f" ({figures.percent(Decimal(raw) / book.total_raw)})"
        for who, raw in rows[:SHOWN_OUT]
    ]
    more = f", and {len(rows) - SHOWN_OUT} more" if len(rows) > SHOWN_OUT else ""
    return [f"**Left out** {', '.join(said)}{more}"]


async def holders_of(dao: Dao, desk: Desk) -> list[str]:
    """Say who holds the token, or why that is not known."""
    book = await desk.held(dao)
    if book is None:
        return [NOT_HELD]
    why = _unheld(book)
    chain_id = desk.settings.chains[dao.chain].id
    if not why:
        asked = questions(book, dao.token)
        why = differs(book, dao.token, await desk.facts(chain_id, asked))
    if why:
        return [f"**Holders** unknown: {why}"]
    held, out = counted_powers(book, dao, chain_id, desk.lexicon)
    census = await measured(dao, held, None, None, desk)
    if census is None:
        return ["**Holders** nobody whose holding counts", *_out(out, book, dao, chain_id, desk)]
    m = census.measures
    told = f"{figures.amount(m.total, dao.decimals)} {symbol(dao.symbol)}"
    at = f", as of block {figures.number(book.at.number)}" if book.at is not None else ""
    return [
        f"**Holders** {m.n:,} with {told} together{at}",
        (
            f"• **Gini {m.gini:.3f}**, HHI {m.hhi:.4f}; {counted(m.nakamoto, 'holder')} "
            f"{'has' if m.nakamoto == 1 else 'have'} more than half, the largest {_part(m.top1)}, the ten largest "
            f"{_part(m.top10)}"
        ),
        *(_out(out, book, dao, chain_id, desk) if out else ()),
    ]


def _unheld(book: Book) -> str:
    progress = book.progress
    if progress.over:
        return f"more than {HolderBooks.most:,} hold it, and a book may have no more"
    if progress.late:
        return f"something of final block {figures.number(progress.late)} came late: the book must be read anew"
    return "" if progress.whole else f"the book of holders is {progress.share():.0%} read back"


def _voters(latest: Vote | None, book: Book | None) -> list[str]:
    if latest is None:
        return ["**Voters** unknown: no proposal is on record"]
    name = f"**Voters** of proposal {short_number(latest.proposal_id)}"
    if latest.voters is None:
        return [f"{name} unknown: not all of its votes are on record"]
    if latest.census is None:
        return [f"{name}: nobody yet"]
    m, cast = latest.census.measures, sum(latest.voters.values())
    turnout = (
        f", {figures.percent(Decimal(cast) / book.total_raw)} of what is delegated now"
        if book and book.total_raw
        else ""
    )
    return [
        f"{name}: {counted(m.n, 'voter')}{turnout}",
        (
            f"• **Gini {m.gini:.3f}**, HHI {m.hhi:.4f}; {counted(m.nakamoto, 'voter')} cast more than half, the "
            f"largest {_part(m.top1)}"
        ),
    ]


def voters_of(ballots: Sequence[Ballot] | None) -> dict[str, int] | None:
    """Add up what each voter cast."""
    if ballots is None:
        return None
    cast: dict[str, int] = {}
    for ballot in ballots:
        raw = ballot.for_raw + ballot.against_raw + ballot.abstain_raw
        cast[ballot.voter] = raw if ballot.replaces else cast.get(ballot.voter, 0) + raw
    return {who: raw for who, raw in cast.items() if raw}


async def measured(
    dao: Dao, powers: Mapping[str, int], quorum_raw: int | None, threshold_raw: int | None, desk: Desk
) -> "Census | None":
    """Measure beside the event loop; numpy comes with the first question."""
    chain_id = desk.settings.chains[dao.chain].id

    def class_of(who: str) -> str:
        label = desk.lexicon.label(chain_id, who)
        return label.kind if label is not None else "unknown"

    def work() -> "Census | None":
        from watchers.governance.census import take  # noqa: PLC0415 - it brings numpy

        return take(powers, class_of, quorum_raw, threshold_raw)

    return await asyncio.to_thread(work)


async def look(dao: Dao, desk: Desk) -> Card:
    """Gather all three levels and draw them."""
    chain_id = desk.settings.chains[dao.chain].id
    latest, quorum_raw = await _latest(dao, chain_id, desk)
    book = await desk.book(dao)
    if book is None or not book.progress.whole:
        return answer(dao, book, Level(None), {}, latest, None, desk, await holders_of(dao, desk))
    asked = Number(dao.governor, "proposalThreshold()")
    facts = await desk.facts(chain_id, [asked])
    threshold_raw = facts.get(asked) if facts is not None else None
    powers, out = counted_powers(book, dao, chain_id, desk.lexicon)
    level = Level(await measured(dao, powers, quorum_raw, threshold_raw, desk), quorum_raw, threshold_raw)
    kept = await desk.books.snapshots(chain_id, dao.token)
    then = next((one for one in kept if one.day == book.time_s // DAY_S - CHANGE_D), None)
    card = answer(dao, book, level, out, latest, then, desk, await holders_of(dao, desk))
    if level.census is None:
        return card
    plots: list[tuple[Plot, str]] = [(lorenz(dao, level.census, latest), "lorenz.png")]
    if len(kept) >= 2:  # noqa: PLR2004 - one point is no trend
        plots.append((trend(dao, kept), "trend.png"))
    else:
        card = replace(card, facts=(*card.facts, NO_TREND))
    drawn = [await desk.draw(plot, name) for plot, name in plots]
    return replace(card, pictures=tuple(one for one in drawn if one is not None))


def lorenz(dao: Dao, census: "Census", latest: Vote | None) -> Plot:
    """Give the Lorenz curves of the delegates and of the latest proposal's voters."""
    curves = [_curve("delegates", census)]
    if latest is not None and latest.census is not None:
        curves.append(_curve(f"voters of {short_number(latest.proposal_id)}", latest.census))
    return Lorenz(f"{dao.name} · how evenly votes are held", tuple(curves))


def _curve(name: str, census: "Census") -> Curve:
    m = census.measures
    return Curve(name, census.curve, m.gini, m.n, m.nakamoto)


def trend(dao: Dao, kept: Sequence[Snapshot]) -> Plot:
    """Give what the snapshots measured, over the days that are kept."""

    def line(name: str, value: Callable[[Snapshot], float]) -> tuple[Line, ...]:
        return (Line(name, tuple((one.time_s, value(one)) for one in kept)),)

    return Trend(
        f"{dao.name} · delegates' power over time",
        (
            Panel("0 when all are equal, 1 when one has all", line("Gini", lambda one: one.gini)),
            Panel("of all delegated votes", line("ten largest", lambda one: one.top10), "share"),
            Panel("largest delegates with more than half", line("Nakamoto", lambda one: one.nakamoto), "count"),
        ),
    )


async def _latest(dao: Dao, chain_id: int, desk: Desk) -> tuple[Vote | None, int | None]:
    """Read the latest proposal's voters, and its quorum as the governor tells it."""
    found = await desk.history.proposals(chain_id=chain_id, governor=dao.governor, limit=1)
    created = found[0].event if found else None
    if not isinstance(created, ProposalChange):
        return None, None
    steps = await desk.history.proposal(chain_id, dao.governor, created.proposal_id)
    ballots = await desk.history.ballots(chain_id, dao.governor, created.proposal_id)
    voters = voters_of(ballots)
    standing = await desk.ask(dao, created.proposal_id, steps, ballots)
    quorum_raw = standing.tally.quorum_raw if standing is not None and standing.tally is not None else None
    census = await measured(dao, voters, None, None, desk) if voters else None
    return Vote(created.proposal_id, voters, census), quorum_raw


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="power", description="Who holds the power of a DAO, and how few can decide")
    @app_commands.describe(dao="Whose power")
    @app_commands.autocomplete(dao=choices.daos(desk))
    async def power(asked: Asked, dao: str) -> None:
        async def work() -> Card:
            return await look(choices.the_dao(desk, dao), desk)

        await reply(asked, work())

    return [power]
