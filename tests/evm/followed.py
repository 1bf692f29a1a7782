"""The bot's own line over a node's HTTP, from the feed to the card: what it says, and how proposals stand."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import aiohttp
from pydantic import SecretStr

from bot.cards import render
from bot.cards.lexicon import Lexicon
from config.settings import Chain, Dao, Runtime, Settings, VoteWatch
from tests.evm.anvil import Anvil
from tests.evm.governors import BLOCK_S, Played
from watchers.alert import Alert, AlertState, ProposalFacts
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.steps import Forward
from watchers.history import History
from watchers.pipeline import Counters, Pipeline
from watchers.store import ChainStore
from watchers.valkey import engine
from watchers.wings import WINGS, decoder_of

CHAIN_ID = 31337
Proposal = tuple[str, int]  # DAO, proposal


class Heard(NamedTuple):
    """What was said in each block, and how each proposal stood after it."""

    alerts: dict[int, list[Alert]]
    stood: dict[int, dict[Proposal, AlertState]]
    counters: Counters
    lexicon: Lexicon

    def facts(self, block: int, proposal: Proposal) -> ProposalFacts:
        """Give how a proposal stood after a block."""
        facts = self.stood[block][proposal].alert.facts
        assert isinstance(facts, ProposalFacts)
        return facts

    def headline(self, block: int, proposal: Proposal) -> str:
        """Draw the card that a proposal is followed on, and give its first line."""
        return render([self.stood[block][proposal]], self.lexicon).headline

    def headlines(self, proposal: Proposal) -> list[str]:
        """Give what the card's first line read, one after the other."""
        said = [self.headline(block, proposal) for block, stood in self.stood.items() if proposal in stood]
        return [line for at, line in enumerate(said) if at == 0 or line != said[at - 1]]


def settings_of(anvil: Anvil, played: Played) -> Settings:
    """Write the chain and its governors down as an operator would."""
    chain = Chain(
        key="local",
        id=CHAIN_ID,
        name="Local",
        native="ETH",
        endpoints=(SecretStr(anvil.url),),
        block_time_s=BLOCK_S,
        confirmations=1000,
        finality="depth",
        proof="receipts",
        requests_per_s=10_000,
    )
    daos = {
        key: Dao(
            key=key,
            name=key,
            chain="local",
            protocol=seat.kind.protocol,
            governor=seat.governor.address,
            token=seat.token.address,
            symbol="TRIBE",
            clock=seat.kind.clock,
            timelock=seat.lock.address if seat.lock else None,
        )
        for key, seat in played.seats.items()
    }
    watches = (VoteWatch(kind="vote", name="large"),)
    return Settings(runtime=Runtime(), chains={"local": chain}, daos=daos, tokens=(), labels=(), watches=watches)


async def follow(anvil: Anvil, played: Played, folder: Path, tick: int = 0) -> Heard:
    """Read every block from a tick on, as a bot that has just come would."""
    settings, head = settings_of(anvil, played), await anvil.height()
    chain, below = settings.chains["local"], played.start + tick - 1
    first = await anvil.rpc("eth_getBlockByNumber", hex(below), False)

    async def passing(_: float) -> None:
        return None

    async with engine(Runtime(data_dir=folder)) as redis, aiohttp.ClientSession() as session:
        rpc, store = Rpc(chain, session), ChainStore(redis, chain.id, clock_ms=lambda: 0)
        history, decoder = History(redis, [chain.id]), decoder_of(settings)
        clock = lambda: float(anvil.time_s)  # noqa: E731 - the chain's own time, whenever it was mined
        pipeline = Pipeline(settings, chain, decoder, WINGS, store, history, rpc, LogRanges(rpc, chain), clock=clock)
        epoch = await store.acquire("test", 60_000)
        assert epoch is not None
        pipeline.begin(epoch, None)
        start = Cursor(below, first["hash"])
        wanted = decoder.wanted_on(chain.id)
        feed = Feed(chain, rpc, wanted=wanted, start=start, ring=[start], clock=clock, sleep=passing)
        heard = Heard({}, {}, pipeline.counters, Lexicon(settings))
        named: dict[Proposal, str] = {}
        async for step in feed.steps():
            alerts = await pipeline.take(step)
            if isinstance(step, Forward):
                block = step.block.header.height
                heard.alerts[block] = alerts
                named |= _followed(alerts)
                heard.stood[block] = await _standing(store, named)
                if block >= head:
                    break
        return heard


def _followed(alerts: list[Alert]) -> dict[Proposal, str]:
    """Give the names of the cards that proposals are followed on."""
    facts = [(alert, alert.facts) for alert in alerts if isinstance(alert.facts, ProposalFacts)]
    return {(told.dao, told.proposal_id): told.follows or alert.id for alert, told in facts}


async def _standing(store: ChainStore, named: Mapping[Proposal, str]) -> dict[Proposal, AlertState]:
    found = {proposal: await store.alert(name) for proposal, name in named.items()}
    return {proposal: state for proposal, state in found.items() if state is not None}
