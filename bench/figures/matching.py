"""One alert against 100,000 subscriptions: the index beside a scan, the same found."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bench.clock import median_s
from bench.figure import Figure, at_most
from bot.deliver.route import Router
from bot.subscription import Subscription
from watchers.alert import SEVERITIES, Alert, MoveFacts, alert_id

COUNT = 100_000
RUNS, CALLS, SCANS = 9, 200, 3
MOST_US = 50

KINDS = ("vote", "liquidity", "batch", "*")
CHAINS = (1, 10, 8453, 42161, None)
VOTERS, OWNERS, HOLDERS = 4, 7, 9  # of ten subscriptions: up to here votes of a DAO, an address, a token
TOKENS = 5_000
DAOS = tuple(f"dao-{n}" for n in range(200))
MIN_USD = tuple(Decimal(n) for n in (500_000, 1_000_000, 5_000_000, 50_000_000))


async def measure() -> Sequence[Figure]:
    """Fill the index, ask it many times; scan the same list a few times."""
    subscriptions = [_subscription(number) for number in range(COUNT)]
    router = Router()
    for subscription in subscriptions:
        router.put(subscription)
    alerts = [_alert(number) for number in range(CALLS)]
    found = [{s.id for s, _ in router.match(alert)} for alert in alerts]
    if any({s.id for s in _scan(subscriptions, a)} != f for a, f in zip(alerts[:SCANS], found[:SCANS], strict=True)):
        raise AssertionError("the index and the scan do not agree")
    index_us = 1e6 * median_s(lambda: [router.match(alert) for alert in alerts], runs=RUNS) / CALLS
    scan_us = 1e6 * median_s(lambda: _scan(subscriptions, alerts[0]), runs=SCANS)
    matches = sum(map(len, found)) / CALLS
    note = f"an alert that {matches:.0f} of {COUNT:,} subscriptions want, on average; index and scan find the same"
    return (Figure("matching", index_us, "µs/alert", "linear scan", scan_us, at_most(MOST_US), note),)


def _subscription(number: int) -> Subscription:
    """Give what a channel may ask for: most name a DAO, an address or a token, few ask for everything of a kind."""
    form = number % 10
    asked: dict[str, Any] = {"kind": "batch", "address": _hex(number)}
    if form < VOTERS:
        asked = {"kind": "vote", "dao": DAOS[number // 10 % len(DAOS)]}
    elif form < OWNERS:
        asked = {"kind": "liquidity", "address": _hex(number), "min_usd": MIN_USD[number // 10 % 4]}
    elif form < HOLDERS:
        asked = {"kind": "liquidity", "token": _hex(number % TOKENS), "min_share": Decimal("0.1")}
    elif number % 10_000 == HOLDERS:
        asked = {"kind": KINDS[number // 10_000 % 4], "min_usd": MIN_USD[-1]}
    return Subscription(
        id=str(number),
        guild_id=number // 20,
        channel_id=number // 4,
        chain_id=CHAINS[number % 7 % 5],
        min_severity=SEVERITIES[number % 3],
        **asked,
    )


def _hex(number: int) -> str:
    return f"0x{number:040x}"


def _alert(number: int) -> Alert:
    """Give a large move of two tokens in a pool whose address somebody subscribed to."""
    tx, pool = f"0x{number:064x}", _hex(number * 10 + VOTERS)
    facts = MoveFacts(
        pool=pool, pool_name="", action="remove", owner=_hex(1), actor="", amounts=(),
        usd=Decimal(60_000_000), share_of_pool=Decimal("0.2"), share_basis="",
    )  # fmt: skip
    return Alert(
        id=alert_id(1, tx, "liquidity", 0), kind="liquidity", chain_id=1, protocol="uniswap_v3", subject=pool,
        severity="critical", block=number, block_hash=tx, block_time_s=number, tx=tx, reasons=(), facts=facts,
        addresses=(pool, _hex(1), _hex(2), _hex(3)), tokens=(_hex(number * 10 + 7), _hex(number * 10 + 8)),
    )  # fmt: skip


def _scan(subscriptions: Sequence[Subscription], alert: Alert) -> list[Subscription]:
    """Read every subscription, as one would without an index; thresholds as the alert's kind has them."""
    level, facts = SEVERITIES.index(alert.severity), alert.facts
    if not isinstance(facts, MoveFacts):
        raise TypeError("the scan is written for moves")

    def wants(s: Subscription) -> bool:
        return (
            s.kind in ("*", alert.kind)
            and s.chain_id in (None, alert.chain_id)
            and s.dao in ("", alert.dao)
            and s.protocol in ("", alert.protocol)
            and (not s.token or s.token in alert.tokens)
            and (not s.address or s.address in alert.addresses)
            and SEVERITIES.index(s.min_severity) <= level
            and _large_enough(s, facts)
        )

    return [s for s in subscriptions if wants(s)]


def _large_enough(s: Subscription, facts: MoveFacts) -> bool:
    if s.min_usd is None and s.min_share is None:
        return True
    by_usd = s.min_usd is not None and facts.usd is not None and facts.usd >= s.min_usd
    share = facts.share_of_pool
    return by_usd or (s.min_share is not None and share is not None and share >= s.min_share)
