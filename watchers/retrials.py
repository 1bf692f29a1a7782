"""Queued proposals of one chain, tried once more before they can run: their card says how it went, and what went well
before and would fail now is news of its own.

It keeps nothing that matters: what is due follows from history and the chain's time; that it is done, from what is
followed. One tick costs the chain nothing while nothing is due.

Errors: none; see turns.py.
Units: `_s` seconds since 1970.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import structlog

from config.settings import Settings, VoteWatch
from watchers.alert import AlertState, ProposalFacts
from watchers.chain.block import Cursor
from watchers.chain.rpc import Rpc
from watchers.errors import DecodeError
from watchers.governance.again import AGAIN, compared, due_s, last_trial, news, revised, watches_over
from watchers.governance.events import ProposalChange
from watchers.governance.rehearsal import MAX_TIME_S, Rehearsal
from watchers.history import ChainStatus, History
from watchers.lives import Life, Lives
from watchers.proposed import NO_METHOD
from watchers.store import ChainStore, CommittedBlock
from watchers.turns import Turns
from watchers.vantage import Vantage, View

log = structlog.get_logger(__name__)

AT_ONCE = 5  # tried in one tick; each takes a request of its own
ASK_AGAIN_S = 600  # how long one that came to nothing is left alone


class Queued(NamedTuple):
    """A proposal that waits to run, since when it is to be tried again, and what follows it."""

    life: Life
    watches: tuple[VoteWatch, ...]
    due_s: int
    standing: AlertState


class Retrials:
    """One chain's."""

    def __init__(
        self, settings: Settings, store: ChainStore, history: History, rpc: Rpc, *, clock: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._rpc, self._clock, self._chain = rpc, clock, rpc.chain
        self._vantage = Vantage(settings, history)
        daos = [dao for dao in settings.daos.values() if dao.chain == self._chain.key]
        watched = {dao.governor: dao for dao in daos if watches_over(dao, settings.watches)}
        self._lives, self._turns = Lives(store, history, watched), Turns("retrials_wait", self._chain, history)
        self._later: dict[str, float] = {}  # queueings whose trial came to nothing -> when to ask again

    async def tick(self, epoch: int) -> int:
        """Try what is due under a lease; give how many proposals' cards were revised."""
        return await self._turns.take(partial(self._tick, epoch))

    async def _tick(self, epoch: int, status: ChainStatus) -> int:
        tried = 0
        for one in await self._waiting(status):
            try:
                async with self._vantage.over(self._rpc) as view:
                    tried += await self._try(epoch, one, view) if view is not None else 0
            except TimeoutError:  # the others get their turn
                self._leave(one)
                raise
            except (DecodeError, ArithmeticError, ValueError) as error:  # what a hostile contract told
                self._leave(one)
                log.warning("retrial_failed", chain=self._chain.key, dao=one.life.dao.key, error=str(error))
        return tried

    def _leave(self, one: Queued) -> None:
        """Leave a proposal alone for a while."""
        self._later[one.life.newest.id] = self._clock() + ASK_AGAIN_S

    async def _try(self, epoch: int, one: Queued, view: View) -> int:
        life, header = one.life, view.at.header

        def trial() -> Rehearsal:
            return Rehearsal(AGAIN, life.newest.eta_s, life.created, life.dao, view.at)

        await view.learn(lambda: trial().asks())
        last = trial()
        seen = last.told()
        if seen is None or last.why or (seen.why and seen.why != NO_METHOD and header.time_s < life.newest.eta_s):
            self._leave(one)
            return 0
        seen = compared(last_trial(life.steps), seen)
        queued = sum(step.change == "queued" for step in life.steps)
        told = news(one.standing.alert, seen, header, one.watches, queued)
        block = CommittedBlock(
            Cursor(header.height, header.hash),
            header.time_s,
            alerts=(revised(one.standing.alert, seen, header), *((told,) if told else ())),
            late_s=max(0, header.time_s - one.due_s),
            seen_at_ms=int(self._clock() * 1000),
        )
        return int(await self._lives.revise(epoch, life, one.standing, block))

    # --- what is due --------------------------------------------------------------------------------------------------

    async def _waiting(self, status: ChainStatus) -> list[Queued]:
        found: list[Queued] = []
        async for life in self._lives.going_on(status.time_s):
            one = await self._queued(life, status)
            if one is not None:
                found.append(one)
            if len(found) == AT_ONCE:
                break
        return found

    async def _queued(self, life: Life, status: ChainStatus) -> Queued | None:
        """Give a proposal that is to be tried now; one that has been since it was queued is not."""
        newest = life.newest
        if newest.change != "queued" or not life.created.targets or not 0 < newest.eta_s < MAX_TIME_S:
            return None
        watches = watches_over(life.dao, self._settings.watches)
        from_s = due_s(watches, life.newest_s, newest.eta_s)
        if status.time_s < from_s or self._clock() < self._later.get(newest.id, 0):
            return None
        state = await self._lives.standing(life)
        return None if state is None or _is_tried(state, newest) else Queued(life, watches, from_s, state)


def _is_tried(state: AlertState, queued: ProposalChange) -> bool:
    """Tell whether a followed proposal says already how the trial after its queueing went."""
    facts = state.alert.facts
    seen = facts.simulated if isinstance(facts, ProposalFacts) else None
    return seen is not None and seen.step == AGAIN and seen.block >= queued.block
