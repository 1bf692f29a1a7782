"""Who stands beside an address in `/delegate`: others of one owner by the labels, and others who vote alike."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from bot.cards import figures
from bot.cards.escape import escape, symbol
from bot.desk import Desk
from bot.rows import counted
from config.settings import Dao
from watchers.delegates import Book
from watchers.governance.alike import COMMON, Alike, Other, Sides
from watchers.governance.events import Vote
from watchers.governance.rules import SIDES
from watchers.governance.tally import Book as Votes
from watchers.history import StoredEvent
from watchers.wing import Ballot

SHOWN = 3


def sides_of(found: Sequence[StoredEvent], whole: Mapping[int, Sequence[Ballot]]) -> Sides:
    """Give the side that each voter took with weight, by proposal: of the votes found, which come newest first, the
    last one counts; of a proposal whose votes are all known, the side on which a voter ended up.
    """
    cast: dict[int, dict[str, str]] = {}
    for stored in found:
        vote = stored.event
        if isinstance(vote, Vote) and vote.weight_raw and vote.support in SIDES:
            cast.setdefault(vote.proposal_id, {}).setdefault(vote.voter, vote.support)
    for proposal_id, ballots in whole.items():
        sides = cast[proposal_id] = {}
        for voter, parts in Votes(ballots).by_voter:
            taken = [side for side, raw in zip(SIDES, parts, strict=True) if raw]
            if len(taken) == 1:
                sides[voter] = taken[0]
    return cast


def lines(who: str, dao: Dao, book: Book | None, alike: Alike | None, desk: Desk) -> list[str]:
    """Say both kinds of cluster, with the power that each has together where it is known."""
    return [*_of_one_owner(who, dao, book, desk), *_voting_alike(who, dao, book, alike, desk)]


def _of_one_owner(who: str, dao: Dao, book: Book | None, desk: Desk) -> list[str]:
    chain_id = desk.settings.chains[dao.chain].id
    own = desk.lexicon.label(chain_id, who)
    if own is None or not own.owner:
        return []
    candidates = dict.fromkeys(label.address for label in desk.settings.labels)
    labels = {address: desk.lexicon.label(chain_id, address) for address in candidates if address != who}
    others = [address for address, label in labels.items() if label is not None and label.owner == own.owner]
    if not others:
        return []
    told = (
        f"• **Of one owner** by the labels, {escape(own.owner, 40)}: {counted(1 + len(others), 'address', 'addresses')}"
    )
    return [told + _together([who, *others], dao, book)]


def _voting_alike(who: str, dao: Dao, book: Book | None, alike: Alike | None, desk: Desk) -> list[str]:
    if alike is None:
        return []
    if alike.contested < COMMON:
        has = "is" if alike.contested == 1 else "are"
        return [
            f"• **Votes alike** unknown: it takes {COMMON} contested votes, and {alike.contested:,} {has} on record"
        ]
    if not alike.others:
        return [f"• **Votes alike** nobody, in {counted(alike.contested, 'contested vote')} on record"]
    chain_id = desk.settings.chains[dao.chain].id
    near = ", ".join(f"{desk.lexicon.who(chain_id, o.address)} {_common(o)}" for o in alike.others[:SHOWN])
    more = len(alike.others) - SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    together = _together([who, *(other.address for other in alike.others)], dao, book)
    told = f"• **Votes alike** with {counted(len(alike.others), 'other')}: {near}{rest}{together}"
    return [f"{told}. That they agree does not say who owns them"]


def _common(other: Other) -> str:
    told = f"{other.agreed:,} of {other.common:,} contested votes"
    return told if other.linked else f"{told}, and through others"


def _together(addresses: Iterable[str], dao: Dao, book: Book | None) -> str:
    """Add up what they have in the book, where it is whole."""
    if book is None or not book.progress.whole or not book.total_raw:
        return "; their power together is unknown"
    raw = sum(book.powers.get(address, 0) for address in addresses)
    share = figures.percent(Decimal(raw) / book.total_raw)
    return f"; together {figures.amount(raw, dao.decimals)} {symbol(dao.symbol)}, {share} of what is delegated"
