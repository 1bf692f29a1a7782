"""Liquidity's word: `LiquidityMove`.

Units: `_raw` is base units of the pool's token 0 or 1, seen from the pool: positive flows in, negative flows out.
"""

from typing import Literal

from watchers.event import Event

Action = Literal["add", "remove", "collect", "swap"]


class LiquidityMove(Event, frozen=True, kw_only=True, tag="liquidity"):
    """Tokens that moved in or out of a pool (`address`). For a Uniswap V3 burn the amounts are what the position may
    now collect: nothing has moved yet, the collect moves principal and fees.
    """

    action: Action
    owner: str
    recipient: str = ""
    amount0_raw: int
    amount1_raw: int
    tick_lower: int | None = None
    tick_upper: int | None = None
    liquidity_raw: int = 0
    sqrt_price_x96: int | None = None
    tick: int | None = None
    reserve0_raw: int | None = None
    reserve1_raw: int | None = None
