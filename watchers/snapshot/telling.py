"""The hub's proposals and votes in the governance wing's own words. Pure.

An event stands in the second that the hub dates it to: that second is its block. Within it a proposal goes before its
votes, and votes are ordered by their ids, so that a second reading gives the same places.
"""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from config.settings import Dao
from watchers.chain.block import Cursor
from watchers.governance.events import Change, ProposalChange, Support, Vote
from watchers.snapshot.choices import meaning, sides_of
from watchers.snapshot.family import NAME
from watchers.snapshot.reading import HubProposal, HubVote

PLACES = 999_000  # below what a block has room for in history
SHOWN = 4
CREATED, ENDED, DELETED = 0, 1, 2  # what comes after a deletion takes the places after it
FINAL = "final"  # `scores_state` of a proposal that is counted; "invalid" of one that cannot be


def second(at_s: int) -> Cursor:
    """Give the block that a second is: its name follows from the second alone."""
    return Cursor(at_s, "0x" + hashlib.sha256(f"snapshot:{at_s}".encode()).hexdigest())


def created(proposal: HubProposal, dao: Dao, chain_id: int) -> ProposalChange:
    """Tell that a proposal was made."""
    text = f"{proposal.title}\n\n{proposal.body}"
    return ProposalChange(
        protocol=NAME,
        chain_id=chain_id,
        block=proposal.created,
        tx=proposal.id,
        tx_index=0,
        log_index=0,
        address=dao.governor,
        position=CREATED,
        proposal_id=proposal.number,
        change="created",
        proposer=proposal.author,
        start_clock=proposal.start,
        end_clock=proposal.end,
        description=text,
    )


def vote(cast: HubVote, proposal: HubProposal, dao: Dao, chain_id: int) -> Vote:
    """Tell a vote; a later one of the same voter takes its place. Raises DecodeError for a choice that is none."""
    said = meaning(cast.choice, proposal)
    on = {said.side: cast.power_raw}
    return Vote(
        protocol=NAME,
        chain_id=chain_id,
        block=cast.created,
        tx=cast.id,
        tx_index=0,
        log_index=1 + int(hashlib.sha256(cast.id.encode()).hexdigest(), 16) % PLACES,
        address=dao.governor,
        proposal_id=proposal.number,
        voter=cast.voter,
        support=said.side,
        weight_raw=cast.power_raw,
        for_raw=on.get("for", 0),
        against_raw=on.get("against", 0),
        abstain_raw=on.get("abstain", on.get("unknown", 0)),
        reason=cast.reason,
        replaces=True,
        choice=said.words,
    )


def ended(proposal: HubProposal, dao: Dao, chain_id: int) -> ProposalChange:
    """Tell what the votes came to, as the hub counted them, with the quorum met or not."""
    sums = _sums(proposal)
    change: Change = "counted"
    if sums is not None and proposal.quorum_type == "default":
        met = sum(proposal.scores_raw) >= proposal.quorum_raw
        change = "passed" if sums["for"] > sums["against"] and met else "defeated"
    return _step(proposal, dao, chain_id, change, ENDED, proposal.end, result=_result(proposal))


def deleted(made: ProposalChange, life: Sequence[ProposalChange], at_s: int) -> ProposalChange:
    """Tell that a proposal whose creation was told is gone from the hub; `life` are the steps that were told of it."""
    return _next(made, life, "canceled", at_s)


def restored(made: ProposalChange, life: Sequence[ProposalChange], at_s: int) -> ProposalChange:
    """Tell that a proposal that was told as gone is back on the hub."""
    return _next(made, life, "restored", at_s)


def _next(made: ProposalChange, life: Sequence[ProposalChange], change: Change, at_s: int) -> ProposalChange:
    position = max(DELETED, 1 + max((step.position for step in life), default=0))
    cut = {"position": position, "change": change, "block": at_s, "description": "", "proposer": ""}
    return msgspec.structs.replace(made, **cut, start_clock=0, end_clock=0)


def _step(
    proposal: HubProposal, dao: Dao, chain_id: int, change: Change, position: int, at_s: int, *, result: str = ""
) -> ProposalChange:
    return ProposalChange(
        protocol=NAME,
        chain_id=chain_id,
        block=at_s,
        tx=proposal.id,
        tx_index=0,
        log_index=0,
        address=dao.governor,
        position=position,
        proposal_id=proposal.number,
        change=change,
        result=result,
    )


def _sums(proposal: HubProposal) -> dict[Support, int] | None:
    """Give what the hub counted by side; None where the choices are no sides, or it did not count."""
    sides = sides_of(proposal)
    if sides is None or proposal.scores_state != FINAL or len(proposal.scores_raw) != len(sides):
        return None
    return dict(zip(sides, proposal.scores_raw, strict=True))


def _result(proposal: HubProposal) -> str:
    if proposal.scores_state != FINAL or len(proposal.scores_raw) != len(proposal.choices):
        return "the hub could not count it"
    whole = sum(proposal.scores_raw)
    ranking = sorted(zip(proposal.choices, proposal.scores_raw, strict=True), key=lambda pair: -pair[1])
    told = [f"{' '.join(label.split())[:60]} {_percent(raw, whole)}" for label, raw in ranking[:SHOWN] if raw]
    more = f" and {len(ranking) - SHOWN} more choices" if len(ranking) > SHOWN else ""
    return f"{' · '.join(told) or 'no vote'}{more}; {_quorum(proposal, whole)}"


def _quorum(proposal: HubProposal, whole: int) -> str:
    if not proposal.quorum_raw:
        return "no quorum asked for"
    if proposal.quorum_type != "default":
        return f"quorum of the type {proposal.quorum_type[:20]}, not judged here"
    share = _percent(whole, proposal.quorum_raw)
    return f"quorum {'met' if whole >= proposal.quorum_raw else 'not met'} ({share} of it)"


def _percent(part: int, whole: int) -> str:
    return f"{Decimal(part) * 100 / whole:.1f} %" if whole else "0 %"
