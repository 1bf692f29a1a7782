"""The composition root: one exit stack, one task group, and the only place where the parts meet."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import aiohttp
import structlog
from redis.asyncio import Redis

from bot.backfill import Shelves
from bot.cards import layout, render
from bot.cards.card import Card
from bot.cards.lexicon import Lexicon
from bot.census import Snapshots
from bot.charts.studio import Studio
from bot.client import Connection, Setup, connect
from bot.deliver.courier import Observe
from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.mute import Mute
from bot.deliver.record import Deliveries
from bot.deliver.route import Route, Router
from bot.deliver.send import CALM_MS, Sender
from bot.desk import Desk
from bot.digest import Digests
from bot.jobs import ASIDE_D, SETTINGS_D, Shelf, housekeeping
from bot.operator import OperatorChannel
from bot.port import DiscordPort, Owners
from bot.seat import seat
from bot.store import Mutes, SettingsHistory, Subscriptions
from bot.tree import assemble
from bot.vitals import Vitals, Watched, WatchedHub
from bot.web.server import serve
from config.errors import VARIABLES, SettingsError
from config.settings import Chain, Runtime, Settings
from watchers import birth
from watchers.alert import AlertState
from watchers.appraisal import Appraiser
from watchers.asking import Asking
from watchers.backfill import Backfill
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.steps import Step
from watchers.decode import Decoder
from watchers.delegates import DelegateBooks
from watchers.governance.electors import tokens_on
from watchers.governance.holding import holders_from
from watchers.governance.wing import wing as governance
from watchers.history import History
from watchers.holders import HolderBooks
from watchers.inquiry import Inquiry
from watchers.lookup import Lookup
from watchers.pipeline import Pipeline
from watchers.reminders import Reminders
from watchers.retrials import Retrials
from watchers.snapshot.hub import Hub
from watchers.snapshot.ledger import Ledger, Reading
from watchers.sources import Sources
from watchers.sourcify import Sourcify
from watchers.store import ChainStore
from watchers.supervisor import Follower
from watchers.valkey import engine
from watchers.wings import PROTOCOLS, WINGS, decoder_of

log = structlog.get_logger(__name__)

Role = Literal["all", "watchers", "discord"]
Loop = Callable[[], Coroutine[object, object, None]]
Loops = dict[str, Loop]
NEAR_BLOCKS = 50  # nearer to the head than this, the past may be read beside it


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
    ready: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class _Parts:
    """What both sides use, the one that watches chains and the one that speaks in Discord."""

    app: App
    options: Options
    holder: str
    redis: Redis
    decoder: Decoder
    watched: dict[int, Watched]
    hubs: Sequence[WatchedHub]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


@asynccontextmanager
async def running(settings: Settings, options: Options | None = None) -> AsyncGenerator[App, None]:
    """Run everything while the context lasts; leave it in the task that entered it, or the loops never end (a TaskGroup
    whose task is done cancels nothing). An error of a part ends all parts and comes out as an ExceptionGroup.
    Raises SettingsError for what the operator must mend.
    """
    options, runtime = options or Options(), settings.runtime
    async with AsyncExitStack() as stack:
        holder = stack.enter_context(seat(runtime.data_dir, options.role))
        redis = await stack.enter_async_context(engine(runtime))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        parts = _parts(settings, options, holder, redis, session)
        app, operator = parts.app, OperatorChannel(None, None)
        loops: Loops = {}
        digest: Callable[[], Awaitable[int]] | None = None
        if options.role != "watchers":
            connection = await stack.enter_async_context(
                _connection(settings, options, lambda client: _introduce(client, desk))
            )
            port = DiscordPort(connection, layout.view)
            operator = OperatorChannel(port, runtime.operator_channel)
            studio = await stack.enter_async_context(Studio(runtime.data_dir / "fonts"))
            desk = _desk(parts, port, studio)
            app.connection = app.vitals.connection = connection
            loops["discord"] = connection.stay
            router = Router()
            loops |= await _delivery(parts, connection, port, operator, router)
            digest = Digests(settings, app.history, app.deliveries, router.digesting, clock_ms=now_ms).tick
        if options.role != "discord":
            for one in parts.watched.values():
                loops[f"chain {one.chain.key}"] = _follow(parts, one, operator)
                loops[f"delegates of {one.chain.key}"] = _read_back(parts, one)
                loops[f"holders of {one.chain.key}"] = _read_back(parts, one, holders=True)
            for hub in parts.hubs:
                loops[f"hub {hub.chain.key}"] = _follow_hub(parts, hub, operator)
        app.web_port = await _serve(stack, app.vitals, runtime)
        shelves = [Shelf(f"chain {i}", store, runtime.retention_d) for i, store in app.stores.items()]
        shelves.append(Shelf("settings", SettingsHistory(parts.redis), SETTINGS_D))
        shelves.append(Shelf("set aside", app.deliveries, ASIDE_D))
        reminding = _reminding(parts, session)
        stack.enter_context(housekeeping(shelves, now_ms, _snapshots(parts).take, reminding, digest))
        group = await stack.enter_async_context(_tasks())  # last in, first out: no part closes under a running loop
        for name, loop in loops.items():
            group.create_task(loop(), name=name)
        app.ready.set()
        chains = [*(one.chain.key for one in parts.watched.values()), *(hub.chain.key for hub in parts.hubs)]
        log.info("ready", chains=chains, role=options.role, web_port=app.web_port)
        yield app


def chosen(settings: Settings, keys: Sequence[str]) -> list[Chain]:
    """Give the chains to follow: those named, or all that are enabled."""
    return [c for c in settings.chains.values() if (c.key in keys if keys else c.enabled)]


class _Ended(Exception):  # noqa: N818 - ends the group on purpose
    """The context is over: the group's tasks are cancelled."""


