"""The sender: brings each channel to what it should show, whatever happened before.

Level-triggered: an outbox entry says only that a post changed. The store decides the next step (begin.lua) and writes
it down before it is tried; the message carries a deterministic nonce; a try whose outcome is unknown and older than the
safe window is looked for in the channel before it is repeated, by the alerts' short ids.

Holds effectively once under: a crash between any two steps, a lost reply, a reset, 5xx, 429, an outage of any length, a
store that lost its last second. Two processes never speak in one channel at a time.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final, TypeVar

import structlog

from bot.cards.card import Card
from bot.deliver.doubt import Doubt
from bot.deliver.lane import Job, Lane
from bot.deliver.port import INVALID_BODY, UNKNOWN_MESSAGE, ChannelPort, Operator, Owner, Render, Throttled
from bot.deliver.rate import PER_S, Cap
from bot.deliver.record import Deliveries, Entry, PostKey, Step
from bot.store import Shut, Subscriptions
from config.errors import SettingsError
from watchers.errors import NotDelivered, StoreError, TribuneError, Undeliverable

TRY_S: Final = 15.0
SAFE_MS: Final = 60_000  # within it Discord surely knows a nonce again ("the past few minutes")
IDLE_MS: Final = 60_000  # an entry that a holder has had for longer is taken over
SWEEP_MS: Final = 15_000
MOST_IN_HAND: Final = 20_000
LONGEST_PAUSE_S: Final = 60.0
T = TypeVar("T")
_log = structlog.get_logger(__name__)


def nonce_of(post: PostKey) -> str:
    """Name the one message of a post: 25 characters, the most that Discord takes. It is the same on every try."""
    return hashlib.sha256(f"{post.channel_id}|{post.post_id}".encode()).hexdigest()[:25]


class Sender:
    """The loop at the end of the line. `halted` holds the reason once Discord refuses our token; `tally` counts what
    was done, for metrics. `observe` hears of every card that Discord took: ("posted" | "edited", post, step, card).
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
        observe: Callable[[str, PostKey, Step, Card], None] | None = None,
    ) -> None:
        self._deliveries, self._subscriptions, self._port, self._render = deliveries, subscriptions, port, render
        self._holder, self._owner, self._operator = holder, owner, operator
        self._clock_ms, self._sleep, self._try_s, self._safe_ms = clock_ms, sleep, try_s, safe_ms
        self._block_ms, self._observe = block_ms, observe
        self._cap = Cap(clock_ms=clock_ms, sleep=sleep, per_s=per_s)
        self._lanes: dict[int, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._doubt = Doubt(deliveries, self._recent, clock_ms=clock_ms, safe_ms=safe_ms)
        self._sweep_at_ms = 0
        self._telling: asyncio.Task[None] | None = None
        self._failing: set[int] = set()
        self.halted = ""
        self.tally: Counter[str] = Counter()

    async def run(self) -> None:
        """Deliver for ever. What was in hand when it ends is taken up by the next run, here or elsewhere."""
        anew, trouble = True, False
        try:
            while True:
                try:
                    if anew:
                        await self._open()
                        anew = False
                    await self._turn()
                    if trouble:
                        _log.info("the outbox is read again")
                    trouble = False
                except StoreError as error:
                    if not trouble:
                        _log.warning("the outbox cannot be read", error=str(error))
                    anew = trouble = True
                    await self._sleep(1.0)
        finally:
            await self._close()

    async def _open(self) -> None:
        """Start, or start again after trouble with the store."""
        await self._deliveries.open()
        await self._doubt.notice_engine()
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
            await self._doubt.notice_engine()
            self._accept(await self._deliveries.claim(self._holder, idle_ms=IDLE_MS))
            if self._telling is None or self._telling.done():
                self._telling = self._spawn(self._tell_owners())
        self._accept(await self._deliveries.read(self._holder, count=200, block_ms=self._block_ms))

    def _accept(self, entries: Sequence[Entry]) -> None:
        """Put entries into their lanes, once each, and see that somebody works there."""
        for entry in entries:
            lane = self._lanes.setdefault(entry.post.channel_id, Lane())
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
            lane.put_back(not_before_ms=self._clock_ms() + int(self._pause_s(lane.failures, channel_id) * 1000))
        if lane.empty:
            del self._lanes[channel_id]
        elif not self.halted:
            self._start(channel_id)

    async def _work(self, channel_id: int) -> None:
        """Look after a channel until nothing waits there."""
        lane = self._lanes[channel_id]
        while not self.halted and (wait_ms := lane.wait_ms(self._clock_ms())) is not None:
            if wait_ms > 0:
                await self._nap(lane, wait_ms / 1000)
            elif (job := lane.take(self._clock_ms())) is not None:
                await self._attempt(lane, job)

    async def _nap(self, lane: Lane, seconds: float) -> None:
        """Sleep, or wake for a new entry."""
        lane.woken.clear()
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(lane.woken.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _attempt(self, lane: Lane, job: Job) -> None:
        """Do one job, and let the class of an error decide what becomes of it."""
        channel = job.post.channel_id
        try:
            if await self._deliver(lane, job):
                lane.finish()
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
            self._cap.shut(error.retry_after_s or self._pause_s(lane.failures + 1, channel))
        try:
            await self._deliveries.excuse(job.post)
        except StoreError as trouble:
            _log.debug("a try could not be excused", error=str(trouble))
        if error.retry_after_s is not None and not job.fresh and error.retry_after_s > LONGEST_PAUSE_S:
            lane.put_back(not_before_ms=self._clock_ms() + int(error.retry_after_s * 1000))
            return
        self._later(lane, channel, str(error), error.retry_after_s)

    def _later(self, lane: Lane, channel_id: int, why: str, pause_s: float | None = None) -> None:
        lane.failures += 1
        if channel_id not in self._failing:
            self._failing.add(channel_id)
            _log.warning("a channel cannot be written to now", channel=channel_id, error=why)
        pause = pause_s if pause_s is not None else self._pause_s(lane.failures, channel_id)
        lane.quiet_until_ms = self._clock_ms() + int(pause * 1000)
        lane.put_back()

    def _say_recovered(self, channel_id: int) -> None:
        if channel_id in self._failing:
            self._failing.discard(channel_id)
            _log.info("a channel can be written to again", channel=channel_id)

    @staticmethod
    def _pause_s(failures: int, channel_id: int) -> float:
        """Give 0.5, 1, 2 ... 60 s, spread by channel so that not all come back at once."""
        return float(min(0.5 * 2 ** min(failures - 1, 10), LONGEST_PAUSE_S)) * (1 + channel_id % 97 / 400)

    async def _undeliverable(self, lane: Lane, job: Job, error: Undeliverable) -> None:
        """Shut the channel and have its owner told; a card that Discord will not have is set aside instead."""
        try:
            if error.code == INVALID_BODY:
                await self._deliveries.bury(job.post, job.entries, str(error))
                self.tally["dead"] += 1
                lane.finish()
                await self._notice(f"A card for <#{job.post.channel_id}> was set aside: {error}.")
                return
            await self._subscriptions.pause(job.post.channel_id, str(error), now_ms=self._clock_ms())
            await self._deliveries.hold(job.post, job.entries, now_ms=self._clock_ms())
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
            await self._notice(f"All sending has stopped: {why}")

    async def _notice(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._try_s):
                await self._operator.notice(text)
        except (TribuneError, TimeoutError) as error:
            _log.warning("the operator could not be told", text=text, error=str(error))

    async def _tell_owners(self) -> None:
        """Tell each owner of a shut channel once; who cannot be told now is asked again at the next sweep."""
        try:
            for shut in await self._subscriptions.untold():
                if await self._told(shut):
                    await self._subscriptions.told(shut.channel_id)
                    _log.info("a channel was shut", channel=shut.channel_id, reason=shut.reason)
        except StoreError as error:
            _log.debug("owners are told later", error=str(error))

    async def _told(self, shut: Shut) -> bool:
        try:
            async with asyncio.timeout(self._try_s):
                await self._owner.tell(shut.guild_id, shut.channel_id, shut.reason)
        except (NotDelivered, TimeoutError):
            return False
        except Undeliverable as error:
            _log.warning("an owner cannot be told", channel=shut.channel_id, error=str(error))
        return True

    async def _deliver(self, lane: Lane, job: Job) -> bool:
        """Take the steps that the store names until the post is settled; false when it was put back for later."""
        post = job.post
        while True:
            await self._cap.enter()  # before the try is written down, which then follows at once
            now = self._clock_ms()
            entries = tuple(job.entries)
            step = await self._deliveries.begin(
                post, entries, holder=self._holder, now_ms=now, safe_ms=self._safe_ms, doubt=self._doubt.about(post)
            )
            if step.do in ("busy", "settled", "held", "dead"):
                self._cap.refund()
            if step.do == "busy":
                lane.put_back(not_before_ms=now + min(step.wait_ms, 250))
                return False
            if step.do in ("settled", "held", "dead"):
                self.tally[step.do] += 1
                if step.do == "dead":
                    await self._notice(f"A card for <#{post.channel_id}> was set aside: {step.why}.")
                return True
            if step.do == "look":
                adopted, wait_ms = await self._doubt.look(post, step)
                self.tally["adopted"] += adopted
                if wait_ms:
                    lane.put_back(not_before_ms=now + wait_ms)
                    return False
            elif await self._show(post, step, entries):
                return True

    async def _show(self, post: PostKey, step: Step, entries: tuple[str, ...]) -> bool:
        """Post or edit; true when the message shows what is wanted."""
        card = self._render(step.states, now_s=self._clock_ms() // 1000, ping_role=step.ping_role)
        channel, message = post.channel_id, step.message_id
        try:
            if step.do == "edit":
                await self._call(lambda: self._port.edit(channel, message, card))
                shown = step.want
            else:
                message = await self._call(lambda: self._port.post(channel, card, nonce_of(post)))
                # an earlier try may have made the message: then it shows what that try showed
                shown = step.want if step.tried == step.want else step.tried
        except Undeliverable as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            self.tally["deleted"] += 1
            await self._deliveries.gone(post, entries, shown=step.tried)
            return True
        self.tally["edited" if step.do == "edit" else "posted"] += 1
        if self._observe is not None:
            self._observe("edited" if step.do == "edit" else "posted", post, step, card)
        complete = shown == step.want
        await self._deliveries.done(post, entries if complete else (), message_id=message, shown=shown)
        return complete

    async def _recent(self, channel_id: int, after_ms: int, limit: int) -> list[tuple[int, str]]:
        return await self._call(lambda: self._port.recent(channel_id, after_ms, limit))

    async def _call(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make one request of Discord within the time-out."""
        try:
            async with asyncio.timeout(self._try_s):
                return await request()
        except TimeoutError:
            raise NotDelivered(f"no answer from Discord within {self._try_s:g} s") from None
