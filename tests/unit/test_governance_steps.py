"""A proposal's steps and deadline, and the questions that its votes make the judge ask."""

import pytest

from config.settings import VoteWatch
from tests.electorate import (
    BRAVO_FACTS,
    END,
    GOVERNOR,
    KEY,
    NOW_S,
    OTHER,
    START,
    TOKEN,
    W,
    change,
    dao,
    judged,
    only,
    said,
    situation,
    vote,
)
from watchers.alert import ProposalFacts, Tally
from watchers.governance.asks import (
    BravoTimes,
    BravoVotes,
    CountingMode,
    GovernorTimes,
    GovernorVotes,
    QuorumAt,
    Supply,
    Times,
)
from watchers.governance.events import title_of
from watchers.governance.getters import Number
from watchers.governance.wing import wing
from watchers.wing import Ballot


@pytest.mark.parametrize(
    ("clock", "l1", "end", "expected"),
    [
        ("block", None, 1_100, NOW_S + 100 * 12),
        ("timestamp", None, NOW_S + 77, NOW_S + 77),
        ("l1_block", hex(5_000), 5_010, NOW_S + 120),
        ("l1_block", None, 5_010, None),
        ("block", None, 2**63, None),
    ],
)
def test_the_deadline_is_told_as_a_time_on_the_governor_s_clock(
    clock: str, l1: str | None, end: int, expected: int | None
) -> None:
    facts = {**BRAVO_FACTS, BravoTimes(*KEY): Times(START, end)}
    _, seen = only(judged(situation(facts, of=dao(clock=clock), l1=l1), vote("for", 100)))
    assert (seen.ends_at_s, seen.ends_at_clock) == (expected, end)


def test_a_vote_that_extends_the_voting_tells_the_new_deadline() -> None:
    alerts = judged(situation(), vote("for", 100), change("extended", end_clock=2_600))
    assert said(alerts[0]).ends_at_clock == 2_600
    assert isinstance(alerts[1].facts, ProposalFacts)
    assert alerts[1].facts.ends_at_clock == 2_600
    assert alerts[1].severity == "notable"


def test_a_new_proposal_tells_what_it_is_and_asks_nothing() -> None:
    event = change(
        "created", proposer=OTHER, start_clock=1_100, end_clock=1_200, description="\n## Fund us\nplease",
        targets=(TOKEN, TOKEN), values_wei=(0, 0),
    )  # fmt: skip
    at = situation(facts={}, ballots=None)
    assert list(wing.asks([event], at)) == []
    (alert,) = judged(at, event)
    facts = alert.facts
    assert isinstance(facts, ProposalFacts)
    assert (facts.title, facts.proposer, facts.actions) == ("Fund us", OTHER, 2)
    # nobody can have voted: that is known, and that it fails with no votes; its quorum lies in the future
    assert facts.tally == Tally(0, 0, 0, None, 0, 0, passes=False)
    assert (facts.ends_at_clock, facts.ends_at_s, facts.eta_s) == (1_200, NOW_S + 200 * 12, None)
    assert (alert.kind, alert.severity, alert.addresses) == ("proposal", "info", (GOVERNOR, OTHER, TOKEN))
    assert alert.reasons[0].value == "created"


def test_a_proposal_that_is_cancelled_in_the_block_of_its_creation_is_so_on_its_card() -> None:
    created, canceled = judged(situation({}, None), change("created", end_clock=1_200), change("canceled", position=1))
    assert isinstance(created.facts, ProposalFacts)
    assert isinstance(canceled.facts, ProposalFacts)
    assert canceled.facts.follows == created.id
    assert created.facts.followed is not None
    assert [step.change for step in created.facts.followed.steps] == ["created", "canceled"]
    assert created.facts.followed.ended


def test_a_queued_proposal_shows_its_tally_and_when_it_can_run() -> None:
    (alert,) = judged(situation(ballots=[Ballot(OTHER, 1_200 * W, 5 * W, 0)]), change("queued", eta_s=NOW_S + 9))
    facts = alert.facts
    assert isinstance(facts, ProposalFacts)
    assert facts.eta_s == NOW_S + 9
    assert facts.tally is not None
    assert (facts.tally.for_raw, facts.tally.passes) == (1_200 * W, True)
    assert alert.subject == f"proposal:31337:{GOVERNOR}:7"


def test_a_step_of_a_proposal_whose_votes_are_unknown_shows_no_tally() -> None:
    (alert,) = judged(situation(ballots=None), change("executed"))
    assert isinstance(alert.facts, ProposalFacts)
    assert alert.facts.tally is None


def test_steps_are_silent_where_no_watch_asks_for_proposals() -> None:
    votes_only = VoteWatch(kind="vote", name="large", proposals=False)
    assert judged(situation(watches=[votes_only]), change("executed")) == []


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("# Title\nbody", "Title"),
        ("\n\n   \n### A b  \nc", "A b"),
        ("", ""),
        ("#\n#\n", ""),
        ("\n\n  ## \u202eTitle  ##x\n", "Title  ##x"),
        ("\u200b\n# \u2060\u00a0\nreal", "real"),
        ("Write it in C#\n", "Write it in C#"),
        ("x" * 5_000, "x" * 256),
    ],
)
def test_a_title_is_the_first_line_that_says_something(description: str, title: str) -> None:
    assert title_of(description) == title


def test_the_questions_come_in_two_rounds_and_end() -> None:
    at = situation(facts={}, of=dao(protocol="oz_governor"))
    first = list(wing.asks([vote("for", 1), vote("against", 2, position=1)], at))
    assert first == [GovernorTimes(*KEY), CountingMode(GOVERNOR)]
    at.facts.known.update({GovernorTimes(*KEY): Times(START, END), CountingMode(GOVERNOR): None})
    second = list(wing.asks([vote("for", 1)], at))
    super_quorum = Number(GOVERNOR, "superQuorum(uint256)", (START,))
    assert second == [QuorumAt(GOVERNOR, START), super_quorum, Supply(TOKEN, START)]
    at.facts.known.update(dict.fromkeys(second))
    assert list(wing.asks([vote("for", 1)], at)) == []


def test_a_block_that_cannot_alert_asks_nothing() -> None:
    assert list(wing.asks([vote("for", 0)], situation(facts={}))) == []
    assert list(wing.asks([vote("for", 9)], situation(facts={}, watches=[]))) == []


def test_the_contract_s_tally_is_asked_for_only_when_the_ballots_are_missing() -> None:
    assert BravoVotes(*KEY) in list(wing.asks([vote("for", 1)], situation(facts={}, ballots=None)))
    assert BravoVotes(*KEY) not in list(wing.asks([vote("for", 1)], situation(facts={})))
    of = dao(protocol="oz_governor")
    assert GovernorVotes(*KEY) in list(wing.asks([vote("for", 1)], situation(facts={}, ballots=None, of=of)))
