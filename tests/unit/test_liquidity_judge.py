"""From events to alerts, against a fake node that answers the wing's own questions."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
import pytest

from config.settings import Chain, LiquidityWatch, Settings, TokenDef, load
from watchers.abi import encode_words, selector
from watchers.alert import Alert, MoveFacts, alert_id
from watchers.chain.block import Header
from watchers.facts import Answer, Call, Facts, RpcError
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.wing import wing
from watchers.wing import Situation

NOW, BLOCK = 1_700_000_000, 100
PAIR, POOL, FAKE = "0x" + "a0" * 20, "0x" + "a1" * 20, "0x" + "a2" * 20
USDC, WETH, MEME = "0x" + "0c" * 20, "0x" + "0e" * 20, "0x" + "0d" * 20
USDC_FEED, WETH_FEED, SEQUENCER = "0x" + "f1" * 20, "0x" + "f2" * 20, "0x" + "f3" * 20
UNI2, UNI3 = "0x5c69bee701ef814a2b6a3edd4b1652cb9cc5aa6f", "0x1f98431c8ad98523631ae4a59f267346ea31f984"
ROUTER, WHALE, STRANGER = "0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "b3" * 20
E6, E18 = 10**6, 10**18
REVERTED = RpcError(3, "execution reverted")
_INDEX = count()


class Node:
    """Answers `eth_call` by (contract, selector) or (contract, whole calldata), and transactions by hash."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str], Answer] = {}
        self.signers: dict[str, str] = {}
        self.asked: list[Call] = []

    def says(self, contract: str, signature: str, *values: object, types: str, arguments: tuple[Any, ...] = ()) -> None:
        kinds = tuple(t for t in signature[signature.index("(") + 1 : -1].split(",") if t)
        key = selector(signature) + (encode_words(kinds, arguments).hex() if arguments else "")
        self.said[contract, key] = "0x" + encode_words(tuple(types.split()), values).hex()

    def answer(self, call: Call) -> Answer:
        self.asked.append(call)
        if call.method == "eth_getTransactionByHash":
            return {"from": self.signers[call.params[0]]} if call.params[0] in self.signers else None
        to, data = call.params[0]["to"], call.params[0]["data"]
        return self.said.get((to, data), self.said.get((to, data[:10]), REVERTED))

    def token(self, address: str, symbol: str, decimals: int) -> None:
        self.says(address, "symbol()", symbol, types="string")
        self.says(address, "decimals()", decimals, types="uint8")

    def feed(self, address: str, usd: str, *, at: int = NOW - 60) -> None:
        answer = int(Decimal(usd) * 10**8)
        self.says(address, "latestRoundData()", 1, answer, at, at, 1, types="uint80 int256 uint256 uint256 uint80")
        self.says(address, "decimals()", 8, types="uint8")

    def pair(self, pool: str, token0: str, token1: str, factory: str = UNI2, *, listed: bool = True) -> None:
        self._pool(pool, token0, token1, factory)
        if listed:
            both = (token0, token1)
            self.says(factory, "getPair(address,address)", pool, types="address", arguments=both)

    def ranged(self, pool: str, token0: str, token1: str, *, tick: int = 0, liquidity: int = 1000) -> None:
        self._pool(pool, token0, token1, UNI3)
        self.says(pool, "fee()", 500, types="uint24")
        self.says(pool, "tickSpacing()", 10, types="int24")
        self.says(pool, "slot0()", 2**96, tick, 0, types="uint160 int24 uint16")
        self.says(pool, "liquidity()", liquidity, types="uint128")
        listing = (token0, token1, 500)
        self.says(UNI3, "getPool(address,address,uint24)", pool, types="address", arguments=listing)

    def _pool(self, pool: str, token0: str, token1: str, factory: str) -> None:
        for name, value in (("token0()", token0), ("token1()", token1), ("factory()", factory)):
            self.says(pool, name, value, types="address")


@pytest.fixture
def node() -> Node:
    built = Node()
    built.feed(USDC_FEED, "1")
    built.feed(WETH_FEED, "2000")
    built.token(MEME, "MEME", 18)
    built.pair(PAIR, USDC, WETH)
    built.ranged(POOL, USDC, WETH)
    built.signers["0x1"] = WHALE
    return built


TOKENS = tuple(
    TokenDef(chain="ethereum", address=address, symbol=symbol, decimals=decimals, feed=feed)
    for address, symbol, decimals, feed in ((USDC, "USDC", 6, USDC_FEED), (WETH, "WETH", 18, WETH_FEED))
)


