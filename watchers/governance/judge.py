"""Which votes and proposal steps are worth saying, with what was measured. Pure.

A vote fires a watch when its weight reaches `min_tokens` (a floor for everything) and

* its share of the quorum reaches `min_share_of_quorum`; the share of the supply stands in while the quorum is unknown;
* or the parts that one voter cast in several calls reach it together with this call;
* or, with `consequences`, it crosses the quorum, flips the provisional outcome, or decides it (the outcome would differ
  without all that this voter cast).

A vote of zero weight never fires, nor one that repeats what its voter had said, where a later vote replaces. One that
only corrects what was told edits what was said of it and says nothing new.
Severity of a vote counts up from info, one level each, at most critical:

    10 % of the quorum or more                        +1
    a consequence (as above)                          +1
    a flip or crossing in the last tenth of voting    +1

Severity of a step: created, queued and closed info; all others notable.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from config.settings import Dao, VoteWatch
from watchers.alert import SEVERITIES, Alert, Amount, ProposalFacts, Reason, Severity, Tally, VoteFacts, alert_id
from watchers.event import Event
from watchers.governance.actions import actions, repeated, text_chars
from watchers.governance.asks import Counts
from watchers.governance.clock import end_s, is_late, now_clock
from watchers.governance.desk import Desk, Key, desks
from watchers.governance.events import ProposalChange, Vote, title_of
from watchers.governance.family import Family
from watchers.governance.following import name_of, revised, stands
from watchers.governance.influence import influence
from watchers.governance.rehearsal import STEPS, creation
from watchers.governance.tally import Flip, crosses, flip, to_flip_back
from watchers.governance.weigh import share
from watchers.wing import Situation

LARGE = Decimal("0.10")
DOES = 10  # actions that an alert carries; history has them all
REAL_TURNOUT = 4  # a quarter of the quorum cast before: from then on a share of the votes cast says something
_NOTABLE = ("extended", "executed", "canceled", "defeated", "vetoed", "passed", "counted", "restored")
_STEPS: dict[str, Severity] = dict.fromkeys(_NOTABLE, "notable")


class Measures(NamedTuple):
    """What one vote weighs and does."""

    before: Tally
    after: Tally
    share_of_quorum: Decimal | None
    share_of_cast: Decimal | None
    share_of_supply: Decimal | None
    voter_share: Decimal | None  # of what `share` is of: all that this voter has cast on the proposal
    crosses: bool
    flips: Flip | None
    pivotal: bool
    late: bool
    repeats: bool  # it says again what this voter had said, where a later vote replaces

    @property
    def share(self) -> Decimal | None:
        """The share that thresholds are held against."""
        return self.share_of_quorum if self.share_of_quorum is not None else self.share_of_supply

    @property
    def has_consequence(self) -> bool:
        """It changed something."""
        return self.crosses or self.flips is not None or self.pivotal


def judge(events: Sequence[Event], at: Situation, families: Mapping[str, Family]) -> list[Alert]:
    """Give the alerts of a block, each vote judged on the tally that the one before it left."""
    return [alert for alert in judged(events, at, families) if not alert.revises]


def judged(events: Sequence[Event], at: Situation, families: Mapping[str, Family]) -> list[Alert]:
    """Give the alerts of a block, and before them how the proposals stand that are followed or told of now."""
    open_desks = desks(events, at, families)
    alerts = _told(events, open_desks)
    told = {alert.subject for alert in alerts}
    standing = []
    for key, desk in open_desks.items():
        if not any(watch.proposals for watch in desk.watches):
            continue
        if desk.is_new:
            alerts = [_at_once(alert, desk) for alert in alerts]
            continue
        if key in at.followed or _subject(desk) in told:
            standing.append(revised(desk, desk.about, _title(desk), _ends_s(desk)))
    return [*standing, *alerts]


def _told(events: Sequence[Event], open_desks: Mapping[Key, Desk]) -> list[Alert]:
    alerts = []
    for event in events:
        if not isinstance(event, Vote | ProposalChange):
            continue
        desk = open_desks.get((event.address, event.proposal_id))
        if desk is None:
            continue
        alert = _vote(event, desk) if isinstance(event, Vote) else _change(event, desk)
        if alert is not None:
            alerts.append(alert)
    return alerts


def _at_once(alert: Alert, desk: Desk) -> Alert:
    """Give the creation's alert with what else its block brought; any other alert as it is."""
    facts = alert.facts
    if alert.id != name_of(desk) or not isinstance(facts, ProposalFacts):
        return alert
    tally = desk.book.tally(desk.rule) if desk.book.whole else None
    grown = msgspec.structs.replace(facts, tally=tally, followed=stands(desk, desk.about))
    return msgspec.structs.replace(alert, facts=grown)


