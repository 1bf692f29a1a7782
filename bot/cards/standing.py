"""The card that a proposal is followed on: how it stands, its tally and largest votes, its steps, what it would do."""

from decimal import Decimal

from bot.cards import figures
from bot.cards.card import Accent, Card
from bot.cards.doing import proposed
from bot.cards.escape import clean, cut, escape
from bot.cards.frame import actions, fit, moment, small_print, until
from bot.cards.lexicon import Lexicon, short_number
from bot.cards.vote import proposal_name, tally_bars
from watchers.alert import AlertState, Followed, LargeVote, ProposalFacts, StepTaken, Tally
from watchers.governance.events import holding

THREAD_NAME = 100  # Source: Discord documentation, "Start Thread from Message"
RESULT = 600
STEPS = {
    "created": "Created",
    "activated": "Voting opened",
    "queued": "Queued",
    "executed": "Executed",
    "canceled": "Cancelled",
    "extended": "Extended",
    "closed": "Closed",
    "defeated": "Defeated",
    "vetoed": "Vetoed",
    "passed": "Passed",
    "counted": "Counted",
    "restored": "Not cancelled after all",
}
_OUTCOMES: tuple[tuple[str, str, Accent], ...] = (
    ("executed", "Executed", "good"),
    ("canceled", "Cancelled", "bad"),
    ("vetoed", "Vetoed", "bad"),
    ("defeated", "Defeated", "bad"),
    ("queued", "Passed and queued", "good"),
    ("passed", "Passed", "good"),
    ("counted", "Voting closed: counted", "neutral"),
)


def standing_card(state: AlertState, facts: ProposalFacts, followed: Followed, lexicon: Lexicon) -> Card:
    """Draw a proposal as it stands."""
    chain_id = state.alert.chain_id
    (said, accent), ended = _headline(facts, followed), followed.ended
    lines = [f"**Proposer** {lexicon.who(chain_id, facts.proposer)}"] if facts.proposer else []
    if not followed.ended:
        lines += until(facts.ends_at_s, facts.ends_at_clock)
    elif facts.ends_at_s is not None:
        lines.append(f"**Voting ended** {moment(facts.ends_at_s)}")
    if facts.tally is not None and facts.tally.voters:
        lines.append(f"**Voters** {figures.number(facts.tally.voters)}")
    if followed.largest:
        told = " · ".join(_vote(vote, facts, chain_id, lexicon) for vote in followed.largest)
        lines.append(f"**Largest votes** {told}")
    if followed.steps:
        lines.append(f"**Steps** {' · '.join(_step(step, chain_id, lexicon) for step in followed.steps)}")
    if facts.eta_s:
        lines.append(f"**Can run from** {moment(facts.eta_s)}")
    lines += result(facts.result)
    lines += defeat(facts) if said in ("Defeated", "Voting closed: defeated") else []
    lines += proposed(facts, chain_id, lexicon)
    return Card(
        headline=fit(said),
        accent=accent,
        subject=proposal_name(facts.dao, facts.proposal_id, facts.title, lexicon),
        subject_url=lexicon.proposal_url(facts.dao, facts.proposal_id),
        facts=tuple(lines),
        evidence=(tally_bars(facts.tally, facts.token_decimals),)
        if facts.tally and (ended or _begun(facts.tally))
        else (),
        small=small_print(state, lexicon),
        buttons=actions(state, lexicon),
        thread=thread_name(facts, lexicon),
    )


def thread_name(facts: ProposalFacts, lexicon: Lexicon) -> str:
    """Name a proposal's thread: its DAO and title, what cannot be seen dropped, cut to what Discord takes."""
    dao = lexicon.dao(facts.dao)
    title = clean(facts.title) or f"proposal {short_number(facts.proposal_id)}"
    return cut(f"{clean(dao.name) if dao else 'unknown DAO'}: {title}", THREAD_NAME)


def result(told: str) -> list[str]:
    """Give the line of the count in words, where a step tells it."""
    return [f"**Result** {escape(told, RESULT)}"] if told else []


def defeat(facts: ProposalFacts) -> list[str]:
    """Say why a proposal was defeated, as far as its tally tells: nothing where that is not known."""
    tally = facts.tally
    if tally is None or tally.passes is not False or tally.unsided:
        return []
    why = []
    if tally.quorum_raw is not None and tally.toward_quorum_raw < tally.quorum_raw:
        cast, asked = (figures.amount(raw, facts.token_decimals) for raw in (tally.toward_quorum_raw, tally.quorum_raw))
        why.append(f"the quorum was missed, {cast} of {asked}")
    if tally.against_raw > tally.for_raw:
        why.append("more against than for")
    elif tally.against_raw == tally.for_raw:
        why.append("as much against as for" if tally.for_raw else "none for")
    return [f"**Defeated** {' · '.join(why)}"] if why else []


def _begun(tally: Tally | None) -> bool:
    return tally is not None and bool(tally.for_raw or tally.against_raw or tally.abstain_raw)


def _headline(facts: ProposalFacts, followed: Followed) -> tuple[str, Accent]:
    taken = holding([step.change for step in followed.steps])
    for step, said, accent in _OUTCOMES:
        if step in taken:
            return said, accent
    tally = facts.tally
    passes = tally.passes if tally is not None else None
    if followed.ended:
        return {
            True: ("Voting closed: it would pass", "good"),
            False: ("Voting closed: defeated", "bad"),
            None: ("Voting closed: the result is not known", "neutral"),
        }[passes]  # type: ignore[return-value]  # the literals widen to str
    if tally is None:
        return "Voting: the tally is not known", "neutral"
    if not _begun(tally):
        return "New proposal: voting opens", "neutral"
    if tally.unsided:
        return f"Open: {figures.number(tally.voters)} vote{'s' if tally.voters != 1 else ''}", "neutral"
    cast = tally.for_raw + tally.against_raw
    share = f": {figures.percent(Decimal(tally.for_raw) / cast)} for" if cast else ""
    return {True: "Passing so far", False: "Failing so far", None: "Open"}[passes] + share, "neutral"


def _vote(vote: LargeVote, facts: ProposalFacts, chain_id: int, lexicon: Lexicon) -> str:
    unsided = facts.tally is not None and facts.tally.unsided
    sides = (("for", vote.for_raw), ("against", vote.against_raw), ("" if unsided else "abstain", vote.abstain_raw))
    said = " and ".join(f"{figures.amount(raw, facts.token_decimals)} {side}".rstrip() for side, raw in sides if raw)
    return f"{lexicon.who(chain_id, vote.voter)} {said}"


def _step(step: StepTaken, chain_id: int, lexicon: Lexicon) -> str:
    word, url = STEPS.get(step.change, "Changed"), lexicon.tx_url(chain_id, step.tx)
    linked = f"[{word}]({url})" if url else word
    return f"{linked} <t:{step.time_s}:R>" if step.time_s else linked  # a recording may not tell the time
