"""Uniswap V2 and its forks (SushiSwap, PancakeSwap V2, QuickSwap ...): mints, burns and swaps of a pair.

Source: Uniswap/v2-core, contracts/UniswapV2Pair.sol. A pair writes its reserves (`Sync`) right before each of the
three events, and nobody else does: an Aave aToken's `Mint(from, value, index)` has the very shape of a pair's, its
second word being a ray. So an event without the pair's own `Sync` in front of it is seen and not believed.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin
from watchers.liquidity.events import LiquidityMove

protocol = Protocol("uniswap_v2")


@event("Sync(uint112 reserve0, uint112 reserve1)")
class Sync(msgspec.Struct, frozen=True, gc=False):
    """The reserves after the change."""

    reserve0: int
    reserve1: int


@event("Mint(address indexed sender, uint256 amount0, uint256 amount1)")
class Mint(msgspec.Struct, frozen=True, gc=False):
    """Liquidity came in; the sender is mostly a router."""

    sender: str
    amount0: int
    amount1: int


@event("Burn(address indexed sender, uint256 amount0, uint256 amount1, address indexed to)")
class Burn(msgspec.Struct, frozen=True, gc=False):
    """Liquidity went out, to `to`."""

    sender: str
    amount0: int
    amount1: int
    to: str


@event(
    "Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out,"
    " address indexed to)"
)
class Swap(msgspec.Struct, frozen=True, gc=False):
    """Tokens for tokens; both inputs may be above zero (a flash swap, a fee returned)."""

    sender: str
    amount0_in: int
    amount1_in: int
    amount0_out: int
    amount1_out: int
    to: str


protocol.witness(Sync)


@protocol.on(Mint)
def added(log: Log, mint: Mint, around: Around) -> LiquidityMove | None:
    """Read a mint. The live filter leaves ERC-20 transfers out, so the owner is who called the pair."""
    sync = around.just_before(Sync)
    if sync is None:
        return None
    return LiquidityMove(
        **origin(log, protocol.name, around),
        action="add",
        owner=mint.sender,
        amount0_raw=mint.amount0,
        amount1_raw=mint.amount1,
        reserve0_raw=sync.reserve0,
        reserve1_raw=sync.reserve1,
    )


@protocol.on(Burn)
def removed(log: Log, burn: Burn, around: Around) -> LiquidityMove | None:
    """Read a burn; the owner is who receives the tokens."""
    sync = around.just_before(Sync)
    if sync is None:
        return None
    return LiquidityMove(
        **origin(log, protocol.name, around),
        action="remove",
        owner=burn.to,
        recipient=burn.to,
        amount0_raw=-burn.amount0,
        amount1_raw=-burn.amount1,
        reserve0_raw=sync.reserve0,
        reserve1_raw=sync.reserve1,
    )


@protocol.on(Swap)
def swapped(log: Log, swap: Swap, around: Around) -> LiquidityMove | None:
    """Read a swap as what the pool gained and lost in each token."""
    sync = around.just_before(Sync)
    if sync is None:
        return None
    return LiquidityMove(
        **origin(log, protocol.name, around),
        action="swap",
        owner=swap.sender,
        recipient=swap.to,
        amount0_raw=swap.amount0_in - swap.amount0_out,
        amount1_raw=swap.amount1_in - swap.amount1_out,
        reserve0_raw=sync.reserve0,
        reserve1_raw=sync.reserve1,
    )
