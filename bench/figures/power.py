"""How unequal a million balances are, and who of 200 can decide, beside the same without NumPy or without batches."""

import random
from collections.abc import Sequence
from itertools import accumulate
from math import log2

import numpy as np

from bench.clock import median_s
from bench.figure import Figure, at_most
from watchers.governance import power
from watchers.governance.indices import Index, banzhaf, shapley_shubik
from watchers.governance.power import Floats, Holdings

HOLDERS = 1_000_000
PLAYERS, STEPS = 200, 10_000
POINTS = PLAYERS // 2 + 1
RUNS, PEER_RUNS = 5, 2
PLAIN = ("gini", "hhi", "nakamoto", "shannon_bits", "top_1pct")
MOST_S, MOST_BANZHAF_S, MOST_SHAPLEY_S = 0.3, 0.2, 5


async def measure() -> Sequence[Figure]:
    """Time ours and the peers', after comparing what they give."""
    draw = random.Random(20)  # noqa: S311 - the same balances in every run
    balances = [int(draw.paretovariate(1.1) * 10**18) for _ in range(HOLDERS)]
    measured = power.measure(Holdings(balances))
    if not np.allclose([getattr(measured, name) for name in PLAIN], _plain(balances), rtol=1e-9):
        raise AssertionError("plain Python measures these balances otherwise")
    weights, quota = _game(draw), STEPS // 2 + 1
    half = banzhaf(weights, quota)
    if not np.allclose(half.values, _counted(weights, quota), atol=1e-9) or not _exact(half):
        raise AssertionError("the counted coalitions give another Banzhaf index")
    if not np.allclose(half.values, _one_point(weights, quota, 0.5), atol=1e-9):
        raise AssertionError("removing player by player gives other chances")
    if not _exact(shapley_shubik(weights, quota)):
        raise AssertionError("the Shapley-Shubik index of this game is not exact")
    distribution = median_s(lambda: power.measure(Holdings(balances)), runs=RUNS)
    plain = median_s(lambda: _plain(balances), runs=PEER_RUNS)
    banzhaf_s = median_s(lambda: banzhaf(weights, quota), runs=RUNS)
    counted = median_s(lambda: _counted(weights, quota), runs=PEER_RUNS)
    shapley_s = median_s(lambda: shapley_shubik(weights, quota), runs=RUNS)
    point = median_s(lambda: _one_point(weights, quota, 0.5), runs=PEER_RUNS)
    game = f"{PLAYERS} players, {STEPS:,} steps, exact"
    return (
        Figure(
            "power.distribution", distribution, "s", f"plain Python, {len(PLAIN)} measures", plain, at_most(MOST_S),
            f"Python integers to all measures, {HOLDERS:,} balances in wei; median of {RUNS} runs, {PEER_RUNS} beside",
        ),
        Figure(
            "power.banzhaf", banzhaf_s, "s", "plain Python counting", counted, at_most(MOST_BANZHAF_S),
            f"{game}; both give the same",
        ),
        Figure(
            "power.shapley", shapley_s, "s", "NumPy, player by player", point * POINTS, at_most(MOST_SHAPLEY_S),
            f"{game}; beside it one of the {POINTS} points of the integral, measured and multiplied",
        ),
    )  # fmt: skip


def _game(draw: random.Random) -> list[int]:
    """Share the steps among the players at random, one at least each."""
    cuts = sorted(draw.sample(range(1, STEPS), PLAYERS - 1))
    return [after - before for before, after in zip([0, *cuts], [*cuts, STEPS], strict=True)]


def _exact(index: Index) -> bool:
    return (index.method, index.buckets) == ("convolution", STEPS) and index.error < 1e-6  # noqa: PLR2004 - rounding only


def _plain(balances: Sequence[int]) -> tuple[float, ...]:
    """Measure the same without NumPy, each as its formula has it."""
    ascending, total, n = sorted(balances), sum(balances), len(balances)
    shares = [balance / total for balance in ascending]
    gini = 2 * sum(i * share for i, share in enumerate(shares, 1)) / n - (n + 1) / n
    nakamoto = next(k for k, reached in enumerate(accumulate(reversed(ascending)), 1) if 2 * reached > total)
    bits = -sum(share * log2(share) for share in shares)
    return gini, sum(share * share for share in shares), nakamoto, bits, sum(shares[-(n // 100) :])


def _counted(weights: Sequence[int], quota: int) -> list[float]:
    """Count coalitions by their weight, in integers, and take each player out again."""
    total = sum(weights)
    ways = [1] + [0] * total
    for weight in weights:
        for reached in range(total, weight - 1, -1):
            ways[reached] += ways[reached - weight]
    found: dict[int, float] = {}
    for weight in set(weights):
        others = ways[:quota]
        for reached in range(weight, quota):
            others[reached] -= others[reached - weight]
        found[weight] = sum(others[max(quota - weight, 0) :]) / 2 ** (len(weights) - 1)
    return [found[weight] for weight in weights]


def _one_point(weights: Sequence[int], quota: int, p: float) -> Floats:
    """Give each player's chance at one p: convolve, then undo each player in turn, block by block of its weight."""
    total = sum(weights)
    joined = np.zeros(total + 1)
    joined[0] = 1.0
    for weight in weights:
        moved = joined[:-weight] * p
        joined *= 1 - p
        joined[weight:] += moved
    chances = np.empty(len(weights))
    for player, weight in enumerate(weights):
        others = joined / (1 - p)
        for at in range(weight, total + 1, weight):
            block = others[at : at + weight]
            block -= others[at - weight : at][: len(block)] * (p / (1 - p))
        chances[player] = others[max(quota - weight, 0) : quota].sum()
    return chances
