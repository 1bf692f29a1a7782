"""One block: decode, facts, judge, commit.

Errors: ChainError and StoreError leave the block where it is, to be tried again; Fenced and ReorgError as they are. A
log, or a wing's judgement, that fails on hostile data is counted, said once, and harms nothing else.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain as chained
from typing import Any, TypeVar

import msgspec
import structlog

from config.settings import Chain, Dao, LiquidityWatch, Settings
from watchers.abi import shape_of
from watchers.alert import Alert, OperationFacts, ProposalFacts
from watchers.batches.events import BatchResult
from watchers.batches.protocols.executions import GOVERNOR
from watchers.batches.telling import container_of, facts_of
from watchers.chain.answers import Cache, learn, load
from watchers.chain.block import Block, Cursor, Header
from watchers.chain.ranges import LogRanges
from watchers.chain.rpc import Rpc
from watchers.chain.steps import Final, Forward, Head, Missed, Rewind, Step
from watchers.decode import Decoder
from watchers.delegated import DelegatedTotals
from watchers.earlier import EarlierVotes
from watchers.errors import DecodeError, DefinitionError
from watchers.event import Event
from watchers.facts import Facts
from watchers.governance import payloads
from watchers.governance.asks import VotingDelay
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.following import ended, is_past
from watchers.governance.following import name as following_name
from watchers.governance.wing import GovernanceWing
from watchers.history import History
from watchers.liquidity.events import LiquidityMove
from watchers.store import ChainStore, CommittedBlock
from watchers.switches import FeeSwitches
from watchers.wing import Ballot, Situation, Wing, asks_of

log = structlog.get_logger(__name__)

MAX_SAID = 10_000  # places of decode errors that are remembered, so as not to be said again
NOTE_S = 1.0  # how often at most the head is left for other processes to see
Key = tuple[str, int]  # governor, proposal
T = TypeVar("T")
ByWing = list[tuple[Wing, list[Event]]]


class Counters:
    """What happened since the start, as plain numbers; metrics and /status read them."""

    def __init__(self) -> None:
        self.blocks = self.events = self.alerts = self.rewinds = self.missed = 0
        self.decode_errors = self.judge_errors = self.unknown_logs = self.facts_requests = 0
        self.last_block = self.head = self.final = 0


class Pipeline:
    """One chain's blocks, one after the other. `begin` first; then `take` each step of the feed, in order."""

    def __init__(
        self,
        settings: Settings,
        chain: Chain,
        decoder: Decoder,
        wings: Sequence[Wing],
        store: ChainStore,
        history: History,
        rpc: Rpc,
        ranges: LogRanges,
        *,
        clock: Callable[[], float],
    ) -> None:
        self.settings, self.chain, self.counters = settings, chain, Counters()
        self.cursor: Cursor | None = None
        self.history_to = -1
        self._decoder, self._wings, self._store, self._history = decoder, tuple(wings), store, history
        self._rpc, self._clock, self._epoch, self._cache = rpc, clock, 0, Cache()
        self._wing_of = _by_protocol(self._wings)
        self._daos = {dao.governor: dao for dao in settings.daos.values() if dao.chain == chain.key}
        self._governance = _governance(self._wings)
        self._switches = FeeSwitches(settings, chain, history, clock=clock)
        self._delegated = DelegatedTotals(settings, chain, history.books, clock=clock)
        spoken = self._governance.governors if self._governance else []
        topics = sorted({shape_of(into).topic0 for protocol in spoken for into in protocol.handlers})
        self.earlier = EarlierVotes(chain, decoder, topics, store, rpc, ranges, clock=clock)
        self._keeps_swaps = any(
            isinstance(w, LiquidityWatch) and "swap" in w.actions and w.chain in ("*", chain.key)
            for w in settings.watches
        )
        self._said: set[tuple[str, str]] = set()
        self._noted_at = 0.0

    @property
    def unreadable(self) -> int:
        """Answers to questions that made no sense, since the start."""
        return self._cache.unreadable

    def begin(self, epoch: int, cursor: Cursor | None, history_to: int = -1) -> None:
        """Take over where the store stands, under a lease's epoch; up to `history_to` nobody is alerted."""
        self._epoch, self.cursor, self.history_to = epoch, cursor, history_to

    async def take(self, step: Step) -> list[Alert]:
        """Carry a step of the feed out; what is returned from is committed. Gives the alerts that it held."""
        alerts: list[Alert] = []
        match step:
            case Forward():
                alerts = await self.forward(step)
            case Missed():
                alerts = await self.missed(step)
            case Rewind(cursor):
                self.cursor = await self._store.rewind(self._epoch, cursor)
                self.counters.rewinds += 1
            case Final(number):
                await self._store.finalize(self._epoch, number)
                self.counters.final = max(self.counters.final, number)
            case Head(number, history_to):
                self.counters.head = number
                if history_to is not None:  # before its first block: a restart amid history must not tell it as news
                    await self._store.note(history_to=history_to)
        await self._note()
        return alerts

    async def forward(self, step: Forward) -> list[Alert]:
        """Commit the next block with its events and alerts, and stand on it."""
        committed = await self._judged(step.block, step.late_s, history=step.history)
        if not step.history:
            committed = await self._ended(step.block, committed)
        await self._store.commit(self._epoch, self.cursor, committed)
        self.cursor = committed.cursor
        counters = self.counters
        counters.blocks += 1
        counters.last_block = committed.cursor.number
        counters.head = max(step.head, committed.cursor.number)
        self._count(committed)
        return [alert for alert in committed.alerts if not alert.revises]

    async def missed(self, step: Missed) -> list[Alert]:
        """Add what the second reading of a committed block found; alerts that were known are not said again."""
        committed = await self._judged(step.block, step.late_s, history=step.history)
        # how a proposal stood then is no news where later blocks have said how it stands now
        ids = [alert.id.encode() for alert in committed.alerts if alert.is_followed]
        known = {alert.id for alert in await self._store.standing(ids)}
        left = tuple(a for a in committed.alerts if not (a.revises or (a.is_followed and a.id in known)))
        committed = msgspec.structs.replace(committed, alerts=left)
        await self._store.add(self._epoch, committed)
        self.counters.missed += 1
        self._count(committed)
        return list(committed.alerts)

    def _count(self, committed: CommittedBlock) -> None:
        self.counters.events += len(committed.events)
        self.counters.alerts += sum(not alert.revises for alert in committed.alerts)

    async def _ended(self, block: Block, committed: CommittedBlock) -> CommittedBlock:
        """Add the proposals whose deadline the block is the first to be past, by what is known of them."""
        over = await past_their_end(self._store, self._daos, block.header, committed.alerts) if self._daos else []
        return msgspec.structs.replace(committed, alerts=(*committed.alerts, *over))

    async def _judged(self, block: Block, late_s: int | None, *, history: bool) -> CommittedBlock:
        """Decode a block, learn what the judges need to know, and let them judge."""
        number = block.header.height
        by_wing = self._decode(block)
        facts = self._cache.begin(number)
        at = await self._situation(block, [e for _, events in by_wing for e in events], facts)
        if not history:
            by_wing = await self._learned(by_wing, at)
        enriched = [(wing, self._tried(wing, partial(wing.enrich, events, at), number)) for wing, events in by_wing]
        kept = [
            e for (_, events), (_, own) in zip(by_wing, enriched, strict=True) for e in (events if own is None else own)
        ]
        alerts: list[Alert] = []
        if not history:
            at = at._replace(carried=_carried(kept))
            for wing, own in enriched:
                alerts += (None if own is None else self._tried(wing, partial(wing.judge, own, at), number)) or []
        return CommittedBlock(
            cursor=block.cursor,
            time_s=block.header.time_s,
            events=tuple(event for event in kept if self._is_kept(event)),
            alerts=tuple(alerts),
            late_s=late_s,
            seen_at_ms=int(self._clock() * 1000),
        )

    def _tried(self, wing: Wing, work: Callable[[], list[T]], number: int) -> list[T] | None:
        """Let a wing work; None when it cannot: numbers of a hostile contract. The wing's other blocks, and the other
        wings, must not suffer for it.
        """
        try:
            return work()
        except (DecodeError, ArithmeticError, ValueError) as error:
            self.counters.judge_errors += 1
            log.exception("judge_failed", chain=self.chain.key, wing=wing.name, block=number, error=str(error))
            return None

    async def _learned(self, by_wing: ByWing, at: Situation) -> ByWing:
        """Learn what the judges need to know, and what fee switches that say nothing are set to."""
        asks, number = partial(asks_of, by_wing, at), at.header.height
        ahead = self.cursor is None or number > self.cursor.number
        switches = self._switches.asks(lambda: next(iter(asks()), None) is not None) if ahead else []
        asked = await learn(self._rpc, lambda: chained(asks(), switches), number, self._cache)
        self.counters.facts_requests += asked
        thrown = await self._switches.read(switches, at.header, at.facts)
        if not thrown or self._governance is None:
            return by_wing
        others = [(wing, events) for wing, events in by_wing if wing is not self._governance]
        own = [event for wing, events in by_wing if wing is self._governance for event in events]
        return [*others, (self._governance, [*own, *thrown])]

    def _decode(self, block: Block) -> ByWing:
        decoded = self._decoder.decode(self.chain.id, block.logs)
        self.counters.unknown_logs += decoded.unknown
        for entry, error in decoded.errors:
            self.counters.decode_errors += 1
            place = (entry.address, entry.topics[0] if entry.topics else "")
            if place not in self._said and len(self._said) < MAX_SAID:
                self._said.add(place)
                log.warning("log_does_not_fit", chain=self.chain.key, address=entry.address, error=str(error))
        by_wing: dict[str, list[Event]] = {}
        for event in decoded.events:
            wing = self._wing_of.get(event.protocol)
            if wing is not None:
                by_wing.setdefault(wing.name, []).append(event)
        return [(wing, by_wing[wing.name]) for wing in self._wings if wing.name in by_wing]

    def _is_kept(self, event: Event) -> bool:
        """Keep swaps, which outnumber all else by far, only where a watch asks for them."""
        return self._keeps_swaps or not (isinstance(event, LiquidityMove) and event.action == "swap")

    # --- proposals ------------------------------------------------------------------------------------------------

    async def _situation(self, block: Block, events: Iterable[Event], facts: Facts) -> Situation:
        """Gather what is known before the block; earlier votes of proposals that it votes on are read back first."""
        created: dict[Key, Event] = {}
        taken: dict[Key, Sequence[tuple[Event, int]]] = {}
        followed: dict[Key, Alert] = {}
        touched = self._touched(events)
        voted = [key for key, about in touched.items() if any(isinstance(event, Vote) for event in about)]
        delegated = await self._delegated.of(self._daos[governor].token for governor, _ in voted)
        at = Situation(
            self.settings,
            self.chain,
            block.header,
            facts,
            {},
            {},
            created,
            delegated=delegated,
            steps=taken,
            followed=followed,
            sent=await payloads.looked_up(events, self.settings, self._history.acts),
        )
        for key, about in touched.items():
            fresh = any(isinstance(event, ProposalChange) and event.change == "created" for event in about)
            if fresh:
                continue
            ballots = await self._ballots(key, at)
            if ballots is None and any(isinstance(event, Vote) for event in about):
                ballots = await self._read_back(key, about[0], at)
            if ballots is not None:
                at.ballots[key] = ballots
            life = await self._history.proposal(self.chain.id, *key)
            steps = [stored.event for stored in life if isinstance(stored.event, ProposalChange)]
            created.update((key, step) for step in steps if step.change == "created")
            taken[key] = [(one.event, one.time_s) for one in life if one.event.block < block.header.height]
            names = [following_name(self.chain.id, key, one) for one in (None, created.get(key))]
            for alert in await self._store.standing([one.encode() for one in dict.fromkeys(names)]):
                followed[key] = alert
            said = (step.description for step in steps)
            if description := next((text for text in said if text), ""):
                at.titles[key] = description
        return at

    def _touched(self, events: Iterable[Event]) -> dict[Key, list[Event]]:
        touched: dict[Key, list[Event]] = {}
        for event in events:
            if isinstance(event, Vote | ProposalChange) and event.address in self._daos:
                touched.setdefault((event.address, event.proposal_id), []).append(event)
        return touched

    async def _ballots(self, key: Key, at: Situation) -> list[Ballot] | None:
        return await self._history.ballots(self.chain.id, *key, before=(at.header.height, 0))

    async def _read_back(self, key: Key, event: Event, at: Situation) -> list[Ballot] | None:
        if self._governance is None or not self.earlier.due(*key):
            return None
        family = self._governance.families.get(event.protocol)
        if family is None:
            return None
        times, delay = family.times(*key), VotingDelay(key[0])
        self.counters.facts_requests += await load(self._rpc, (times, delay), at.header.height, self._cache)
        known = (at.facts.get(times), at.facts.get(delay))
        if not await self.earlier.complete(self._epoch, self._daos[key[0]], key[1], at.header, *known):
            return None
        return await self._ballots(key, at)

    # --- what others may see -----------------------------------------------------------------------------------------

    async def _note(self) -> None:
        """Leave head and counts in the store now and then, so that another process's /status knows them."""
        now = self._clock()
        if 0 <= now - self._noted_at < NOTE_S:
            return
        self._noted_at = now
        c = self.counters
        notes: dict[str, Any] = {"head": c.head, "requests": self._rpc.requests, "decode_errors": c.decode_errors}
        await self._store.note(**notes, judge_errors=c.judge_errors, blocks=c.blocks)


