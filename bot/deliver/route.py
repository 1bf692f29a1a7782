"""Who wants to hear an alert: an index over all subscriptions, never a scan of them.

A subscription lies in the bucket named by exactly the filters that it sets, so an alert looks only into the buckets of
its own values; a size threshold is found by bisection. The cost is the number of matches.

A size threshold asks for what the alert has: USD for liquidity (and a priced vote), a share (of the quorum, of the
pool) for votes and liquidity, either (of the supply) for an act that moves money; proposals, batches and other acts
have neither and pass. With both set, either one is enough. An unknown size reaches no threshold.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal
from itertools import repeat
from typing import Literal, NamedTuple

from bot.deliver.parcel import Parcel, Verdict
from bot.deliver.record import Place
from bot.subscription import Subscription
from watchers.alert import SEVERITIES, ActFacts, Alert, MoveFacts, VoteFacts

Reason = Literal["any size", "USD threshold reached", "share threshold reached"]
Match = tuple[Subscription, Reason]
Key = tuple[str, int | None, str, str, str, str]
Rungs = Literal["usd", "share", "both_usd", "both_share"]
Shape = tuple[bool, bool, bool, bool, bool, bool]

ANY: Reason = "any size"
BY_USD: Reason = "USD threshold reached"
BY_SHARE: Reason = "share threshold reached"


class Size(NamedTuple):
    """How big an alert is. `has_usd`, `has_share`: whether its kind has that measure; None: it could not be told."""

    has_usd: bool
    usd: Decimal | None
    has_share: bool
    share: Decimal | None


def size_of(alert: Alert) -> Size:
    """Give the measures that thresholds are held against."""
    facts = alert.facts
    if isinstance(facts, MoveFacts):
        return Size(True, facts.usd, True, facts.share_of_pool)
    if isinstance(facts, VoteFacts):
        usd = facts.weight.usd
        return Size(usd is not None, usd, True, facts.share_of_quorum)
    if isinstance(facts, ActFacts) and facts.amount is not None:
        return Size(True, facts.usd_together or facts.amount.usd, True, facts.share_of_supply)
    return Size(False, None, False, None)


class _Ladder:
    """Subscriptions sorted by one threshold."""

    __slots__ = ("_rungs", "_thresholds", "subs")

    def __init__(self) -> None:
        self._rungs: list[tuple[Decimal, str]] = []
        self._thresholds: list[Decimal] = []
        self.subs: list[Subscription] = []

    def add(self, threshold: Decimal, subscription: Subscription) -> None:
        rung = (threshold, subscription.id)
        at = bisect_right(self._rungs, rung)
        self._rungs.insert(at, rung)
        self._thresholds.insert(at, threshold)
        self.subs.insert(at, subscription)

    def remove(self, threshold: Decimal, subscription: Subscription) -> None:
        at = bisect_right(self._rungs, (threshold, subscription.id)) - 1
        del self._rungs[at], self._thresholds[at], self.subs[at]

    def reached(self, value: Decimal | None) -> list[Subscription]:
        """Give those whose threshold the value reaches."""
        return [] if value is None else self.subs[: bisect_right(self._thresholds, value)]


class _Bucket:
    """The subscriptions with the same filters and the same least severity. What would be empty is None: most buckets
    hold one subscription, and an alert looks into many that lie far apart in memory.
    """

    __slots__ = ("_plain", "both_share", "both_usd", "count", "share", "usd")  # ladders are named as `Rungs`

    def __init__(self) -> None:
        self._plain: dict[str, Subscription] | None = None
        self.usd: _Ladder | None = None
        self.share: _Ladder | None = None
        self.both_usd: _Ladder | None = None
        self.both_share: _Ladder | None = None
        self.count = 0

    def add(self, subscription: Subscription) -> None:
        thresholds = _thresholds(subscription)
        if not thresholds:
            self._plain = self._plain or {}
            self._plain[subscription.id] = subscription
        for name, threshold in thresholds:
            ladder = getattr(self, name) or _Ladder()
            ladder.add(threshold, subscription)
            setattr(self, name, ladder)
        self.count += 1

    def remove(self, subscription: Subscription) -> None:
        if self._plain is not None:
            self._plain.pop(subscription.id, None)
        for name, threshold in _thresholds(subscription):
            ladder = getattr(self, name)
            ladder.remove(threshold, subscription)
            if not ladder.subs:
                setattr(self, name, None)
        self.count -= 1

    def collect(self, size: Size, into: list[Match]) -> None:
        if self._plain is not None:
            into.extend(zip(self._plain.values(), repeat(ANY)))
        if self.usd is not None:
            found = self.usd.reached(size.usd) if size.has_usd else self.usd.subs
            into.extend(zip(found, repeat(BY_USD if size.has_usd else ANY)))
        if self.share is not None:
            found = self.share.reached(size.share) if size.has_share else self.share.subs
            into.extend(zip(found, repeat(BY_SHARE if size.has_share else ANY)))
        if self.both_usd is not None and self.both_share is not None:
            _collect_both(self.both_usd, self.both_share, size, into)


def _collect_both(by_usd: _Ladder, by_share: _Ladder, size: Size, into: list[Match]) -> None:
    """Add those that ask for USD or a share, either of which is enough."""
    if not size.has_usd and not size.has_share:
        into.extend(zip(by_usd.subs, repeat(ANY)))
        return
    usd_too = by_usd.reached(size.usd) if size.has_usd else []
    into.extend(zip(usd_too, repeat(BY_USD)))
    if size.has_share and (share_too := by_share.reached(size.share)):
        taken = {s.id for s in usd_too}
        into.extend((s, BY_SHARE) for s in share_too if s.id not in taken)


def _thresholds(s: Subscription) -> list[tuple[Rungs, Decimal]]:
    """Name the ladders that a subscription stands on."""
    if s.min_usd is not None and s.min_share is not None:
        return [("both_usd", s.min_usd), ("both_share", s.min_share)]
    if s.min_usd is not None:
        return [("usd", s.min_usd)]
    return [("share", s.min_share)] if s.min_share is not None else []


class Router:
    """The index. One instance a process, kept true by `Subscriptions.follow`; shut channels are not in it."""

    def __init__(self) -> None:
        self._known: dict[str, Subscription] = {}
        self._buckets: dict[Key, list[_Bucket | None]] = {}
        self._shapes: Counter[Shape] = Counter()

    def __len__(self) -> int:
        return len(self._known)

    def digesting(self) -> list[Subscription]:
        """Give the subscriptions whose channels want a digest."""
        return [one for one in self._known.values() if one.digest]

    def put(self, subscription: Subscription) -> None:
        """Add a subscription, or replace the one with its id. A paused one is forgotten."""
        self.drop(subscription.id)
        if subscription.paused:
            return
        key = _key(subscription)
        levels = self._buckets.setdefault(key, [None] * len(SEVERITIES))
        level = SEVERITIES.index(subscription.min_severity)
        bucket = levels[level] or _Bucket()
        levels[level] = bucket
        bucket.add(subscription)
        self._known[subscription.id] = subscription
        self._shapes[_shape(key)] += 1

    def drop(self, subscription_id: str) -> None:
        """Forget a subscription."""
        subscription = self._known.pop(subscription_id, None)
        if subscription is None:
            return
        key = _key(subscription)
        levels = self._buckets[key]
        level = SEVERITIES.index(subscription.min_severity)
        bucket = levels[level]
        if bucket is not None:
            bucket.remove(subscription)
            if not bucket.count:
                levels[level] = None
        if not any(levels):
            del self._buckets[key]
        shape = _shape(key)
        self._shapes[shape] -= 1
        if not self._shapes[shape]:
            del self._shapes[shape]

    def keep(self, ids: AbstractSet[str]) -> None:
        """Forget all but these."""
        for subscription_id in self._known.keys() - ids:
            self.drop(subscription_id)

    def match(self, alert: Alert) -> list[Match]:
        """Give every subscription that wants the alert, once, with the reason."""
        found: list[Match] = []
        size = size_of(alert)
        reach = SEVERITIES.index(alert.severity) + 1
        for key in self._keys(alert):
            levels = self._buckets.get(key)
            if levels is None:
                continue
            for bucket in levels[:reach]:
                if bucket is not None:
                    bucket.collect(size, found)
        return found

    def _keys(self, alert: Alert) -> Iterator[Key]:
        """Name the buckets that may hold subscriptions for the alert: of each shape, those of the alert's values."""
        tokens = tuple({token.lower() for token in alert.tokens if token})
        addresses = tuple({address.lower() for address in alert.addresses if address})
        for by_kind, by_chain, by_dao, by_protocol, by_token, by_address in self._shapes:
            if (by_dao and not alert.dao) or (by_protocol and not alert.protocol):
                continue
            kind, chain = alert.kind if by_kind else "*", alert.chain_id if by_chain else None
            dao, protocol = alert.dao if by_dao else "", alert.protocol if by_protocol else ""
            for token in tokens if by_token else _ANY:
                for address in addresses if by_address else _ANY:
                    yield kind, chain, dao, protocol, token, address


