"""Aave v3: deposits, withdrawals, loans, repayments and liquidations of a lending market.

Source: aave-dao/aave-v3-origin, src/contracts/interfaces/IPool.sol. Amounts are of the underlying token and exact: what
an aToken transfers has interest in it, so it is not read. A flash loan comes back in its transaction and is not a move.
Paid through the ETH gateway, a move still names its owner (`onBehalfOf`, a repayment's `user`), but for a withdrawal.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin
from watchers.liquidity.events import LiquidityMove, LoanAction
from watchers.liquidity.markets import Family, pools_of, speaks


@event(
    "Supply(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
    " uint16 indexed referralCode)"
)
class Supply(msgspec.Struct, frozen=True, gc=False):
    """`user` pays a deposit of `on_behalf_of`."""

    reserve: str
    user: str
    on_behalf_of: str
    amount: int
    referral_code: int


@event("Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount)")
class Withdraw(msgspec.Struct, frozen=True, gc=False):
    """A deposit of `user` goes out to `to`; v2 says it in the same words."""

    reserve: str
    user: str
    to: str
    amount: int


@event(
    "Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount,"
    " uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)"
)
class Borrow(msgspec.Struct, frozen=True, gc=False):
    """`user` takes what `on_behalf_of` owes from now on."""

    reserve: str
    user: str
    on_behalf_of: str
    amount: int
    interest_rate_mode: int
    borrow_rate: int
    referral_code: int


@event("Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount, bool useATokens)")
class Repay(msgspec.Struct, frozen=True, gc=False):
    """`repayer` pays a debt of `user`, by the token or by giving up a deposit of it."""

    reserve: str
    user: str
    repayer: str
    amount: int
    use_atokens: bool


@event(
    "LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user,"
    " uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)"
)
class LiquidationCall(msgspec.Struct, frozen=True, gc=False):
    """`liquidator` pays a debt of `user` and seizes collateral for it; v2 says it in the same words."""

    collateral_asset: str
    debt_asset: str
    user: str
    debt_to_cover: int
    liquidated_collateral_amount: int
    liquidator: str
    receive_atoken: bool


def moved(
    log: Log,
    family: Family,
    around: Around,
    action: LoanAction,
    token: str,
    amount_raw: int,
    *,
    owner: str,
    payer: str = "",
    recipient: str = "",
    in_receipts: bool = False,
) -> LiquidityMove | None:
    """Read a move of one token; None on a chain where the address is not the market's."""
    if not speaks(family, around.chain_id, log.address):
        return None
    return LiquidityMove(
        **origin(log, family, around),
        action=action,
        owner=owner,
        recipient=recipient,
        payer=payer,
        token0=token,
        amount0_raw=amount_raw,
        amount1_raw=0,
        in_receipts=in_receipts,
    )


def register_shared(protocol: Protocol, family: Family) -> None:
    """Register what v2 and v3 say alike; who emitted it decides whose it is."""

    @protocol.on(Withdraw)
    def _withdrawn(log: Log, out: Withdraw, around: Around) -> LiquidityMove | None:
        return moved(log, family, around, "withdraw", out.reserve, -out.amount, owner=out.user, recipient=out.to)

    @protocol.on(LiquidationCall)
    def _liquidated(log: Log, call: LiquidationCall, around: Around) -> LiquidityMove | None:
        if not speaks(family, around.chain_id, log.address):
            return None
        return LiquidityMove(
            **origin(log, family, around),
            action="liquidation",
            owner=call.user,
            recipient=call.liquidator,
            payer=call.liquidator,
            token0=call.collateral_asset,
            token1=call.debt_asset,
            amount0_raw=-call.liquidated_collateral_amount,
            amount1_raw=call.debt_to_cover,
            in_receipts=call.receive_atoken,
        )


def register(protocol: Protocol, family: Family) -> None:
    """Register v3's events, for Aave's own markets or a fork's."""
    register_shared(protocol, family)

    @protocol.on(Supply)
    def _supplied(log: Log, put: Supply, around: Around) -> LiquidityMove | None:
        return moved(log, family, around, "supply", put.reserve, put.amount, owner=put.on_behalf_of, payer=put.user)

    @protocol.on(Borrow)
    def _borrowed(log: Log, loan: Borrow, around: Around) -> LiquidityMove | None:
        owner, taker = loan.on_behalf_of, loan.user
        return moved(log, family, around, "borrow", loan.reserve, -loan.amount, owner=owner, recipient=taker)

    @protocol.on(Repay)
    def _repaid(log: Log, paid: Repay, around: Around) -> LiquidityMove | None:
        return moved(
            log,
            family,
            around,
            "repay",
            paid.reserve,
            paid.amount,
            owner=paid.user,
            payer=paid.repayer,
            in_receipts=paid.use_atokens,
        )


protocol = Protocol("aave_v3_market", emitters=pools_of("aave_v3_market"))
register(protocol, "aave_v3_market")
