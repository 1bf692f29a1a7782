"""What a question makes of history and a node: moves valued today, proposals read from their governor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from config.settings import Settings, load
from tests import events
from tests.node import START_S, Node, Refusal, chain_of, serve
from watchers.abi import selector
from watchers.appraisal import WINDOW_S, Appraised, Appraiser
from watchers.chain.block import Cursor
from watchers.chain.rpc import Rpc
from watchers.event import Event
from watchers.governance.asks import Counts
from watchers.governance.wing import wing as governance
from watchers.history import History
from watchers.inquiry import Inquiry
from watchers.proposed import Outcome
from watchers.store import ChainStore, CommittedBlock
from watchers.wing import Ballot
from watchers.wings import PROTOCOLS

SETTINGS = load(environ={}, dotenv=None, protocols=PROTOCOLS)
USDC, WETH = (next(t for t in SETTINGS.tokens if (t.chain, t.symbol) == ("ethereum", s)) for s in ("USDC", "WETH"))
FACTORY = "0x1f98431c8ad98523631ae4a59f267346ea31f984"
GOOD, FAKE, QUIET = "0x" + "a0" * 20, "0x" + "b0" * 20, "0x" + "c0" * 20
SIGNER = "0x" + "51" * 20
UNISWAP = SETTINGS.daos["uniswap"]


def word(value: int | str) -> str:
    """Write a number or an address as one word."""
    return f"{value:064x}" if isinstance(value, int) else value[2:].rjust(64, "0")


class Book(NamedTuple):
    """A node and what its contracts answer, by address and getter."""

    node: Node
    answers: dict[tuple[str, str], str]

    def say(self, to: str, signature: str, *values: int | str) -> None:
        """Let a getter answer words."""
        self.answers[to.lower(), selector(signature)] = "0x" + "".join(map(word, values))

    def pool(self, address: str, listed_as: str) -> None:
        """Let a pool say that the known factory made it, and the factory what it has."""
        self.say(address, "token0()", USDC.address)
        self.say(address, "token1()", WETH.address)
        self.say(address, "factory()", FACTORY)
        self.say(address, "fee()", 500)
        self.say(address, "tickSpacing()", 10)
        self.say(FACTORY, "getPool(address,address,uint24)", listed_as)

    def feed(self, token: Any, price: int, age_s: int = 60) -> None:
        """Let a token's feed say a price of eight decimals."""
        at = START_S + 12 * self.node.head - age_s
        self.say(token.feed, "latestRoundData()", 1, price, at, at, 1)
        self.say(token.feed, "decimals()", 8)


