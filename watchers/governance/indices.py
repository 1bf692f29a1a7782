"""Who can decide: the Banzhaf and the Shapley-Shubik index of the game [quota; weights]. Pure.

A coalition wins with at least the quota. Banzhaf: a player's chance to turn losing into winning when each other joins
with probability 1/2; normalised, so that all add up to 1. Shapley-Shubik: the same chance, averaged over every p from
0 to 1; it adds up to 1 by itself. The integral over p is taken at Gauss-Legendre points; floor(n / 2) + 1 are exact.

    enumeration    few players: every coalition, in integers of any size
    convolution    weights that fit into the buckets, after division by what they have in common
    buckets        any other weights: rescaled; the error is estimated: twice the largest difference to fewer ones
    monte-carlo    Shapley-Shubik where the integral would take too long: each value is within the error at 95 %

Errors: ValueError for a quota that is not within 1 and the total.
Source: J. Banzhaf 1965; L. Shapley, M. Shubik 1954; G. Owen 1972; W. Hoeffding 1963.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, factorial, log, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchers.governance.lattice import Lattice, lattice, sampled, swings
from watchers.governance.power import Floats, Holdings

Method = Literal["enumeration", "convolution", "buckets", "monte-carlo"]

BUCKETS = 10_000
FEW = 16  # players: 65,536 coalitions
SAMPLES = 100_000
_MOST_POINTS = 1_024
_MOST_WORK = 10_000_000_000  # players x steps x points: a few seconds
_COARSER = (1 / 2, 3 / 5, 3 / 4)  # a single one may come near by luck
_ROUNDING = 1e-9  # more than ten thousand alternating float64 terms lose
_LOST = 1e-12
_DOUBT = 0.05


class Index(NamedTuple):
    """An index of every player, in the order of the weights."""

    quota: int
    method: Method
    buckets: int | None
    error: float
    """What a value, as it is or normalised, may be wrong by."""
    values: Floats

    @property
    def normalised(self) -> Floats | None:
        """The values, brought to a sum of 1; None where no value rises above what float64 loses."""
        return None if float(self.values.max()) < _LOST else _to_one(self.values)


def banzhaf(weights: Sequence[int], quota: int, *, buckets: int = BUCKETS) -> Index:
    """Give the absolute Banzhaf index. Raises ValueError."""
    holdings, there = _held(weights, quota)
    if holdings.n <= FEW:
        turned = [float(pivotal.sum()) / 2 ** (holdings.n - 1) for pivotal in _pivotal(holdings.balances, quota)]
        return Index(quota, "enumeration", None, 0.0, _placed(there, turned))
    half = np.array([0.5])  # it is its own mirror image, hence half a factor
    method, steps, error, values = _on_steps(holdings, quota, buckets, lambda game: swings(game, half, half))
    return Index(quota, method, steps, error, _placed(there, values))


def shapley_shubik(weights: Sequence[int], quota: int, *, buckets: int = BUCKETS, seed: int = 0) -> Index:
    """Give the Shapley-Shubik index; `seed` is of use only beyond a size. Raises ValueError."""
    holdings, there = _held(weights, quota)
    n = holdings.n
    if n <= FEW:
        chances = [_by_orders(n, pivotal) for pivotal in _pivotal(holdings.balances, quota)]
        return Index(quota, "enumeration", None, 0.0, _placed(there, chances))
    points, factors = _points(holdings)
    game = lattice(holdings, quota, buckets)
    if game.players * game.total * len(points) > _MOST_WORK:
        error = sqrt(log(2 / _DOUBT) / (2 * SAMPLES))  # Hoeffding's bound
        return Index(quota, "monte-carlo", game.total, error, _placed(there, sampled(game, SAMPLES, seed)))
    method, steps, error, values = _on_steps(holdings, quota, buckets, lambda on: swings(on, points, factors))
    return Index(quota, method, steps, max(error, abs(1 - float(values.sum()))), _placed(there, values))


def _held(weights: Sequence[int], quota: int) -> tuple[Holdings, NDArray[np.bool_]]:
    """Leave out who has nothing, and so no power; tell where the others stand."""
    there = np.fromiter((weight != 0 for weight in weights), np.bool_, len(weights))
    holdings = Holdings([weight for weight in weights if weight])
    if not 1 <= quota <= holdings.total:
        raise ValueError(f"the quota {quota} is not within 1 and the total {holdings.total}")
    return holdings, there


def _placed(there: NDArray[np.bool_], values: Sequence[float] | Floats) -> Floats:
    found = np.zeros(len(there))
    found[there] = values
    return found


def _to_one(values: Floats) -> Floats:
    normalised: Floats = values / values.sum()
    return normalised


def _on_steps(
    holdings: Holdings, quota: int, buckets: int, chances: Callable[[Lattice], Floats]
) -> tuple[Method, int, float, Floats]:
    """Play the game on steps, and, where that is not exact, on fewer to see what they matter."""
    game = lattice(holdings, quota, buckets)
    values = chances(game)
    if game.exact:
        return "convolution", game.total, _ROUNDING, values
    apart = [_ROUNDING]
    for parts in _COARSER:
        coarse = chances(lattice(holdings, quota, int(buckets * parts)))
        apart.append(2 * float(np.abs(values - coarse).max()))
        if min(float(values.max()), float(coarse.max())) >= _LOST:
            apart.append(2 * float(np.abs(_to_one(values) - _to_one(coarse)).max()))
    return "buckets", game.total, max(apart), values


def _points(holdings: Holdings) -> tuple[Floats, Floats]:
    """Choose points of the integral, those up to 1/2, and their factors.

    The chance is a polynomial in p of degree n - 1. With many players it is smooth over the spread of the smaller ones'
    sum, which is half of one over the root of their effective number; points that are dense against it resolve it.
    """
    rest = np.cumsum(holdings.sorted_shares[::-1])
    squares = np.cumsum(holdings.sorted_shares[::-1] ** 2)
    effective = float((rest * rest / squares).max())
    count = min(holdings.n // 2 + 1, 64 + ceil(4 * sqrt(effective)), _MOST_POINTS)
    places, factors = np.polynomial.legendre.leggauss(count)
    lower = (count + 1) // 2
    points: Floats = (places[:lower] + 1) / 2
    factors = factors[:lower] / 2
    if count % 2:
        points[-1] = 0.5
        factors[-1] /= 2  # the middle is its own mirror image
    return points, factors


def _pivotal(weights: Sequence[int], quota: int) -> list[NDArray[np.int64]]:
    """Count, for each player, the coalitions of the others that it turns, by their size."""
    sums = [0]
    for weight in weights:
        sums += [reached + weight for reached in sums]
    wins = np.array([reached >= quota for reached in sums])
    coalitions = np.arange(len(sums))
    found = []
    for player in range(len(weights)):
        others = coalitions[coalitions >> player & 1 == 0]
        turned = others[wins[others | 1 << player] & ~wins[others]]
        found.append(np.bincount(np.bitwise_count(turned), minlength=len(weights)))
    return found


def _by_orders(n: int, pivotal: NDArray[np.int64]) -> float:
    """Give the share of all n! orders in which a player comes right when the quota is reached."""
    orders = sum(many * factorial(size) * factorial(n - 1 - size) for size, many in enumerate(pivotal.tolist()))
    return float(Fraction(orders, factorial(n)))
