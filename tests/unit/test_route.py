"""The index against a plain reading of what a subscription means."""

import random
import time
from decimal import Decimal
from statistics import median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deliver.parcel import Parcel
from bot.deliver.route import Match, Route, Router
from bot.subscription import Subscription
from tests.delivery_world import act_facts, alert, move_facts, state, vote_facts
from watchers.alert import SEVERITIES, ActFacts, Alert, BatchFacts, Kind, MoveFacts, VoteFacts

DAOS, PROTOCOLS = ("", "uniswap", "ens"), ("", "oz", "uniswap_v3")
TOKENS = ("", "0xT1", "0xt2")
ADDRESSES = ("", "0xA1", "0xa2")
SIZES = [None, *map(Decimal, ("0", "0.05", "0.2", "1", "1000000", "2000000"))]


def wants(s: Subscription, a: Alert) -> bool:
    """What a subscription means, as a person would read it."""
    plain = (
        s.kind in ("*", a.kind)
        and s.chain_id in (None, a.chain_id)
        and s.dao in ("", "*", a.dao)
        and s.protocol in ("", "*", a.protocol)
        and (s.token in ("", "*") or s.token.lower() in {t.lower() for t in a.tokens})
        and (s.address in ("", "*") or s.address.lower() in {x.lower() for x in a.addresses})
        and SEVERITIES.index(a.severity) >= SEVERITIES.index(s.min_severity)
        and not s.paused
    )
    usd = share = None
    if isinstance(a.facts, MoveFacts):
        usd, share = a.facts.usd, a.facts.share_of_pool
    elif isinstance(a.facts, VoteFacts):
        usd, share = a.facts.weight.usd, a.facts.share_of_quorum
    moves = isinstance(a.facts, ActFacts) and a.facts.amount is not None
    if isinstance(a.facts, ActFacts) and a.facts.amount is not None:
        usd, share = a.facts.usd_together or a.facts.amount.usd, a.facts.share_of_supply
    asked = []
    if s.min_usd is not None and (a.kind == "liquidity" or moves or usd is not None):
        asked.append(usd is not None and usd >= s.min_usd)
    if s.min_share is not None and (moves or a.kind in ("vote", "liquidity")):
        asked.append(share is not None and share >= s.min_share)
    return plain and (not asked or any(asked))


subscriptions = st.builds(
    Subscription,
    id=st.integers(0, 30).map(str),
    guild_id=st.just(1),
    channel_id=st.integers(1, 5),
    kind=st.sampled_from(["*", "vote", "liquidity", "batch", "act"]),
    chain_id=st.sampled_from([None, 1, 10]),
    dao=st.sampled_from((*DAOS, "*")),
    protocol=st.sampled_from(PROTOCOLS),
    token=st.sampled_from(TOKENS),
    address=st.sampled_from(ADDRESSES),
    min_severity=st.sampled_from(SEVERITIES),
    min_usd=st.sampled_from(SIZES),
    min_share=st.sampled_from(SIZES),
    paused=st.sampled_from(["", "", "", "gone"]),
)
facts = st.one_of(
    st.builds(lambda s: vote_facts(share_of_quorum=s), st.sampled_from(SIZES)),
    st.builds(move_facts, st.sampled_from(SIZES), st.sampled_from(SIZES)),
    st.just(BatchFacts("0xaa", "0.7", 1, (), "none")),
    st.builds(act_facts, st.sampled_from(SIZES), st.sampled_from(SIZES)),
    st.builds(
        lambda usd, whole: msgspec.structs.replace(act_facts(usd, None), usd_together=whole),
        st.sampled_from(SIZES),
        st.sampled_from(SIZES),
    ),
    st.just(ActFacts("0xaa", "upgrade", "", "", None, None)),
)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    told = draw(facts)
    kinds: dict[type, Kind] = {VoteFacts: "vote", MoveFacts: "liquidity", BatchFacts: "batch", ActFacts: "act"}
    kind = kinds[type(told)]
    several = st.lists(st.sampled_from(["0xt1", "0xT2", "0xt3"]), max_size=3).map(tuple)
    return alert(
        1, kind, draw(st.sampled_from(SEVERITIES)), facts=told, chain_id=draw(st.sampled_from([1, 10])),
        dao=draw(st.sampled_from(DAOS)), protocol=draw(st.sampled_from(PROTOCOLS)), tokens=draw(several),
        addresses=draw(st.lists(st.sampled_from(["0xa1", "0xA2"]), max_size=2).map(tuple)),
    )  # fmt: skip


