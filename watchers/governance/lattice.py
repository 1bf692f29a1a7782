"""A weighted game on whole steps, and the chance that a player swings it when everybody joins with probability p. Pure.

    exact       weights and quota divided by their greatest common divisor, where their sum stays within the buckets
    rescaled    else the total becomes `buckets` steps; weights are rounded by largest remainder
    tail        what is below half a step: together a normal on whole steps, mean sum(p w), variance sum(p (1 - p) w^2)

The distribution of the joined weight is built by convolution, player by player. A player is removed by undoing its
step, g(k) = (1 - p) f(k) + p f(k - w), forward only: that is stable for p <= 1/2, and a p above it is read off the same
distribution as the chance to swing the dual game, where those who stay away must be more than total - quota.
A rounded player's chance is read at its true weight, between the steps around it, so that equal weights stay equal, and
a rounded quota between its two steps.

Source: G. Owen, "Multilinear Extensions of Games", 1972; D. Leech, "Computing Power Indices for Large Voting Games",
2003.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchers.governance.power import Floats, Holdings

Quotas = tuple[tuple[int, float], ...]

_BATCH = 16  # points at a time: their distributions stay in the processor's cache
_DRAWN = 10_000  # samples at a time
_LEAST_VARIANCE = 0.25  # of a tail on whole steps: rounding to the neighbours has no more


class Lattice(NamedTuple):
    """A game on whole steps; players of the same rounded size are one group."""

    exact: bool
    total: int
    """Steps of all, the tail's among them."""
    quotas: Quotas
    """The quota in steps; between two of them, both, with their shares."""
    sizes: NDArray[np.int64]
    """Each group's steps, ascending; 0 is the tail."""
    counts: NDArray[np.int64]
    group: NDArray[np.int64]
    """Each player's group."""
    weights: Floats
    """Each player's weight in steps, not rounded."""
    tail_steps: int
    tail_squares: float

    @property
    def players(self) -> int:
        """Count those who are convolved one by one."""
        return int(self.counts[self.sizes > 0].sum())


