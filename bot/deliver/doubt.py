"""When it is not known whether a message is there: read the channel before posting again.

Two causes: a try whose outcome is unknown and older than Discord surely remembers a nonce, and a store that was started
anew and may have lost its last writes. Our messages are known by the short ids of their alerts in the small print.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from bot.deliver.record import Deliveries, PostKey, Step
from watchers.alert import short_id

LOOK: Final = 100  # messages read at once, the most one request gives
DOUBT_MS: Final = 15 * 60_000  # after the engine was started anew
_log = structlog.get_logger(__name__)

Recent = Callable[[int, int, int], Awaitable[list[tuple[int, str]]]]


class Doubt:
    """What must be looked for, and the looking."""

    def __init__(
        self, deliveries: Deliveries, recent: Recent, *, holder: str, clock_ms: Callable[[], int], safe_ms: int
    ) -> None:
        self._deliveries, self._recent, self._holder = deliveries, recent, holder
        self._clock_ms, self._safe_ms = clock_ms, safe_ms
        self._until_ms = 0
        self._checked: set[PostKey] = set()
        self._scans: dict[int, list[tuple[int, str]]] = {}

    async def notice_engine(self) -> None:
        """Begin to doubt when the engine was started anew; end it, and forget what was read. Raises StoreError."""
        changed = await self._deliveries.engine_changed()
        if changed:
            _log.info("the store was started anew; posts are looked for before they are sent", minutes=15)
            self._until_ms = self._clock_ms() + DOUBT_MS
        if changed or self._clock_ms() >= self._until_ms:
            self._checked.clear()
            self._scans.clear()

    def about(self, post: PostKey) -> bool:
        """Tell whether the store may have forgotten that this post was made."""
        return self._clock_ms() < self._until_ms and post not in self._checked

    async def look(self, post: PostKey, step: Step) -> tuple[bool, int]:
        """Look for the post in its channel. Gives (adopted, 0) when it is there; else allows a new try, or gives how
        many ms to wait before another look.
        """
        marks = [short_id(alert_id) for alert_id in step.alert_ids]
        messages = await self._messages(step.thread_id or post.channel_id, step.try_ms)
        found = next((i for i, text in messages if any(mark in text for mark in marks)), None)
        self._checked.add(post)
        if found is not None:
            await self._deliveries.done(
                post, (), holder=self._holder, message_id=found, shown=0, thread_id=step.thread_id
            )
            return True, 0
        return False, await self._deliveries.fresh(post, now_ms=self._clock_ms(), safe_ms=self._safe_ms)

    async def _messages(self, channel: int, try_ms: int) -> list[tuple[int, str]]:
        """Give our messages from around the first try; the newest, read once a channel, when there was no try."""
        if try_ms:
            around = await self._recent(channel, try_ms - self._safe_ms, LOOK)  # the two clocks may differ
            return around + (await self._recent(channel, 0, LOOK) if len(around) >= LOOK else [])
        if channel not in self._scans:
            self._scans[channel] = await self._recent(channel, 0, LOOK)
        return self._scans[channel]
