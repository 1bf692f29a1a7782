"""Which votes and steps alert, what each says, and what it does not claim to know."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from config.settings import Chain, Dao, LiquidityWatch, Runtime, Settings, VoteWatch, Watch
from watchers.alert import Alert, ProposalFacts, VoteFacts, alert_id
from watchers.chain.block import Header
from watchers.event import Event
from watchers.facts import Ask, Facts
from watchers.governance.asks import (
    BravoTimes,
    BravoVotes,
    CountingMode,
    Counts,
    GovernorTimes,
    GovernorVotes,
    QuorumAt,
    QuorumOf,
    QuorumVotes,
    Supply,
    Times,
)
from watchers.governance.events import ProposalChange, Support, Vote, title_of
from watchers.governance.wing import wing
from watchers.wing import Ballot, Situation

W = 10**18
GOVERNOR, TOKEN, TX = "0x" + "60" * 20, "0x" + "70" * 20, "0x" + "11" * 32
WHALE, OTHER = "0x" + "a1" * 20, "0x" + "b2" * 20
KEY = (GOVERNOR, 7)
HEIGHT, NOW_S = 1_000, 1_700_000_000
START, END = 500, 2_500
BRAVO_FACTS: dict[Ask[Any], Any] = {
    BravoTimes(*KEY): Times(START, END),
    QuorumVotes(GOVERNOR): 1_000 * W,
    Supply(TOKEN, START): 100_000 * W,
}


def dao(**given: Any) -> Dao:
    base = {"key": "demo", "name": "Demo", "chain": "local", "protocol": "governor_bravo", "symbol": "DEMO"}
    return Dao.model_validate({**base, "governor": GOVERNOR, "token": TOKEN, **given})


def situation(
    facts: dict[Ask[Any], Any] | None = None,
    ballots: Sequence[Ballot] | None = (),
    *,
    watches: Sequence[Watch] = (VoteWatch(kind="vote", name="large"),),
    of: Dao | None = None,
    height: int = HEIGHT,
    l1: str | None = None,
) -> Situation:
    chain = Chain.model_validate(
        {
            "key": "local",
            "id": 31337,
            "name": "Local",
            "native": "ETH",
            "endpoints": ["http://node"],
            "block_time_s": 12,
            "confirmations": 1,
        }
    )
    one = of or dao()
    settings = Settings(
        runtime=Runtime(), chains={"local": chain}, daos={one.key: one}, tokens=(), labels=(), watches=tuple(watches)
    )
    header = Header(hex(height), "0x" + "bb" * 32, "0x" + "aa" * 32, hex(NOW_S), "0x", l1_block_number=l1)
    known = Facts(dict(BRAVO_FACTS if facts is None else facts))
    return Situation(
        settings, chain, header, known, {} if ballots is None else {KEY: ballots}, {KEY: "# Pay them\nNow"}
    )


def vote(support: Support, tokens: int, *, voter: str = WHALE, position: int = 0, **given: Any) -> Vote:
    parts = {f"{support}_raw": tokens * W} if support in ("for", "against", "abstain") else {}
    base: dict[str, Any] = {
        "protocol": "governor_bravo",
        "chain_id": 31337,
        "block": HEIGHT,
        "tx": TX,
        "tx_index": 0,
        "log_index": position,
        "address": GOVERNOR,
        "position": position,
        "proposal_id": 7,
        "voter": voter,
        "support": support,
        "weight_raw": tokens * W,
    }
    return Vote(**{**base, **parts, **given})


def change(what: str, **given: Any) -> ProposalChange:
    base = vote("for", 0)
    shared = {name: getattr(base, name) for name in Event.__struct_fields__}
    return ProposalChange(**{**shared, "proposal_id": 7, "change": what, **given})


def said(alert: Alert) -> VoteFacts:
    assert isinstance(alert.facts, VoteFacts)
    return alert.facts


def judged(at: Situation, *events: Event) -> list[Alert]:
    return wing.judge(events, at)


def only(alerts: list[Alert]) -> tuple[Alert, VoteFacts]:
    assert len(alerts) == 1
    return alerts[0], said(alerts[0])


# --- what fires --------------------------------------------------------------------------------------------------


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


# --- votes in order ----------------------------------------------------------------------------------------------


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


# --- severity ----------------------------------------------------------------------------------------------------


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


# --- what is not known -------------------------------------------------------------------------------------------


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


# --- families ----------------------------------------------------------------------------------------------------


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


# --- the end of voting -------------------------------------------------------------------------------------------


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


# --- proposals ---------------------------------------------------------------------------------------------------


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
    assert (facts.title, facts.proposer, facts.actions, facts.tally) == ("Fund us", OTHER, 2, None)
    assert (facts.ends_at_clock, facts.ends_at_s, facts.eta_s) == (1_200, NOW_S + 200 * 12, None)
    assert (alert.kind, alert.severity, alert.addresses) == ("proposal", "info", (GOVERNOR, OTHER, TOKEN))
    assert alert.reasons[0].value == "created"


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


# --- questions ---------------------------------------------------------------------------------------------------


def test_the_questions_come_in_two_rounds_and_end() -> None:
    at = situation(facts={}, of=dao(protocol="oz_governor"))
    first = list(wing.asks([vote("for", 1), vote("against", 2, position=1)], at))
    assert first == [GovernorTimes(*KEY), CountingMode(GOVERNOR)]
    at.facts.known.update({GovernorTimes(*KEY): Times(START, END), CountingMode(GOVERNOR): None})
    second = list(wing.asks([vote("for", 1)], at))
    assert second == [QuorumAt(GOVERNOR, START), Supply(TOKEN, START)]
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
