"""Answers about votes and proposals, drawn without Discord."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from bot.cards.card import Card
from bot.commands import proposal, votes
from tests import events
from tests.alerts import E18, GOVERNOR, VOTER, a_move, a_proposal, a_state, a_tally, a_vote
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, a_cast, harmless, stored
from watchers.alert import VoteFacts, alert_id
from watchers.inquiry import Standing
from watchers.wing import Ballot, Taken


def standing(**bent: Any) -> Standing:
    one = Standing(a_tally("43.6", "31.9"), False, True, False, NOW_S - 60, NOW_S + 600, 19_000_000)
    return one._replace(**bent)


def test_no_votes_say_since_when_there_would_be_some() -> None:
    card = votes.answer([], DESK)
    assert card.facts == ("No votes are on record yet. History starts 24 h before Tribune first read the chain.",)
    assert card.small == ""


def test_votes_of_no_weight_and_of_unknown_governors_are_left_out() -> None:
    found = stored(a_cast(1, weight_raw=0, for_raw=0), a_cast(2, address="0x" + "99" * 20), a_cast(3))
    card = votes.answer(found, DESK)
    assert len(card.facts) == 1
    assert "3 UNI for" in card.facts[0]
    assert card.small == "1 of 1 vote read from the record"


def test_the_largest_vote_is_the_largest_in_whole_tokens() -> None:
    card = votes.answer(stored(a_cast(2), a_cast(900), a_cast(30)), DESK, largest=True, limit=2)
    assert [line.split("]")[0] for line in card.facts] == ["- **[900 UNI for", "- **[30 UNI for"]  # a long one wraps


def test_a_vote_says_what_it_did_unless_a_reorg_took_the_alert_back() -> None:
    one = a_cast(5)
    alert = {"id": alert_id(one.chain_id, one.tx, "vote", one.position)}
    for live, said in ((True, True), (False, False)):
        card = votes.answer(stored(one), DESK, said=[a_state(a_vote(), alert=alert, live=live)])
        assert ("turned the outcome to failing" in card.facts[0]) is said


def test_a_vote_without_an_alert_is_held_to_the_quorum_that_an_alert_of_its_proposal_knows() -> None:
    quorum_of = a_state(a_vote(governor=UNISWAP.governor, after=a_tally("43.6", "46.9")))
    small = votes.answer(stored(a_cast(4)), DESK, said=[quorum_of]).facts[0]
    assert "<0.1 % of the quorum" in small.replace("\u00a0", " ")
    of_another = votes.answer(stored(a_cast(4, proposal_id=43)), DESK, said=[quorum_of]).facts[0]
    assert "quorum" not in of_another


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        ({}, "**turned the outcome to failing**"),
        ({"flips": None, "crosses_quorum": True}, "**reached the quorum**"),
        ({"flips": None}, "37.5 % of the quorum"),
        ({"flips": None, "share_of_quorum": None}, ""),
    ],
)
def test_a_mark_says_the_strongest_that_a_vote_did(bent: dict[str, Any], words: str) -> None:
    facts: VoteFacts = a_vote(**bent)
    assert votes.mark(facts) == words


def test_a_vote_on_an_unknown_side_says_so() -> None:
    card = votes.answer(stored(a_cast(5, support="unknown", for_raw=0)), DESK)
    assert "5 UNI on an unknown side" in card.facts[0]


def test_hostile_titles_do_nothing_in_votes() -> None:
    one = a_cast(5)
    card = votes.answer(stored(one), DESK, titles={(1, one.address, 42): HOSTILE})
    harmless(card)
    assert "\n" not in card.facts[0]


def test_twenty_votes_fit_one_message() -> None:
    found = stored(*(a_cast(n) for n in range(1, 300)))
    titles = {(1, UNISWAP.governor, 42): "A title of the longest kind " * 4}
    card = votes.answer(found, DESK, limit=20, titles=titles)
    harmless(card)
    assert card.small == f"{len(card.facts)} of 299 votes read from the record"
    assert all(line.endswith(":R>") for line in card.facts)


def drawn(steps: Sequence[str] = ("created",), tally: Any = None, stands: Standing | None = None, **bent: Any) -> Card:
    given = {"address": UNISWAP.governor, "proposal_id": 42, "proposer": VOTER, "targets": ("0x" + "77" * 20,), **bent}
    found = stored(*(events.created(10 + at, **{**given, "change": change}) for at, change in enumerate(steps)))
    return proposal.answer(UNISWAP, 42, found, [], tally, stands, DESK)


@pytest.mark.parametrize(
    ("steps", "tally", "stands", "headline"),
    [
        (["created"], a_tally("43.6", "31.9"), standing(), "Passing so far: 57.7 % for, 42.3 % against"),
        (["created"], a_tally("31.9", "43.6"), standing(), "Failing so far: 42.3 % for, 57.7 % against"),
        (["created"], a_tally("3", "1"), standing(), "Quorum not reached: 75.0 % for, 25.0 % against"),
        (["created"], a_tally("3", "1", None), standing(), "Open: 75.0 % for, 25.0 % against"),
        (["created"], a_tally("0", "0"), standing(begun=False), "Voting has not begun: no vote"),
        (["created"], a_tally("0", "0", None), None, "Open: no vote yet"),
        (["created"], a_tally("43.6", "31.9"), standing(ended=True), "Passed: 57.7 % for, 42.3 % against"),
        (["created"], a_tally("31.9", "43.6"), standing(ended=True), "Defeated: 42.3 % for, 57.7 % against"),
        (["created"], a_tally("3", "1", None), standing(ended=True), "Voting is over: 75.0 % for, 25.0 % against"),
        (["created", "queued"], a_tally("43.6", "31.9"), None, "Passed and queued: 57.7 % for, 42.3 % against"),
        (["created", "queued", "executed"], a_tally("100", "0"), None, "Executed: 100.0 % for, 0.0 % against"),
        (["created", "canceled"], a_tally("43.6", "31.9"), standing(), "Cancelled: 57.7 % for, 42.3 % against"),
        (["created"], None, None, "Open: tally unknown"),
    ],
)
def test_a_proposal_says_first_how_it_stands(
    steps: list[str], tally: Any, stands: Standing | None, headline: str
) -> None:
    card = drawn(steps, tally, stands)
    assert card.headline == headline
    assert len(card.headline) <= 48


def test_a_proposal_that_nobody_voted_on_yet_says_so() -> None:
    assert drawn(tally=a_tally("0", "0"), stands=standing(tally=a_tally("0", "0"))).headline.endswith(": no vote")


def test_a_quorum_that_is_unknown_is_called_unknown_and_never_zero() -> None:
    card = drawn(tally=a_tally("3", "1", None))
    assert "Quorum  unknown" in card.evidence[0]
    assert "of 0" not in card.evidence[0]


def test_a_proposal_says_where_its_numbers_come_from() -> None:
    tally = a_tally("43.6", "31.9")
    assert (
        "counted from 3 voters on record, rules read at block 19,000,000" in drawn(tally=tally, stands=standing()).small
    )
    assert "sums as the governor gives them" in drawn(tally=tally, stands=standing(by_contract=True)).small
    assert "the chain cannot be asked right now" in drawn(tally=tally).small
    assert "earlier votes are not on record" in drawn().small


def test_the_times_of_voting_are_said() -> None:
    assert drawn(stands=standing()).facts[0] == f"**Voting** ends <t:{NOW_S + 600}:R>"
    assert drawn(stands=standing(ended=True)).facts[0] == f"**Voting** ended <t:{NOW_S + 600}:R>"
    soon = drawn(stands=standing(begun=False)).facts[0]
    assert soon == f"**Voting** begins <t:{NOW_S - 60}:R>, ends <t:{NOW_S + 600}:f>"
    assert not drawn(stands=standing(ends_s=None)).facts[0].startswith("**Voting**")


def test_hostile_descriptions_do_nothing_in_a_proposal() -> None:
    card = drawn(description=HOSTILE * 50, tally=a_tally("1", "1"), stands=standing())
    harmless(card)
    assert "\n" not in card.subject


def test_the_tally_is_the_best_that_is_known() -> None:
    ballots = [Ballot("a", 3, 0, 0), Ballot("b", 0, 1, 0), Ballot("a", 2, 0, 0)]
    asked, judged = a_tally("1", "1"), a_tally("2", "2")
    same = msgspec.structs.replace(judged, for_raw=5, against_raw=1, abstain_raw=0)
    assert proposal.tally_of(ballots, standing(tally=asked), judged) is asked
    assert proposal.tally_of(ballots, None, same) is same
    counted_ = proposal.tally_of(ballots, standing(tally=None), judged)
    assert counted_ is not None
    assert (counted_.for_raw, counted_.against_raw, counted_.voters) == (5, 1, 2)
    assert (counted_.quorum_raw, counted_.passes) == (None, None)
    assert proposal.tally_of(None, None, judged) is None


def test_a_changed_mind_and_an_override_are_not_counted_twice_in_a_tally() -> None:
    changed = [Ballot("a", 600, 0, 0), Ballot("a", 0, 600, 0, replaces=True)]
    counted_ = proposal.tally_of(changed, None, None)
    assert counted_ is not None
    assert (counted_.for_raw, counted_.against_raw, counted_.voters) == (0, 600, 1)
    judged = msgspec.structs.replace(a_tally("2", "2"), for_raw=0, against_raw=600, abstain_raw=0)
    assert proposal.tally_of(changed, None, judged) is judged
    overridden = [Ballot("a", 1_000, 0, 0), Ballot("b", 0, 400, 0, taken=Taken("a", 400))]
    counted_ = proposal.tally_of(overridden, None, None)
    assert counted_ is not None
    assert (counted_.for_raw, counted_.against_raw, counted_.voters) == (600, 400, 2)


def test_the_largest_votes_are_those_that_stand() -> None:
    first, again = a_cast(600), a_cast(600, support="against", for_raw=0, against_raw=600 * E18, replaces=True)
    tally = a_tally("0", "600")
    (_, line) = proposal._largest(stored(again, first), UNISWAP, tally, DESK)
    assert "600 UNI against" in line


def test_a_vote_that_was_overridden_since_is_told_no_share_of_all() -> None:
    owner = "0x" + "0f" * 20
    given = a_cast(1_000)
    taken = a_cast(400, voter=owner, taken=Taken(VOTER, 400 * E18))
    tally = msgspec.structs.replace(a_tally("0", "0"), for_raw=1_000 * E18, against_raw=0, abstain_raw=0)
    (_, of_delegate, of_owner) = proposal._largest(stored(taken, given), UNISWAP, tally, DESK)
    assert "of all" not in of_delegate
    assert "40.0 % of all" in of_owner


def test_the_last_tally_is_of_the_newest_live_alert_of_that_proposal() -> None:
    after = a_tally("9", "9")
    said = [
        a_state(a_vote(after=a_tally("7", "7")), live=False),
        a_state(a_vote(proposal_id=43, after=a_tally("8", "8"))),
        a_state(a_move()),
        a_state(a_proposal(tally=None)),
        a_state(a_vote(after=after)),
    ]
    assert proposal.last_tally(said, GOVERNOR, 42) is after
    assert proposal.last_tally(said, GOVERNOR, 44) is None
