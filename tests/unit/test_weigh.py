"""What votes weigh: quick counts against slow ones, and Uniswap's proposals 0.3 and 1.2."""

from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rules
from watchers.governance.asks import Counts
from watchers.governance.rules import Majority, Rule
from watchers.governance.weigh import (
    Turn,
    alone,
    blocking_number,
    margin_share,
    pivotal_by_removal,
    pivotal_by_switch,
    switched,
    turns,
    winning_number,
)
from watchers.governance.whatif import what_if

WEIGHT = st.integers(0, 12)
NONE = st.just(0)
SPLITS = [(WEIGHT, WEIGHT, WEIGHT), (WEIGHT, NONE, NONE), (NONE, WEIGHT, NONE), (NONE, NONE, WEIGHT)]
VOTERS = st.lists(st.one_of([st.builds(Counts, *sides) for sides in SPLITS]), max_size=12)
ODD = st.builds(Majority, WEIGHT, st.sampled_from([frozenset({"against"}), frozenset({"against", "abstain"})]))
RULES = rules(st.integers(0, 60)) | ODD


def total(voters: list[Counts]) -> Counts:
    return Counts(*(sum(parts[side] for parts in voters) for side in range(3)))


def outcome(voters: list[Counts], rule: Rule) -> bool | None:
    return rule.passes(total(voters))


def turned(before: bool | None, after: bool | None) -> bool:  # noqa: FBT001 - two outcomes, neither is a switch
    return before is not None and after is not None and before != after


@given(VOTERS, RULES)
def test_pivotal_voters_are_those_without_whom_a_recount_differs(voters: list[Counts], rule: Rule) -> None:
    now = outcome(voters, rule)
    slow = sum(turned(now, outcome(voters[:at] + voters[at + 1 :], rule)) for at in range(len(voters)))
    assert pivotal_by_removal(total(voters), voters, rule) == (None if now is None else slow)


@given(VOTERS, RULES)
def test_pivotal_by_switch_are_those_who_turn_a_recount_by_voting_the_other_way(
    voters: list[Counts], rule: Rule
) -> None:
    now, slow = outcome(voters, rule), 0
    for at, (in_favour, against, abstain) in enumerate(voters):
        other = [*voters[:at], Counts(against, in_favour, abstain), *voters[at + 1 :]]
        slow += turned(now, outcome(other, rule))
    assert pivotal_by_switch(total(voters), voters, rule) == (None if now is None else slow)


@given(VOTERS, RULES)
def test_winning_and_blocking_numbers_are_those_that_counting_one_by_one_finds(
    voters: list[Counts], rule: Rule
) -> None:
    counts = total(voters)
    largest = sorted((parts.for_raw for parts in voters if parts.for_raw), reverse=True)
    kept = [rule.passes(counts._replace(for_raw=sum(largest[:k]))) for k in range(len(largest) + 1)]
    gone = [rule.passes(counts._replace(for_raw=sum(largest[k:]))) for k in range(len(largest) + 1)]
    passes = rule.passes(counts) is True
    wins = next((k for k, now in enumerate(kept) if now), None) if passes else None
    blocks = next((k for k, now in enumerate(gone) if now is False), None) if passes else None
    assert winning_number(counts, voters, rule) == wins
    assert blocking_number(counts, voters, rule) == blocks


@given(st.lists(st.tuples(st.integers(0, 2), WEIGHT), max_size=12), rules(st.integers(0, 60)) | ODD)
def test_turns_are_found_where_the_outcome_after_each_vote_differs(cast: list[tuple[int, int]], rule: Rule) -> None:
    each = [Counts(*(raw * (side == one) for one in range(3))) for side, raw in cast]
    sums = list(accumulate(each, Counts.plus, initial=Counts()))
    told, outcome = [], False
    for at, counts in enumerate(sums[1:]):
        now = rule.passes(counts)
        if now is not None and now != outcome:
            told.append(Turn(at, now))
            outcome = now
    assert turns(cast, rule).flips == tuple(told)
    reached = [rule.reached(counts) for counts in sums]
    crossing = next((at for at in range(len(cast)) if reached[at] is False and reached[at + 1]), None)
    assert turns(cast, rule).crossing == crossing


