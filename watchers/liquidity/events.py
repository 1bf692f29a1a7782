"""Liquidity's word: `LiquidityMove`.

Units: `_raw` is base units of token 0 or 1, seen from the pool: positive flows in, negative flows out.
"""

from typing import Literal, get_args

from watchers.event import Event

LoanAction = Literal["supply", "withdraw", "borrow", "repay", "liquidation"]
Action = Literal["add", "remove", "collect", "swap"] | LoanAction
LOAN_ACTIONS: frozenset[str] = frozenset(get_args(LoanAction))


class LiquidityMove(Event, frozen=True, kw_only=True, tag="liquidity"):
    """Tokens that moved in or out of a pool (`address`). For a Uniswap V3 burn the amounts are what the position may
    now collect: nothing has moved yet, the collect moves principal and fees.

    A lending market keeps many tokens, so its moves name theirs: `token0` is what was supplied, withdrawn, borrowed,
    repaid or seized, `token1` the debt that a liquidation paid. `owner` is whose position it is, `payer` who paid.
    `in_receipts`: what was paid or seized was the market's own receipt of a deposit, so `token0` stayed in the pool.
    """

    action: Action
    owner: str
    recipient: str = ""
    payer: str = ""
    amount0_raw: int
    amount1_raw: int
    token0: str = ""
    token1: str = ""
    in_receipts: bool = False
    tick_lower: int | None = None
    tick_upper: int | None = None
    liquidity_raw: int = 0
    sqrt_price_x96: int | None = None
    tick: int | None = None
    reserve0_raw: int | None = None
    reserve1_raw: int | None = None
