"""What is drawn of votes that are on no chain: no block, no transaction, and no sides where there are none."""

import dataclasses
from typing import Any

import msgspec
import pytest

from bot.cards import render
from bot.cards.card import Card
from bot.commands import delegate, proposal, votes, why
from bot.operator import OperatorChannel
from tests.alerts import E18, VOTER, a_proposal, a_state, a_vote
from tests.desk import DESK, HOSTILE, SETTINGS, harmless
from watchers.alert import AlertState, Followed, LargeVote, Reason, StepTaken, Tally
from watchers.errors import UserError
from watchers.governance.events import ProposalChange, Vote
from watchers.history import StoredEvent
from watchers.wing import Ballot

SPACE, HUB = SETTINGS.daos["uniswap-snapshot"], SETTINGS.chains["snapshot"]
PROPOSAL = 0xABCD << 200
ID = f"0x{PROPOSAL:064x}"
CHOSEN = Tally(0, 0, 600 * E18, 1_000 * E18, 600 * E18, 3, passes=None, unsided=True)
NONE = msgspec.structs.replace(CHOSEN, abstain_raw=0, toward_quorum_raw=0, voters=0)


def state(facts: Any, **bent: Any) -> AlertState:
    at = {"chain_id": HUB.id, "protocol": "snapshot", "dao": SPACE.key, **bent}
    return a_state(
        msgspec.structs.replace(facts, dao=SPACE.key, governor=SPACE.governor, proposal_id=PROPOSAL), alert=at
    )


def chosen(**bent: Any) -> AlertState:
    given = {"support": "unknown", "choice": "Blue", "flips": None, "pivotal": False, "before": NONE, "after": CHOSEN}
    return state(a_vote(**{**given, "to_flip_back_raw": None, **bent}))


def drawn(one: AlertState) -> Card:
    return render([one], DESK.lexicon, ping_role=None)


def text_of(card: Card) -> str:
    return "\n".join((card.headline, card.subject, *card.facts, *card.evidence, card.small))


def test_a_card_says_that_it_is_off_chain_links_the_hub_and_has_no_transaction() -> None:
    card = drawn(state(a_vote()))
    assert card.small.startswith("off-chain (Snapshot) · <t:")
    assert "block" not in card.small
    assert "final" not in card.small
    assert card.subject_url == f"https://snapshot.box/#/s:uniswapgovernance.eth/proposal/{ID}"
    assert [button.label for button in card.buttons] == ["Why?", "Snooze"]
    assert "https://snapshot.box/#/profile/0x8d07" in card.facts[0]


def test_a_corrected_vote_says_so_and_no_other_does() -> None:
    assert "corrected there since" in drawn(state(a_vote(), amended=True)).small
    assert "corrected" not in drawn(state(a_vote())).small


def test_a_vote_for_what_is_neither_for_nor_against_claims_no_outcome() -> None:
    text = text_of(drawn(chosen()))
    assert "**Voted** for “Blue”" in text
    assert "→ **60.0 %**" in text
    assert "Cast    600" in text
    for word in ("Outcome", "Against", "Abstain", "unknown", "**For**"):
        assert word not in text
    assert "**Voted** on an unknown side" in text_of(drawn(chosen(choice="")))


def test_several_such_votes_on_one_card_name_each_choice() -> None:
    both = [chosen(), chosen(choice="Red")]
    both[1] = msgspec.structs.replace(both[1], alert=msgspec.structs.replace(both[1].alert, id="ab" * 16))
    text = text_of(render(both, DESK.lexicon, ping_role=None))
    assert "for “Blue”" in text
    assert "for “Red”" in text


def test_a_followed_proposal_tells_its_votes_and_its_result_in_words() -> None:
    steps = (StepTaken("created", ID, 1), StepTaken("counted", ID, 2))
    large = (LargeVote(VOTER, 0, 0, 600 * E18),)
    facts = a_proposal(tally=CHOSEN, followed=Followed(steps[:1], large), actions=0)
    card = drawn(state(facts))
    assert card.headline == "Open: 3 votes"
    text = text_of(card)
    assert "abstain" not in text.lower()
    assert "[Created]" not in text, "a step of a hub has no transaction to link"
    over = msgspec.structs.replace(
        facts, followed=Followed(steps, large, ended=True), result="Blue 60.0 % · Red 40.0 %"
    )
    card = drawn(state(over))
    assert card.headline == "Voting closed: counted"
    assert "**Result** Blue 60.0 % · Red 40.0 %" in card.facts
    passed = msgspec.structs.replace(facts, followed=Followed((StepTaken("passed", ID, 2),), ended=True))
    assert drawn(state(passed)).headline == "Passed"


@pytest.mark.parametrize(("change", "said"), [("passed", "Proposal passed"), ("counted", "Voting is over and counted")])
def test_a_result_is_a_card_that_says_it_in_words(change: str, said: str) -> None:
    card = drawn(state(a_proposal(change=change, result="Blue 60.0 %; quorum met (120.0 % of it)", tally=CHOSEN)))
    assert card.headline == said
    assert r"**Result** Blue 60.0 %; quorum met \(120.0 % of it\)" in card.facts
    assert not any("Voting until" in line or "**Votes**" in line for line in card.facts)


def test_hostile_choices_and_results_do_nothing() -> None:
    harmless(drawn(chosen(choice=HOSTILE)))
    harmless(drawn(state(a_proposal(change="counted", result=HOSTILE * 20))))
    followed = Followed((StepTaken("counted", ID, 2),), ended=True)
    harmless(drawn(state(a_proposal(followed=followed, result=HOSTILE * 20, tally=CHOSEN))))


