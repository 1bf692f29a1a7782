"""The families of governors: the rule that each makes of its own questions, and what history keeps of a vote."""

from decimal import Decimal
from typing import Any

import pytest

from tests.electorate import (
    END,
    KEY,
    NOW_S,
    OTHER,
    START,
    WHALE,
    W,
    change,
    dao,
    judged,
    situation,
)
from tests.electorate import vote as _vote
from tests.families import GOVERNOR, aragon, ruled
from watchers.alert import ProposalFacts, VoteFacts
from watchers.facts import Ask
from watchers.governance.asks import CountingMode, QuorumOf
from watchers.governance.getters import BornHead, BornNumber, Head, Number
from watchers.governance.rules import Approval, DynamicQuorum, Support, Unruled, YesThreshold
from watchers.governance.wing import wing
from watchers.record import read_ballot, record
from watchers.wing import Ballot, Taken


def test_nouns_quorum_grows_by_the_parameters_at_the_creation_block() -> None:
    short, whole = (Head(GOVERNOR, "proposals(uint256)", (7,), count) for count in (10, 15))
    words = (7, 1, 2, 72, 0, START, END, 0, 0, 0, 0, 0, 0, 1_000, 450)
    facts: dict[Ask[Any], Any] = {short: words[:10], whole: words}
    assert isinstance(ruled("nouns", facts), Unruled)
    facts[Head(GOVERNOR, "getDynamicQuorumParamsAt(uint256)", (450,), 3)] = (1_000, 1_500, 1_000_000)
    assert ruled("nouns", facts) == DynamicQuorum(1_000, 1_000, 1_500, 1_000_000)
    first_version = ruled("nouns", {short: words[:10]})
    assert first_version.quorum_raw == 72


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ((32, 3_000, 5_100, 160, 200, 0), 5_100),
        ((32, 3_000, 5_100, 160, 200, 1), None),
        ((32, 3_000, 5_100, 128, 0, 4), 5_100),
        ((32, 3_000, 5_100, 96, 4, 0), None),
    ],
)
def test_agoras_threshold_is_of_the_type_and_a_module_decides_for_itself(
    words: tuple[int, ...], rule: int | None
) -> None:
    configurator = "0x" + "c0" * 20
    facts: dict[Ask[Any], Any] = {
        QuorumOf(*KEY): 500 * W,
        CountingMode(GOVERNOR): "support=bravo&quorum=against,for,abstain&params=modules",
        Number(GOVERNOR, "getProposalType(uint256)", (7,)): 2,
        Number(GOVERNOR, "PROPOSAL_TYPES_CONFIGURATOR()"): int(configurator, 16),
        Head(configurator, "proposalTypes(uint8)", (2,), 6): words,
    }
    made = ruled("agora", facts)
    assert isinstance(made, Approval if rule else Unruled)
    assert getattr(made, "threshold_bps", None) == rule


def test_aragons_percentages_are_the_votes_own_and_only_the_stock_app_executes_early() -> None:
    early, late = (ruled(name, aragon(), clock="timestamp") for name in ("aragon", "lido"))
    assert early == Support(100_000 * W, 5 * 10**17, 5 * 10**16, executes_early=True)
    assert late == Support(100_000 * W, 5 * 10**17, 5 * 10**16)


def test_aaves_executor_and_strategy_are_asked_once_the_proposal_names_them() -> None:
    executor, strategy = "0x" + "e0" * 20, "0x" + "d0" * 20
    words = (32, 7, 1, int(executor, 16), 0, 0, 0, 0, 0, START, END, 0, 0, 0, 0, 0, int(strategy, 16), 0)
    facts: dict[Ask[Any], Any] = {Head(GOVERNOR, "getProposalById(uint256)", (7,), 18): words}
    at = situation(facts, [], of=dao(protocol="aave_v2"))
    asked = wing.asks([_vote("for", 1)], at)
    assert Number(executor, "VOTE_DIFFERENTIAL()") in asked
    facts |= {
        Number(strategy, "getTotalVotingSupplyAt(uint256)", (START,)): 16_000 * W,
        Number(executor, "MINIMUM_QUORUM()"): 200,
        Number(executor, "VOTE_DIFFERENTIAL()"): 50,
    }
    assert ruled("aave_v2", facts).quorum_bps == 200