@asynccontextmanager
async def _tasks() -> AsyncGenerator[asyncio.TaskGroup, None]:
    """Give the one task group; its tasks end with the context."""

    async def end() -> None:
        raise _Ended

    try:
        async with asyncio.TaskGroup() as group:
            yield group
            group.create_task(end())
    except* _Ended:
        pass


def _parts(settings: Settings, options: Options, holder: str, redis: Redis, session: aiohttp.ClientSession) -> _Parts:
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
    vitals.shelves = Shelves(settings, chains, DelegateBooks(redis), HolderBooks(redis))
    app = App(settings, history, subscriptions, deliveries, vitals, stores)
    return _Parts(app, options, holder, redis, decoder_of(settings), watched, hubs)


def _ledger(
    settings: Settings, chain: Chain, store: ChainStore, history: History, session: aiohttp.ClientSession
) -> Ledger:
    return Ledger(settings, chain, Hub(chain, session, clock=time.monotonic), store, history)


def _connection(settings: Settings, options: Options, setup: Setup) -> AbstractAsyncContextManager[Connection]:
    token = settings.runtime.discord_token
    if token is None:
        raise ValueError("bot.app needs a token; bot.__main__ sees to it")
    return connect(token, api_base=options.api_base, gateway=options.gateway, setup=setup)


async def _introduce(client: Connection, desk: Desk) -> None:
    """Tell Discord which commands there are."""
    assemble(client, client.tree, desk)
    client.command_ids = {command.name: command.id for command in await client.tree.sync()}


def _desk(parts: _Parts, port: DiscordPort, studio: Studio) -> Desk:
    """Put together what commands may use."""
    app = parts.app
    rpcs = {chain_id: one.rpc for chain_id, one in parts.watched.items()}

    async def alert(chain_id: int, alert_id: str) -> AlertState | None:
        store = app.stores.get(chain_id)
        return await store.alert(alert_id) if store else None

    async def post(channel_id: int, card: Card) -> int:
        return await port.post(channel_id, card, str(time.time_ns()))

    return Desk(
        settings=app.settings,
        lexicon=Lexicon(app.settings),
        history=app.history,
        subscriptions=app.subscriptions,
        mutes=Mutes(parts.redis),
        protocols=PROTOCOLS,
        alert=alert,
        look_up=Lookup(parts.decoder, app.history, rpcs).find,
        appraise=Appraiser(app.settings, app.history, rpcs).lately,
        ask=Inquiry(app.settings, governance, app.history, rpcs).standing,
        facts=Asking(app.settings, app.history, rpcs).facts,
        books=DelegateBooks(parts.redis),
        holders=HolderBooks(parts.redis),
        status=app.vitals.lines,
        post=post,
        clock_ms=now_ms,
        draw=studio.draw,
    )


async def _delivery(
    parts: _Parts, connection: Connection, port: DiscordPort, operator: OperatorChannel, router: Router
) -> Loops:
    """Lay the line from the chains' outboxes through the stages to Discord; give its loops."""
    app, lexicon = parts.app, Lexicon(parts.app.settings)

    def draw(states: Sequence[AlertState], *, ping_role: int | None) -> Card:
        return render(states, lexicon, ping_role=ping_role)

    place = await app.subscriptions.load(router)
    stages = (Route(router), Mute(Mutes(parts.redis), clock_ms=now_ms), Group(app.deliveries))
    line = Line(list(app.stores.values()), app.deliveries, stages, consumer=parts.holder, operator=operator)
    sender = Sender(
        app.deliveries,
        app.subscriptions,
        port,
        draw,
        holder=parts.holder,
        owner=Owners(connection, port, app.subscriptions),
        operator=operator,
        clock_ms=now_ms,
        observe=parts.options.observe,
        calm_ms=parts.options.calm_ms,
    )
    app.vitals.line, app.vitals.sender, app.vitals.router = line, sender, router
    return {"subscriptions": lambda: app.subscriptions.follow(router, place), "line": line.run, "sender": sender.run}


