"""The pass rule of every family, at its edges; each contract's own strictness and rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rules
from watchers.governance.asks import Counts
from watchers.governance.rules import (
    EVERY_SIDE,
    FOR_ONLY,
    PCT,
    PPM,
    Approval,
    Differential,
    DynamicQuorum,
    Majority,
    Ratio,
    Rule,
    SuperQuorum,
    Support,
    Unruled,
    YesThreshold,
)

FOR_ABSTAIN = frozenset({"for", "abstain"})
NOUNS = DynamicQuorum(supply_raw=1_000, min_quorum_bps=1_000, max_quorum_bps=2_000, coefficient=PPM)
AAVE_V2 = Differential(supply_raw=16_000_000, quorum_bps=200, differential_bps=50)
AAVE_V3 = YesThreshold(threshold_raw=320_000, differential_raw=80_000)
LIDO = Support(supply_raw=1_000, support_pct=PCT // 2, quorum_pct=PCT // 20)
STOCK = Support(supply_raw=1_000, support_pct=PCT // 2, quorum_pct=PCT // 20, executes_early=True)
OSX = Ratio(minimum_raw=100, support_ppm=500_000)
OSX_EARLY = Ratio(minimum_raw=100, support_ppm=500_000, supply_raw=1_000)
SUPER = SuperQuorum(Majority(100, FOR_ABSTAIN), 500)


@pytest.mark.parametrize(
    ("rule", "counts", "passes"),
    [
        # OpenZeppelin and Bravo: a tie fails, the very quorum is enough, abstain counts where the mode says so
        (Majority(100), Counts(100, 99), True),
        (Majority(100), Counts(100, 100), False),
        (Majority(100), Counts(99, 0, 50), False),
        (Majority(100, FOR_ABSTAIN), Counts(60, 50, 40), True),
        (Majority(100, FOR_ABSTAIN), Counts(60, 50, 39), False),
        (Majority(100, EVERY_SIDE), Counts(60, 40, 0), True),
        (Majority(100, EVERY_SIDE), Counts(60, 39, 0), False),
        (Unruled(100, FOR_ONLY), Counts(600, 0), None),
        # Nouns: 10 % of 1,000 at least, one more for each percent against, 20 % at most; shares in whole basis points
        (NOUNS, Counts(100, 0), True),
        (NOUNS, Counts(100, 1), False),
        (NOUNS, Counts(101, 1), True),
        (NOUNS, Counts(149, 50), False),
        (NOUNS, Counts(150, 50), True),
        (NOUNS, Counts(200, 199), True),
        # Agora: the very threshold is enough, abstain is in the quorum but not in the ratio
        (Approval(100, threshold_bps=6_000), Counts(60, 40), True),
        (Approval(100, threshold_bps=6_000), Counts(59, 41), False),
        (Approval(100, threshold_bps=6_000), Counts(6, 4, 90), True),
        (Approval(100, threshold_bps=6_000), Counts(6, 4, 89), False),
        (Approval(0, threshold_bps=1), Counts(), False),
        (Approval(100, threshold_bps=None), Counts(100, 0), None),
        # Aave v2: 2 % and half a percent of the supply; the lead must be more
        (AAVE_V2, Counts(320_000, 0), True),
        (AAVE_V2, Counts(319_999, 0), False),
        (AAVE_V2, Counts(400_000, 320_000), False),
        (AAVE_V2, Counts(401_600, 320_000), True),
        (AAVE_V2, Counts(401_599, 320_000), False),
        # Aave v3: both strictly more
        (AAVE_V3, Counts(320_000, 0), False),
        (AAVE_V3, Counts(320_001, 0), True),
        (AAVE_V3, Counts(400_000, 320_000), False),
        (AAVE_V3, Counts(400_001, 320_000), True),
        (YesThreshold(0, 0), Counts(1, 1), False),
        # Aragon: both strictly more, and a share of what was cast does not know abstain
        (LIDO, Counts(51, 50), True),
        (LIDO, Counts(51, 51), False),
        (LIDO, Counts(50, 0), False),
        (LIDO, Counts(501, 600), False),
        (STOCK, Counts(501, 600), True),
        (STOCK, Counts(500, 500), False),
        # OSx: strictly more than half, abstain in the turnout
        (OSX, Counts(51, 49), True),
        (OSX, Counts(50, 50), False),
        (OSX, Counts(2, 1, 97), True),
        (OSX, Counts(2, 1, 96), False),
        # a super quorum ends voting at once; before it the other rule says
        (SUPER, Counts(100, 99), True),
        (SUPER, Counts(99, 0), False),
        (SUPER, Counts(500, 500), False),
    ],
)
def test_a_proposal_passes_by_its_family_s_rule(rule: Rule, counts: Counts, *, passes: bool | None) -> None:
    assert rule.passes(counts) is passes


@pytest.mark.parametrize(
    ("rule", "counts", "early"),
    [
        (Majority(100), Counts(1_000), False),
        (LIDO, Counts(900), False),
        (STOCK, Counts(500), False),
        (STOCK, Counts(501), True),
        (OSX, Counts(900), False),
        (OSX_EARLY, Counts(500), False),
        (OSX_EARLY, Counts(501), True),
        (OSX_EARLY, Counts(401, 0, 200), True),
        (OSX_EARLY, Counts(400, 0, 200), False),
        (SUPER, Counts(499), False),
        (SUPER, Counts(500), True),
        (SUPER, Counts(600, 600), False),
        (SuperQuorum(Majority(100), None), Counts(600), None),
    ],
)
def test_it_can_be_carried_out_early_where_the_family_allows_it(
    rule: Rule, counts: Counts, *, early: bool | None
) -> None:
    assert rule.early(counts) is early


def test_the_quorum_of_nouns_grows_with_the_votes_against() -> None:
    assert [NOUNS.quorum(Counts(0, against)) for against in (0, 1, 30, 100, 500)] == [100, 101, 130, 200, 200]


@pytest.mark.parametrize("rule", [NOUNS, AAVE_V2, LIDO, STOCK])
def test_of_no_supply_no_share_is_known(rule: DynamicQuorum | Differential | Support) -> None:
    without = type(rule)(**{**vars(rule), "supply_raw": 0})
    assert without.quorum(Counts(5)) is None
    assert without.passes(Counts(5)) is None


@given(st.integers(1, 10**30), st.integers(0, PCT - 1), st.integers(0, 10**30))
def test_aragon_s_quorum_is_the_least_that_its_rounded_share_lets_through(supply: int, pct: int, more: int) -> None:
    rule = Support(supply, PCT // 2, pct)
    least = rule.quorum(Counts())
    assert least is not None
    assert (least - 1) * PCT // supply <= pct < least * PCT // supply
    assert (least + more) * PCT // supply > pct


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Majority(100, FOR_ABSTAIN), "For > Against, and For + Abstain ≥ the quorum"),
        (Majority(100, None), "For > Against, and what counts (it is not known) ≥ the quorum"),
        (Approval(100, threshold_bps=5_100), "For ≥ 51 % of For + Against, and For + Against + Abstain ≥ the quorum"),
        (AAVE_V2, "For ≥ 2 % of the supply, and more than 0.5 % of it ahead of Against"),
        (LIDO, "For > 50 % of For + Against, and For > 5 % of all voting power"),
        (OSX, "For > 50 % of For + Against, and votes cast ≥ the minimum"),
        (SUPER, "For > Against, and For + Abstain ≥ the quorum; at once when For ≥ the super quorum"),
    ],
)
def test_a_rule_says_in_words_what_it_needs(rule: Rule, words: str) -> None:
    assert rule.needs == words


WEIGHT = st.integers(0, 60)
COUNTS = st.builds(Counts, WEIGHT, WEIGHT, WEIGHT)


@given(rules(WEIGHT), COUNTS, WEIGHT)
def test_one_more_vote_for_a_proposal_never_makes_it_fail(rule: Rule, counts: Counts, more: int) -> None:
    grade = {False: 0, None: 1, True: 2}
    assert grade[rule.passes(counts.plus(Counts(for_raw=more)))] >= grade[rule.passes(counts)]


@given(rules(WEIGHT), COUNTS)
def test_what_counts_reaches_the_quorum_exactly_when_it_is_as_much(rule: Rule, counts: Counts) -> None:
    quorum = rule.quorum(counts)
    known = quorum is not None and rule.counted is not None
    assert rule.reached(counts) is (rule.toward(counts) >= (quorum or 0) if known else None)


@given(rules(WEIGHT, unknown=False), COUNTS)
def test_what_is_carried_out_early_passes(rule: Rule, counts: Counts) -> None:
    if rule.early(counts):
        assert rule.passes(counts)
