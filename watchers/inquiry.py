"""A proposal as it stands, for a member who asks: its tally, quorum and deadline, read from the governor when needed.

Two requests, three at the most: the header of our cursor, then the governor's facts at the block before it.
Units: `_raw` base units of the voting token, `_s` seconds since 1970.
Errors: none; a chain that cannot be asked gives None.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from config.settings import Dao, Settings
from watchers.alert import Tally
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance.clock import end_s, now_clock
from watchers.governance.desk import Desk
from watchers.governance.events import ProposalChange
from watchers.governance.family import Family
from watchers.governance.rehearsal import Rehearsal
from watchers.governance.rules import Rule
from watchers.governance.wing import GovernanceWing
from watchers.history import History, StoredEvent
from watchers.lives import SETTLED
from watchers.proposed import Simulated
from watchers.vantage import Vantage, View
from watchers.wing import Ballot, Situation


class Standing(NamedTuple):
    """`tally` None: neither the votes nor the contract's sums are known. `by_contract`: they are the contract's sums,
    because the votes on record are not all. `begins_s`, `ends_s` are estimates unless the governor counts seconds;
    `begun`, `ended` None when the governor's clock cannot be told. `simulated`: what the actions do now; None once the
    proposal is settled, or where they are not known. `rule` is what the tally was held against.
    """

    tally: Tally | None
    by_contract: bool
    begun: bool | None
    ended: bool | None
    begins_s: int | None
    ends_s: int | None
    block: int
    simulated: Simulated | None = None
    rule: Rule | None = None


class Inquiry:
    """Asks the governors. `rpcs` by chain id: those that this process may ask."""

    def __init__(self, settings: Settings, wing: GovernanceWing, history: History, rpcs: Mapping[int, Rpc]) -> None:
        self._settings, self._families, self._rpcs = settings, wing.families, rpcs
        self._vantage = Vantage(settings, history)

    async def standing(
        self, dao: Dao, proposal_id: int, steps: Sequence[StoredEvent], ballots: Sequence[Ballot] | None
    ) -> Standing | None:
        """Give a proposal's standing; None when the chain cannot be asked now."""
        rpc = self._rpcs.get(self._settings.chains[dao.chain].id)
        family = self._families.get(dao.protocol)
        if rpc is None or family is None:
            return None
        try:
            async with self._vantage.over(rpc) as view:
                if view is None:
                    return None
                return await _standing(view, dao, family, proposal_id, [s.event for s in steps], ballots)
        except (ChainError, TimeoutError):
            return None


async def _standing(
    view: View,
    dao: Dao,
    family: Family,
    proposal_id: int,
    steps: Sequence[Event],
    ballots: Sequence[Ballot] | None,
) -> Standing:
    known = {} if ballots is None else {(dao.governor, proposal_id): ballots}
    at = view.at._replace(ballots=known)
    # a desk that sees the creation takes the proposal for new and asks nothing
    later = [e for e in steps if isinstance(e, ProposalChange) and e.change == "extended"]

    def asks() -> list[Ask[Any]]:
        trial = _trial(dao, steps, at)
        return [*Desk(dao, family, proposal_id, later, at).asks(), *(trial.asks() if trial is not None else ())]

    await view.learn(asks)
    desk, trial = Desk(dao, family, proposal_id, later, at), _trial(dao, steps, at)
    now, times, end = now_clock(dao, at.header), desk.times, desk.end_clock
    return Standing(
        tally=desk.book.tally(desk.rule) if desk.book.whole else None,
        by_contract=ballots is None,
        # a vote counts from the clock after the snapshot on, and up to the deadline's own
        begun=None if now is None or times is None else now > times.snapshot,
        ended=None if now is None or end is None else now > end,
        begins_s=None if times is None else end_s(dao, at.chain, at.header, times.snapshot),
        ends_s=None if end is None else end_s(dao, at.chain, at.header, end),
        block=at.header.height,
        simulated=trial.told() if trial is not None else None,
        rule=desk.rule,
    )


def _trial(dao: Dao, steps: Sequence[Event], at: Situation) -> Rehearsal | None:
    """Let a proposal that is not settled be tried as things are now, and as of its eta where it waits for that."""
    changes = [step for step in steps if isinstance(step, ProposalChange)]
    created = next((step for step in changes if step.change == "created" and step.targets), None)
    if created is None or any(step.change in SETTLED for step in changes):
        return None
    return Rehearsal("now", max(step.eta_s for step in changes), created, dao, at)
