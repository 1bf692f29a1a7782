"""Lists that fit one message: whole rows or none, and a word on those that are left out.

Source: Discord documentation, "Message Resource": 4000 characters over all texts.
"""

from collections.abc import Sequence

TEXT = 4000
BYTES = 10_170  # UTF-8 bytes + 12 for each text display; beyond, one reporter measured HTTP 500
CHARS = TEXT - 700  # the rest is for headline, subject and small print
SIZE = BYTES - 1_800


def fitting(rows: Sequence[str], limit: int | None = None, *, room: int = CHARS) -> tuple[tuple[str, ...], int]:
    """Give the rows from the first on that fit into `room` characters, at most `limit`, and how many are left out."""
    kept: list[str] = []
    chars = size = 0
    for row in rows[:limit]:
        chars += len(row) + 1
        size += len(row.encode()) + 1
        if chars > room or size > SIZE:
            break
        kept.append(row)
    return tuple(kept), len(rows) - len(kept)


def listed(rows: Sequence[str]) -> list[str]:
    """Give each row the mark of a list: a long one wraps, and the next must be seen to begin."""
    return [f"- {row}" for row in rows]


def counted(number: int, one: str, many: str = "") -> str:
    """Write `1 vote`, `2 votes`, `0 votes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