def measure(vote: Vote, desk: Desk) -> Measures:
    """Weigh a vote and enter it in its proposal's book."""
    book, rule = desk.book, desk.rule
    before = book.tally(rule)
    cast_before = book.counts.cast_raw
    had, parts = book.of(vote.voter), Counts(vote.for_raw, vote.against_raw, vote.abstain_raw)
    book.add(vote.voter, parts, replaces=vote.replaces, taken=vote.taken)
    if vote.support == "unknown" and vote.weight_raw:
        book.sure = False
    after = book.tally(rule)
    quorum_raw = rule.quorum(book.counts)
    real = book.whole and quorum_raw is not None and cast_before * REAL_TURNOUT >= quorum_raw
    changed = crosses(before, after), flip(before, after)
    supply_raw = desk.supply_raw
    return Measures(
        before=before,
        after=after,
        share_of_quorum=share(vote.weight_raw, quorum_raw),
        share_of_cast=share(vote.weight_raw, book.counts.cast_raw) if real and book.sure else None,
        share_of_supply=share(vote.weight_raw, supply_raw),
        voter_share=share(book.of(vote.voter).cast_raw, quorum_raw or supply_raw),
        crosses=changed[0],
        flips=changed[1],
        pivotal=book.pivotal(vote.voter, rule),
        late=any(changed) and is_late(_cast_clock(vote, desk), desk.times),
        repeats=vote.replaces and had == parts,
    )


def _cast_clock(vote: Vote, desk: Desk) -> int | None:
    """Give when a vote was cast on the governor's clock: a hub dates it, and may show or correct it much later."""
    return vote.block if desk.at.chain.hub else now_clock(desk.dao, desk.at.header)


def reasons(vote: Vote, seen: Measures, watch: VoteWatch, desk: Desk) -> list[Reason]:
    """Give the reasons why a watch fires; none: it does not."""
    if not vote.weight_raw or seen.repeats or Decimal(vote.weight_raw) < watch.min_tokens.scaleb(desk.dao.decimals):
        return []
    given = _share_reasons(vote, seen, watch, desk)
    if not watch.consequences:
        return given
    if seen.crosses:
        was, now = (share(t.toward_quorum_raw, t.quorum_raw) for t in (seen.before, seen.after))
        given.append(Reason(watch.name, "votes toward the quorum", f"{percent(was)} → {percent(now)}", "100 %"))
    if seen.flips:
        value = "failing → passing" if seen.flips == "passing" else "passing → failing"
        given.append(Reason(watch.name, "provisional outcome", value, "any change"))
    elif seen.pivotal:
        without = "failing" if seen.after.passes else "passing"
        given.append(Reason(watch.name, "outcome without this voter", without, "differs"))
    return given


def _share_reasons(vote: Vote, seen: Measures, watch: VoteWatch, desk: Desk) -> list[Reason]:
    least = watch.min_share_of_quorum
    threshold = f"at least {percent(least)}"
    of = "the quorum" if seen.share_of_quorum is not None else "the supply (quorum unknown)"
    if seen.share is not None and seen.share >= least:
        return [Reason(watch.name, f"share of {of}", percent(seen.share), threshold)]
    if seen.share is None:
        return [_floor_reason(vote, watch, desk.dao)] if watch.min_tokens or not least else []
    whole = seen.voter_share or Decimal(0)
    if whole >= least > whole - seen.share:
        return [Reason(watch.name, f"share of {of}, all parts of this voter", percent(whole), threshold)]
    return []


def _floor_reason(vote: Vote, watch: VoteWatch, dao: Dao) -> Reason:
    tokens = f"{Decimal(vote.weight_raw).scaleb(-dao.decimals):,.0f} {dao.symbol}"
    return Reason(watch.name, "weight (quorum unknown)", tokens, f"at least {watch.min_tokens:,f} {dao.symbol}")


def percent(value: Decimal | None) -> str:
    """Write a share, `14.64 %`."""
    return "unknown" if value is None else f"{value * 100:.2f} %"


def severity(seen: Measures) -> Severity:
    """Apply the table of the module's docstring."""
    size = seen.share or Decimal(0)
    level = int(size >= LARGE) + int(seen.has_consequence) + int(seen.late)
    return SEVERITIES[min(level, len(SEVERITIES) - 1)]


