"""A proposal as it stands: the alert that its card is kept to, from its first telling to its last step. Pure.

It begins with the creation, under the creation's own name, or else with the first thing told of the proposal. From then
on each block that touches the proposal revises it, votes below every floor as well, and so does the first block after
its deadline: most governors say nothing when voting ends.
"""

from collections.abc import Sequence
from heapq import nlargest

import msgspec

from config.settings import Dao
from watchers.alert import Alert, Followed, LargeVote, ProposalFacts, Reason, StepTaken, alert_id
from watchers.chain.block import Header
from watchers.event import Event
from watchers.governance.clock import now_clock
from watchers.governance.desk import Desk, Key
from watchers.governance.events import ProposalChange, holding
from watchers.governance.rehearsal import STEPS as TELLING
from watchers.governance.tally import Book

LARGEST = 5
MOST_STEPS = 12  # of a contract that takes one step again and again, the first and the newest are kept
ENDS = frozenset({"queued", "executed", "canceled", "closed", "defeated", "vetoed", "passed", "counted"})


def name(chain_id: int, key: Key, created: Event | None) -> str:
    """Name the alert that follows a proposal: as its creation's, or by itself where that is not known."""
    if created is None:
        return alert_id(chain_id, key[0], f"followed:{key[1]}", 0)
    return alert_id(created.chain_id, created.tx, created.kind, created.position)


def name_of(desk: Desk) -> str:
    """Name the alert that follows the proposal of a desk; the one that does already, if there is one."""
    earlier = desk.at.followed.get(desk.key)
    created = desk.created or desk.at.created.get(desk.key)
    return earlier.id if earlier is not None else name(desk.at.chain.id, desk.key, created)


def stands(desk: Desk, about: Sequence[Event]) -> Followed:
    """Tell how a proposal stands, once its events of this block are in its book."""
    known = [(step, time_s) for step, time_s in desk.at.steps.get(desk.key, ()) if isinstance(step, ProposalChange)]
    known += [(event, desk.at.header.time_s) for event in about if isinstance(event, ProposalChange)]
    steps = [StepTaken(step.change, step.tx, time_s) for step, time_s in dict(known).items()]
    over = bool(ENDS & holding([step.change for step in steps])) or is_past(desk.dao, desk.end_clock, desk.at.header)
    return Followed((*steps[:1], *steps[1:][1 - MOST_STEPS :]), _largest(desk.book), over)


def is_past(dao: Dao, end_clock: int | None, header: Header) -> bool:
    """Tell whether a deadline has passed; it belongs to the voting itself."""
    now = now_clock(dao, header)
    return bool(end_clock) and now is not None and now > (end_clock or 0)


def _largest(book: Book) -> tuple[LargeVote, ...]:
    """Give the largest votes that the book knows by voter, the largest first."""
    cast = ((voter, parts) for voter, parts in book.by_voter if parts.cast_raw)
    return tuple(LargeVote(voter, *parts) for voter, parts in nlargest(LARGEST, cast, key=lambda one: one[1].cast_raw))


def revised(desk: Desk, about: Sequence[Event], title: str, ends_at_s: int | None) -> Alert:
    """Give the alert of a proposal as it stands now."""
    at, dao = desk.at, desk.dao
    earlier, found = at.followed.get(desk.key), at.created.get(desk.key)
    was = earlier.facts if earlier is not None and isinstance(earlier.facts, ProposalFacts) else None
    created = found if isinstance(found, ProposalChange) else None
    change = "created" if created is not None else "followed"
    steps = [event for event in about if isinstance(event, ProposalChange)]
    tried = next((one.simulated for one in reversed(steps) if one.simulated and one.change in TELLING), None)
    eta_s = next((one.eta_s for one in reversed(steps) if one.eta_s), None)
    facts = ProposalFacts(
        dao=dao.key,
        governor=dao.governor,
        proposal_id=desk.proposal_id,
        title=title,
        change=change,
        proposer=created.proposer if created else "",
        tally=desk.book.tally(desk.rule) if desk.book.whole else None,
        token_symbol=dao.symbol,
        token_decimals=dao.decimals,
        ends_at_s=ends_at_s,
        ends_at_clock=desk.end_clock,
        actions=was.actions if was else 0,
        eta_s=eta_s or (was.eta_s if was else None),
        does=was.does if was else (),
        simulated=tried or (was.simulated if was else None),
        followed=stands(desk, about),
        text_chars=was.text_chars if was else None,
        repeated=was.repeated if was else (),
        carried=at.carried.get(desk.key) or (was.carried if was else None),
        result=next((one.result for one in reversed(steps) if one.result), was.result if was else ""),
        unverified=was.unverified if was else None,
    )
    named = (dao.governor, *((created.proposer, *created.targets) if created else ()))
    return Alert(
        id=name_of(desk),
        kind="proposal",
        chain_id=at.chain.id,
        protocol=about[0].protocol,
        subject=f"proposal:{at.chain.id}:{dao.governor}:{desk.proposal_id}",
        severity="info",
        block=at.header.height,
        block_hash=at.header.hash,
        block_time_s=at.header.time_s,
        tx=created.tx if created else earlier.tx if earlier else about[-1].tx,
        reasons=tuple(Reason(w.name, "proposal", change, "any step") for w in desk.watches if w.proposals),
        facts=facts,
        dao=dao.key,
        addresses=tuple(dict.fromkeys(one for one in named if one)),
        tokens=(dao.token,) if dao.token else (),
        revises=True,
    )


def ended(alert: Alert, header: Header) -> Alert:
    """Give the alert of a proposal whose deadline has passed without a word of its contract."""
    facts = alert.facts
    if not isinstance(facts, ProposalFacts) or facts.followed is None:
        raise TypeError("only what is followed ends")
    over = msgspec.structs.replace(facts, followed=msgspec.structs.replace(facts.followed, ended=True))
    return msgspec.structs.replace(
        alert,
        facts=over,
        block=header.height,
        block_hash=header.hash,
        block_time_s=header.time_s,
        revises=True,
    )
