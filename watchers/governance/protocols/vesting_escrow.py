"""Vesting escrows of Curve and yearn, and the ENS token, which says `Claim` in the same words of its airdrop.

Source: curvefi/curve-dao-contracts `VestingEscrow.vy`; LlamaPay/yearn-vesting-escrow `VestingEscrowFactory.vy` (the
form with 8 arguments is not confirmed against a source); ENS `ENSToken.sol`. The escrows answer `token()`.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand, own_token
from watchers.governance.handing import act


@event("Claim(address indexed recipient, uint256 claimed)")
class Claim(msgspec.Struct, frozen=True, gc=False):
    """An escrow paid."""

    recipient: str
    claimed: int


@event("Fund(address indexed recipient, uint256 amount)")
class Fund(msgspec.Struct, frozen=True, gc=False):
    """Tokens were set aside for somebody."""

    recipient: str
    amount: int


@event(
    "VestingEscrowCreated(address indexed funder, address indexed token, address indexed recipient, address escrow,"
    " uint256 amount, uint256 vestingStart, uint256 vestingDuration, uint256 cliffLength)"
)
class VestingEscrowCreated(msgspec.Struct, frozen=True, gc=False):
    """An escrow was made."""

    funder: str
    token: str
    recipient: str
    escrow: str
    amount: int
    vesting_start: int
    vesting_duration: int
    cliff_length: int


@event(
    "VestingEscrowCreated(address indexed funder, address indexed token, address indexed recipient, address escrow,"
    " uint256 amount, uint256 vestingStart, uint256 vestingDuration, uint256 cliffLength, bool openClaim)"
)
class OpenEscrowCreated(msgspec.Struct, frozen=True, gc=False):
    """The same, where anybody may claim for the recipient."""

    funder: str
    token: str
    recipient: str
    escrow: str
    amount: int
    vesting_start: int
    vesting_duration: int
    cliff_length: int
    open_claim: bool


protocol = Hand("vesting_escrow", token=own_token)


@protocol.on(Claim)
def _claimed(log: Log, shape: Claim, around: Around) -> Act:
    return act(protocol, log, around, "claim", whom=shape.recipient, amount_raw=shape.claimed)


@protocol.on(Fund)
def _funded(log: Log, shape: Fund, around: Around) -> Act:
    return act(protocol, log, around, "stream", whom=shape.recipient, amount_raw=shape.amount)


def _created(log: Log, shape: VestingEscrowCreated | OpenEscrowCreated, around: Around) -> Act:
    told = {"who": shape.funder, "whom": shape.recipient, "token": shape.token}
    return act(protocol, log, around, "stream", **told, amount_raw=shape.amount)


protocol.on(VestingEscrowCreated)(_created)
protocol.on(OpenEscrowCreated)(_created)
