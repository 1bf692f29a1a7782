"""`/power`: who holds the power of a DAO, at three levels: holders, delegates, voters of the latest proposal."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from discord import app_commands
from discord.app_commands import Choice
from msgspec.structs import replace

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.frame import fit
from bot.cards.lexicon import short_number
from bot.census import counted_powers, snapshot_of
from bot.charts.plots import Curve, Line, Lorenz, Panel, Plot, Trend
from bot.desk import Desk
from bot.levels import CHANGE_D, NAMES, Level, Name, before, briefly, headline, unkept, wholly
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from config.settings import Dao
from watchers.delegates import DAY_S, Book, Snapshot
from watchers.governance.events import ProposalChange
from watchers.governance.getters import Number
from watchers.governance.tally import Book as Votes
from watchers.history import StoredEvent
from watchers.holders import HolderBooks, doubt
from watchers.wing import Ballot

if TYPE_CHECKING:
    from watchers.governance.census import Census

NOT_HELD = " unknown: holders are not indexed"
NO_TREND = "**Trend** not yet: it takes two daily snapshots, and one is taken a day"
MORE = "Every measure of one level: give `level`"
SHOWN_PROPOSALS = 200


class Terms(NamedTuple):
    """What the DAO asks of votes, and the supply; None: not known."""

    quorum_raw: int | None = None
    threshold_raw: int | None = None
    supply_raw: int | None = None


def card_of(dao: Dao, levels: Sequence[Level], desk: Desk, *, block: int | None, gaps: int = 0) -> Card:
    """Draw the answer: one level wholly, several briefly. `gaps` counts changes that a book did not get."""
    alone = len(levels) == 1
    tell = wholly if alone else briefly
    facts = [line for level in levels for line in tell(level, dao, desk)]
    if fitting(facts)[1]:  # long labels: the links are what can go
        facts = [line for level in levels for line in tell(level, dao, desk, linked=False)]
    known = {level.name: level for level in levels if level.census is not None}
    first = next((known[name] for name in ("delegates", "holders") if name in known), levels[0])
    small = [desk.lexicon.chain_name(desk.settings.chains[dao.chain].id)]
    if block is not None:
        small.append(f"as of block {figures.number(block)}")
    if gaps:
        small.append(f"{counted(gaps, 'change')} did not continue the one before: a node left logs out")
    if dao.protocol and dao.timelock is None:
        small.append("no timelock is named in daos.toml")
    return Card(
        headline=fit(headline(levels[0] if alone else first)),
        subject=f"{dao.name} · who holds the power",
        facts=(*facts, *(() if alone else (MORE,))),
        small=" · ".join(small),
    )


# --- the three levels -------------------------------------------------------------------------------------------------


async def holders_of(dao: Dao, book: Book | None, terms: Terms, desk: Desk) -> Level:
    """Measure who holds the token, or say why that is not known."""
    title = "**Holders**"
    if book is None:
        return Level("holders", title, why=NOT_HELD)
    chain_id = desk.settings.chains[dao.chain].id
    why = _unheld(book) or await doubt(book, dao.token, partial(desk.facts, chain_id))
    if why:
        return Level("holders", title, why=f" unknown: {why}")
    held, out = counted_powers(book, dao, chain_id, desk.lexicon)
    kept = await desk.holders.snapshots(chain_id, dao.token)
    level = await _of_book(Level("holders", title, out=out, kept=kept), dao, book, held, terms, desk)
    return level if level.census is not None else level._replace(why=" nobody whose holding counts")


def _unheld(book: Book) -> str:
    progress = book.progress
    if progress.over:
        return f"more than {HolderBooks.most:,} hold it, and a book may have no more"
    if progress.late:
        return f"something of final block {figures.number(progress.late)} came late: the book must be read anew"
    return "" if progress.whole else f"the book of holders is {progress.share():.0%} read back"


async def delegates_of(dao: Dao, book: Book | None, terms: Terms, desk: Desk) -> Level:
    """Measure who has been given votes, or say why that is not known."""
    title = "**Delegates**"
    if book is None:
        return Level("delegates", title, why=f" {unkept(dao)}")
    if not book.progress.whole:
        return Level(
            "delegates", title, why=f" unknown: the book of delegates is {book.progress.share():.0%} read back"
        )
    chain_id = desk.settings.chains[dao.chain].id
    powers, out = counted_powers(book, dao, chain_id, desk.lexicon)
    kept = await desk.books.snapshots(chain_id, dao.token)
    level = await _of_book(Level("delegates", title, out=out, kept=kept), dao, book, powers, terms, desk)
    return level if level.census is not None else level._replace(why=" nobody has been given votes")


async def _of_book(level: Level, dao: Dao, book: Book, powers: Mapping[str, int], terms: Terms, desk: Desk) -> Level:
    then = before(level.kept, book.time_s)
    return level._replace(
        census=await measured(dao, powers, terms, desk),
        quorum_raw=terms.quorum_raw,
        threshold_raw=terms.threshold_raw,
        whole_raw=book.total_raw,
        time_s=book.time_s,
        then=then,
        since=f"block {figures.number(then.block)}" if then is not None else "",
    )


async def voters_of(
    dao: Dao, proposals: Sequence[StoredEvent], delegated_raw: int | None, terms: Terms, desk: Desk
) -> Level:
    """Measure who voted on the latest of the proposals that has votes, or say why that is not known."""
    latest, voters = await _voted(dao, proposals, desk)
    if latest is None or not isinstance(latest.event, ProposalChange):
        return Level("voters", "**Voters**", why=" unknown: no proposal is on record")
    level = Level("voters", f"**Voters** of proposal {short_number(latest.event.proposal_id)}")
    if voters is None:
        return level._replace(why=" unknown: not all of its votes are on record, or one cannot be placed")
    if not voters:
        return level._replace(why=": nobody yet")
    then, since = await _earlier(dao, proposals, latest.time_s, desk)
    return level._replace(
        census=await measured(dao, voters, terms, desk),
        quorum_raw=terms.quorum_raw,
        threshold_raw=terms.threshold_raw,
        said=(_turnout(sum(voters.values()), delegated_raw, terms.supply_raw),),
        time_s=latest.time_s,
        then=then,
        since=since,
    )


def _turnout(cast_raw: int, delegated_raw: int | None, supply_raw: int | None) -> str:
    whole = (("of the supply", supply_raw), ("of what is delegated now", delegated_raw))
    told = [f"{figures.percent(Decimal(cast_raw) / raw)} {of}" if raw else f"unknown {of}" for of, raw in whole]
    return f"• **Turnout {told[0]}**, {told[1]}: how much of what could vote did"


async def _voted(
    dao: Dao, proposals: Sequence[StoredEvent], desk: Desk
) -> tuple[StoredEvent | None, dict[str, int] | None]:
    """Find the newest proposal that has votes, or the newest of all."""
    for created in proposals:
        voters = await _voters(dao, created, desk)
        if voters or voters is None:
            return created, voters
    return (proposals[0], {}) if proposals else (None, None)


async def _voters(dao: Dao, created: StoredEvent, desk: Desk) -> dict[str, int] | None:
    assert isinstance(created.event, ProposalChange)  # noqa: S101 - it is a proposal's creation
    chain_id = desk.settings.chains[dao.chain].id
    return cast_by(await desk.history.ballots(chain_id, dao.governor, created.event.proposal_id))


async def _earlier(dao: Dao, proposals: Sequence[StoredEvent], time_s: int, desk: Desk) -> tuple[Snapshot | None, str]:
    """Measure the voters of the newest proposal that was created 30 days before, and name it."""
    for created in proposals:
        if created.time_s > time_s - CHANGE_D * DAY_S or not isinstance(created.event, ProposalChange):
            continue
        voters = await _voters(dao, created, desk)
        if voters:
            day, balances = created.time_s // DAY_S, list(voters.values())
            then = await asyncio.to_thread(snapshot_of, day, created.event.block, created.time_s, balances)
            return then, f"proposal {short_number(created.event.proposal_id)}"
    return None, ""


def cast_by(ballots: Sequence[Ballot] | None) -> dict[str, int] | None:
    """Give the weight that each voter has on a proposal; None where not all of it is known."""
    return None if ballots is None else Votes(ballots).cast_by


async def measured(dao: Dao, powers: Mapping[str, int], terms: Terms, desk: Desk) -> "Census | None":
    """Measure beside the event loop; numpy comes with the first question."""
    chain_id = desk.settings.chains[dao.chain].id

    def class_of(who: str) -> str:
        label = desk.lexicon.label(chain_id, who)
        return label.kind if label is not None else "unknown"

    def work() -> "Census | None":
        from watchers.governance.census import take  # noqa: PLC0415 - it brings numpy

        return take(powers, class_of, terms.quorum_raw, terms.threshold_raw)

    return await asyncio.to_thread(work)


# --- all of it --------------------------------------------------------------------------------------------------------


async def look(dao: Dao, name: Name | None, desk: Desk) -> Card:
    """Gather the levels that are asked for, all three where none is named, and draw them. A token without a DAO has
    holders only.
    """
    wanted: tuple[Name, ...] = NAMES if name is None else (name,)
    if not dao.protocol:
        wanted = ("holders",)
    chain_id = desk.settings.chains[dao.chain].id
    proposals = await desk.history.proposals(chain_id=chain_id, governor=dao.governor, limit=SHOWN_PROPOSALS)
    terms = await _terms(dao, proposals[0] if proposals else None, desk)
    book = await desk.book(dao) if wanted != ("holders",) else None
    held = await desk.held(dao) if "holders" in wanted else None
    whole = book is not None and book.progress.whole
    levels = []
    for one in wanted:
        if one == "holders":
            levels.append(await holders_of(dao, held, terms, desk))
        elif one == "delegates":
            levels.append(await delegates_of(dao, book, terms, desk))
        else:
            delegated = book.total_raw if book is not None and whole else None
            levels.append(await voters_of(dao, proposals, delegated, terms, desk))
    at = next((one.at for one in (book, held) if one is not None and one.at is not None), None)
    if at is None:
        status = await desk.history.chain_status(chain_id)
        at = status.cursor if status is not None else None
    gaps = book.progress.gaps if book is not None else 0
    card = card_of(dao, levels, desk, block=at.number if at is not None else None, gaps=gaps)
    return await _pictured(card, dao, levels, desk)


async def _terms(dao: Dao, latest: StoredEvent | None, desk: Desk) -> Terms:
    """Ask what the latest proposal's quorum is, what proposing takes, and how much there is."""
    chain_id = desk.settings.chains[dao.chain].id
    quorum_raw = None
    if latest is not None and isinstance(latest.event, ProposalChange):
        number = latest.event.proposal_id
        steps = await desk.history.proposal(chain_id, dao.governor, number)
        ballots = await desk.history.ballots(chain_id, dao.governor, number)
        standing = await desk.ask(dao, number, steps, ballots)
        quorum_raw = standing.tally.quorum_raw if standing is not None and standing.tally is not None else None
    threshold = Number(dao.governor, "proposalThreshold()")
    supply = Number(dao.token, "totalSupply()")
    asked = [*([threshold] if dao.protocol else []), *([supply] if dao.token and dao.protocol else [])]
    facts = await desk.facts(chain_id, asked) if asked else None
    if facts is None:
        return Terms(quorum_raw)
    return Terms(quorum_raw, facts.get(threshold), facts.get(supply))


