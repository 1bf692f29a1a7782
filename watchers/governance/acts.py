"""Which acts of insiders are worth saying, with what was measured. Pure.

Acts that move money or votes (a release, a claim, a stream, an outflow, a delegation) are told in tokens that the
operator's files name, and fire a watch from `min_usd` or `min_share_of_supply` on; so do frozen funds whose size is
known. Approval that is moved fires from `min_share_of_hat` on as well, of what the contract in power has. All else
fires by its name in `acts`. Like acts of one contract in one transaction are one alert: what they move is added up, so
that slices hide nothing; of the others the gravest is told and the rest counted. What leaves one treasury is one alert
in whatever tokens (see `outflows`); without a price it fires from `min_share_of_treasury` on, of what was held of it.
A hat that was taken within one transaction says all that the transaction did there.

    critical   ten times a threshold; new code, admin, owner or module; the default admin's role given; a pause; a hat
               taken within one transaction
    notable    three times a threshold; other roles given; every other setting; funds destroyed
    info       the rest: a role taken away, funds freed, a timelock's steps

Units: `_raw` base units; the supply is the one at the block before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from config.settings import ActName, ActWatch, Dao
from watchers.alert import SEVERITIES, ActFacts, Alert, Amount, Payment, Reason, Severity, alert_id
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance import chief, outflows
from watchers.governance.chief import Chief
from watchers.governance.coins import coin
from watchers.governance.events import NATIVE, Act
from watchers.governance.getters import Number, address_of
from watchers.governance.hand import Hand
from watchers.price import Currency, price_asks, price_of
from watchers.wing import Situation

MOVES: frozenset[ActName] = frozenset(
    ["release", "claim", "stream", "stream_cancelled", "outflow", "delegation", "lock", "free", "gauge_vote"]
)
ADMIN_ROLE = "DEFAULT_ADMIN_ROLE"
_SIZED = MOVES | {"frozen", "approval"}
_MEASURED = _SIZED | {"lift", "flash_lift"}
_CRITICAL_TIMES, _NOTABLE_TIMES = 10, 3
_LEVEL: dict[ActName, Severity] = {
    **dict.fromkeys(("upgrade", "admin_changed", "owner_changed", "module_changed", "paused"), "critical"),
    "flash_lift": "critical",
    "sequencer_changed": "notable",
    **dict.fromkeys(("owner_nominated", "role_granted", "role_admin_changed", "fee_switch", "unpaused"), "notable"),
    **dict.fromkeys(("quorum_changed", "threshold_changed", "delay_changed", "period_changed"), "notable"),
    **dict.fromkeys(("destroyed", "council_changed", "lift", "gauge_changed"), "notable"),
}  # fmt: skip
Hands = Mapping[str, Hand]


class Measures(NamedTuple):
    """What was moved and how much of all there is."""

    amount: Amount | None
    share: Decimal | None
    of_hat: Decimal | None = None
    of_treasury: Decimal | None = None
    together: Decimal | None = None  # dollars of payments in several tokens

    @property
    def usd(self) -> Decimal | None:
        """Dollars, where a price can be defended."""
        return self.together or (self.amount.usd if self.amount else None)

    @property
    def unpriced(self) -> Decimal | None:
        """The share of a treasury that counts: dollars that are known say more."""
        return self.of_treasury if self.usd is None else None


def watches_of(act: Act, at: Situation) -> list[ActWatch]:
    """Give the operator's watches that an act may fire."""
    dao = dao_of_act(act, at)
    return [
        w
        for w in at.settings.watches
        if isinstance(w, ActWatch)
        and act.act in w.acts
        and w.chain in ("*", at.chain.key)
        and w.protocol in ("*", act.protocol)
        and (w.dao == "*" or (dao is not None and w.dao == dao.key))
    ]


def dao_of_act(act: Act, at: Situation) -> Dao | None:
    """Find the DAO whose contract acted, else the one whose token it is about, else the label's owner."""
    own = [d for d in at.settings.daos.values() if d.chain == at.chain.key]
    for dao in own:
        if act.address in (dao.governor, dao.token, dao.timelock, dao.treasury):
            return dao
    named = next((dao for dao in own if act.token and act.token == dao.token), None)
    if named is not None:
        return named
    labels = at.settings.labels
    owner = next((o.owner for o in labels if o.address == act.address and o.chain in (None, at.chain.key)), "")
    wanted = owner.casefold()
    return next((dao for dao in at.settings.daos.values() if wanted in dao.names), None) if wanted else None


def questions(events: Sequence[Event], at: Situation, hands: Hands) -> Iterator[Ask[Any]]:
    """Name what the watched acts that move money must be measured by."""
    for event in outflows.calm(chief.filled(events, at, hands), at):
        if event.act not in _MEASURED or not watches_of(event, at):
            continue
        if isinstance(hands.get(event.protocol), Chief):
            yield from chief.questions(event, at)
        act = _filled(event, at, hands)
        yield from _missing(act, at, hands)
        found = coin(act.token, at)
        if found is None or not act.amount_raw:
            continue
        if found.priced is not None:
            yield from price_asks(found.priced, at.chain)
        if act.token != NATIVE:
            yield Number(act.token, "totalSupply()")
        if act.act == "outflow":
            yield outflows.held(act)