def _follow(parts: _Parts, one: Watched, operator: OperatorChannel) -> Loop:
    """Put one chain's parts together; give its supervised loop."""
    app, chain, rpc = parts.app, one.chain, one.rpc
    hours = app.settings.runtime.history_h if parts.options.history_h is None else parts.options.history_h
    one.pipeline = pipeline = Pipeline(
        app.settings, chain, parts.decoder, WINGS, one.store, app.history, rpc, LogRanges(rpc, chain), clock=time.time
    )

    def feed(start: Cursor | None, ring: Sequence[Cursor]) -> AsyncIterator[Step]:
        one.feed = Feed(
            chain,
            rpc,
            wanted=parts.decoder.wanted_on(one.chain.id),
            start=start,
            ring=ring,
            history_h=hours,
            history_to=pipeline.history_to,
            sleep=parts.options.feed_sleep,
        )
        return one.feed.steps()

    one.follower = Follower(chain, one.store, pipeline, feed, operator, holder=parts.holder, clock=time.monotonic)
    return one.follower.follow


def _follow_hub(parts: _Parts, one: WatchedHub, operator: OperatorChannel) -> Loop:
    """Give a hub's supervised loop."""
    store = parts.app.stores[one.chain.id]

    def feed(_: Cursor | None, __: Sequence[Cursor]) -> AsyncIterator[Reading]:
        return one.ledger.readings(parts.options.feed_sleep)

    one.follower = Follower(one.chain, store, one.ledger, feed, operator, holder=parts.holder, clock=time.monotonic)
    return one.follower.follow


def _read_back(parts: _Parts, one: Watched, *, holders: bool = False) -> Loop:
    """Read the books of delegates, or of holders, back, while this process follows the chain and stands at its head."""
    chain = one.chain
    tokens = (holders_from if holders else tokens_on)(parts.app.settings, chain)
    books = HolderBooks(parts.redis) if holders else DelegateBooks(parts.redis)
    ranges = LogRanges(one.rpc, chain)
    born = partial(birth.born, one.rpc)
    reading = Backfill(chain, tokens, books, ranges, requests=lambda: one.rpc.requests, born=born)

    return lambda: reading.follow(lambda: _at_head(one))


def _snapshots(parts: _Parts) -> Snapshots:
    """Give the job that measures every book once a day."""
    settings, rpcs = parts.app.settings, {chain_id: one.rpc for chain_id, one in parts.watched.items()}
    chains = [one.chain for one in parts.watched.values()]
    facts = Asking(settings, parts.app.history, rpcs).facts
    return Snapshots(settings, chains, DelegateBooks(parts.redis), HolderBooks(parts.redis), facts)


def _reminding(parts: _Parts, session: aiohttp.ClientSession) -> Callable[[], Awaitable[int]] | None:
    """Give the job that says which votes end soon and tries queued proposals before they can run, on the chains that
    this process follows to their heads.
    """
    if parts.options.role == "discord":
        return None
    app, books = parts.app, DelegateBooks(parts.redis)
    settings, history = app.settings, app.history
    url = settings.runtime.sourcify_url
    sourcify = Sourcify(session, url, clock=time.time) if url else None

    def timed(one: Watched) -> Iterator[Callable[[int], Awaitable[int]]]:
        families = governance.families
        yield Reminders(settings, one.store, history, books, one.rpc, families, clock=time.time).tick
        yield Retrials(settings, one.store, history, one.rpc, clock=time.time).tick
        if sourcify is not None:
            yield Sources(settings, one.chain, one.store, history, sourcify, clock=time.time).tick

    made = [(one, tuple(timed(one))) for one in parts.watched.values()]

    async def remind() -> int:
        said = 0
        for one, ticks in made:
            for tick in ticks:
                follower = one.follower
                if follower is not None and follower.epoch is not None and _at_head(one):
                    said += await tick(follower.epoch)
        return said

    return remind


def _at_head(one: Watched) -> bool:
    """Tell whether this process follows the chain and stands at its head."""
    follower, counters = one.follower, one.pipeline.counters if one.pipeline else None
    if follower is None or counters is None or follower.standby or follower.down or not counters.last_block:
        return False
    return counters.head - counters.last_block <= NEAR_BLOCKS


async def _serve(stack: AsyncExitStack, vitals: Vitals, runtime: Runtime) -> int:
    """Open the page of health and metrics; give its port. Raises SettingsError when it cannot be opened there."""
    host, port = runtime.web_host, runtime.web_port
    try:
        return await stack.enter_async_context(serve(vitals, host, port))
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number is None or number < 0 or number == errno.EADDRNOTAVAIL:  # below 0: an answer of the name service
            remedy = "write 127.0.0.1, or 0.0.0.0 for all of its addresses"
            raise SettingsError(VARIABLES, "WEB_HOST", f"{host} is no address of this machine", remedy) from None
        remedy = "name a free port, or 0 for any"
        raise SettingsError(VARIABLES, "WEB_PORT", f"{port}: {os.strerror(number)}", remedy) from None