def _vote(vote: Vote, desk: Desk) -> Alert | None:
    seen = measure(vote, desk)
    fired = [reason for watch in desk.watches for reason in reasons(vote, seen, watch, desk)]
    amended = vote.id in desk.at.amends
    if amended:
        was = desk.at.amends[vote.id]
        fired = (fired or list(was)) if was else []
    if not fired:
        return None
    dao = desk.dao
    facts = VoteFacts(
        dao=dao.key,
        governor=dao.governor,
        proposal_id=vote.proposal_id,
        title=_title(desk),
        voter=vote.voter,
        support=vote.support,
        weight=Amount(dao.token, dao.symbol, dao.decimals, vote.weight_raw),
        for_raw=vote.for_raw,
        against_raw=vote.against_raw,
        abstain_raw=vote.abstain_raw,
        reason_text=vote.reason,
        before=seen.before,
        after=seen.after,
        share_of_quorum=seen.share_of_quorum,
        share_of_cast=seen.share_of_cast,
        share_of_supply=seen.share_of_supply,
        crosses_quorum=seen.crosses,
        flips=seen.flips,
        pivotal=seen.pivotal,
        ends_at_s=_ends_s(desk),
        ends_at_clock=desk.end_clock,
        to_flip_back_raw=to_flip_back(seen.after, desk.rule) if seen.flips else None,
        influence=influence(vote, desk, late=seen.late, real_turnout=seen.share_of_cast is not None),
        choice=vote.choice,
    )
    alert = _alert(vote, desk, severity(seen), fired, facts, (dao.governor, vote.voter))
    return msgspec.structs.replace(alert, amended=True) if amended else alert


def _change(change: ProposalChange, desk: Desk) -> Alert | None:
    watches = [w for w in desk.watches if w.proposals]
    if not watches:
        return None
    dao = desk.dao
    created = _acting(change, desk)
    facts = ProposalFacts(
        dao=dao.key,
        governor=dao.governor,
        proposal_id=change.proposal_id,
        title=_title(desk),
        change=change.change,
        proposer=change.proposer,
        tally=desk.book.tally(desk.rule) if desk.book.whole else None,
        token_symbol=dao.symbol,
        token_decimals=dao.decimals,
        ends_at_s=_ends_s(desk),
        ends_at_clock=desk.end_clock,
        actions=len(created.targets) + created.left_out if created is not None else 0,
        eta_s=change.eta_s or None,
        does=actions(created)[:DOES],
        simulated=change.simulated,
        carried=desk.at.carried.get(desk.key) if change.change == "executed" else None,
        followed=stands(desk, (change,)) if change.change == "created" else None,
        follows=name_of(desk) if change.change != "created" else "",
        text_chars=text_chars(created),
        repeated=repeated(created),
        result=change.result,
    )
    fired = [Reason(w.name, "proposal", change.change, "any step") for w in watches]
    named = (dao.governor, *((change.proposer,) if change.proposer else ()), *change.targets)
    return _alert(change, desk, _STEPS.get(change.change, "info"), fired, facts, tuple(dict.fromkeys(named)))


def _acting(change: ProposalChange, desk: Desk) -> ProposalChange | None:
    """Give the creation that tells what is done, at the steps at which it matters."""
    if change.change not in STEPS:
        return None
    return change if change.change == "created" else creation(change, desk.at)


def _title(desk: Desk) -> str:
    return title_of(desk.description or desk.at.titles.get(desk.key, ""))


def _subject(desk: Desk) -> str:
    return f"proposal:{desk.at.chain.id}:{desk.dao.governor}:{desk.proposal_id}"


def _ends_s(desk: Desk) -> int | None:
    if desk.end_clock is None:
        return None
    return end_s(desk.dao, desk.at.chain, desk.at.header, desk.end_clock)


def _alert(
    event: Vote | ProposalChange,
    desk: Desk,
    how_severe: Severity,
    fired: Sequence[Reason],
    facts: VoteFacts | ProposalFacts,
    addresses: tuple[str, ...],
) -> Alert:
    header = desk.at.header
    return Alert(
        id=alert_id(event.chain_id, event.tx, event.kind, event.position),
        kind="vote" if isinstance(event, Vote) else "proposal",
        chain_id=event.chain_id,
        protocol=event.protocol,
        subject=_subject(desk),
        severity=how_severe,
        block=event.block,
        block_hash=header.hash,
        block_time_s=header.time_s,
        tx=event.tx,
        reasons=tuple(fired),
        facts=facts,
        dao=desk.dao.key,
        addresses=addresses,
        tokens=(desk.dao.token,) if desk.dao.token else (),
    )
