"""Airdrops that are claimed against a Merkle root: Uniswap's distributor and its kind, Arbitrum's.

Source: Uniswap/merkle-distributor 1.0.1; ArbitrumFoundation/governance `TokenDistributor.sol`. Both answer `token()`.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand, own_token
from watchers.governance.handing import act


@event("Claimed(uint256 index, address account, uint256 amount)")
class Claimed(msgspec.Struct, frozen=True, gc=False):
    """One account's part was claimed."""

    index: int
    account: str
    amount: int


@event("HasClaimed(address indexed recipient, uint256 amount)")
class HasClaimed(msgspec.Struct, frozen=True, gc=False):
    """The same of Arbitrum."""

    recipient: str
    amount: int


protocol = Hand("merkle_distributor", token=own_token)


@protocol.on(Claimed)
def _claimed(log: Log, shape: Claimed, around: Around) -> Act:
    return act(protocol, log, around, "claim", whom=shape.account, amount_raw=shape.amount)


@protocol.on(HasClaimed)
def _has_claimed(log: Log, shape: HasClaimed, around: Around) -> Act:
    return act(protocol, log, around, "claim", whom=shape.recipient, amount_raw=shape.amount)
