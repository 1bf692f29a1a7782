"""What Aave's third governance carries out: the core sends payloads, a controller on each chain queues and runs them.

The steps are a timelock's, so only a watch that names them hears of them. Which proposal a controller's payload belongs
to: see `payloads`. Source: bgd-labs/aave-governance-v3 `IGovernanceCore.sol`, `IPayloadsControllerCore.sol`.
"""

from typing import Any

import msgspec

from config.settings import ActName
from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act
from watchers.governance.payloads import HAND, told_of


@event(
    "PayloadSent(uint256 indexed proposalId, uint40 payloadId, address indexed controller, uint256 indexed chainId,"
    " uint256 place, uint256 count)"
)
class PayloadSent(msgspec.Struct, frozen=True, gc=False):
    """The core, once a proposal is executed: one of its payloads travels to its chain."""

    proposal_id: int
    payload_id: int
    controller: str
    chain_id: int
    place: int
    count: int


@event("PayloadQueued(uint40 payloadId)")
class PayloadQueued(msgspec.Struct, frozen=True, gc=False):
    """It arrived, and waits."""

    payload_id: int


@event("PayloadExecuted(uint40 payloadId)")
class PayloadExecuted(msgspec.Struct, frozen=True, gc=False):
    """Its actions were carried out."""

    payload_id: int


@event("PayloadCancelled(uint40 payloadId)")
class PayloadCancelled(msgspec.Struct, frozen=True, gc=False):
    """It will not be carried out: the guardian's word."""

    payload_id: int


protocol = Hand(HAND)


@protocol.on(PayloadSent)
def _sent(log: Log, shape: PayloadSent, around: Around) -> Act:
    detail = told_of(shape.payload_id, shape.proposal_id, shape.chain_id)
    return act(protocol, log, around, "queued", whom=shape.controller, item=shape.payload_id, detail=detail)


def _step(name: ActName) -> Any:
    def handle(log: Log, shape: PayloadQueued | PayloadExecuted | PayloadCancelled, around: Around) -> Act:
        number = shape.payload_id
        return act(protocol, log, around, name, item=number, detail=f"payload {number}")

    return handle


protocol.on(PayloadQueued)(_step("queued"))
protocol.on(PayloadExecuted)(_step("executed"))
protocol.on(PayloadCancelled)(_step("cancelled"))
