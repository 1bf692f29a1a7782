"""When a reminder is due, and what those who have not voted could change."""

from hypothesis import given
from hypothesis import strategies as st

from watchers.alert import Absent, Swing
from watchers.governance.asks import Counts
from watchers.governance.remind import HOUR_S, absent, due, swing
from watchers.governance.rules import FOR_ONLY, Majority

HOURS = st.lists(st.integers(1, 100), min_size=1, max_size=5, unique=True)


@given(HOURS, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_what_is_due_is_the_nearest_to_the_end_of_an_open_vote_and_not_from_before(
    hours: list[int], ends_s: int, now_s: int, after_s: int
) -> None:
    found = due(hours, ends_s, now_s=now_s, after_s=after_s)
    passed = [h for h in hours if ends_s - h * HOUR_S <= now_s]
    if now_s >= ends_s or not passed:
        assert found is None
    elif ends_s - min(passed) * HOUR_S > after_s:
        assert found == min(passed)
    else:
        assert found is None


def test_the_largest_who_have_not_voted_come_first_and_nobody_without_votes() -> None:
    powers = {"a": 5, "b": 9, "c": 0, "d": 7}
    assert absent(powers, {"d"}, 9) == (Absent("b", 9), Absent("a", 5))
    assert absent(powers, {"d"}, 1) == (Absent("b", 9),)


def test_the_fewest_who_could_reach_the_quorum_or_turn_the_outcome_are_told() -> None:
    rule, away = Majority(100, FOR_ONLY), (Absent("a", 30), Absent("b", 25), Absent("c", 5))
    assert swing(Counts(50, 0, 0), rule, away) == Swing(2, 55, "quorum")
    assert swing(Counts(120, 70, 0), rule, away) == Swing(2, 55, "fail")
    assert swing(Counts(120, 140, 0), rule, away) == Swing(1, 30, "pass")
    assert swing(Counts(10, 0, 0), rule, away) is None
    assert swing(Counts(10, 0, 0), Majority(None, FOR_ONLY), away) is None
