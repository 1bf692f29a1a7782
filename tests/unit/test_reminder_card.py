"""A reminder as a person reads it, and what its Why? adds: each sentence, known and unknown."""

from typing import Any

import msgspec
import pytest

from bot.cards import render
from bot.cards.text import plain
from bot.commands import why
from tests.alerts import BUNDLER, GOVERNOR, VOTER, a_state
from tests.desk import DESK
from watchers.alert import Absent, Reason, ReminderFacts, Swing, Tally

E18 = 10**18
TALLY = Tally(300 * E18, 100 * E18, 0, 1_000 * E18, 300 * E18, 4, passes=False)
AWAY = (Absent(VOTER, 700 * E18 + 1), Absent(BUNDLER, 5 * E18))


def facts(**bent: Any) -> ReminderFacts:
    told = ReminderFacts(
        dao="uniswap",
        governor=GOVERNOR,
        proposal_id=42,
        title="UNI for Flipside",
        hours=3,
        ends_at_s=1_800_000_000,
        ends_at_clock=None,
        tally=TALLY,
        token_symbol="UNI",
        token_decimals=18,
        names=True,
        absent=AWAY,
        at_snapshot=True,
        swing=Swing(1, 700 * E18 + 1, "quorum"),
    )
    return msgspec.structs.replace(told, **bent)


def card(**bent: Any) -> str:
    return plain(render([a_state(facts(**bent))], DESK.lexicon), now_s=0)


def test_why_gives_the_tally_and_who_has_not_voted_to_the_last_unit() -> None:
    lines = "\n".join(why._of_reminder(facts()))
    assert f"**Tally** for {300 * E18}, against {100 * E18}, abstain 0 base units" in lines
    assert f"`{VOTER}` `{700 * E18 + 1}` base units" in lines
    assert "as they stood at the proposal's snapshot" in lines
    assert "by the book of delegates, at this block" in "\n".join(why._of_reminder(facts(at_snapshot=False)))


@pytest.mark.parametrize("bent", [{"tally": None, "absent": None}, {"tally": None, "absent": ()}])
def test_why_says_nothing_of_what_is_not_known(bent: dict[str, Any]) -> None:
    assert why._of_reminder(facts(**bent)) == []


def test_why_names_the_rule_that_asked_for_a_reminder_so_early() -> None:
    said = why._reason(Reason("ending-votes", "time before the end", "3 h", "open vote"))
    assert said == "**Rule ending-votes** · time before the end: **3 h**, asked for open vote"


def test_the_card_says_who_has_not_voted_and_what_they_could_change() -> None:
    for line in ("700 UNI missing", "700 UNI", "enough to reach the quorum", "it would fail"):
        assert line in card(), card()


@pytest.mark.parametrize(
    ("bent", "line"),
    [
        ({"tally": None}, "Votes unknown: the votes on record are not all"),
        ({"absent": None, "swing": None}, "Not voted yet unknown"),
        ({"absent": (), "swing": None}, "Not voted yet no delegate of any size"),
        ({"at_snapshot": False}, "votes as of now, the snapshot's are unknown"),
        ({"swing": Swing(2, 9 * E18, "fail")}, "The 2 largest who have not voted hold 9"),
    ],
)
def test_the_card_says_what_is_not_known(bent: dict[str, Any], line: str) -> None:
    assert line in card(**bent)


def test_votes_on_choices_that_are_no_sides_are_told_as_one_sum() -> None:
    chosen = Tally(0, 0, 250 * E18, 1_000 * E18, 250 * E18, 4, passes=None, unsided=True)
    text = card(tally=chosen, absent=None, swing=None)
    assert "Votes 250 in all" in text
    assert "abstain" not in text
    assert "If it ended now unknown" in text
    assert why._of_reminder(facts(tally=chosen, absent=None)) == [f"**Tally** {250 * E18} base units in all"]


def test_a_watch_that_names_nobody_names_nobody() -> None:
    assert "Not voted" not in card(names=False)
