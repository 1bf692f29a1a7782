"""What commands answer, without Discord: empty records, hostile words, limits, orders, plurals."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bot.cards import layout, text
from bot.cards.card import Card
from bot.cards.text import plain
from bot.commands import batch, batches, proposal, votes, whales, why
from tests import events
from tests.alerts import E18, GOVERNOR, VOTER, a_move, a_proposal, a_state, a_tally, a_vote
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from watchers.alert import Amount, VoteFacts, alert_id
from watchers.appraisal import Appraised, Valued
from watchers.batches.container import Container
from watchers.batches.delegation import Delegation
from watchers.batches.events import BatchResult, Call
from watchers.batches.telling import container_of
from watchers.history import StoredEvent
from watchers.inquiry import Standing
from watchers.lookup import Found
from watchers.wing import Ballot, Taken

NOTHING = Appraised([], [], 0, None, [])


def stored(*found: Any, time_s: int = NOW_S) -> list[StoredEvent]:
    return [StoredEvent(event, time_s - at) for at, event in enumerate(found)]


def a_cast(n: int = 1, **bent: Any) -> Any:
    given = {"address": UNISWAP.governor, "proposal_id": 42, "voter": VOTER, "weight_raw": n * E18, "for_raw": n * E18}
    return events.vote(100 + n, n, **{**given, **bent})


def a_value(n: int = 1, **bent: Any) -> Valued:
    one = Valued(
        alert_id(1, events.tx(n), "liquidity", 0),
        1,
        "uniswap_v3",
        "Uniswap V3 USDC/WETH 0.05%",
        "add",
        (),
        Decimal(n * 1000),
        None,
        VOTER,
        events.tx(n),
        NOW_S - n,
    )
    return one._replace(**bent)


def standing(**bent: Any) -> Standing:
    one = Standing(a_tally("43.6", "31.9"), False, True, False, NOW_S - 60, NOW_S + 600, 19_000_000)
    return one._replace(**bent)


# --- votes ----------------------------------------------------------------------------------------------------------


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


# --- proposal -------------------------------------------------------------------------------------------------------


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


# --- whales ---------------------------------------------------------------------------------------------------------


def test_no_whale_at_all_is_said_in_a_sentence() -> None:
    card = whales.answer([], NOTHING, DESK)
    assert card.facts == ("No move on record is large enough. Wait for the next whale.",)
    assert "Lower the minimum" in whales.answer([], NOTHING, DESK, min_usd=Decimal(9)).facts[0]


def test_a_move_that_made_an_alert_is_not_listed_twice() -> None:
    state = a_state(a_move())
    lately = NOTHING._replace(moves=[a_value(alert_id=state.alert.id), a_value(2)], valued=2)
    card = whales.answer([state], lately, DESK)
    assert len(card.facts) == 2
    assert sum("≈" in line for line in card.facts) == 1
    assert card.small.endswith("2 moves of the last 24 h in the busiest pools were looked at")
    assert " · 1 move of the last" in whales.answer([state], lately._replace(valued=1), DESK).small


def test_why_nets_only_what_can_be_added_and_removed_and_names_a_range_where_there_is_one() -> None:
    ends = {}
    for name, bent in (
        ("ranged", {"tick_lower": -10, "tick_upper": 10}),
        ("whole", {}),
        ("swap", {"action": "swap"}),
    ):
        ends[name] = [line for line in why.answer(a_state(a_move(**bent)), DESK).facts if line.startswith("Net of")]
    assert ends == {
        "ranged": ["Net of what the same owner added and removed in this block and range."],
        "whole": ["Net of what the same owner added and removed in this block."],
        "swap": [],
    }


def test_a_move_that_a_reorg_took_back_is_in_neither_list() -> None:
    state = a_state(a_move(), live=False)
    card = whales.answer([state], NOTHING._replace(moves=[a_value(alert_id=state.alert.id)]), DESK)
    assert card.facts[0].startswith("No move on record")


def test_a_move_without_a_price_never_passes_a_minimum_and_is_told_in_tokens() -> None:
    amounts = (Amount("0x" + "a0" * 20, HOSTILE, None, -5), Amount("0x" + "a1" * 20, "WETH", 18, -7 * E18))
    state = a_state(a_move(usd=None, amounts=amounts, pool_name=HOSTILE, share_of_pool=None))
    card = whales.answer([state], NOTHING, DESK)
    harmless(card)
    assert "$" not in card.facts[0]
    assert "7 WETH removed" in card.facts[0]
    assert whales.answer([state], NOTHING, DESK, min_usd=Decimal(0)).facts[0].startswith("No move")


def test_whales_come_newest_first_whatever_their_source() -> None:
    state = a_state(a_move(), alert={"block_time_s": NOW_S - 2})
    lately = NOTHING._replace(moves=[a_value(1), a_value(3)], valued=9, priced_at_s=NOW_S)
    lines_ = plain(whales.answer([state], lately, DESK), now_s=NOW_S).splitlines()
    assert [line.split(" · ")[0].strip() for line in lines_[2:5]] == [
        "- ≈ $1,000 added",
        "- $4.82M removed",
        "- ≈ $3,000 added",
    ]


def test_the_largest_of_the_day_stand_in_for_missing_whales() -> None:
    lately = NOTHING._replace(largest=[a_value(n) for n in range(9, 0, -1)], valued=9)
    card = whales.answer([], lately, DESK, min_usd=Decimal(10**9))
    assert card.headline == "No whale lately: the largest moves of 24 h"
    assert len(card.facts) == whales.LARGEST
    assert "≈ $9,000" in card.facts[0]


def test_chains_that_cannot_be_asked_are_named() -> None:
    card = whales.answer([a_state(a_move())], NOTHING._replace(out=["Base", "Ethereum"]), DESK)
    assert card.facts[-1].startswith("Base, Ethereum cannot be asked right now")


def test_twenty_whales_fit_one_message() -> None:
    lately = NOTHING._replace(moves=[a_value(n, pool_name="P" * 90) for n in range(1, 40)], valued=39)
    harmless(whales.answer([], lately, DESK, limit=20))


# --- batches --------------------------------------------------------------------------------------------------------


def an_op(n: int = 1, **bent: Any) -> BatchResult:
    return events.batch(n, n, **{"container_id": events.tx(n), "outcome": "success", **bent})


def a_batch(*ops: BatchResult) -> Found:
    return Found(1, events.tx(1), 7, True, [], [container_of(op) for op in ops])


def test_no_failed_operation_is_said_to_be_none() -> None:
    card = batches.answer([], DESK, failed_only=True, where="Base")
    assert card.facts[0].startswith("No failed operation is on record.")
    assert card.small.startswith("0 operations")


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        ({}, "succeeded"),
        ({"outcome": "partial"}, "succeeded only in part"),
        ({"success": False, "outcome": "reverted"}, "failed"),
        ({"success": False, "outcome": "postop_reverted"}, "undone: its paymaster failed after it"),
        ({"success": False, "outcome": "prefund_too_low"}, "undone: it had not paid enough for gas"),
        ({"success": False, "outcome": "unknown"}, "failed"),
        ({"success": True, "outcome": "unknown"}, "accepted, its calls unknown"),
    ],
)
def test_an_outcome_is_said_in_plain_words_and_never_guessed(bent: dict[str, Any], words: str) -> None:
    card = batches.answer(stored(an_op(**bent)), DESK, failed_only=False, where="all chains")
    assert words in card.facts[0]
    assert ("✓" in card.facts[0]) == (words == "succeeded")


def test_hostile_reasons_and_functions_do_nothing_in_a_batch() -> None:
    calls = tuple(Call(n, "0x" + "55" * 20, 0, "0x", f"```{HOSTILE}", "failed", f"```{HOSTILE}") for n in range(40))
    ops = [an_op(n, success=False, outcome="reverted", reason=HOSTILE, calls=calls) for n in range(1, 60)]
    found = a_batch(*ops)
    card = batch.answer(found, DESK)
    harmless(card)
    assert "more line" in card.facts[-1]
    assert layout.texts(card)[1].endswith(card.facts[-1])
    harmless(batch.page(found, 3, DESK))
    harmless(batches.answer(stored(*ops), DESK, failed_only=True, where="all"))


def test_a_batch_without_a_trace_says_that_its_calls_are_unknown() -> None:
    card = batch.answer(a_batch(an_op(1, calls=(Call(0, "0x" + "55" * 20, 0, "0x"),), outcome="unknown")), DESK)
    assert card.headline == "Operation accepted, its calls unknown"
    assert card.small.endswith("calls inside unknown: the node gives no trace")
    assert card.facts[1] == "? 1 result unknown: `transfer`"
    assert "✓" not in "".join(card.facts)


SAFE_TX = Container(
    kind="safe",
    id=events.tx(9),
    sender="0x" + "5a" * 20,
    success=True,
    outcome="partial",
    calls=(
        Call(
            0,
            UNISWAP.token,
            0,
            "0xa9059cbb" + "0" * 24 + "11" * 20 + f"{5:064x}",
            "transfer(address,uint256)",
            "success",
        ),
        Call(1, UNISWAP.token, 7, "0x12345678", "0x12345678", "failed", 'Error("no")', 21_000),
        Call(2, UNISWAP.token, 0, "0xa9059cbb", "transfer(address,uint256)", "success", swallowed=2),
    ),
)


def test_what_failed_comes_first_with_target_function_arguments_and_reason_and_the_rest_is_folded() -> None:
    card = batch.answer(Found(1, events.tx(1), 7, True, [], [SAFE_TX], traced=True), DESK)
    said = [text.bare(line) for line in card.facts]
    assert (card.headline, card.accent) == ("Batch: 2 of 3 calls succeeded", "warning")
    assert said == [
        "✗ Safe transaction succeeded only in part · 2 of 3 · 0x5a5A5a…5A5A5A",
        '✗ call 2 failed · `0x12345678` on 0x1f9840…01F984 with 7 wei: `Error("no")`',
        "✓ call 3 succeeded, 2 failures inside it swallowed · `transfer` on 0x1f9840…01F984",
        "✓ 1 succeeded: `transfer`",
    ]
    assert card.small.endswith("checked call by call")


def test_every_call_is_on_a_page_with_its_arguments_and_buttons_that_turn_it() -> None:
    many = msgspec.structs.replace(
        SAFE_TX, calls=tuple(msgspec.structs.replace(SAFE_TX.calls[0], index=n) for n in range(20))
    )
    found = Found(1, events.tx(1), 7, True, [], [many], traced=True)
    (button,) = batch.answer(found, DESK).buttons
    assert (button.label, button.custom_id) == ("All calls", f"calls:{events.tx(1)}:0")
    pages = [batch.page(found, n, DESK) for n in range(3)]
    assert [page.headline for page in pages] == ["Calls 1 to 8 of 20", "Calls 9 to 16 of 20", "Calls 17 to 20 of 20"]
    assert [[b.label for b in page.buttons] for page in pages] == [["Next"], ["Previous", "Next"], ["Previous"]]
    assert pages[1].buttons[1].custom_id == f"turn:{events.tx(1)}:2"
    assert text.bare(pages[2].facts[4]).startswith("✓ call 20 succeeded · `transfer(0x1111")
    assert batch.page(found, 99_999, DESK) == pages[2]


def test_a_failed_batch_says_that_nothing_of_it_stays() -> None:
    undone = msgspec.structs.replace(
        SAFE_TX,
        success=False,
        outcome="reverted",
        calls=tuple(msgspec.structs.replace(c, outcome="rolled_back", swallowed=0) for c in SAFE_TX.calls),
    )
    card = batch.answer(Found(1, events.tx(1), 7, False, [], [undone], traced=True), DESK)
    assert (card.headline, card.accent) == ("Batch: 0 of 3 calls succeeded", "bad")
    assert card.facts[0] == "**The transaction failed**: nothing of it stays"
    assert card.facts[-1].startswith("↺ 3 undone: ")


def test_a_container_that_nothing_is_known_of_is_no_success() -> None:
    unknown = msgspec.structs.replace(SAFE_TX, success=None, outcome="unknown", calls=())
    card = batch.answer(Found(1, events.tx(1), 7, None, [], [unknown]), DESK)
    assert (card.headline, card.accent) == ("Batch accepted, its calls unknown", "warning")
    assert text.bare(card.facts[0]).startswith("? Safe transaction result unknown · ")
    assert card.buttons == ()


def test_a_delegation_is_told_with_whether_it_applied() -> None:
    given = [
        Delegation("0x" + "1a" * 20, "0x" + "2b" * 20, applied, why) for applied, why in ((True, ""), (False, "nonce"))
    ]
    card = batch.answer(Found(1, events.tx(1), 7, True, [], delegations=given), DESK)
    assert [text.bare(line) for line in card.facts[1:]] == [
        "Delegation of 0x1a1A1A…1a1a1a to 0x2b2B2B…2b2B2B applied",
        "Delegation of 0x1a1A1A…1a1a1a to 0x2b2B2B…2b2B2B not applied: nonce",
    ]


def test_a_failed_transaction_says_that_it_failed() -> None:
    card = batch.answer(Found(1, events.tx(1), 7, False, []), DESK)
    assert (card.headline, card.accent) == ("The transaction failed", "bad")


def test_a_transaction_says_what_else_it_did() -> None:
    found = [a_cast(3), events.created(1), *(events.move(1, n) for n in range(20))]
    card = batch.answer(Found(1, events.tx(1), 7, True, found), DESK)
    assert card.facts[1] == "**Vote** 3 UNI for · Uniswap 42"
    assert card.facts[2] == "**Proposal** 7 created"
    assert card.facts[3].startswith("**Liquidity** removed from pool [0x909090…909090]")
    assert card.facts[-1] == "and 12 more"
