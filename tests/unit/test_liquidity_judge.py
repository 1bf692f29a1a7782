"""Which moves of liquidity alert, and what each says."""

from decimal import Decimal

import msgspec
import pytest

from tests.pools import (
    BLOCK,
    E6,
    E18,
    NOW,
    PAIR,
    POOL,
    ROUTER,
    STRANGER,
    USDC,
    USDC_FEED,
    WETH,
    WETH_FEED,
    WHALE,
    Node,
    a_node,
    a_watch,
    pair_move,
    range_move,
    settings,
    tell,
    whale_leaves,
)
from watchers.alert import MoveFacts, alert_id
from watchers.chain.block import Header
from watchers.facts import Facts
from watchers.liquidity.wing import wing
from watchers.wing import Situation


@pytest.fixture
def node() -> Node:
    return a_node()


def test_a_whale_that_leaves_a_pair_is_told_whole(node: Node) -> None:
    event = whale_leaves(position=3)
    told = tell(node, [event])
    alert, facts = told.only, told.facts
    assert alert.id == alert_id(1, "0x1", "liquidity", 3)
    assert (alert.subject, alert.kind, alert.protocol) == (f"pool:1:{PAIR}", "liquidity", "uniswap_v2")
    assert (alert.block, alert.block_hash, alert.block_time_s) == (BLOCK, "0x" + "bb" * 32, NOW)
    assert [(r.rule, r.measure, r.value, r.threshold) for r in alert.reasons] == [
        ("whales", "usd", "2400000.00", "1000000"),
        ("whales", "share_of_pool", "0.400000", "0.10"),
    ]
    assert (facts.pool_name, facts.action, facts.usd) == ("Uniswap V2 USDC/WETH", "remove", Decimal(2_400_000))
    assert (facts.share_of_pool, facts.share_basis) == (Decimal("0.4"), "reserves before it")
    assert [(a.symbol, a.raw, a.usd, a.price_time_s) for a in facts.amounts] == [
        ("USDC", 1_200_000 * E6, Decimal(1_200_000), NOW - 60),
        ("WETH", 600 * E18, Decimal(1_200_000), NOW - 60),
    ]
    assert [a.raw for a in facts.pool_before] == [3_000_000 * E6, 1_500 * E18]
    assert [a.raw for a in facts.pool_after] == [1_800_000 * E6, 900 * E18]
    assert (facts.owner, facts.actor) == (ROUTER, WHALE)
    assert alert.addresses == (ROUTER, WHALE, PAIR)
    assert alert.tokens == (USDC, WETH)


def test_prices_and_reserves_are_never_read_inside_the_block(node: Node) -> None:
    tell(node, [whale_leaves()])
    feeds = [c for c in node.asked if c.method == "eth_call" and c.params[0]["to"] in (USDC_FEED, WETH_FEED)]
    assert feeds
    assert {c.params[1] for c in feeds} == {hex(BLOCK - 1)}


def test_a_small_move_is_neither_told_nor_asked_about_further(node: Node) -> None:
    told = tell(node, [pair_move("remove", 10 * E6, E18, left=(10 * E6, E18))])
    assert told.alerts == []
    assert "eth_getTransactionByHash" not in {call.method for call in node.asked}


def test_what_nobody_watches_is_not_asked_about(node: Node) -> None:
    events = [
        pair_move("swap", 10**15, -(10**24), left=(10**15, 10**24)),
        range_move("collect", 0, 10**15, 10**24),
    ]
    assert tell(node, events, a_watch(actions=("add",))).alerts == []
    assert node.asked == []
    assert tell(node, [whale_leaves()], a_watch(chain="base")).alerts == []
    assert tell(node, [whale_leaves()], a_watch(protocol="uniswap_v3")).alerts == []
    assert tell(node, [whale_leaves()], a_watch(pools=(POOL,))).alerts == []
    assert len(tell(node, [whale_leaves()], a_watch(pools=(PAIR,), protocol="uniswap_v2")).alerts) == 1


