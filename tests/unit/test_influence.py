"""What a vote decides among the others, and who votes together by their labels; on the alert, the card and in Why?."""

from decimal import Decimal
from typing import Any

import msgspec

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from bot.commands import why
from config.settings import Label, VoteWatch, load
from tests.alerts import VOTER, a_state, a_vote
from tests.desk import DESK
from tests.electorate import BRAVO_FACTS, KEY, OTHER, WHALE, W, judged, only, situation, vote
from watchers.alert import Bloc, Influence, VoteFacts
from watchers.governance.asks import BravoVotes, Counts
from watchers.wing import Ballot, Situation

THIRD, FOURTH = "0x" + "c3" * 20, "0x" + "d4" * 20


def label(address: str, kind: str, **more: Any) -> Label:
    return Label.model_validate({"address": address, "name": kind, "kind": kind, "source": "a list", **more})


def labelled(at: Situation, *labels: Label) -> Situation:
    return at._replace(settings=at.settings.model_copy(update={"labels": labels}))


def seen_of(facts: VoteFacts) -> Influence:
    assert facts.influence is not None
    return facts.influence


def test_a_vote_says_what_a_switch_would_turn_and_how_few_decide() -> None:
    ballots = [Ballot(OTHER, 700 * W, 0, 0), Ballot(THIRD, 600 * W, 0, 0), Ballot(FOURTH, 0, 900 * W, 0)]
    _, facts = only(judged(situation(ballots=ballots), vote("for", 100)))
    assert facts.after.passes
    assert not facts.pivotal  # 1,300 for against 900 still pass
    seen = seen_of(facts)
    assert not seen.pivotal_by_switch
    assert seen.margin_share == Decimal("0.2")
    assert (seen.winning_number, seen.blocking_number) == (2, 1)


def test_a_voter_who_could_have_turned_it_is_pivotal_by_switch_only() -> None:
    ballots = [Ballot(OTHER, 1_200 * W, 0, 0), Ballot(THIRD, 0, 1_050 * W, 0)]
    _, facts = only(judged(situation(ballots=ballots), vote("for", 60)))
    assert (facts.pivotal, seen_of(facts).pivotal_by_switch) == (False, False)
    ballots = [Ballot(OTHER, 1_060 * W, 0, 0), Ballot(THIRD, 0, 1_040 * W, 0)]
    _, facts = only(judged(situation(ballots=ballots), vote("for", 60)))
    assert (facts.pivotal, seen_of(facts).pivotal_by_switch) == (False, True)


def test_an_abstainer_leads_nobody() -> None:
    _, facts = only(judged(situation(ballots=[Ballot(OTHER, 10 * W, 0, 0)]), vote("abstain", 100)))
    assert seen_of(facts).margin_share is None


def test_a_late_flip_says_that_it_is_late() -> None:
    ballots = [Ballot(OTHER, 900 * W, 0, 0)]
    early = only(judged(situation(ballots=ballots), vote("for", 150)))[1]
    late = only(judged(situation(ballots=ballots, height=2_400), vote("for", 150, block=2_400)))[1]
    assert (seen_of(early).late, seen_of(late).late) == (False, True)


def test_votes_are_summed_by_owner_and_by_class() -> None:
    ballots = [Ballot(OTHER, 200 * W, 0, 0), Ballot(THIRD, 0, 100 * W, 0), Ballot(FOURTH, 0, 0, 50 * W)]
    at = labelled(
        situation(ballots=ballots),
        label(WHALE, "investor", owner="a16z"),
        label(OTHER, "investor", owner="a16z"),
        label(THIRD, "team", chain="local"),
        label(THIRD, "exchange"),
        label(THIRD, "delegate", chain="elsewhere"),
        label("0x" + "e5" * 20, "treasury", owner="a16z"),
    )
    _, facts = only(judged(at, vote("for", 150)))
    seen = seen_of(facts)
    assert seen.owner == Bloc("a16z", 2, Decimal("0.7"))
    assert seen.classes == (
        Bloc("investor", 2, Decimal("0.7")),
        Bloc("team", 1, Decimal("0.2")),
        Bloc("unknown", 1, Decimal("0.1")),
    )


def test_a_label_of_class_unknown_is_counted_among_the_unknown() -> None:
    at = labelled(situation(ballots=[Ballot(OTHER, 300 * W, 0, 0)]), label(WHALE, "unknown"), label(OTHER, "team"))
    seen = seen_of(only(judged(at, vote("for", 100)))[1])
    assert seen.classes == (Bloc("team", 1, Decimal("0.75")), Bloc("unknown", 1, Decimal("0.25")))


def test_the_first_votes_are_not_held_for_a_majority_of_insiders() -> None:
    at = labelled(situation(ballots=[]), label(WHALE, "investor", owner="a16z"))
    seen = seen_of(only(judged(at, vote("for", 150)))[1])
    assert (seen.owner, seen.classes) == (None, ())


