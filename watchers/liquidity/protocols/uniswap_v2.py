"""Uniswap V2 and its forks (SushiSwap, PancakeSwap V2, QuickSwap ...): mints, burns and swaps of a pair.

Source: Uniswap/v2-core, contracts/UniswapV2Pair.sol. A pair writes its reserves (`Sync`) right before each of the
three events, and nobody else does: an Aave aToken's `Mint(from, value, index)` has the very shape of a pair's, its
second word being a ray. So an event without the pair's own `Sync` in front of it is seen and not believed.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around, Protocol
from watchers.liquidity.events import Action, LiquidityMove

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
    return _move(log, around, "add", mint.sender, "", mint.amount0, mint.amount1)


@protocol.on(Burn)
def removed(log: Log, burn: Burn, around: Around) -> LiquidityMove | None:
    """Read a burn; the owner is who receives the tokens."""
    return _move(log, around, "remove", burn.to, burn.to, -burn.amount0, -burn.amount1)


@protocol.on(Swap)
def swapped(log: Log, swap: Swap, around: Around) -> LiquidityMove | None:
    """Read a swap as what the pool gained and lost in each token."""
    gained0, gained1 = swap.amount0_in - swap.amount0_out, swap.amount1_in - swap.amount1_out
    return _move(log, around, "swap", swap.sender, swap.to, gained0, gained1)


def _move(
    log: Log, around: Around, action: Action, owner: str, recipient: str, amount0_raw: int, amount1_raw: int
) -> LiquidityMove | None:
    sync = around.just_before(log, Sync)
    if sync is None:
        return None
    return LiquidityMove(  # not by `origin`: a mapping unpacked takes five times as long, and swaps outnumber all else
        protocol=protocol.name,
        chain_id=around.chain_id,
        block=int(log.block_number, 16),
        tx=log.transaction_hash,
        tx_index=int(log.transaction_index, 16),
        log_index=int(log.log_index, 16),
        address=log.address,
        action=action,
        owner=owner,
        recipient=recipient,
        amount0_raw=amount0_raw,
        amount1_raw=amount1_raw,
        reserve0_raw=sync.reserve0,
        reserve1_raw=sync.reserve1,
    )