def test_a_voting_machine_asks_the_core_of_its_own_chain() -> None:
    core = "0x" + "ce" * 20
    proposal = (32, 2, 1, *(0,) * 12)
    facts: dict[Ask[Any], Any] = {
        Number(GOVERNOR, "GOVERNANCE()"): int(core, 16),
        Head(core, "getProposal(uint256)", (7,), 15): proposal,
        Head(core, "getVotingConfig(uint8)", (1,), 5): (0, 0, 320_000, 80_000, 0),
    }
    assert ruled("aave_v3_voting", facts, clock="timestamp") == YesThreshold(320_000 * W, 80_000 * W)
    del facts[Head(core, "getProposal(uint256)", (7,), 15)]
    assert isinstance(ruled("aave_v3_voting", facts, clock="timestamp"), Unruled)


def test_a_ballot_of_history_keeps_what_it_replaces_and_takes_and_old_ones_still_read() -> None:
    kept = record(_vote("for", 5, replaces=True, taken=Taken(OTHER, 3, "against")), NOW_S).ballot
    assert read_ballot(kept).ballot == Ballot(WHALE, 5 * W, 0, 0, replaces=True, taken=Taken(OTHER, 3, "against"))
    plain = record(_vote("for", 5), NOW_S).ballot
    assert b"replaces" not in plain
    old = b'{"at":1,"voter":"0xa1","for_raw":5,"against_raw":0,"abstain_raw":0}'
    assert read_ballot(old).ballot == Ballot("0xa1", 5, 0, 0)


def test_a_started_vote_that_tells_no_times_ends_when_the_contract_says() -> None:
    of = dao(protocol="lido", clock="timestamp")
    started = change("created", protocol="lido", description="Pay")
    at = situation({}, of=of)
    born = BornHead(Head(GOVERNOR, "getVote(uint256)", (7,), 9), alive=2)
    assert wing.asks([started], at) == [Number(GOVERNOR, "voteTime()"), born]
    at.facts.known[Number(GOVERNOR, "voteTime()")] = 3 * 86_400
    (alert,) = judged(at, started)
    facts: Any = alert.facts
    assert facts.ends_at_s == NOW_S + 3 * 86_400


def test_a_creators_vote_in_the_block_of_the_creation_is_weighed_and_stands_on_the_card() -> None:
    started = change("created", protocol="aragon", description="Pay")
    at = situation(aragon(), None, of=dao(protocol="aragon", clock="timestamp"))
    created, voted = judged(at, started, _vote("for", 9_000, protocol="aragon", position=1))
    assert isinstance(voted.facts, VoteFacts)
    assert (voted.facts.crosses_quorum, voted.facts.flips) == (True, "passing")
    assert isinstance(created.facts, ProposalFacts)
    assert created.facts.tally == voted.facts.after
    assert created.facts.followed is not None
    assert [vote.for_raw for vote in created.facts.followed.largest] == [9_000 * W]


def test_what_was_fixed_at_the_creation_is_read_at_the_block_itself_where_the_one_before_knows_nothing() -> None:
    ask = BornHead(Head(GOVERNOR, "getVote(uint256)", (7,), 2), alive=1)
    assert [call.params[1] for call in ask.calls(16)] == ["0xf", "0x10"]
    nothing, before, after = (f"0x{0:064x}{at:064x}" for at in (0, 5, 6))
    assert ask.read([nothing, after]) == (0, 6)
    assert ask.read([before, after]) == (0, 5)
    assert ask.read([None, nothing]) is None


def test_an_osx_creators_vote_in_the_block_of_the_creation_asks_for_the_terms_and_then_for_the_power() -> None:
    head, at = (
        BornHead(Head(GOVERNOR, "getProposal(uint256)", (7,), 11), alive=5),
        situation({}, None, of=dao(protocol="osx_token_voting", clock="timestamp")),
    )
    started = change("created", protocol="osx_token_voting", start_clock=NOW_S, end_clock=NOW_S + 9)
    assert head in wing.asks([started], at)
    at.facts.known |= {head: (1, 0, 1, 500_000, NOW_S, NOW_S + 9, 900, 100 * W, 0, 0, 0)}
    power = BornNumber(Number(GOVERNOR, "totalVotingPower(uint256)", (900,)))
    assert power in wing.asks([started], at)
    assert [call.params[1] for call in power.calls(16)] == ["0xf", "0x10"]
    at.facts.known |= {power: power.read([None, f"0x{1_000 * W:064x}"]), Number(GOVERNOR, "minApproval()"): None}
    _, voted = judged(at, started, _vote("for", 600, protocol="osx_token_voting", position=1))
    assert isinstance(voted.facts, VoteFacts)
    assert (voted.facts.crosses_quorum, voted.facts.flips) == (True, "passing")
    assert voted.facts.share_of_supply == Decimal("0.6")
