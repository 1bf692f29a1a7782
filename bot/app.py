"""The composition root: one exit stack, one task group, and the only place where the parts meet."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import structlog

from bot.cards import layout, render
from bot.cards.card import Card
from bot.cards.lexicon import Lexicon
from bot.client import Connection, DiscordPort, Owners, connect
from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.mute import Mute
from bot.deliver.record import Deliveries, PostKey
from bot.deliver.record import Step as Shown
from bot.deliver.route import Route, Router
from bot.deliver.send import Sender
from bot.desk import Desk
from bot.jobs import housekeeping
from bot.operator import OperatorChannel
from bot.seat import seat
from bot.store import Mutes, SettingsHistory, Subscriptions
from bot.tree import assemble
from bot.vitals import Vitals, Watched
from bot.web.server import serve
from config.errors import SettingsError
from config.settings import Chain, Settings
from watchers.alert import AlertState
from watchers.appraisal import Appraiser
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.steps import Step
from watchers.decode import Decoder
from watchers.governance.wing import wing as governance
from watchers.history import History
from watchers.inquiry import Inquiry
from watchers.lookup import Lookup
from watchers.pipeline import Pipeline
from watchers.store import ChainStore
from watchers.supervisor import Follower
from watchers.valkey import engine
from watchers.wings import PROTOCOLS, WINGS, decoder_of

log = structlog.get_logger(__name__)

Role = Literal["all", "watchers", "discord"]
Loops = dict[str, Callable[[], Coroutine[object, object, None]]]
Observe = Callable[[str, PostKey, Shown, Card], None]


@dataclass(frozen=True)
class Options:
    """What a start may choose beyond the settings. `api_base` and `gateway` point at another Discord; `observe` hears
    of every card that Discord took; `feed_sleep` is how a feed waits for the next block.
    """

    role: Role = "all"
    chains: Sequence[str] = ()
    api_base: str | None = None
    gateway: str | None = None
    observe: Observe | None = None
    history_h: float | None = None
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


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


@asynccontextmanager
async def running(settings: Settings, options: Options | None = None) -> AsyncGenerator[App, None]:
    """Run everything while the context lasts; leave it in the task that entered it, or the loops never end (a TaskGroup
    whose task is done cancels nothing). An error of a part ends all parts and comes out as an ExceptionGroup.
    Raises SettingsError for what the operator must mend.
    """
    options = options or Options()
    async with AsyncExitStack() as stack:
        holder = stack.enter_context(seat(settings.runtime.data_dir, options.role))
        redis = await stack.enter_async_context(engine(settings.runtime))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        chains = chosen(settings, options.chains)
        history = History(redis, [chain.id for chain in settings.chains.values() if chain.enabled])
        stores = {chain.id: ChainStore(redis, chain.id, clock_ms=now_ms) for chain in chains}
        deliveries, subscriptions = Deliveries(redis), Subscriptions(redis)
        watched = {chain.id: Watched(chain, Rpc(chain, session), stores[chain.id]) for chain in chains}
        vitals = Vitals(history, deliveries, subscriptions, watched)
        app = App(settings, history, subscriptions, deliveries, vitals, stores)
        loops: Loops = {}
        decoder = decoder_of(settings)
        operator = OperatorChannel(None, None)
        if options.role != "watchers":
            mutes, changes = Mutes(redis), SettingsHistory(redis)
            rpcs = {i: w.rpc for i, w in watched.items()}
            lookup = Lookup(settings, decoder, history, rpcs)
            operator = await _discord(app, options, stack, loops, holder, mutes, changes, lookup, rpcs)
        if options.role != "discord":
            for one in watched.values():
                _follow(app, options, one, decoder, operator, holder, loops)
        runtime = settings.runtime
        try:
            app.web_port = await stack.enter_async_context(serve(vitals, runtime.web_host, runtime.web_port))
        except OSError as error:
            raise SettingsError("environment", "WEB_HOST, WEB_PORT", str(error), "name a free port in .env") from None
        stack.enter_context(housekeeping(stores.values(), runtime.retention_d, now_ms))
        group = await stack.enter_async_context(_tasks())  # last in, first out: no part closes under a running loop
        for name, loop in loops.items():
            group.create_task(loop(), name=name)
        app.ready.set()
        log.info("ready", chains=[chain.key for chain in chains], role=options.role, web_port=app.web_port)
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


async def _discord(
    app: App,
    options: Options,
    stack: AsyncExitStack,
    loops: Loops,
    holder: str,
    mutes: Mutes,
    changes: SettingsHistory,
    lookup: Lookup,
    rpcs: dict[int, Rpc],
) -> OperatorChannel:
    """Start the Discord side: the connection with its commands, the line, the sender."""
    settings, lexicon = app.settings, Lexicon(app.settings)
    token = settings.runtime.discord_token
    if token is None:
        raise ValueError("bot.app needs a token; bot.__main__ sees to it")

    async def alert(chain_id: int, alert_id: str) -> AlertState | None:
        store = app.stores.get(chain_id)
        return await store.alert(alert_id) if store else None

    async def post(channel_id: int, card: Card) -> int:
        return await port.post(channel_id, card, str(time.time_ns()))

    async def setup(client: Connection) -> None:
        assemble(client, client.tree, desk)
        client.command_ids = {command.name: command.id for command in await client.tree.sync()}

    connection = await stack.enter_async_context(
        connect(token, api_base=options.api_base, gateway=options.gateway, setup=setup)
    )
    port = DiscordPort(connection, layout.view)
    operator = OperatorChannel(port, settings.runtime.operator_channel)
    desk = Desk(
        settings=settings,
        lexicon=lexicon,
        history=app.history,
        subscriptions=app.subscriptions,
        mutes=mutes,
        changes=changes,
        protocols=PROTOCOLS,
        alert=alert,
        look_up=lookup.find,
        appraise=Appraiser(settings, app.history, rpcs).lately,
        ask=Inquiry(settings, governance, app.history, rpcs).standing,
        status=app.vitals.lines,
        post=post,
        clock_ms=now_ms,
    )

    def draw(states: Sequence[AlertState], *, now_s: int, ping_role: int | None) -> Card:
        return render(states, lexicon, now_s=now_s, ping_role=ping_role)

    router = Router()
    place = await app.subscriptions.load(router)
    stages = (Route(router), Mute(mutes, clock_ms=now_ms), Group(app.deliveries))
    line = Line(list(app.stores.values()), app.deliveries, stages, consumer=holder, operator=operator)
    sender = Sender(
        app.deliveries,
        app.subscriptions,
        port,
        draw,
        holder=holder,
        owner=Owners(connection, port, app.subscriptions),
        operator=operator,
        clock_ms=now_ms,
        observe=options.observe,
    )
    app.connection = connection
    app.vitals.line, app.vitals.sender, app.vitals.connection, app.vitals.router = line, sender, connection, router
    loops["discord"] = connection.stay
    loops["subscriptions"] = lambda: app.subscriptions.follow(router, place)
    loops["line"] = line.run
    loops["sender"] = sender.run
    return operator


def _follow(
    app: App,
    options: Options,
    one: Watched,
    decoder: Decoder,
    operator: OperatorChannel,
    holder: str,
    loops: Loops,
) -> None:
    """Start the supervised loop of one chain."""
    chain, rpc = one.chain, one.rpc
    hours = app.settings.runtime.history_h if options.history_h is None else options.history_h

    def feed(start: Cursor | None, ring: Sequence[Cursor]) -> AsyncIterator[Step]:
        history_to = one.pipeline.history_to if one.pipeline is not None else -1
        one.feed = Feed(
            chain,
            rpc,
            topics=decoder.topics,
            start=start,
            ring=ring,
            history_h=hours,
            history_to=history_to,
            sleep=options.feed_sleep,
        )
        return one.feed.steps()

    one.pipeline = Pipeline(
        app.settings, chain, decoder, WINGS, one.store, app.history, rpc, LogRanges(rpc, chain), clock=time.time
    )
    one.follower = Follower(chain, one.store, one.pipeline, feed, operator, holder=holder, clock=time.monotonic)
    loops[f"chain {chain.key}"] = one.follower.follow
