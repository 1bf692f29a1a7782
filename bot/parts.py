"""What both sides of the bot use, the one that watches chains and the one that speaks in Discord; made first."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal

import aiohttp
from redis.asyncio import Redis

from bot.backfill import Shelves
from bot.client import Connection
from bot.deliver.courier import Observe
from bot.deliver.record import Deliveries
from bot.deliver.send import CALM_MS
from bot.store import Subscriptions
from bot.vitals import Vitals, Watched, WatchedHub
from config.settings import Chain, Settings
from watchers.chain.rpc import Rpc
from watchers.decode import Decoder
from watchers.delegates import DelegateBooks
from watchers.history import History
from watchers.holders import HolderBooks
from watchers.snapshot.hub import Hub
from watchers.snapshot.ledger import Ledger
from watchers.store import ChainStore
from watchers.wings import decoder_of

Role = Literal["all", "watchers", "discord"]
Loop = Callable[[], Coroutine[object, object, None]]
Loops = dict[str, Loop]


@dataclass(frozen=True)
class Options:
    """What a start may choose beyond the settings. `api_base` and `gateway` point at another Discord; `observe` hears
    of every card that Discord took; `feed_sleep` is how a feed waits for the next block;
    `calm_ms` how long a card that follows a tally stands between two edits.
    """

    role: Role = "all"
    chains: Sequence[str] = ()
    api_base: str | None = None
    gateway: str | None = None
    observe: Observe | None = None
    history_h: float | None = None
    calm_ms: int = CALM_MS
    feed_sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass
class App:
    """The running parts that a start-up's caller may look at."""

    settings: Settings
    history: History
    subscriptions: Subscriptions
    deliveries: Deliveries
    vitals: Vitals
    stores: dict[int, ChainStore]
    connection: Connection | None = None
    web_port: int = 0


@dataclass(frozen=True)
class Parts:
    """What the two sides are put together from. `holder` is this process's name where only one may hold something."""

    app: App
    options: Options
    holder: str
    redis: Redis
    decoder: Decoder
    watched: dict[int, Watched]
    hubs: Sequence[WatchedHub]
    delegates: DelegateBooks
    holders: HolderBooks

    @property
    def rpcs(self) -> dict[int, Rpc]:
        """Who answers for each watched chain."""
        return {chain_id: one.rpc for chain_id, one in self.watched.items()}


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def chosen(settings: Settings, keys: Sequence[str]) -> list[Chain]:
    """Give the chains to follow: those named, or all that are enabled."""
    return [c for c in settings.chains.values() if (c.key in keys if keys else c.enabled)]


def gathered(settings: Settings, options: Options, holder: str, redis: Redis, session: aiohttp.ClientSession) -> Parts:
    """Make the parts; nothing runs yet."""
    chains = chosen(settings, options.chains)
    history = History(redis, [chain.id for chain in settings.chains.values() if chain.enabled])
    stores = {chain.id: ChainStore(redis, chain.id, clock_ms=now_ms) for chain in chains}
    deliveries, subscriptions = Deliveries(redis), Subscriptions(redis)
    on_nodes = [chain for chain in chains if not chain.hub]
    watched = {chain.id: Watched(chain, Rpc(chain, session), stores[chain.id]) for chain in on_nodes}
    hubs = [
        WatchedHub(chain, _ledger(settings, chain, stores[chain.id], history, session)) for chain in chains if chain.hub
    ]
    vitals = Vitals(history, deliveries, subscriptions, watched, hubs)
    delegates, holders = DelegateBooks(redis), HolderBooks(redis)
    vitals.shelves = Shelves(settings, chains, delegates, holders)
    app = App(settings, history, subscriptions, deliveries, vitals, stores)
    return Parts(app, options, holder, redis, decoder_of(settings), watched, hubs, delegates, holders)


def _ledger(
    settings: Settings, chain: Chain, store: ChainStore, history: History, session: aiohttp.ClientSession
) -> Ledger:
    return Ledger(settings, chain, Hub(chain, session, clock=time.monotonic), store, history)
