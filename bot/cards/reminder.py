"""A vote that ends soon: how it stands, what it lacks, and who has not voted yet."""

from collections.abc import Sequence
from decimal import Decimal

from bot.cards import figures
from bot.cards.card import Accent, Card
from bot.cards.escape import symbol
from bot.cards.frame import actions, fit, small_print, until
from bot.cards.lexicon import Lexicon
from bot.cards.vote import proposal_name, votes_line
from watchers.alert import AlertState, ReminderFacts, Swing, Tally

_EFFECT = {"quorum": "to reach the quorum", "pass": "to make it pass", "fail": "to make it fail"}
_OUTCOME: dict[bool | None, tuple[str, Accent]] = {
    True: ("it would pass", "good"),
    False: ("it would fail", "warning"),
    None: ("unknown", "neutral"),
}


def reminder_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw a reminder; its time is Discord's own, so that it stays true however late it is read."""
    state = states[-1]
    facts = state.alert.facts
    if not isinstance(facts, ReminderFacts):
        raise TypeError("a reminder card draws ReminderFacts")
    left_s = max(0, (facts.ends_at_s or 0) - state.alert.block_time_s)
    outcome, accent = _OUTCOME[facts.tally.passes if facts.tally else None]
    lines = [*until(facts.ends_at_s, facts.ends_at_clock), *_tally(facts), f"**If it ended now** {outcome}"]
    lines += _away(facts, state.alert.chain_id, lexicon)
    return Card(
        headline=fit(f"Voting ends in {figures.duration(left_s)}"),
        accent=accent,
        subject=proposal_name(facts.dao, facts.proposal_id, facts.title, lexicon),
        subject_url=lexicon.proposal_url(facts.dao, facts.proposal_id),
        facts=tuple(lines),
        small=small_print(state, lexicon),
        buttons=actions(state, lexicon),
    )


def _tally(facts: ReminderFacts) -> list[str]:
    if facts.tally is None:
        return ["**Votes** unknown: the votes on record are not all"]
    t, decimals = facts.tally, facts.token_decimals
    if t.unsided:
        cast = figures.amount(t.for_raw + t.against_raw + t.abstain_raw, decimals)
        return [f"**Votes** {cast} in all", f"**Quorum** {_quorum(t, facts)}"]
    return [votes_line(t, decimals), f"**Quorum** {_quorum(t, facts)}"]


def _quorum(tally: Tally, facts: ReminderFacts) -> str:
    if tally.quorum_raw is None:
        return "unknown"
    missing = tally.quorum_raw - tally.toward_quorum_raw
    if missing <= 0:
        return "reached"
    share = figures.percent(Decimal(tally.toward_quorum_raw) / tally.quorum_raw)
    lacks = figures.amount(missing, facts.token_decimals)
    return f"{share}, **{lacks} {symbol(facts.token_symbol)} missing**"


def _away(facts: ReminderFacts, chain_id: int, lexicon: Lexicon) -> list[str]:
    if not facts.names:
        return []
    if facts.absent is None:
        return ["**Not voted yet** unknown: no whole book of delegates, or not all votes on record"]
    if not facts.absent:
        return ["**Not voted yet** no delegate of any size"]
    power = "" if facts.at_snapshot else " (votes as of now, the snapshot's are unknown)"
    lines = [f"**Not voted yet**{power}"]
    for at, one in enumerate(facts.absent, 1):
        weight = f"{figures.amount(one.raw, facts.token_decimals)} {symbol(facts.token_symbol)}"
        lines.append(f"{at}. {lexicon.who(chain_id, one.delegate)} **{weight}**")
    if facts.swing is not None:
        lines.append(_swing(facts.swing, facts))
    return lines


def _swing(could: Swing, facts: ReminderFacts) -> str:
    raw = figures.amount(could.raw, facts.token_decimals)
    who = (
        "The largest who has not voted holds"
        if could.many == 1
        else f"The {could.many} largest who have not voted hold"
    )
    return f"{who} {raw}: enough {_EFFECT.get(could.effect, 'to change the outcome')}"
