"""Which moves are worth saying, under the operator's watches, and how loudly.

A watch fires on a move of its chain, protocol, pools and actions that is worth `min_usd`. Where no price can be
defended for the whole of it, it fires when the priced part alone is worth that much, or when the move is
`min_share_of_pool`; but not when the part that has a price shows it to be dust (under a hundredth of `min_usd`).

    severity   verified pool, priced              unverified pool, or not wholly priced
    critical   10 x min_usd, or half the pool     never
    notable    3 x min_usd, or a quarter of it    half the pool, or 10 x min_usd for the priced part
    info       otherwise                          otherwise

Of an unverified pool's moves of one kind only the largest of a block is told. In a lending market "of the pool" is of
the reserve's deposits, its available liquidity or its debt, whichever the move is measured by.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Any, Literal, get_args

from config.settings import LiquidityWatch
from watchers.alert import Alert, MoveFacts, Reason, Severity, alert_id
from watchers.event import Event
from watchers.facts import Ask
from watchers.liquidity.asks import Sender
from watchers.liquidity.events import LOAN_ACTIONS, Action, LiquidityMove
from watchers.liquidity.markets import GATEWAYS
from watchers.liquidity.moves import Move
from watchers.liquidity.scale import Scale
from watchers.liquidity.size import net, shared
from watchers.liquidity.weight import Weight
from watchers.price import EXACT, listed_on
from watchers.wing import Situation

# A part of `min_usd` so small that a priced leg below it makes the move dust, whatever the rest may be worth.
DUST = Decimal("0.01")
_CRITICAL_USD, _NOTABLE_USD = 10, 3
_HALF, _QUARTER = Decimal("0.5"), Decimal("0.25")

Kind = Literal["swap", "loan", "liquidity"]
Fired = tuple[LiquidityWatch, list[Reason]]


def questions(events: Sequence[Event], at: Situation) -> list[Ask[Any]]:
    """Name what the judge must still ask, each question once."""
    watched = _watched(events, at)
    scale = Scale(at, listed_on(at.chain, at.settings.tokens))
    wanted: dict[Ask[Any], None] = {}
    for tx in shared(watched):
        wanted[Sender(tx)] = None
    netted = not _open(wanted, at)
    for move, watches in _moves(watched, at):
        first = dict.fromkeys(scale.first_asks(move))
        wanted |= first
        if _open(first, at) or not netted:
            continue
        weight = scale.weigh(move)
        if weight is not None and any(_may_fire(watch, weight) for watch in watches):
            wanted |= dict.fromkeys(scale.last_asks(move))
    return _open(wanted, at)


def judge(events: Sequence[Event], at: Situation) -> list[Alert]:
    """Give the alerts of a block. A swap's amounts are signed from the pool's view; the others' are what moved."""
    scale = Scale(at, listed_on(at.chain, at.settings.tokens))
    found: dict[object, tuple[Weight, list[Fired]]] = {}
    for move, watches in _moves(_watched(events, at), at):
        weight = scale.weigh(move)
        if weight is None:
            continue
        fired = [(watch, reasons) for watch in watches if (reasons := list(_reasons(watch, weight)))]
        # a contract that nobody vouches for may emit thousands of moves for next to nothing: one card each kind
        key = move.first.id if weight.verified else (move.first.address, move.action)
        if fired and (key not in found or _rank(weight) > _rank(found[key][0])):
            found[key] = (weight, fired)
    return [_alert(weight, fired, at) for weight, fired in found.values()]


def _rank(weight: Weight) -> tuple[Decimal, Decimal]:
    return weight.usd_at_least, weight.share.value or Decimal(0)


def _open(asks: Iterable[Ask[Any]], at: Situation) -> list[Ask[Any]]:
    return [ask for ask in asks if not at.facts.has(ask)]


def _watches(at: Situation) -> Iterator[LiquidityWatch]:
    for watch in at.settings.watches:
        if isinstance(watch, LiquidityWatch) and watch.chain in ("*", at.chain.key):
            yield watch


def _watched(events: Sequence[Event], at: Situation) -> list[LiquidityMove]:
    """Keep the events that some watch may care for; swaps are many and mostly not asked for. What nets with a watched
    action is kept with it.
    """
    watches = list(_watches(at))
    asked: dict[Kind, list[LiquidityWatch]] = {
        kind: [watch for watch in watches if any(_kind(action) == kind for action in watch.actions)]
        for kind in get_args(Kind)
    }
    return [
        event
        for event in events
        if isinstance(event, LiquidityMove)
        and any(_place_matches(watch, event) for watch in asked[_kind(event.action)])
    ]


def _kind(action: Action) -> Kind:
    """Give what an action nets with."""
    return "swap" if action == "swap" else "loan" if action in LOAN_ACTIONS else "liquidity"


def _place_matches(watch: LiquidityWatch, event: LiquidityMove) -> bool:
    return watch.protocol in ("*", event.protocol) and (not watch.pools or event.address in watch.pools)


