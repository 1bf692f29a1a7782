"""A net move, as all that weighs it sees it, and a part of a pool.

Units: base units, from the pool's view, as in `LiquidityMove`.
"""

from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from watchers.liquidity.events import LOAN_ACTIONS, Action, LiquidityMove
from watchers.price import EXACT

# Enough to tell all of a pool from all but a few wei of it.
SHARE_DIGITS = Decimal("1e-18")


class Move(NamedTuple):
    """A net move worth weighing. `raw0` and `raw1` count along the action (an addition's are what came in, a removal's
    and a collect's what went out); a swap's are signed from the pool's view; a liquidation's are the collateral taken
    and the debt paid for it. `pool0` and `pool1`: the pool's change.
    """

    action: Action
    events: tuple[LiquidityMove, ...]
    liquidity: int
    raw0: int
    raw1: int
    pool0: int
    pool1: int

    @property
    def first(self) -> LiquidityMove:
        """The first event that made it; it gives the alert its name."""
        return self.events[0]

    @property
    def lent(self) -> bool:
        """Tell a lending market's move, whose tokens its events name."""
        return self.action in LOAN_ACTIONS

    @property
    def ranged(self) -> bool:
        """Tell a pool that knows ranges from a pair, which has reserves."""
        return self.first.reserve0_raw is None


class Share(NamedTuple):
    """A part of a pool, 0..1, and of which of its measures, to be read after "of the pool's". `None` is unknown."""

    value: Decimal | None
    basis: str


UNKNOWN = Share(None, "")


def part_of(part: int, whole: int | None) -> Decimal | None:
    """Give a part of a whole, at most 1; None where there is no whole."""
    if whole is None or whole <= 0 or part < 0:
        return None
    return min(Decimal(1), EXACT.divide(Decimal(part), Decimal(whole)).quantize(SHARE_DIGITS, ROUND_DOWN, EXACT))
