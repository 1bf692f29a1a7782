"""Lending markets: what their logs mean, whose they are, how a block nets, and what an alert says of the reserve."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest

from bot.cards.liquidity import liquidity_card
from bot.commands import whales, why
from config.settings import LiquidityWatch
from tests.alerts import a_state
from tests.desk import DESK
from tests.pools import (
    E6,
    E18,
    GATEWAY,
    MARKET,
    MEME,
    NOBODY,
    REVERTED,
    STRANGER,
    USDC,
    WETH,
    WHALE,
    Node,
    a_node,
    a_watch,
    loan_move,
    tell,
)
from watchers.abi import encode_words, shape_of
from watchers.appraisal import Appraised
from watchers.chain.block import Log
from watchers.decode import Decoder, protocols_in
from watchers.liquidity import protocols
from watchers.liquidity.asks import Lent, Receipts, Reserve
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.loans import Stand, after, net_loans, share_of_reserve, utilisation
from watchers.liquidity.markets import GATEWAYS, MARKETS, Family
from watchers.liquidity.protocols import aave_v3_market as v3
from watchers.liquidity.size import net, shared

DECODER = Decoder(protocols_in(protocols))
V2, SPARK = "0x7d2768de32b0b80b7a3454c06bdac94a69ddc7a9", "0xc13e21b648a5ee794902342038ff3adab66be987"
BASE = "0xa238dd80c259a72e81d7e4664a9801593f98d1c5"
ALL = ("supply", "withdraw", "borrow", "repay", "liquidation")
LENDERS = a_watch(name="lenders", actions=ALL, min_usd=Decimal(1_000_000))


def wide(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")


def a_log(pool: str, shape: type, topics: tuple[str, ...], types: tuple[str, ...], *values: object) -> Log:
    data = "0x" + encode_words(types, values).hex()
    named = (shape_of(shape).topic0, *(wide(topic) for topic in topics))
    return Log(pool, named, data, hex(100), "0x" + "ab" * 32, "0x5", "0x1", "0x" + "bb" * 32)


def a_withdrawal(pool: str) -> Log:
    return a_log(pool, v3.Withdraw, (USDC, WHALE, STRANGER), ("uint256",), 7)


def a_liquidation(pool: str, *, receipts: bool = False) -> Log:
    types = ("uint256", "uint256", "address", "bool")
    return a_log(pool, v3.LiquidationCall, (WETH, USDC, WHALE), types, 2_000, 1, STRANGER, receipts)


def moves(chain_id: int, *logs: Log) -> list[LiquidityMove]:
    decoded = DECODER.decode(chain_id, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, LiquidityMove)]


@pytest.fixture
def node() -> Node:
    built = a_node()
    built.reserve(USDC, available=10_000_000 * E6, deposits=40_000_000 * E6, debt=30_000_000 * E6)
    return built


@pytest.mark.parametrize("log", [a_withdrawal, a_liquidation], ids=["Withdraw", "LiquidationCall"])
@pytest.mark.parametrize(
    ("pool", "protocol"),
    [(V2, "aave_v2_market"), (MARKET, "aave_v3_market"), (SPARK, "spark")],
    ids=["v2", "v3", "spark"],
)
def test_what_v2_and_v3_say_alike_is_told_apart_by_who_emits_it(log: object, pool: str, protocol: str) -> None:
    assert callable(log)
    (move,) = moves(1, log(pool))
    assert (move.protocol, move.address) == (protocol, pool)


@pytest.mark.parametrize("log", [a_withdrawal, a_liquidation], ids=["Withdraw", "LiquidationCall"])
@pytest.mark.parametrize("where", [(1, STRANGER), (1, BASE), (999, MARKET)], ids=["nobody", "Base's", "another chain"])
def test_nobody_else_speaks_for_a_market(log: object, where: tuple[int, str]) -> None:
    assert callable(log)
    decoded = DECODER.decode(where[0], [log(where[1])])
    assert (decoded.events, decoded.errors, decoded.unknown) == ([], [], 1)


def test_a_flash_loan_is_no_move_and_is_not_asked_for() -> None:
    assert "0xefefaba5e921573100900a3ad9cf29f222d995fb3b6045797eaea7521bd8d6f0" not in DECODER.topics  # v3
    assert "0x631042c832b07452973831137f2d73e395028b44b250dedc5abb0ee766e168ac" not in DECODER.topics  # v2


def test_a_withdrawal_flows_out_of_its_owners_deposit_to_who_receives_it() -> None:
    (move,) = moves(1, a_withdrawal(MARKET))
    assert (move.owner, move.recipient, move.token0, move.amount0_raw) == (WHALE, STRANGER, USDC, -7)


def test_a_deposit_and_a_repayment_through_a_gateway_belong_to_their_owner() -> None:
    put = a_log(MARKET, v3.Supply, (WETH, WHALE, STRANGER[:2] + "00" * 20), ("address", "uint256"), GATEWAY, 5)
    paid = a_log(MARKET, v3.Repay, (WETH, WHALE, GATEWAY), ("uint256", "bool"), 6, False)
    assert [(m.action, m.owner, m.payer, m.amount0_raw) for m in moves(1, put, paid)] == [
        ("supply", WHALE, GATEWAY, 5),
        ("repay", WHALE, GATEWAY, 6),
    ]


def test_a_loan_is_its_owners_debt_whoever_takes_the_token() -> None:
    types = ("address", "uint256", "uint8", "uint256")
    loan = a_log(MARKET, v3.Borrow, (WETH, WHALE, "0x" + "00" * 20), types, GATEWAY, 5, 2, 10**25)
    (move,) = moves(1, loan)
    assert (move.action, move.owner, move.recipient, move.amount0_raw) == ("borrow", WHALE, GATEWAY, -5)


def test_a_liquidation_names_both_tokens_and_whether_receipts_changed_hands() -> None:
    (move,) = moves(1, a_liquidation(MARKET, receipts=True))
    assert (move.owner, move.payer, move.token0, move.token1) == (WHALE, STRANGER, WETH, USDC)
    assert (move.amount0_raw, move.amount1_raw, move.in_receipts) == (-1, 2_000, True)


def test_every_market_and_gateway_is_on_a_chain_that_is_shipped_and_is_an_address() -> None:
    assert {chain_id for chain_id, _ in MARKETS} == {1, 10, 56, 100, 137, 324, 8453, 42161, 43114, 534352, 11155111}
    assert all(address == address.lower() and len(address) == 42 for _, address in (*MARKETS, *GATEWAYS))
    assert {chain_id for chain_id, _ in GATEWAYS} == {chain_id for chain_id, _ in MARKETS}


def test_what_one_owner_puts_in_and_takes_out_in_a_block_cancels() -> None:
    events = [loan_move("supply", USDC, 10), loan_move("withdraw", USDC, -10, tx="0x2")]
    assert net(events, {}) == []
    kept = [*events, loan_move("withdraw", USDC, -3), loan_move("borrow", USDC, -4), loan_move("supply", WETH, 1)]
    assert [(m.action, m.first.token0, m.raw0, m.pool0) for m in net(kept, {})] == [
        ("withdraw", USDC, 3, -3),
        ("borrow", USDC, 4, -4),
        ("supply", WETH, 1, 1),
    ]


def test_withdrawals_of_two_people_through_one_gateway_stay_two() -> None:
    events = [loan_move("withdraw", WETH, -n, owner=GATEWAY, tx=f"0x{n}") for n in (1, 2)]
    assert shared(events) == ["0x1", "0x2"]
    signers = {"0x1": WHALE, "0x2": STRANGER}
    assert [m.raw0 for m in net(events, signers)] == [1, 2]
    assert [m.raw0 for m in net(events, {"0x1": WHALE})] == [3]


def test_a_debt_paid_in_receipts_brings_the_pool_nothing() -> None:
    (move,) = net_loans([loan_move("repay", USDC, 5, in_receipts=True)], {})
    assert (move.action, move.raw0, move.pool0) == ("repay", 5, 0)
    assert after(move, Stand(10, 20, 10)) == Stand(10, None, 5)


def test_liquidations_of_one_borrower_in_a_transaction_are_one() -> None:
    one = loan_move("liquidation", WETH, -1, token1=USDC, amount1_raw=2_000)
    other = loan_move("liquidation", WETH, -2, token1=USDC, amount1_raw=4_000, in_receipts=True)
    apart = loan_move("liquidation", WETH, -9, token1=USDC, amount1_raw=9, owner=STRANGER)
    found = net([one, other, apart], {})
    assert [(m.raw0, m.raw1, m.pool0, m.pool1) for m in found] == [(3, 6_000, -1, 6_000), (9, 9, -9, 9)]


@pytest.mark.parametrize(
    ("action", "raw", "share", "basis"),
    [
        ("supply", 100, "0.2", "deposits after it"),
        ("withdraw", -100, "0.25", "deposits before it"),
        ("borrow", -100, "1", "available liquidity before it"),
        ("repay", 100, "0.333333333333333333", "debt before it"),
    ],
)
def test_a_share_is_of_what_the_move_is_about(action: str, raw: int, share: str, basis: str) -> None:
    (move,) = net_loans([loan_move(action, USDC, raw)], {})
    assert share_of_reserve(move, Stand(100, 400, 300)) == (Decimal(share), basis)
    assert share_of_reserve(move, Stand(None, None, None)).value is None
    assert share_of_reserve(move, None).value is None


def test_what_is_left_and_lent_out_is_unknown_where_the_token_is_minted_as_it_is_lent() -> None:
    (move,) = net_loans([loan_move("borrow", USDC, -100)], {})
    assert after(move, Stand(0, 0, 300)) is None
    assert utilisation(None) is None
    assert utilisation(Stand(0, 0, 0)) is None
    assert utilisation(Stand(100, 400, None)) is None
    assert utilisation(Stand(100, 400, 300)) == Decimal("0.75")


def test_a_whale_that_withdraws_is_told_with_what_it_leaves_of_the_reserve(node: Node) -> None:
    told = tell(node, [loan_move("withdraw", USDC, -5_000_000 * E6)], LENDERS)
    facts, alert = told.facts, told.only
    assert (alert.protocol, alert.severity, alert.tokens) == ("aave_v3_market", "notable", (USDC,))
    assert (facts.pool_name, facts.action, facts.usd) == ("Aave v3 USDC", "withdraw", Decimal(5_000_000))
    assert (facts.share_of_pool, facts.share_basis) == (Decimal("0.125"), "deposits before it")
    assert [a.raw for a in (*facts.pool_before, *facts.pool_after)] == [10_000_000 * E6, 5_000_000 * E6]
    assert facts.utilisation_before == Decimal("0.75")
    assert str(facts.utilisation_after)[:6] == "0.8571"
    assert told.rounds == 3


def test_the_reserve_is_asked_for_only_of_what_may_be_told(node: Node) -> None:
    assert tell(node, [loan_move("withdraw", USDC, -5_000 * E6)], LENDERS).alerts == []
    assert all(call.params[0]["to"] != MARKET for call in node.asked)


def test_a_reserve_that_does_not_answer_leaves_its_measures_unknown() -> None:
    facts = tell(a_node(), [loan_move("withdraw", USDC, -5_000_000 * E6)], LENDERS).facts
    assert (facts.share_of_pool, facts.pool_before, facts.utilisation_before) == (None, (), None)
    assert facts.usd == Decimal(5_000_000)


def test_what_comes_out_of_a_gateway_is_its_signers(node: Node) -> None:
    told = tell(node, [loan_move("withdraw", WETH, -5_000 * E18, owner=GATEWAY, recipient=GATEWAY)], LENDERS)
    assert told.facts.owner == told.facts.actor == WHALE
    assert GATEWAY in told.only.addresses


def test_a_liquidation_is_valued_once_and_not_at_all_where_one_side_has_no_price(node: Node) -> None:
    seized = loan_move("liquidation", WETH, -1_000 * E18, token1=USDC, amount1_raw=1_900_000 * E6, payer=STRANGER)
    facts = tell(node, [seized], LENDERS).facts
    assert (facts.pool_name, facts.usd, facts.payer) == ("Aave v3 WETH/USDC", Decimal(1_900_000), STRANGER)
    unpriced = msgspec.structs.replace(seized, token0=MEME)
    assert tell(node, [unpriced], LENDERS).facts.usd is None


@pytest.mark.parametrize(
    ("watch", "heard"),
    [
        (a_watch(), 0),
        (a_watch(actions=("add", "remove", "swap", "collect")), 0),
        (a_watch(actions=("borrow",)), 0),
        (a_watch(actions=("withdraw",), protocol="spark"), 0),
        (a_watch(actions=("withdraw",), protocol="aave_v3_market"), 1),
        (a_watch(actions=("withdraw",), pools=(MARKET,)), 1),
    ],
    ids=["the default", "pools", "loans", "another market", "this market", "this pool"],
)
def test_a_watch_hears_the_actions_and_the_market_that_it_names(node: Node, watch: LiquidityWatch, heard: int) -> None:
    assert len(tell(node, [loan_move("withdraw", USDC, -5_000_000 * E6)], watch).alerts) == heard


def test_a_watch_of_pools_asks_nothing_about_markets(node: Node) -> None:
    events = [loan_move("withdraw", WETH, -n, owner=GATEWAY, tx=f"0x{n}") for n in (1, 2)]
    assert tell(node, events, a_watch()).rounds == 0


def test_the_card_says_what_the_move_did_to_the_reserve(node: Node) -> None:
    facts = tell(node, [loan_move("withdraw", USDC, -5_000_000 * E6)], LENDERS).facts
    card = liquidity_card([a_state(facts)], DESK.lexicon)
    assert card.headline == "$5.00M withdrawn: 12.5 % of the reserve"
    assert card.facts[:4] == (
        "**Moved** 5.00M USDC ($5.00M)",
        "**Available** 10.0M USDC → **5.00M USDC**",
        "**Share** 12.5 % of the reserve's deposits before it",
        "**Lent out** 75.0 % → **85.7 %**",
    )


def test_the_card_of_a_liquidation_names_debt_collateral_and_who_took_it(node: Node) -> None:
    seized = loan_move(
        "liquidation", WETH, -1_000 * E18, token1=USDC, amount1_raw=1_900_000 * E6, payer=STRANGER, in_receipts=True
    )
    card = liquidity_card([a_state(tell(node, [seized], LENDERS).facts)], DESK.lexicon)
    assert card.headline == "$1.90M liquidated"
    assert card.facts[0] == "**Seized** 1,000 WETH ($2.00M) for 1.90M USDC ($1.90M) of debt"
    assert card.facts[1] == "Paid in receipts of deposits: the token itself stayed in the market."
    assert [line.split("**")[1] for line in card.facts[2:]] == ["Borrower", "Paid by"]


@pytest.mark.parametrize(
    ("recipient", "said"),
    [(STRANGER, ["Received by"]), (WHALE, []), (GATEWAY, [])],
    ids=["another", "its owner", "gateway"],
)
def test_the_card_says_who_received_what_another_withdrew(node: Node, recipient: str, said: list[str]) -> None:
    facts = tell(node, [loan_move("withdraw", USDC, -5_000_000 * E6, recipient=recipient)], LENDERS).facts
    card = liquidity_card([a_state(facts)], DESK.lexicon)
    assert [line.split("**")[1] for line in card.facts[5:]] == said


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("repay", "Net of what the same owner supplied and withdrew, or borrowed and repaid, of it in this block."),
        ("liquidation", "All that this transaction took of this borrower, for this debt."),
    ],
)
def test_why_says_what_a_market_s_move_is_net_of(node: Node, action: str, said: str) -> None:
    more = {"token1": WETH, "amount1_raw": 2_500 * E18} if action == "liquidation" else {}
    raw = 5_000_000 * E6 * (-1 if action == "liquidation" else 1)
    facts = tell(node, [loan_move(action, USDC, raw, **more)], LENDERS).facts
    assert said in why.answer(a_state(facts), DESK).facts


def test_whales_says_of_what_a_loan_is_a_share(node: Node) -> None:
    facts = tell(node, [loan_move("borrow", USDC, -5_000_000 * E6)], LENDERS).facts
    (line,) = whales.answer([a_state(facts)], Appraised([], [], 0, None, []), DESK).facts
    assert "$5.00M borrowed" in line
    assert "Aave v3 USDC" in line
    assert "50.0 % of the reserve" in line


@pytest.mark.parametrize("receipts", [True, False])
def test_a_repayment_says_whether_receipts_paid_it(receipts: Any) -> None:
    paid = a_log(MARKET, v3.Repay, (WETH, WHALE, WHALE), ("uint256", "bool"), 6, receipts)
    assert moves(1, paid)[0].in_receipts is receipts


def test_a_reserve_is_read_at_the_block_before_and_its_receipts_as_each_version_lays_them_out() -> None:
    deposit, stable, variable = ("0x" + pair * 20 for pair in ("5a", "5b", "5d"))
    skips = {"aave_v2_market": 7, "aave_v3_market": 8, "spark": 8}
    for family in get_args(Family):
        skipped = skips[family]
        types = ("uint256",) * skipped + ("address",) * 3
        said = "0x" + encode_words(types, (*range(skipped), deposit, stable, variable)).hex()
        assert Reserve(V2, USDC, family).read([said]) == Receipts(deposit, stable, variable)
        nothing = "0x" + encode_words(types, (*[0] * skipped, *[NOBODY] * 3)).hex()
        assert Reserve(V2, USDC, family).read([nothing]) is None
        assert Reserve(V2, USDC, family).read([REVERTED]) is None
    lent = Lent(USDC, Receipts(deposit, stable, variable))
    assert [(c.params[0]["to"], c.params[1]) for c in lent.calls(100)] == [
        (address, "0x63") for address in (USDC, deposit, variable, stable)
    ]


def test_a_debt_of_which_one_kind_does_not_answer_is_not_known() -> None:
    one = "0x" + encode_words(("uint256",), (5,)).hex()
    lent = Lent(USDC, Receipts("0x" + "5a" * 20, "0x" + "5b" * 20, "0x" + "5d" * 20))
    assert lent.read([one, one, one, one]) == Stand(5, 5, 10)
    assert lent.read([one, one, one, REVERTED]) == Stand(5, 5, None)
    assert lent.read([REVERTED] * 4) is None
