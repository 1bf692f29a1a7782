"""OpenZeppelin's VestingWallet, which the foundations of Arbitrum and others are paid by.

Source: openzeppelin-contracts `VestingWallet.sol`. Whoever calls it, it pays its one beneficiary.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import NATIVE, Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act


@event("EtherReleased(uint256 amount)")
class EtherReleased(msgspec.Struct, frozen=True, gc=False):
    """It paid coins."""

    amount: int


@event("ERC20Released(address indexed token, uint256 amount)")
class ERC20Released(msgspec.Struct, frozen=True, gc=False):
    """It paid tokens."""

    token: str
    amount: int


protocol = Hand("vesting_wallet")


@protocol.on(EtherReleased)
def _coins(log: Log, shape: EtherReleased, around: Around) -> Act:
    return act(protocol, log, around, "release", token=NATIVE, amount_raw=shape.amount)


@protocol.on(ERC20Released)
def _tokens(log: Log, shape: ERC20Released, around: Around) -> Act:
    return act(protocol, log, around, "release", token=shape.token, amount_raw=shape.amount)
