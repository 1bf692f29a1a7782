"""Books of delegates: fed by commits, taken back by reorgs, read back from the past, against a model that is easy."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.census import Snapshots
from tests import committed, delegation
from tests.committed import at, chain, held
from tests.delegation import NOBODY, TOKEN, Change, given, given_log, person, power, power_log
from tests.governed import settings_of
from tests.node import Clock, Node, Refusal, chain_of, serve
from watchers.backfill import Backfill
from watchers.chain.block import Cursor
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.delegates import DelegateBooks, Snapshot
from watchers.errors import ChainError
from watchers.facts import Ask, Facts
from watchers.holders import HolderBooks
from watchers.record import change_of

PEOPLE = [person(n) for n in range(4)]
START, SINCE = 10, 100


def random_changes(dice: random.Random, block: int) -> list[Change]:
    found: list[Change] = []
    for index in range(dice.randrange(4)):
        who = dice.choice(PEOPLE)
        if dice.random() < 0.5:
            found.append(power(block, index, who, dice.choice([0, 2**200 + dice.randrange(9), 7])))
        else:
            found.append(given(block, index, who, *dice.sample(PEOPLE, dice.randrange(3))))
    return found


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_reorgs_and_in_whatever_order_it_is_read_the_book_is_what_the_chain_says(
    redis: Redis, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a seeded test
    store, books = chain(redis), DelegateBooks(redis)
    epoch = await held(store)
    await store.commit(epoch, None, committed.block(SINCE - 1))
    await store.feed_books(epoch, [TOKEN])
    past = {block: random_changes(dice, block) for block in range(START, SINCE)}
    mined: list[tuple[Cursor, list[Change]]] = [(at(SINCE - 1), [])]
    unread, final = START, SINCE - 1

    for step in range(120):
        top, roll = SINCE - 2 + len(mined), dice.random()
        if roll < 0.45:
            number, fork = top + 1, f"f{step}x"
            changes = random_changes(dice, number)
            cursor = at(number, fork)
            await store.commit(epoch, mined[-1][0], committed.block(number, fork=fork, found=tuple(changes)))
            mined.append((cursor, changes))
        elif roll < 0.65 and top > final:
            await store.rewind(epoch, mined.pop()[0])
        elif roll < 0.75:
            final = max(final, dice.randint(final, top))
            await store.finalize(epoch, final)
        elif roll < 0.85 and len(mined) > 1:
            where = dice.randrange(1, len(mined))
            cursor, changes = mined[where]
            late = [power(SINCE - 1 + where, 9, dice.choice(PEOPLE), dice.randrange(1, 99))]
            if not any(change.log_index == 9 for change in changes):
                fork = cursor.hash[2 : -len(str(cursor.number))]
                await store.add(epoch, committed.block(cursor.number, fork=fork, found=tuple(late)))
                changes += late
        elif unread < SINCE:
            to = min(SINCE, unread + dice.randint(1, 40))
            was = await books.progress(1, TOKEN, START)
            stored = await books.stored_done(1, TOKEN)
            read = [change_of(change) for block in range(unread, to) for change in past[block]]
            dice.shuffle(read)
            assert await books.fill(1, was, stored, read, to - 1)
            assert not await books.fill(1, was, "77777", read, to - 1), "somebody else has read on"
            unread = to
    was = await books.progress(1, TOKEN, START)
    assert was.whole == (unread >= SINCE)
    rest = [change_of(change) for block in range(unread, SINCE) for change in past[block]]
    await books.fill(1, was, await books.stored_done(1, TOKEN), rest, SINCE - 1)

    every = [change for changes in past.values() for change in changes]
    every += [change for _, changes in mined for change in changes]
    book = await books.book(1, TOKEN, START)
    assert book.progress.whole
    assert book.powers == delegation.powers_after(every)
    assert book.at == mined[-1][0]
    for who in PEOPLE:
        assert await books.delegators(1, TOKEN, who) == delegation.delegators_after(every, who)


async def test_a_book_is_whole_from_the_block_at_which_commits_feed_it(redis: Redis) -> None:
    store, books = chain(redis), DelegateBooks(redis)
    epoch = await held(store)
    await store.feed_books(epoch, [TOKEN])
    assert (await books.progress(1, TOKEN, 5)).since is None, "nothing is committed yet"
    await store.commit(epoch, None, committed.block(5))
    assert (await books.progress(1, TOKEN, 5)).whole, "the token is no older than what we follow"
    assert not (await books.progress(1, TOKEN, 4)).whole
    await store.feed_books(epoch, [TOKEN])
    assert (await books.progress(1, TOKEN, 5)).since == 5, "a restart feeds on"


async def test_a_token_that_is_taken_off_the_list_begins_anew_when_it_is_listed_again(redis: Redis) -> None:
    store, books = chain(redis), DelegateBooks(redis)
    epoch = await held(store)
    await store.feed_books(epoch, [TOKEN])
    await store.commit(epoch, None, committed.block(5, found=(power(5, 0, PEOPLE[0], 3),)))
    await store.feed_books(epoch, [])
    await store.commit(epoch, at(5), committed.block(6))
    await store.feed_books(epoch, [TOKEN])
    book = await books.book(1, TOKEN, 5)
    assert book.powers == {}
    assert (book.progress.since, book.progress.whole) == (7, False)


async def test_a_change_that_does_not_continue_what_was_before_is_counted(redis: Redis) -> None:
    books = DelegateBooks(redis)
    was = await books.progress(1, TOKEN, 1)
    changes = [power(1, 0, PEOPLE[0], 3, 0), power(2, 0, PEOPLE[0], 9, 3), power(4, 0, PEOPLE[0], 1, 8)]
    await books.fill(1, was, "", map(change_of, changes), 9)
    assert (await books.progress(1, TOKEN, 1)).gaps == 1


async def test_of_a_day_the_first_snapshot_is_kept_and_old_ones_go(redis: Redis) -> None:
    books = DelegateBooks(redis)
    one = Snapshot(100, 5, 6, 2, "12", 0.5, 0.6, 1, 0.7, 1.0)
    for snapshot in (one, Snapshot(100, 9, 9, 9, "9", 0.1, 0.1, 9, 0.1, 0.1)):
        await books.keep(1, TOKEN, snapshot, days=30)
    assert await books.snapshot(1, TOKEN, 100) == one
    await books.keep(1, TOKEN, Snapshot(131, 5, 6, 2, "12", 0.5, 0.6, 1, 0.7, 1.0), days=30)
    assert await books.snapshot(1, TOKEN, 100) is None


# --- reading the past back --------------------------------------------------------------------------------------------


def told(blocks: int = 90) -> tuple[Node, dict[str, int]]:
    """Give a chain on which delegates' votes change all the time, another token's among them, and the end of it."""
    node, powers = Node(), dict.fromkeys(PEOPLE, 0)
    for number in range(1, blocks):
        who = PEOPLE[number % len(PEOPLE)]
        before, powers[who] = powers[who], number * 10**18
        other = power_log(PEOPLE[0], 0, 1, token="0x" + "71" * 20)
        node.mine([given_log(PEOPLE[number % 3], NOBODY, who), power_log(who, before, powers[who]), other])
    return node, powers


@asynccontextmanager
async def backfill(node: Node, redis: Redis, clock: Clock | None = None, **changes: object) -> AsyncIterator[Backfill]:
    clock = clock or Clock()
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        one = chain_of(urls, **changes)
        rpc = Rpc(one, session, clock=clock, sleep=clock.sleep)
        ranges = LogRanges(rpc, one)
        yield Backfill(one, {TOKEN: 1}, DelegateBooks(redis), ranges, requests=lambda: rpc.requests, sleep=clock.sleep)


async def test_the_past_is_read_back_through_a_node_with_limits_and_says_how_far_it_is(redis: Redis) -> None:
    node, powers = told()

    def lie(method: str, params: list[dict[str, str]], result: object) -> object:
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= 7:
            return Refusal(-32000, "query exceeds max block range 7")
        return result

    node.lie = lie
    clock = Clock()
    before = clock.now
    async with backfill(node, redis, clock, max_range=20, requests_per_s=1) as one:
        shares = [step.share(89) async for step in one.read(89)]
    assert clock.now - before >= 4 * node.requests, "never more than a quarter of the chain's requests"
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (5, 1.0)
    book = await DelegateBooks(redis).book(1, TOKEN, 1)
    assert book.powers == powers
    assert (book.progress.gaps, book.progress.done) == (0, 89)


async def test_a_reading_that_is_killed_half_way_goes_on_where_it_stopped(redis: Redis) -> None:
    node, powers = told()
    asked: list[int] = []
    halfway = asyncio.Event()

    def lie(method: str, params: list[dict[str, str]], result: object) -> object:
        if method == "eth_getLogs":
            asked.append(int(params[0]["fromBlock"], 16))
        if asked and asked[-1] > 30:
            halfway.set()
        return result

    node.lie = lie
    async with backfill(node, redis, max_range=10) as one:
        steps = one.read(89)

        async def some() -> None:
            async for step in steps:
                if step.done >= 40:
                    await asyncio.Event().wait()

        task = asyncio.create_task(some())
        await halfway.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    before = len(asked)
    async with backfill(node, redis, max_range=10) as again:
        async for _ in again.read(89):
            pass
    assert asked[before] in (31, 41), "what was entered is not read again"
    assert (await DelegateBooks(redis).book(1, TOKEN, 1)).powers == powers


async def test_a_node_that_fails_leaves_what_was_entered(redis: Redis) -> None:
    node, _ = told()

    def lie(method: str, params: list[dict[str, str]], result: object) -> object:
        late = method == "eth_getLogs" and int(params[0]["fromBlock"], 16) > 50
        return Refusal(-32000, "missing trie node") if late else result

    node.lie = lie
    async with backfill(node, redis, max_range=10) as one:
        with pytest.raises(ChainError):
            async for _ in one.read(89):
                pass
    assert (await DelegateBooks(redis).progress(1, TOKEN, 1)).done == 50


async def test_in_the_background_nothing_is_asked_until_the_head_is_reached_and_it_ends_when_all_is_whole(
    redis: Redis,
) -> None:
    node, powers = told()
    store = chain(redis)
    epoch = await held(store)
    await store.commit(epoch, None, committed.block(89))
    await store.feed_books(epoch, [TOKEN])
    await store.finalize(epoch, 89)
    turns = iter([False, False])
    async with backfill(node, redis) as one:
        async with asyncio.timeout(20):
            await one.follow(lambda: next(turns, True))
    assert next(turns, None) is None
    assert (await DelegateBooks(redis).book(1, TOKEN, 1)).powers == powers


async def test_a_day_has_one_snapshot_of_a_whole_book_and_none_of_another(redis: Redis) -> None:
    store, books = chain(redis), DelegateBooks(redis)
    async with serve(Node()) as urls:
        one = chain_of(urls)
    settings = settings_of(one, token=TOKEN, token_start_block=1)

    async def nobody(chain_id: int, asks: Sequence[Ask[Any]]) -> Facts | None:
        raise AssertionError("books of delegates are asked of nobody")

    snapshots = Snapshots(settings, [one], books, HolderBooks(redis), nobody)
    epoch = await held(store)
    await store.feed_books(epoch, [TOKEN])
    assert await snapshots.take() == 0, "nothing is committed"
    found = (power(5, 0, PEOPLE[0], 3), power(5, 1, PEOPLE[1], 1))
    await store.commit(epoch, None, committed.block(5, found=found))
    assert await snapshots.take() == 0, "the book is not whole"
    assert await books.fill(1, await books.progress(1, TOKEN, 1), "", [], 4)
    assert [await snapshots.take(), await snapshots.take()] == [1, 0]
    kept = await books.snapshot(1, TOKEN, 0)
    assert kept is not None
    assert (kept.n, kept.total, kept.top1, kept.nakamoto, kept.block) == (2, "4", 0.75, 1, 5)
