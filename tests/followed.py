"""A chain that a feed follows: its nodes, and a consumer that checks that the steps make sense in their order."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.node import Clock, Node, Refusal, Sketch, chain_of, log, serve, topic
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed, Final, Forward, Missed, Rewind, Step
from watchers.chain.rpc import Rpc
from watchers.chain.wanted import Wanted

A, B, OTHER = topic(1), topic(2), topic(99)
OURS = (A, B)


class Consumer:
    """Does what the pipeline does with steps, and checks that they make sense in that order."""

    def __init__(self, blocks: Sequence[Cursor] = ()) -> None:
        self.blocks: list[Cursor] = list(blocks)
        self.logs: dict[str, set[tuple[str, str]]] = {}
        self.final = -1
        self.forwards: list[Forward] = []
        self.missed: list[Missed] = []
        self.rewinds = 0
        self.heads = 0
        self.feed: Feed | None = None
        self.steps: AsyncIterator[Step]

    def act(self, step: Step) -> None:
        if isinstance(step, Forward):
            header = step.block.header
            if self.blocks and header.height == self.blocks[-1].number + 1:
                assert header.parent_hash == self.blocks[-1].hash, "a block does not continue the chain"
            self.blocks.append(step.block.cursor)
            self.forwards.append(step)
            self._keep(step)
        elif isinstance(step, Rewind):
            assert self.blocks[-1] == step.to_parent_of, "not the newest block is taken back"
            assert step.to_parent_of.number > self.final, "a final block is taken back"
            del self.logs[self.blocks.pop().hash]
            self.rewinds += 1
        elif isinstance(step, Missed):
            assert step.block.cursor in self.blocks or step.block.cursor.number < self.blocks[-1].number
            self.missed.append(step)
            self._keep(step)
        elif isinstance(step, Final):
            assert self.final < step.number <= self.blocks[-1].number, "finality goes backwards or ahead of us"
            self.final = step.number
        else:
            self.heads += 1

    def _keep(self, step: Forward | Missed) -> None:
        ids = {(entry.transaction_hash, entry.log_index) for entry in step.block.logs}
        self.logs[step.block.header.hash] = self.logs.get(step.block.header.hash, set()) | ids

    def ring(self) -> list[Cursor]:
        return self.blocks[::-1]


@asynccontextmanager
async def feeding(
    *nodes: Node,
    clock: Clock,
    start: Cursor | None = None,
    ring: Sequence[Cursor] = (),
    history_h: float = 0,
    wanted: Wanted | None = None,
    **changes: Any,
) -> AsyncIterator[tuple[Feed, Rpc]]:
    async with serve(*nodes) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls, **changes)
        rpc = Rpc(chain, session, clock=clock, sleep=clock.sleep)
        ours = wanted or Wanted(OURS)
        feed = Feed(
            chain, rpc, wanted=ours, start=start, ring=ring, history_h=history_h, clock=clock, sleep=clock.sleep
        )
        yield feed, rpc


async def drive(feed: Feed, consumer: Consumer, until: Callable[[], bool], *, limit: int = 3000) -> None:
    """Let the consumer act on steps until it has what the test waits for."""
    if consumer.feed is not feed:
        consumer.feed, consumer.steps = feed, feed.steps()
    async for step in consumer.steps:
        consumer.act(step)
        limit -= 1
        if until():
            return
        assert limit > 0, "the feed does not get there"


def canonical(node: Node, low: int) -> dict[str, set[tuple[str, str]]]:
    return {
        block.header["hash"]: {
            (entry["transactionHash"], entry["logIndex"]) for entry in block.logs if entry["topics"][0] in OURS
        }
        for block in node.blocks[low:]
    }


def on_top(node: Node) -> Cursor:
    return Cursor(node.head, node.blocks[-1].header["hash"])


def mixed(number: int) -> list[Sketch]:
    return [log(A), log(OTHER), log(B)][: number % 4]


def world(blocks: int, logs: Callable[[int], Sequence[Sketch]] = mixed) -> tuple[Node, Clock]:
    """Give a chain whose head is now, and that grows by a block each block time while somebody sleeps."""
    clock = Clock()
    node = Node(clock=clock)
    node.mine_many(blocks, logs)
    clock.now = float(int(node.blocks[-1].header["timestamp"], 16))
    return node, clock


def growing(node: Node, clock: Clock, *twins: Node, logs: Callable[[int], Sequence[Sketch]] = mixed) -> None:
    def grow(now: float) -> None:
        while int(node.blocks[-1].header["timestamp"], 16) + 12 <= now:
            node.mine(logs(node.head + 1))
        for twin in twins:
            twin.follow(node)

    clock.on_sleep = grow


# random lies, told with every call but never for ever
LIES = (
    "null",
    "empty",
    "short",
    "removed",
    "double",
    "other_block",
    "other_hash",
    "no_hex",
    "refuse",
    "wrong_header",
    "wrong_parent",
)


def bent(kind: str, method: str, result: Any) -> Any:  # noqa: PLR0911 - one line for each lie
    if kind == "refuse":
        return Refusal(-32000, "header not found")
    if method == "eth_getBlockByNumber" and isinstance(result, dict):
        if kind == "null":
            return None
        if kind == "wrong_header":
            return {**result, "number": hex(int(result["number"], 16) + 1)}
        if kind == "wrong_parent":
            return {**result, "parentHash": "0x" + "ef" * 32}
        if kind == "no_hex":
            return {**result, "timestamp": "soon"}
        return result
    if method != "eth_getLogs" or not isinstance(result, list) or not result:
        return result
    first = result[0]
    return {
        "null": None,
        "empty": [],
        "short": result[:-1],
        "removed": [{**first, "removed": True}, *result[1:]],
        "double": [first, *result],
        "other_block": [{**first, "blockNumber": "0x1"}, *result[1:]],
        "other_hash": [{**first, "blockHash": "0x" + "cd" * 32}, *result[1:]],
        "no_hex": [{**first, "logIndex": "first"}, *result[1:]],
    }.get(kind, result)