async def past_their_end(
    store: ChainStore, daos: Mapping[str, Dao], header: Header, alerts: Iterable[Alert]
) -> list[Alert]:
    """Give the followed proposals whose deadline a block is the first to be past and of which it tells nothing else."""
    told = {alert.id for alert in alerts}
    return [
        ended(alert, header)
        for alert in await store.due(header.height, header.time_s)
        if alert.id not in told
        and isinstance(alert.facts, ProposalFacts)
        and (dao := daos.get(alert.facts.governor)) is not None
        and is_past(dao, alert.facts.ends_at_clock, header)
    ]


def _governance(wings: Iterable[object]) -> GovernanceWing | None:
    """Find the wing whose questions also serve to read earlier votes back."""
    return next((wing for wing in wings if isinstance(wing, GovernanceWing)), None)


def _carried(events: Iterable[Event]) -> dict[Key, OperationFacts]:
    """Give what became of the calls of the proposals that are executed, as the batches wing tells them."""
    return {
        (event.address, int(event.container_id)): facts_of(container_of(event))
        for event in events
        if isinstance(event, BatchResult) and event.container == GOVERNOR
    }


def _by_protocol(wings: Iterable[Wing]) -> dict[str, Wing]:
    found: dict[str, Wing] = {}
    for wing in wings:
        for protocol in wing.protocols:
            if found.setdefault(protocol.name, wing) is not wing:
                raise DefinitionError(f"protocol {protocol.name} is declared in two wings; rename one")
    return found
