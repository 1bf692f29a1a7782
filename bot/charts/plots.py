"""What may be drawn, as data: it travels to the drawing process and back into words, and imports nothing heavy.

Every name may come from a chain: `named` makes it harmless. A value that is no finite number is left out of the
picture. Units: shares 0..1; times in seconds since 1970; coordinates are floats, since they are drawn and not summed.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TypeVar

import msgspec

from bot.cards.escape import clean, cut

T = TypeVar("T")

NAME = 28  # characters of a name in a picture
TITLE = 44
CURVES, LINES, PANELS = 4, 4, 3
POINTS = 500  # a line has no more: the picture is 800 pixels wide
FIRST_S, LAST_S = 0, 7_258_118_400  # 1970 to 2200: a chain may claim any time


def named(text: str, limit: int = NAME) -> str:
    """Give a text as a picture may show it: cleaned, cut, and never empty."""
    return cut(clean(text), limit) or "(no name)"


class Curve(msgspec.Struct, frozen=True):
    """A Lorenz curve: shares of holders, the smallest first, and of what they hold; `half_n` of the `n` holders, the
    largest, have more than half.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    gini: float
    n: int
    half_n: int


class Lorenz(msgspec.Struct, frozen=True, tag=True):
    """How unequal holdings are; at most `CURVES` are drawn."""

    title: str
    curves: tuple[Curve, ...]


class Line(msgspec.Struct, frozen=True):
    """One line over time; None where the value is unknown."""

    name: str
    points: tuple[tuple[int, float | None], ...]


class Panel(msgspec.Struct, frozen=True):
    """Lines of one unit: `share` is drawn as per cent, `count` in whole numbers, `plain` as it is."""

    title: str
    lines: tuple[Line, ...]
    unit: str = "plain"


class Trend(msgspec.Struct, frozen=True, tag=True):
    """Lines over one time, one panel a unit, since two scales on one panel mislead."""

    title: str
    panels: tuple[Panel, ...]


Plot = Lorenz | Trend


def lines_of(panel: Panel) -> list[tuple[str, list[tuple[int, float | None]]]]:
    """Give the lines that are drawn: in order of time, within the calendar, thinned to `POINTS`."""
    found = []
    for line in panel.lines[:LINES]:
        points = sorted((p for p in line.points if FIRST_S <= p[0] <= LAST_S), key=lambda p: p[0])
        finite = [(at, value if value is not None and isfinite(value) else None) for at, value in points]
        found.append((named(line.name), thinned(finite)))
    return found


def thinned(points: Sequence[T], most: int = POINTS) -> list[T]:
    """Take evenly spread points, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[at * (len(points) - 1) // (most - 1)] for at in range(most)]


def curves_of(plot: Lorenz) -> list[Curve]:
    """Give the curves that are drawn: those with points within the square."""
    return [c for c in plot.curves[:CURVES] if len(c.points) > 1 and all(_inside(p) for p in c.points)]


def _inside(point: Iterable[float]) -> bool:
    return all(isfinite(v) and -1e-9 <= v <= 1 + 1e-9 for v in point)  # noqa: PLR2004 - what floats lose
