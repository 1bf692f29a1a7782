"""Who can decide: the textbook's games, brute force, and what must hold for every game."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchers.governance import indices
from watchers.governance.indices import banzhaf, shapley_shubik
from watchers.governance.lattice import lattice, sampled
from watchers.governance.power import Holdings

EEC_1958 = ([4, 4, 4, 2, 2, 1], 12)
SECURITY_COUNCIL = ([7] * 5 + [1] * 10, 39)
NASSAU_1964 = ([31, 31, 28, 21, 2, 2], 58)
NEAR_MAJORITY = ([50, 49, 1], 51)

games = st.lists(st.integers(0, 30), min_size=1, max_size=9).filter(any).flatmap(
    lambda weights: st.tuples(st.just(weights), st.integers(1, sum(weights)))
)  # fmt: skip


@pytest.fixture(params=["enumeration", "convolution"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "convolution":
        monkeypatch.setattr(indices, "FEW", 0)
    return str(request.param)


def by_hand(weights: Sequence[int], quota: int) -> tuple[list[float], list[float]]:
    """Try every coalition, as the definitions have it."""
    n = len(weights)
    half, orders = [Fraction(0)] * n, [Fraction(0)] * n
    for player in range(n):
        others = [weight for at, weight in enumerate(weights) if at != player]
        for size in range(n):
            for coalition in combinations(others, size):
                if sum(coalition) < quota <= sum(coalition) + weights[player]:
                    half[player] += Fraction(1, 2 ** (n - 1))
                    orders[player] += Fraction(factorial(size) * factorial(n - 1 - size), factorial(n))
    return [float(x) for x in half], [float(x) for x in orders]


def test_the_eec_of_1958_gave_luxembourg_nothing(method: str) -> None:
    found = banzhaf(*EEC_1958)
    assert found.method == method
    assert found.normalised == pytest.approx([5 / 21] * 3 + [3 / 21] * 2 + [0], abs=1e-12)
    assert shapley_shubik(*EEC_1958).values == pytest.approx([7 / 30] * 3 + [0.15] * 2 + [0], abs=1e-12)


def test_the_security_council_is_ruled_by_its_permanent_members(method: str) -> None:
    found = banzhaf(*SECURITY_COUNCIL)
    assert found.values == pytest.approx([0.0518] * 5 + [0.00513] * 10, abs=5e-5)
    values = shapley_shubik(*SECURITY_COUNCIL).values
    assert values == pytest.approx([0.1962704] * 5 + [0.0018648] * 10, abs=5e-8)


def test_nassau_in_1964_left_three_districts_without_power(method: str) -> None:
    assert banzhaf(*NASSAU_1964).normalised == pytest.approx([1 / 3] * 3 + [0] * 3, abs=1e-12)
    assert shapley_shubik(*NASSAU_1964).values == pytest.approx([1 / 3] * 3 + [0] * 3, abs=1e-12)


def test_near_a_majority_49_percent_have_the_power_of_1(method: str) -> None:
    assert banzhaf(*NEAR_MAJORITY).normalised == pytest.approx([0.6, 0.2, 0.2])
    assert shapley_shubik(*NEAR_MAJORITY).values == pytest.approx([2 / 3, 1 / 6, 1 / 6])


@given(games)
@settings(max_examples=60)
def test_brute_force_agrees_with_every_way_of_counting(game: tuple[list[int], int]) -> None:
    weights, quota = game
    half, orders = by_hand(weights, quota)
    with pytest.MonkeyPatch.context() as patch:
        for few, way in ((16, "enumeration"), (0, "convolution")):
            patch.setattr(indices, "FEW", few)
            one, every = banzhaf(weights, quota), shapley_shubik(weights, quota)
            assert (one.method, every.method) == (way, way)
            assert one.values == pytest.approx(half, abs=1e-12)
            assert every.values == pytest.approx(orders, abs=1e-12)


@given(st.lists(st.integers(0, 10**24), min_size=17, max_size=50), st.integers(1, 1000))
@settings(max_examples=40)
def test_power_adds_up_to_one_and_follows_weight(weights: list[int], part: int) -> None:
    total = sum(weights)
    if not total:
        return
    quota = max(total * part // 1000, 1)
    half, every = banzhaf(weights, quota), shapley_shubik(weights, quota)
    assert half.normalised is None or half.normalised.sum() == pytest.approx(1)
    assert every.values.sum() == pytest.approx(1, abs=max(every.error, 1e-9))
    for found in (half, every):
        assert (found.values >= 0).all()
        for weight, value in zip(weights, found.values, strict=True):
            assert weight or not value
        ordered = found.values[np.argsort(weights, kind="stable")]
        assert (np.diff(ordered) >= -found.error).all()


def test_equal_weights_have_equal_power_though_rounding_parts_them() -> None:
    weights = [10**18] * 30 + [7 * 10**18 + 1] * 3
    game = lattice(Holdings(weights), sum(weights) // 2, 333)
    assert set(game.sizes[game.group[:30]].tolist()) == {6, 7}
    for index in (banzhaf, shapley_shubik):
        found = index(weights, sum(weights) // 2, buckets=333)
        assert found.method == "buckets"
        assert len(set(found.values[:30].tolist())) == 1


def crowd(n: int, seed: int) -> list[int]:
    """Weights as token holders have them, which sum up to a million: small enough to be played exactly."""
    draw = np.random.default_rng(seed).pareto(1.1, n) + 1
    return [int(x) for x in np.maximum(draw / draw.sum() * 1_000_000, 1)]


@pytest.mark.parametrize(("seed", "part"), [(2, 70), (3, 50), (4, 20), (5, 51)])
def test_buckets_come_as_near_as_they_say(seed: int, part: int) -> None:
    weights = crowd(100, seed)
    quota = sum(weights) * part // 100 + 1
    for index in (banzhaf, shapley_shubik):
        exact = index(weights, quota, buckets=2_000_000)
        assert exact.method == "convolution"
        assert exact.values.max() < 0.95
        for buckets, most in ((10_000, 2e-3), (1_000, 2e-2)):
            near = index(weights, quota, buckets=buckets)
            assert (near.method, near.buckets) == ("buckets", buckets)
            assert np.abs(exact.values - near.values).max() <= near.error < most


def test_a_quota_between_two_buckets_is_read_between_them() -> None:
    weights = crowd(100, 4)
    for above in (1, 300, 700):  # of a bucket of a thousand
        quota = sum(weights) // 5 + above
        exact, near = shapley_shubik(weights, quota, buckets=2_000_000), shapley_shubik(weights, quota, buckets=1_000)
        assert np.abs(exact.values - near.values).max() < 1e-4  # the next whole bucket is up to 9e-4 off


def test_small_holders_count_together_though_each_is_below_half_a_bucket() -> None:
    weights = [30] * 5 + [1] * 1_000  # each of the crowd has less than half of one of 500 buckets
    quota = 576
    exact, near = shapley_shubik(weights, quota), shapley_shubik(weights, quota, buckets=500)
    assert (exact.method, near.method) == ("convolution", "buckets")
    assert near.values[:5] == pytest.approx(exact.values[:5], abs=1e-4)
    assert near.values[5:] == pytest.approx(exact.values[5:], rel=0.01)
    half, nearly = banzhaf(weights, quota), banzhaf(weights, quota, buckets=500)
    assert nearly.values[:5] == pytest.approx(half.values[:5], abs=1e-3)
    assert nearly.values[5:] == pytest.approx(half.values[5:], rel=0.01)


@pytest.mark.parametrize("buckets", [10_000, 2_000_000])
def test_a_game_and_its_dual_give_the_same_power(buckets: int) -> None:
    weights = crowd(80, 9)
    quota = sum(weights) * 3 // 10
    for index in (banzhaf, shapley_shubik):
        one = index(weights, quota, buckets=buckets)
        other = index(weights, sum(weights) - quota + 1, buckets=buckets)
        assert one.values == pytest.approx(other.values, abs=1e-9)


@pytest.mark.parametrize("quota", [115, 1_036])
def test_a_quota_far_from_half_is_read_as_well_with_a_crowd(quota: int) -> None:
    weights = [30] * 5 + [1] * 1_000
    exact, near = shapley_shubik(weights, quota), shapley_shubik(weights, quota, buckets=500)
    assert np.abs(near.values - exact.values).max() <= near.error < 5e-3  # a bucket is a five-hundredth
    assert near.values[5:] == pytest.approx(exact.values[5:], rel=0.05)


def test_sampling_is_within_its_error_of_the_truth() -> None:
    weights = crowd(300, 5)
    quota = sum(weights) * 2 // 3
    game = lattice(Holdings(weights), quota, 10_000)
    truth = shapley_shubik(weights, quota)
    drawn = sampled(game, 20_000, seed=1)
    assert np.abs(drawn - truth.values).max() <= 0.0097 + truth.error  # Hoeffding at 20,000


@pytest.mark.parametrize("game", [EEC_1958, SECURITY_COUNCIL, NASSAU_1964])
def test_sampling_finds_the_textbook_too(game: tuple[list[int], int]) -> None:
    weights, quota = game
    drawn = sampled(lattice(Holdings(weights), quota, 10_000), 100_000, seed=2)
    assert drawn == pytest.approx(shapley_shubik(weights, quota).values, abs=0.0043)  # Hoeffding at 100,000


def test_beyond_a_size_it_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, quota = crowd(300, 6), 500_000
    truth = shapley_shubik(weights, quota)
    monkeypatch.setattr(indices, "_MOST_WORK", 1)
    found = shapley_shubik(weights, quota)
    assert (truth.method, found.method, found.buckets) == ("buckets", "monte-carlo", 10_000)
    assert found.error == pytest.approx(0.00429, abs=1e-5)
    assert np.abs(found.values - truth.values).max() <= found.error
    assert (found.values == shapley_shubik(weights, quota).values).all()  # the same draw each time


def test_a_hundred_thousand_holders_have_power_that_adds_up_to_one() -> None:
    weights = [10**18 + at for at in range(150_000)] + [10**23]
    found = shapley_shubik(weights, sum(weights) // 2 + 1)
    assert found.values.sum() == pytest.approx(1, abs=1e-3)
    assert found.error < 1e-3
    assert found.values[-1] == max(found.values)


def test_a_normalised_index_is_unknown_where_no_chance_can_be_told_from_none() -> None:
    weights = [10**18 + at for at in range(20_000)]
    found = banzhaf(weights, sum(weights) // 100)
    assert found.normalised is None
    assert found.values.max() < 1e-12


def test_who_has_nothing_plays_no_part() -> None:
    found = banzhaf([0, 3, 0, 2, 2], 4)
    assert found.values == pytest.approx([0, 0.5, 0, 0.5, 0.5])


def test_weights_in_wei_are_told_apart_to_the_last_unit() -> None:
    wei = [50 * 10**18, 50 * 10**18 - 1, 1]  # together 100; more than half takes two, and the dust decides once
    assert banzhaf(wei, 50 * 10**18 + 1).values == pytest.approx([0.75, 0.25, 0.25])
    assert banzhaf(wei, 50 * 10**18).values == pytest.approx([0.75, 0.25, 0.25])
    assert banzhaf([2**255, 2**255 - 1], 2**255).values == pytest.approx([1, 0])


@pytest.mark.parametrize("quota", [0, -1, 11])
def test_a_quota_that_nobody_or_everybody_reaches_is_refused(quota: int) -> None:
    with pytest.raises(ValueError, match="not within 1 and the total 10"):
        banzhaf([4, 6], quota)
    with pytest.raises(ValueError, match="not within 1 and the total 10"):
        shapley_shubik([4, 6], quota)