async def _pictured(card: Card, dao: Dao, levels: Sequence[Level], desk: Desk) -> Card:
    """Add the Lorenz curves of what is known, and the trend of what is kept."""
    plots: list[tuple[Plot, str]] = []
    if any(level.census is not None for level in levels):
        plots.append((lorenz(dao, levels), "lorenz.png"))
    days = [level for level in levels if level.census is not None and level.name != "voters"]
    kept = {level.name: level.kept for level in days if len(level.kept) >= 2}  # noqa: PLR2004 - one point is no trend
    if kept:
        plots.append((trend(dao, kept), "trend.png"))
    elif days:
        card = replace(card, facts=(*card.facts, NO_TREND))
    drawn = [await desk.draw(plot, name) for plot, name in plots]
    return replace(card, pictures=tuple(one for one in drawn if one is not None))


def lorenz(dao: Dao, levels: Sequence[Level]) -> Plot:
    """Give the Lorenz curve of each level that is known."""
    curves = []
    for level in levels:
        if level.census is not None:
            m = level.census.measures
            name = level.title.replace("*", "").lower()
            curves.append(Curve(name, level.census.curve, m.gini, m.n, m.nakamoto))
    return Lorenz(f"{dao.name} · how evenly votes are held", tuple(curves))


def trend(dao: Dao, kept: Mapping[Name, Sequence[Snapshot]]) -> Plot:
    """Give what the snapshots of each level measured, over the days that are kept."""

    def lines(value: Callable[[Snapshot], float], name: str) -> tuple[Line, ...]:
        return tuple(
            Line(f"{name}, {level}", tuple((one.time_s, value(one)) for one in days)) for level, days in kept.items()
        )

    return Trend(
        f"{dao.name} · power over time",
        (
            Panel("0 when all are equal, 1 when one has all", lines(lambda one: one.gini, "Gini")),
            Panel("share of all that counts", lines(lambda one: one.top10, "ten largest"), "share"),
            Panel("largest ones with more than half", lines(lambda one: one.nakamoto, "Nakamoto"), "count"),
        ),
    )


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="power", description="Who holds the power of a DAO, and how few can decide")
    @app_commands.describe(
        dao="Whose power: a DAO's, or a token's whose holders are kept",
        level="One level with every measure; else all three briefly",
    )
    @app_commands.autocomplete(dao=choices.holdings(desk))
    @app_commands.choices(level=[Choice(name=name, value=name) for name in NAMES])
    async def power(asked: Asked, dao: str, level: str | None = None) -> None:
        async def work() -> Card:
            return await look(choices.the_holding(desk, dao), cast("Name | None", level), desk)

        await reply(asked, work())

    return [power]
