"""`influence`: what a vote decides among the others, and who votes together by the operator's labels. Pure.

The share of a class, or of one owner's addresses, is of all votes cast; as the first votes would be all of them, it is
told from the turnout on at which a vote's own share is.
"""

from collections.abc import Iterable
from decimal import Decimal

from config.settings import Label
from watchers.alert import Bloc, Influence
from watchers.governance import weigh
from watchers.governance.asks import Counts
from watchers.governance.desk import Desk
from watchers.governance.events import Vote
from watchers.governance.gained import hours_of
from watchers.governance.rules import Rule
from watchers.governance.tally import Book, differs

NAMED = 3  # of those who decide alone
UNKNOWN = "unknown"  # the class of those whom no label names


def influence(vote: Vote, desk: Desk, *, late: bool, real_turnout: bool) -> Influence:
    """Weigh a vote that its proposal's book holds already."""
    book, rule, counts = desk.book, desk.rule, desk.book.counts
    known = book.whole and book.sure
    voters = book.voters if book.whole else None
    labels = _labels(desk) if voters is not None and real_turnout else {}
    blocking = None if voters is None else weigh.blocking_number(counts, voters, rule)
    alone = weigh.alone(counts, book.by_voter, rule) if blocking == 1 else []
    gained = desk.gained_raw(vote)
    return Influence(
        pivotal_by_switch=known and _would_turn(counts, book.of(vote.voter), rule),
        margin_share=_margin_share(counts, book.of(vote.voter)) if known else None,
        winning_number=None if voters is None else weigh.winning_number(counts, voters, rule),
        blocking_number=blocking,
        late=late,
        owner=_owner(book, labels, vote.voter),
        classes=_classes(book, labels) if labels else (),
        holds_quorum=known and _holds_quorum(counts, book.of(vote.voter), rule),
        quorum_margin_share=_quorum_margin_share(counts, book.of(vote.voter), rule) if known else None,
        share_of_delegated=_share_of_delegated(vote, desk),
        gained_raw=None if gained is None else min(gained, vote.weight_raw),
        gained_within_h=hours_of(desk.watches),
        alone_number=len(alone),
        alone=tuple(alone[:NAMED]),
    )


def _share_of_delegated(vote: Vote, desk: Desk) -> Decimal | None:
    """Hold a vote against what is delegated now. More than all of it is no share: the snapshot was of another time."""
    found = weigh.share(vote.weight_raw, desk.at.delegated.get(desk.dao.token))
    return found if found is None or found <= 1 else None


def _holds_quorum(counts: Counts, parts: Counts, rule: Rule) -> bool:
    return rule.reached(counts) is True and rule.reached(counts.minus(parts)) is False


def _quorum_margin_share(counts: Counts, parts: Counts, rule: Rule) -> Decimal | None:
    """Hold what the voter put on the sides that count toward the quorum against what is there above it."""
    quorum_raw = rule.quorum(counts)
    if quorum_raw is None or not rule.reached(counts):
        return None
    counted_raw = rule.toward(parts)
    return weigh.share(counted_raw, rule.toward(counts) - quorum_raw) if counted_raw else None


def _would_turn(counts: Counts, parts: Counts, rule: Rule) -> bool:
    return differs(rule.passes(counts), rule.passes(weigh.switched(counts, parts)))


def _margin_share(counts: Counts, parts: Counts) -> Decimal | None:
    """Hold what the voter put on one side more than on the other against the lead; None for who only abstained."""
    net = abs(parts.for_raw - parts.against_raw)
    return weigh.margin_share(net, counts) if net else None


def _labels(desk: Desk) -> dict[str, Label]:
    """Find the labels of those who voted; one of this chain goes before one of every chain."""
    chain = desk.at.chain.key
    fitting = sorted(
        (one for one in desk.at.settings.labels if one.chain in (None, chain)), key=lambda one: not one.chain
    )
    found: dict[str, Label] = {}
    for one in fitting:
        if desk.book.of(one.address).cast_raw:
            found.setdefault(one.address, one)
    return found


def _bloc(name: str, book: Book, addresses: Iterable[str]) -> Bloc:
    weights = [book.of(address).cast_raw for address in addresses]
    return Bloc(name, len(weights), weigh.share(sum(weights), book.counts.cast_raw) or Decimal(0))


def _owner(book: Book, labels: dict[str, Label], voter: str) -> Bloc | None:
    """Sum the votes of all addresses with the owner of this voter; None for one that no label gives an owner."""
    mine = labels.get(voter)
    if mine is None or not mine.owner:
        return None
    return _bloc(mine.owner, book, (address for address, label in labels.items() if label.owner == mine.owner))


def _classes(book: Book, labels: dict[str, Label]) -> tuple[Bloc, ...]:
    """Sum the votes by class of label, the largest first; the unlabelled are of the class unknown."""
    by_class: dict[str, list[str]] = {}
    for address, label in labels.items():
        by_class.setdefault(label.kind, []).append(address)
    blocs = {kind: _bloc(kind, book, addresses) for kind, addresses in by_class.items()}
    told = sum((bloc.share for bloc in blocs.values()), Decimal(0))
    many = sum(bool(parts.cast_raw) for parts in book.voters or ())
    unknown = blocs.get(UNKNOWN, Bloc(UNKNOWN, 0, Decimal(0)))
    rest = Bloc(UNKNOWN, unknown.voters + many - len(labels), unknown.share + 1 - told)
    named = sorted((b for b in blocs.values() if b.name != UNKNOWN), key=lambda bloc: (-bloc.share, bloc.name))
    return (*named, rest) if rest.voters else tuple(named)
