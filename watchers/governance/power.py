"""How unequally power is held: concentration, entropy, and how few holders are enough. Pure.

    share s_i          x_i / total
    Gini               2 sum(i x_(i)) / (n total) - (n + 1) / n, ascending; 0 when all are equal, at most (n - 1) / n
    HHI                sum s_i^2; 1 / HHI is the effective number of equal holders
    reach(amount)      fewest holders whose balances sum up to at least `amount`, decided by integers
    nakamoto           reach(more than half of the total)
    entropy H          -sum s_i log2 s_i, bits; evenness is H / log2 n, without meaning for one holder
    min-entropy        -log2 of the largest share, bits
    Theil T            mean(x / mean ln(x / mean)), nats; within classes sum_g s_g T_g, between sum_g s_g ln(s_g / p_g)
    top p %            the floor(n p) largest, and one holder at least: of fewer than 100 the top 1 % is the largest

A balance of zero is a holder like any other here: whoever does not want it leaves it out.
Units: balances are integers of any size (base units); shares 0..1.
Errors: ValueError where no balance is above zero, or one is below.
Source: C. Gini 1912; O. Hirschman 1945; H. Theil 1967; B. Srinivasan, "Quantifying Decentralization", 2017.
"""

from collections.abc import Hashable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FLOAT_BITS = 960  # above this, squares of sums leave float64's range; balances are at most 256 bits wide on any chain
_EPSILON = float(np.finfo(np.float64).eps)


class Measures(NamedTuple):
    """Everything that one distribution tells; the module says what each is."""

    n: int
    total: int
    gini: float
    hhi: float
    effective_number: float
    nakamoto: int
    shannon_bits: float
    evenness: float | None
    min_entropy_bits: float
    theil: float
    top1: float
    top10: float
    top_1pct: float
    top_10pct: float


class ClassShare(NamedTuple):
    """One class of holders: how many, their share of everything, and how unequal they are among themselves."""

    name: Hashable
    n: int
    share: float
    theil: float


class TheilSplit(NamedTuple):
    """Theil's T in two parts, and the classes, the one with the largest share first."""

    within: float
    between: float
    classes: tuple[ClassShare, ...]


class Holdings:
    """Balances, ready to be measured: exact integers, and their shares as float64, the largest first."""

    def __init__(self, balances: Sequence[int]) -> None:
        """Take any sequence of integers. Raises ValueError."""
        self.balances = balances
        self.n = len(balances)
        self.total = sum(balances)
        if min(balances, default=0) < 0:
            raise ValueError("a balance is below zero")
        if not self.total:
            raise ValueError("no balance is above zero")

    @cached_property
    def shares(self) -> Floats:
        """Shares in the order given."""
        spare = max(0, self.total.bit_length() - _FLOAT_BITS)
        fitting = (balance >> spare for balance in self.balances) if spare else self.balances
        return np.fromiter(fitting, np.float64, self.n) / float(self.total >> spare)

    @cached_property
    def sorted_shares(self) -> Floats:
        """Shares, the largest first."""
        return np.sort(self.shares)[::-1]

    @cached_property
    def _running(self) -> Floats:
        return np.cumsum(self.sorted_shares)

    def top(self, k: int) -> float:
        """Give the share of the k largest."""
        return 1.0 if k >= self.n else min(float(self._running[k - 1]), 1.0)

    def lorenz(self, most: int = 201) -> tuple[tuple[float, float], ...]:
        """Give at most `most` points of the Lorenz curve: share of holders, the smallest first, and what they hold."""
        at = np.unique(np.linspace(0, self.n, most).round().astype(np.int64))
        held = 1.0 - np.concatenate(([0.0], self._running))[self.n - at]
        held[0], held[-1] = 0.0, 1.0
        return tuple(zip((at / self.n).tolist(), held.clip(0.0, 1.0).tolist(), strict=True))

    def reach(self, amount: int) -> int | None:
        """Count the fewest holders who have at least `amount` together; None where all of them have less."""
        if amount > self.total:
            return None
        slack = 2 * (self.n + 4) * _EPSILON  # what the running sum may be wrong by
        low, high = np.searchsorted(self._running, [amount / self.total - slack, amount / self.total + slack])
        if low == high:
            return int(low) + 1
        sums = accumulate(sorted(self.balances, reverse=True))
        return next(k for k, reached in enumerate(sums, 1) if reached >= amount)


def measure(holdings: Holdings) -> Measures:
    """Measure a distribution."""
    n, shares = holdings.n, holdings.sorted_shares
    hhi = float(shares @ shares)
    bits = shannon_bits(shares)
    nakamoto = holdings.reach(holdings.total // 2 + 1)
    assert nakamoto is not None  # noqa: S101 - half and a unit is at most all there is
    return Measures(
        n=n,
        total=holdings.total,
        gini=gini(shares),
        hhi=hhi,
        effective_number=1 / hhi,
        nakamoto=nakamoto,
        shannon_bits=bits,
        evenness=min(bits / float(np.log2(n)), 1.0) if n > 1 else None,
        min_entropy_bits=max(-float(np.log2(shares[0])), 0.0),
        theil=_theil(n, bits),
        top1=holdings.top(1),
        top10=holdings.top(10),
        top_1pct=holdings.top(one_in(100, n)),
        top_10pct=holdings.top(one_in(10, n)),
    )


def one_in(parts: int, n: int) -> int:
    """Count the holders of the top hundredth or tenth: whole ones, and one at least."""
    return max(n // parts, 1)


def gini(descending: Floats) -> float:
    """Give the Gini coefficient of shares that are sorted, the largest first."""
    n = len(descending)
    # with ranks from the top, j = n + 1 - i, the textbook's formula becomes (n + 1 - 2 sum(j s_j)) / n
    ranked = float(np.arange(1, n + 1, dtype=np.float64) @ descending)
    return min(max((n + 1 - 2 * ranked) / n, 0.0), 1.0)


def shannon_bits(shares: Floats) -> float:
    """Give the entropy of shares in bits; nobody's share adds nothing."""
    held = shares[shares > 0]
    return max(-float(held @ np.log2(held)), 0.0)


def theil_split(holdings: Holdings, classes: Sequence[Hashable]) -> TheilSplit:
    """Part Theil's T into what lies within classes and what between them; `classes` has one entry a balance."""
    numbers: dict[Hashable, int] = {}
    of_holder = np.fromiter((numbers.setdefault(name, len(numbers)) for name in classes), np.int64, holdings.n)
    counts = np.bincount(of_holder)
    sums = np.bincount(of_holder, weights=holdings.shares)
    held = np.where(holdings.shares > 0, holdings.shares, 1.0)
    bits = -np.bincount(of_holder, weights=held * np.log2(held) * (holdings.shares > 0))
    told = []
    within = between = 0.0
    for name, count, share, part in zip(numbers, counts.tolist(), sums.tolist(), bits.tolist(), strict=True):
        # entropy inside a class from the parts of the whole's: H_g = part / s_g + log2 s_g
        theil = _theil(count, part / share + float(np.log2(share))) if share else 0.0
        told.append(ClassShare(name, count, share, theil))
        within += share * theil
        between += share * float(np.log(share * holdings.n / count)) if share else 0.0
    return TheilSplit(within, max(between, 0.0), tuple(sorted(told, key=lambda one: -one.share)))


def _theil(n: int, bits: float) -> float:
    """Give T from the entropy: T = ln n - H, in nats."""
    return max(float(np.log(n) - bits * np.log(2)), 0.0)
