"""A hash looked up: by what history knows, by what nodes answer, and by what is left when they do not."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from config.settings import Runtime, Settings
from tests import events
from tests.node import Node, address, chain_of, serve
from watchers.batches.events import BatchResult
from watchers.batches.telling import container_of
from watchers.chain.block import Cursor
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError, UserError
from watchers.history import History
from watchers.lookup import FAILED_TOPIC, SAFE_TOPICS, Found, Lookup
from watchers.store import ChainStore, CommittedBlock
from watchers.wings import decoder_of

OPERATION = events.batch(3)
NAME = OPERATION.container_id


def receipt(**bent: Any) -> dict[str, Any]:
    """Give the receipt of the operation's transaction, as a node answers it."""
    given = {"transactionHash": OPERATION.tx, "blockNumber": "0x3", "blockHash": "0x3", "logs": [], "status": "0x1"}
    return {**given, **bent}


def sent(name: str) -> dict[str, Any]:
    """Give a transaction that does nothing."""
    return {"hash": name, "from": address(1), "to": address(2), "input": "0x", "value": "0x0"}


def a_node(*receipts: Any, logs: Sequence[Any] = (), more: Mapping[str, Any] | None = None) -> Node:
    """Give a node that knows these receipts, finds these logs and answers `more` by method."""
    node = Node()
    known = {given["transactionHash"]: given for given in receipts}

    def answer(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getTransactionReceipt":
            return known.get(params[0])
        if method == "eth_getTransactionByHash":
            return sent(params[0]) if params[0] in known else None
        if method == "eth_getLogs":
            return [log for log in logs if _asked_for(log, params[0])]
        return (more or {}).get(method, result)

    node.lie = answer
    return node


def _asked_for(log: dict[str, Any], query: dict[str, Any]) -> bool:
    if not isinstance(log["topics"], list):
        return True  # a node that lies does not care what it was asked for
    places = [[place] if isinstance(place, str) else place for place in query["topics"]]
    return len(log["topics"]) >= len(places) and all(
        topic in place for topic, place in zip(log["topics"], places, strict=False)
    )


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
        yield Lookup(decoder_of(settings), History(redis, [1]), rpcs)


async def test_an_operation_that_history_knows_is_told_whole_by_the_node(redis: Redis) -> None:
    async with lookup(redis, a_node(receipt(status="0x0")), kept=OPERATION) as asked:
        found = await asked.find(NAME)
    assert found == Found(1, OPERATION.tx, 3, succeeded=False, events=[], sender=address(1))._replace(
        containers=(), delegations=()
    )


@pytest.mark.parametrize("trouble", ["out", "forgetful", "of another transaction", "lying", "not ours to ask"])
async def test_what_history_knows_stands_in_for_a_node_that_does_not_answer(redis: Redis, trouble: str) -> None:
    node = a_node()
    answer: Any = None
    if trouble == "of another transaction":
        answer = receipt(transactionHash=events.tx(1))
    elif trouble == "lying":
        answer = receipt(blockNumber="what")
    answers = {"eth_getTransactionReceipt": answer, "eth_getTransactionByHash": answer and sent(OPERATION.tx)}
    node.lie = lambda method, _, result: answers.get(method, result)
    if trouble == "out":
        node.fault = lambda _: web.Response(status=500)
    async with lookup(redis, node, kept=OPERATION, asks=trouble != "not ours to ask") as asked:
        told = Found(1, OPERATION.tx, 3, succeeded=True, events=[], containers=[container_of(OPERATION)])
        assert await asked.find(NAME) == told


async def test_what_nobody_knows_is_not_found(redis: Redis) -> None:
    async with lookup(redis, a_node(), kept=OPERATION) as asked:
        assert await asked.find(events.tx(1)) is None


async def test_where_no_node_answers_nobody_claims_that_there_is_nothing(redis: Redis) -> None:
    node = a_node()
    node.fault = lambda _: web.Response(status=500)
    async with lookup(redis, node) as asked:
        with pytest.raises(ChainError, match="no chain could be asked"):
            await asked.find(NAME)


SAFE, HASH = address(5), events.tx(77)


def safe_log(*topics: str, data: str) -> dict[str, Any]:
    """Give what a Safe says of one transaction, in the block of the operation's."""
    return {
        "address": SAFE,
        "topics": list(topics),
        "data": data,
        "blockNumber": "0x3",
        "blockHash": "0x3",
        "transactionHash": OPERATION.tx,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }


@pytest.mark.parametrize(
    ("log", "success"),
    [
        (safe_log(SAFE_TOPICS[0], HASH, data="0x" + "0" * 64), True),
        (safe_log(SAFE_TOPICS[1], data=HASH + "0" * 64), False),
        (safe_log(FAILED_TOPIC, data=HASH), False),
    ],
    ids=["from 1.4.1", "up to 1.3.0", "1.0"],
)
async def test_a_safes_transaction_is_found_by_its_hash_on_a_chain_that_nobody_named(
    redis: Redis,
    log: dict[str, Any],
    success: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    async with lookup(redis, a_node(receipt(logs=[log]), logs=[log])) as asked:
        found = await asked.find(HASH)
    assert found is not None
    assert found.tx == OPERATION.tx
    (safe,) = found.containers
    assert (safe.kind, safe.id, safe.sender, safe.success) == ("safe", HASH, SAFE, success)
    assert not found.traced


async def test_a_safes_hash_that_no_log_names_is_not_found(redis: Redis) -> None:
    log = safe_log(SAFE_TOPICS[1], data=events.tx(78) + "0" * 64)
    async with lookup(redis, a_node(receipt(logs=[log]), logs=[log, {"topics": None}])) as asked:
        assert await asked.find(HASH) is None


async def test_a_transaction_that_waits_is_said_to_be_in_no_block_yet(redis: Redis) -> None:
    node = a_node()
    node.lie = lambda method, params, result: (
        sent(params[0]) if method == "eth_getTransactionByHash" else None if "Receipt" in method else result
    )
    async with lookup(redis, node) as asked:
        with pytest.raises(UserError, match="it is in no block yet"):
            await asked.find(NAME)
