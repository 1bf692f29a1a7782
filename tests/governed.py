"""A governor on a test node: its logs, its answers, and a pipeline that follows it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from redis.asyncio import Redis

from config.settings import Chain, Dao, Runtime, Settings, VoteWatch, Watch
from tests.node import Clock, Mined, Node, Sketch, chain_of, log, serve
from watchers.abi import encode_words, selector, shape_of
from watchers.chain.block import Block, Header, Log
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.steps import Forward
from watchers.decode import Decoder
from watchers.governance.protocols.oz_governor import ProposalCreated, VoteCast
from watchers.governance.wing import wing as governance
from watchers.history import History
from watchers.pipeline import Pipeline
from watchers.store import ChainStore
from watchers.wing import Wing
from watchers.wings import transfers_on

W = 10**18
GOVERNOR, TOKEN = "0x" + "60" * 20, "0x" + "70" * 20
WHALE, OTHER = "0x" + "a1" * 20, "0x" + "b2" * 20
PROPOSAL = 7
QUORUM = 1_000 * W


def vote_log(weight: int, *, voter: str = WHALE, support: int = 1, emitter: str = GOVERNOR, **bent: Any) -> Sketch:
    """Sketch a vote; support 0 is against, 1 for, 2 abstain."""
    data = encode_words(("uint256", "uint8", "uint256", "string"), (PROPOSAL, support, weight, "because"))
    return log(shape_of(VoteCast).topic0, f"0x{voter[2:]:0>64}", emitter=emitter, data="0x" + data.hex(), **bent)


def created_log(start: int, end: int) -> Sketch:
    """Sketch the creation of the proposal."""
    types = tuple(p.type for p in shape_of(ProposalCreated).params)
    data = encode_words(types, (PROPOSAL, WHALE, (), (), (), (), start, end, "# Spend it\nall of it"))
    return log(shape_of(ProposalCreated).topic0, emitter=GOVERNOR, data="0x" + data.hex())


def answers(snapshot: int, deadline: int, delay: int = 2) -> dict[str, Any]:
    """Give what the governor and its token answer to eth_call."""

    def call(to: str, signature: str, *given: int) -> str:
        return to + selector(signature) + encode_words(("uint256",) * len(given), given).hex()

    def number(value: int) -> str:
        return f"0x{value:064x}"

    mode = "0x" + encode_words(("string",), ("support=bravo&quorum=for,abstain",)).hex()
    return {
        call(GOVERNOR, "proposalSnapshot(uint256)", PROPOSAL): number(snapshot),
        call(GOVERNOR, "proposalDeadline(uint256)", PROPOSAL): number(deadline),
        call(GOVERNOR, "votingDelay()"): number(delay),
        call(GOVERNOR, "quorum(uint256)", snapshot): number(QUORUM),
        call(GOVERNOR, "COUNTING_MODE()"): mode,
        call(TOKEN, "getPastTotalSupply(uint256)", snapshot): number(10 * QUORUM),
    }


def settings_of(chain: Chain, *watches: Watch, **dao: Any) -> Settings:
    """Give settings with one DAO on one chain, watched for large votes unless told otherwise."""
    given = {"key": "demo", "name": "Demo", "chain": chain.key, "protocol": "oz_governor", "symbol": "DEMO"}
    demo = Dao.model_validate({**given, "governor": GOVERNOR, "token": TOKEN, **dao})
    watched = watches or (VoteWatch(kind="vote", name="large"),)
    return Settings(
        runtime=Runtime(), chains={chain.key: chain}, daos={"demo": demo}, tokens=(), labels=(), watches=watched
    )


def block_of(mined: Mined) -> Block:
    """Give a mined block as the feed does."""
    return Block(msgspec.convert(mined.header, Header), tuple(msgspec.convert(entry, Log) for entry in mined.logs))


class World:
    """A node, a store and the pipeline between them. `clock` moves only when told."""

    def __init__(
        self, node: Node, redis: Redis, chain: Chain, rpc: Rpc, settings: Settings, wings: Sequence[Wing]
    ) -> None:
        self.node, self.chain, self.rpc, self.clock = node, chain, rpc, Clock()
        self.store = ChainStore(redis, chain.id, clock_ms=lambda: 0)
        self.history = History(redis, [chain.id])
        claims = {(chain.id, dao.governor): dao.protocol for dao in settings.daos.values()}
        vouched = {chain.id: settings.named_on(chain)}
        transfers = {chain.id: transfers_on(settings, chain)}
        watched = {chain.id: settings.executing_on(chain)}
        protocols = [protocol for wing in wings for protocol in wing.protocols]
        self.decoder = Decoder(protocols, claims, vouched, transfers, watched)
        self.pipeline = Pipeline(
            settings, chain, self.decoder, wings, self.store, self.history, rpc, LogRanges(rpc, chain), clock=self.clock
        )

    async def begin(self) -> None:
        """Take the lease and stand where the store stands."""
        epoch = await self.store.acquire("test", 60_000)
        assert epoch is not None
        self.pipeline.begin(epoch, await self.store.cursor())

    def step(self, number: int, **bent: Any) -> Forward:
        """Give a block of the node as the feed's step."""
        return Forward(block_of(self.node.blocks[number]), self.node.head, **bent)


@asynccontextmanager
async def world(
    node: Node, redis: Redis, *watches: Watch, wings: Sequence[Wing] = (governance,), **dao: Any
) -> AsyncIterator[World]:
    """Serve the node and stand ready to follow it."""
    async with serve(node) as urls, aiohttp.ClientSession() as session:
        chain = chain_of(urls)
        made = World(node, redis, chain, Rpc(chain, session), settings_of(chain, *watches, **dao), wings)
        await made.begin()
        yield made
