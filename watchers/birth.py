"""When a contract began: the first block at which its address has code, found by halving, about 25 small requests.

It asks for states of the past, which a pruned node has not: then, and of an address without code, the answer is 0, from
where on everything can be read. Errors: ChainError when no node can be reached.
"""

from collections.abc import Sequence
from typing import Protocol

from watchers.facts import Answer, Call, RpcError


class Batches(Protocol):
    """What is needed of `Rpc`."""

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """Answer each call."""
        ...


async def born(rpc: Batches, address: str, final: int) -> int:
    """Find the first block up to `final` at which there is code; 0 where the node does not tell."""
    low, high = 0, final  # the first block with code lies above `low` and not above `high`
    if not await _has_code(rpc, address, final):
        return 0
    while high - low > 1:
        middle = (low + high) // 2
        there = await _has_code(rpc, address, middle)
        if there is None:
            return 0
        low, high = (low, middle) if there else (middle, high)
    return high


async def _has_code(rpc: Batches, address: str, block: int) -> bool | None:
    """Tell whether there is code at a block; None: the node has not that state any more, or talks nonsense."""
    (answer,) = await rpc.batch([Call("eth_getCode", (address, hex(block)))])
    if isinstance(answer, RpcError) or not isinstance(answer, str) or not answer.startswith("0x"):
        return None
    return answer != "0x"
