"""What has been told of the blocks that are not final yet, so that a second reading can be compared with it. Pure."""

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from watchers.chain.block import Block, Cursor, Log

BLOCKS_MAX = 20_000  # of a chain with quarter-second blocks, over an hour

_Ids: TypeAlias = "array[int]"


def _id(log: Log) -> int:
    return hash((log.transaction_hash, log.log_index))


class Told:
    """Hash and logs of each block told, the logs as numbers of 8 bytes; the oldest are dropped beyond the bound."""

    def __init__(self, known: Iterable[Cursor] = ()) -> None:
        self._blocks: OrderedDict[int, tuple[str, _Ids | None]] = OrderedDict()
        for cursor in sorted(known, key=lambda c: c.number):
            self._blocks[cursor.number] = (cursor.hash, None)  # told before a restart: which logs is not known here

    def __len__(self) -> int:
        return len(self._blocks)

    def add(self, block: Block) -> None:
        """Note a block that was told, or its logs anew."""
        self._blocks[block.header.height] = (block.header.hash, array("q", map(_id, block.logs)))
        if len(self._blocks) > BLOCKS_MAX:
            self._blocks.popitem(last=False)

    def forget(self, number: int) -> None:
        """Drop a block that was taken back."""
        self._blocks.pop(number, None)

    def forget_to(self, number: int) -> None:
        """Drop every block up to a number."""
        while self._blocks and next(iter(self._blocks)) <= number:
            self._blocks.popitem(last=False)

    def hash_of(self, number: int) -> str | None:
        """Give the hash that was told, None for a block that was passed over or is no longer remembered."""
        return self._blocks[number][0] if number in self._blocks else None

    def is_news(self, number: int, logs: Sequence[Log]) -> bool:
        """Tell whether a second reading of a block holds a log that was not told."""
        ids = self._blocks[number][1] if number in self._blocks else array("q")
        return bool(logs) and (ids is None or not set(map(_id, logs)) <= set(ids))

    def lacks(self, number: int, logs: Sequence[Log]) -> bool:
        """Tell whether a second reading misses a log that was told."""
        ids = self._blocks[number][1] if number in self._blocks else None
        return ids is not None and not set(ids) <= set(map(_id, logs))
