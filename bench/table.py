"""Figures as rows for people and as JSON lines for programs."""

import json
import os
import platform
from collections.abc import Iterable, Sequence

from bench.figure import Figure

HEADINGS = ("figure", "value", "target", "met", "beside it", "its value", "ratio")
RIGHT = frozenset({1, 5, 6})  # columns of numbers
SMALL = 10.0


def machine() -> str:
    """Name what the figures were measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores, {python}, {platform.system()} {platform.release()} {platform.machine()}"


def number(value: float) -> str:
    """Write a number as a person reads it: whole above a thousand, three digits below."""
    if value == int(value) or abs(value) >= 99.95:  # noqa: PLR2004 - 100 when drawn; digits behind are noise from here
        return f"{value:,.0f}"
    if abs(value) < 1:
        return f"{value:.2g}"
    return f"{value:.2f}" if abs(value) < SMALL else f"{value:.1f}"


def json_line(figure: Figure) -> str:
    """Write a figure as one line of JSON."""
    return json.dumps(
        {
            "name": figure.name,
            "value": _rounded(figure.value),
            "unit": figure.unit,
            "beside": figure.beside,
            "beside_value": _rounded(figure.beside_value),
            "ratio": _rounded(figure.ratio),
            "target": str(figure.target) if figure.target is not None else None,
            "meets": figure.meets,
        }
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def table(figures: Sequence[Figure]) -> Iterable[str]:
    """Draw the rows, then what each of them is."""
    rows = [HEADINGS, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    for at, row in enumerate(rows):
        yield "  ".join(_padded(cell, widths[n], right=n in RIGHT) for n, cell in enumerate(row)).rstrip()
        if at == 0:
            yield "  ".join("-" * width for width in widths)
    notes = [(figure.name, figure.note) for figure in figures if figure.note]
    if notes:
        yield ""
        yield from (f"{name}: {note}" for name, note in notes)


def _padded(cell: str, width: int, *, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def _cells(figure: Figure) -> tuple[str, ...]:
    target = figure.target
    return (
        figure.name,
        f"{number(figure.value)} {figure.unit}".rstrip(),
        f"{target.kind} {number(target.value)}" if target else "",
        {True: "yes", False: "NO", None: ""}[figure.meets],
        figure.beside or "",
        number(figure.beside_value) if figure.beside_value is not None else "",
        f"{number(figure.ratio)}x" if figure.ratio is not None else "",
    )
