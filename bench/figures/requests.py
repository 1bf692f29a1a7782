"""HTTP requests a block costs, counted at the node, with one watch and with a thousand."""

from collections.abc import Sequence
from contextlib import aclosing

import aiohttp
from redis.asyncio import Redis

from bench.figure import Figure, at_most
from bench.world import Bundles, chain_of, settings_of, store
from config.settings import BatchWatch, LiquidityWatch, Runtime, VoteWatch, Watch
from tests.node import Clock, address, serve
from watchers.chain.feed import Feed
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.history import History
from watchers.pipeline import Pipeline
from watchers.store import ChainStore
from watchers.wings import WINGS, decoder_of

BLOCKS = 100
NAIVE_BLOCKS = 2
PER_BLOCK = 3  # operations in a block, all known and none worth an alert
MANY = 1_000


async def measure() -> Sequence[Figure]:
    """Follow a chain with the real feed, pipeline and store, and a naive watcher after it."""
    figures = []
    for count in (1, MANY):
        watches = _watches(count)
        async with store() as redis:
            ours = await _ours(redis, watches)
        naive = await _naive(count)
        note = f"{BLOCKS} blocks of {PER_BLOCK} logs that pass the filter, counted at the node"
        figures.append(
            Figure(
                f"requests.{count}_watch{'es' * (count > 1)}",
                ours,
                "requests/block",
                "one query a watch",
                naive,
                at_most(1),
                note,
            )
        )
    return figures


def _watches(count: int) -> list[Watch]:
    """Give watches of every kind on as many addresses; none of them is in the blocks."""
    made: list[Watch] = []
    for number in range(count):
        name, where = f"watch-{number}", (address(number + 1),)
        if number % 3 == 0:
            made.append(BatchWatch(kind="batch", name=name, senders=where))
        elif number % 3 == 1:
            made.append(LiquidityWatch(kind="liquidity", name=name, pools=where))
        else:
            made.append(VoteWatch(kind="vote", name=name))
    return made


def _grown() -> tuple[Bundles, Clock]:
    """Give a chain that gains a block each block time, while somebody sleeps."""
    clock = Clock()
    node = Bundles(clock=clock)
    node.mine_many(40)
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))

    def mine(now: float) -> None:
        while int(node.blocks[-1].header["timestamp"], 16) + node.block_time_s <= now:
            first = node.head * PER_BLOCK
            node.mine([node.operation(first + n, success=True) for n in range(PER_BLOCK)])

    clock.on_sleep = mine
    return node, clock


async def _ours(redis: Redis, watches: Sequence[Watch]) -> float:
    node, clock = _grown()
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls)
        settings = settings_of([chain], watches, Runtime())
        decoder = decoder_of(settings)
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        chain_store = ChainStore(redis, chain.id, clock_ms=lambda: int(clock() * 1000))
        history, ranges = History(redis, [chain.id]), LogRanges(rpc, chain)
        pipeline = Pipeline(settings, chain, decoder, WINGS, chain_store, history, rpc, ranges, clock=clock)
        epoch = await chain_store.acquire("bench", 60_000)
        if epoch is None:
            raise RuntimeError("the lease of an empty store is taken")
        pipeline.begin(epoch, None)
        feed = Feed(
            chain, rpc, wanted=decoder.wanted_on(chain.id), start=None, history_h=0, clock=clock, sleep=clock.sleep
        )  # fmt: skip
        asked = begun = 0
        async with aclosing(feed.steps()) as steps:
            async for step in steps:
                await pipeline.take(step)
                blocks = pipeline.counters.blocks
                if not asked and blocks:  # the first block is found in several requests; it is the others that count
                    asked, begun = node.requests, blocks
                if blocks - begun >= BLOCKS and asked:
                    break
        events = pipeline.counters.events
        if events < BLOCKS * PER_BLOCK:
            raise RuntimeError(f"{events} events were kept, not those of {BLOCKS} blocks")
        return (node.requests - asked) / (pipeline.counters.blocks - begun)


async def _naive(watches: int) -> float:
    """Follow the chain as one would without thought: the head, then one log query for each watch."""
    node, clock = _grown()
    async with serve(node) as urls, aiohttp.ClientSession() as session:

        async def ask(method: str, *params: object) -> object:
            call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            async with session.post(urls[0], json=call) as answer:
                return (await answer.json())["result"]

        for _ in range(NAIVE_BLOCKS):
            await clock.sleep(node.block_time_s)
            head = await ask("eth_blockNumber")
            for number in range(watches):
                await ask("eth_getLogs", {"fromBlock": head, "toBlock": head, "address": address(number + 1)})
    return node.requests / NAIVE_BLOCKS