@given(VOTERS, RULES)
def test_who_decides_alone_is_who_counting_one_by_one_finds(voters: list[Counts], rule: Rule) -> None:
    counts, by_voter = total(voters), [(str(at), parts) for at, parts in enumerate(voters)]

    def fails_without(parts: Counts) -> bool:
        return rule.passes(counts._replace(for_raw=counts.for_raw - parts.for_raw)) is False

    slow = {name for name, parts in by_voter if parts.for_raw and rule.passes(counts) and fails_without(parts)}
    found = alone(counts, by_voter, rule)
    assert set(found) == slow
    weights = [voters[int(name)].for_raw for name in found]
    assert weights == sorted(weights, reverse=True)
    assert bool(found) == (blocking_number(counts, voters, rule) == 1)


def test_a_switch_moves_what_was_for_to_against_and_back_and_leaves_abstain() -> None:
    assert switched(Counts(10, 5, 3), Counts(4, 1, 2)) == Counts(7, 8, 3)


@pytest.mark.parametrize(
    ("counts", "share"),
    [(Counts(47, 46), Decimal(15)), (Counts(20, 50), Decimal("0.5")), (Counts(7, 7), None)],
)
def test_a_weight_is_held_against_the_lead(counts: Counts, share: Decimal | None) -> None:
    assert margin_share(15, counts) == share


def test_an_outcome_that_is_not_known_has_no_pivotal_voters_and_no_coalitions() -> None:
    rule, voters = Majority(None), [Counts(5), Counts(0, 1)]
    counts = total(voters)
    assert pivotal_by_removal(counts, voters, rule) is None
    assert pivotal_by_switch(counts, voters, rule) is None
    assert (winning_number(counts, voters, rule), blocking_number(counts, voters, rule)) == (None, None)


# --- For's share under other rules of weight -----------------------------------------------------------------------


def test_other_rules_of_weight_are_the_textbook_s() -> None:
    told = what_if([Counts(9), Counts(0, 4), Counts(0, 1), Counts(0, 0, 36)])
    assert told.linear == pytest.approx(9 / 14)
    assert told.quadratic == pytest.approx(3 / 6)
    assert told.one_address == pytest.approx(1 / 3)
    assert told.capped == pytest.approx(1 / 3)  # 2 % of 50 is 1 for each


def test_the_cap_is_two_percent_of_all_votes_cast() -> None:
    told = what_if([Counts(30), Counts(1), Counts(0, 2), Counts(0, 1), Counts(0, 0, 66)])
    assert told.capped == pytest.approx((2 + 1) / (2 + 1 + 2 + 1))


def test_a_voter_on_several_sides_takes_the_new_weight_along_in_the_same_parts() -> None:
    told = what_if([Counts(3, 1), Counts(0, 4)])
    assert told.quadratic == pytest.approx(1.5 / 4)
    assert told.one_address == pytest.approx(0.75 / 2)


def test_an_address_of_no_weight_is_still_an_address() -> None:
    told = what_if([Counts(9), Counts()], idlers=[Counts(0, 1)])
    assert (told.linear, told.quadratic, told.one_address, told.capped) == (1.0, 1.0, 0.5, 1.0)


def test_nobody_s_share_is_none_and_not_zero() -> None:
    assert what_if([]) == (None, None, None, None)
    assert what_if([Counts(0, 0, 5)]) == (None, None, None, None)


@given(VOTERS)
def test_shares_under_every_rule_lie_between_none_and_all(voters: list[Counts]) -> None:
    told = what_if(voters)
    assert all(share is None or 0 <= share <= 1 for share in told)
