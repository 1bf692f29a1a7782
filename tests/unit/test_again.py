"""The trial before a proposal can run: when it is due, and what it shows that the one before had not."""

import pytest

from bot.cards import render
from bot.cards.doing import trial
from bot.commands import why
from config.settings import VoteWatch
from tests.alerts import a_proposal, a_state
from tests.desk import DESK
from tests.electorate import OTHER, TOKEN, WHALE, change, dao
from tests.unit.test_doing import OK, seen
from watchers.governance.again import HOUR_S, compared, due_s, last_trial, watches_over
from watchers.proposed import Effect, Outcome, Simulated, Since

BAD = Outcome(ok=False, reason="empty_revert")
PAID, MADE = Effect(0, "transfer", TOKEN, WHALE, OTHER, 5), Effect(1, "role_granted", TOKEN, whom=OTHER)


def watch(hours: int, **bent: object) -> VoteWatch:
    return VoteWatch.model_validate({"kind": "vote", "name": f"w{hours}", "try_again_h": hours, **bent})


def since(before: Simulated, now: Simulated) -> Since:
    found = compared(before, now).since
    assert found is not None
    return found


def lines(now: Simulated) -> str:
    return "\n".join(trial(now, 1, "uniswap", DESK.lexicon))


def test_it_is_due_the_most_hours_before_and_never_in_the_first_half_of_the_wait() -> None:
    assert due_s([watch(1), watch(3)], 0, 48 * HOUR_S) == 45 * HOUR_S
    assert due_s([watch(3)], HOUR_S, 3 * HOUR_S) == 2 * HOUR_S
    assert due_s([watch(1)], 5 * HOUR_S, HOUR_S) == 5 * HOUR_S, "it can run already"


def test_only_watches_that_want_it_of_that_dao_count() -> None:
    elsewhere, silent, never = watch(1, dao="other"), watch(1, proposals=False), watch(0)
    assert watches_over(dao(), [elsewhere, silent, never, watch(2)]) == (watch(2),)


def test_calls_moves_and_codes_that_are_others_since_are_told() -> None:
    before = seen(
        OK, BAD, OK, step="queued", effects=(PAID, PAID), codes=((OTHER, "a"), (WHALE, "b")), codeless=(TOKEN,)
    )
    now = seen(BAD, OK, OK, step="again", effects=(PAID, MADE), codes=((OTHER, "a"), (TOKEN, "c")), codeless=(WHALE,))
    found = since(before, now)
    assert (found.step, found.fails, found.heals) == ("queued", (0,), (1,))
    assert (found.new, found.gone) == ((MADE,), (PAID,))
    assert set(found.changed) == {TOKEN, WHALE}


def test_where_not_all_effects_are_kept_none_is_called_new_or_gone() -> None:
    found = since(seen(OK, effects=(PAID,), more=1), seen(OK, effects=(MADE,)))
    assert (found.new, found.gone, found.whole) == ((), (), False)


def test_a_code_that_a_node_did_not_tell_is_not_another() -> None:
    assert since(seen(OK, codes=((OTHER, "a"),)), seen(OK)).changed == ()
    assert since(seen(OK), seen(OK, codes=((OTHER, "a"),))).changed == ()


def test_where_a_trial_came_to_nothing_only_the_codes_are_compared() -> None:
    before, now = (
        seen(step=step, why="the node cannot", codes=((OTHER, code),))
        for step, code in (("queued", "a"), ("again", "b"))
    )
    assert since(before, now) == Since("queued", changed=(OTHER,), whole=False)
    assert compared(before, before).since is None
    assert "Other code than when queued" in lines(compared(before, now))


def test_the_newest_trial_that_came_to_something_is_compared_with() -> None:
    created, refused = seen(OK), seen(step="queued", why="the node cannot", codes=((OTHER, "a"),))
    steps = [change("created", simulated=created), change("queued", simulated=refused)]
    assert last_trial(steps) == created
    assert last_trial(steps[1:]) == refused
    assert last_trial([change("created"), change("queued", simulated=seen(why="the node cannot"))]) is None


def test_the_card_says_the_block_and_what_changed_and_that_nothing_did() -> None:
    before = seen(OK, OK, OK, step="queued", effects=(PAID,))
    told = lines(compared(before, seen(BAD, OK, BAD, step="again", effects=(MADE,), block=1234)))
    assert "**Tried again before execution, block 1,234** **call 1 of 3 fails**" in told
    assert "**Since it was queued** calls 1, 3 went well and would fail now · new: **role granted**" in told
    assert " · no longer: " in told
    assert "**Since it was queued** nothing changed" in lines(compared(before, before))
    assert "nothing changed" not in lines(compared(before, seen(OK, OK, OK, more=2)))
    assert "**Since creation** call 1 failed and would succeed now" in lines(compared(seen(BAD), seen(OK)))


@pytest.mark.parametrize(
    ("found", "headline"),
    [
        (Since("queued", fails=(0,)), "Queued proposal would fail now"),
        (Since("queued", changed=(OTHER,)), "Queued proposal calls code that changed"),
        (
            Since("queued", fails=(0,), changed=(OTHER,)),
            "Queued proposal would fail now: code changed",
        ),
    ],
)
def test_the_news_says_what_is_wrong_and_why_says_which_rule(found: Since, headline: str) -> None:
    facts = a_proposal(change="retried", simulated=seen(BAD, step="again", since=found))
    assert render([a_state(facts)], DESK.lexicon).headline == headline
    assert "voting opens" not in str(render([a_state(facts)], DESK.lexicon)).lower()
    assert any("Tried again" in line for line in why._of_proposal(facts, 1, DESK))
