"""When a proposal's actions are tried, and by whom: what must be asked for it, and what it came to.

Tried at creation and when it is queued on the state after that block, when it is executed on the state before it, and
whenever a member asks; once a time is known at which it can run, as of that time. Coins that the executor lacks are
lent to it.

Errors: none; `Simulated.why` says why something could not be tried. Units: `_wei`, `_s` seconds since 1970.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from config.settings import Dao
from watchers.chain.envelope import is_verdict
from watchers.event import Event
from watchers.facts import Answer, Ask, Call, RpcError, eth_call, words
from watchers.governance.actions import bounded, planned
from watchers.governance.desk import dao_of, watches_of
from watchers.governance.events import ProposalChange
from watchers.governance.getters import Coins
from watchers.governance.simulation import UNREADABLE, Trial
from watchers.proposed import Simulated
from watchers.wing import Situation

STEPS = ("created", "queued", "executed")
MAX_TIME_S = 1 << 40  # a governor may name any eta
TOO_LARGE = "its actions are too many or too large to keep"
NO_EXECUTOR = "who would make the calls is not known"
_NOBODY = "0x" + "00" * 20
_OTHERWISE = frozenset({"aave_v2"})  # its executors may borrow a target's code, and the log does not say which


class Executor(Ask[str], frozen=True):
    """Who makes a governor's calls, for one whose timelock daos.toml does not tell; "" for the governor itself."""

    governor: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getters of Compound's and OpenZeppelin's, Nouns Builder's and Aragon OSx's."""
        return tuple(eth_call(self.governor, getter, block=block) for getter in ("timelock()", "treasury()", "dao()"))

    def read(self, answers: Sequence[Answer]) -> str | None:
        """Take the first address; nobody but the governor is left when the contract knows none of the three."""
        for answer in answers:
            found = words(answer, "address")
            if found and found[0] != _NOBODY:
                return str(found[0]).lower()
        return "" if all(a == "0x" or (isinstance(a, RpcError) and is_verdict(a)) for a in answers) else None


class Rehearsal:
    """The actions of a proposal at a step, or `now`: what must be asked to try them, and what it came to. `eta_s`: when
    they can run, 0 where that is not known.
    """

    def __init__(self, step: str, eta_s: int, created: ProposalChange, dao: Dao, at: Situation) -> None:
        self._step, self._eta_s, self._created, self._dao, self._at = step, eta_s, bounded(created), dao, at
        self._open: list[Ask[Any]] = []
        self._trial: Trial | None = None
        self._lacks_wei = 0
        self.why = self._prepare()

    def _prepare(self) -> str:
        """Find who executes, and what it lacks; give why it cannot be tried at all."""
        if self._created.left_out:
            return TOO_LARGE
        if self._dao.protocol in _OTHERWISE:
            return NO_EXECUTOR
        executor, facts = Executor(self._dao.governor), self._at.facts
        sender: str | None = self._dao.timelock
        if sender is None:
            if not facts.has(executor):
                self._open.append(executor)
                return ""
            said = facts.get(executor)
            if said is None:
                return NO_EXECUTOR
            sender = said or self._dao.governor
        header, over = self._at.header, self._step == "executed"
        state = header.height - 1 if over else header.height
        calls = tuple(planned(self._created))
        sent_wei, balance_wei = sum(call.value_wei for call in calls), None
        if sent_wei:
            balance = Coins(sender, state)
            if not facts.has(balance):
                self._open.append(balance)
                return ""
            has_wei = facts.get(balance) or 0
            if sent_wei > has_wei:
                self._lacks_wei, balance_wei = sent_wei - has_wei, sent_wei
        later_s = self._eta_s if header.time_s < self._eta_s < MAX_TIME_S else 0
        time_s = header.time_s if over else later_s
        self._trial = Trial(self._step, sender, calls, state, time_s, balance_wei)
        self._open += [] if facts.has(self._trial) else [self._trial]
        return ""

    def asks(self) -> Sequence[Ask[Any]]:
        """Name what is open."""
        return self._open

    def told(self) -> Simulated | None:
        """Give what it came to; None when nobody asked."""
        state = self._at.header.height
        if self.why:
            return Simulated(self._step, state, why=self.why)
        if self._trial is None or not self._at.facts.has(self._trial):
            return None
        seen = self._at.facts.get(self._trial) or Simulated(self._step, state, why=UNREADABLE)
        before = dict(self._created.simulated.codes) if self._created.simulated is not None else {}
        changed = tuple(target for target, code in seen.codes if before.get(target, code) != code)
        return msgspec.structs.replace(seen, changed=changed, lacks_wei=0 if seen.why else self._lacks_wei)


def rehearsals(events: Iterable[Event], at: Situation) -> Iterator[tuple[ProposalChange, Rehearsal]]:
    """Give the steps whose actions are to be tried: of watched proposals whose creation told them."""
    changes = [e for e in events if isinstance(e, ProposalChange)]
    fresh = {(e.address, e.proposal_id): e for e in changes if e.change == "created"}
    for step in changes:
        created = creation(step, at) if step.change != "created" else step
        created = created or fresh.get((step.address, step.proposal_id))
        if step.change not in STEPS or created is None or not created.targets:
            continue
        dao = dao_of(step, at)
        if dao is not None and any(watch.proposals for watch in watches_of(dao, at)):
            yield step, Rehearsal(step.change, step.eta_s, created, dao, at)


def creation(step: ProposalChange, at: Situation) -> ProposalChange | None:
    """Find the creation of a step's proposal among what was known before the block."""
    found = at.created.get((step.address, step.proposal_id))
    return found if isinstance(found, ProposalChange) else None


def enrich(events: Sequence[Event], at: Situation) -> list[Event]:
    """Give the events with what the trials came to, and no more actions than are kept."""
    told = {step.id: rehearsal.told() for step, rehearsal in rehearsals(events, at)}
    done: list[Event] = []
    for one in events:
        if isinstance(one, ProposalChange):
            kept = bounded(one)
            seen = told.get(one.id)
            done.append(kept if seen is None else msgspec.structs.replace(kept, simulated=seen))
        else:
            done.append(one)
    return done