@given(st.lists(subscriptions, max_size=40), st.lists(st.integers(0, 30).map(str), max_size=8), alerts())
def test_the_index_finds_exactly_what_a_scan_finds(
    given_subscriptions: list[Subscription], dropped: list[str], told: Alert
) -> None:
    router = Router()
    known: dict[str, Subscription] = {}
    for subscription in given_subscriptions:
        router.put(subscription)
        known[subscription.id] = subscription
    for subscription_id in dropped:
        router.drop(subscription_id)
        known.pop(subscription_id, None)
    found = [s.id for s, _ in router.match(told)]
    assert sorted(found) == sorted(s.id for s in known.values() if wants(s, told))


def test_an_emptied_index_keeps_nothing() -> None:
    router = Router()
    for number in range(20):
        router.put(Subscription(id=str(number), guild_id=1, channel_id=1, min_usd=Decimal(number % 3), dao="ens"))
    for number in range(20):
        router.drop(str(number))
    assert (len(router), router._buckets, dict(router._shapes)) == (0, {}, {})


@pytest.mark.parametrize(("usd", "share"), [(1, None), (None, 0), (1, 0)])
def test_who_is_dropped_leaves_its_neighbours_on_the_ladder(usd: int | None, share: int | None) -> None:
    router = Router()
    min_usd, min_share = (None if n is None else Decimal(n) for n in (usd, share))
    for name in "abc":
        router.put(Subscription(id=name, guild_id=1, channel_id=1, min_usd=min_usd, min_share=min_share))
    router.drop("b")
    assert sorted(s.id for s, _ in router.match(alert(1, "liquidity"))) == ["a", "c"]


def test_a_match_says_which_threshold_was_reached() -> None:
    router = Router()
    router.put(Subscription(id="a", guild_id=1, channel_id=1, min_usd=Decimal(1), min_share=Decimal(1)))
    router.put(Subscription(id="b", guild_id=1, channel_id=1, min_share=Decimal("0.3")))
    router.put(Subscription(id="c", guild_id=1, channel_id=1))
    reasons = {s.id: reason for s, reason in router.match(alert(1, "liquidity"))}
    assert reasons == {"a": "USD threshold reached", "b": "share threshold reached", "c": "any size"}


def test_a_move_without_a_price_reaches_no_usd_threshold() -> None:
    router = Router()
    router.put(Subscription(id="a", guild_id=1, channel_id=1, min_usd=Decimal(0)))
    assert router.match(alert(1, "liquidity", facts=move_facts(usd=None))) == []


def test_payments_in_several_tokens_reach_a_usd_threshold_together() -> None:
    router = Router()
    router.put(Subscription(id="a", guild_id=1, channel_id=1, kind="act", min_usd=Decimal(100)))
    paid = act_facts(Decimal(60), None)
    assert router.match(alert(1, "act", facts=paid)) == []
    together = msgspec.structs.replace(paid, usd_together=Decimal(110))
    assert len(router.match(alert(1, "act", facts=together))) == 1


async def test_several_subscriptions_of_a_channel_are_one_place_with_the_first_role() -> None:
    router = Router()
    router.put(Subscription(id="a", guild_id=1, channel_id=5, kind="vote"))
    router.put(Subscription(id="b", guild_id=1, channel_id=5, dao="uniswap", ping_role=77))
    router.put(Subscription(id="c", guild_id=2, channel_id=6))
    parcel = await Route(router).apply(Parcel(state(1)))
    assert {p.channel_id: (p.ping_role, sorted(p.subscriptions)) for p in parcel.places} == {
        5: (77, ["a", "b"]),
        6: (None, ["c"]),
    }
    assert {v.outcome for v in parcel.verdicts} == {"wanted"}


async def test_an_alert_that_nobody_wants_is_said_to_be_unwanted() -> None:
    parcel = await Route(Router()).apply(Parcel(state(1)))
    assert [(v.stage, v.outcome) for v in parcel.verdicts] == [("route", "unwanted")]


@pytest.mark.slow
def test_one_alert_is_matched_against_100_000_subscriptions_within_50_microseconds() -> None:
    chance = random.Random(7)  # noqa: S311 - a repeatable spread, not a secret
    router = Router()
    for number in range(100_000):
        router.put(
            Subscription(
                id=str(number), guild_id=number % 999, channel_id=number,
                kind=chance.choice(["vote", "liquidity", "*"]),
                chain_id=chance.choice([1, 10, 137, 8453, 42161]), dao=chance.choice([f"dao{n}" for n in range(200)]),
                min_share=Decimal(chance.randrange(1000)) / 1000,
            )
        )  # fmt: skip
    told = [alert(n, dao=f"dao{n}", facts=vote_facts(share_of_quorum=Decimal(n % 100) / 100)) for n in range(200)]
    spent, matches = [], 0
    for one in told * 5:
        begun = time.perf_counter()
        found: list[Match] = router.match(one)
        spent.append(time.perf_counter() - begun)
        matches += len(found)
    assert matches > 1000
    assert median(spent) <= 50e-6
