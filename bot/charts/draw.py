"""Drawing, with matplotlib: a plot in, the bytes of a PNG out. Runs in the drawing process; the bot never imports it.

One style: an own dark background that reads on Discord's dark and light, letters of 12 pixels when a phone shows the
picture 400 pixels wide, the palette of Okabe and Ito, which colour-blind people can tell apart, and never colour alone:
each line has its own dash, marker and name. No global state: `Figure` and Agg, no pyplot.
"""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bot.charts.alt import number
from bot.charts.plots import (
    LINES,
    PANELS,
    TITLE,
    Lorenz,
    Panel,
    Plot,
    Trend,
    curves_of,
    lines_of,
    named,
)

WIDTH_IN, DPI = 5.0, 160
BACK, INK, QUIET, GRID = "#1e2127", "#f2f3f5", "#b5bac1", "#3a3f47"
COLOURS = ("#56b4e9", "#e69f00", "#2fc49a", "#e48fbf")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D")
SHORT = 16  # characters of a name, of which two stand side by side
FEW = 40  # up to so many points each one gets a marker
_STYLE: Any = {
    "text.parse_math": False,  # a name with two dollar signs is a name
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.facecolor": BACK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": QUIET,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.title_fontsize": 9,
    "legend.handlelength": 2.6,
    "figure.facecolor": BACK,
    "savefig.facecolor": BACK,
    "timezone": "UTC",
}


def draw(plot: Plot) -> bytes:
    """Draw a plot."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, _height(plot)), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(named(plot.title, TITLE), x=0.02, ha="left", fontsize=12, fontweight="bold")
        match plot:
            case Lorenz():
                _lorenz(plot, figure)
            case Trend():
                _trend(plot, figure)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()


def _height(plot: Plot) -> float:
    match plot:
        case Lorenz():
            return 4.4
        case Trend():
            rows = sum(len(panel.lines[:LINES]) for panel in plot.panels[:PANELS])
            return 1.0 + 1.35 * max(1, min(len(plot.panels), PANELS)) + 0.2 * rows


def _empty(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "Nothing to show yet", ha="center", va="center", transform=axes.transAxes, color=QUIET)


def _percent(value: float, _: int) -> str:
    return f"{value:.0%}"


def _lorenz(plot: Lorenz, figure: Figure) -> None:
    axes, curves = figure.add_subplot(), curves_of(plot)
    if not curves:
        _empty(axes)
        return
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1.2, linestyle=(0, (2, 3)), label="all have the same")
    for at, curve in enumerate(curves):
        xs, ys = zip(*curve.points, strict=True)
        has = "has" if curve.half_n == 1 else "have"
        label = f"{named(curve.name)}: Gini {curve.gini:.3f}\n{curve.half_n:,} of {curve.n:,} {has} half"
        axes.plot(xs, ys, color=COLOURS[at], linestyle=DASHES[at], linewidth=2.2, label=f"\u200a{label}")
        x = 1 - curve.half_n / curve.n
        axes.plot(x, _at(curve.points, x), MARKERS[at], color=COLOURS[at], markeredgecolor=INK, markersize=8, zorder=4)
    axes.axhline(0.5, color=QUIET, linewidth=0.9)
    axes.text(0.01, 0.515, "half of everything", color=QUIET, fontsize=9)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02), xlabel="share of addresses, smallest first", ylabel="share of votes held")
    axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    handles, labels = axes.get_legend_handles_labels()
    box = {"frameon": True, "framealpha": 0.85, "facecolor": axes.get_facecolor(), "edgecolor": "none"}
    axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(0, 1.02), **box)


def _at(points: tuple[tuple[float, float], ...], x: float) -> float:
    """Read a curve at a place between its points."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= x <= x1:
            return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def _trend(plot: Trend, figure: Figure) -> None:
    panels = plot.panels[:PANELS]
    drawn = [(panel, [line for line in lines_of(panel) if any(v is not None for _, v in line[1])]) for panel in panels]
    if not any(lines for _, lines in drawn):
        _empty(figure.add_subplot())
        return
    column = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    colour = 0
    for axes, (panel, lines) in zip(column, drawn, strict=True):
        _panel(axes, panel, lines, colour)
        colour += len(lines)
    locator = AutoDateLocator(  # type: ignore[no-untyped-call] # matplotlib has no types here
        minticks=3, maxticks=6, tz=UTC
    )
    column[-1].xaxis.set_major_locator(locator)
    column[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call] # the same


def _panel(axes: Axes, panel: Panel, lines: list[tuple[str, list[tuple[int, float | None]]]], colour: int) -> None:
    for at, (name, points) in enumerate(lines):
        n = (colour + at) % len(COLOURS)
        times = [datetime.fromtimestamp(when, UTC) for when, _ in points]
        values = [float("nan") if value is None else value for _, value in points]
        every = 1 if len(points) <= FEW else max(1, len(points) // 12)
        last = next(value for _, value in reversed(points) if value is not None)
        axes.plot(
            times,  # type: ignore[arg-type] # its stubs know of no datetime, its documentation does
            values,
            color=COLOURS[n],
            linestyle=DASHES[n],
            linewidth=2,
            marker=MARKERS[n],
            markersize=4.5,
            markevery=every,
            label=f"\u200a{name}: {number(last, panel.unit)}",
        )
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=panel.unit == "count"))
    axes.yaxis.set_major_formatter(FuncFormatter(_tick(axes, panel.unit)))
    axes.margins(y=0.15)
    low, high = axes.get_ylim()
    if high - low < 1e-4 or panel.unit == "count":  # a flat line is no storm  # noqa: PLR2004
        axes.set_ylim(max(0, low - 1) if panel.unit == "count" else low - 0.01, high + (panel.unit == "count") + 0.01)
    if not lines:
        axes.set_title(named(panel.title, TITLE), loc="left", color=QUIET, fontsize=10)
        return
    short = len(lines) == 1 or max(len(name) for name, _ in lines) <= SHORT
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2 if short else 1,
        title=named(panel.title, TITLE),
        alignment="left",
        borderaxespad=0.1,
    )


def _tick(axes: Axes, unit: str) -> Callable[[float, int], str]:
    """Write ticks so that neighbours differ."""

    def write(value: float, _: int) -> str:
        low, high = axes.get_ylim()
        if unit == "share":
            return f"{value:.{0 if high - low > 0.04 else 1 if high - low > 0.004 else 2}%}"  # noqa: PLR2004
        return number(value, unit) if unit == "count" or high - low > 1 else f"{value:.3f}"

    return write
