"""Where a first start begins: the block of a moment in the past, found by block time and a few headers."""

from watchers.chain.block import Header
from watchers.chain.blocks import BlockReader

ROUNDS = 6
TOLERANCE = 0.02  # of the time span; a start need not be exact


async def block_at(reader: BlockReader, head: Header, seconds_before: float, block_time_s: float) -> int:
    """Give the number of a block about `seconds_before` the head; at least 1, or 0 on a chain of one block.
    Raises ChainError.
    """
    first = min(1, head.height)
    if seconds_before <= 0:
        return head.height
    wanted = head.time_s - seconds_before
    guess = max(first, head.height - round(seconds_before / block_time_s))
    for _ in range(ROUNDS):
        if guess == head.height:
            break
        (header,) = await reader.headers([guess])
        off_s = header.time_s - wanted
        if (guess == first and off_s >= 0) or abs(off_s) <= max(2 * block_time_s, TOLERANCE * seconds_before):
            break
        pace = max((head.time_s - header.time_s) / (head.height - guess), 0.001)
        guess = min(head.height - 1, max(first, guess - round(off_s / pace)))
    return guess
