"""Which block is final: the node's tag, or a depth where the tag is missing, null or stands still.

Errors: none. The number never goes backwards.
"""

from config.settings import Chain
from watchers.chain.block import Header
from watchers.chain.provider import Clock

ASK_EVERY_S = 30.0  # the tag travels in the batch of a block, so it costs no request of its own
MISSING_MAX = 3  # answers without a tag in a row before depth is believed instead
STALL_S = 1800.0  # a tag that stands still for so long is given up until it moves


class Finality:
    """The finality of one chain as told so far."""

    def __init__(self, chain: Chain, *, clock: Clock) -> None:
        self._chain, self._clock = chain, clock
        self._tag = -1
        self._moved_at = clock()
        self._asked_at = float("-inf")
        self._missing = 0
        self._best = -1

    @property
    def tag(self) -> str | None:
        """The tag to ask for, None for a chain that goes by depth."""
        return None if self._chain.finality == "depth" else self._chain.finality

    def due(self) -> bool:
        """Tell whether the tag should be asked for with the next batch."""
        return self.tag is not None and self._clock() - self._asked_at >= ASK_EVERY_S

    def asked(self, header: Header | None) -> None:
        """Take the answer; None for a refusal, null or nonsense."""
        self._asked_at = self._clock()
        if header is None:
            self._missing += 1
            return
        self._missing = 0
        if header.height > self._tag:
            self._tag, self._moved_at = header.height, self._clock()

    def number(self, head: int) -> int:
        """Give the last final block, -1 while none is known."""
        if self.by_depth:
            self._best = max(self._best, head - self._chain.confirmations)
        self._best = max(self._best, self._tag)
        return self._best

    @property
    def by_depth(self) -> bool:
        """Tell whether depth decides at present."""
        if self.tag is None or self._missing >= MISSING_MAX:
            return True
        return self._clock() - self._moved_at >= STALL_S