def _moves(watched: Sequence[LiquidityMove], at: Situation) -> Iterator[tuple[Move, list[LiquidityWatch]]]:
    signers = {tx: signer for tx in shared(watched) if (signer := at.facts.get(Sender(tx)))}
    watches = list(_watches(at))
    for move in net(watched, signers):
        wanting = [w for w in watches if move.action in w.actions and _place_matches(w, move.first)]
        if wanting:
            yield move, wanting


def _may_fire(watch: LiquidityWatch, weight: Weight) -> bool:
    """Tell whether more facts may still make the watch fire."""
    if weight.usd is not None:
        return weight.usd >= watch.min_usd
    return weight.usd_at_least >= watch.min_usd or not _is_dust(watch, weight)


def _is_dust(watch: LiquidityWatch, weight: Weight) -> bool:
    priced = any(amount.raw and amount.usd is not None for amount in weight.amounts)
    return priced and weight.usd_at_least < EXACT.multiply(watch.min_usd, DUST)


def _reasons(watch: LiquidityWatch, weight: Weight) -> Iterator[Reason]:
    """Say what the watch found, both measures when both hold."""
    usd, part, share = weight.usd, weight.usd_at_least, weight.share.value
    by_usd = usd is not None and usd >= watch.min_usd
    by_part = usd is None and part > 0 and part >= watch.min_usd
    large = share is not None and share >= watch.min_share_of_pool
    by_share = large and (by_usd or by_part or (usd is None and not _is_dust(watch, weight)))
    if by_usd:
        yield Reason(watch.name, "usd", f"{usd:f}", f"{watch.min_usd:f}")
    if by_part:
        yield Reason(watch.name, "usd_at_least", f"{part:f}", f"{watch.min_usd:f}")
    if by_share and share is not None:
        yield Reason(watch.name, "share_of_pool", f"{_rounded(share):f}", f"{watch.min_share_of_pool:f}")


def _rounded(share: Decimal) -> Decimal:
    """Keep six digits, so that a reason stays readable; 0.9999999 stays below 1."""
    return share if share in (0, 1) else share.quantize(Decimal("0.000001"), ROUND_DOWN)


def _severity(weight: Weight, watches: Iterable[LiquidityWatch]) -> Severity:
    """Follow the table above, by the lowest threshold that fired."""
    threshold = min(watch.min_usd for watch in watches)
    share = weight.share.value or Decimal(0)
    usd = weight.usd_at_least if weight.usd is None else weight.usd
    times = {n: 0 < threshold * n <= usd for n in (_CRITICAL_USD, _NOTABLE_USD)}
    if weight.usd is None or not weight.verified:
        return "notable" if times[_CRITICAL_USD] or share >= _HALF else "info"
    if times[_CRITICAL_USD] or share >= _HALF:
        return "critical"
    return "notable" if times[_NOTABLE_USD] or share >= _QUARTER else "info"


def _alert(weight: Weight, fired: Sequence[Fired], at: Situation) -> Alert:
    move, first = weight.move, weight.move.first
    owner = _owner(first, weight.actor)
    people = (owner, first.owner, weight.actor, first.recipient, first.payer, first.address)
    return Alert(
        id=alert_id(first.chain_id, first.tx, "liquidity", first.position),
        kind="liquidity",
        chain_id=first.chain_id,
        protocol=first.protocol,
        subject=f"pool:{first.chain_id}:{first.address}",
        severity=_severity(weight, (watch for watch, _ in fired)),
        block=first.block,
        block_hash=at.header.hash,
        block_time_s=at.header.time_s,
        tx=first.tx,
        reasons=tuple(reason for _, reasons in fired for reason in reasons),
        facts=MoveFacts(
            pool=first.address,
            pool_name=weight.pool_name,
            action=move.action,
            owner=owner,
            actor=weight.actor,
            amounts=weight.amounts,
            usd=weight.usd,
            share_of_pool=weight.share.value,
            share_basis=weight.share.basis,
            pool_before=weight.before,
            pool_after=weight.after,
            tick_lower=first.tick_lower,
            tick_upper=first.tick_upper,
            payer=first.payer,
            recipient=_recipient(move),
            in_receipts=move.lent and all(event.in_receipts for event in move.events),
            utilisation_before=weight.utilisation[0],
            utilisation_after=weight.utilisation[1],
        ),
        addresses=tuple(dict.fromkeys(address for address in people if address)),
        tokens=weight.tokens,
    )


def _owner(first: LiquidityMove, actor: str) -> str:
    """Name whose move it is: out of an ETH gateway, the one who signed."""
    return actor if actor and (first.chain_id, first.owner) in GATEWAYS else first.owner


def _recipient(move: Move) -> str:
    first = move.first
    taken = move.action in ("withdraw", "borrow") and (first.chain_id, first.recipient) not in GATEWAYS
    return first.recipient if taken else ""
