"""How unequal holdings are: textbook values, bounds, and what floats must not decide."""

from fractions import Fraction
from itertools import accumulate
from math import log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.governance.power import Holdings, measure, one_in, theil_split

WEI = 10**18
balances = st.lists(st.integers(0, 2**256 - 1), min_size=1, max_size=60).filter(any)
small = st.lists(st.integers(0, 20), min_size=1, max_size=40).filter(any)


def test_equal_holders_are_equal_by_every_measure() -> None:
    found = measure(Holdings([7 * WEI] * 8))
    assert (found.n, found.total, found.nakamoto) == (8, 56 * WEI, 5)
    assert found.gini == pytest.approx(0, abs=1e-12)
    assert found.hhi == pytest.approx(1 / 8)
    assert found.effective_number == pytest.approx(8)
    assert found.shannon_bits == pytest.approx(3)
    assert found.evenness == pytest.approx(1)
    assert found.min_entropy_bits == pytest.approx(3)
    assert found.theil == pytest.approx(0, abs=1e-12)


def test_one_holder_among_empty_hands_has_it_all() -> None:
    found = measure(Holdings([0, 0, 0, 100]))
    assert (found.gini, found.hhi, found.nakamoto, found.top1) == (0.75, 1, 1, 1)
    assert (found.shannon_bits, found.evenness, found.min_entropy_bits) == (0, 0, 0)
    assert found.theil == pytest.approx(log(4))


def test_a_lone_holder_is_even_with_nobody() -> None:
    found = measure(Holdings([3]))
    assert found.evenness is None
    assert (found.gini, found.nakamoto, found.theil) == (0, 1, 0)


def test_a_distribution_worked_by_hand_comes_out() -> None:
    found = measure(Holdings([1, 2, 3, 4]))
    assert found.gini == pytest.approx(0.25)  # 2 (1 + 4 + 9 + 16) / 40 - 5 / 4
    assert found.hhi == pytest.approx(0.3)
    assert found.shannon_bits == pytest.approx(-sum(x / 10 * log2(x / 10) for x in (1, 2, 3, 4)))
    assert found.min_entropy_bits == pytest.approx(log2(2.5))
    assert found.theil == pytest.approx(sum(x / 2.5 * log(x / 2.5) for x in (1, 2, 3, 4)) / 4)
    assert found.nakamoto == 2
    assert [found.top1, found.top10] == pytest.approx([0.4, 1])


def test_half_is_not_more_than_half_whatever_the_size() -> None:
    assert measure(Holdings([50, 50])).nakamoto == 2
    assert measure(Holdings([2**255, 2**255])).nakamoto == 2
    assert measure(Holdings([2**255 + 1, 2**255])).nakamoto == 1  # no float64 tells these apart
    assert measure(Holdings([10**30, 1, 10**30])).nakamoto == 2


def test_a_unit_decides_whether_a_quorum_is_reached() -> None:
    held = Holdings([10**30, 5 * 10**29, 1])
    assert held.reach(10**30) == 1
    assert held.reach(10**30 + 1) == 2
    assert held.reach(15 * 10**29 + 1) == 3
    assert held.reach(15 * 10**29 + 2) is None


def test_the_top_hundredth_is_of_whole_holders_and_of_one_at_least() -> None:
    assert [one_in(100, n) for n in (1, 99, 100, 199, 200, 137_689)] == [1, 1, 1, 1, 2, 1376]
    found = measure(Holdings(list(range(1, 251))))
    total = sum(range(1, 251))
    assert found.top_1pct == pytest.approx((250 + 249) / total)
    assert found.top_10pct == pytest.approx(sum(range(226, 251)) / total)
    few = measure(Holdings([5, 3, 2]))
    assert few.top_1pct == few.top_10pct == few.top1 == 0.5


@pytest.mark.parametrize(
    ("given_balances", "says"), [([], "above zero"), ([0, 0], "above zero"), ([1, -1], "below zero")]
)
def test_what_is_no_distribution_is_refused(given_balances: list[int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Holdings(given_balances)


def test_balances_beyond_every_token_do_not_overflow() -> None:
    found = measure(Holdings([2**4000, 2**4000, 2**4001]))
    assert (found.hhi, found.top1, found.nakamoto) == (0.375, 0.5, 2)
    assert found.total == 2**4002


@given(balances)
def test_measures_stay_within_their_bounds(given_balances: list[int]) -> None:
    found = measure(Holdings(given_balances))
    n = found.n
    assert 0 <= found.gini <= (n - 1) / n + 1e-9
    assert 1 / n - 1e-9 <= found.hhi <= 1 + 1e-9
    assert -1e-9 <= found.min_entropy_bits <= found.shannon_bits + 1e-9 <= log2(n) + 2e-9
    assert -1e-9 <= found.theil <= log(n) + 1e-9
    assert 0 < found.top1 <= found.top10 <= 1
    assert found.top_1pct <= found.top_10pct + 1e-12
    assert found.evenness is None or 0 <= found.evenness <= 1


@given(balances, st.integers(2, 10**9))
def test_counting_in_another_unit_changes_nothing(given_balances: list[int], unit: int) -> None:
    one, other = measure(Holdings(given_balances)), measure(Holdings([unit * x for x in given_balances]))
    assert one.nakamoto == other.nakamoto
    assert one._replace(total=0, evenness=0) == pytest.approx(other._replace(total=0, evenness=0), abs=1e-9)


@given(balances, st.integers(1, 1000))
def test_reach_is_what_the_integers_say(given_balances: list[int], part: int) -> None:
    total = sum(given_balances)
    sums = list(accumulate(sorted(given_balances, reverse=True)))
    for amount in {max(total * part // 1000, 1), *sums, *(reached + 1 for reached in sums)} - {0}:
        wanted = next((k for k, reached in enumerate(sums, 1) if reached >= amount), None)
        assert Holdings(given_balances).reach(amount) == wanted


@given(small)
def test_gini_is_the_mean_difference_of_two_holders(given_balances: list[int]) -> None:
    n, total = len(given_balances), sum(given_balances)
    apart = sum(abs(a - b) for a in given_balances for b in given_balances)
    assert measure(Holdings(given_balances)).gini == pytest.approx(float(Fraction(apart, 2 * n * total)), abs=1e-12)


def test_theil_parts_into_within_and_between() -> None:
    held = Holdings([1, 1, 3, 5, 0])
    split = theil_split(held, ["team", "team", "crowd", "crowd", "crowd"])
    assert split.between == pytest.approx(0.2 * log(0.2 / 0.4) + 0.8 * log(0.8 / 0.6))
    crowd, team = split.classes
    assert (crowd.name, crowd.n, team.name, team.n) == ("crowd", 3, "team", 2)
    assert [crowd.share, team.share, team.theil] == pytest.approx([0.8, 0.2, 0], abs=1e-12)
    assert crowd.theil == pytest.approx((9 / 8 * log(9 / 8) + 15 / 8 * log(15 / 8)) / 3)


@given(st.lists(st.tuples(st.integers(0, 2**200), st.sampled_from("abc")), min_size=1, max_size=40))
def test_the_two_parts_of_theil_are_the_whole(rows: list[tuple[int, str]]) -> None:
    if not any(balance for balance, _ in rows):
        return
    held = Holdings([balance for balance, _ in rows])
    split = theil_split(held, [name for _, name in rows])
    assert split.within + split.between == pytest.approx(measure(held).theil, abs=1e-9)
    assert sum(one.share for one in split.classes) == pytest.approx(1)
    assert split.between >= 0
