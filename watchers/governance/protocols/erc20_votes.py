"""Delegation of voting tokens: COMP and its likes (UNI, ENS, ARB, OP, Nouns), partial delegation, AAVE's shape.

Source: Compound `Comp.sol`; OpenZeppelin `Votes.sol`; ScopeLift `ERC20VotesPartialDelegationUpgradeable.sol`; Aave
`GovernancePowerDelegationERC20.sol`, where type 0 is voting and type 1, to propose, gives no vote.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, origin
from watchers.governance.electors import Electors
from watchers.governance.events import DelegateChange, PowerChange

VOTING = 0


@event("DelegateChanged(address indexed delegator, address indexed fromDelegate, address indexed toDelegate)")
class DelegateChanged(msgspec.Struct, frozen=True, gc=False):
    """All of a holder's votes, to one delegate."""

    delegator: str
    from_delegate: str
    to_delegate: str


@event("DelegateVotesChanged(address indexed delegate, uint256 previousBalance, uint256 newBalance)")
class DelegateVotesChanged(msgspec.Struct, frozen=True, gc=False):
    """A delegate's votes before and after."""

    delegate: str
    previous_balance: int
    new_balance: int


@event("DelegateChanged(address indexed delegator, (address,uint96)[] oldDelegatees, (address,uint96)[] newDelegatees)")
class PartialDelegateChanged(msgspec.Struct, frozen=True):
    """A holder's votes in parts of 10,000, each to a delegate."""

    delegator: str
    old_delegatees: tuple[tuple[str, int], ...]
    new_delegatees: tuple[tuple[str, int], ...]


@event("DelegateChanged(address indexed delegator, address indexed delegatee, uint8 delegationType)")
class TypedDelegateChanged(msgspec.Struct, frozen=True, gc=False):
    """AAVE: one of two powers, to one delegate."""

    delegator: str
    delegatee: str
    delegation_type: int


@event("DelegatedPowerChanged(address indexed user, uint256 amount, uint8 delegationType)")
class DelegatedPowerChanged(msgspec.Struct, frozen=True, gc=False):
    """AAVE: what somebody has of one of two powers from here on."""

    user: str
    amount: int
    delegation_type: int


protocol = Electors("erc20_votes")


def _some(*delegates: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(d.lower() for d in delegates if int(d, 16)))


@protocol.on(DelegateChanged)
def _delegated(log: Log, shape: DelegateChanged, around: Around) -> DelegateChange:
    before, after = _some(shape.from_delegate), _some(shape.to_delegate)
    return DelegateChange(**origin(log, protocol.name, around), delegator=shape.delegator, before=before, after=after)


@protocol.on(DelegateVotesChanged)
def _weighed(log: Log, shape: DelegateVotesChanged, around: Around) -> PowerChange:
    return PowerChange(
        **origin(log, protocol.name, around),
        delegate=shape.delegate,
        before_raw=shape.previous_balance,
        after_raw=shape.new_balance,
    )


@protocol.on(PartialDelegateChanged)
def _parted(log: Log, shape: PartialDelegateChanged, around: Around) -> DelegateChange:
    before, after = (
        _some(*(who for who, part in side if part)) for side in (shape.old_delegatees, shape.new_delegatees)
    )
    return DelegateChange(**origin(log, protocol.name, around), delegator=shape.delegator, before=before, after=after)


@protocol.on(TypedDelegateChanged)
def _typed(log: Log, shape: TypedDelegateChanged, around: Around) -> DelegateChange | None:
    if shape.delegation_type != VOTING:
        return None
    # whoever delegates to itself has its own votes back: no delegate
    after = _some(shape.delegatee) if shape.delegatee != shape.delegator else ()
    return DelegateChange(**origin(log, protocol.name, around), delegator=shape.delegator, after=after)


@protocol.on(DelegatedPowerChanged)
def _powered(log: Log, shape: DelegatedPowerChanged, around: Around) -> PowerChange | None:
    if shape.delegation_type != VOTING:
        return None
    return PowerChange(
        **origin(log, protocol.name, around), delegate=shape.user, before_raw=None, after_raw=shape.amount
    )
