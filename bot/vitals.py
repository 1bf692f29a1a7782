"""What the process knows about itself: the lines of `/status`, the reasons not to be ready, the metrics."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.backfill import Shelves
from bot.cards import figures
from bot.client import Connection
from bot.deliver.line import Line as DeliveryLine
from bot.deliver.record import Deliveries, Outbox
from bot.deliver.route import Router
from bot.deliver.send import Sender
from bot.desk import Line
from bot.store import Subscriptions
from bot.web.server import Sample
from config.settings import Chain
from watchers.chain.feed import Feed
from watchers.chain.rpc import Rpc
from watchers.chain.steps import Step
from watchers.errors import StoreError
from watchers.history import ChainStatus, History
from watchers.pipeline import Counters, Pipeline
from watchers.snapshot.ledger import Ledger, Reading
from watchers.store import ChainStore
from watchers.supervisor import Follower
from watchers.unreadable import Unread

STALE_BLOCKS = 3
STALE_S = 30.0
ASK_S = 5.0


@dataclass
class Watched:
    """One chain's parts. Those after `store` are None in a process that does not follow it."""

    chain: Chain
    rpc: Rpc
    store: ChainStore
    feed: Feed | None = None
    pipeline: Pipeline | None = None
    follower: Follower[Step] | None = None


@dataclass
class WatchedHub:
    """A hub's parts. `follower` is None in a process that does not follow it."""

    chain: Chain
    ledger: Ledger
    follower: Follower[Reading] | None = None


