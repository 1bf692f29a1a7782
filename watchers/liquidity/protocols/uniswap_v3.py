"""Uniswap V3 and the pools that emit its events (SushiSwap V3, PancakeSwap V3, Slipstream): mint, burn, collect, swap.

Source: Uniswap/v3-core, contracts/interfaces/pool/IUniswapV3PoolEvents.sol; pancakeswap/pancake-v3-contracts for its
longer `Swap`. A burn only credits the position; a collect moves principal and fees. A burn of liquidity 0 is a poke
that settles fees. Any contract can emit these shapes: whether the emitter is a pool is asked before anything is said.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol, origin
from watchers.liquidity.events import LiquidityMove

protocol = Protocol("uniswap_v3")


@event(
    "Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount,"
    " uint256 amount0, uint256 amount1)"
)
class Mint(msgspec.Struct, frozen=True, gc=False):
    """Liquidity came in for `owner`, mostly a position manager."""

    sender: str
    owner: str
    tick_lower: int
    tick_upper: int
    amount: int
    amount0: int
    amount1: int


@event(
    "Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0,"
    " uint256 amount1)"
)
class Burn(msgspec.Struct, frozen=True, gc=False):
    """Liquidity was taken back; the tokens wait to be collected."""

    owner: str
    tick_lower: int
    tick_upper: int
    amount: int
    amount0: int
    amount1: int


@event(
    "Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper,"
    " uint128 amount0, uint128 amount1)"
)
class Collect(msgspec.Struct, frozen=True, gc=False):
    """Tokens that were owed to a position left the pool."""

    owner: str
    recipient: str
    tick_lower: int
    tick_upper: int
    amount0: int
    amount1: int


@event(
    "Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96,"
    " uint128 liquidity, int24 tick)"
)
class Swap(msgspec.Struct, frozen=True, gc=False):
    """Amounts from the pool's view; price, liquidity and tick as the swap left them."""

    sender: str
    recipient: str
    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int


@event(
    "Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96,"
    " uint128 liquidity, int24 tick, uint128 protocolFeesToken0, uint128 protocolFeesToken1)"
)
class PancakeSwap(msgspec.Struct, frozen=True, gc=False):
    """PancakeSwap V3 says the protocol's fees as well."""

    sender: str
    recipient: str
    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int
    protocol_fees_token0: int
    protocol_fees_token1: int


@protocol.on(Mint)
def added(log: Log, mint: Mint, around: Around) -> LiquidityMove:
    """Read a mint."""
    return LiquidityMove(
        **origin(log, protocol.name, around),
        action="add",
        owner=mint.owner,
        amount0_raw=mint.amount0,
        amount1_raw=mint.amount1,
        tick_lower=mint.tick_lower,
        tick_upper=mint.tick_upper,
        liquidity_raw=mint.amount,
    )


@protocol.on(Burn)
def removed(log: Log, burn: Burn, around: Around) -> LiquidityMove:
    """Read a burn: what the position may now collect. Liquidity is a magnitude; the action is its sign."""
    return LiquidityMove(
        **origin(log, protocol.name, around),
        action="remove",
        owner=burn.owner,
        amount0_raw=-burn.amount0,
        amount1_raw=-burn.amount1,
        tick_lower=burn.tick_lower,
        tick_upper=burn.tick_upper,
        liquidity_raw=burn.amount,
    )


@protocol.on(Collect)
def collected(log: Log, collect: Collect, around: Around) -> LiquidityMove:
    """Read a collect."""
    return LiquidityMove(
        **origin(log, protocol.name, around),
        action="collect",
        owner=collect.owner,
        recipient=collect.recipient,
        amount0_raw=-collect.amount0,
        amount1_raw=-collect.amount1,
        tick_lower=collect.tick_lower,
        tick_upper=collect.tick_upper,
    )


def swapped(log: Log, swap: Swap | PancakeSwap, around: Around) -> LiquidityMove:
    """Read a swap; `liquidity_raw` is the liquidity in range after it."""
    return LiquidityMove(  # not by `origin`: a mapping unpacked takes five times as long, and swaps outnumber all else
        protocol=protocol.name,
        chain_id=around.chain_id,
        block=int(log.block_number, 16),
        tx=log.transaction_hash,
        tx_index=int(log.transaction_index, 16),
        log_index=int(log.log_index, 16),
        address=log.address,
        action="swap",
        owner=swap.sender,
        recipient=swap.recipient,
        amount0_raw=swap.amount0,
        amount1_raw=swap.amount1,
        liquidity_raw=swap.liquidity,
        sqrt_price_x96=swap.sqrt_price_x96,
        tick=swap.tick,
    )


protocol.on(Swap)(swapped)
protocol.on(PancakeSwap)(swapped)
