"""Pools, tokens and price feeds on a fake node, and moves of liquidity that the wing judges by asking it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from config.settings import Chain, LiquidityWatch, Settings, TokenDef, load
from watchers.abi import encode_words, selector
from watchers.alert import Alert, MoveFacts
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

MARKET, GATEWAY = "0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2", "0xd01607c3c5ecaba394d8be377a08590149325722"

NOBODY = "0x" + "00" * 20

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

    def reserve(self, token: str, *, available: int, deposits: int, debt: int) -> None:
        """Give a reserve of Aave v3 on Ethereum: its receipts, and how they stand."""
        receipt, owed = "0x" + "5a" * 20, "0x" + "5d" * 20
        said = (*[0] * 8, receipt, NOBODY, owed)
        types = "uint256 " * 8 + "address address address"
        self.says(MARKET, "getReserveData(address)", *said, types=types, arguments=(token,))
        self.says(token, "balanceOf(address)", available, types="uint256", arguments=(receipt,))
        self.says(receipt, "totalSupply()", deposits, types="uint256")
        self.says(owed, "totalSupply()", debt, types="uint256")

    def _pool(self, pool: str, token0: str, token1: str, factory: str) -> None:
        for name, value in (("token0()", token0), ("token1()", token1), ("factory()", factory)):
            self.says(pool, name, value, types="address")


def a_node() -> Node:
    """Give a node with two priced tokens, one without a price, a pair and a ranged pool."""
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


def loan_move(action: str, token: str, raw: int, **more: Any) -> LiquidityMove:
    """Give a move in Aave v3 on Ethereum; `raw` as the pool sees it."""
    fields = {"protocol": "aave_v3_market", "owner": WHALE, "token0": token}
    bare = pair_move(action, 0, 0, left=(0, 0), pool=MARKET, reserve0_raw=None, reserve1_raw=None)
    return msgspec.structs.replace(bare, **{**fields, "amount0_raw": raw, **more})
