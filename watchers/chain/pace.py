"""When to ask for the next block: as soon as it is likely to be there, and never more often than the chain allows for.

A chain of slow blocks (4 s or more) is read at most three times per block time; a fast one once per second or block
time, whichever is longer, taking all blocks that are new.
"""

import math

from watchers.chain.block import Header
from watchers.chain.provider import Clock, Sleep

SLOW_BLOCKS_S = 4.0
READS_PER_BLOCK = 3
POLL_MIN_S = 1.0
FIRST_DELAY_S = 0.5  # from a block's time to its being readable, until we have learnt better
DELAY_MIN_S = 0.05


class Pace:
    """The beat of one chain. `delay_s` is learnt: how long after its time a block is readable here."""

    def __init__(self, block_time_s: float, *, clock: Clock, sleep: Sleep, poll_min_s: float = POLL_MIN_S) -> None:
        self.block_time_s = block_time_s
        slow = block_time_s >= SLOW_BLOCKS_S
        self.gap_s = block_time_s / READS_PER_BLOCK if slow else max(block_time_s, poll_min_s)
        self.delay_s = min(FIRST_DELAY_S, self.gap_s)
        self._slow = slow
        self._clock, self._sleep = clock, sleep
        self._read_at = -math.inf
        self._last: Header | None = None
        self._misses = 0

    async def wait(self) -> None:
        """Sleep until the next read is due."""
        due = self._read_at + self.gap_s
        if self._slow and self._last is not None and self._misses == 0:
            expected = self._last.time_s + self.block_time_s + self.delay_s
            # a block from the future must not put us to sleep for long
            due = max(due, min(expected, self._read_at + self.block_time_s + self.gap_s))
        rest = due - self._clock()
        if rest > 0:
            await self._sleep(rest)

    def reading(self) -> None:
        """Note that the head is being read now."""
        self._read_at = self._clock()

    def begin(self, head: Header) -> None:
        """Note the head that was there at the start."""
        self._last = head

    def missed(self) -> None:
        """Note that the read found no new block."""
        self._misses += 1

    def found(self, header: Header) -> None:
        """Note a new block and learn from how many reads it took."""
        late = self._clock() - header.time_s
        if self._misses == 0:
            self.delay_s = max(DELAY_MIN_S, self.delay_s * 0.98)
        elif late < self.block_time_s:  # else the block itself was late, or a slot was empty: nothing to learn
            self.delay_s = min(self.gap_s, self.delay_s + self.gap_s / 8)
        self._misses = 0
        self._last = header

    def silent_for(self, now: float) -> float:
        """Give the seconds since the last block's time that exceed one block time; 0 before any block is known."""
        return 0.0 if self._last is None else max(0.0, now - self._last.time_s - self.block_time_s)

    def likely_new(self) -> int:
        """Give how many blocks one read is likely to find."""
        return 1 if self._slow else max(1, math.ceil(self.gap_s / self.block_time_s))
