"""The composition root: one exit stack, one task group, and the only place where the parts meet."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import structlog

from bot.cards import layout
from bot.charts.studio import Studio
from bot.deliver.route import Router
from bot.digest import Digests
from bot.jobs import ASIDE_D, SETTINGS_D, Shelf, housekeeping
from bot.operator import OperatorChannel
from bot.parts import App, Loops, Options, gathered, now_ms
from bot.port import DiscordPort
from bot.seat import seat
from bot.speaking import connection, delivery, desk_of, introduce
from bot.store import SettingsHistory
from bot.vitals import Vitals
from bot.watching import reminding, snapshots, watching
from bot.web.server import serve
from config.errors import VARIABLES, SettingsError
from config.settings import Runtime, Settings
from watchers.valkey import engine

log = structlog.get_logger(__name__)


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
        parts = gathered(settings, options, holder, redis, session)
        app, operator = parts.app, OperatorChannel(None, None)
        loops: Loops = {}
        digest: Callable[[], Awaitable[int]] | None = None
        if options.role != "watchers":
            client = await stack.enter_async_context(
                connection(settings, options, lambda client: introduce(client, desk))
            )
            port = DiscordPort(client, layout.view)
            operator = OperatorChannel(port, runtime.operator_channel)
            studio = await stack.enter_async_context(Studio(runtime.data_dir / "fonts"))
            desk = desk_of(parts, port, studio)
            app.connection = app.vitals.connection = client
            loops["discord"] = client.stay
            router = Router()
            loops |= await delivery(parts, client, port, operator, router)
            digest = Digests(settings, app.history, app.deliveries, router.digesting, clock_ms=now_ms).tick
        if options.role != "discord":
            loops |= watching(parts, operator)
        app.web_port = await _serve(stack, app.vitals, runtime)
        shelves = [Shelf(f"chain {i}", store, runtime.retention_d) for i, store in app.stores.items()]
        shelves.append(Shelf("settings", SettingsHistory(parts.redis), SETTINGS_D))
        shelves.append(Shelf("set aside", app.deliveries, ASIDE_D))
        timed = reminding(parts, session)
        stack.enter_context(housekeeping(shelves, now_ms, snapshots(parts).take, timed, digest))
        group = await stack.enter_async_context(_tasks())  # last in, first out: no part closes under a running loop
        for name, loop in loops.items():
            group.create_task(loop(), name=name)
        chains = [*(one.chain.key for one in parts.watched.values()), *(hub.chain.key for hub in parts.hubs)]
        log.info("ready", chains=chains, role=options.role, web_port=app.web_port)
        yield app


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
