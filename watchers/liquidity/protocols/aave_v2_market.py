"""Aave v2: the second market, which says a deposit, a loan and a repayment in other words than v3.

Source: aave/protocol-v2, contracts/interfaces/ILendingPool.sol.
"""

from typing import Final

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.markets import pools_of
from watchers.liquidity.protocols.aave_v3_market import moved, register_shared

NAME: Final = "aave_v2_market"
protocol = Protocol(NAME, emitters=pools_of(NAME))
register_shared(protocol, NAME)


@event(
    "Deposit(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
    " uint16 indexed referral)"
)
class Deposit(msgspec.Struct, frozen=True, gc=False):
    """`user` pays a deposit of `on_behalf_of`."""

    reserve: str
    user: str
    on_behalf_of: str
    amount: int
    referral: int


@event(
    "Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
    " uint256 borrowRateMode, uint256 borrowRate, uint16 indexed referral)"
)
class OldBorrow(msgspec.Struct, frozen=True, gc=False):
    """`user` takes what `on_behalf_of` owes from now on."""

    reserve: str
    user: str
    on_behalf_of: str
    amount: int
    borrow_rate_mode: int
    borrow_rate: int
    referral: int


@event("Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount)")
class OldRepay(msgspec.Struct, frozen=True, gc=False):
    """`repayer` pays a debt of `user`."""

    reserve: str
    user: str
    repayer: str
    amount: int


@protocol.on(Deposit)
def _supplied(log: Log, put: Deposit, around: Around) -> LiquidityMove | None:
    return moved(log, NAME, around, "supply", put.reserve, put.amount, owner=put.on_behalf_of, payer=put.user)


@protocol.on(OldBorrow)
def _borrowed(log: Log, loan: OldBorrow, around: Around) -> LiquidityMove | None:
    owner, taker = loan.on_behalf_of, loan.user
    return moved(log, NAME, around, "borrow", loan.reserve, -loan.amount, owner=owner, recipient=taker)


@protocol.on(OldRepay)
def _repaid(log: Log, paid: OldRepay, around: Around) -> LiquidityMove | None:
    return moved(log, NAME, around, "repay", paid.reserve, paid.amount, owner=paid.user, payer=paid.repayer)
