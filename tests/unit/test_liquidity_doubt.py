"""Prices stale or missing, pools that are not what they say, absurd numbers: nothing wrong is claimed."""

from decimal import Decimal

import msgspec
import pytest

from tests.pools import (
    E6,
    E18,
    FAKE,
    MEME,
    NOW,
    POOL,
    SEQUENCER,
    STRANGER,
    USDC,
    USDC_FEED,
    WETH,
    WETH_FEED,
    Node,
    a_node,
    a_watch,
    pair_move,
    range_move,
    tell,
    whale_leaves,
)
from watchers.abi import selector
from watchers.alert import MoveFacts


@pytest.fixture
def node() -> Node:
    return a_node()


def test_a_stale_feed_leaves_the_share_to_decide_and_no_dollars_to_see(node: Node) -> None:
    node.feed(WETH_FEED, "2000", at=NOW - 90_000)
    node.feed(USDC_FEED, "1", at=NOW - 90_000)
    told = tell(node, [whale_leaves()])
    assert told.facts.usd is None
    assert {a.usd for a in told.facts.amounts} == {None}
    assert [r.measure for r in told.only.reasons] == ["share_of_pool"]


def test_without_a_price_a_small_share_is_no_news(node: Node) -> None:
    node.feed(WETH_FEED, "0")
    node.feed(USDC_FEED, "0")
    assert tell(node, [whale_leaves()], a_watch(min_share_of_pool=Decimal("0.5"))).alerts == []


def test_a_rollup_whose_sequencer_is_down_has_no_prices(node: Node) -> None:
    types = "uint80 int256 uint256 uint256 uint80"
    node.says(SEQUENCER, "latestRoundData()", 1, 1, NOW - 9_999, NOW, 1, types=types)
    assert tell(node, [whale_leaves()], sequencer_feed=SEQUENCER).facts.usd is None
    node.says(SEQUENCER, "latestRoundData()", 1, 0, NOW - 9_999, NOW, 1, types=types)
    assert tell(node, [whale_leaves()], sequencer_feed=SEQUENCER).facts.usd == 2_400_000


def test_one_unpriced_leg_leaves_the_whole_without_dollars_but_not_the_other_leg(node: Node) -> None:
    node.pair(FAKE, USDC, MEME)
    event = pair_move("remove", 1_200_000 * E6, 5 * E18, left=(4_000_000 * E6, 20 * E18), pool=FAKE)
    told = tell(node, [event])
    assert told.facts.usd is None
    assert [a.usd for a in told.facts.amounts] == [Decimal(1_200_000), None]
    assert [r.measure for r in told.only.reasons] == ["usd_at_least", "share_of_pool"]
    assert told.facts.pool_name == "Uniswap V2 USDC/MEME"


def test_dust_in_a_pool_of_unpriced_tokens_is_no_news_however_large_its_share(node: Node) -> None:
    node.pair(FAKE, USDC, MEME)
    event = pair_move("remove", 9_000 * E6, 5 * E18, left=(1, 1), pool=FAKE)
    assert tell(node, [event]).alerts == []


def test_an_emitter_without_two_tokens_is_no_pool(node: Node) -> None:
    told = tell(node, [whale_leaves(address=STRANGER)])
    assert (told.alerts, told.rounds) == ([], 1)


def test_a_pool_of_an_unknown_factory_is_called_unverified(node: Node) -> None:
    node.pair(FAKE, USDC, WETH, factory=STRANGER)
    for token, amount in ((USDC, 3_000_000 * E6), (WETH, 1_500 * E18)):
        node.says(token, "balanceOf(address)", amount, types="uint256")
    told = tell(node, [whale_leaves(address=FAKE)])
    assert told.facts.pool_name == "unverified pool USDC/WETH"
    assert told.facts.usd == 2_400_000
    assert told.only.severity == "info"


def test_a_pool_that_claims_a_factory_which_does_not_list_it_is_unverified(node: Node) -> None:
    node.pair(FAKE, USDC, WETH, listed=False)
    assert tell(node, [whale_leaves(address=FAKE)]).facts.pool_name == "unverified pool USDC/WETH"


def test_a_pool_that_holds_none_of_what_it_says_is_no_pool(node: Node) -> None:
    node.pair(FAKE, USDC, WETH, factory=STRANGER)
    for token in (USDC, WETH):
        node.says(token, "balanceOf(address)", 5, types="uint256")
    assert tell(node, [whale_leaves(address=FAKE)]).alerts == []


def test_a_leg_that_an_unknown_pool_does_not_hold_has_no_price(node: Node) -> None:
    node.pair(FAKE, MEME, WETH, factory=STRANGER)
    node.says(MEME, "balanceOf(address)", 2**255, types="uint256")
    node.says(WETH, "balanceOf(address)", 5, types="uint256")
    facts = tell(node, [whale_leaves(address=FAKE)]).facts
    assert (facts.usd, [a.usd for a in facts.amounts]) == (None, [None, None])


def test_an_unknown_pool_that_floods_a_block_is_told_once(node: Node) -> None:
    node.pair(FAKE, USDC, WETH, factory=STRANGER)
    flood = [whale_leaves(address=FAKE, tx=f"0x{at}", position=0, owner="0x" + f"{at:040x}") for at in range(50)]
    largest = msgspec.structs.replace(flood[30], amount0_raw=-1_300_000 * E6)
    flood[30] = largest
    assert tell(node, flood).only.tx == "0x30"
    node.pair(FAKE, USDC, WETH)
    assert len(tell(node, flood).alerts) == 50


HUGE = 2**256 - 1


@pytest.mark.parametrize("decimals", [None, 0, 18])
def test_absurd_amounts_metadata_and_symbols_print_no_wrong_number(node: Node, decimals: int | None) -> None:
    node.pair(FAKE, MEME, STRANGER)
    node.said.pop((MEME, selector("decimals()")))
    node.says(STRANGER, "symbol()", "🐋" * 10_240, types="string")
    if decimals is not None:
        node.says(STRANGER, "decimals()", decimals, types="uint8")
    event = pair_move("remove", HUGE, HUGE, left=(0, 0), pool=FAKE)
    facts = tell(node, [event]).facts
    assert facts.usd is None
    assert [(a.raw, a.decimals, a.usd) for a in facts.amounts] == [(HUGE, None, None), (HUGE, decimals, None)]
    assert len(facts.amounts[1].symbol) == 24
    assert facts.share_of_pool == 1
    assert msgspec.json.decode(msgspec.json.encode(facts), type=MoveFacts) == facts


def test_a_node_that_refuses_everything_stops_nothing() -> None:
    assert tell(Node(), [whale_leaves(), range_move("add", 5, 10**15, 10**24)]).alerts == []


def test_unknown_signer_and_state_are_unknown_not_wrong(node: Node) -> None:
    node.signers.clear()
    del node.said[POOL, selector("slot0()")]
    facts = tell(node, [range_move("add", 5, 10**12, 10**21)]).facts
    assert (facts.actor, facts.share_of_pool, facts.share_basis) == ("", None, "")
    assert (facts.pool_before, facts.pool_after) == ((), ())
    assert facts.usd == 3_000_000
