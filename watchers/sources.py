"""Targets of one chain's proposals whose source nobody has verified, asked of Sourcify once for each proposal; its card
says which. No block waits for it.

Nothing is said before all of a proposal's targets are known: what Sourcify does not answer is unknown, and asked again.

Errors: none; see turns.py.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from config.settings import Chain, Settings
from watchers.alert import Alert, AlertState, ProposalFacts
from watchers.governance.actions import planned
from watchers.governance.simulation import MAX_TARGETS
from watchers.history import ChainStatus, History
from watchers.lives import Life, Lives
from watchers.sourcify import Sourcify
from watchers.store import ChainStore, CommittedBlock
from watchers.turns import Turns

AT_ONCE = 5  # proposals in one tick
ASK_AGAIN_S = 600
PATIENCE_S = 20.0  # for all targets of one proposal


class Sources:
    """One chain's."""

    def __init__(
        self,
        settings: Settings,
        chain: Chain,
        store: ChainStore,
        history: History,
        sourcify: Sourcify,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._chain, self._sourcify, self._clock = chain, sourcify, clock
        daos = {dao.governor: dao for dao in settings.daos.values() if dao.chain == chain.key}
        self._lives, self._turns = Lives(store, history, daos), Turns("sources_wait", chain, history)
        self._later: dict[str, float] = {}  # creations of which not all is known -> when to ask again

    async def tick(self, epoch: int) -> int:
        """Ask about what is new under a lease; give how many cards were revised."""
        return await self._turns.take(partial(self._tick, epoch))

    async def _tick(self, epoch: int, status: ChainStatus) -> int:
        looked_at, said = 0, 0
        async for life in self._lives.going_on(status.time_s):
            if looked_at == AT_ONCE:
                break
            if not life.created.targets or self._clock() < self._later.get(life.created.id, 0):
                continue
            state = await self._lives.standing(life)
            if state is None or not isinstance(facts := state.alert.facts, ProposalFacts):
                continue
            if facts.unverified is not None:
                continue
            looked_at += 1
            said += await self._say(epoch, life, state, facts, status)
        return said

    async def _say(self, epoch: int, life: Life, state: AlertState, facts: ProposalFacts, status: ChainStatus) -> int:
        unverified = await self._unverified(life)
        if unverified is None:
            self._later[life.created.id] = self._clock() + ASK_AGAIN_S
            return 0
        at = status.cursor
        alert: Alert = msgspec.structs.replace(
            state.alert,
            facts=msgspec.structs.replace(facts, unverified=unverified),
            block=at.number,
            block_hash=at.hash,
            block_time_s=status.time_s,
            revises=True,
        )
        block = CommittedBlock(at, status.time_s, alerts=(alert,), seen_at_ms=int(self._clock() * 1000))
        return int(await self._lives.revise(epoch, life, state, block))

    async def _unverified(self, life: Life) -> tuple[str, ...] | None:
        """Give the contracts called whose source is not verified; None while one is not known. Raises TimeoutError."""
        called = dict.fromkeys(call.target for call in planned(life.created) if len(call.data) > len("0x"))
        found = []
        async with asyncio.timeout(PATIENCE_S):  # reminders wait behind us; what was answered is remembered
            for target in list(called)[:MAX_TARGETS]:
                known = await self._sourcify.verified(self._chain.id, target)
                if known is None:
                    return None
                if not known:
                    found.append(target)
        return tuple(found)
