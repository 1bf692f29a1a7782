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
from bot.cards.escape import clean, escape, symbol
from bot.cards.frame import fit
from bot.cards.lexicon import short_number, shorten
from bot.cards.vote import side
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
TITLE = 60
_DIGITS = 40


class Record(NamedTuple):
    """How somebody voted in a DAO: the latest votes, with how many majorities of those that are known, and who votes
    alike; None: nobody looked. `titles` are those of the proposals, by number, as far as they are known.
    """

    votes: Sequence[StoredEvent]
    proposals: int
    agreed: int
    known: int
    alike: Alike | None = None
    titles: Mapping[int, str] = {}


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
        if rank is not None and part.book is not None:
            told = f"Rank {rank:,} of {len(part.book.powers):,}"
            return fit(f"{told} in {part.dao.name}", told)
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
        lines.append(f"• {_delegators(who, part, desk)}")
    lines += clusters.lines(who, dao, part.book, record.alike, desk)
    if not record.proposals:
        lines.append("• No vote on record")
        return lines
    share = f"with the majority in {record.agreed} of {record.known}" if record.known else "majorities unknown"
    lines.append(f"• Voted on {counted(record.proposals, 'proposal')} on record, {share}")
    for stored in record.votes[:LATEST]:
        vote = stored.event
        if isinstance(vote, Vote):
            lines.append(f"• {_vote(vote, part, desk)} · <t:{stored.time_s}:R>")
    return lines


def _vote(vote: Vote, part: Part, desk: Desk) -> str:
    """Say how one vote went and on what: the vote linked to its transaction, the proposal to its page."""
    dao, title = part.dao, escape(part.record.titles.get(vote.proposal_id, ""), TITLE)
    cast = f"{figures.amount(vote.weight_raw, dao.decimals)} {symbol(dao.symbol)} {side(vote.support, vote.choice)}"
    number = f"proposal {short_number(vote.proposal_id)}"
    about = f"{number}: {title}" if title else number
    tx, page = desk.lexicon.tx_url(vote.chain_id, vote.tx), dao.proposal_link(vote.proposal_id)
    return f"{f'[{cast}]({tx})' if tx else cast} · {f'[{about}]({page})' if page else about}"


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


def _delegators(who: str, part: Part, desk: Desk) -> str:
    found, dao = part.delegators or (), part.dao
    chain_id = desk.settings.chains[dao.chain].id
    said = f"**Given by** {counted(len(found), 'holder')}"
    if list(found) == [who]:
        held = (part.balances or {}).get(who)
        own = f", {figures.amount(held, dao.decimals)} {symbol(dao.symbol)}" if held is not None else ""
        return f"**Given by** itself alone: its own tokens{own}"
    if not found:
        return said
    if part.balances is None:
        why = f"more than {ASKED} are not asked" if len(found) > ASKED else "the chain cannot be asked right now"
        return f"{said}; the largest unknown: {why}"
    largest = sorted(part.balances.items(), key=lambda pair: -pair[1])[:LARGEST]
    told = ", ".join(
        f"{'itself' if giver == who else desk.lexicon.who(chain_id, giver)} {figures.amount(raw, dao.decimals)}"
        for giver, raw in largest
    )
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
    for proposal_id, own_side in list(sides.items())[:COMPARED]:
        if own_side == "unknown":
            continue
        ballots = await desk.history.ballots(chain_id, dao.governor, proposal_id)
        if ballots is not None:
            whole[proposal_id] = ballots
        most = majority(ballots)
        known += most is not None
        agreed += most is not None and own_side == most
    near = await asyncio.to_thread(lambda: alike(who, clusters.sides_of(found, whole))) if sides else None
    shown = {s.event.proposal_id for s in own[:LATEST] if isinstance(s.event, Vote)}
    titles = {number: await desk.title(chain_id, dao.governor, number) for number in shown}
    return Record(own, len(sides), agreed, known, near, titles)


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
