"""`Ledger`: one reading of the hub after the other, each compared with what is kept, judged and committed.

A reading asks for the proposals of our spaces that have not ended long ago, and for the votes since the last reading,
less an overlap. What is kept already says nothing, so no list of what was seen is needed and a kill between reading
and commit costs nothing. What is new is told; a vote that the hub has corrected edits what was said of it.

    proposal not kept, made since the last reading     told
    proposal not kept, older                           kept with all its votes, nobody is told (a first start, too)
    proposal counted, its end not kept                 its votes are read again, then its result is told
    proposal kept and not listed, `GONE` times         told as cancelled
    proposal told as cancelled and listed              its cancellation is taken back

A block is the second of a reading. It moves past the votes that are read and never past others: what else is told in
a reading takes the very next second.

Errors: ChainError and StoreError end the reading; the next begins where the last commit stands. A row that makes no
sense is counted, said once, and skipped.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import structlog

from config.settings import Chain, Settings
from watchers.chain.block import Cursor, Header
from watchers.errors import DecodeError
from watchers.governance.events import ProposalChange, Vote, holding
from watchers.governance.following import ENDS
from watchers.history import History, StoredEvent
from watchers.pipeline import Counters, past_their_end
from watchers.record import book_name
from watchers.snapshot import reading, telling
from watchers.snapshot.choices import CLOSED
from watchers.snapshot.hub import Hub
from watchers.snapshot.reading import HubProposal, HubVote
from watchers.snapshot.reminding import Reminding
from watchers.snapshot.weighing import News, Weigher
from watchers.store import ChainStore, CommittedBlock

log = structlog.get_logger(__name__)

OVERLAP_S = 600  # a vote may be shown later than it is dated
ENDED_S = 3 * 86_400  # so long after its end a proposal is waited for to be counted
DAY_S = 86_400
GONE = 10  # readings in a row without a proposal, before it is taken for deleted
COUNTED = frozenset({telling.FINAL, "invalid"})
OPEN = 200  # creations of a space that are looked at for one that is gone
SAID = 1_000  # complaints about rows that are remembered, so as not to be said again
T = TypeVar("T")


class Reading(NamedTuple):
    """One step of the feed: it is time to read, in seconds since 1970."""

    now_s: int


class Ledger:
    """The hub's spaces, followed. `begin` first; then `take` each reading that is due."""

    def __init__(
        self,
        settings: Settings,
        chain: Chain,
        hub: Hub,
        store: ChainStore,
        history: History,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.chain, self.hub, self.counters = settings, chain, hub, Counters()
        self.cursor: Cursor | None = None
        self._store, self._history, self._clock, self._epoch = store, history, clock, 0
        self._weigher = Weigher(settings, chain, store, history)
        self._reminding = Reminding(settings, chain, store, history)
        self._daos = {dao.space: dao for dao in settings.daos.values() if dao.chain == chain.key}
        self._by_governor = {dao.governor: dao for dao in self._daos.values()}
        # a record that is pruned must not be missed
        self._ended_s = min(ENDED_S, settings.runtime.retention_d * DAY_S // 2)
        self._listed: dict[str, HubProposal] = {}
        self._missing: dict[int, int] = {}
        self._said: set[str] = set()

    def begin(self, epoch: int, cursor: Cursor | None, history_to: int = -1) -> None:
        """Take over where the store stands, under a lease's epoch."""
        del history_to  # what is older than the first reading is kept, and so is no news after a restart
        self._epoch, self.cursor = epoch, cursor

    async def readings(self, sleep: Callable[[float], Awaitable[None]]) -> AsyncIterator[Reading]:
        """Say when to read: at once, then `block_time_s` after each reading."""
        while True:
            yield Reading(int(self._clock()))
            await sleep(self.chain.block_time_s)

    async def take(self, step: Reading) -> None:
        """Read the hub and commit what is new."""
        self.counters.head = step.now_s
        since_s = self.cursor.number - OVERLAP_S if self.cursor is not None else step.now_s
        if self._daos:
            await self._proposals(since_s)
            await self._votes(since_s)
        await self._commit(News(), step.now_s)
        await self._ends()
        await self._remind(step.now_s)
        await self._store.finalize(self._epoch, self.cursor.number if self.cursor is not None else 0)
        c = self.counters
        await self._store.note(
            head=c.head, requests=self.hub.requests, decode_errors=c.decode_errors, judge_errors=0, blocks=c.blocks
        )

    # --- what is read -----------------------------------------------------------------------------------------------

    async def _proposals(self, since_s: int) -> None:
        """List the proposals, tell the new ones, keep the older ones with their votes."""
        where = {"space_in": sorted(self._daos), "end_gte": since_s - self._ended_s}
        seen: dict[str, HubProposal] = {}
        shown: set[str | None] = set()  # the ids of all rows: one that makes no sense is there all the same
        async for rows in self.hub.pages("proposals", where):
            shown |= {reading.name_of(row) for row in rows}
            read = (self._read(reading.proposal, row) for row in rows)
            seen |= {one.id: one for one in read if one is not None and self._is_ours(one)}
        made = {one.id: telling.created(one, self._daos[one.space], self.chain.id) for one in seen.values()}
        kept = await self._kept([event.id for event in made.values()])
        # spam is flagged soon; what is flagged once it is told goes on
        self._listed = {key: one for key, one in seen.items() if made[key].id in kept or not one.flagged}
        unknown = [one for key, one in self._listed.items() if made[key].id not in kept]
        for one in unknown:
            if one.created <= since_s:
                await self._adopt(one, made[one.id], since_s)
        fresh = tuple(made[one.id] for one in unknown if one.created > since_s)
        if fresh:
            await self._commit(News(fresh))
        await self._gone(shown)

    async def _adopt(self, proposal: HubProposal, made: ProposalChange, since_s: int) -> None:
        """Keep a proposal that is no news, its creation last: only then its book is whole. Its end may be news."""
        events: list[tuple[ProposalChange | Vote, int]] = []
        async for votes in self._pages({"proposal": proposal.id}):
            events += [(vote, vote.block) for vote in votes]
        if _is_counted(proposal) and proposal.end <= since_s:
            events.append((telling.ended(proposal, self._daos[proposal.space], self.chain.id), proposal.end))
        book = book_name(made.address, made.proposal_id)
        await self._store.remember(self._epoch, [*events, (made, proposal.created)], complete=book)
        self.counters.events += len(events) + 1

    async def _votes(self, since_s: int) -> None:
        """Tell the votes since then, a page a block."""
        async for votes in self._pages({"space_in": sorted(self._daos)}, since_s):
            news = await self._new(votes)
            if news.events:
                await self._commit(news, min(self.counters.head, max(vote.block for vote in votes)))

    async def _ends(self) -> None:
        """Read the votes of what was counted again, and tell how it ended."""
        over = [one for one in self._listed.values() if _is_counted(one)]
        told = {one.id: telling.ended(one, self._daos[one.space], self.chain.id) for one in over}
        kept = await self._kept([event.id for event in told.values()])
        for one in over:
            if told[one.id].id in kept:
                continue
            events: list[ProposalChange | Vote] = []
            corrected: frozenset[str] = frozenset()
            async for votes in self._pages({"proposal": one.id}):
                news = await self._new(votes)
                events += news.events
                corrected |= news.corrected
            await self._commit(News((*events, told[one.id]), corrected))

    async def _remind(self, now_s: int) -> None:
        """Say which votes end soon, where that is wanted."""
        if self.cursor is not None:
            listed = [(one, self._daos[one.space]) for one in self._listed.values()]
            seen_at_ms = int(self._clock() * 1000)
            said = await self._reminding.say(self._epoch, listed, self.cursor, now_s=now_s, seen_at_ms=seen_at_ms)
            self.counters.alerts += said

    async def _gone(self, shown: set[str | None]) -> None:
        """Tell of proposals that are kept as open and that the hub has no more, and of those that are back."""
        now_s, missing = self.counters.head, dict[int, int]()
        nameless = None in shown  # such a row may be any of them
        for governor in self._by_governor:
            for stored in await self._history.proposals(chain_id=self.chain.id, governor=governor, limit=OPEN):
                made = stored.event
                if not isinstance(made, ProposalChange):
                    continue
                is_back = made.tx in self._listed
                if not is_back and (made.end_clock <= now_s or made.tx in shown):
                    continue
                found = await self._history.proposal(self.chain.id, governor, made.proposal_id)
                life = [one.event for one in found if isinstance(one.event, ProposalChange)]
                holds = holding([step.change for step in life])
                if is_back and "canceled" in holds:
                    await self._commit(News((telling.restored(made, life, now_s),)))
                if is_back or ENDS & holds:
                    continue
                missing[made.proposal_id] = self._missing.get(made.proposal_id, 0) + (not nameless)
                if missing[made.proposal_id] == GONE and not nameless:
                    await self._commit(News((telling.deleted(made, life, now_s),)))
        self._missing = missing

    async def _pages(self, where: Mapping[str, object], since_s: int = 0) -> AsyncIterator[list[Vote]]:
        """Read votes page by page; what makes no sense, or is of a proposal that is not told, is left out."""
        async for rows in self.hub.pages("votes", where, since_s):
            read = (self._read(self._vote, row) for row in rows)
            found = [vote for vote in read if vote is not None]
            if found:
                yield found

    def _vote(self, row: object) -> Vote | None:
        """Read a vote; None: of a proposal that is not told. Raises DecodeError."""
        cast: HubVote = reading.vote(row)
        proposal = self._listed.get(cast.proposal)
        if proposal is None or proposal.space != cast.space:
            return None
        if cast.created > self.counters.head + OVERLAP_S:
            raise DecodeError("a vote is dated in the future")
        return telling.vote(cast, proposal, self._daos[proposal.space], self.chain.id)

    def _is_ours(self, proposal: HubProposal) -> bool:
        return proposal.space in self._daos and proposal.created <= self.counters.head + OVERLAP_S

    async def _new(self, votes: Sequence[Vote]) -> News:
        """Leave out what is kept as it is; tell apart what is kept with another content."""
        kept = await self._kept([vote.id for vote in votes])
        left = [vote for vote in votes if vote.id not in kept or kept[vote.id].event != vote]
        left.sort(key=lambda vote: (vote.block, vote.log_index))
        return News(tuple(left), frozenset(vote.id for vote in left if vote.id in kept))

    async def _kept(self, ids: Sequence[str]) -> dict[str, StoredEvent]:
        return await self._history.events(self.chain.id, ids)

    def _read(self, read: Callable[[Any], T | None], row: object) -> T | None:
        """Read a row; None for one that makes no sense, which is counted."""
        try:
            return read(row)
        except DecodeError as error:
            self.counters.decode_errors += 1
            if str(error) not in self._said and len(self._said) < SAID:
                self._said.add(str(error))
                log.warning("row_does_not_fit", chain=self.chain.key, error=str(error))
            return None

    # --- what is committed ------------------------------------------------------------------------------------------

    async def _commit(self, news: News, read_to_s: int = 0) -> None:
        """Judge what is new and commit it in one block. `read_to_s`: votes are read up to there; without it the block
        takes the next second, or before the first reading is done a second from which on the next one reads again.
        """
        last, now_s = self.cursor, self.counters.head
        number = max(read_to_s, last.number + 1) if last is not None else read_to_s or now_s - OVERLAP_S
        cursor = telling.second(number)
        header = Header(hex(number), cursor.hash, "", hex(now_s), "0x")
        about = {one.number: (one, self._daos[one.space]) for one in self._listed.values()}
        alerts = await self._weigher.alerts(news, about, header) if news.events else []
        alerts += await past_their_end(self._store, self._by_governor, header, alerts)
        block = CommittedBlock(
            cursor=cursor,
            time_s=now_s,
            events=news.events,
            times_s=tuple(min(event.block, now_s) for event in news.events),
            alerts=tuple(alerts),
            late_s=_late_s(news, now_s),
            seen_at_ms=int(self._clock() * 1000),
        )
        await self._store.commit(self._epoch, last, block)
        self.cursor = cursor
        self.counters.blocks += 1
        self.counters.last_block = number
        self.counters.events += len(news.events)
        self.counters.alerts += sum(not alert.revises for alert in alerts)


def _is_counted(proposal: HubProposal) -> bool:
    return proposal.state == CLOSED and proposal.scores_state in COUNTED


def _late_s(news: News, now_s: int) -> int | None:
    """Tell how late the newest vote or proposal is told; None when that is usual, and for how a proposal ended."""
    told = [event.block for event in news.events if isinstance(event, Vote) or event.change == "created"]
    late_s = now_s - max(told, default=now_s)
    return late_s if late_s > OVERLAP_S else None
