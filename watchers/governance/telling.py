"""The wing's words made from a log, a vote or a step: what the protocols' files share, two shapes among it."""

from typing import Any

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, origin
from watchers.governance.events import Change, ProposalChange, Support, Vote
from watchers.wing import Taken

BRAVO: dict[int, Support] = {0: "against", 1: "for", 2: "abstain"}  # how most governors number the sides


@event("ProposalExecuted(uint256 indexed proposalId)")
class IndexedProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """Its actions were carried out. OpenZeppelin's topic, but indexed."""

    proposal_id: int


@event("ProposalCanceled(uint256 indexed proposalId)")
class IndexedProposalCanceled(msgspec.Struct, frozen=True, gc=False):
    """It was withdrawn. OpenZeppelin's topic, but indexed."""

    proposal_id: int


def cast(
    log: Log,
    protocol: str,
    around: Around,
    proposal_id: int,
    voter: str,
    side: Support,
    weight_raw: int,
    *,
    reason: str = "",
    replaces: bool = False,
    taken: Taken | None = None,
) -> Vote:
    """Give a vote that lies whole on one side; one of no known side counts nowhere."""
    return Vote(
        **origin(log, protocol, around),
        proposal_id=proposal_id,
        voter=voter,
        support=side,
        weight_raw=weight_raw,
        for_raw=weight_raw if side == "for" else 0,
        against_raw=weight_raw if side == "against" else 0,
        abstain_raw=weight_raw if side == "abstain" else 0,
        reason=reason,
        replaces=replaces,
        taken=taken,
    )


def yes_or_no(supports: bool) -> Support:  # noqa: FBT001 - the contracts' own parameter
    """Name the side of a governor that knows two."""
    return "for" if supports else "against"


def step(log: Log, protocol: str, around: Around, proposal_id: int, change: Change, **told: Any) -> ProposalChange:
    """Give a step in a proposal's life with what the log tells of it."""
    return ProposalChange(**origin(log, protocol, around), proposal_id=proposal_id, change=change, **told)


def hexed(calldatas: tuple[bytes, ...]) -> tuple[str, ...]:
    """Write calls' data as hex."""
    return tuple("0x" + data.hex() for data in calldatas)
