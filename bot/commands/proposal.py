"""`/proposal`: where a proposal stands: tally, largest votes, steps."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import escape, symbol
from bot.cards.lexicon import short_number
from bot.desk import Desk
from bot.reply import Asked, reply
from config.settings import Dao
from watchers.alert import AlertState, ProposalFacts, Tally, VoteFacts
from watchers.errors import UserError
from watchers.governance.events import ProposalChange, Vote
from watchers.history import StoredEvent
from watchers.wing import Ballot

LARGEST = 5
_STEP = {
    "created": "created",
    "queued": "queued",
    "executed": "executed",
    "canceled": "cancelled",
    "extended": "voting extended",
}


def answer(
    dao: Dao,
    proposal_id: int,
    steps: Sequence[StoredEvent],
    votes: Sequence[StoredEvent],
    ballots: Sequence[Ballot] | None,
    judged: Tally | None,
    desk: Desk,
) -> Card:
    """Draw the proposal. The tally is counted from the votes on record; when earlier ones were never read, it says so.
    `judged` is the tally of the last vote that made an alert, which knows the quorum.
    """
    created = next(
        (s.event for s in steps if isinstance(s.event, ProposalChange) and s.event.change == "created"), None
    )
    chain_id = desk.settings.chains[dao.chain].id
    facts = []
    if created is not None:
        facts.append(f"**Proposer** {desk.lexicon.who(chain_id, created.proposer)}")
        count = len(created.targets)
        facts.append(f"**Does** {count} action{'s' if count != 1 else ''} on chain")
    facts += [
        f"**{_STEP[s.event.change].capitalize()}** <t:{s.time_s}:R>"
        for s in steps
        if isinstance(s.event, ProposalChange)
    ]
    for vote, time_s in _largest(votes):
        weight = f"{figures.amount(vote.weight_raw, dao.decimals)} {symbol(dao.symbol)}"
        facts.append(f"**{weight} {vote.support}** {desk.lexicon.who(chain_id, vote.voter)} <t:{time_s}:R>")
    title = choices.first_line(created.description) if created else ""
    number = short_number(proposal_id)
    complete = "counted from every vote" if ballots is not None else "earlier votes are not on record: tally unknown"
    return Card(
        headline=_headline(ballots, dao, judged),
        subject=f"{dao.name} · proposal {number}" + (f" · {escape(title, 90)}" if title else ""),
        subject_url=dao.proposal_url.replace("{id}", str(proposal_id)) if dao.proposal_url else "",
        facts=tuple(facts),
        evidence=(_bars(ballots, dao, judged),) if ballots else (),
        small=f"{complete} · {desk.lexicon.chain_name(chain_id)}",
    )


def _largest(votes: Sequence[StoredEvent]) -> list[tuple[Vote, int]]:
    cast = [(s.event, s.time_s) for s in votes if isinstance(s.event, Vote) and s.event.weight_raw]
    return sorted(cast, key=lambda pair: -pair[0].weight_raw)[:LARGEST]


def _sums(ballots: Sequence[Ballot]) -> tuple[int, int, int]:
    return (
        sum(b.for_raw for b in ballots),
        sum(b.against_raw for b in ballots),
        sum(b.abstain_raw for b in ballots),
    )


def _headline(ballots: Sequence[Ballot] | None, dao: Dao, judged: Tally | None) -> str:
    if ballots is None:
        return "Tally unknown: earlier votes not on record"
    yes, no, _ = _sums(ballots)
    if judged is not None and judged.passes is not None and (judged.for_raw, judged.against_raw) == (yes, no):
        return f"{len(ballots)} votes: {'passing' if judged.passes else 'failing'}"
    ahead = "For leads" if yes > no else "Against leads" if no > yes else "a tie"
    return f"{len(ballots)} votes: {ahead} by {figures.amount(abs(yes - no), dao.decimals)}"


def _bars(ballots: Sequence[Ballot], dao: Dao, judged: Tally | None) -> str:
    sums = _sums(ballots)
    cast = sum(sums)
    rows = []
    for name, raw in zip(("For", "Against", "Abstain"), sums, strict=True):
        share = Decimal(raw) / cast if cast else Decimal(0)
        rows.append(f"{name:<8}{figures.bar(share)} {figures.percent(share):>7}  {figures.amount(raw, dao.decimals)}")
    if judged is not None and judged.quorum_raw:
        share = Decimal(judged.toward_quorum_raw) / judged.quorum_raw
        of = figures.amount(judged.quorum_raw, dao.decimals)
        rows.append(f"{'Quorum':<8}{figures.bar(share)} {figures.percent(share):>7}  of {of}")
    return "```\n" + "\n".join(rows) + "\n```"


def last_tally(alerts: Sequence[AlertState], governor: str, proposal_id: int) -> Tally | None:
    """Give the tally of the newest live alert on a proposal."""
    for state in alerts:
        facts = state.alert.facts
        if not state.live or not isinstance(facts, VoteFacts | ProposalFacts):
            continue
        if (facts.governor, facts.proposal_id) == (governor, proposal_id):
            tally = facts.after if isinstance(facts, VoteFacts) else facts.tally
            if tally is not None:
                return tally
    return None


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="proposal", description="Where a proposal stands: tally, largest votes, steps")
    @app_commands.describe(dao="Whose proposal", proposal="Its number; pick one from the list")
    @app_commands.autocomplete(dao=choices.daos(desk), proposal=choices.proposals(desk))
    async def proposal(asked: Asked, dao: str, proposal: str) -> None:
        async def work() -> Card:
            one = choices.the_dao(desk, dao)
            if not proposal.strip().isdecimal():
                raise UserError("A proposal is named by its number. Start typing and pick one from the list.")
            chain_id, number = desk.settings.chains[one.chain].id, int(proposal)
            steps = await desk.history.proposal(chain_id, one.governor, number)
            votes = await desk.history.votes(chain_id=chain_id, governor=one.governor, proposal_id=number, limit=1000)
            if not steps and not votes:
                raise UserError(f"Nothing is on record of proposal {number} of {one.name}. Check the number.")
            ballots = await desk.history.ballots(chain_id, one.governor, number)
            said = await desk.history.alerts(chain_id=chain_id, limit=500)
            return answer(one, number, steps, votes, ballots, last_tally(said, one.governor, number), desk)

        await reply(asked, work())

    return [proposal]
