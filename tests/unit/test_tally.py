"""The tally: families' rules, flips, crossings, pivotal voters; Uniswap's proposals 0.3 and 1.2 as oracles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rules
from watchers.alert import Tally
from watchers.governance.asks import Counts
from watchers.governance.rules import DynamicQuorum, Majority, Rule, Unruled, counted_sides
from watchers.governance.tally import Book, crosses, flip, to_flip_back
from watchers.wing import Ballot

BRAVO = Majority(40_000_000, frozenset({"for"}))
CAL, A16Z, MONET = "0xca1", "0xa16", "0x3e7"


def cast(book: Book, rule: Rule, voter: str, parts: Counts) -> tuple[Tally, Tally]:
    before = book.tally(rule)
    book.add(voter, parts)
    return before, book.tally(rule)


# --- what counts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "sides"),
    [
        ("support=bravo&quorum=for,abstain", {"for", "abstain"}),
        ("support=bravo&quorum=bravo", {"for"}),
        ("support=bravo,fractional&quorum=for,abstain&params=fractional", {"for", "abstain"}),
        ("support=bravo,override&quorum=for,abstain&overridable=true", {"for", "abstain"}),
        ("support=bravo&quorum=against,for,abstain&params=modules", {"against", "for", "abstain"}),
        ("for,abstain", {"for", "abstain"}),
        ("for", {"for"}),
    ],
)
def test_the_counting_mode_says_what_counts_toward_the_quorum(mode: str, sides: set[str]) -> None:
    assert counted_sides(mode) == frozenset(sides)


@pytest.mark.parametrize(
    "mode",
    [
        "",
        "quorum=",
        "support=bravo",
        "quorum=yes,no",
        "&&==",
    ],
)
def test_a_counting_mode_that_we_do_not_know_is_not_guessed(mode: str) -> None:
    assert counted_sides(mode) is None


@pytest.mark.parametrize(
    ("rule", "passes"), [(Majority(None), None), (Majority(100, None), None), (Unruled(100), None)]
)
def test_while_something_is_not_known_only_a_missing_majority_is_an_outcome(rule: Rule, *, passes: bool | None) -> None:
    assert rule.passes(Counts(600, 50)) is passes
    assert rule.passes(Counts(50, 50)) is (None if isinstance(rule, Unruled) else False)


# --- Uniswap, Alpha: 40,000,000 For and a majority ---------------------------------------------------------------


def test_the_decisive_votes_of_uniswap_1_2_flip_it_three_times() -> None:
    """Real: the three votes, the quorum, the end tally. The rest is one voter per side, so that it adds up."""
    book = Book([Ballot("rest for", 37_767_231, 0, 0), Ballot("rest against", 0, 31_988_372, 0)])
    before, after = cast(book, BRAVO, CAL, Counts(for_raw=5_855_769))
    assert flip(before, after) == "passing"
    assert crosses(before, after)
    assert (after.for_raw, after.toward_quorum_raw) == (43_623_000, 43_623_000)
    before, after = cast(book, BRAVO, A16Z, Counts(against_raw=15_000_125))
    assert flip(before, after) == "failing"
    assert not crosses(before, after)
    assert to_flip_back(after, BRAVO) == 46_988_497 - 43_623_000 + 1
    before, after = cast(book, BRAVO, MONET, Counts(for_raw=4_001_544))
    assert flip(before, after) == "passing"
    assert (after.for_raw, after.against_raw) == (47_624_544, 46_988_497)
    assert to_flip_back(after, BRAVO) == 636_047
    assert book.pivotal(MONET, BRAVO)
    assert book.pivotal(CAL, BRAVO)
    assert not book.pivotal(A16Z, BRAVO)


def test_uniswap_0_3_turns_once_when_a16z_brings_the_quorum_and_nobody_is_pivotal_at_the_end() -> None:
    book = Book([Ballot("early for", 39_000_000, 0, 0), Ballot("early against", 0, 9_300, 0)])
    before, after = cast(book, BRAVO, A16Z, Counts(for_raw=15_000_000))
    assert flip(before, after) == "passing"
    assert crosses(before, after)
    last = [(f"late {n}", 1_217_762 if n else 1_217_765) for n in range(5)]
    turns = [flip(*cast(book, BRAVO, voter, Counts(for_raw=weight))) for voter, weight in last]
    assert turns == [None] * 5
    assert book.tally(BRAVO).for_raw == 60_088_813
    assert not any(book.pivotal(voter, BRAVO) for voter in (A16Z, *(voter for voter, _ in last)))


def test_flipping_a_failing_proposal_back_needs_the_quorum_as_well() -> None:
    book = Book([Ballot(CAL, 10, 60, 0)])
    assert to_flip_back(book.tally(Majority(100, frozenset({"for"}))), Majority(100, frozenset({"for"}))) == 90
    assert to_flip_back(book.tally(Majority(20, frozenset({"for"}))), Majority(20, frozenset({"for"}))) == 51


# --- what is not known -------------------------------------------------------------------------------------------


def test_an_incomplete_book_knows_nothing() -> None:
    book = Book(whole=False)
    _, after = cast(book, BRAVO, CAL, Counts(for_raw=50_000_000))
    assert after == Tally(0, 0, 0, None, 0, 0, None)
    assert not book.pivotal(CAL, BRAVO)


def test_the_contract_s_own_tally_stands_in_for_the_book_without_its_voters() -> None:
    book = Book(start=Counts(39_000_000, 5, 0))
    before, after = cast(book, BRAVO, CAL, Counts(for_raw=2_000_000))
    assert flip(before, after) == "passing"
    assert after.voters == 0


def test_a_vote_that_no_rule_can_place_leaves_the_outcome_unknown() -> None:
    book = Book([Ballot(CAL, 50_000_000, 0, 0)])
    book.sure = False
    assert book.tally(BRAVO).passes is None
    assert not book.pivotal(CAL, BRAVO)


def test_a_tally_whose_counted_sides_are_unknown_shows_no_quorum() -> None:
    tally = Book([Ballot(CAL, 5, 1, 1)]).tally(Majority(10, None))
    assert (tally.quorum_raw, tally.toward_quorum_raw, tally.passes) == (None, 0, None)
    assert to_flip_back(tally, Majority(10, None)) is None


def test_a_quorum_of_nothing_is_never_crossed() -> None:
    rule = Majority(0, frozenset({"for"}))
    assert not crosses(*cast(Book(), rule, CAL, Counts(for_raw=1)))


# --- properties --------------------------------------------------------------------------------------------------

WEIGHT = st.integers(0, 50) | st.integers(0, 2**256 - 1)
PARTS = st.builds(Counts, WEIGHT, WEIGHT, WEIGHT)
VOTES = st.lists(st.tuples(st.sampled_from("abcdef"), PARTS), max_size=20)
RULES = rules(WEIGHT)


@given(VOTES, RULES)
def test_the_tally_is_the_sum_of_the_votes_in_any_order(votes: list[tuple[str, Counts]], rule: Rule) -> None:
    forth, back = Book(), Book(Ballot(voter, *parts) for voter, parts in reversed(votes))
    for voter, parts in votes:
        forth.add(voter, parts)
    assert forth.tally(rule) == back.tally(rule)
    assert all(forth.of(voter) == back.of(voter) for voter in "abcdef")
    assert forth.counts.for_raw == sum(parts.for_raw for _, parts in votes)
    assert forth.counts.cast_raw == sum(parts.cast_raw for _, parts in votes)
    assert forth.tally(rule).voters == len({voter for voter, _ in votes})


@given(VOTES, PARTS, RULES)
def test_a_first_vote_flips_exactly_when_its_voter_is_pivotal(
    votes: list[tuple[str, Counts]], parts: Counts, rule: Rule
) -> None:
    book = Book(Ballot(voter, *p) for voter, p in votes)
    before, after = cast(book, rule, "new", parts)
    assert (flip(before, after) is not None) == book.pivotal("new", rule)


@given(VOTES, PARTS, RULES)
def test_a_flip_read_backwards_is_the_opposite_flip(votes: list[tuple[str, Counts]], parts: Counts, rule: Rule) -> None:
    before, after = cast(Book(Ballot(voter, *p) for voter, p in votes), rule, "new", parts)
    opposite = {None: None, "passing": "failing", "failing": "passing"}
    assert flip(after, before) == opposite[flip(before, after)]


@given(VOTES, RULES)
def test_what_it_takes_to_flip_back_flips_and_one_less_does_not(votes: list[tuple[str, Counts]], rule: Rule) -> None:
    book = Book(Ballot(voter, *p) for voter, p in votes)
    tally = book.tally(rule)
    needed = to_flip_back(tally, rule)
    side = "against_raw" if tally.passes else "for_raw"

    def outcome(weight: int) -> bool | None:
        return rule.passes(book.counts.plus(Counts(**{side: weight})))

    if needed is None:
        assert tally.passes is None or outcome(2**300) in (None, tally.passes)
        return
    assert outcome(needed) is not tally.passes
    assert outcome(needed - 1) in (tally.passes, None)


@given(VOTES, PARTS, RULES.filter(lambda rule: not isinstance(rule, DynamicQuorum)))
def test_a_quorum_that_stays_is_crossed_at_most_once(
    votes: list[tuple[str, Counts]], parts: Counts, rule: Rule
) -> None:
    book = Book()
    crossings = [crosses(*cast(book, rule, voter, p)) for voter, p in [*votes, ("new", parts)]]
    assert sum(crossings) <= 1
