"""Timing: the median of several runs, after one that warms up."""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles


def median_s(work: Callable[[], object], *, runs: int) -> float:
    """Give the median seconds of `runs` runs."""
    return medians_s([work], runs=runs)[0]


def medians_s(works: Sequence[Callable[[], object]], *, runs: int) -> list[float]:
    """Give each work's median seconds; they run in turn, so that a slow moment of the machine slows them all."""
    for work in works:
        work()
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for work, seconds in zip(works, taken, strict=True):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    return [median(seconds) for seconds in taken]


def percentile(values: Sequence[float], percent: int) -> float:
    """Give a percentile of many values, 1 to 99."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
