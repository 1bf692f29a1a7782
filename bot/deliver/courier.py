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
from bot.deliver.port import UNKNOWN_MESSAGE, ChannelPort, Render
from bot.deliver.rate import Cap
from bot.deliver.record import Deliveries, PostKey, Step
from watchers.alert import ProposalFacts
from watchers.errors import NotDelivered, Undeliverable

TRY_S: Final = 15.0
SAFE_MS: Final = 60_000  # within it Discord surely knows a nonce again ("the past few minutes")
LONGEST_BUSY_MS: Final = 250
T = TypeVar("T")
_log = structlog.get_logger(__name__)

Observe = Callable[[str, PostKey, Step, Card], None]


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
                    adopted, wait_ms = await self._doubt.look(post, step)
                    self._tally["adopted"] += adopted
                    if wait_ms:
                        return now + wait_ms
                case "post" | "edit":
                    if await self._show(post, step, entries):
                        return None

    async def _show(self, post: PostKey, step: Step, entries: tuple[str, ...]) -> bool:
        """Post or edit; true when the message shows what is wanted."""
        card = await self._pointing(self._render(step.states, ping_role=step.ping_role), post, step)
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
            self._tally["deleted"] += 1
            await self._deliveries.gone(post, entries, holder=self._holder, shown=step.tried)
            return True
        did = "edited" if step.do == "edit" else "posted"
        self._tally[did] += 1
        if self._observe is not None:
            self._observe(did, post, step, card)
        complete = shown == step.want
        settled = entries if complete else ()
        await self._deliveries.done(post, settled, holder=self._holder, message_id=message, shown=shown)
        return complete

    async def _pointing(self, card: Card, post: PostKey, step: Step) -> Card:
        """Let a step's card point at the card that its proposal is followed on, where the channel has one."""
        facts = step.states[-1].alert.facts
        if not isinstance(facts, ProposalFacts) or not facts.follows or card.accent == "gone":
            return card
        message = await self._deliveries.message(post.channel_id, facts.follows)
        url = self._port.link(post.channel_id, message) if message else ""
        line = f"**All of it** [the proposal as it stands]({url})"
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
