"""A reminder before voting ends: when it is due, who has not voted yet, and what they could change together. Pure.

A reminder is named after the proposal, its hours and how often its end was moved: it is said once, and once more for a
later end. One whose time passed while nobody ran is said late, the last of several only; none is said whose time lies
before the vote began or before we came.

Units: `_s` seconds since 1970, `_raw` base units of the voting token.
Source: OpenZeppelin `IVotes.getPastVotes`, Compound `Comp.getPriorVotes`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from config.settings import Dao, ReminderWatch
from watchers.alert import Absent, Alert, Reason, ReminderFacts, Severity, Swing, alert_id
from watchers.facts import Answer, Ask, Call, eth_call, words
from watchers.governance.asks import Counts
from watchers.governance.clock import end_s
from watchers.governance.desk import Desk
from watchers.governance.events import ProposalChange, title_of
from watchers.governance.gained import PAST_VOTES
from watchers.governance.rules import Rule

HOUR_S = 3_600


class PastVotes(Ask[int], frozen=True):
    """What a delegate may vote with on a proposal; None for a token that keeps no past votes."""

    token: str
    delegate: str
    snapshot: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask both kinds of token."""
        given = (self.delegate, self.snapshot)
        return tuple(eth_call(self.token, getter, given, block=block) for getter in PAST_VOTES)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Take the first that answers."""
        found = (words(answer, "uint256") for answer in answers)
        return next((int(one[0]) for one in found if one), None)


def watches_over(dao: Dao, watches: Iterable[object]) -> tuple[ReminderWatch, ...]:
    """Give the watches that want reminders of a DAO's votes."""
    return tuple(
        w for w in watches if isinstance(w, ReminderWatch) and w.chain in ("*", dao.chain) and w.dao in ("*", dao.key)
    )


def due(hours: Iterable[int], ends_s: int, *, now_s: int, after_s: int) -> int | None:
    """Give the hours of the reminder that is to be said now; None: none. Its time must come after `after_s`."""
    passed = [h for h in hours if ends_s - h * HOUR_S <= now_s]
    if not passed or now_s >= ends_s:
        return None
    last = min(passed)
    return last if ends_s - last * HOUR_S > after_s else None


def reminder_id(created: ProposalChange, hours: int, extensions: int) -> str:
    """Name a reminder for good; it stays when the creation is mined again in another transaction."""
    return alert_id(created.chain_id, created.address, f"reminder:{hours}:{extensions}", created.proposal_id)


def absent(powers: Mapping[str, int], voted: Collection[str], most: int) -> tuple[Absent, ...]:
    """Give the largest who have not voted, the largest first."""
    left = ((who, raw) for who, raw in powers.items() if raw > 0 and who not in voted)
    return tuple(Absent(who, raw) for who, raw in sorted(left, key=lambda one: (-one[1], one[0]))[:most])


def swing(counts: Counts, rule: Rule, away: Sequence[Absent]) -> Swing | None:
    """Give the fewest of the largest absent who could together reach the quorum, or else turn the outcome; None: not
    all of them could, or it cannot be told.
    """
    passes = rule.passes(counts)
    if rule.reached(counts) is False:
        return _fewest(away, "quorum", lambda raw: rule.reached(counts.plus(Counts(for_raw=raw))) is True)
    if passes is True:
        return _fewest(away, "fail", lambda raw: rule.passes(counts.plus(Counts(against_raw=raw))) is False)
    if passes is False:
        return _fewest(away, "pass", lambda raw: rule.passes(counts.plus(Counts(for_raw=raw))) is True)
    return None


def _fewest(away: Sequence[Absent], effect: str, enough: Callable[[int], bool]) -> Swing | None:
    raw = 0
    for many, one in enumerate(away, 1):
        raw += one.raw
        if enough(raw):
            return Swing(many, raw, effect)
    return None


def reminder(
    desk: Desk,
    created: ProposalChange,
    hours: int,
    name: str,
    watches: Sequence[ReminderWatch],
    away: tuple[Absent, ...] | None,
    *,
    at_snapshot: bool,
) -> Alert:
    """Write the alert of a vote that is open; `away` None: who has not voted is not known."""
    dao, at, book = desk.dao, desk.at, desk.book
    known = book.whole and book.sure
    could = swing(book.counts, desk.rule, away) if away and known else None
    tally = book.tally(desk.rule) if known else None
    end_clock = desk.end_clock or created.end_clock
    wanted = [w for w in watches if hours in w.hours]
    open_still = tally is None or tally.passes is None or could is not None
    severity: Severity = "notable" if open_still else "info"
    facts = ReminderFacts(
        dao=dao.key,
        governor=dao.governor,
        proposal_id=created.proposal_id,
        title=title_of(created.description),
        hours=hours,
        ends_at_s=end_s(dao, at.chain, at.header, end_clock),
        ends_at_clock=end_clock,
        tally=tally,
        token_symbol=dao.symbol,
        token_decimals=dao.decimals,
        names=any(w.delegates for w in wanted),
        absent=away,
        at_snapshot=at_snapshot,
        swing=could,
    )
    return Alert(
        id=name,
        kind="reminder",
        chain_id=created.chain_id,
        protocol=created.protocol,
        subject=f"proposal:{created.chain_id}:{dao.governor}:{created.proposal_id}",
        severity=severity,
        block=at.header.height,
        block_hash=at.header.hash,
        block_time_s=at.header.time_s,
        tx=created.tx,
        reasons=tuple(Reason(w.name, "time before the end", f"{hours} h", "open vote") for w in wanted),
        facts=facts,
        dao=dao.key,
        addresses=(dao.governor,),
        tokens=(dao.token,) if dao.token else (),
    )