def lattice(holdings: Holdings, quota: int, buckets: int) -> Lattice:
    """Put a game on at most so many steps."""
    unit = gcd(*holdings.balances)
    if holdings.total // unit <= buckets:
        rounded = np.array([weight // unit for weight in holdings.balances], np.int64)
        quotas = ((-(-quota // unit), 1.0),)
        return _grouped(holdings.total // unit, quotas, rounded, rounded.astype(np.float64), exact=True)
    steps = holdings.shares * buckets
    return _grouped(buckets, _quotas(quota, holdings.total, buckets), _rounded(steps), steps, exact=False)


def swings(game: Lattice, points: Floats, factors: Floats) -> Floats:
    """Sum factor x chance over the points p <= 1/2 and their mirror images 1 - p, for each player."""
    sums = np.zeros((len(game.sizes), 3))
    for at in range(0, len(points), _BATCH):
        some, factor = points[at : at + _BATCH], factors[at : at + _BATCH]
        running = np.cumsum(_joined(game, some), axis=1)
        powers = np.cumprod(np.repeat(-some / (1 - some), game.total + 1).reshape(len(some), -1), axis=1)
        coefficients = np.hstack([np.ones((len(some), 1)), powers[:, :-1]]) / (1 - some)[:, None]
        for group, size in enumerate(game.sizes.tolist()):
            for quota, share in game.quotas:
                for below in (quota - 1, game.total - quota):
                    others = partial(_others, running, coefficients, size, below)
                    sums[group] += share * (_by_width(others, size) @ factor)
    return _spread(game, sums)


def sampled(game: Lattice, samples: int, seed: int) -> Floats:
    """Average each player's chance over coalitions drawn at p from 0 to 1, one p from each of so many equal parts.

    Of a group only the number of those who join is drawn; one of them is among these with that share.
    """
    draw = np.random.default_rng(seed)
    big = game.sizes > 0
    sums = np.zeros((len(game.sizes), 3))
    for at in range(0, samples, _DRAWN):
        p = (np.arange(at, min(at + _DRAWN, samples)) + draw.random(min(_DRAWN, samples - at))) / samples
        joined = draw.binomial(game.counts, np.where(big, p[:, None], 0.0))
        spreads = np.sqrt(np.maximum(p * (1 - p) * game.tail_squares, _LEAST_VARIANCE))
        small = np.rint(draw.normal(p * game.tail_steps, spreads)).clip(0, game.tail_steps)
        reached = joined @ game.sizes + small
        for group, size in enumerate(game.sizes.tolist()):
            inside = joined[:, group] / game.counts[group] if size else np.zeros(len(p))
            for quota, share in game.quotas:
                for others, those in ((reached, 1 - inside), (reached - size, inside)):
                    within = partial(_within, others - (quota - 1))
                    sums[group] += share * (_by_width(within, size) @ those)
    return _spread(game, sums / samples)


def _spread(game: Lattice, chances: Floats) -> Floats:
    """Give each player its chance; `chances` has each group's for a step less, the size itself, a step more."""
    offset = np.clip(game.weights - game.sizes[game.group], -1.0, 1.0)
    less, own, more = np.maximum(chances[game.group], 0.0).T
    read = own + np.where(offset < 0, (own - less) * offset, (more - own) * offset)
    _, alike, many = np.unique(game.weights, return_inverse=True, return_counts=True)
    equal: Floats = (np.bincount(alike, weights=read) / many)[alike]
    return equal


def _tail(game: Lattice, points: Floats) -> Floats:
    """Give the distribution of the tail's joined steps at each point, steps 0 to the total."""
    found = np.zeros((len(points), game.total + 1))
    if not game.tail_steps:
        found[:, 0] = 1.0
        return found
    variance = np.maximum(points * (1 - points) * game.tail_squares, _LEAST_VARIANCE)
    steps = np.arange(game.tail_steps + 1)
    bell = np.exp(-((steps - points[:, None] * game.tail_steps) ** 2) / (2 * variance[:, None]))
    found[:, : game.tail_steps + 1] = bell / bell.sum(axis=1, keepdims=True)
    return found


def _joined(game: Lattice, points: Floats) -> Floats:
    """Give the distribution of everybody's joined steps at each point."""
    found = _tail(game, points)
    join, stay = points[:, None], 1 - points[:, None]
    room = np.empty_like(found)
    top = game.tail_steps  # nothing lies above it yet
    for size in _one_by_one(game):
        moved = np.multiply(found[:, : top + 1], join, out=room[:, : top + 1])
        found[:, : top + 1] *= stay
        found[:, size : size + top + 1] += moved
        top += size
    return found


def _one_by_one(game: Lattice) -> Iterator[int]:
    for size, count in zip(game.sizes.tolist(), game.counts.tolist(), strict=True):
        yield from [size] * count if size else ()


def _others(running: Floats, coefficients: Floats, size: int, below: int, more: int) -> Floats:
    """Give the chance that all but one player of a size have at most `below + more` steps."""
    at = below + more
    if at < 0:
        return np.zeros(len(running))
    if not size:  # one of the tail: the others are as good as everybody
        return running[:, at]
    seen = running[:, at::-size]
    found: Floats = np.einsum("ij,ij->i", seen, coefficients[:, : seen.shape[1]])
    return found


def _within(above: Floats, more: int) -> Floats:
    """Tell of each sample whether the others have at most so many steps more."""
    return (above <= more).astype(np.float64)


def _by_width(at_most: Callable[[int], Floats], size: int) -> Floats:
    """Give the chances that the others miss the quota by no more than a step less, the size, a step more.

    `at_most(k)` is the chance that they have at most k steps more than what just misses it. What a player has more or
    less than its size, the others together have less or more: half of it moves either end of what it can fill.
    """
    high, low = at_most(0), at_most(-size)
    less = (high + at_most(-1) - at_most(1 - size) - low) / 2
    more = (high + at_most(1) - at_most(-1 - size) - low) / 2
    return np.stack([less, high - low, more])


def _quotas(quota: int, total: int, buckets: int) -> Quotas:
    """Bring a quota to steps: sums of rounded weights reach it, on average, half a step above where it lies."""
    twice = 2 * quota * buckets + total
    low, rest = divmod(twice, 2 * total)
    share = rest / (2 * total)
    return (max(low, 1), 1 - share), (min(max(low + 1, 1), buckets), share)


def _rounded(steps: Floats) -> NDArray[np.int64]:
    """Round to whole steps by largest remainder; the tail becomes 0."""
    small = steps < 0.5  # noqa: PLR2004 - half a step, as the module has it
    down = np.where(small, 0.0, np.floor(steps))
    remainder = np.where(small, -1.0, steps - down)
    missing = round(float(steps[~small].sum() - down.sum()))
    found = down.astype(np.int64)
    found[np.argsort(-remainder, kind="stable")[:missing]] += 1
    return found


def _grouped(total: int, quotas: Quotas, rounded: NDArray[np.int64], weights: Floats, *, exact: bool) -> Lattice:
    sizes, group, counts = np.unique(rounded, return_inverse=True, return_counts=True)
    small = rounded == 0
    squares = float(weights[small] @ weights[small])
    return Lattice(exact, total, quotas, sizes, counts, group, weights, total - int(rounded.sum()), squares)