def enrich(events: Iterable[Act], at: Situation, hands: Hands) -> Iterator[Act]:
    """Give the acts with what the chain answered; those that move a token of nobody's list are dropped."""
    for event in outflows.calm(chief.filled(events, at, hands), at):
        act = _filled(event, at, hands)
        if act.act not in MOVES or not act.token or coin(act.token, at) is not None:
            yield act


def judge(events: Sequence[Event], at: Situation) -> list[Alert]:
    """Give the alerts of a block, in the order in which their contracts first acted."""
    groups: dict[tuple[str, str, str, str], list[Act]] = {}
    seized = {(event.tx, event.address) for event in events if isinstance(event, Act) and event.act == "flash_lift"}
    for event in events:
        if isinstance(event, Act) and (event.act == "flash_lift" or (event.tx, event.address) not in seized):
            pays = event.act == "outflow"
            place = (outflows.payer_of(event), event.act, "") if pays else (event.address, event.act, event.token)
            groups.setdefault((event.tx, *place), []).append(event)
    told = (_alert(acts, at) for acts in groups.values())
    return [alert for alert in told if alert is not None]


def _missing(act: Act, at: Situation, hands: Hands) -> Iterator[Ask[Any]]:
    hand = hands.get(act.protocol)
    if hand is None or act.act not in _SIZED:
        return
    if hand.token is not None and not act.token and not _pays_itself(act, hand, at):
        yield hand.token(act)
    if hand.amount is not None and act.amount_raw is None and (asked := hand.amount(act)) is not None:
        yield asked


def _pays_itself(act: Act, hand: Hand, at: Situation) -> bool:
    return hand.pays_itself and coin(act.address, at) is not None


def _filled(act: Act, at: Situation, hands: Hands) -> Act:
    """Give an act with the token that it is in, a token that pays out of itself being its own, and its amount."""
    hand, facts = hands.get(act.protocol), at.facts
    if hand is None or act.act not in _SIZED:
        return act
    token, raw = act.token, act.amount_raw
    if hand.token is not None and not token:
        words = facts.get(hand.token(act))
        token = act.address if _pays_itself(act, hand, at) else (address_of(words[0]) or "" if words else "")
    known = msgspec.structs.replace(act, token=token)
    if hand.amount is not None and raw is None and (asked := hand.amount(known)) is not None:
        raw = facts.get(asked)
    return msgspec.structs.replace(known, amount_raw=raw)


def _one_of(acts: Sequence[Act]) -> Act:
    """Make one of like acts: the gravest, or, of those that move money, the first with the sum and whom they share."""
    first = acts[0]
    if first.act not in MOVES:
        # the first of the gravest; of approvals the largest
        return max(acts, key=lambda a: (SEVERITIES.index(_grave(a)), a.act == "approval" and (a.amount_raw or 0)))
    sizes = [act.amount_raw for act in acts]
    shared = {name: getattr(first, name) if _same(acts, name) else "" for name in ("who", "whom", "after", "behind")}
    return msgspec.structs.replace(first, **shared, amount_raw=None if None in sizes else sum(s or 0 for s in sizes))


def _same(acts: Sequence[Act], field: str) -> bool:
    return len({getattr(act, field) for act in acts}) == 1


def _grave(act: Act) -> Severity:
    if act.act == "role_granted" and act.detail == ADMIN_ROLE:
        return "critical"
    return _LEVEL.get(act.act, "info")


def measure(act: Act, at: Situation) -> Measures:
    """Size what an act is about."""
    found = coin(act.token, at)
    if found is None or act.amount_raw is None:
        return Measures(None, None)
    quoted = price_of(found.priced, at.chain, at.facts, at.header.time_s)
    amount = Currency(act.token, found.symbol, found.decimals, quoted).amount(act.amount_raw)
    supply = at.facts.get(Number(act.token, "totalSupply()"))
    of_treasury = outflows.share_of_treasury(act, at)
    return Measures(amount, _part(act.amount_raw, supply), _part(act.amount_raw, act.hat_raw), of_treasury)


def _part(raw: int, whole: int | None) -> Decimal | None:
    return Decimal(raw) / Decimal(whole) if whole else None


