"""`python -m bot backfill`: how far it is, that it goes on, and what it refuses."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.backfill import Shelves, backfill, wanted
from config.settings import Runtime, Settings
from tests import committed
from tests.committed import chain, held
from tests.delegation import TOKEN, person, power_log
from tests.desk import SETTINGS
from tests.governed import settings_of
from tests.node import Node, Refusal, chain_of, serve
from watchers.delegates import DelegateBooks
from watchers.errors import ChainError, UserError


@asynccontextmanager
async def served(node: Node, socket: str) -> AsyncIterator[Settings]:
    """Give settings with one DAO whose token the node's chain has, on the session's engine."""
    async with serve(node) as urls:
        settings = settings_of(
            chain_of(urls, max_range=10, requests_per_s=1000, finality="finalized"), token=TOKEN, token_start_block=1
        )
        runtime = Runtime(redis_url=SecretStr(f"unix://{socket}"))
        yield settings.model_copy(update={"runtime": runtime})


def voting(blocks: int = 60) -> Node:
    node = Node()
    node.mine_many(blocks, lambda n: [power_log(person(0), n - 1, n)])
    return node


async def test_it_draws_a_line_for_each_tenth_and_reads_to_what_is_final(redis: Redis, engine_socket: str) -> None:
    node, out = voting(), io.StringIO()
    node.finalized = 50
    async with served(node, engine_socket) as settings:
        await backfill(settings, None, out)
        said = out.getvalue().splitlines()
        assert said[0].endswith("░   0.00%  block 0")
        assert "100.00%" in said[-1]
        assert said[-1].endswith("block 50")
        assert (await DelegateBooks(redis).book(1, TOKEN, 1)).powers == {person(0): 50}
        again = io.StringIO()
        await backfill(settings, "demo", again)
        assert len(again.getvalue().splitlines()) == 1, "nothing is left to read"


async def test_a_chain_that_cannot_be_read_keeps_what_was_read_and_goes_on_the_next_time(
    redis: Redis, engine_socket: str
) -> None:
    node = voting()
    node.finalized = 50

    def lie(method: str, params: list[dict[str, str]], result: object) -> object:
        late = method == "eth_getLogs" and int(params[0]["fromBlock"], 16) > 20
        return Refusal(-32000, "missing trie node") if late else result

    node.lie = lie
    async with served(node, engine_socket) as settings:
        with pytest.raises(ChainError):
            await backfill(settings, None, io.StringIO())
        node.lie = lambda _method, _params, result: result
        out = io.StringIO()
        await backfill(settings, None, out)
        assert "40.00%" in out.getvalue().splitlines()[0]


async def test_status_says_how_much_is_read_until_the_book_is_whole(redis: Redis, engine_socket: str) -> None:
    node = voting()
    async with served(node, engine_socket) as settings:
        shelves = Shelves(settings, settings.chains.values(), DelegateBooks(redis))
        assert [line.how for line in await shelves.lines()] == ["waiting for the chain's first block"]
        store = chain(redis)
        epoch = await held(store)
        await store.commit(epoch, None, committed.block(40))
        await store.feed_books(epoch, [TOKEN])
        await store.finalize(epoch, 20)
        assert [line.how for line in await shelves.lines()] == ["0% read back, up to block 0"]
        await backfill(settings, None, io.StringIO())
        (line,) = await shelves.lines()
        assert (line.what, line.how, line.well) == ("Delegates of DEMO", "50% read back, up to block 20", True)
        await store.finalize(epoch, 40)
        await backfill(settings, None, io.StringIO())
        assert await shelves.lines() == []


@pytest.mark.parametrize("dao", ["nobody", "lido"])
def test_a_dao_without_a_book_is_refused_with_what_to_do(dao: str) -> None:
    with pytest.raises(UserError, match=r"daos\.toml"):
        wanted(SETTINGS, dao)


def test_two_daos_of_one_token_are_read_once() -> None:
    found = {one.chain.key: one.tokens for one in wanted(SETTINGS, None)}
    assert found["ethereum"][SETTINGS.daos["uniswap"].token] == 10_861_674
    assert list(found["arbitrum"].values()) == [70_398_200]
    (one,) = wanted(SETTINGS, "arbitrum-treasury")
    assert one.tokens == found["arbitrum"]