@pytest.fixture
def book() -> Book:
    node, answers = Node(), dict[tuple[str, str], str]()

    def answer(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getTransactionByHash":
            return {"from": SIGNER}
        return answers.get((params[0]["to"].lower(), params[0]["data"][:10]), "0x") if method == "eth_call" else result

    node.lie = answer
    made = Book(node, answers)
    node.mine_many(10)
    made.pool(GOOD, GOOD)
    made.feed(USDC, 10**8)
    made.feed(WETH, 2_000 * 10**8)
    return made


@asynccontextmanager
async def asked(
    redis: Redis, book: Book, *found: Event, age_s: int = 60
) -> AsyncIterator[tuple[History, dict[int, Rpc], Settings]]:
    """Commit events, then stand on the node's head."""
    store = ChainStore(redis, 1, clock_ms=lambda: 7)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    head, time_s = book.node.head, START_S + 12 * book.node.head
    first = Cursor(5, "0x5")
    await store.commit(epoch, None, CommittedBlock(first, time_s - age_s, found))
    cursor = Cursor(head, book.node.blocks[head].header["hash"])
    await store.commit(epoch, first, CommittedBlock(cursor, time_s, ()))
    async with serve(book.node) as urls, aiohttp.ClientSession() as session:
        chain = SETTINGS.chains["ethereum"].model_copy(update={"endpoints": chain_of(urls).endpoints})
        yield History(redis, [1]), {1: Rpc(chain, session)}, SETTINGS


async def lately(redis: Redis, book: Book, *found: Event, age_s: int = 60, **bent: Any) -> Appraised:
    async with asked(redis, book, *found, age_s=age_s) as (history, rpcs, settings):
        given = {"chain_id": None, "protocol": None, "floor": None, "limit": 10, **bent}
        return await Appraiser(settings, history, rpcs).lately(**given)


def a_move(n: int, thousands: int, address: str = GOOD, **bent: Any) -> Event:
    """Give an addition of so many thousand dollars of USDC."""
    given = {"action": "add", "amount0_raw": thousands * 10**9, "amount1_raw": 0, "tick_lower": 0, "tick_upper": 10}
    return events.move(
        5, n, **{"address": address, "liquidity_raw": 10**9 + n, "owner": f"0x{n:040x}", **given, **bent}
    )


async def test_history_without_any_alert_is_valued_at_todays_prices(redis: Redis, book: Book) -> None:
    found = await lately(redis, book, a_move(1, 3_000), a_move(2, 999), a_move(3, 0, amount1_raw=600 * 10**18))
    assert [v.usd for v in found.moves] == [3_000_000, 1_200_000]
    assert {(v.who, v.action) for v in found.moves} == {(SIGNER, "add")}
    assert [v.usd for v in found.largest] == [3_000_000, 1_200_000, 999_000]
    assert found.moves[0].pool_name == "Uniswap V3 USDC/WETH 0.05%"
    assert (found.valued, found.out) == (3, [])
    assert found.priced_at_s == START_S + 120 - 60


async def test_a_floor_of_the_askers_own_takes_the_place_of_the_watchs(redis: Redis, book: Book) -> None:
    found = await lately(redis, book, a_move(1, 3_000), a_move(2, 999), floor=Decimal(5_000), limit=1)
    assert len(found.moves) == len(found.largest) == 1


async def test_a_pool_that_no_known_factory_lists_is_never_valued(redis: Redis, book: Book) -> None:
    book.pool(FAKE, GOOD)  # it names the true factory, which knows another pool
    found = await lately(redis, book, a_move(1, 10**9, FAKE), a_move(2, 2_000))
    assert [v.usd for v in found.moves] == [2_000_000]
    assert found.valued == 1


async def test_a_price_that_is_too_old_values_nothing(redis: Redis, book: Book) -> None:
    book.feed(USDC, 10**8, age_s=USDC.feed_heartbeat_s + 3_600)
    found = await lately(redis, book, a_move(1, 3_000))
    assert (found.moves, found.valued, found.priced_at_s) == ([], 0, None)


async def test_what_came_and_went_in_one_block_is_no_whale(redis: Redis, book: Book) -> None:
    there = a_move(1, 5_000, owner=SIGNER, liquidity_raw=77)
    back = a_move(2, -5_000, owner=SIGNER, liquidity_raw=77, action="remove")
    found = await lately(redis, book, there, back, a_move(3, 2_000))
    assert [v.usd for v in found.moves] == [2_000_000]


async def test_what_moved_in_a_lending_market_is_valued_per_reserve(redis: Redis, book: Book) -> None:
    pool = "0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2"
    loan = {"protocol": "aave_v3_market", "tick_lower": None, "tick_upper": None, "liquidity_raw": 0}
    lent = a_move(1, -2_000, pool, action="borrow", token0=USDC.address, **loan)
    put = a_move(2, 0, pool, action="supply", token0=WETH.address, **loan | {"amount0_raw": 700 * 10**18})
    astray = a_move(3, -2_000_000_000, QUIET, action="borrow", token0=WETH.address, **loan)
    found = await lately(redis, book, lent, put, astray)
    assert [f"{v.action} {v.usd} {v.pool_name}" for v in found.moves] == [
        "borrow 2000000.00 Aave v3 USDC",
        "supply 1400000.00 Aave v3 WETH",
    ]
    assert found.valued == 2


async def test_what_is_older_than_a_day_is_left_out(redis: Redis, book: Book) -> None:
    assert (await lately(redis, book, a_move(1, 3_000), age_s=WINDOW_S - 1)).valued == 1
    await redis.flushall()
    assert (await lately(redis, book, a_move(1, 3_000), age_s=WINDOW_S + 1)).valued == 0


async def test_only_the_busiest_pools_are_asked_about(
    redis: Redis, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.appraisal.POOLS", 1)
    await lately(redis, book, a_move(1, 3_000), a_move(2, 3_000), a_move(3, 9_000, QUIET))
    assert not any(QUIET in str(params) for method, params in book.node.calls if method == "eth_call")


async def test_a_question_is_a_few_requests_however_many_moves(redis: Redis, book: Book) -> None:
    async with asked(redis, book, *(a_move(n, 1_000 + n) for n in range(1, 300))) as (history, rpcs, settings):
        appraiser = Appraiser(settings, history, rpcs)
        found = await appraiser.lately(chain_id=1, protocol="uniswap_v3", floor=None, limit=20)
        assert (found.valued, len(found.moves)) == (299, 20)
        assert rpcs[1].requests <= 4  # header, pools, tokens and feeds, signers
        before = rpcs[1].requests
        await appraiser.lately(chain_id=1, protocol="uniswap_v3", floor=None, limit=20)
        assert rpcs[1].requests == before + 1


async def test_a_node_that_refuses_everything_values_nothing_and_names_nobody(redis: Redis, book: Book) -> None:
    def refuse(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_call":
            raise Refusal(-32000, "missing trie node")
        return result

    book.node.lie = refuse
    found = await lately(redis, book, a_move(1, 3_000))
    assert (found.moves, found.largest, found.out) == ([], [], [])


async def test_a_chain_without_a_node_is_named(redis: Redis, book: Book) -> None:
    book.node.fault = _gone
    found = await lately(redis, book, a_move(1, 3_000))
    assert (found.moves, found.out) == ([], ["Ethereum"])


def _gone(_: Any) -> Any:
    return web.Response(status=503)


async def test_before_the_first_block_nothing_is_asked(redis: Redis) -> None:
    async with aiohttp.ClientSession() as session:
        rpc = Rpc(SETTINGS.chains["ethereum"], session)
        found = await Appraiser(SETTINGS, History(redis, [1]), {1: rpc}).lately(
            chain_id=None, protocol=None, floor=None, limit=5
        )
        assert found == Appraised([], [], 0, None, [])
        assert rpc.requests == 0


# --- a proposal asked of its governor -------------------------------------------------------------------------------


def governor(
    book: Book, *, start: int = 3, end: int = 40, quorum: int = 40, sides: tuple[int, int, int] = (50, 9, 1)
) -> None:
    """Let Uniswap's Bravo tell of proposal 7."""
    book.say(UNISWAP.governor, "proposals(uint256)", 7, SIGNER, 0, start, end, *sides, 0, 0)
    book.say(UNISWAP.governor, "quorumVotes()", quorum)


async def standing(redis: Redis, book: Book, ballots: list[Ballot] | None, *found: Event) -> Any:
    async with asked(redis, book, *found) as (history, rpcs, settings):
        inquiry = Inquiry(settings, governance, history, rpcs)
        steps = await history.proposal(1, UNISWAP.governor, 7)
        return await inquiry.standing(UNISWAP, 7, steps, ballots)


async def test_votes_on_record_are_held_against_the_quorum_of_the_governor(redis: Redis, book: Book) -> None:
    governor(book)
    created = events.created(5, address=UNISWAP.governor)
    stands = await standing(redis, book, [Ballot("a", 41, 0, 0), Ballot("b", 0, 3, 0)], created)
    assert (stands.tally.for_raw, stands.tally.against_raw, stands.tally.voters) == (41, 3, 2)
    assert (stands.tally.quorum_raw, stands.tally.toward_quorum_raw, stands.tally.passes) == (40, 41, True)
    assert (stands.by_contract, stands.begun, stands.ended, stands.block) == (False, True, False, 10)
    assert stands.ends_s == START_S + 120 + (40 - 10) * 12
    assert (stands.rule.quorum(Counts()), stands.rule.passes(Counts(39))) == (40, False)


async def test_without_the_earlier_votes_the_contracts_sums_are_given(redis: Redis, book: Book) -> None:
    governor(book)
    stands = await standing(redis, book, None)
    assert (stands.tally.for_raw, stands.tally.against_raw, stands.tally.abstain_raw) == (50, 9, 1)
    assert (stands.by_contract, stands.tally.voters) == (True, 0)


async def test_a_vote_that_is_over_and_one_that_has_not_begun_are_told_apart(redis: Redis, book: Book) -> None:
    governor(book, start=3, end=9)
    stands = await standing(redis, book, [])
    assert (stands.begun, stands.ended) == (True, True)
    await redis.flushall()
    governor(book, start=20, end=40)
    stands = await standing(redis, book, [])
    assert (stands.begun, stands.ended) == (False, False)


async def test_a_governor_that_says_nothing_leaves_the_unknown_unknown(redis: Redis, book: Book) -> None:
    stands = await standing(redis, book, None)
    assert (stands.tally, stands.begun, stands.ended, stands.ends_s) == (None, None, None, None)
    await redis.flushall()
    stands = await standing(redis, book, [Ballot("a", 41, 0, 0)])
    assert (stands.tally.for_raw, stands.tally.quorum_raw, stands.tally.passes) == (41, None, None)


async def test_a_proposal_that_waits_is_tried_as_of_its_eta_and_one_that_is_settled_is_not(
    redis: Redis, book: Book
) -> None:
    governor(book)
    asked: list[Any] = []
    others = book.node.lie
    assert others is not None

    def answer(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_simulateV1":
            asked.append(params)
            return [{"calls": [{"status": "0x0", "returnData": "0x", "logs": []}]}]
        return "0x60" if method == "eth_getCode" else others(method, params, result)

    book.node.lie = answer
    eta_s = START_S + 10_000
    told: dict[str, Any] = {"targets": (GOOD,), "values_wei": (0,), "calldatas": ("0xe177246e",)}
    created = events.created(5, address=UNISWAP.governor, **told)
    queued = events.created(6, address=UNISWAP.governor, change="queued", eta_s=eta_s)
    stands = await standing(redis, book, [], created, queued)
    assert stands.simulated.step == "now"
    assert stands.simulated.calls == (Outcome(ok=False, reason="empty_revert"),)
    ((options, at),) = asked
    (batch,) = options["blockStateCalls"]
    assert (batch["blockOverrides"], at) == ({"time": hex(eta_s)}, hex(book.node.head))
    assert batch["calls"][0]["from"] == UNISWAP.timelock
    await redis.flushall()
    settled = events.created(7, address=UNISWAP.governor, change="executed")
    assert (await standing(redis, book, [], created, queued, settled)).simulated is None
    assert len(asked) == 1


async def test_a_chain_that_cannot_be_asked_gives_no_standing(redis: Redis, book: Book) -> None:
    book.node.fault = _gone
    assert await standing(redis, book, []) is None


async def test_a_dao_of_a_chain_that_is_not_followed_gives_no_standing(redis: Redis) -> None:
    inquiry = Inquiry(SETTINGS, governance, History(redis, [1]), {})
    assert await inquiry.standing(UNISWAP, 7, [], []) is None
