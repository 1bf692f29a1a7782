"""Records of the store that cannot be read: another version of Tribune wrote them, or they are damaged.

Such a record harms nothing but itself: whoever meets it goes on without it. Each is counted once, and the first of a
sort is said, since an upgrade may leave thousands of them.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import msgspec
import structlog

MOST_MET: Final = 10_000  # names that are remembered of a sort, so as not to be counted again
T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Unreadable(NamedTuple):
    """A record that is there and cannot be read."""

    id: str
    why: str


class Unread:
    """Reads records, and counts those that it could not."""

    def __init__(self) -> None:
        self._met: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._met.values()))

    def read(self, sort: str, name: str, text: bytes, decode: Callable[[bytes], T]) -> T | None:
        """Read one record; None when it cannot be read."""
        try:
            return decode(text)
        except msgspec.MsgspecError as error:
            self.note(sort, Unreadable(name, str(error)))
            return None

    def note(self, sort: str, record: Unreadable) -> None:
        """Count a record that somebody else could not read."""
        met = self._met.setdefault(sort, set())
        if not met:
            _log.warning("a record cannot be read and is left out", of=sort, record=record.id, why=record.why)
        if len(met) < MOST_MET:
            met.add(record.id)
