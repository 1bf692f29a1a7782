"""Hedgey: plans that lock or vest tokens.

Source: hedgey-finance/Locked_VestingTokenPlans, `LockupStorage.sol`, `VestingStorage.sol`. A plan that paid is asked
for its token, the first word of `plans(id)`, at the block before: one that paid its last is gone.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.getters import Head
from watchers.governance.hand import Hand
from watchers.governance.handing import act


@event(
    "PlanCreated(uint256 indexed id, address indexed recipient, address indexed token, uint256 amount, uint256 start,"
    " uint256 cliff, uint256 end, uint256 rate, uint256 period)"
)
class LockupCreated(msgspec.Struct, frozen=True, gc=False):
    """A plan that nobody can take back."""

    id: int
    recipient: str
    token: str
    amount: int
    start: int
    cliff: int
    end: int
    rate: int
    period: int


@event(
    "PlanCreated(uint256 indexed id, address indexed recipient, address indexed token, uint256 amount, uint256 start,"
    " uint256 cliff, uint256 end, uint256 rate, uint256 period, address vestingAdmin, bool adminTransferOBO)"
)
class VestingCreated(msgspec.Struct, frozen=True, gc=False):
    """A plan that its admin can take back."""

    id: int
    recipient: str
    token: str
    amount: int
    start: int
    cliff: int
    end: int
    rate: int
    period: int
    vesting_admin: str
    admin_transfer_obo: bool


@event("PlanRedeemed(uint256 indexed id, uint256 amountRedeemed, uint256 planRemainder, uint256 resetDate)")
class PlanRedeemed(msgspec.Struct, frozen=True, gc=False):
    """A plan paid."""

    id: int
    amount_redeemed: int
    plan_remainder: int
    reset_date: int


@event("PlanRevoked(uint256 indexed id, uint256 amountRedeemed, uint256 revokedAmount)")
class PlanRevoked(msgspec.Struct, frozen=True, gc=False):
    """What a plan had not yet paid was taken back."""

    id: int
    amount_redeemed: int
    revoked_amount: int


def _plan(act: Act) -> Head:
    return Head(act.address, "plans(uint256)", (act.item,))


protocol = Hand("hedgey", token=_plan)


def _created(log: Log, shape: LockupCreated | VestingCreated, around: Around) -> Act:
    who = shape.vesting_admin if isinstance(shape, VestingCreated) else ""
    told = {"who": who, "whom": shape.recipient, "token": shape.token, "item": shape.id}
    return act(protocol, log, around, "stream", **told, amount_raw=shape.amount)


protocol.on(LockupCreated)(_created)
protocol.on(VestingCreated)(_created)


@protocol.on(PlanRedeemed)
def _redeemed(log: Log, shape: PlanRedeemed, around: Around) -> Act:
    return act(protocol, log, around, "release", amount_raw=shape.amount_redeemed, item=shape.id)


@protocol.on(PlanRevoked)
def _revoked(log: Log, shape: PlanRevoked, around: Around) -> Act:
    return act(protocol, log, around, "stream_cancelled", amount_raw=shape.revoked_amount, item=shape.id)
