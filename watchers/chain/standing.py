"""Where a feed stands: its cursor, the blocks that can be taken back, how far is final and read twice. Pure."""

from collections.abc import Sequence

from watchers.chain.block import Cursor
from watchers.chain.steps import Final, Forward, Missed, Rewind, Step
from watchers.chain.told import Told

RING_MAX = 4096


class Standing:
    """The consumer's standing, moved only by steps that it has acted on. `looked`: read a second time up to here."""

    def __init__(self, start: Cursor | None, ring: Sequence[Cursor]) -> None:
        older = sorted((c for c in ring if start and c.number < start.number), key=lambda c: -c.number)
        self.ring = [start, *older] if start else []
        self.cursor = start
        self.next_number = start.number + 1 if start else -1
        self.looked = self.ring[-1].number if self.ring else -1
        self.final = -1
        # the oldest of the ring is final: it was read twice before
        self.told = Told(self.ring[:-1])

    def begin_at(self, number: int) -> None:
        """Set the first block of a chain that was never read."""
        self.next_number, self.looked = number, number - 1

    def took(self, step: Step) -> None:
        """Move on, now that the consumer has acted on the step."""
        if isinstance(step, Forward):
            self.cursor = step.block.cursor
            self.next_number = self.cursor.number + 1
            self.ring.insert(0, self.cursor)
            del self.ring[RING_MAX:]
            self.told.add(step.block)
        elif isinstance(step, Rewind):
            self.told.forget(step.to_parent_of.number)
            del self.ring[0]
            self.cursor = self.ring[0]
            self.next_number = self.cursor.number + 1
            self.looked = min(self.looked, self.cursor.number)
        elif isinstance(step, Missed):
            self.told.add(step.block)
        elif isinstance(step, Final):
            self.final, self.looked = step.number, max(self.looked, step.number)
            self.told.forget_to(step.number)
            anchor = next((at for at, c in enumerate(self.ring) if c.number <= step.number), len(self.ring))
            del self.ring[anchor + 1 :]