def reasons(act: Act, seen: Measures, watch: ActWatch) -> list[Reason]:
    """Give the reasons why a watch fires; none: it does not."""
    if not act.is_news or (act.act == "approval" and act.amount_raw == 0):
        return []
    unknown = seen.usd is None and seen.share is None and seen.of_hat is None
    if act.act not in _SIZED or (act.act not in MOVES and unknown):
        return [Reason(watch.name, "act", act.act.replace("_", " "), "any such act")]
    if not act.amount_raw:
        return []
    given = []
    if seen.usd is not None and seen.usd >= watch.min_usd:
        given.append(Reason(watch.name, "usd", f"{seen.usd:f}", f"{watch.min_usd:f}"))
    if seen.share is not None and seen.share >= watch.min_share_of_supply:
        given.append(Reason(watch.name, "share_of_supply", f"{seen.share:.8f}", f"{watch.min_share_of_supply:f}"))
    if seen.of_hat is not None and seen.of_hat >= watch.min_share_of_hat:
        given.append(Reason(watch.name, "share_of_hat", f"{seen.of_hat:.8f}", f"{watch.min_share_of_hat:f}"))
    if seen.unpriced is not None and seen.unpriced >= watch.min_share_of_treasury:
        threshold = f"{watch.min_share_of_treasury:f}"
        given.append(Reason(watch.name, "share_of_treasury", f"{seen.unpriced:.8f}", threshold))
    return given


def severity(act: Act, seen: Measures, watches: Iterable[ActWatch]) -> Severity:
    """Apply the table of the module's docstring, by the lowest threshold that fired."""
    if act.act not in _SIZED:
        return _grave(act)
    times = Decimal(0)
    for watch in watches:
        for size, least in (
            (seen.usd, watch.min_usd),
            (seen.share, watch.min_share_of_supply),
            (seen.of_hat, watch.min_share_of_hat),
            (seen.unpriced, watch.min_share_of_treasury),
        ):
            times = max(times, size / least) if size is not None and least else times
    return "critical" if times >= _CRITICAL_TIMES else "notable" if times >= _NOTABLE_TIMES else "info"


class _Told(NamedTuple):
    """What one alert tells: the act that leads, what each of its parts measures, the leading one's first."""

    act: Act
    seen: tuple[Measures, ...]
    payments: tuple[Payment, ...] = ()
    more: int = 0


def _told(acts: Sequence[Act], at: Situation) -> _Told:
    if acts[0].act != "outflow":
        act = _one_of(acts)
        return _Told(act, (measure(act, at),), more=len(acts) - 1)
    tokens: dict[str, list[Act]] = {}
    for act in acts:
        tokens.setdefault(act.token, []).append(act)
    parts = [(act, measure(act, at)) for act in map(_one_of, tokens.values())]
    parts.sort(key=lambda part: outflows.weight(part[1].usd, part[1].of_treasury, part[1].share), reverse=True)
    (lead, first), *others = parts
    priced = [seen.usd for _, seen in parts if seen.usd is not None]
    together = sum(priced, Decimal(0)) if len(priced) > 1 else None
    # an alert keeps the name of the first act, whichever leads
    lead = msgspec.structs.replace(lead, position=acts[0].position)
    paid = [payment for _, payment in outflows.payments(acts, at, lambda act: measure(act, at).amount)]
    seen = (first._replace(together=together), *(part for _, part in others))
    if len(paid) < 2:  # noqa: PLR2004 - the alert itself tells the one
        return _Told(lead, seen)
    return _Told(lead, seen, tuple(paid[: outflows.MOST_PAYMENTS]), max(0, len(paid) - outflows.MOST_PAYMENTS))


def _fired(told: _Told, watch: ActWatch) -> list[Reason]:
    """Give the reasons of a watch; of several tokens the first that reaches a threshold gives its reason."""
    found: dict[str, Reason] = {}
    for seen in told.seen:
        for reason in reasons(told.act, seen, watch):
            found.setdefault(reason.measure, reason)
    return list(found.values())


def _alert(acts: Sequence[Act], at: Situation) -> Alert | None:
    told = _told(acts, at)
    act, seen = told.act, told.seen[0]
    fired = [(watch, given) for watch in watches_of(act, at) if (given := _fired(told, watch))]
    if not fired:
        return None
    dao = dao_of_act(act, at)
    people = (act.address, act.who, act.behind, act.whom, *(payment.whom for payment in told.payments))
    watches = [watch for watch, _ in fired]
    return Alert(
        id=alert_id(act.chain_id, act.tx, "act", act.position),
        kind="act",
        chain_id=act.chain_id,
        protocol=act.protocol,
        subject=f"act:{act.chain_id}:{act.address}",
        severity=max((severity(act, part, watches) for part in told.seen), key=SEVERITIES.index),
        block=act.block,
        block_hash=at.header.hash,
        block_time_s=at.header.time_s,
        tx=act.tx,
        reasons=tuple(reason for _, given in fired for reason in given),
        facts=ActFacts(
            contract=act.address,
            act=act.act,
            who=act.who,
            whom=act.whom,
            amount=seen.amount,
            share_of_supply=seen.share,
            share_of_hat=seen.of_hat,
            before=act.before,
            after=act.after,
            unit=act.unit,
            detail=act.detail,
            dao=dao.key if dao else "",
            more=told.more,
            share_of_treasury=seen.of_treasury,
            payments=told.payments,
            usd_together=seen.together,
            behind=act.behind,
        ),
        dao=dao.key if dao else "",
        addresses=tuple(dict.fromkeys(person for person in people if person)),
        tokens=tuple(dict.fromkeys(act.token for act in acts if act.token)),
    )
