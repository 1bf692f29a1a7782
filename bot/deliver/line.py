"""The line: reads what changed on the chains, runs it through the stages, settles it.

A change of an alert that was routed before goes straight to the posts that hold it. A new one runs through the stages;
one that a reorg took back before it was routed is told to nobody, and is routed when it comes back.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog

from bot.deliver.parcel import Parcel, Stage, Verdict
from bot.deliver.port import Operator
from bot.deliver.record import Deliveries
from bot.trouble import Trouble
from watchers.alert import AlertState, short_id
from watchers.errors import StoreError, TribuneError
from watchers.store import Illegible

POISON: Final = 8  # deliveries of one change that ended badly before it is set aside
_log = structlog.get_logger(__name__)


class Change(Protocol):
    """An outbox entry of a chain: this alert changed."""

    @property
    def entry_id(self) -> str:
        """Its name in the outbox."""
        ...

    @property
    def state(self) -> AlertState:
        """The alert as it stands."""
        ...

    @property
    def times_delivered(self) -> int:
        """How often it was handed out."""
        ...


class Changes(Protocol):
    """The other side of a chain's commit; `ChainStore` is one."""

    async def changes(self, consumer: str, *, count: int, block_ms: int) -> Sequence[Change | Illegible]:
        """Wait for changes."""
        ...

    async def settle(self, entry_id: str) -> None:
        """Forget one."""
        ...


class Line:
    """All chains into one set of stages. `tally` counts verdicts by (stage, outcome), for metrics."""

    def __init__(
        self,
        chains: Sequence[Changes],
        deliveries: Deliveries,
        stages: Sequence[Stage],
        *,
        consumer: str,
        operator: Operator | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._chains, self._deliveries, self._stages = chains, deliveries, tuple(stages)
        self._consumer, self._operator, self._sleep = consumer, operator, sleep
        # by chain: taken, and not settled when the store failed
        self._in_hand: dict[int, Sequence[Change | Illegible]] = {}
        self._illegible_said = False
        self.tally: Counter[tuple[str, str]] = Counter()

    async def run(self) -> None:
        """Follow every chain for ever; trouble with the store is waited out, said once and its end too."""
        async with asyncio.TaskGroup() as group:
            for chain in self._chains:
                group.create_task(self._follow(chain))

    async def _follow(self, chain: Changes) -> None:
        trouble = Trouble("delivery cannot read the store", "delivery reads the store again")
        while True:
            try:
                await self.turn(chain)
                trouble.over()
            except StoreError as error:
                trouble.note(str(error))
                await self._sleep(1.0)

    async def turn(self, chain: Changes, *, count: int = 100, block_ms: int = 1000) -> int:
        """Take what is there, handle and settle it; gives how many. Raises StoreError."""
        changes = self._in_hand.pop(id(chain), ()) or await chain.changes(
            self._consumer, count=count, block_ms=block_ms
        )
        settled = 0
        for at, change in enumerate(changes):
            try:
                if await self._handled(change):
                    await chain.settle(change.entry_id)
                    settled += 1
            except StoreError:
                self._in_hand[id(chain)] = changes[at:]  # else they would come again only after their long idle time
                raise
        if changes and not settled:
            await self._sleep(1.0)
        return settled

    async def _handled(self, change: Change | Illegible) -> bool:
        """Handle one change. A defect of ours in one alert must not stop the others: it is tried again, then set aside
        for the operator.
        """
        if isinstance(change, Illegible):
            await self._left_unread(change)
            return True
        task = asyncio.create_task(self.handle(change.state))
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        error = task.exception()
        if error is None:
            return True
        if isinstance(error, StoreError):
            raise error
        alert = change.state.alert
        _log.error("an alert could not be routed", alert=alert.short_id, exc_info=error)
        if change.times_delivered <= POISON:
            return False
        why = f"routing it failed {change.times_delivered} times: {type(error).__name__}"
        await self._deliveries.bury_alert(alert.id, why)
        self._count(Verdict("line", "dead", why))
        await self._tell(f"Alert {alert.short_id} was set aside: {why}.")
        return True

    async def _left_unread(self, change: Illegible) -> None:
        """Set an alert aside that cannot be read. An upgrade may leave many: the first is told, all are counted."""
        why = f"it cannot be read: {change.why}"
        new = await self._deliveries.bury_alert(change.alert_id, why)
        self._count(Verdict("line", "dead", why))
        if new:
            _log.error("an alert was set aside", alert=short_id(change.alert_id), why=why)
        if new and not self._illegible_said:
            self._illegible_said = True
            told = f"Alert {short_id(change.alert_id)} was set aside: {why}."
            await self._tell(f"{told} Others like it are only counted, in `/status`.")

    async def _tell(self, notice: str) -> None:
        if self._operator is not None:
            try:
                await self._operator.notice(notice)
            except TribuneError as refused:
                _log.warning("the operator could not be told", error=str(refused))

    async def handle(self, state: AlertState) -> tuple[Verdict, ...]:
        """Bring one alert's state to where it belongs; gives what was said about it. Raises StoreError."""
        known = await self._deliveries.update(state)
        parcel = Parcel(state)
        if known.routed:
            verdict = Verdict("line", "updated", f"{known.posts} posts are brought up to date")
            parcel = parcel.said(verdict if known.posts else Verdict("line", "seen", "its posts know this already"))
            if state.alert.is_followed and state.live and not state.final:  # who subscribed since then joins now
                parcel = await self._staged(parcel)
        elif not state.live:
            parcel = parcel.said(Verdict("line", "untold", "taken back before it was told"))
        else:
            parcel = await self._staged(parcel)
        for verdict in parcel.verdicts:
            self._count(verdict)
            fields = {"stage": verdict.stage, "outcome": verdict.outcome, "channel": verdict.channel_id}
            _log.debug(verdict.reason, alert=state.alert.short_id, rev=state.rev, **fields)
        return parcel.verdicts

    async def _staged(self, parcel: Parcel) -> Parcel:
        for stage in self._stages:
            parcel = await stage.apply(parcel)
        return parcel

    def _count(self, verdict: Verdict) -> None:
        self.tally[verdict.stage, verdict.outcome] += 1