def test_every_watch_that_fires_is_named(node: Node) -> None:
    told = tell(node, [whale_leaves()], a_watch(name="low", min_usd=1), a_watch(name="high", min_usd=10**9))
    assert {reason.rule for reason in told.only.reasons} == {"low"}
    told = tell(node, [whale_leaves()], a_watch(name="low", min_usd=1), a_watch(name="mid", min_usd=2_400_000))
    assert {reason.rule for reason in told.only.reasons} == {"low", "mid"}


def test_a_ranged_position_is_told_with_its_range_fees_and_share(node: Node) -> None:
    for token, amount in ((USDC, 4_000_000 * E6), (WETH, 2_000 * E18)):
        node.says(token, "balanceOf(address)", amount, types="uint256")
    burn = range_move("remove", 250, 1_000_000 * E6, 500 * E18)
    collect = range_move("collect", 0, 1_010_000 * E6, 505 * E18)
    facts = tell(node, [burn, collect]).facts
    assert facts.pool_name == "Uniswap V3 USDC/WETH 0.05%"
    assert (facts.usd, facts.tick_lower, facts.tick_upper) == (Decimal(2_020_000), -10, 10)
    assert (facts.share_of_pool, facts.share_basis) == (Decimal("0.25"), "liquidity in range")
    assert [a.raw for a in facts.pool_before] == [4_000_000 * E6, 2_000 * E18]
    assert [a.raw for a in facts.pool_after] == [2_990_000 * E6, 1_495 * E18]


def test_just_in_time_liquidity_stays_silent(node: Node) -> None:
    came = msgspec.structs.replace(range_move("add", 250, 10**12, 10**21), tx="0x1")
    went = msgspec.structs.replace(range_move("remove", 250, 10**12, 10**21), tx="0x2")
    assert tell(node, [came, went]).alerts == []
    assert node.asked == []


def test_two_users_of_one_router_are_told_apart_by_who_signed(node: Node) -> None:
    node.signers["0x2"] = STRANGER
    joins = [
        pair_move("add", 600_000 * E6, 300 * E18, left=(r * 10**6 * E6, r * 500 * E18), tx=tx)
        for r, tx in ((2, "0x1"), (3, "0x2"))
    ]
    told = tell(node, joins)
    assert [a.facts.actor for a in told.alerts if isinstance(a.facts, MoveFacts)] == [WHALE, STRANGER]


@pytest.mark.parametrize(
    ("usdc", "left", "severity"),
    [
        (600_000, 12_000_000, "info"),
        (1_600_000, 12_000_000, "notable"),
        (600_000, 1_200_000, "notable"),
        (5_000_000, 95_000_000, "critical"),
        (600_000, 500_000, "critical"),
    ],
)
def test_severity_follows_the_table(node: Node, usdc: int, left: int, severity: str) -> None:
    event = pair_move("remove", usdc * E6, usdc * E18 // 2000, left=(left * E6, left * E18 // 2000))
    assert tell(node, [event]).only.severity == severity


def test_a_swap_is_worth_one_side_and_keeps_its_signs(node: Node) -> None:
    event = pair_move("swap", 2_000_000 * E6, -990 * E18, left=(6_000_000 * E6, 2_000 * E18))
    facts = tell(node, [event], a_watch(actions=("swap",))).facts
    assert facts.usd == 1_980_000
    assert [a.raw for a in facts.amounts] == [2_000_000 * E6, -990 * E18]
    assert facts.share_of_pool == Decimal("0.5")


def test_moves_of_nothing_are_nothing(node: Node) -> None:
    events = [pair_move("add", 0, 0, left=(5, 5)), range_move("remove", 0, 0, 0), range_move("collect", 0, 0, 0)]
    assert (
        tell(node, events, a_watch(min_usd=0, min_share_of_pool=0, actions=("add", "remove", "collect"))).alerts == []
    )
    assert node.asked == []


def test_the_wing_keeps_the_events_as_they_are() -> None:
    house = settings()
    header = Header(hex(BLOCK), "0x" + "bb" * 32, "0x" + "ba" * 32, hex(NOW), "0x")
    events = [whale_leaves()]
    assert wing.enrich(events, Situation(house, house.chains["ethereum"], header, Facts(), {}, {})) == events
    assert {p.name for p in wing.protocols} >= {"uniswap_v2", "uniswap_v3"}
