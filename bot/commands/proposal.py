"""`/proposal`: where a proposal stands: outcome, tally against the quorum, largest votes, steps."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.doing import action_lines, carried_out, effect_lines, trial
from bot.cards.escape import escape, symbol
from bot.cards.frame import fit, until
from bot.cards.lexicon import short_number
from bot.cards.standing import STEPS, result
from bot.cards.vote import cast_rows, side
from bot.desk import Desk
from bot.payloads import payload_lines
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from bot.whatif import what_ifs
from config.settings import Chain, Dao
from watchers.alert import AlertState, OperationFacts, ProposalFacts, Tally, VoteFacts
from watchers.batches.events import BatchResult
from watchers.batches.telling import container_of, facts_of
from watchers.errors import UserError
from watchers.governance.actions import actions
from watchers.governance.events import ProposalChange, Vote, holding, title_of
from watchers.governance.tally import Book
from watchers.history import StoredEvent
from watchers.inquiry import Standing
from watchers.wing import Ballot

LARGEST = 5
SCANNED = 5_000
EFFECTS = 8
ROOM = 800  # characters for the actions; tally, votes and what-ifs want theirs
VOTES_ROOM = 900
_OUTCOMES = (
    ("canceled", "Cancelled"),
    ("vetoed", "Vetoed"),
    ("defeated", "Defeated"),
    ("executed", "Executed"),
    ("queued", "Passed and queued"),
    ("passed", "Passed"),
    ("counted", "Voting is over"),
)


def answer(
    dao: Dao,
    proposal_id: int,
    steps: Sequence[StoredEvent],
    votes: Sequence[StoredEvent],
    tally: Tally | None,
    standing: Standing | None,
    desk: Desk,
    otherwise: Sequence[str] = (),
    carried: OperationFacts | None = None,
) -> Card:
    """Draw the proposal. `tally` is the best that is known, see `tally_of`; None says that nothing is. `otherwise` says
    what other rules of weight would make of it, `carried` what became of each call when it was executed.
    """
    changes = [(s.event, s.time_s) for s in steps if isinstance(s.event, ProposalChange)]
    created = next((change for change, _ in changes if change.change == "created"), None)
    chain = desk.settings.chains[dao.chain]
    chain_id = chain.id
    facts = [_voting(standing)] if standing is not None and standing.ends_s is not None else []
    if chain.hub and created is not None:
        facts = until(created.end_clock, None)
    if changes:
        facts.append(" → ".join(f"**{STEPS[change.change]}** <t:{time_s}:R>" for change, time_s in changes))
    if created is not None:
        facts.append(f"**Proposer** {desk.lexicon.who(chain_id, created.proposer)}")
        facts += [] if chain.hub else _does(created, [change for change, _ in changes], standing, dao, desk)
    facts += [line for change, _ in changes for line in result(change.result)]
    facts += carried_out(carried, chain_id, desk.lexicon) if carried is not None else []
    facts += [*_largest(votes, dao, tally, desk), *otherwise]
    title = title_of(created.description) if created else ""
    number = short_number(proposal_id)
    return Card(
        headline=_headline(tally, standing, [change.change for change, _ in changes]),
        subject=f"{dao.name} · " + (escape(title, 90) if title else f"proposal {number}"),
        subject_url=dao.proposal_link(proposal_id),
        facts=tuple(facts),
        evidence=(_bars(tally, dao),) if tally is not None else (),
        small=f"proposal {number} · {_source(tally, standing, chain)} · {desk.lexicon.place(chain_id)}",
    )


def _does(
    created: ProposalChange, changes: Sequence[ProposalChange], standing: Standing | None, dao: Dao, desk: Desk
) -> list[str]:
    """Say every action that fits beside the rest, and how trying them goes, or went the last time."""
    chain_id = created.chain_id
    told = actions(created)
    if not told and not created.left_out:
        return [f"**Does** {counted(len(created.targets), 'action')} on chain"]
    done = "What it did" if any(change.change == "executed" for change in changes) else "What it would do"
    rows, left = fitting(action_lines(told, created.left_out, chain_id, dao.key, desk.lexicon), room=ROOM)
    lines = [f"**{done}**", *rows, *([f"and {figures.number(left)} more"] if left else [])]
    seen = [*(change.simulated for change in changes), standing.simulated if standing is not None else None]
    tried = [one for one in seen if one is not None]
    if not tried:
        return lines
    lines += trial(tried[-1], chain_id, dao.key, desk.lexicon, told)
    shown, left = fitting(list(effect_lines(tried[-1], chain_id, dao.key, desk.lexicon)), EFFECTS, room=ROOM // 2)
    return [*lines, *(f"• {line}" for line in shown), *([f"and {counted(left, 'more change')}"] if left else [])]


def _voting(standing: Standing) -> str:
    if standing.begun is False and standing.begins_s is not None:
        return f"**Voting** begins <t:{standing.begins_s}:R>, ends <t:{standing.ends_s}:f>"
    return f"**Voting** {'ended' if standing.ended else 'ends'} <t:{standing.ends_s}:R>"


def _source(tally: Tally | None, standing: Standing | None, chain: Chain) -> str:
    if chain.hub:
        return (
            f"counted from {counted(tally.voters, 'voter')} on record" if tally else "earlier votes are not on record"
        )
    if tally is None:
        return "earlier votes are not on record, and the chain cannot be asked right now"
    if standing is None:
        return f"counted from {counted(tally.voters, 'voter')} on record; the chain cannot be asked right now"
    at = f"block {figures.number(standing.block)}"
    if standing.by_contract:
        return f"sums as the governor gives them at {at}"
    return f"counted from {counted(tally.voters, 'voter')} on record, rules read at {at}"


def _largest(votes: Sequence[StoredEvent], dao: Dao, tally: Tally | None, desk: Desk) -> list[str]:
    cast, lessened = _standing_votes(votes)
    cast.sort(key=lambda pair: -pair[0].weight_raw)
    all_raw = sum((tally.for_raw, tally.against_raw, tally.abstain_raw)) if tally is not None else 0
    lines = []
    for vote, time_s in cast[:LARGEST]:
        weight = (
            f"{figures.amount(vote.weight_raw, dao.decimals)} {symbol(dao.symbol)} {side(vote.support, vote.choice)}"
        )
        url = desk.lexicon.tx_url(vote.chain_id, vote.tx)
        linked = f"[{weight}]({url})" if url else weight
        sure = all_raw >= vote.weight_raw and vote.voter not in lessened
        part = f" · {figures.percent(Decimal(vote.weight_raw) / all_raw)} of all" if sure else ""
        lines.append(f"• **{linked}**{part} · {desk.lexicon.who(vote.chain_id, vote.voter)} · <t:{time_s}:R>")
    rows, _ = fitting(lines, room=VOTES_ROOM)
    return ["**Largest votes**", *rows] if rows else []


def _standing_votes(votes: Sequence[StoredEvent]) -> tuple[list[tuple[Vote, int]], set[str]]:
    """Give the votes of weight whose place no later one took, each with its time, and off whom weight was taken.
    `votes` come newest first.
    """
    cast: list[tuple[Vote, int]] = []
    replaced, lessened = set[str](), set[str]()
    for stored in votes:
        vote = stored.event
        if not isinstance(vote, Vote):
            continue
        if vote.weight_raw and vote.voter not in replaced:
            cast.append((vote, stored.time_s))
        if vote.replaces:
            replaced.add(vote.voter)
        if vote.taken is not None:
            lessened.add(vote.taken.voter)
    return cast, lessened


def _headline(tally: Tally | None, standing: Standing | None, changes: Sequence[str]) -> str:
    """Say how it stands: what became of it, else what the votes would make of it."""
    how = _how(tally, standing, changes)
    if tally is None:
        return fit(f"{how}: tally unknown")
    cast = tally.for_raw + tally.against_raw + tally.abstain_raw
    if not cast:
        return fit(f"{how}: no vote yet" if how == "Open" else f"{how}: no vote")
    if tally.unsided:
        return fit(f"{how}: {counted(tally.voters, 'vote')}", how)
    yes, no = (figures.percent(Decimal(raw) / cast) for raw in (tally.for_raw, tally.against_raw))
    return fit(f"{how}: {yes} for, {no} against", f"{how}: {yes} for", how)


def _how(tally: Tally | None, standing: Standing | None, changes: Sequence[str]) -> str:
    holds = holding(changes)
    for change, said in _OUTCOMES:
        if change in holds:
            return said
    passes = tally.passes if tally is not None else None
    missed = _missed(tally)
    if standing is not None and standing.ended:
        return "Passed" if passes else "Voting is over" if passes is None else missed or "Defeated"
    if standing is not None and standing.begun is False:
        return "Voting has not begun"
    return "Passing so far" if passes else "Open" if passes is None else missed or "Failing so far"


def _missed(tally: Tally | None) -> str:
    """Name the quorum as the cause where the majority is there and it is not."""
    if tally is None or tally.quorum_raw is None or tally.for_raw <= tally.against_raw:
        return ""
    return "Quorum not reached" if tally.toward_quorum_raw < tally.quorum_raw else ""


def _bars(tally: Tally, dao: Dao) -> str:
    rows = cast_rows(tally, dao.decimals)
    if tally.quorum_raw is None:
        rows.append(f"{'Quorum':<8}unknown")
    elif tally.quorum_raw:
        share = Decimal(tally.toward_quorum_raw) / tally.quorum_raw
        of = figures.amount(tally.quorum_raw, dao.decimals)
        rows.append(f"{'Quorum':<8}{figures.bar(share)} {figures.percent(share):>7}  of {of} {dao.symbol}")
    else:
        rows.append(f"{'Quorum':<8}none asked for")
    return "```\n" + "\n".join(rows) + "\n```"


def tally_of(ballots: Sequence[Ballot] | None, standing: Standing | None, judged: Tally | None) -> Tally | None:
    """Give the best tally: as asked now; else the votes on record, under the rule of the last alert if it is of these
    very votes; else nothing.
    """
    if standing is not None and standing.tally is not None:
        return standing.tally
    if ballots is None:
        return None
    book = Book(ballots)
    if judged is not None and (judged.for_raw, judged.against_raw, judged.abstain_raw) == book.counts:
        return judged
    return book.tally(None)


def sided(tally: Tally | None, votes: Sequence[StoredEvent]) -> Tally | None:
    """Take a tally for one of no sides where no vote on record has one, and some say a choice or are sealed."""
    cast = [one.event for one in votes if isinstance(one.event, Vote) and one.event.weight_raw]
    if tally is None or not cast or any(vote.support != "unknown" or not vote.abstain_raw for vote in cast):
        return tally
    return msgspec.structs.replace(tally, unsided=True)


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


def _carried(found: Sequence[StoredEvent], dao: Dao) -> OperationFacts | None:
    """Give what the DAO's own governor executed; another's proposal may have the same number."""
    done = [s.event for s in found if isinstance(s.event, BatchResult) and s.event.address == dao.governor]
    return facts_of(container_of(done[-1])) if done else None


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="proposal", description="Where a proposal stands: outcome, tally, largest votes, steps")
    @app_commands.describe(dao="Whose proposal", proposal="Its number; pick one from the list")
    @app_commands.autocomplete(dao=choices.voting_daos(desk), proposal=choices.proposals(desk))
    async def proposal(asked: Asked, dao: str, proposal: str) -> None:
        async def work() -> Card:
            one = choices.the_dao(desk, dao)
            number = _number(proposal)
            chain_id = desk.settings.chains[one.chain].id
            steps = await desk.history.proposal(chain_id, one.governor, number)
            votes = await desk.history.votes(
                chain_id=chain_id, governor=one.governor, proposal_id=number, limit=SCANNED
            )
            if not steps and not votes:
                raise UserError(
                    f"Nothing is on record of proposal {short_number(number)} of {one.name}. Pick one from the list."
                )
            ballots = await desk.history.ballots(chain_id, one.governor, number)
            standing = await desk.ask(one, number, steps, ballots)
            said = await desk.history.alerts(chain_id=chain_id, limit=500) if standing is None else []
            tally = sided(tally_of(ballots, standing, last_tally(said, one.governor, number)), votes)
            unsided = tally is not None and tally.unsided
            otherwise = await payload_lines(one, number, desk)
            otherwise += [] if unsided else await what_ifs(one, ballots, votes, standing, desk)
            carried = _carried(await desk.history.batch(chain_id, str(number)), one)
            return answer(one, number, steps, votes, tally, standing, desk, otherwise, carried)

        await reply(asked, work())

    return [proposal]


def _number(text: str) -> int:
    digits = text.strip().removeprefix("#")
    if re.fullmatch(r"0x[0-9a-fA-F]{64}", digits):
        return int(digits, 16)
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 78:  # noqa: PLR2004 - 2^256 has 78 digits
        raise UserError("A proposal is named by its number. Start typing and pick one from the list.")
    return int(digits)
