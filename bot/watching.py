"""The side that watches: what follows chains and hubs, reads their past, and is looked at by the clock."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

import aiohttp

from bot.backfill import reading
from bot.census import Snapshots
from bot.operator import OperatorChannel
from bot.parts import Loop, Loops, Parts
from bot.vitals import Watched, WatchedHub
from watchers.asking import Asking
from watchers.chain.block import Cursor
from watchers.chain.feed import Feed
from watchers.chain.ranges import LogRanges
from watchers.chain.steps import Step
from watchers.delegates import Books
from watchers.governance.electors import tokens_on
from watchers.governance.holding import holders_from
from watchers.governance.wing import wing as governance
from watchers.pipeline import Pipeline
from watchers.reminders import Reminders
from watchers.retrials import Retrials
from watchers.snapshot.ledger import Reading
from watchers.sources import Sources
from watchers.sourcify import Sourcify
from watchers.supervisor import Follower
from watchers.wings import WINGS

NEAR_BLOCKS = 50  # nearer to the head than this, the past may be read beside it


def watching(parts: Parts, operator: OperatorChannel) -> Loops:
    """Give the loops of every chain and hub that is followed."""
    settings = parts.app.settings
    loops: Loops = {}
    for one in parts.watched.values():
        loops[f"chain {one.chain.key}"] = _follow(parts, one, operator)
        delegated, held = tokens_on(settings, one.chain), holders_from(settings, one.chain)
        loops[f"delegates of {one.chain.key}"] = _read_back(one, delegated, parts.delegates)
        loops[f"holders of {one.chain.key}"] = _read_back(one, held, parts.holders)
    for hub in parts.hubs:
        loops[f"hub {hub.chain.key}"] = _follow_hub(parts, hub, operator)
    return loops


def _follow(parts: Parts, one: Watched, operator: OperatorChannel) -> Loop:
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


def _follow_hub(parts: Parts, one: WatchedHub, operator: OperatorChannel) -> Loop:
    """Give a hub's supervised loop."""
    store = parts.app.stores[one.chain.id]

    def feed(_: Cursor | None, __: Sequence[Cursor]) -> AsyncIterator[Reading]:
        return one.ledger.readings(parts.options.feed_sleep)

    one.follower = Follower(one.chain, store, one.ledger, feed, operator, holder=parts.holder, clock=time.monotonic)
    return one.follower.follow


def _read_back(one: Watched, tokens: Mapping[str, int], books: Books) -> Loop:
    """Read books back while this process follows the chain and stands at its head."""
    back = reading(one.chain, tokens, books, one.rpc)
    return lambda: back.follow(lambda: _at_head(one))


def snapshots(parts: Parts) -> Snapshots:
    """Give the job that measures every book once a day."""
    settings = parts.app.settings
    chains = [one.chain for one in parts.watched.values()]
    facts = Asking(settings, parts.app.history, parts.rpcs).facts
    return Snapshots(settings, chains, parts.delegates, parts.holders, facts)


def reminding(parts: Parts, session: aiohttp.ClientSession) -> Callable[[], Awaitable[int]] | None:
    """Give the job that says which votes end soon and tries queued proposals before they can run, on the chains that
    this process follows to their heads.
    """
    if parts.options.role == "discord":
        return None
    settings, history, books = parts.app.settings, parts.app.history, parts.delegates
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
