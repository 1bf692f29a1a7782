"""`/delegate`: one delegate: its power and rank, who gave it, how it voted, with the majority and with whom."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from discord import app_commands
from discord.app_commands import Choice

from bot import choices, clusters
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import clean, symbol
from bot.cards.frame import fit
from bot.cards.lexicon import shorten
from bot.desk import Desk
from bot.levels import unkept
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from config.settings import Dao
from watchers.delegates import Book
from watchers.errors import UserError
from watchers.governance.alike import Alike, alike
from watchers.governance.events import Vote
from watchers.governance.getters import Number
from watchers.governance.tally import Book as Votes
from watchers.history import StoredEvent
from watchers.wing import Ballot

ASKED = 100  # delegators whose balance is asked; of more, the largest is unknown
LARGEST = 3
SCANNED = 5_000
COMPARED = 30
LATEST = 3
_DIGITS = 40


class Record(NamedTuple):
    """How somebody voted in a DAO: the latest votes, with how many majorities of those that are known, and who votes
    alike; None: nobody looked.
    """

    votes: Sequence[StoredEvent]
    proposals: int
    agreed: int
    known: int
    alike: Alike | None = None


class Part(NamedTuple):
    """Somebody in one DAO. `book` None: the token has none; `delegators` None: not known; `balances`: not asked."""

    dao: Dao
    book: Book | None
    delegators: Sequence[str] | None
    balances: Mapping[str, int] | None
    record: Record


def answer(who: str, parts: Sequence[Part], desk: Desk, unread: Mapping[str, float] | None = None) -> Card:
    """Draw what is known of an address in each DAO. `unread`: whose other books are not whole, and how much is read."""
    facts: list[str] = []
    for part in parts:
        facts += _part(who, part, desk)
    if unread:
        facts.append(f"**Unknown in** {', '.join(f'{name} ({share:.0%} read)' for name, share in unread.items())}")
    rows, left = fitting(facts)
    first = parts[0] if parts else None
    chain_id = desk.settings.chains[first.dao.chain].id if first else next(iter(desk.settings.chains.values())).id
    return Card(
        headline=_headline(who, parts),
        subject=desk.lexicon.who(chain_id, who),
        facts=rows or (f"No vote and no power of this address is on record. {desk.since}",),
        small=f"{counted(left, 'line')} left out: name one DAO" if left else "",
    )


def _headline(who: str, parts: Sequence[Part]) -> str:
    for part in parts:
        rank = _rank(who, part.book)
        if rank is not None:
            return fit(f"Delegate {rank:,} of {part.dao.name}", f"Delegate {rank:,}")
    return fit(f"Delegate {shorten(who)}")


def _rank(who: str, book: Book | None) -> int | None:
    if book is None or not book.progress.whole or who not in book.powers:
        return None
    own = book.powers[who]
    return 1 + sum(raw > own for raw in book.powers.values())


def _part(who: str, part: Part, desk: Desk) -> list[str]:
    dao, record = part.dao, part.record
    lines = [f"**{dao.name}** {_power(who, part)}"]
    if part.delegators is not None:
        lines.append(f"• {_delegators(part, desk)}")
    lines += clusters.lines(who, dao, part.book, record.alike, desk)
    if not record.proposals:
        lines.append("• No vote on record")
        return lines
    share = f"with the majority in {record.agreed} of {record.known}" if record.known else "majorities unknown"
    lines.append(f"• Voted on {counted(record.proposals, 'proposal')} on record, {share}")
    for stored in record.votes[:LATEST]:
        vote = stored.event
        if isinstance(vote, Vote):
            weight = f"{figures.amount(vote.weight_raw, dao.decimals)} {symbol(dao.symbol)} {vote.support}"
            url = desk.lexicon.tx_url(vote.chain_id, vote.tx)
            lines.append(f"• {f'[{weight}]({url})' if url else weight} · <t:{stored.time_s}:R>")
    return lines


def _power(who: str, part: Part) -> str:
    book, dao = part.book, part.dao
    if book is None:
        return f"power {unkept(dao)}"
    if not book.progress.whole:
        return f"power unknown: the book of delegates is {book.progress.share():.0%} read back"
    rank = _rank(who, book)
    if rank is None:
        return "no power"
    raw = book.powers[who]
    share = figures.percent(Decimal(raw) / book.total_raw)
    at = f" at block {figures.number(book.at.number)}" if book.at is not None else ""
    told = f"{figures.amount(raw, dao.decimals)} {symbol(dao.symbol)}, {share} of what is delegated"
    return f"{told}, rank {rank:,} of {len(book.powers):,}{at}"


def _delegators(part: Part, desk: Desk) -> str:
    found, dao = part.delegators or (), part.dao
    chain_id = desk.settings.chains[dao.chain].id
    said = f"**Given by** {counted(len(found), 'holder')}"
    if not found:
        return said
    if part.balances is None:
        why = f"more than {ASKED} are not asked" if len(found) > ASKED else "the chain cannot be asked right now"
        return f"{said}; the largest unknown: {why}"
    largest = sorted(part.balances.items(), key=lambda pair: -pair[1])[:LARGEST]
    told = ", ".join(f"{desk.lexicon.who(chain_id, who)} {figures.amount(raw, dao.decimals)}" for who, raw in largest)
    return f"{said}; the largest: {told}" if told else said


# --- what is known ----------------------------------------------------------------------------------------------------


async def look(who: str, dao: Dao | None, desk: Desk) -> Card:
    """Gather what is known of an address, in one DAO or in every one where it has power or voted."""
    daos = (
        [dao] if dao is not None else [d for d in desk.settings.daos.values() if desk.settings.chains[d.chain].enabled]
    )
    books: dict[tuple[str, str], Book | None] = {}
    parts, unread = [], {}
    for one in daos:
        key = (one.chain, one.token)
        if key not in books:
            books[key] = await desk.book(one)
        book, record = books[key], await _record(who, one, desk)
        if dao is None and not record.proposals and (book is None or who not in book.powers):
            if book is not None and not book.progress.whole:
                unread[one.symbol] = book.progress.share()
            continue
        parts.append(await _whole(who, one, book, record, desk))
    parts.sort(key=lambda part: (_rank(who, part.book) is None, _rank(who, part.book) or 0, -part.record.proposals))
    return answer(who, parts, desk, unread)


async def _whole(who: str, dao: Dao, book: Book | None, record: Record, desk: Desk) -> Part:
    if book is None or not book.progress.whole or who not in book.powers:
        return Part(dao, book, None, None, record)
    chain_id = desk.settings.chains[dao.chain].id
    found = await desk.books.delegators(chain_id, dao.token, who)
    balances = None
    if len(found) <= ASKED:
        asks = {holder: Number(dao.token, "balanceOf(address)", (holder,)) for holder in found}
        facts = await desk.facts(chain_id, list(asks.values())) if asks else None
        if facts is not None:
            told = {holder: facts.get(ask) for holder, ask in asks.items()}
            balances = {holder: raw for holder, raw in told.items() if raw is not None}
    return Part(dao, book, found, balances, record)


async def _record(who: str, dao: Dao, desk: Desk) -> Record:
    chain_id = desk.settings.chains[dao.chain].id
    found = await desk.history.votes(chain_id=chain_id, governor=dao.governor, limit=SCANNED)
    own = [s for s in found if isinstance(s.event, Vote) and s.event.voter == who]
    sides: dict[int, str] = {}
    for stored in own:  # the newest first: of several votes on one proposal the last one counts
        if isinstance(stored.event, Vote):
            sides.setdefault(stored.event.proposal_id, stored.event.support)
    agreed = known = 0
    whole: dict[int, Sequence[Ballot]] = {}
    for proposal_id, side in list(sides.items())[:COMPARED]:
        if side == "unknown":
            continue
        ballots = await desk.history.ballots(chain_id, dao.governor, proposal_id)
        if ballots is not None:
            whole[proposal_id] = ballots
        most = majority(ballots)
        known += most is not None
        agreed += most is not None and side == most
    near = await asyncio.to_thread(lambda: alike(who, clusters.sides_of(found, whole))) if sides else None
    return Record(own, len(sides), agreed, known, near)


def majority(ballots: Sequence[Ballot] | None) -> str | None:
    """Give the side with the most votes; None where it is not known, or two have as many."""
    return Votes(ballots).most if ballots else None


def address_in(text: str, desk: Desk) -> str:
    """Read an address, or a label's name. Raises UserError."""
    wanted = text.strip()
    digits = wanted.lower().removeprefix("0x")
    if len(digits) == _DIGITS and all(digit in "0123456789abcdef" for digit in digits):
        return f"0x{digits}"
    named = list(dict.fromkeys(o.address for o in desk.settings.labels if o.name.casefold() == wanted.casefold()))
    if len(named) == 1:
        return named[0]
    if named:
        raise UserError(f"{len(named)} addresses are labelled “{clean(wanted)[:40]}”. Pick one from the list.")
    raise UserError(
        f"“{clean(wanted)[:42]}” is neither an address nor a label. Write 0x and 40 hex digits, or pick one."
    )


def commands(desk: Desk) -> list[Any]:
    """Give the command."""
    people = [(f"{o.name} {shorten(o.address)}", o.address) for o in desk.settings.labels if o.kind != "protocol"]

    async def labelled(_: Asked, typed: str) -> list[Choice[str]]:
        return choices.matching(people, typed)

    @app_commands.command(name="delegate", description="One delegate: power, rank, who gave it, how it voted")
    @app_commands.describe(who="An address, or a label", dao="One DAO only")
    @app_commands.autocomplete(who=labelled, dao=choices.daos(desk))
    async def delegate(asked: Asked, who: str, dao: str | None = None) -> None:
        async def work() -> Card:
            return await look(address_in(who, desk), choices.the_dao(desk, dao) if dao else None, desk)

        await reply(asked, work())

    return [delegate]
