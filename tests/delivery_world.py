"""Alerts, a clock, a Discord and senders for tests of delivery. The Discord obeys `ChannelPort` as Discord would."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from redis.asyncio import Redis

from bot.cards.card import Card
from bot.deliver.port import UNKNOWN_MESSAGE
from bot.deliver.record import Deliveries, Place
from bot.deliver.send import Sender
from bot.store import Subscriptions
from watchers.alert import (
    ActFacts,
    Alert,
    AlertState,
    Amount,
    BatchFacts,
    Facts,
    Kind,
    MoveFacts,
    Severity,
    Tally,
    VoteFacts,
    alert_id,
    short_id,
)
from watchers.errors import Undeliverable

TALLY = Tally(1, 0, 0, 10, 1, 1, passes=False)
START_MS = 1_760_000_000_000
CHANNEL = 5


def vote_facts(**changes: Any) -> VoteFacts:
    facts = VoteFacts(
        dao="uniswap", governor="0x" + "11" * 20, proposal_id=7, title="Fees", voter="0x" + "22" * 20, support="for",
        weight=Amount("0x" + "33" * 20, "UNI", 18, 10**24), for_raw=10**24, against_raw=0, abstain_raw=0,
        reason_text="", before=TALLY, after=TALLY, share_of_quorum=Decimal("0.2"), share_of_cast=None,
        share_of_supply=None, crosses_quorum=False, flips=None, pivotal=False, ends_at_s=None, ends_at_clock=None,
    )  # fmt: skip
    return msgspec.structs.replace(facts, **changes)


def move_facts(usd: Decimal | None = Decimal(2_000_000), share: Decimal | None = Decimal("0.3")) -> MoveFacts:
    return MoveFacts(
        pool="0x" + "44" * 20, pool_name="USDC/WETH", action="remove", owner="0x" + "55" * 20, actor="",
        amounts=(), usd=usd, share_of_pool=share, share_basis="reserves",
    )  # fmt: skip


def act_facts(usd: Decimal | None = Decimal(2_000_000), share: Decimal | None = Decimal("0.01")) -> ActFacts:
    amount = Amount("0x" + "33" * 20, "UNI", 18, 10**24, usd)
    return ActFacts("0x" + "66" * 20, "release", "", "0x" + "55" * 20, amount, share)


def alert(number: int = 1, kind: Kind = "vote", severity: Severity = "notable", **changes: Any) -> Alert:
    """Make the `number`th alert, one second after the one before it."""
    facts: dict[str, Facts] = {
        "vote": vote_facts(),
        "liquidity": move_facts(),
        "batch": BatchFacts("0xaa", "0.7", 1, (), "none"),
        "act": act_facts(),
    }
    tx = "0x" + f"{number:064x}"
    made = Alert(
        id=alert_id(1, tx, kind, 0), kind=kind, chain_id=1, protocol="oz", subject="proposal:1:0x11:7",
        severity=severity, block=100 + number, block_hash="0xbb", block_time_s=1_760_000_000 + number, tx=tx,
        reasons=(), facts=facts[kind], dao="uniswap",
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def state(number: int = 1, rev: int = 1, *, live: bool = True, final: bool = False, **changes: Any) -> AlertState:
    return AlertState(alert=alert(number, **changes), rev=rev, live=live, final=final)


def draw(states: Sequence[AlertState], *, ping_role: int | None) -> Card:
    """Draw a card that says exactly what it was drawn from."""
    told = tuple(f"{s.alert.short_id} rev {s.rev}{'' if s.live else ' gone'}" for s in states)
    return Card(headline=f"{len(states)} alerts", facts=told, small=states[0].alert.short_id, ping_role=ping_role)


class Clock:
    """A clock that moves only when everybody sleeps, and then to the first who wakes."""

    def __init__(self) -> None:
        self.ms = START_MS
        self._alarms: list[int] = []

    def __call__(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        alarm = self.ms + math.ceil(seconds * 1000)
        self._alarms.append(alarm)
        try:
            while True:
                await asyncio.sleep(0.0005)
                if self.ms >= alarm or alarm <= min(self._alarms):
                    break
            self.ms = max(self.ms, alarm)
        finally:
            self._alarms.remove(alarm)


@dataclass
class Message:
    """One message of the fake."""

    id: int
    nonce: str
    at_ms: int
    card: Card
    edits: int = 0


@dataclass
class FakeDiscord:
    """`ChannelPort` as Discord keeps it: a nonce is unique for a while; each channel keeps its messages. `faults` are
    taken one a request: an error is raised before anything is done, ("lost", error) after it is.
    """

    clock: Clock
    nonce_ms: int = 300_000
    channels: dict[int, list[Message]] = field(default_factory=dict)
    faults: list[Any] = field(default_factory=list)
    refused: dict[int, Exception] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    requests: list[tuple[str, int, int]] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    threads: dict[int, list[str]] = field(default_factory=dict)

    async def _request(self, what: str, channel_id: int) -> Any:
        assert channel_id not in self.busy, "two requests in one channel at a time"
        self.busy.add(channel_id)
        try:
            await asyncio.sleep(0)
        finally:
            self.busy.discard(channel_id)
        self.requests.append((what, channel_id, self.clock()))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, BaseException):
            raise fault
        if channel_id in self.refused:
            raise self.refused[channel_id]
        return fault

    @staticmethod
    def _after(fault: Any) -> None:
        if fault is not None:
            raise fault[1]

    async def post(self, channel_id: int, card: Card, nonce: str) -> int:
        assert len(nonce) <= 25
        fault = await self._request("post", channel_id)
        messages = self.channels.setdefault(channel_id, [])
        now = self.clock()
        same = [m for m in messages if m.nonce == nonce and now - m.at_ms < self.nonce_ms]
        if same and same[0].id in self.deleted:
            raise Undeliverable("Unknown Message", UNKNOWN_MESSAGE)
        if not same:
            same = [Message(1000 * channel_id + len(messages), nonce, now, card)]
            messages += same
        self._after(fault)
        return same[0].id

    async def edit(self, channel_id: int, message_id: int, card: Card) -> None:
        fault = await self._request("edit", channel_id)
        found = [m for m in self.channels.get(channel_id, []) if m.id == message_id and m.id not in self.deleted]
        if not found:
            raise Undeliverable("Unknown Message", UNKNOWN_MESSAGE)
        found[0].card = card
        found[0].edits += 1
        self._after(fault)

    async def start_thread(self, channel_id: int, message_id: int, name: str) -> None:
        fault = await self._request("thread", channel_id)
        found = [m for m in self.channels.get(channel_id, []) if m.id == message_id and m.id not in self.deleted]
        if not found:
            raise Undeliverable("Unknown Message", UNKNOWN_MESSAGE)
        self.threads.setdefault(message_id, []).append(name)
        self._after(fault)

    def link(self, channel_id: int, message_id: int) -> str:
        return f"https://discord.com/channels/1/{channel_id}/{message_id}"

    async def recent(self, channel_id: int, after_ms: int, limit: int) -> list[tuple[int, str]]:
        fault = await self._request("recent", channel_id)
        messages = [m for m in self.channels.get(channel_id, []) if m.id not in self.deleted]
        messages = [m for m in messages if m.at_ms > after_ms] if after_ms else messages[::-1]
        self._after(fault)
        return [(m.id, f"{m.card.headline}\n{m.card.small}") for m in messages[:limit]]

    def told(self, channel_id: int) -> list[tuple[str, ...]]:
        """Give what each message in a channel says."""
        return [m.card.facts for m in self.channels.get(channel_id, []) if m.id not in self.deleted]


@dataclass
class Ears:
    """An owner and an operator who remember what they were told."""

    heard: list[Any] = field(default_factory=list)
    deaf: Exception | None = None

    async def tell(self, guild_id: int, channel_id: int, reason: str) -> None:
        if self.deaf is not None:
            raise self.deaf
        self.heard.append((guild_id, channel_id, reason))

    async def notice(self, text: str) -> None:
        self.heard.append(text)


class World:
    """One store, one Discord, one clock; senders come and go."""

    def __init__(self, redis: Redis) -> None:
        self.clock = Clock()
        self.discord = FakeDiscord(self.clock)
        self.deliveries, self.subscriptions = Deliveries(redis), Subscriptions(redis)
        self.owner, self.operator = Ears(), Ears()
        self.redis = redis

    def sender(self, holder: str = "one", **changes: Any) -> Sender:
        options: dict[str, Any] = {"clock_ms": self.clock, "sleep": self.clock.sleep, "block_ms": 1} | changes
        render = options.pop("render", draw)
        return Sender(
            self.deliveries, self.subscriptions, self.discord, render,
            holder=holder, owner=self.owner, operator=self.operator, **options,
        )  # fmt: skip

    @asynccontextmanager
    async def sending(self, sender: Sender | None = None) -> AsyncIterator[Sender]:
        one = sender or self.sender()
        task = asyncio.create_task(one.run())
        try:
            yield one
        finally:
            task.cancel()
            done, _ = await asyncio.wait({task})
            for ended in done:
                if not ended.cancelled():
                    ended.result()

    async def route(self, told: AlertState, *channels: int, interval_ms: int = 0, ping: int | None = None) -> list[str]:
        return await self.deliveries.route(told, [Place(c, 1, ping, interval_ms) for c in channels or (CHANNEL,)])

    async def settled(self) -> None:
        await self.until(self._empty)

    async def _empty(self) -> bool:
        return (await self.deliveries.outbox()).waiting == 0

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while True:
                answer = true()
                if (await answer) if asyncio.iscoroutine(answer) else answer:
                    return
                await asyncio.sleep(0.002)


def said(*numbers: int, rev: int = 1) -> tuple[str, ...]:
    return tuple(f"{short_id(state(n).alert.id)} rev {rev}" for n in numbers)