def a_watch(**more: Any) -> LiquidityWatch:
    return LiquidityWatch(kind="liquidity", name=more.pop("name", "whales"), **more)


def settings(*watches: LiquidityWatch) -> Settings:
    house = load(environ={}, dotenv=None)
    return house.model_copy(update={"watches": watches or (a_watch(),), "tokens": TOKENS})


class Told(msgspec.Struct):
    alerts: list[Alert]
    rounds: int

    @property
    def only(self) -> Alert:
        (alert,) = self.alerts
        return alert

    @property
    def facts(self) -> MoveFacts:
        facts = self.only.facts
        assert isinstance(facts, MoveFacts)
        return facts


def tell(
    node: Node, events: Sequence[LiquidityMove], *watches: LiquidityWatch, sequencer_feed: str | None = None
) -> Told:
    """Do what the pipeline does: ask until nothing is open, then judge."""
    house = settings(*watches)
    chain: Chain = house.chains["ethereum"].model_copy(update={"sequencer_feed": sequencer_feed})
    header = Header(hex(BLOCK), "0x" + "bb" * 32, "0x" + "ba" * 32, hex(NOW), "0x")
    at = Situation(house, chain, header, Facts(), {}, {})
    for done in range(6):
        asks = list(wing.asks(events, at))
        if not asks:
            return Told(wing.judge(events, at), done)
        assert len(set(asks)) == len(asks)
        for ask in asks:
            at.facts.known[ask] = ask.read([node.answer(call) for call in ask.calls(BLOCK)])
    raise AssertionError("the questions never end")


def pair_move(
    action: str, usdc: int, weth: int, *, left: tuple[int, int], pool: str = PAIR, **more: Any
) -> LiquidityMove:
    sign = -1 if action == "remove" else 1
    return LiquidityMove(
        **{
            "protocol": "uniswap_v2",
            "chain_id": 1,
            "block": BLOCK,
            "tx": "0x1",
            "tx_index": 0,
            "log_index": next(_INDEX),
            "address": pool,
            "action": action,
            "owner": ROUTER,
            "amount0_raw": sign * usdc,
            "amount1_raw": sign * weth,
            "reserve0_raw": left[0],
            "reserve1_raw": left[1],
            **more,
        }
    )


def range_move(action: str, liquidity: int, a0: int, a1: int, **more: Any) -> LiquidityMove:
    ticks = {
        "tick_lower": -10,
        "tick_upper": 10,
        "liquidity_raw": liquidity,
        "reserve0_raw": None,
        "reserve1_raw": None,
    }
    sign = -1 if action == "collect" else 1
    move = pair_move(action, sign * a0, sign * a1, left=(0, 0), pool=POOL, protocol="uniswap_v3", **ticks)
    return msgspec.structs.replace(move, **more)


def whale_leaves(**more: Any) -> LiquidityMove:
    """A removal of 1.2M USDC and 600 WETH, 40 % of the pair."""
    return pair_move("remove", 1_200_000 * E6, 600 * E18, left=(1_800_000 * E6, 900 * E18), **more)


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


def test_moves_of_nothing_are_nothing(node: Node) -> None:
    events = [pair_move("add", 0, 0, left=(5, 5)), range_move("remove", 0, 0, 0), range_move("collect", 0, 0, 0)]
    assert (
        tell(node, events, a_watch(min_usd=0, min_share_of_pool=0, actions=("add", "remove", "collect"))).alerts == []
    )
    assert node.asked == []


def test_a_node_that_refuses_everything_stops_nothing() -> None:
    assert tell(Node(), [whale_leaves(), range_move("add", 5, 10**15, 10**24)]).alerts == []


def test_unknown_signer_and_state_are_unknown_not_wrong(node: Node) -> None:
    node.signers.clear()
    del node.said[POOL, selector("slot0()")]
    facts = tell(node, [range_move("add", 5, 10**12, 10**21)]).facts
    assert (facts.actor, facts.share_of_pool, facts.share_basis) == ("", None, "")
    assert (facts.pool_before, facts.pool_after) == ((), ())
    assert facts.usd == 3_000_000


def test_the_wing_keeps_the_events_as_they_are() -> None:
    house = settings()
    header = Header(hex(BLOCK), "0x" + "bb" * 32, "0x" + "ba" * 32, hex(NOW), "0x")
    events = [whale_leaves()]
    assert wing.enrich(events, Situation(house, house.chains["ethereum"], header, Facts(), {}, {})) == events
    assert {p.name for p in wing.protocols} >= {"uniswap_v2", "uniswap_v3"}
