"""The courier: brings one post to what its channel should show, whatever became of earlier tries.

The store decides the next step (begin.lua) and writes it down before it is tried; the message carries a deterministic
nonce; a try whose outcome is unknown and older than the safe window is looked for in the channel before it is
repeated, by the alerts' short ids.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import structlog

from bot.cards.card import Card
from bot.deliver.doubt import Doubt
from bot.deliver.notices import Notices
from bot.deliver.port import INVALID_BODY, THREAD_LOCKED, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, ChannelPort, Render
from bot.deliver.rate import Cap
from bot.deliver.record import Deliveries, Lost, PostKey, Step
from watchers.alert import ProposalFacts
from watchers.errors import NotDelivered, Undeliverable

TRY_S: Final = 15.0
SAFE_MS: Final = 60_000  # within it Discord surely knows a nonce again ("the past few minutes")
LONGEST_BUSY_MS: Final = 250
_LOST: Final[dict[int | None, Lost]] = {UNKNOWN_CHANNEL: "deleted", THREAD_LOCKED: "locked"}
T = TypeVar("T")
_log = structlog.get_logger(__name__)

Observe = Callable[[str, PostKey, Step, Card], None]


_FELL: Final = {
    "deleted": "The proposal's thread was deleted, so what comes of it is said here again.",
    "locked": "The proposal's thread is locked, so what comes of it is said here again.",
}


def nonce_of(post: PostKey) -> str:
    """Name the one message of a post: 25 characters, the most that Discord takes. It is the same on every try."""
    return hashlib.sha256(f"{post.channel_id}|{post.post_id}".encode()).hexdigest()[:25]


class Courier:
    """Takes the steps of a post. `tally` counts what was done; `observe` hears of every card that Discord took:
    ("posted" | "edited", post, step, card).
    """

    def __init__(
        self,
        deliveries: Deliveries,
        port: ChannelPort,
        render: Render,
        *,
        holder: str,
        notices: Notices,
        cap: Cap,
        tally: Counter[str],
        clock_ms: Callable[[], int],
        try_s: float = TRY_S,
        safe_ms: int = SAFE_MS,
        observe: Observe | None = None,
    ) -> None:
        self._deliveries, self._port, self._render = deliveries, port, render
        self._holder, self._notices, self._cap, self._tally = holder, notices, cap, tally
        self._clock_ms, self._try_s, self._safe_ms, self._observe = clock_ms, try_s, safe_ms, observe
        self._unreadable_said = False
        self._doubt = Doubt(deliveries, self._recent, holder=holder, clock_ms=clock_ms, safe_ms=safe_ms)

    async def notice_engine(self) -> None:
        """Look for posts before they are made when the store was started anew. Raises StoreError."""
        await self._doubt.notice_engine()

    async def bring(self, post: PostKey, entries: tuple[str, ...]) -> int | None:
        """Take the steps that the store names until the post is settled; gives None then, or when to go on (ms)."""
        while True:
            await self._cap.enter()  # before the try is written down, which then follows at once
            now = self._clock_ms()
            doubt = self._doubt.about(post)
            step = await self._deliveries.begin(
                post, entries, holder=self._holder, now_ms=now, safe_ms=self._safe_ms, doubt=doubt
            )
            match step.do:
                case "busy":
                    self._cap.refund()
                    return now + min(step.wait_ms, LONGEST_BUSY_MS)
                case "settled" | "held":
                    self._cap.refund()
                    self._tally[step.do] += 1
                    return None
                case "dead" | "unreadable":
                    self._cap.refund()
                    await self._set_aside(post, step, entries)
                    return None
                case "look":
                    if wait_ms := await self._look(post, step):
                        return now + wait_ms
                case "thread":
                    if await self._start_thread(post, step, entries):
                        return None
                case "post" | "edit":
                    if await self._show(post, step, entries):
                        return None

    async def _show(self, post: PostKey, step: Step, entries: tuple[str, ...]) -> bool:
        """Post or edit; true when the message shows what is wanted."""
        card = await self._pointing(self._render(step.states, ping_role=step.ping_role), post, step)
        channel, message = step.thread_id or post.channel_id, step.message_id
        try:
            if step.do == "edit":
                await self._call(lambda: self._port.edit(channel, message, card))
                shown = step.want
            else:
                message = await self._call(lambda: self._port.post(channel, card, nonce_of(post)))
                # an earlier try may have made the message: then it shows what that try showed
                shown = step.want if step.tried == step.want else step.tried
        except Undeliverable as error:
            lost = await self._lost(post, step, error)
            if lost and step.do == "post":
                return False  # again, in the channel
            if not lost and error.code != UNKNOWN_MESSAGE:
                raise
            return await self._gone(post, step, entries)
        did = "edited" if step.do == "edit" else "posted"
        self._tally[did] += 1
        if self._observe is not None:
            self._observe(did, post, step, card)
        complete = shown == step.want
        settled = entries if complete else ()
        ended = await self._deliveries.done(
            post, settled, holder=self._holder, message_id=message, shown=shown, thread_id=step.thread_id
        )
        return complete and ended

    async def _gone(self, post: PostKey, step: Step, entries: tuple[str, ...]) -> bool:
        """Give up a message that a person deleted."""
        self._tally["deleted"] += 1
        await self._deliveries.gone(post, entries, holder=self._holder, shown=step.tried)
        return True

    async def _start_thread(self, post: PostKey, step: Step, entries: tuple[str, ...]) -> bool:
        """Start the thread of a followed proposal on its card; true when nothing is left to do. Where Discord will have
        none, cards stay in the channel, and the operator is told.
        """
        channel, name = post.channel_id, self._render(step.states, ping_role=None).thread
        try:
            await self._call(lambda: self._port.start_thread(channel, step.message_id, name))
        except Undeliverable as error:
            if error.code == UNKNOWN_MESSAGE:
                return await self._gone(post, step, entries)
            if error.code != INVALID_BODY:
                raise
            await self._notices.notice(
                f"No thread was started in <#{channel}>: {error}. Its cards stay in the channel."
            )
            return await self._deliveries.threaded(post, entries, "refused", holder=self._holder)
        self._tally["threads"] += 1
        return await self._deliveries.threaded(post, entries, "open", holder=self._holder)

    async def _lost(self, post: PostKey, step: Step, error: Undeliverable) -> bool:
        """Tell whether an error means that the card's thread is gone or locked, and write that down."""
        why = _LOST.get(error.code) if step.thread_id else None
        if why is None:
            return False
        if await self._deliveries.lost(post, step.thread_id, why):
            _log.info("a thread takes no more cards; they go to its channel", channel=post.channel_id, why=why)
        return True

    async def _look(self, post: PostKey, step: Step) -> int:
        """Look for a post where it may have been made; gives how many ms to wait before another look."""
        try:
            adopted, wait_ms = await self._doubt.look(post, step)
        except Undeliverable as error:
            if not await self._lost(post, step, error):
                raise
            return 0
        self._tally["adopted"] += adopted
        return wait_ms

    async def _pointing(self, card: Card, post: PostKey, step: Step) -> Card:
        """Let a step's card point at the card that its proposal is followed on, where the channel has one; the first
        card that its thread does not take says why.
        """
        if step.fell:
            card = msgspec.structs.replace(card, facts=(*card.facts, _FELL[step.fell]))
        facts = step.states[-1].alert.facts
        if not isinstance(facts, ProposalFacts) or not facts.follows or card.accent == "gone":
            return card
        message = await self._deliveries.message(post.channel_id, facts.follows)
        url = self._port.link(post.channel_id, message) if message else ""
        line = f"How it stands: [the live card]({url})"
        return msgspec.structs.replace(card, facts=(*card.facts, line)) if url else card

    async def _set_aside(self, post: PostKey, step: Step, entries: tuple[str, ...]) -> None:
        """Count and tell a post that can never be shown; an upgrade may leave many unreadable ones, told once."""
        self._tally["dead"] += 1
        told = f"A card for <#{post.channel_id}> was set aside: {step.why}."
        if step.do == "dead":  # begin.lua has put it there
            await self._notices.notice(told)
            return
        if await self._deliveries.bury(post, entries, step.why, holder=self._holder):
            _log.error("a card was set aside", channel=post.channel_id, post=post.post_id, why=step.why)
            if not self._unreadable_said:
                self._unreadable_said = True
                await self._notices.notice(f"{told} Others like it are only counted, in `/status`.")

    async def _recent(self, channel_id: int, after_ms: int, limit: int) -> list[tuple[int, str]]:
        return await self._call(lambda: self._port.recent(channel_id, after_ms, limit))

    async def _call(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make one request of Discord within the time-out."""
        try:
            async with asyncio.timeout(self._try_s):
                return await request()
        except TimeoutError:
            raise NotDelivered(f"no answer from Discord within {self._try_s:g} s") from None
