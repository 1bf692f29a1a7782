"""A hash looked up: by what history knows, by what nodes answer, and by what is left when they do not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from config.settings import Runtime, Settings
from tests import events
from tests.node import Node, chain_of, serve
from watchers.batches.events import BatchResult
from watchers.chain.block import Cursor
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.history import History
from watchers.lookup import Found, Lookup
from watchers.store import ChainStore, CommittedBlock
from watchers.wings import decoder_of

OPERATION = events.batch(3)
NAME = OPERATION.container_id


def receipt(**bent: Any) -> dict[str, Any]:
    """Give the receipt of the operation's transaction, as a node answers it."""
    given = {"transactionHash": OPERATION.tx, "blockNumber": "0x3", "blockHash": "0x3", "logs": [], "status": "0x1"}
    return {**given, **bent}


def a_node(*receipts: Any) -> Node:
    """Give a node that knows these receipts."""
    node = Node()
    known = {given["transactionHash"]: given for given in receipts}
    node.lie = lambda method, params, result: (
        known.get(params[0]) if method == "eth_getTransactionReceipt" else [] if method == "eth_getLogs" else result
    )
    return node


@asynccontextmanager
async def lookup(
    redis: Redis, node: Node, *, kept: BatchResult | None = None, asks: bool = True
) -> AsyncIterator[Lookup]:
    """Look things up on chain 1, with its node unless it is not ours to ask; history holds what is `kept`."""
    if kept is not None:
        store = ChainStore(redis, 1, clock_ms=lambda: 0)
        epoch = await store.acquire("test", 60_000)
        assert epoch is not None
        await store.commit(epoch, None, CommittedBlock(Cursor(3, "0x3"), 3, (kept,)))
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls)
        settings = Settings(runtime=Runtime(), chains={chain.key: chain}, daos={}, tokens=(), labels=(), watches=())
        rpcs = {chain.id: Rpc(chain, session)} if asks else {}
        yield Lookup(settings, decoder_of(settings), History(redis, [1]), rpcs)


async def test_an_operation_that_history_knows_is_told_whole_by_the_node(redis: Redis) -> None:
    async with lookup(redis, a_node(receipt(status="0x0")), kept=OPERATION) as asked:
        assert await asked.find(NAME) == Found(1, OPERATION.tx, 3, succeeded=False, events=[])


@pytest.mark.parametrize("trouble", ["out", "forgetful", "of another transaction", "lying", "not ours to ask"])
async def test_what_history_knows_stands_in_for_a_node_that_does_not_answer(redis: Redis, trouble: str) -> None:
    node = a_node()
    answer: Any = None
    if trouble == "of another transaction":
        answer = receipt(transactionHash=events.tx(1))
    elif trouble == "lying":
        answer = receipt(blockNumber="what")
    node.lie = lambda method, _, result: answer if method == "eth_getTransactionReceipt" else result
    if trouble == "out":
        node.fault = lambda _: web.Response(status=500)
    async with lookup(redis, node, kept=OPERATION, asks=trouble != "not ours to ask") as asked:
        assert await asked.find(NAME) == Found(1, OPERATION.tx, 3, succeeded=True, events=[OPERATION])


async def test_what_nobody_knows_is_not_found(redis: Redis) -> None:
    async with lookup(redis, a_node(), kept=OPERATION) as asked:
        assert await asked.find(events.tx(1)) is None


async def test_where_no_node_answers_nobody_claims_that_there_is_nothing(redis: Redis) -> None:
    node = a_node()
    node.fault = lambda _: web.Response(status=500)
    async with lookup(redis, node) as asked:
        with pytest.raises(ChainError, match="no chain could be asked"):
            await asked.find(NAME)
