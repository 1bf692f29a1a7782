"""Reminders of a hub's votes: due by the hub's own times, read off what the last reading listed, said once.

Voting power is counted by each space's own strategies, so there is no book of delegates: who has not voted is unknown.

Errors: StoreError; Fenced once another process has the hub.
Units: `_s` seconds since 1970.
"""

from collections.abc import Iterable, Sequence

from config.settings import Chain, Dao, Settings
from watchers.chain.block import Cursor, Header
from watchers.facts import Facts
from watchers.governance.desk import Desk
from watchers.governance.events import ProposalChange, holding
from watchers.governance.following import ENDS
from watchers.governance.remind import HOUR_S, due, reminder, reminder_id, watches_over
from watchers.history import History
from watchers.snapshot.family import FAMILY, fill
from watchers.snapshot.reading import HubProposal
from watchers.store import ChainStore, CommittedBlock
from watchers.wing import Ballot, Situation


class Reminding:
    """One hub's."""

    def __init__(self, settings: Settings, chain: Chain, store: ChainStore, history: History) -> None:
        self._settings, self._chain, self._store, self._history = settings, chain, store, history

    async def say(
        self, epoch: int, listed: Iterable[tuple[HubProposal, Dao]], at: Cursor, *, now_s: int, seen_at_ms: int
    ) -> int:
        """Say what is due under a lease, of the proposals that are listed; give how many reminders were said."""
        came_s = await self._store.first() or 0  # a block is a second: what was due before is history
        header = Header(hex(at.number), at.hash, "", hex(now_s), "0x")
        said = 0
        for one, dao in listed:
            hours = {hour for watch in watches_over(dao, self._settings.watches) for hour in watch.hours}
            due_h = due(hours, one.end, now_s=now_s, after_s=max(came_s, one.created, one.start))
            if due_h is not None:
                said += await self._say(epoch, one, dao, due_h, header, seen_at_ms)
        return said

    async def _say(self, epoch: int, one: HubProposal, dao: Dao, hours: int, header: Header, seen_at_ms: int) -> bool:
        key = (dao.governor, one.number)
        life = [step.event for step in await self._history.proposal(self._chain.id, *key)]
        steps = [step for step in life if isinstance(step, ProposalChange)]
        created = next((step for step in steps if step.change == "created"), None)
        if created is None or ENDS & holding([step.change for step in steps]):
            return False
        name = reminder_id(created, hours, 0)
        if await self._store.standing([name.encode()]):
            return False
        facts = Facts()
        fill(facts, dao, one)
        cast = await self._history.ballots(self._chain.id, *key)
        ballots: dict[tuple[str, int], Sequence[Ballot]] = {key: cast} if cast is not None else {}
        desk = Desk(dao, FAMILY, one.number, (), Situation(self._settings, self._chain, header, facts, ballots, {}))
        watches = watches_over(dao, self._settings.watches)
        block = CommittedBlock(
            Cursor(header.height, header.hash),
            header.time_s,
            alerts=(reminder(desk, created, hours, name, watches, None, at_snapshot=False),),
            late_s=max(0, header.time_s - (one.end - hours * HOUR_S)),
            seen_at_ms=seen_at_ms,
        )
        told = (created.id, f"proposal:p:{dao.governor}:{one.number}", steps[-1].id)
        return await self._store.remind(epoch, told, block) == "ok"
