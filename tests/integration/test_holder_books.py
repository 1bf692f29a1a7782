"""Books of holders: fed by commits, taken back by reorgs, read back from the past, against a plain sum of transfers."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis

from bot.backfill import Shelves, symbol_of
from bot.cards.lexicon import Lexicon
from bot.census import Snapshots
from bot.charts.plots import Lorenz, Plot
from bot.choices import the_holding
from bot.commands.power import Terms, holders_of, look
from bot.levels import wholly
from config.settings import Label, TokenDef
from tests import committed
from tests.committed import at, chain, held
from tests.delegation import TOKEN, person
from tests.desk import DESK
from tests.electorate import dao, situation
from tests.governed import settings_of
from tests.node import Clock, Node, Refusal, Sketch, chain_of, log, serve
from watchers.backfill import Backfill
from watchers.birth import born
from watchers.chain.block import Cursor
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.wanted import TRANSFER
from watchers.delegates import DAY_S, Book, DelegateBooks, Progress, Snapshot
from watchers.errors import UserError
from watchers.facts import Ask, Facts
from watchers.governance.events import HolderChange
from watchers.governance.wing import wing
from watchers.history import History
from watchers.holders import NOBODY, HolderBooks, Said, differs, doubt, questions
from watchers.record import change_of

START, SINCE = 10, 60
PEOPLE = [NOBODY, *(person(n) for n in range(4))]


def sent(block: int, index: int, payer: str, payee: str, raw: int) -> HolderChange:
    return HolderChange(
        protocol="holders", chain_id=1, block=block, tx=f"0x{block:064x}", tx_index=0, log_index=index, address=TOKEN,
        position=index, payer=payer, payee=payee, amount_raw=raw,
    )  # fmt: skip


def sent_log(payer: str, payee: str, raw: int) -> Sketch:
    return log(TRANSFER, *(f"0x{a[2:]:0>64}" for a in (payer, payee)), emitter=TOKEN, data=f"0x{raw:064x}")


def some(dice: random.Random, block: int) -> list[HolderChange]:
    sizes = [1, 0xFFFFFF, 10**18, 2**255 + dice.randrange(9)]
    return [
        sent(block, n, payer, payee, dice.choice(sizes))
        for n in range(dice.randrange(4))
        for payer, payee in [dice.sample(PEOPLE, 2)]
    ]


def balances(changes: Iterable[HolderChange]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in changes:
        found[one.payer] = found.get(one.payer, 0) - one.amount_raw
        found[one.payee] = found.get(one.payee, 0) + one.amount_raw
    return {who: raw for who, raw in found.items() if raw and who != NOBODY}


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_reorgs_and_is_read_twice_the_book_is_the_sum_of_what_the_chain_says(
    redis: Redis, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a seeded test
    store, books = chain(redis), HolderBooks(redis)
    epoch = await held(store)
    await store.commit(epoch, None, committed.block(SINCE - 1))
    await store.feed_books(epoch, [TOKEN], sort="holders", most=1000)
    past = {block: some(dice, block) for block in range(START, SINCE)}
    mined: list[tuple[Cursor, list[HolderChange]]] = [(at(SINCE - 1), [])]
    unread, final = START, SINCE - 1
    for step in range(100):
        top, roll = SINCE - 2 + len(mined), dice.random()
        if roll < 0.45:
            found, cursor = some(dice, top + 1), at(top + 1, f"f{step}x")
            block = committed.block(top + 1, fork=f"f{step}x", found=tuple(found))
            await store.commit(epoch, mined[-1][0], block)
            assert await store.commit(epoch, mined[-1][0], block) == "dup"
            if dice.random() < 0.3:
                await store.add(epoch, block)
            mined.append((cursor, found))
        elif roll < 0.65 and top > final:
            await store.rewind(epoch, mined.pop()[0])
        elif roll < 0.75:
            final = max(final, dice.randint(final, top))
            await store.finalize(epoch, final)
        elif unread < SINCE:
            to = min(SINCE, unread + dice.randint(1, 20))
            was, stored = await books.progress(1, TOKEN, START), await books.stored_done(1, TOKEN)
            read = [change_of(one) for block in range(unread, to) for one in past[block]]
            assert await books.fill(1, was, stored, read, to - 1)
            assert not await books.fill(1, was, stored, read, to - 1), "entered once, though its reply was lost"
            unread = to
    was, stored = await books.progress(1, TOKEN, START), await books.stored_done(1, TOKEN)
    rest = [change_of(one) for block in range(unread, SINCE) for one in past[block]]
    await books.fill(1, was, stored, rest, SINCE - 1)
    every = [one for found in past.values() for one in found] + [one for _, found in mined for one in found]
    book = await books.book(1, TOKEN, START)
    assert book.progress.whole
    assert book.powers == balances(every)


async def test_a_page_that_is_killed_between_its_pieces_is_not_counted_twice(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.delegates.FILL_CHUNK", 3)
    books = HolderBooks(redis)
    read = [sent(block, n, NOBODY, person(block % 3), 5) for block in range(1, 20) for n in range(2)]
    changes = [change_of(one) for one in read]
    was = await books.progress(1, TOKEN, 1)
    await books.fill(1, was, "", changes[:8], 4)  # what a killed reading has entered
    stored = await books.stored_done(1, TOKEN)
    assert stored == "4"
    assert await books.fill(1, await books.progress(1, TOKEN, 1), stored, changes[8:], 19)
    assert (await books.book(1, TOKEN, 1)).powers == balances(read)


async def test_the_past_of_a_token_is_read_from_a_node_and_what_moves_nothing_costs_nothing(redis: Redis) -> None:
    node = Node()
    node.mine([sent_log(NOBODY, person(0), 100)])
    node.mine([sent_log(person(0), person(1), 40), sent_log(person(1), person(1), 7), sent_log(person(2), NOBODY, 0)])
    node.mine([sent_log(person(1), NOBODY, 10)])
    clock = Clock()
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        one = chain_of(urls, max_range=2)
        rpc, books = Rpc(one, session, clock=clock, sleep=clock.sleep), HolderBooks(redis)
        reading = Backfill(
            one, {TOKEN: 1}, books, LogRanges(rpc, one), requests=lambda: rpc.requests, sleep=clock.sleep
        )
        async for _ in reading.read(3):
            pass
        async for _ in reading.read(3):
            raise AssertionError("nothing is left to read")
    assert (await books.book(1, TOKEN, 1)).powers == {person(0): 60, person(1): 30}


@pytest.mark.parametrize("oldest", [0, 900])
async def test_where_a_token_begins_is_found_once_by_halving_and_its_past_read_from_there(
    redis: Redis, oldest: int
) -> None:
    node = Node()
    node.mine_many(700)
    node.mine([sent_log(NOBODY, person(0), 100)])
    birth_block = node.head
    node.mine_many(300)
    clock, asked = Clock(), 0

    def lie(method: str, params: list[Any], result: Any) -> Any:
        nonlocal asked
        if method != "eth_getCode":
            return result
        asked += 1
        if int(params[1], 16) < oldest:
            return Refusal(-32000, "missing trie node")
        return "0x60" if int(params[1], 16) >= birth_block else "0x"

    node.lie = lie
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        one = chain_of(urls, max_range=100)
        rpc, books = Rpc(one, session, clock=clock, sleep=clock.sleep), HolderBooks(redis)

        async def read(goal: int) -> list[Progress]:
            reading = Backfill(
                one, {TOKEN: 0}, books, LogRanges(rpc, one), requests=lambda: rpc.requests, born=partial(born, rpc),
                sleep=clock.sleep,
            )  # fmt: skip
            return [progress async for progress in reading.read(goal)]

        (first, *_) = await read(node.head - 100)
        again = asked
        await read(node.head)
    assert asked == again <= 12, "remembered"
    assert first.start == (0 if oldest else birth_block)
    assert (await books.book(1, TOKEN, 0)).powers == {person(0): 100}
    ranges = [int(params[0]["fromBlock"], 16) for method, params in node.calls if method == "eth_getLogs"]
    assert min(ranges) == first.start


async def test_a_book_that_is_to_begin_earlier_is_not_counted_twice_and_says_that_it_must_be_read_anew(
    redis: Redis,
) -> None:
    books = HolderBooks(redis)
    read = [change_of(sent(9, 0, NOBODY, person(0), 5))]
    await books.fill(1, await books.progress(1, TOKEN, 8), "", read, 9)
    earlier = await books.progress(1, TOKEN, 3)
    assert (earlier.done, earlier.late) == (9, 3)
    assert (await books.progress(1, TOKEN, 9)).late == 0


async def test_a_book_that_outgrows_its_bound_is_let_go_of_and_begins_anew_when_the_bound_is_raised(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HolderBooks, "most", 3)
    store, books = chain(redis), HolderBooks(redis)
    epoch = await held(store)
    await store.feed_books(epoch, [TOKEN], sort="holders", most=3)
    read = [change_of(sent(1, n, NOBODY, person(n), 5)) for n in range(6)]
    await books.fill(1, await books.progress(1, TOKEN, 1), "", read, 4)
    book = await books.book(1, TOKEN, 1)
    assert (book.progress.over, book.powers) == (4, {})
    await store.feed_books(epoch, [TOKEN], sort="holders", most=9)
    assert (await books.progress(1, TOKEN, 1))[2:] == (0, None, 0, 0, 0)


async def test_what_comes_late_from_a_final_block_makes_the_book_unsure_and_counts_nothing_twice(redis: Redis) -> None:
    store, books = chain(redis), HolderBooks(redis)
    epoch = await held(store)
    await store.feed_books(epoch, [TOKEN], sort="holders", most=9)
    block = committed.block(5, found=(sent(5, 0, NOBODY, person(0), 3),))
    await store.commit(epoch, None, block)
    await store.finalize(epoch, 5)
    await store.add(epoch, block)
    book = await books.book(1, TOKEN, 5)
    assert (book.powers, book.progress.late) == ({person(0): 3}, 5)


@pytest.mark.parametrize(
    ("given", "bent", "says"),
    [
        ([(NOBODY, 0, 100), (0, 1, 40)], {}, ""),
        ([(NOBODY, 0, 100), (0, 1, 40)], {"totalSupply()": 101}, "the supply"),
        ([(NOBODY, 0, 100), (0, 1, 40)], {"balanceOf(address)": 61}, "another balance"),
        ([(NOBODY, 0, 100), (0, 1, 40)], {"totalSupply()": None}, "does not tell"),
        ([(NOBODY, 0, 100), (0, 1, 140)], {}, "the book is broken: 1 of its holders"),
    ],
)
async def test_a_book_is_believed_only_where_the_contract_says_the_same(
    redis: Redis, given: list[tuple[str | int, int, int]], bent: dict[str, int | None], says: str
) -> None:
    store, books = chain(redis), HolderBooks(redis)
    epoch = await held(store)
    await store.feed_books(epoch, [TOKEN], sort="holders", most=99)
    found = [
        sent(5, n, person(payer) if isinstance(payer, int) else payer, person(payee), raw)
        for n, (payer, payee, raw) in enumerate(given)
    ]
    await store.commit(epoch, None, committed.block(5, found=tuple(found)))
    book = await books.book(1, TOKEN, 5)
    truth = {
        ask: book.total_raw if not ask.given else book.powers.get(ask.given[0], 0) for ask in questions(book, TOKEN)
    }
    told = differs(book, TOKEN, Facts({ask: bent.get(ask.getter, raw) for ask, raw in truth.items()}))
    assert says in told
    assert bool(told) == bool(says)
    assert says or "could not be asked" in differs(book, TOKEN, None)


async def test_a_token_that_counts_what_was_burnt_in_its_supply_is_believed_and_only_then_asked_for_it() -> None:
    book = Book(Progress(TOKEN, 1, 4, 5, 0), at(5), 60, {person(0): 60})
    asked: list[Said] = []

    async def ask(asks: Sequence[Said]) -> Facts | None:
        asked.extend(asks)
        told = {NOBODY: 40, person(0): 60}
        return Facts({one: told[one.given[0]] if one.given else supply for one in asks})

    supply = 60
    assert await doubt(book, TOKEN, ask) == ""
    assert all(one.given != (NOBODY,) for one in asked)
    supply = 100
    assert await doubt(book, TOKEN, ask) == ""
    supply = 99
    assert "sum is not the supply" in await doubt(book, TOKEN, ask)


async def test_power_tells_holders_without_who_holds_for_others_and_unknown_where_the_contract_differs(
    redis: Redis,
) -> None:
    store, books = chain(redis), HolderBooks(redis)
    epoch = await held(store)
    async with serve(Node()) as urls:
        one = chain_of(urls)
    settings = settings_of(one, token=TOKEN, token_start_block=5, treasury=person(2), holders=True, decimals=0)
    await store.feed_books(epoch, settings.holders_on(one), sort="holders", most=99)
    found = [sent(5, n, NOBODY, person(n), raw) for n, raw in enumerate((60, 40, 300))]
    await store.commit(epoch, None, committed.block(5, found=tuple(found)))
    extra = 0

    async def facts(chain_id: int, asks: Sequence[Ask[Any]]) -> Facts:
        assert chain_id == one.id
        assert all(isinstance(ask, Said) for ask in asks), "each as of the book's block"
        told = {person(0): 60, person(1): 40, person(2): 300, NOBODY: 0}
        return Facts({ask: told[ask.given[0]] + extra if ask.given else 400 for ask in asks if isinstance(ask, Said)})

    desk = replace(DESK, settings=settings, lexicon=Lexicon(settings), holders=books, facts=facts)
    demo = settings.daos["demo"]

    async def told() -> str:
        level = await holders_of(demo, await desk.held(demo), Terms(quorum_raw=50, threshold_raw=1_000), desk)
        return "\n".join(wholly(level, demo, desk)).replace("*", "")

    said = await told()
    assert "Holders 2 with 100" in said
    assert "Nakamoto 1: so many of the largest have more than half" in said
    assert "To the quorum 1: so many of the largest would reach it alone (50 DEMO)" in said
    assert "To propose all holders together have less than 1,000 DEMO" in said
    assert "Left out " in said
    assert "300 (75.0 %)" in said
    day_now = committed.block(5).time_s // DAY_S
    month_ago = Snapshot(day_now - 30, 3, 0, 2, "9", 0.0, 0.5, 2, 0.5, 1.0)
    await books.keep(1, TOKEN, month_ago, days=400)
    assert "Gini 0.100 (+0.100 in 30 days)" in await told()
    snapshots = Snapshots(settings, [one], DelegateBooks(redis), books, facts)
    extra = 1
    assert await snapshots.take() == 0, "the contract says otherwise"
    assert "unknown: its balances do not follow its Transfers" in await told()
    extra = 0
    assert [await snapshots.take(), await snapshots.take()] == [1, 0]
    today = await books.snapshot(1, TOKEN, day_now)
    assert today is not None
    assert (today.n, today.total, today.top1, today.nakamoto, today.block) == (2, "100", 0.6, 1, 5)
    assert today.shannon_bits == pytest.approx(0.971, abs=1e-3)
    assert today.min_entropy_bits == pytest.approx(0.737, abs=1e-3)
    shelves = Shelves(settings, [one], books)
    assert await shelves.lines() == []
    await store.feed_books(epoch, [])
    await redis.hset(f"{{c:1}}:holders:{TOKEN}", "over", 9)
    (line,) = await shelves.lines()
    assert (line.what, line.well) == ("Holders of DEMO", False)
    assert "more than" in await told()


async def test_a_token_that_no_dao_votes_with_is_asked_by_its_symbol_and_measured_once_a_day(redis: Redis) -> None:
    store, books = chain(redis), HolderBooks(redis)
    epoch = await held(store)
    async with serve(Node()) as urls:
        one = chain_of(urls)
    token = TokenDef(chain=one.key, address=TOKEN, symbol="CRV", decimals=0, holders=True)
    escrow = Label(address=person(1), name="VotingEscrow", kind="escrow", source="a test")
    settings = settings_of(one, token=person(9)).model_copy(update={"tokens": (token,), "labels": (escrow,)})
    await store.feed_books(epoch, settings.holders_on(one), sort="holders", most=99)
    found = [sent(5, n, NOBODY, person(n), raw) for n, raw in enumerate((60, 340))]
    await store.commit(epoch, None, committed.block(5, found=tuple(found)))
    await books.begin(1, TOKEN, 5)

    async def facts(chain_id: int, asks: Sequence[Ask[Any]]) -> Facts:
        assert chain_id == one.id
        told = {person(0): 60, person(1): 340}
        return Facts({ask: told[ask.given[0]] if ask.given else 400 for ask in asks if isinstance(ask, Said)})

    async def draw(plot: Plot, name: str) -> None:
        assert isinstance(plot, Lorenz), name

    history = History(redis, [1])
    desk = replace(
        DESK, settings=settings, lexicon=Lexicon(settings), holders=books, facts=facts, history=history, draw=draw
    )
    for typed in ("crv", TOKEN, TOKEN[2:]):
        assert the_holding(desk, typed).token == TOKEN
    assert the_holding(desk, "demo").key == "demo"
    with pytest.raises(UserError, match="no DAO called"):
        the_holding(desk, "veCRV")
    said = "\n".join((await look(the_holding(desk, "CRV"), "voters", desk)).facts).replace("*", "")
    assert said.startswith("Holders 1 with 60 CRV together")
    assert "Left out VotingEscrow (escrow)" in said
    assert "340 (85.0 %)" in said
    assert "quorum" not in said
    snapshots = Snapshots(settings, [one], DelegateBooks(redis), books, facts)
    assert [await snapshots.take(), await snapshots.take()] == [1, 0]
    assert symbol_of(settings, one, TOKEN) == "CRV"


def test_only_transfers_that_move_something_of_tokens_whose_holders_are_kept_are_kept() -> None:
    at_block = situation(of=dao(token=TOKEN, holders=True))
    moved = sent(5, 0, NOBODY, person(0), 3)
    strange = msgspec.structs.replace(moved, address=person(9))
    still = sent(5, 1, person(0), person(0), 3)
    nothing = sent(5, 2, person(0), person(1), 0)
    assert wing.enrich([moved, strange, still, nothing], at_block) == [moved]
