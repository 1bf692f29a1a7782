"""Timing: the median of several runs, after one that warms up."""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles


def median_s(work: Callable[[], object], *, runs: int) -> float:
    """Give the median seconds of `runs` runs."""
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def percentile(values: Sequence[float], percent: int) -> float:
    """Give a percentile of many values, 1 to 99."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
