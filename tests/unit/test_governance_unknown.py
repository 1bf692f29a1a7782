"""What the judge does not know, and what it does not claim to know: ballots, quorum, supply, sides, families."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from config.settings import VoteWatch
from tests.electorate import BRAVO_FACTS, END, GOVERNOR, KEY, OTHER, START, TOKEN, W, dao, judged, only, situation, vote
from watchers.alert import VoteFacts
from watchers.facts import Ask
from watchers.governance.asks import (
    BravoTimes,
    BravoVotes,
    CountingMode,
    Counts,
    GovernorTimes,
    QuorumAt,
    QuorumOf,
    QuorumVotes,
    Supply,
    Times,
)
from watchers.wing import Ballot


def test_missing_ballots_leave_before_and_after_unknown() -> None:
    _, facts = only(judged(situation(ballots=None), vote("for", 600)))
    for tally in (facts.before, facts.after):
        assert (tally.passes, tally.quorum_raw, tally.voters, tally.for_raw) == (None, None, 0, 0)
    assert facts.share_of_quorum == Decimal("0.6")
    assert (facts.share_of_cast, facts.flips, facts.crosses_quorum, facts.pivotal) == (None, None, False, False)


def test_missing_ballots_are_made_good_by_the_contract_s_own_tally() -> None:
    facts = {**BRAVO_FACTS, BravoVotes(*KEY): Counts(950 * W, 10 * W, 0)}
    _, seen = only(judged(situation(facts, None), vote("for", 60)))
    assert (seen.before.for_raw, seen.after.for_raw, seen.flips) == (950 * W, 1_010 * W, "passing")
    assert seen.after.voters == 0


def test_an_unknown_quorum_falls_back_on_the_supply_and_says_so() -> None:
    facts = {**BRAVO_FACTS, QuorumVotes(GOVERNOR): None}
    alert, seen = only(judged(situation(facts, [Ballot(OTHER, 0, 0, W)]), vote("for", 5_000)))
    assert alert.reasons[0].measure == "share of the supply (quorum unknown)"
    assert (seen.share_of_quorum, seen.after.passes, seen.after.quorum_raw) == (None, None, None)
    assert judged(situation(facts), vote("for", 4_999)) == []


def test_with_neither_quorum_nor_supply_only_an_absolute_floor_can_fire() -> None:
    facts: dict[Ask[Any], Any] = {BravoTimes(*KEY): None}
    assert judged(situation(facts), vote("against", 5_000)) == []
    floor = VoteWatch(kind="vote", name="floor", min_tokens=Decimal(1_000))
    alert, seen = only(judged(situation(facts, watches=[floor]), vote("against", 5_000)))
    assert (alert.reasons[0].value, alert.reasons[0].threshold) == ("5,000 DEMO", "at least 1,000 DEMO")
    assert (seen.ends_at_s, seen.ends_at_clock, seen.share_of_supply) == (None, None, None)


def test_a_vote_on_no_known_side_counts_nowhere_and_makes_the_outcome_unknown() -> None:
    at = situation(ballots=[Ballot(OTHER, 2_000 * W, 0, 0)])
    _, facts = only(judged(at, vote("unknown", 500)))
    assert (facts.before.passes, facts.after.passes, facts.flips) == (True, None, None)
    assert facts.after.for_raw == facts.before.for_raw


def test_a_weight_of_a_whole_word_is_weighed_without_a_crash() -> None:
    huge = 2**256 - 1
    _, facts = only(judged(situation(), vote("for", 0, weight_raw=huge, for_raw=huge)))
    assert facts.after.for_raw == huge
    assert facts.share_of_quorum is not None
    assert msgspec.json.decode(msgspec.json.encode(facts), type=VoteFacts) == facts


def oz_facts(mode: str | None) -> dict[Ask[Any], Any]:
    return {
        GovernorTimes(*KEY): Times(START, END),
        CountingMode(GOVERNOR): mode,
        QuorumAt(GOVERNOR, START): 1_000 * W,
        Supply(TOKEN, START): 100_000 * W,
    }


@pytest.mark.parametrize(
    ("mode", "configured", "passes", "toward"),
    [
        ("support=bravo&quorum=for,abstain", "", True, 1_100),
        ("support=bravo&quorum=bravo", "", False, 600),
        ("support=bravo&quorum=bravo", "for,abstain", False, 600),
        (None, "for,abstain", True, 1_100),
        (None, "", None, 0),
    ],
)
def test_an_openzeppelin_governor_counts_as_its_counting_mode_says_or_else_as_configured(
    mode: str | None, configured: str, passes: object, toward: int
) -> None:
    of = dao(protocol="oz_governor", quorum=configured)
    at = situation(oz_facts(mode), [Ballot(OTHER, 500 * W, 0, 500 * W)], of=of)
    _, facts = only(judged(at, vote("for", 100)))
    assert (facts.after.passes, facts.after.toward_quorum_raw) == (passes, toward * W)
    assert facts.share_of_quorum == Decimal("0.1")


def test_an_agora_governor_tells_its_quorum_but_not_its_outcome() -> None:
    facts = {**oz_facts("support=bravo&quorum=against,for,abstain&params=modules"), QuorumOf(*KEY): 1_000 * W}
    at = situation(facts, [Ballot(OTHER, 500 * W, 450 * W, 0)], of=dao(protocol="agora"))
    _, seen = only(judged(at, vote("against", 60)))
    assert seen.crosses_quorum
    assert (seen.after.passes, seen.flips, seen.pivotal) == (None, None, False)
