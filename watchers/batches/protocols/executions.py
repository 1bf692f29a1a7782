"""Timelocks and governors: that they executed an operation or a proposal. None of them can say that it failed: it then
reverts with everything around it.

The calls inside are learnt of the transaction and its call tree. Of OpenZeppelin's timelock the first call of an
operation tells it; Compound's knows single calls only.

Source: OpenZeppelin `TimelockController.sol`, `Governor.sol`; Compound `Timelock.sol`, `GovernorBravoDelegate.sol`.
"""

import msgspec

from watchers.abi import event
from watchers.batches.events import BatchResult
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin

GOVERNOR, TIMELOCK, COMPOUND_TIMELOCK = "governor", "timelock", "compound_timelock"


@event("ProposalExecuted(uint256 proposalId)")
class ProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """A proposal was carried out."""

    proposal_id: int


@event("ProposalExecuted(uint256 indexed proposalId)")
class IndexedProposalExecuted(msgspec.Struct, frozen=True, gc=False):
    """The same of governors that index the number."""

    proposal_id: int


@event("CallExecuted(bytes32 indexed id, uint256 indexed index, address target, uint256 value, bytes data)")
class CallExecuted(msgspec.Struct, frozen=True, gc=False):
    """One call of an operation was made."""

    id: str
    index: int
    target: str
    value: int
    data: bytes


@event(
    "ExecuteTransaction(bytes32 indexed txHash, address indexed target, uint256 value, string signature, bytes data,"
    " uint256 eta)"
)
class ExecuteTransaction(msgspec.Struct, frozen=True, gc=False):
    """A call was made."""

    tx_hash: str
    target: str
    value: int
    signature: str
    data: bytes
    eta: int


protocol = Protocol("executions", watched=True)


def _executed(log: Log, around: Around, kind: str, name: str) -> BatchResult:
    return BatchResult(
        **origin(log, protocol.name, around),
        container=kind,
        container_id=name,
        sender=log.address,
        success=True,
    )


@protocol.on(ProposalExecuted)
def _proposal(log: Log, shape: ProposalExecuted, around: Around) -> BatchResult:
    return _executed(log, around, GOVERNOR, str(shape.proposal_id))


@protocol.on(IndexedProposalExecuted)
def _indexed_proposal(log: Log, shape: IndexedProposalExecuted, around: Around) -> BatchResult:
    return _executed(log, around, GOVERNOR, str(shape.proposal_id))


@protocol.on(CallExecuted)
def _operation(log: Log, shape: CallExecuted, around: Around) -> BatchResult | None:
    return None if shape.index else _executed(log, around, TIMELOCK, shape.id)


@protocol.on(ExecuteTransaction)
def _call(log: Log, shape: ExecuteTransaction, around: Around) -> BatchResult:
    return _executed(log, around, COMPOUND_TIMELOCK, shape.tx_hash)
