"""A picture in words, for whoever cannot see it: the numbers that it shows. Pure.

Source: Discord documentation, "Component Reference": the description of a gallery's item has at most 1024 characters.
"""

from datetime import UTC, datetime

from bot.cards.escape import cut
from bot.charts.plots import TITLE, Lorenz, Plot, Trend, curves_of, lines_of, named

ALT = 1024
_SMALL, _FINE, _HUGE = 0.0001, 0.001, 1e15
_LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def alt(plot: Plot) -> str:
    """Say what a picture shows."""
    title = named(plot.title, TITLE)
    match plot:
        case Lorenz():
            said = _lorenz(plot)
        case Trend():
            said = _trend(plot)
    return cut(f"{title}. {said or 'Nothing to show yet.'}", ALT)


def number(value: float, unit: str) -> str:
    """Write a value of a picture in its unit."""
    if unit == "share":
        return f"{value:.1%}" if value >= _SMALL or not value else "under 0.01%"
    if unit == "count":
        return f"{value:,.0f}"
    size = abs(value)
    if size < 1:
        return f"{value:.3f}" if size >= _FINE or not value else f"{value:.2g}"
    for least, letter in _LETTERS:
        if size >= least:
            return f"{value / least:.3g}{letter}" if size < _HUGE else f"{value:.2e}"
    return f"{value:,.4g}"


def day(at_s: int) -> str:
    """Write a day, UTC."""
    at = datetime.fromtimestamp(at_s, UTC)
    return f"{at.day} {at:%b %Y}"


def _lorenz(plot: Lorenz) -> str:
    parts = [f"{named(c.name)}: Gini {c.gini:.3f}, {_with_half(c.half_n, c.n)} more than half" for c in curves_of(plot)]
    return f"Lorenz curve. {'; '.join(parts)}." if parts else ""


def _with_half(few: int, n: int) -> str:
    return f"the largest of {n:,} has" if few == 1 else f"the {few:,} largest of {n:,} have"


def _trend(plot: Trend) -> str:
    parts = []
    for panel in plot.panels:
        for name, points in lines_of(panel):
            known = [(at, value) for at, value in points if value is not None]
            if len(known) == 1:
                parts.append(f"{name}: {number(known[0][1], panel.unit)} on {day(known[0][0])}")
            elif known:
                (since, first), (until, last) = known[0], known[-1]
                ends = f"{number(first, panel.unit)} on {day(since)} to {number(last, panel.unit)} on {day(until)}"
                low, high = min(v for _, v in known), max(v for _, v in known)
                parts.append(f"{name}: {ends}, lowest {number(low, panel.unit)}, highest {number(high, panel.unit)}")
    return f"{'; '.join(parts)}." if parts else ""
