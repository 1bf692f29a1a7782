"""The trial before a queued proposal can run: when it is due, what it shows that the one before had not, what of it is
news. Pure.

Due an operator's hours before the time at which the proposal can run, and not before half of its wait is over: where a
timelock waits less than those hours, a second trial right after the first would show nothing. News is named after the
proposal and how often it was queued: it is said once, and keeps its name when the queueing is mined in another block.

Units: `_s` seconds since 1970.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from config.settings import Dao, VoteWatch
from watchers.alert import Alert, ProposalFacts, Reason, alert_id
from watchers.chain.block import Header
from watchers.governance.events import ProposalChange
from watchers.proposed import Effect, Simulated, Since

HOUR_S = 3_600
AGAIN = "again"  # the step of the trial
RETRIED = "retried"  # the change that its news tells


def watches_over(dao: Dao, watches: Iterable[object]) -> tuple[VoteWatch, ...]:
    """Give the watches that want a DAO's queued proposals tried again."""
    votes = (w for w in watches if isinstance(w, VoteWatch) and w.proposals and w.try_again_h)
    return tuple(w for w in votes if w.chain in ("*", dao.chain) and w.dao in ("*", dao.key))


def due_s(watches: Sequence[VoteWatch], queued_s: int, eta_s: int) -> int:
    """Give the time from which a proposal is to be tried again."""
    return max(eta_s - HOUR_S * max(w.try_again_h for w in watches), queued_s + max(0, eta_s - queued_s) // 2)


def last_trial(steps: Iterable[ProposalChange]) -> Simulated | None:
    """Give the newest trial of a proposal's steps that came to something, or else the newest that read its codes."""
    tried = [step.simulated for step in steps if step.simulated is not None]
    some = [one for one in tried if not one.why] or [one for one in tried if one.codes or one.codeless]
    return some[-1] if some else None


def compared(before: Simulated | None, now: Simulated) -> Simulated:
    """Add to a trial what it shows that the one before had not; of one that came to nothing, the codes that it read."""
    if before is None:
        return now
    if before.why or now.why or len(before.calls) != len(now.calls):
        changed = _changed(before, now)
        return msgspec.structs.replace(now, since=Since(before.step, changed=changed, whole=False)) if changed else now
    whole = not before.more and not now.more
    new, gone = (_left(now, before), _left(before, now)) if whole else ((), ())
    pairs = list(enumerate(zip(before.calls, now.calls, strict=True)))
    since = Since(
        before.step,
        fails=tuple(at for at, (was, call) in pairs if was.ok and not call.ok),
        heals=tuple(at for at, (was, call) in pairs if call.ok and not was.ok),
        new=new,
        gone=gone,
        changed=_changed(before, now),
        whole=whole,
    )
    return msgspec.structs.replace(now, since=since)


def _left(these: Simulated, those: Simulated) -> tuple[Effect, ...]:
    """Give the effects that the others lack; an effect may come several times."""
    return tuple((Counter(these.effects) - Counter(those.effects)).elements())


def _changed(before: Simulated, now: Simulated) -> tuple[str, ...]:
    """Give the targets whose code is another; "": there was or is none. What was not told is not compared."""
    was, current = ({**dict.fromkeys(one.codeless, ""), **dict(one.codes)} for one in (before, now))
    return tuple(target for target, code in current.items() if was.get(target, code) != code)


def revised(standing: Alert, seen: Simulated, header: Header) -> Alert:
    """Give the alert of a followed proposal with what the trial showed."""
    facts = _facts(standing)
    return msgspec.structs.replace(
        standing,
        facts=msgspec.structs.replace(facts, simulated=seen),
        block=header.height,
        block_hash=header.hash,
        block_time_s=header.time_s,
        revises=True,
    )


def news(
    standing: Alert, seen: Simulated, header: Header, watches: Sequence[VoteWatch], times_queued: int
) -> Alert | None:
    """Give the alert of a call that went well and would fail now, or of a target with other code; None: neither."""
    since, facts = seen.since, _facts(standing)
    if since is None or not (since.fails or since.changed):
        return None
    told = [(len(since.fails), "calls that went well and would fail now", "any")]
    told += [(len(since.changed), "targets whose code changed", "any")]
    return msgspec.structs.replace(
        standing,
        id=alert_id(standing.chain_id, facts.governor, f"{RETRIED}:{times_queued}", facts.proposal_id),
        severity="critical" if since.changed else "notable",
        block=header.height,
        block_hash=header.hash,
        block_time_s=header.time_s,
        reasons=tuple(Reason(w.name, what, str(many), asked) for w in watches for many, what, asked in told if many),
        facts=msgspec.structs.replace(facts, change=RETRIED, simulated=seen, followed=None, follows=standing.id),
        revises=False,
    )


def _facts(standing: Alert) -> ProposalFacts:
    if not isinstance(standing.facts, ProposalFacts):
        raise TypeError("only a proposal is tried again")
    return standing.facts
