"""Fee switches: what part of what users pay goes to the protocol.

Source: Uniswap/v3-core `IUniswapV3PoolEvents.sol`, `IUniswapV3FactoryEvents.sol`; Uniswap/v4-core `IProtocolFees.sol`;
aave-v3-origin `IPoolConfigurator.sol`; Compound v2 `CTokenInterfaces.sol`. `UniswapV2Factory.setFeeTo` emits nothing.
"""

from decimal import Decimal

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act, change

_V4_MASK = 0xFFF  # two fees of 12 bits, one for each direction, in millionths


@event("SetFeeProtocol(uint8 feeProtocol0Old, uint8 feeProtocol1Old, uint8 feeProtocol0New, uint8 feeProtocol1New)")
class SetFeeProtocol(msgspec.Struct, frozen=True, gc=False):
    """A V3 pool gives one n-th of its fees, n for each token; 0 is off."""

    fee_protocol0_old: int
    fee_protocol1_old: int
    fee_protocol0_new: int
    fee_protocol1_new: int


@event("CollectProtocol(address indexed sender, address indexed recipient, uint128 amount0, uint128 amount1)")
class CollectProtocol(msgspec.Struct, frozen=True, gc=False):
    """What it gave is taken out."""

    sender: str
    recipient: str
    amount0: int
    amount1: int


@event("FeeAmountEnabled(uint24 indexed fee, int24 indexed tickSpacing)")
class FeeAmountEnabled(msgspec.Struct, frozen=True, gc=False):
    """Pools of a new fee may be made."""

    fee: int
    tick_spacing: int


@event("ProtocolFeeUpdated(bytes32 indexed id, uint24 protocolFee)")
class ProtocolFeeUpdated(msgspec.Struct, frozen=True, gc=False):
    """A V4 pool's."""

    id: str
    protocol_fee: int


@event("ProtocolFeeControllerUpdated(address indexed protocolFeeController)")
class ProtocolFeeControllerUpdated(msgspec.Struct, frozen=True, gc=False):
    """Who sets V4's."""

    protocol_fee_controller: str


@event("ReserveFactorChanged(address indexed asset, uint256 oldReserveFactor, uint256 newReserveFactor)")
class ReserveFactorChanged(msgspec.Struct, frozen=True, gc=False):
    """Aave's share of the interest, in hundredths of a percent."""

    asset: str
    old_reserve_factor: int
    new_reserve_factor: int


@event("FlashloanPremiumTotalUpdated(uint128 oldFlashloanPremiumTotal, uint128 newFlashloanPremiumTotal)")
class FlashloanPremiumTotalUpdated(msgspec.Struct, frozen=True, gc=False):
    """Aave's price of a flash loan, in hundredths of a percent."""

    old_flashloan_premium_total: int
    new_flashloan_premium_total: int


@event("NewReserveFactor(uint256 oldReserveFactorMantissa, uint256 newReserveFactorMantissa)")
class NewReserveFactor(msgspec.Struct, frozen=True, gc=False):
    """Compound's share of the interest, of 10^18."""

    old_reserve_factor_mantissa: int
    new_reserve_factor_mantissa: int


protocol = Hand("fee_switch")
for _shape, _detail, _field in (
    (ReserveFactorChanged, "reserve factor", "reserve_factor"),
    (FlashloanPremiumTotalUpdated, "premium of a flash loan", "flashloan_premium_total"),
):
    protocol.on(_shape)(
        change(protocol, "fee_switch", detail=_detail, unit="bps", was=f"old_{_field}", now=f"new_{_field}")
    )
protocol.on(ProtocolFeeControllerUpdated)(
    change(protocol, "owner_changed", detail="who sets the protocol's fee", now="protocol_fee_controller")
)


def _nth(one: int, other: int) -> str:
    parts = ["off" if n == 0 else f"1/{n}" for n in (one, other)]
    return parts[0] if one == other else " and ".join(parts)


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f} %"


@protocol.on(SetFeeProtocol)
def _pool(log: Log, shape: SetFeeProtocol, around: Around) -> Act:
    before = _nth(shape.fee_protocol0_old, shape.fee_protocol1_old)
    after = _nth(shape.fee_protocol0_new, shape.fee_protocol1_new)
    return act(protocol, log, around, "fee_switch", before=before, after=after, detail="part of the fees")


@protocol.on(CollectProtocol)
def _taken(log: Log, shape: CollectProtocol, around: Around) -> Act | None:
    if not shape.amount0 and not shape.amount1:
        return None
    told = {"who": shape.sender, "whom": shape.recipient}
    return act(protocol, log, around, "fee_switch", **told, detail="fees of the protocol are taken out")


@protocol.on(FeeAmountEnabled)
def _tier(log: Log, shape: FeeAmountEnabled, around: Around) -> Act:
    after = _percent(Decimal(shape.fee).scaleb(-4))
    return act(protocol, log, around, "fee_switch", after=after, detail="pools of a new fee may be made")


@protocol.on(ProtocolFeeUpdated)
def _v4(log: Log, shape: ProtocolFeeUpdated, around: Around) -> Act:
    there, back = (Decimal(fee).scaleb(-4) for fee in (shape.protocol_fee & _V4_MASK, shape.protocol_fee >> 12))
    after = _percent(there) if there == back else f"{_percent(there)} and {_percent(back)}"
    return act(protocol, log, around, "fee_switch", after=after, detail=f"pool {shape.id}")


@protocol.on(NewReserveFactor)
def _reserve(log: Log, shape: NewReserveFactor, around: Around) -> Act:
    old, new = shape.old_reserve_factor_mantissa, shape.new_reserve_factor_mantissa
    before, after = (_percent(Decimal(mantissa).scaleb(-16)) for mantissa in (old, new))
    return act(protocol, log, around, "fee_switch", before=before, after=after, detail="reserve factor")
