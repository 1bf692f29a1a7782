"""The sender: takes what changed out of the outbox and has it brought to each channel, in order, again and again.

Level-triggered: an outbox entry says only that a post changed; `courier` brings the post to what it should show. The
class of an error decides what becomes of it: wait, set aside, shut the channel, or stop all sending.

Holds effectively once under: a crash between any two steps, a lost reply, a reset, 5xx, 429, an outage of any length, a
store that lost its last second. Two processes never speak in one channel at a time.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final

import structlog

from bot.deliver.courier import SAFE_MS, TRY_S, Courier, Observe
from bot.deliver.lane import Job, Lane
from bot.deliver.notices import Notices
from bot.deliver.port import INVALID_BODY, ChannelPort, Operator, Owner, Render, Throttled
from bot.deliver.rate import PER_S, Cap
from bot.deliver.record import Deliveries, Entry, PostKey
from bot.store import Subscriptions
from bot.trouble import FIRST_PAUSE_S, LONGEST_PAUSE_S, Trouble
from config.errors import SettingsError
from watchers.backoff import backoff_s
from watchers.errors import NotDelivered, StoreError, Undeliverable

IDLE_MS: Final = 60_000  # an entry that a holder has had for longer is taken over
SWEEP_MS: Final = 15_000
CALM_MS: Final = 60_000  # between two edits of a card that only follows a tally
MOST_IN_HAND: Final = 20_000
_log = structlog.get_logger(__name__)


class Sender:
    """The loop at the end of the line. `halted` holds the reason once Discord refuses our token; `tally` counts what
    was done, for metrics. `observe` is the courier's.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        port: ChannelPort,
        render: Render,
        *,
        holder: str,
        owner: Owner,
        operator: Operator,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        per_s: int = PER_S,
        try_s: float = TRY_S,
        safe_ms: int = SAFE_MS,
        block_ms: int = 1000,
        calm_ms: int = CALM_MS,
        observe: Observe | None = None,
    ) -> None:
        self._deliveries, self._subscriptions, self._holder = deliveries, subscriptions, holder
        self._clock_ms, self._sleep, self._block_ms = clock_ms, sleep, block_ms
        self.halted = ""
        self.tally: Counter[str] = Counter()
        self._notices = Notices(subscriptions, owner, operator, tell_s=try_s)
        self._cap = Cap(clock_ms=clock_ms, sleep=sleep, per_s=per_s)
        self._courier = Courier(
            deliveries,
            port,
            render,
            holder=holder,
            notices=self._notices,
            cap=self._cap,
            tally=self.tally,
            clock_ms=clock_ms,
            try_s=try_s,
            safe_ms=safe_ms,
            observe=observe,
        )
        self._calm_ms = calm_ms
        self._shown: dict[PostKey, int] = {}
        self._lanes: dict[int, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep_at_ms = 0
        self._telling: asyncio.Task[None] | None = None
        self._failing: set[int] = set()

    async def run(self) -> None:
        """Deliver for ever. What was in hand when it ends is taken up by the next run, here or elsewhere."""
        trouble = Trouble("the outbox cannot be read", "the outbox is read again")
        anew = True
        try:
            while True:
                try:
                    if anew:
                        await self._open()
                        anew = False
                    await self._turn()
                    trouble.over()
                except StoreError as error:
                    trouble.note(str(error))
                    anew = True
                    await self._sleep(1.0)
        finally:
            await self._close()

    async def _open(self) -> None:
        """Start, or start again after trouble with the store."""
        await self._deliveries.open()
        await self._courier.notice_engine()
        self._accept(await self._deliveries.pending(self._holder))

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        letting_go = asyncio.create_task(self._deliveries.release(self._holder))  # this task may be ending
        await asyncio.wait({letting_go}, timeout=2)
        letting_go.cancel()
        await asyncio.gather(letting_go, return_exceptions=True)  # else the leases end by themselves

    async def _turn(self) -> None:
        if self.halted or sum(len(lane.entries) for lane in self._lanes.values()) >= MOST_IN_HAND:
            await self._sleep(1.0)
            return
        if self._clock_ms() >= self._sweep_at_ms:
            self._sweep_at_ms = self._clock_ms() + SWEEP_MS
            recent = self._clock_ms() - self._calm_ms
            for post in [post for post, at_ms in self._shown.items() if at_ms < recent]:
                del self._shown[post]
            await self._courier.notice_engine()
            self._accept(await self._deliveries.claim(self._holder, idle_ms=IDLE_MS))
            if self._telling is None or self._telling.done():
                self._telling = self._spawn(self._notices.tell_owners())
        self._accept(await self._deliveries.read(self._holder, count=200, block_ms=self._block_ms))

    def _accept(self, entries: Sequence[Entry]) -> None:
        """Put entries into their lanes, once each, and see that somebody works there."""
        for entry in entries:
            lane = self._lanes.setdefault(entry.post.channel_id, Lane(shown=self._shown, calm_ms=self._calm_ms))
            lane.add(entry)
            if not lane.worked:
                self._start(entry.post.channel_id)

    def _start(self, channel_id: int) -> None:
        self._lanes[channel_id].worked = True
        task = self._spawn(self._work(channel_id))
        task.add_done_callback(lambda done: self._ended(channel_id, done))

    def _spawn(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _ended(self, channel_id: int, task: "asyncio.Task[None]") -> None:
        """Clear up after a lane's worker. A defect of ours in one card must not stop the other channels: the post is
        tried again later, and begin.lua sets it aside when that keeps happening.
        """
        lane = self._lanes[channel_id]
        lane.worked = False
        if task.cancelled():
            return
        if error := task.exception():
            _log.error("a post could not be made", channel=channel_id, exc_info=error)
            self.tally["defect"] += 1
            lane.failures += 1
            lane.put_back(not_before_ms=self._clock_ms() + int(_pause_s(lane.failures, channel_id) * 1000))
        if lane.empty:
            del self._lanes[channel_id]
        elif not self.halted:
            self._start(channel_id)

    async def _work(self, channel_id: int) -> None:
        """Look after a channel until nothing waits there."""
        lane = self._lanes[channel_id]
        while not self.halted and (wait_ms := lane.wait_ms(self._clock_ms())) is not None:
            if wait_ms > 0:
                await lane.nap(self._sleep(wait_ms / 1000))
            elif (job := lane.take(self._clock_ms())) is not None:
                await self._attempt(lane, job)

    async def _attempt(self, lane: Lane, job: Job) -> None:
        """Do one job, and let the class of an error decide what becomes of it."""
        channel = job.post.channel_id
        try:
            go_on_ms = await self._courier.bring(job.post, tuple(job.entries))
            if go_on_ms is None:
                self._shown[job.post] = self._clock_ms()
                lane.finish()
            else:
                lane.put_back(not_before_ms=go_on_ms)
            lane.failures = 0
            self._say_recovered(channel)
        except NotDelivered as error:
            await self._refused(lane, job, error)
        except Undeliverable as error:
            await self._undeliverable(lane, job, error)
        except SettingsError as error:
            lane.put_back()
            await self._halt(str(error))
        except StoreError as error:
            self._later(lane, channel, str(error))

    async def _refused(self, lane: Lane, job: Job, error: NotDelivered) -> None:
        """Wait and try again: the whole bot, the one message, or the channel."""
        self.tally["refused"] += 1
        channel = job.post.channel_id
        if isinstance(error, Throttled):
            self._cap.shut(error.retry_after_s or _pause_s(lane.failures + 1, channel))
        try:
            await self._deliveries.excuse(job.post)
        except StoreError as trouble:
            _log.debug("a try could not be excused", error=str(trouble))
        if error.retry_after_s is not None and not job.fresh and error.retry_after_s > LONGEST_PAUSE_S:
            lane.put_back(not_before_ms=self._clock_ms() + int(error.retry_after_s * 1000))
            return
        self._later(lane, channel, str(error), error.retry_after_s)

    def _later(self, lane: Lane, channel_id: int, why: str, wait_s: float | None = None) -> None:
        lane.failures += 1
        if channel_id not in self._failing:
            self._failing.add(channel_id)
            _log.warning("a channel cannot be written to now", channel=channel_id, error=why)
        wait_s = _pause_s(lane.failures, channel_id) if wait_s is None else wait_s
        lane.quiet_until_ms = self._clock_ms() + int(wait_s * 1000)
        lane.put_back()

    def _say_recovered(self, channel_id: int) -> None:
        if channel_id in self._failing:
            self._failing.discard(channel_id)
            _log.info("a channel can be written to again", channel=channel_id)

    async def _undeliverable(self, lane: Lane, job: Job, error: Undeliverable) -> None:
        """Shut the channel and have its owner told; a card that Discord will not have is set aside instead."""
        try:
            if error.code == INVALID_BODY:
                await self._deliveries.bury(job.post, job.entries, str(error), holder=self._holder)
                self.tally["dead"] += 1
                lane.finish()
                await self._notices.notice(f"A card for <#{job.post.channel_id}> was set aside: {error}.")
                return
            await self._subscriptions.pause(job.post.channel_id, str(error), now_ms=self._clock_ms())
            await self._deliveries.hold(job.post, job.entries, holder=self._holder, now_ms=self._clock_ms())
        except StoreError as trouble:
            self._later(lane, job.post.channel_id, str(trouble))
            return
        self.tally["held"] += 1
        lane.finish()
        self._sweep_at_ms = 0  # its owner is told at the next turn

    async def _halt(self, why: str) -> None:
        """Stop all sending: Discord refuses our token, and more requests would end in a ban."""
        if not self.halted:
            self.halted = why
            _log.error("all sending has stopped", error=why)
            await self._notices.notice(f"All sending has stopped: {why}")


def _pause_s(failures: int, channel_id: int) -> float:
    """Give the pause of a channel, spread by channel so that not all come back at once."""
    return backoff_s(failures, FIRST_PAUSE_S, LONGEST_PAUSE_S) * (1 + channel_id % 97 / 400)
