"""The card that follows a proposal, and the name of the thread that it starts."""

import pytest

from bot.cards import render
from bot.cards.card import Card
from bot.cards.standing import THREAD_NAME
from bot.cards.vote import tally_bars
from tests.alerts import a_proposal, a_state, a_tally
from tests.desk import DESK, HOSTILE, harmless
from watchers.alert import Followed, StepTaken, Tally

STEPS = (StepTaken("created", "0xaa", 1),)


def card(title: str = "UNI for Flipside", *steps: StepTaken, ended: bool = False, **bent: object) -> Card:
    facts = a_proposal(title=title, followed=Followed((*STEPS, *steps), (), ended), **bent)
    return render([a_state(facts)], DESK.lexicon)


def test_a_thread_is_named_after_the_dao_and_the_title() -> None:
    assert card().thread == "Uniswap: UNI for Flipside"
    assert card("  ").thread == "Uniswap: proposal 42"
    assert card(dao="gone").thread == "unknown DAO: UNI for Flipside"


def test_a_threads_name_is_cut_to_what_discord_takes_and_shows_no_hidden_character() -> None:
    assert len(card("x" * 500).thread) == THREAD_NAME
    assert card("x" * 500).thread.endswith("…")
    name = card(HOSTILE).thread
    assert "\u202e" not in name
    assert "\n" not in name
    harmless(card(HOSTILE))


def test_only_the_card_that_follows_names_a_thread() -> None:
    assert render([a_state(a_proposal(change="queued"))], DESK.lexicon).thread == ""


@pytest.mark.parametrize(
    ("given", "headline"),
    [
        (card(tally=a_tally("43.6", "31.9")), "Passing so far: 57.7 % for"),
        (card(tally=a_tally("31.9", "43.6")), "Failing so far: 42.3 % for"),
        (card(tally=None), "Voting: the tally is not known"),
        (card(tally=a_tally("0", "0")), "New proposal: voting opens"),
        (card(tally=a_tally("43.6", "31.9"), ended=True), "Voting closed: it would pass"),
        (card(tally=a_tally("31.9", "43.6"), ended=True), "Voting closed: defeated"),
        (card(tally=None, ended=True), "Voting closed: the result is not known"),
    ],
)
def test_its_headline_says_how_it_stands(given: Card, headline: str) -> None:
    assert given.headline == headline


@pytest.mark.parametrize(
    ("tally", "why"),
    [
        (a_tally("31.9", "43.6"), "the quorum was missed, 31.9M of 40.0M · more against than for"),
        (a_tally("31.9", "1"), "the quorum was missed, 31.9M of 40.0M"),
        (a_tally("43.6", "46.9"), "more against than for"),
        (a_tally("43.6", "43.6"), "as much against as for"),
        (a_tally("0", "0"), "the quorum was missed, 0 of 40.0M · none for"),
    ],
)
def test_a_defeated_card_keeps_its_tally_and_says_why(tally: Tally, why: str) -> None:
    for drawn in (card(tally=tally, ended=True), card("t", StepTaken("defeated", "0xbb", 2), ended=True, tally=tally)):
        assert f"**Defeated** {why}" in drawn.facts
        assert drawn.evidence == (tally_bars(tally, 18),)
    step = render([a_state(a_proposal(change="defeated", tally=tally))], DESK.lexicon)
    assert f"**Defeated** {why}" in step.facts


def test_a_card_says_nothing_of_a_defeat_that_is_none_or_not_known() -> None:
    passing, unknown = a_tally("43.6", "31.9"), a_tally("1", "2", None)
    for drawn in (
        card(tally=a_tally("1", "2")),
        card(tally=passing, ended=True),
        card(tally=unknown, ended=True),
        card("t", StepTaken("canceled", "0xbb", 2), ended=True, tally=a_tally("1", "2")),
    ):
        assert not [fact for fact in drawn.facts if "**Defeated**" in fact]


@pytest.mark.parametrize(
    ("step", "headline", "accent"),
    [
        ("executed", "Executed", "good"),
        ("canceled", "Cancelled", "bad"),
        ("vetoed", "Vetoed", "bad"),
        ("defeated", "Defeated", "bad"),
        ("queued", "Passed and queued", "good"),
    ],
)
def test_a_step_that_ends_it_is_its_headline(step: str, headline: str, accent: str) -> None:
    given = card("t", StepTaken(step, "0xbb", 2), ended=True, tally=a_tally("43.6", "31.9"))
    assert (given.headline, given.accent) == (headline, accent)


@pytest.mark.parametrize(
    ("steps", "headline"),
    [
        (("canceled", "restored"), "Passing so far: 57.7 % for"),
        (("canceled", "restored", "passed"), "Passed"),
        (("canceled", "restored", "canceled"), "Cancelled"),
    ],
)
def test_a_cancellation_that_was_taken_back_is_no_outcome(steps: tuple[str, ...], headline: str) -> None:
    taken = [StepTaken(step, "0xbb", at) for at, step in enumerate(steps, 2)]
    given = card("t", *taken, tally=a_tally("43.6", "31.9"))
    assert given.headline == headline
    assert "Not cancelled after all" in "\n".join(given.facts)