_ANY = ("",)


def _key(s: Subscription) -> Key:
    star = {"*": ""}
    dao, protocol = star.get(s.dao, s.dao), star.get(s.protocol, s.protocol)
    token, address = star.get(s.token, s.token.lower()), star.get(s.address, s.address.lower())
    return (s.kind, s.chain_id, dao, protocol, token, address)


def _shape(key: Key) -> Shape:
    kind, chain, dao, protocol, token, address = key
    return (kind != "*", chain is not None, bool(dao), bool(protocol), bool(token), bool(address))


class Route:
    """First stage: the channels whose subscriptions want the alert; several of one channel are one place."""

    name = "route"

    def __init__(self, router: Router) -> None:
        self._router = router

    async def apply(self, parcel: Parcel) -> Parcel:
        """Look the alert up."""
        places: dict[int, Place] = {}
        verdicts = []
        for subscription, reason in self._router.match(parcel.state.alert):
            channel = subscription.channel_id
            place = places.get(channel) or Place(channel, subscription.guild_id)
            places[channel] = place._replace(
                ping_role=place.ping_role or subscription.ping_role,
                threads=place.threads or subscription.threads,
                subscriptions=(*place.subscriptions, subscription.id),
            )
            verdicts.append(Verdict(self.name, "wanted", f"subscription {subscription.id} wants it: {reason}", channel))
        if not places:
            return parcel.said(Verdict(self.name, "unwanted", "no subscription wants it"))
        return parcel._replace(places=tuple(places.values())).said(*verdicts)