class Vitals:
    """Reads the parts' plain counters when asked; keeps none of its own."""

    def __init__(
        self,
        history: History,
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        watched: dict[int, Watched],
        hubs: Sequence[WatchedHub] = (),
    ) -> None:
        self._history, self._deliveries, self._subscriptions = history, deliveries, subscriptions
        self._watched, self._hubs = watched, hubs
        self.line: DeliveryLine | None = None
        self.sender: Sender | None = None
        self.connection: Connection | None = None
        self.router: Router | None = None
        self.shelves: Shelves | None = None
        self._outbox: Outbox | None = None

    @property
    def _unread(self) -> tuple[tuple[str, Unread], ...]:
        return (("history", self._history.unread), ("subscriptions", self._subscriptions.unread))

    # --- /status ----------------------------------------------------------------------------------------------------

    async def lines(self, guild_id: int | None = None) -> list[Line]:
        """Give a line for each chain, for Discord, the queue, what cannot be read, and the shut channels of the server
        that asks. Raises StoreError.
        """
        lines = [await self._chain_line(one) for one in self._watched.values()]
        lines += [await self._hub_line(one) for one in self._hubs]
        if self.shelves is not None:
            lines += await self.shelves.lines()
        if self.connection is not None:
            online = self.connection.online.is_set()
            lines.append(Line("Discord", "connected" if online else "not connected; trying again", online))
        self._outbox = waiting = await self._deliveries.outbox()
        age_s = 0 if waiting.oldest_ms is None else max(0, int(time.time() - waiting.oldest_ms / 1000))
        queue = f"{waiting.waiting} waiting" + (
            f", the oldest for {figures.duration(age_s)}" if waiting.waiting else ""
        )
        lines.append(Line("Delivery", queue, age_s < 2 * STALE_S))
        if waiting.dead:
            lines.append(Line("Set aside", f"{waiting.dead} messages that could not be delivered", well=False))
        for what, unread in self._unread:
            if unread:
                told = f"{len(unread)} cannot be read: another version of Tribune wrote them, or they are damaged"
                lines.append(Line(f"Records of {what}", told, well=False))
        if self.sender is not None and self.sender.halted:
            lines.append(Line("Sending", f"stopped: {self.sender.halted}", well=False))
        shut = await self._subscriptions.shut(guild_id) if guild_id else ()
        return lines + [Line(f"<#{one.channel_id}>", f"shut: {one.reason}", well=False) for one in shut]

    async def _chain_line(self, one: Watched) -> Line:
        status = await self._history.chain_status(one.chain.id)
        if status is None:
            down = one.follower.down if one.follower else ""
            return Line(one.chain.name, down or "nothing read yet", well=False)
        behind, well = self._behind(one, status)
        provider = next((p.name for p in one.rpc.status() if p.state == "ok"), "") if one.follower else ""
        parts = [f"block {figures.number(status.cursor.number)}", behind]
        parts += [f"read from {provider}"] if provider else []
        parts += [f"down: {one.follower.down}"] if one.follower and one.follower.down else []
        parts += [f"{status.pending} changes to route"] if status.pending else []
        return Line(one.chain.name, " · ".join(parts), well)

    async def _hub_line(self, one: WatchedHub) -> Line:
        """Say when a hub was read; its blocks are readings."""
        status = await self._history.chain_status(one.chain.id)
        down = [f"down: {one.follower.down}"] if one.follower and one.follower.down else []
        if status is None:
            return Line(one.chain.name, down[0] if down else "nothing read yet", well=False)
        age_s = max(0, int(time.time()) - status.time_s)
        well = age_s <= max(STALE_S, STALE_BLOCKS * one.chain.block_time_s)
        parts = [f"off-chain, read {figures.duration(age_s)} ago", *down]
        parts += [f"{status.pending} changes to route"] if status.pending else []
        return Line(one.chain.name, " · ".join(parts), well)

    def _behind(self, one: Watched, status: ChainStatus) -> tuple[str, bool]:
        age_s = max(0, int(time.time()) - status.time_s)
        allowed = max(STALE_S, STALE_BLOCKS * one.chain.block_time_s)
        lag = f"{figures.number(status.lag)} blocks behind" if status.lag else "at the head"
        return f"{lag}, its time {figures.duration(age_s)} ago", age_s <= allowed

    # --- /readyz ----------------------------------------------------------------------------------------------------

    async def ailing(self) -> dict[str, str]:
        """Name what is not ready and why."""
        ill: dict[str, str] = {}
        try:
            async with asyncio.timeout(ASK_S):
                for one in self._watched.values():
                    line = await self._chain_line(one)
                    if not line.well:
                        ill[one.chain.key] = line.how
                for hub in self._hubs:
                    line = await self._hub_line(hub)
                    if not line.well:
                        ill[hub.chain.key] = line.how
        except (StoreError, TimeoutError) as error:
            ill["store"] = str(error) or "does not answer"
        if self.connection is not None and not self.connection.online.is_set():
            ill["discord"] = "not connected"
        if self.sender is not None and self.sender.halted:
            ill["sending"] = self.sender.halted
        return ill

    # --- /metrics ---------------------------------------------------------------------------------------------------

    def samples(self) -> Iterable[Sample]:
        """Give every metric from plain counters; nothing here waits."""
        for one in self._watched.values():
            yield from self._chain_samples(one)
        for hub in self._hubs:
            yield from _hub_samples(hub)
        if self.line is not None:
            for (stage, outcome), count in sorted(self.line.tally.items()):
                labels = {"stage": stage, "outcome": outcome}
                yield Sample("tribune_routed", "counter", "What each stage said of an alert.", labels, count)
        if self.sender is not None:
            for what, count in sorted(self.sender.tally.items()):
                yield Sample("tribune_deliveries", "counter", "What was done in Discord.", {"what": what}, count)
            halted = float(bool(self.sender.halted))
            yield Sample("tribune_sending_halted", "gauge", "1 while Discord refuses the token.", {}, halted)
        if self.connection is not None:
            online = float(self.connection.online.is_set())
            yield Sample("tribune_discord_connected", "gauge", "1 while events come in.", {}, online)
        for what, unread in self._unread:
            told = "Records met that cannot be read."
            yield Sample("tribune_unreadable_records", "gauge", told, {"of": what}, len(unread))
        if self.router is not None:
            yield Sample("tribune_subscriptions", "gauge", "Subscriptions in the index.", {}, len(self.router))
        if self._outbox is not None:
            now_ms = time.time() * 1000
            age = 0 if self._outbox.oldest_ms is None else max(0.0, (now_ms - self._outbox.oldest_ms) / 1000)
            yield Sample("tribune_queue_waiting", "gauge", "Posts that wait to be sent.", {}, self._outbox.waiting)
            yield Sample("tribune_queue_age_seconds", "gauge", "Age of the oldest of them.", {}, age)
            yield Sample("tribune_dead_letters", "gauge", "Posts set aside.", {}, self._outbox.dead)

    async def refresh(self) -> None:
        """Read what only the store knows, for a scrape; without the store those metrics are left out."""
        try:
            async with asyncio.timeout(ASK_S):
                self._outbox = await self._deliveries.outbox()
        except (StoreError, TimeoutError):
            self._outbox = None

    def _chain_samples(self, one: Watched) -> Iterator[Sample]:
        labels = {"chain": one.chain.key}
        for provider in one.rpc.status():
            named = {**labels, "provider": provider.name}
            yield Sample("tribune_requests", "counter", "HTTP requests to nodes.", named, provider.requests)
            yield Sample("tribune_provider_up", "gauge", "1 while it may be asked.", named, provider.state == "ok")
            for kind, count in sorted(provider.errors.items()):
                of_kind = {**named, "kind": kind}
                yield Sample("tribune_provider_errors", "counter", "Failures of nodes.", of_kind, count)
        if one.pipeline is None:
            return
        c = one.pipeline.counters
        requests = one.rpc.requests
        yield Sample(
            "tribune_head_lag_blocks", "gauge", "Blocks behind the head.", labels, max(0, c.head - c.last_block)
        )
        yield Sample("tribune_last_block", "gauge", "Number of the last committed block.", labels, c.last_block)
        per_block = requests / c.blocks if c.blocks else 0.0
        yield Sample("tribune_requests_per_block", "gauge", "HTTP requests for each block so far.", labels, per_block)
        for name, count, told in (
            *_committed(c),
            ("tribune_rewinds", c.rewinds, "Blocks taken back."),
            ("tribune_missed_blocks", c.missed, "Blocks whose second reading found more."),
            ("tribune_judge_errors", c.judge_errors, "Judgements that failed on hostile data."),
            ("tribune_facts_requests", c.facts_requests, "Requests for facts."),
            ("tribune_facts_unreadable", one.pipeline.unreadable, "Answers of contracts that made no sense."),
            ("tribune_earlier_votes_unread", one.pipeline.earlier.failures, "Failures to read earlier votes back."),
        ):
            yield Sample(name, "counter", told, labels, count)


def _committed(c: Counters) -> tuple[tuple[str, int, str], ...]:
    """Give what a chain and a hub count alike."""
    return (
        ("tribune_blocks", c.blocks, "Blocks committed."),
        ("tribune_events", c.events, "Events kept."),
        ("tribune_alerts", c.alerts, "Alerts committed."),
        ("tribune_decode_errors", c.decode_errors, "Logs that did not fit."),
    )


def _hub_samples(one: WatchedHub) -> Iterator[Sample]:
    c, hub = one.ledger.counters, one.ledger.hub
    for name, count, told in (
        ("tribune_hub_requests", hub.requests, "HTTP requests to a hub."),
        ("tribune_hub_failures", hub.failures, "Requests to a hub without a whole answer."),
        *_committed(c),
    ):
        yield Sample(name, "counter", told, {"chain": one.chain.key}, count)
