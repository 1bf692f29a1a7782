"""Which votes alert, in which order they are judged, and how grave they are."""

from decimal import Decimal

import pytest

from config.settings import LiquidityWatch, VoteWatch, Watch
from tests.electorate import GOVERNOR, HEIGHT, NOW_S, OTHER, TOKEN, TX, WHALE, W, judged, only, said, situation, vote
from watchers.alert import alert_id
from watchers.governance.wing import wing
from watchers.wing import Ballot


def test_a_vote_that_flips_the_outcome_says_so() -> None:
    alert, facts = only(judged(situation(ballots=[Ballot(OTHER, 900 * W, 400 * W, 0)]), vote("for", 150)))
    assert facts.flips == "passing"
    assert facts.crosses_quorum
    assert facts.pivotal
    assert (facts.before.passes, facts.after.passes) == (False, True)
    assert facts.to_flip_back_raw == 650 * W
    assert facts.share_of_quorum == Decimal("0.15")
    assert facts.share_of_supply == Decimal("0.0015")
    assert facts.share_of_cast == Decimal(150) / Decimal(1450)
    assert [(r.rule, r.measure, r.value, r.threshold) for r in alert.reasons] == [
        ("large", "share of the quorum", "15.00 %", "at least 5.00 %"),
        ("large", "votes toward the quorum", "90.00 % → 105.00 %", "100 %"),
        ("large", "provisional outcome", "failing → passing", "any change"),
    ]
    assert alert.severity == "critical"


def test_the_alert_names_its_subject_its_place_and_whom_it_concerns() -> None:
    alert, facts = only(judged(situation(), vote("for", 100, position=3)))
    assert alert.id == alert_id(31337, TX, "vote", 3)
    assert alert.subject == f"proposal:31337:{GOVERNOR}:7"
    assert (alert.kind, alert.dao, alert.tokens, alert.addresses) == ("vote", "demo", (TOKEN,), (GOVERNOR, WHALE))
    assert (alert.block, alert.block_hash, alert.block_time_s) == (HEIGHT, "0x" + "bb" * 32, NOW_S)
    assert (facts.title, facts.dao, facts.weight.symbol, facts.weight.decimals) == ("Pay them", "demo", "DEMO", 18)


def test_a_small_vote_that_changes_nothing_stays_silent() -> None:
    assert judged(situation(), vote("for", 49)) == []


def test_a_vote_of_exactly_the_threshold_is_said() -> None:
    alert, _ = only(judged(situation(), vote("against", 50)))
    assert alert.severity == "info"


def test_a_small_vote_that_crosses_the_quorum_is_said_unless_consequences_are_off() -> None:
    ballots = [Ballot(OTHER, 999 * W, 0, 0)]
    alert, facts = only(judged(situation(ballots=ballots), vote("for", 1)))
    assert facts.crosses_quorum
    assert alert.severity == "notable"
    quiet = VoteWatch(kind="vote", name="large", consequences=False)
    assert judged(situation(ballots=ballots, watches=[quiet]), vote("for", 1)) == []


@pytest.mark.parametrize("floor", [Decimal(0), Decimal("0.000001")])
def test_a_vote_without_weight_never_alerts(floor: Decimal) -> None:
    watch = VoteWatch(kind="vote", name="all", min_share_of_quorum=Decimal(0), min_tokens=floor)
    assert judged(situation(watches=[watch]), vote("for", 0)) == []
    alert, facts = only(judged(situation(watches=[watch]), vote("for", 0), vote("for", 1, voter=OTHER, position=1)))
    assert alert.id == alert_id(31337, TX, "vote", 1)
    assert facts.after.voters == 2


def test_min_tokens_is_a_floor_for_everything() -> None:
    floor = VoteWatch(kind="vote", name="large", min_tokens=Decimal(200))
    ballots = [Ballot(OTHER, 900 * W, 0, 0)]
    assert judged(situation(ballots=ballots, watches=[floor]), vote("for", 199)) == []
    assert len(judged(situation(ballots=ballots, watches=[floor]), vote("for", 200))) == 1


