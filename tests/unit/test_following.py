"""A proposal as it stands: what a later block keeps of what was told before."""

from typing import Any

import msgspec

from tests.electorate import KEY, NOW_S, change, dao, situation
from watchers.alert import Alert, ProposalFacts, StepTaken
from watchers.event import Event
from watchers.governance.desk import Desk
from watchers.governance.following import MOST_STEPS, revised
from watchers.governance.wing import wing
from watchers.proposed import Action

CREATED = change("created", proposer="0x" + "c3" * 20)
KEPT: dict[str, Any] = {
    "does": (Action(0, "0x" + "f6" * 20, "pause()"),),
    "actions": 3,
    "eta_s": NOW_S + 60,
    "result": "1 of 2",
    "repeated": (("0x" + "d4" * 20, 2),),
    "text_chars": 4_321,
    "unverified": ("0x" + "e5" * 20,),
}


def told(*about: Event, earlier: Alert | None = None, steps: tuple[tuple[Event, int], ...] = ()) -> Alert:
    at = situation()._replace(
        created={KEY: CREATED}, steps={KEY: steps}, followed={} if earlier is None else {KEY: earlier}
    )
    desk = Desk(dao(), wing.families["governor_bravo"], 7, about, at)
    return revised(desk, about, "Pay them", None)


def facts_of(alert: Alert) -> ProposalFacts:
    assert isinstance(alert.facts, ProposalFacts)
    return alert.facts


def standing(**given: Any) -> Alert:
    first = told(CREATED)
    return msgspec.structs.replace(first, facts=msgspec.structs.replace(facts_of(first), **{**KEPT, **given}))


def test_what_only_an_earlier_block_knew_is_kept() -> None:
    facts = facts_of(told(change("extended"), earlier=standing()))
    assert {name: getattr(facts, name) for name in KEPT} == KEPT


def test_what_this_block_says_stands_in_the_place_of_what_was_told() -> None:
    facts = facts_of(told(change("queued", eta_s=NOW_S + 99), change("counted", result="2 of 2"), earlier=standing()))
    assert (facts.eta_s, facts.result) == (NOW_S + 99, "2 of 2")


def test_where_nothing_was_told_before_nothing_is_made_up() -> None:
    facts = facts_of(told(change("extended")))
    assert (facts.does, facts.actions, facts.eta_s, facts.result) == ((), 0, None, "")
    assert (facts.repeated, facts.text_chars, facts.unverified) == ((), None, None)


def test_of_many_steps_the_first_and_the_newest_are_kept() -> None:
    many = [(change("extended", tx=f"0x{n:064x}"), NOW_S - 100 + n) for n in range(2 * MOST_STEPS)]
    facts = facts_of(told(change("queued"), steps=((CREATED, NOW_S - 200), *many)))
    assert facts.followed is not None
    kept = facts.followed.steps
    assert len(kept) == MOST_STEPS
    assert kept[0] == StepTaken("created", CREATED.tx, NOW_S - 200)
    assert kept[-1].change == "queued"
    assert [one.tx for one in kept[1:-1]] == [step.tx for step, _ in many[2 - MOST_STEPS :]]
