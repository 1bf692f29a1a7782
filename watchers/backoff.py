"""How long to wait after failures in a row. Units: seconds."""

MOST_DOUBLINGS = 64  # beyond it a float would overflow, and every wait has long been the longest


def backoff_s(failures: int, first_s: float, longest_s: float) -> float:
    """Give the wait after the n-th failure: the first, then twice as long each time, at most the longest."""
    return min(longest_s, first_s * 2.0 ** min(failures - 1, MOST_DOUBLINGS))
