"""`Lane`: what waits for one channel, in memory. New messages go first, in order; edits follow."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass, field

from bot.deliver.record import Entry, PostKey


@dataclass(slots=True)
class Job:
    """One post to look after, and the outbox entries that asked for it."""

    post: PostKey
    entries: list[str]
    fresh: bool
    not_before_ms: int = 0
    calm: bool = False


@dataclass(slots=True)
class Lane:
    """The jobs of a channel. Several entries on one post are one job; one job is in hand at a time. A calm edit waits
    until `calm_ms` after the post was `shown` last; the message then shows the newest state, whatever came between.
    """

    posts: OrderedDict[PostKey, Job] = field(default_factory=OrderedDict)
    edits: OrderedDict[PostKey, Job] = field(default_factory=OrderedDict)
    entries: set[str] = field(default_factory=set)
    current: Job | None = None
    quiet_until_ms: int = 0
    failures: int = 0
    shown: dict[PostKey, int] = field(default_factory=dict)
    calm_ms: int = 0
    worked: bool = False  # somebody looks after it, or has just stopped and is not cleared up after yet
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, entry: Entry) -> None:
        """Take an entry in, once, into the job that waits for its post if there is one."""
        if entry.id in self.entries:
            return
        self.entries.add(entry.id)
        self._queue(Job(entry.post, [entry.id], entry.fresh, calm=entry.calm))
        self.woken.set()

    def _queue(self, job: Job) -> None:
        waiting = self.posts.get(job.post) or self.edits.get(job.post)
        if waiting is None:
            (self.posts if job.fresh else self.edits)[job.post] = job
            return
        waiting.entries += job.entries
        waiting.calm = waiting.calm and job.calm
        waiting.not_before_ms = max(waiting.not_before_ms, job.not_before_ms)
        if job.fresh and not waiting.fresh:  # its edit must not cost a new message its place
            waiting.fresh = True
            self.posts[job.post] = self.edits.pop(job.post)

    def wait_ms(self, now_ms: int) -> int | None:
        """Say how long until something is due; None when nothing waits."""
        heads = [self._due_ms(job) for job in self.edits.values()]
        if self.posts:
            heads.append(next(iter(self.posts.values())).not_before_ms)
        return max(0, self.quiet_until_ms - now_ms, min(heads) - now_ms) if heads else None

    def _due_ms(self, job: Job) -> int:
        calm_ms = self.shown.get(job.post, 0) + self.calm_ms if job.calm else 0
        return max(job.not_before_ms, calm_ms)

    async def nap(self, pause: Awaitable[None]) -> None:
        """Wait for a pause to end, or for a new entry."""
        self.woken.clear()
        waits = [asyncio.ensure_future(pause), asyncio.ensure_future(self.woken.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def take(self, now_ms: int) -> Job | None:
        """Take the next job in hand."""
        first = next(iter(self.posts.values()), None)
        if first is None or first.not_before_ms > now_ms:
            first = next((job for job in self.edits.values() if self._due_ms(job) <= now_ms), None)
        if first is not None:
            (self.posts if first.post in self.posts else self.edits).pop(first.post)
        self.current = first
        return first

    def put_back(self, *, not_before_ms: int = 0) -> None:
        """Give the job in hand back: a new message to the front, since order counts; an edit to the end."""
        job, self.current = self.current, None
        if job is None:
            return
        job.not_before_ms = not_before_ms
        self._queue(job)
        if job.post in self.posts:
            self.posts.move_to_end(job.post, last=False)

    def finish(self) -> None:
        """Forget the job in hand, which is settled."""
        if self.current is not None:
            self.entries.difference_update(self.current.entries)
        self.current = None

    @property
    def empty(self) -> bool:
        """Tell whether nothing waits and nothing is in hand."""
        return not (self.posts or self.edits or self.current)