def test_why_names_the_signed_message_and_no_block() -> None:
    told = text_of(why.answer(state(a_vote(), tx="0x" + "5e" * 32, reasons=(Reason("r", "m", "1", "1"),)), DESK))
    assert f"**Signed message** `0x{'5e' * 32}`, on no chain" in told
    assert "**Block**" not in told
    assert "**Transaction**" not in told


# --- answers ----------------------------------------------------------------------------------------------------------


def a_cast(choice: str = "", **bent: Any) -> StoredEvent:
    given: dict[str, Any] = {
        "protocol": "snapshot", "chain_id": HUB.id, "block": 9, "tx": "0x" + "5e" * 32, "tx_index": 0, "log_index": 1,
        "address": SPACE.governor, "proposal_id": PROPOSAL, "voter": VOTER, "support": "unknown",
        "weight_raw": 5 * E18, "abstain_raw": 5 * E18, "replaces": True, "choice": choice,
    }  # fmt: skip
    return StoredEvent(Vote(**{**given, **bent}), 9)


def a_step(change: Any, **bent: Any) -> StoredEvent:
    given: dict[str, Any] = {
        "protocol": "snapshot", "chain_id": HUB.id, "block": 9, "tx": ID, "tx_index": 0, "log_index": 0,
        "address": SPACE.governor, "proposal_id": PROPOSAL, "proposer": VOTER, "end_clock": 1_800_000_000,
        "description": "Which colour\n\nall of it",
    }  # fmt: skip
    return StoredEvent(ProposalChange(**{**given, "change": change, **bent}), 9)


def test_votes_lists_the_choice_and_links_no_transaction() -> None:
    (line,) = votes.answer([a_cast("Blue")], DESK).facts
    assert line.startswith("- **5 UNI for “Blue”** · Uniswap (Snapshot): ")


def test_a_proposal_of_a_hub_is_answered_from_what_is_kept() -> None:
    steps = [a_step("created"), a_step("counted", result="Blue 60.0 %")]
    card = proposal.answer(SPACE, PROPOSAL, steps, [a_cast("Blue")], CHOSEN, None, DESK)
    assert card.headline == "Voting is over: 3 votes"
    assert card.subject_url.endswith(ID)
    assert card.small.endswith("counted from 3 voters on record · off-chain (Snapshot)")
    text = text_of(card)
    assert "**Result** Blue 60.0 %" in text
    assert "**Does**" not in text, "nothing of it runs on a chain"
    assert "Cast    600" in text
    assert "for “Blue”" in text
    still = proposal.answer(SPACE, PROPOSAL, steps[:1], [], CHOSEN, None, DESK)
    assert still.headline == "Open: 3 votes"
    assert any("<t:1800000000:f>" in line for line in still.facts)


def test_a_proposal_that_came_back_is_answered_as_open_and_then_by_its_result() -> None:
    steps = [a_step("created"), a_step("canceled", position=2), a_step("restored", position=3)]
    back = proposal.answer(SPACE, PROPOSAL, steps, [], CHOSEN, None, DESK)
    assert back.headline == "Open: 3 votes"
    over = proposal.answer(SPACE, PROPOSAL, [*steps, a_step("passed", position=1)], [], CHOSEN, None, DESK)
    assert over.headline == "Passed: 3 votes"
    gone = proposal.answer(SPACE, PROPOSAL, [*steps, a_step("canceled", position=4)], [], CHOSEN, None, DESK)
    assert gone.headline == "Cancelled: 3 votes"


def test_a_tally_has_no_sides_where_no_vote_has_one() -> None:
    plain = msgspec.structs.replace(CHOSEN, unsided=False)
    assert proposal.sided(plain, [a_cast("Blue"), a_cast("Red")]) == CHOSEN
    assert proposal.sided(plain, [a_cast("Blue"), a_cast(support="for", for_raw=5, abstain_raw=0)]) == plain
    assert proposal.sided(plain, []) == plain
    unplaced = a_cast(abstain_raw=0)  # of a governor that does not tell a side
    assert proposal.sided(plain, [unplaced]) == plain


def test_a_proposal_is_also_named_as_the_hub_names_it() -> None:
    assert proposal._number(ID) == PROPOSAL
    with pytest.raises(UserError):
        proposal._number("0x12")


async def test_an_operator_is_told_of_readings_and_not_of_blocks() -> None:
    told: list[Card] = []

    class Port:
        async def post(self, _: int, card: Card, __: str) -> int:
            told.append(card)
            return 1

    channel: Any = Port()
    operator = OperatorChannel(channel, 5)
    await operator.stalled(HUB, 200.0, 1_700_000_000)
    await operator.recovered(HUB, 240, 260.0)
    text = "\n".join(line for card in told for line in card.facts)
    assert "No new reading of Snapshot" in text
    assert "<t:1700000000:R>" in text
    assert "block" not in text


async def test_a_vote_of_no_side_neither_agrees_nor_disagrees_with_the_majority() -> None:
    class Kept:
        async def votes(self, **_: Any) -> list[StoredEvent]:
            return [a_cast("Blue"), a_cast(support="for", for_raw=5 * E18, abstain_raw=0, proposal_id=7)]

        async def ballots(self, _: int, __: str, proposal_id: int) -> list[Ballot]:
            return [Ballot(VOTER, 5, 0, 0) if proposal_id == 7 else Ballot(VOTER, 0, 0, 5)]

        async def proposal(self, *_: Any) -> list[StoredEvent]:
            return []

    history: Any = Kept()
    record = await delegate._record(VOTER, SPACE, dataclasses.replace(DESK, history=history))
    assert (record.proposals, record.agreed, record.known) == (2, 1, 1)
