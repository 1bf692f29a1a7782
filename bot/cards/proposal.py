"""A step in a proposal's life."""

from collections.abc import Sequence

from bot.cards.card import Accent, Card
from bot.cards.doing import proposed
from bot.cards.frame import actions, fit, moment, small_print, until
from bot.cards.lexicon import Lexicon
from bot.cards.standing import defeat, result, standing_card
from bot.cards.vote import proposal_name, votes_line
from watchers.alert import AlertState, ProposalFacts

_SAID: dict[str, tuple[str, Accent]] = {
    "created": ("New proposal: voting opens", "neutral"),
    "activated": ("Voting opens on a voting machine", "neutral"),
    "queued": ("Proposal passed and is queued", "good"),
    "executed": ("Proposal executed", "good"),
    "canceled": ("Proposal cancelled", "bad"),
    "extended": ("Voting extended: its end has moved", "warning"),
    "closed": ("Voting is over: the result is on its way", "neutral"),
    "defeated": ("Proposal defeated", "bad"),
    "vetoed": ("Proposal vetoed", "bad"),
    "retried": ("Queued proposal would fail now", "warning"),
    "passed": ("Proposal passed", "good"),
    "counted": ("Voting is over and counted", "neutral"),
    "restored": ("Proposal is back: it was not cancelled", "warning"),
}
# nobody can vote any more
_OVER = {"queued", "executed", "canceled", "closed", "defeated", "vetoed", "retried", "passed", "counted"}


def proposal_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw the newest step that the post holds."""
    state = next((s for s in reversed(states) if s.live), states[-1])
    facts = state.alert.facts
    if not isinstance(facts, ProposalFacts):
        raise TypeError("a proposal card draws ProposalFacts")
    if facts.followed is not None:
        return standing_card(state, facts, facts.followed, lexicon)
    said, accent = _SAID.get(facts.change, (f"Proposal {facts.change}", "neutral"))
    since = facts.simulated.since if facts.simulated is not None else None
    if facts.change == "retried" and since is not None and since.changed:
        said = (
            "Queued proposal would fail now: code changed" if since.fails else "Queued proposal calls code that changed"
        )
    lines = []
    if facts.proposer:
        lines.append(f"**Proposer** {lexicon.who(state.alert.chain_id, facts.proposer)}")
    lines += result(facts.result)
    lines += defeat(facts) if facts.change == "defeated" else []
    if facts.tally is not None and not facts.tally.unsided:
        lines.append(votes_line(facts.tally, facts.token_decimals))
    lines += proposed(facts, state.alert.chain_id, lexicon)
    if facts.change not in _OVER:
        lines += until(facts.ends_at_s, facts.ends_at_clock)
    if facts.eta_s:
        lines.append(f"**Can run from** {moment(facts.eta_s)}")
    return Card(
        headline=fit(said),
        accent=accent,
        subject=proposal_name(facts.dao, facts.proposal_id, facts.title, lexicon),
        subject_url=lexicon.proposal_url(facts.dao, facts.proposal_id),
        facts=tuple(lines),
        small=small_print(state, lexicon),
        buttons=actions(state, lexicon),
    )
