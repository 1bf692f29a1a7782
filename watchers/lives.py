"""The proposals of one chain that something may still come of, with their steps and what follows them: what jobs of a
clock go through.

Units: `_s` seconds since 1970. Errors: StoreError when the store fails.
"""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from config.settings import Dao
from watchers.alert import AlertState
from watchers.errors import UserError
from watchers.governance.events import ProposalChange
from watchers.governance.following import name
from watchers.governance.rehearsal import MAX_TIME_S
from watchers.history import History
from watchers.store import ChainStore, CommittedBlock

NEWEST = 300  # creations looked at
OVER_S = 86_400  # this long after it was settled, or could run, or its vote ended, it is not looked at any more
SETTLED = frozenset({"executed", "canceled", "defeated", "vetoed"})


class Life(NamedTuple):
    """A proposal: its DAO, its creation and when that was, its steps, oldest first, and when the newest was taken."""

    dao: Dao
    created: ProposalChange
    created_s: int
    steps: tuple[ProposalChange, ...]
    newest_s: int

    @property
    def newest(self) -> ProposalChange:
        """Its newest step."""
        return self.steps[-1]

    @property
    def place(self) -> tuple[str, str, str]:
        """Say what must not have changed when something is said of it, see `ChainStore.remind`."""
        return self.created.id, f"proposal:p:{self.dao.governor}:{self.created.proposal_id}", self.newest.id


class Lives:
    """One chain's, of some DAOs by governor."""

    def __init__(self, store: ChainStore, history: History, daos: Mapping[str, Dao]) -> None:
        self._store, self._history, self._chain_id, self._daos = store, history, store.chain_id, daos
        self._over: set[str] = set()  # creations that nothing more can come of

    async def going_on(self, now_s: int) -> AsyncIterator[Life]:
        """Give those that nothing has ended for long, the newest first."""
        if not self._daos:
            return
        for stored in await self._history.proposals(chain_id=self._chain_id, limit=NEWEST):
            created = stored.event
            dao = self._daos.get(created.address)
            if dao is None or not isinstance(created, ProposalChange) or created.id in self._over:
                continue
            life = await self._history.proposal(self._chain_id, dao.governor, created.proposal_id)
            steps = tuple(step.event for step in life if isinstance(step.event, ProposalChange))
            if created.id not in {step.id for step in steps}:
                continue
            newest, newest_s = steps[-1], life[-1].time_s
            settles = newest.change in SETTLED or newest.change == "queued"
            if settles and now_s > max(newest_s, min(newest.eta_s, MAX_TIME_S)) + OVER_S:
                self._over.add(created.id)
                continue
            yield Life(dao, created, stored.time_s, steps, newest_s)

    def leave(self, life: Life) -> None:
        """Look at a proposal no more."""
        self._over.add(life.created.id)

    async def standing(self, life: Life) -> AlertState | None:
        """Find what follows a proposal; None: nothing does that can be read."""
        for known in (life.created, None):
            try:
                key = (life.dao.governor, life.created.proposal_id)
                state = await self._store.alert(name(self._chain_id, key, known))
            except UserError:
                continue
            if state is not None and state.live and state.alert.is_followed:
                return state
        return None

    async def revise(self, epoch: int, life: Life, standing: AlertState, block: CommittedBlock) -> bool:
        """Let the block's first alert take the place of what follows a proposal, and say the others; False: it has
        moved on meanwhile. Raises Fenced, ReorgError.
        """
        return await self._store.remind(epoch, life.place, block, revises=standing.rev) == "ok"
