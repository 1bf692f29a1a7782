"""`Feed`: a chain as a sequence of steps, every block in order and verified, its reorgs taken back one block at a time.

    async for step in feed.steps():         the consumer commits a step before it asks for the next

In the steady state a block costs one HTTP request, whatever is watched: it is asked for by number, header and logs in
one batch, when it is likely to be there. The head's number, the finality tag and, with a single provider, the second
reading of final blocks ride in the same batch.

Errors: ChainError from the iteration; the consumer backs off and makes a new feed from its cursor, which a failed call
never moved.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from config.settings import Chain
from watchers.chain.block import Block, Cursor, Header
from watchers.chain.blocks import (
    BlockReader,
    Polled,
    header_call,
    lenient_header,
    read_header,
    read_number,
)
from watchers.chain.counters import FeedCounters
from watchers.chain.envelope import RawAnswer
from watchers.chain.finality import Finality
from watchers.chain.fork import Fork
from watchers.chain.pace import POLL_MIN_S, Pace
from watchers.chain.proof import Unproven, check_header, check_logs
from watchers.chain.provider import Clock, Provider, Sleep, wall_clock
from watchers.chain.ranges import LogRanges, span
from watchers.chain.rpc import Rpc
from watchers.chain.second import SecondReading
from watchers.chain.standing import Standing
from watchers.chain.start import block_at
from watchers.chain.steps import Final, Forward, Head, Missed, Rewind, Step
from watchers.chain.wanted import Wanted
from watchers.errors import ChainError
from watchers.facts import Call

__all__ = ["Feed", "FeedCounters", "Final", "Forward", "Head", "Missed", "Rewind", "Step"]

BLOCKS_PER_BATCH = 10  # when several blocks are behind
RANGE_FROM = 50  # a gap of more blocks is read in ranges
WINDOW_FIRST = 100  # blocks of a range held in memory at a time, to begin with
WINDOW_LOGS = 20_000  # logs that a window should not exceed
SECOND_EVERY = 32  # final blocks that make a second reading worth its request, or half the confirmations
LATE_MIN_S = 30.0
TRIES = 4


class Feed:
    """One chain from `start` on; None starts `history_h` hours back. `ring`: the committed blocks that can be taken
    back and the newest final one, newest first. `history_to`: what the first start said in its `Head`.
    """

    def __init__(
        self,
        chain: Chain,
        rpc: Rpc,
        *,
        wanted: Wanted,
        start: Cursor | None,
        ring: Sequence[Cursor] = (),
        history_h: float = 24,
        history_to: int = -1,
        clock: Clock = wall_clock,
        sleep: Sleep = asyncio.sleep,
        poll_min_s: float = POLL_MIN_S,
    ) -> None:
        self.chain, self.rpc = chain, rpc
        self.standing = Standing(start, ring)
        self._history_s = history_h * 3600
        self._clock = clock
        self._ranges = LogRanges(rpc, chain)
        self._reader = BlockReader(chain, rpc, self._ranges, wanted)
        self._pace = Pace(chain.block_time_s, clock=clock, sleep=sleep, poll_min_s=poll_min_s)
        self._finality = Finality(chain, clock=clock)
        self._second = SecondReading(self._reader, self._ranges, self.standing.told)
        self._fork = Fork(self._reader)
        self._history_to = history_to
        self._once_to = -1  # end of a range that one reading is enough for
        self._begun = False
        self._silent = self._nonsense = 0
        self._window = WINDOW_FIRST
        self._shunned: tuple[Provider, ...] = ()
        self._first_provider: Provider | None = None
        self.counters = FeedCounters(
            reader=self._reader.counters, second=self._second.counters, fork=self._fork.counters
        )

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Give step after step, for ever. Raises ChainError."""
        while True:
            for step in await self._next():
                yield step
                self._took(step)

    async def _next(self) -> Sequence[Step]:
        try:
            steps = await self._begin() if not self._begun else await self._go_on()
        except Unproven as problem:
            self._nonsense += 1
            if self._nonsense >= TRIES:
                raise ChainError(f"{self.chain.key}: {problem}") from None
            self._shun(next((p for p in self.rpc.providers if p.name == problem.source), self._first_provider))
            await self._pace.wait()
            return ()
        if any(isinstance(step, Forward | Rewind) for step in steps):
            self._nonsense = 0
        return steps

    async def _begin(self) -> Sequence[Step]:
        """Find the head, where to start, and whether the block we stand on still stands."""
        calls = [Call("eth_blockNumber", ()), header_call("latest")]
        calls += [header_call(self._finality.tag)] if self._finality.tag else []
        calls += [header_call(self.standing.cursor.number)] if self.standing.cursor else []
        reply = await self.rpc.raw_batch(calls, avoid=self._shunned, head=True)
        self._shunned = ()
        self._first_provider = reply.provider
        number, latest = read_number(reply.answers[0]), read_header(reply.answers[1])
        if number is None or latest is None:
            raise Unproven("the node does not tell its head")
        self._saw_head(max(number, check_header(latest, latest.height).height))
        self._pace.begin(latest)
        if self._finality.tag:
            self._finality.asked(self._possible(lenient_header(reply.answers[2])))
        history_to = None
        if self.standing.cursor is None:
            first = await block_at(self._reader, latest, self._history_s, self.chain.block_time_s)
            self.standing.begin_at(first)
            self._history_to = history_to = latest.height
        else:
            here = read_header(reply.answers[-1])
            if here is None and number >= self.standing.cursor.number:
                raise Unproven(f"block {self.standing.cursor.number} is not there, although the head is past it")
            if here is not None and check_header(here, self.standing.cursor.number).hash != self.standing.cursor.hash:
                return await self._back(reply.provider)
        self._begun = True
        return (Head(self.counters.head, history_to),)

    async def _go_on(self) -> Sequence[Step]:
        target = self._second_target()
        solid = max(self._final_number(), self.counters.head - self.chain.confirmations)
        gap = solid - self.standing.next_number + 1
        # a stronger proof than the bloom is of single blocks; only history is content with less
        allowed = self.chain.proof == "bloom" or self.standing.next_number <= self._history_to
        in_range = gap > RANGE_FROM and allowed
        if target is not None and (in_range or not self._may_ride(target)):
            return await self._look_again(target)
        return await self._range(solid) if in_range else await self._poll(target)

    async def _poll(self, ride_to: int | None) -> Sequence[Step]:
        """Read the next block or blocks in one batch."""
        behind = self.counters.head - self.standing.next_number + 1
        if behind <= 0 or self._silent or self._shunned or self._fork.disputed:
            await self._pace.wait()
        count = min(BLOCKS_PER_BATCH, max(behind, self._pace.likely_new()))
        asks_tag = self._finality.due()
        riders = self._riders(ride_to, asks_tag=asks_tag)
        self._pace.reading()
        avoid, self._shunned = self._shunned, ()
        self.counters.polls += 1
        polled = await self._reader.poll(self.standing.next_number, count, riders, avoid=avoid)
        self._first_provider = polled.provider
        if polled.head is not None:
            self._saw_head(polled.head)
        ridden = polled.riders[asks_tag:] or None  # a tag rides first
        again = [] if ride_to is None else await self._look_again(ride_to, ridden)
        if polled.rows[0][0] is None:
            news = self._nothing_new(polled)
        else:
            if self._silent and avoid and polled.provider not in avoid:
                self.rpc.lags(avoid[0])
            self._silent = 0
            news = await self._forward(polled)
        if asks_tag and not any(isinstance(step, Rewind) for step in news):
            await self._take_tag(lenient_header(polled.riders[0]))
        return [*again, *news]

    async def _forward(self, polled: Polled) -> Sequence[Step]:
        """Turn a batch into steps, as far as its blocks continue ours."""
        steps: list[Step] = []
        tip = self.standing.cursor
        for header, raw, bodies in polled.rows:
            if header is None:
                break
            if tip is not None and header.parent_hash != tip.hash:
                return steps or await self._back(polled.provider)
            try:
                block = await self._reader.prove(header, raw, bodies, polled.provider)
            except ChainError:
                if steps:
                    break  # what is proven is told first; the next round meets the trouble again
                raise
            tip = block.cursor
            self._pace.found(header)
            self.counters.head = max(self.counters.head, header.height)
            history = header.height <= self._history_to
            steps.append(Forward(block, self.counters.head, self._late_s(header), history))
        self._fork.settled()
        head = self.counters.head
        return [s._replace(head=head) if isinstance(s, Forward) else s for s in steps]

    async def _back(self, provider: Provider) -> Sequence[Step]:
        """Take our block back if the chain has really left it. Raises ChainError for a reorg too deep."""
        cursor = self.standing.cursor
        if cursor is None or not await self._fork.has_left(cursor, provider):
            # a node that contradicts itself is passed over; where two disagree, waiting settles it
            self._shun(None if self._fork.disputed else provider)
            return ()
        if cursor.number <= self.standing.final:
            raise ChainError(
                f"{self.chain.key}: block {cursor} was final and is no longer canonical; a reorg went past finality. "
                "Compare the providers with an explorer, then restart from a block before it"
            )
        if len(self.standing.ring) < 2:  # noqa: PLR2004 - the block and its parent
            raise ChainError(
                f"{self.chain.key}: a reorg goes back beyond block {cursor.number}, the oldest that is remembered. "
                "Check the chain's finality and confirmations in chains.toml, then restart from an earlier block"
            )
        return (Rewind(cursor),)

    def _nothing_new(self, polled: Polled) -> Sequence[Step]:
        self._pace.missed()
        self._silent += 1
        self.counters.polls_empty += 1
        overdue = self._pace.silent_for(self._clock()) > 2 * self.chain.block_time_s
        promised = polled.head is not None and polled.head >= self.standing.next_number
        if overdue or (promised and self._silent > 1):
            # this node may stand still, or not have what it promises: the next read is another's
            self._shun(polled.provider if self._silent % 2 else None)
        return (Head(self.counters.head),)

    async def _range(self, solid: int) -> Sequence[Step]:
        """Read a window of blocks that are deep enough: those with logs, and the last one as the place to stand.

        The parent links between them are not seen, since the headers of empty blocks are not read; final blocks do
        not need them. Where two are neighbours the link is checked.
        """
        low, high = self.standing.next_number, min(solid, self.standing.next_number + self._window - 1)
        avoid, self._shunned = self._shunned, ()
        self.counters.ranges += 1
        logs = await self._ranges.read(self._reader.wanted.filters, low, high, avoid=avoid)
        by_block: dict[int, list[int]] = {high: []}
        for at, log in enumerate(logs):
            by_block.setdefault(log.block, []).append(at)
        numbers = sorted(by_block)
        headers = await self._reader.headers(numbers, avoid=avoid)
        steps: list[Step] = []
        tip = self.standing.cursor
        for number, header in zip(numbers, headers, strict=True):
            if tip is not None and tip.number + 1 == number and header.parent_hash != tip.hash:
                raise Unproven(f"block {number} does not continue the one before it")
            own = check_logs(header, [logs[at] for at in by_block[number]], self._reader.wanted.takes)
            block = Block(header, own)
            tip = block.cursor
            history = number <= self._history_to
            steps.append(Forward(block, self.counters.head, self._late_s(header), history))
        if len(self.rpc.providers) == 1 and self.standing.looked == low - 1:
            # read when it was deep already, and there is nobody else to read it of
            self._once_to = high
        if len(logs) > WINDOW_LOGS:
            self._window = max(1, self._window // 2)
        elif len(logs) < WINDOW_LOGS // 2:
            self._window = min(self.chain.max_range, self._window * 2)
        await self._refresh_head()
        return steps

    async def _refresh_head(self) -> None:
        """While catching up, keep up with where the head has gone meanwhile."""
        if self._finality.due():
            calls = [Call("eth_blockNumber", ()), header_call(self._finality.tag or "finalized")]
            reply = await self.rpc.raw_batch(calls, head=True)
            number = read_number(reply.answers[0])
            if number is not None:
                self._saw_head(number)
            self._finality.asked(self._possible(lenient_header(reply.answers[1])))

    def _riders(self, ride_to: int | None, *, asks_tag: bool) -> list[Call]:
        riders = [header_call(self._finality.tag or "finalized")] if asks_tag else []
        if ride_to is not None and ride_to > self.standing.looked:
            riders += self._reader.wanted.calls(span(self.standing.looked + 1, ride_to))
        return riders

    async def _take_tag(self, tag: Header | None) -> None:
        tag = self._possible(tag)
        told = self.standing.told.hash_of(tag.height) if tag else None
        if tag is not None and told is not None and told != tag.hash:
            await self._second.confirm(tag.height, told)
            return
        self._finality.asked(tag)

    def _possible(self, tag: Header | None) -> Header | None:
        """Take a tag for none that names a block beyond the head."""
        return tag if tag is not None and tag.height <= self.counters.head else None

    def _may_ride(self, target: int) -> bool:
        """Tell whether the second reading goes along with a block's batch: there is nobody else to ask."""
        cap = self.rpc.providers[0].range_cap or self.chain.max_range
        return len(self.rpc.providers) == 1 and target - self.standing.looked <= min(cap, 2 * SECOND_EVERY)

    def _final_number(self) -> int:
        """Give the last final block; by depth it is counted from the block we stand on, which no node can make up."""
        return self._finality.number(self.standing.cursor.number if self.standing.cursor else -1)

    def _second_target(self) -> int | None:
        """Give how far blocks are final, when enough of them are to read them again."""
        if self.standing.cursor is None:
            return None
        target = min(self._final_number(), self.standing.cursor.number)
        enough = max(1, min(SECOND_EVERY, self.chain.confirmations // 2))
        if target - self.standing.final < enough and self.standing.final >= 0:
            return None
        if target < 0 or target <= self.standing.final:
            return None
        return min(target, max(self.standing.looked, self.standing.final) + self.chain.max_range)

    async def _look_again(self, target: int, ridden: Sequence[RawAnswer] | None = None) -> list[Step]:
        steps: list[Step] = []
        if target > self.standing.looked:
            for block in await self._second.read(self.standing.looked + 1, target, self._first_provider, ridden):
                history = block.header.height <= self._history_to
                steps.append(Missed(block, self._late_s(block.header), history))
        return [*steps, Final(target)]

    def _took(self, step: Step) -> None:
        self.standing.took(step)
        if isinstance(step, Forward):
            self.counters.blocks += 1
            if step.block.header.height == self._once_to:
                self.standing.looked, self._once_to = self._once_to, -1
        elif isinstance(step, Rewind):
            self.counters.rewinds += 1

    def _shun(self, provider: Provider | None) -> None:
        self._shunned = (provider,) if provider is not None else ()

    def _saw_head(self, number: int) -> None:
        """Note the head as told last; never below what we stand on."""
        self.counters.head = max(number, self.standing.next_number - 1)

    def _late_s(self, header: Header) -> int | None:
        late = self._clock() - header.time_s
        return int(late) if late > max(LATE_MIN_S, 3 * self.chain.block_time_s) else None