def test_without_the_voters_of_before_nothing_is_said_of_coalitions() -> None:
    facts = {**BRAVO_FACTS, BravoVotes(*KEY): Counts(900 * W, 0, 0)}
    at = labelled(situation(facts, ballots=None), label(WHALE, "investor", owner="a16z"))
    seen = seen_of(only(judged(at, vote("for", 150)))[1])
    assert (seen.winning_number, seen.blocking_number, seen.owner, seen.classes) == (None, None, None, ())
    assert seen.pivotal_by_switch


def test_where_nothing_is_known_nothing_is_claimed() -> None:
    watch = VoteWatch(kind="vote", name="large", min_tokens=Decimal(1))
    seen = seen_of(only(judged(situation({}, ballots=None, watches=[watch]), vote("for", 150)))[1])
    assert seen == Influence(False, None, None, None, late=False, gained_within_h=24)


# --- the card and Why? ---------------------------------------------------------------------------------------------

INVESTOR = Label(address=VOTER, name="a16z", kind="investor", source="etherscan-labels")
LEXICON = Lexicon(load(environ={}, dotenv=None).model_copy(update={"labels": (INVESTOR,)}))
CALM = Influence(True, Decimal(4), None, None, late=False)


def drawn(seen: Influence | None) -> str:
    return plain(render([a_state(a_vote(influence=seen))], LEXICON), now_s=1_700_001_000)


def test_a_card_without_more_to_say_stays_as_it_was() -> None:
    assert drawn(CALM) == drawn(None)
    alone = msgspec.structs.replace(
        CALM,
        winning_number=9,
        blocking_number=4,
        owner=Bloc("a16z", 1, Decimal("0.2")),
        classes=(Bloc("investor", 1, Decimal("0.2")), Bloc("delegate", 5, Decimal("0.8"))),
    )
    assert drawn(alone) == drawn(None)


def test_a_card_says_when_an_owner_or_a_class_of_insiders_votes_together_and_how_few_it_rests_on() -> None:
    seen = msgspec.structs.replace(
        CALM,
        blocking_number=2,
        owner=Bloc("a16z", 2, Decimal("0.24")),
        classes=(Bloc("delegate", 9, Decimal("0.5")), Bloc("investor", 5, Decimal("0.42"))),
    )
    before, after = drawn(None).splitlines(), drawn(seen).splitlines()
    assert len(after) == len(before)
    assert after[2] == (before[2] + " · a16z 24.0 % with 2 addresses · all of class investor 42.0 % with 5 voters")
    assert after[4] == before[4] + " · rests on 2 votes"
    assert "rests on one vote\n" in drawn(msgspec.structs.replace(CALM, blocking_number=1))


def test_a_card_names_whose_vote_alone_decides_or_says_how_many_such_there_are() -> None:
    one = msgspec.structs.replace(CALM, blocking_number=1, alone_number=1, alone=(VOTER,))
    assert "rests on one vote: a16z (investor) 0x8d07D2…e6A265\n" in drawn(one)
    assert f"**Decides alone** `{VOTER}`" in why.answer(a_state(a_vote(influence=one)), DESK).facts
    several = msgspec.structs.replace(one, alone_number=4, alone=(VOTER, WHALE, OTHER))
    assert "rests on any one of 4 votes\n" in drawn(several)
    told = why.answer(a_state(a_vote(influence=several)), DESK).facts
    assert f"**Each decides alone** `{VOTER}`, `{WHALE}`, `{OTHER}` and 1 more" in told


def test_an_owner_who_is_the_whole_class_is_said_once() -> None:
    seen = msgspec.structs.replace(
        CALM, owner=Bloc("a16z", 2, Decimal("0.24")), classes=(Bloc("investor", 2, Decimal("0.24")),)
    )
    assert "of class" not in drawn(seen)


def test_why_says_what_the_vote_decides_among_the_others() -> None:
    seen = Influence(
        pivotal_by_switch=True,
        margin_share=Decimal("4.5"),
        winning_number=11,
        blocking_number=1,
        late=True,
        owner=Bloc("a16z", 2, Decimal("0.24")),
        classes=(Bloc("investor", 2, Decimal("0.24")), Bloc("unknown", 9, Decimal("0.76"))),
    )
    text = "\n".join(why.answer(a_state(a_vote(influence=seen)), DESK).facts)
    for line in (
        "**Had it gone the other way** the outcome would be another",
        "**Against the lead** this voter's votes are 450.0 % of it",
        "**Largest For votes** 11 votes would pass it alone; without 1 vote it fails",
        "**Late** it came in the last tenth of the voting",
        "**Owner** a16z, 24.0 % by 2 addresses",
        "**Votes cast by label** investor 24.0 % by 2 voters; unknown 76.0 % by 9 voters",
    ):
        assert line in text