def test_every_watch_that_fires_is_named_in_one_alert() -> None:
    watches: list[Watch] = [
        VoteWatch(kind="vote", name="a", min_share_of_quorum=Decimal("0.01")),
        VoteWatch(kind="vote", name="b", dao="demo", chain="local"),
        VoteWatch(kind="vote", name="other-dao", dao="other"),
        VoteWatch(kind="vote", name="other-chain", chain="mainnet"),
        LiquidityWatch(kind="liquidity", name="pools"),
    ]
    alert, _ = only(judged(situation(watches=watches), vote("for", 100)))
    assert [r.rule for r in alert.reasons] == ["a", "b"]


def test_a_governor_that_daos_toml_does_not_name_neither_alerts_nor_enters_history() -> None:
    stranger = vote("for", 900, address="0x" + "66" * 20)
    elsewhere = vote("for", 900, chain_id=1)
    at = situation()
    assert judged(at, stranger, elsewhere) == []
    assert wing.enrich([stranger, elsewhere, vote("for", 1)], at) == [vote("for", 1)]
    assert list(wing.asks([stranger, elsewhere], at)) == []


def test_a_voter_who_votes_in_slices_is_caught_once_by_their_sum() -> None:
    slices = [vote("for", 20, position=n) for n in range(4)]
    alert, facts = only(judged(situation(), *slices))
    assert alert.id == alert_id(31337, TX, "vote", 2)
    assert alert.reasons[0].measure == "share of the quorum, all parts of this voter"
    assert alert.reasons[0].value == "6.00 %"
    assert facts.after.voters == 1


def test_votes_in_one_block_are_judged_each_on_the_tally_after_the_one_before() -> None:
    at = situation(ballots=[Ballot(OTHER, 900 * W, 950 * W, 0)])
    first, second, third = judged(
        at, vote("for", 150), vote("against", 200, voter=OTHER, position=1), vote("for", 120, voter="0xc", position=2)
    )
    assert [said(a).flips for a in (first, second, third)] == ["passing", "failing", "passing"]
    assert said(second).before == said(first).after
    assert said(third).before == said(second).after
    assert said(third).after.for_raw == 1_170 * W
    assert said(third).after.voters == 3


def test_a_silent_vote_still_counts_for_the_next_one() -> None:
    at = situation(ballots=[Ballot(OTHER, 930 * W, 0, 0)])
    _, facts = only(judged(at, vote("for", 30, voter=OTHER), vote("for", 45, position=1)))
    assert (facts.before.for_raw, facts.crosses_quorum) == (960 * W, True)


def test_a_voter_whose_earlier_part_decides_is_pivotal_without_a_flip() -> None:
    at = situation(ballots=[Ballot(OTHER, 600 * W, 0, 0), Ballot(WHALE, 450 * W, 0, 0)])
    alert, facts = only(judged(at, vote("for", 10)))
    assert (facts.flips, facts.pivotal) == (None, True)
    assert alert.reasons[-1].measure == "outcome without this voter"
    assert facts.to_flip_back_raw is None


def test_the_share_of_votes_cast_waits_for_a_real_turnout() -> None:
    _, early = only(judged(situation(ballots=[Ballot(OTHER, 249 * W, 0, 0)]), vote("for", 100)))
    _, later = only(judged(situation(ballots=[Ballot(OTHER, 250 * W, 0, 0)]), vote("for", 100)))
    assert early.share_of_cast is None
    assert later.share_of_cast == Decimal(100) / Decimal(350)


@pytest.mark.parametrize(
    ("tokens", "earlier", "height", "expected"),
    [
        (50, 0, HEIGHT, "info"),
        (100, 0, HEIGHT, "notable"),
        (900, 0, HEIGHT, "notable"),
        (50, 960, HEIGHT, "notable"),
        (100, 960, HEIGHT, "critical"),
        (50, 960, 2_299, "notable"),
        (50, 960, 2_300, "critical"),
        (50, 0, 2_300, "info"),
    ],
)
def test_severity_counts_size_consequence_and_a_late_swing(
    tokens: int, earlier: int, height: int, expected: str
) -> None:
    at = situation(ballots=[Ballot(OTHER, earlier * W, 0, 0)], height=height)
    alert, _ = only(judged(at, vote("for", tokens)))
    assert alert.severity == expected
