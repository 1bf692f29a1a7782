"""The block at which a member's question is answered: the cursor's own, whatever a node has in its place."""

import aiohttp
from redis.asyncio import Redis

from tests.node import Node, chain_of, serve
from watchers.chain.block import Cursor
from watchers.chain.rpc import Rpc
from watchers.history import History
from watchers.store import ChainStore, CommittedBlock
from watchers.vantage import cursor_header


async def test_a_node_with_another_block_at_the_cursor_is_not_believed(redis: Redis) -> None:
    node = Node()
    node.mine_many(5)
    ours = Cursor(node.head, "0x" + "ab" * 32)
    store = ChainStore(redis, 1, clock_ms=lambda: 0)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    await store.commit(epoch, None, CommittedBlock(ours, 1_760_000_000))
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        header = await cursor_header(History(redis, [1]), Rpc(chain_of(urls), session))
    assert header is not None
    assert (header.height, header.hash, header.time_s) == (ours.number, ours.hash, 1_760_000_000)


async def test_a_node_that_has_the_cursors_block_tells_its_header(redis: Redis) -> None:
    node = Node()
    node.mine_many(5)
    told = node.blocks[-1].header
    store = ChainStore(redis, 1, clock_ms=lambda: 0)
    epoch = await store.acquire("me", 60_000)
    assert epoch is not None
    await store.commit(epoch, None, CommittedBlock(Cursor(node.head, told["hash"]), 1_760_000_000))
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        header = await cursor_header(History(redis, [1]), Rpc(chain_of(urls), session))
    assert header is not None
    assert (header.hash, header.parent_hash, header.timestamp) == (told["hash"], told["parentHash"], told["timestamp"])
