"""Who votes on a chief: the signer, a contract of theirs, the delegate behind it (trap 14)."""

from typing import Any

import pytest

from tests.chiefs import CHIEF, INSIDERS, OLD, OTHER, ROUTER, SLATE, WHALE, acts, at, lock, only, said, told, vote
from tests.electorate import TX, W, dao, situation
from watchers.facts import Ask
from watchers.governance.chief import FACTORIES, Callers, FirstOf
from watchers.governance.events import Act
from watchers.governance.getters import Number
from watchers.governance.wing import wing


def sky_vote(signer: str, called: str, facts: dict[Ask[Any], Any] | None = None) -> tuple[str, int | None]:
    here = at({Callers(TX): (signer, called)} | (facts or {}), protocol="sky_chief")
    (act,) = wing.enrich(acts(said("Vote(bytes32)", [SLATE]), protocol="sky_chief"), here)
    assert isinstance(act, Act)
    return act.who, act.amount_raw


def test_trap_14_who_votes_on_sky_is_the_signer_that_called_it() -> None:
    assert sky_vote(WHALE, CHIEF) == (WHALE, 10_000 * W)


def test_trap_14_who_votes_on_sky_through_a_vote_delegate_is_the_delegate_and_not_the_signer() -> None:
    delegate: dict[Ask[Any], Any] = {Number(CHIEF, "deposits(address)", (ROUTER,)): 7 * W}
    assert sky_vote(WHALE, ROUTER, delegate) == (ROUTER, 7 * W)


def test_a_call_through_a_contract_that_has_nothing_locked_is_nobodys_we_know() -> None:
    assert sky_vote(WHALE, ROUTER, {Number(CHIEF, "deposits(address)", (ROUTER,)): 0}) == ("", None)
    assert sky_vote(WHALE, "") == ("", None)


def test_a_chief_is_asked_for_the_hat_first_and_then_for_its_approval() -> None:
    here = situation({}, watches=(INSIDERS,), of=dao(protocol="sky_chief"))
    events = acts(said("Vote(bytes32)", [SLATE]), protocol="sky_chief")
    first = set(wing.asks(events, here))
    assert first == {Number(CHIEF, "hat()"), FirstOf(CHIEF, SLATE), Callers(TX)}
    here.facts.known |= {Number(CHIEF, "hat()"): int(OLD, 16), FirstOf(CHIEF, SLATE): 0, Callers(TX): (WHALE, CHIEF)}
    second = set(wing.asks(events, here))
    assert second >= {Number(CHIEF, "approvals(address)", (OLD,)), Number(CHIEF, "deposits(address)", (WHALE,))}
    here.facts.known |= dict.fromkeys(second, 1)
    here.facts.known |= dict.fromkeys(wing.asks(events, here), 1)
    assert list(wing.asks(events, here)) == []


def test_a_transaction_that_makes_no_sense_has_no_callers() -> None:
    ask = Callers(TX)
    assert ask.read([{"from": WHALE.upper().replace("0X", "0x"), "to": None}]) == (WHALE, "")
    assert ask.read([{"from": 7, "to": CHIEF}]) is None
    assert ask.read([None]) is None


FACTORY = FACTORIES[0]
MADE: dict[Ask[Any], Any] = {
    Number(FACTORY, "created(address)", (WHALE,)): 1,
    Number(WHALE, "delegate()"): int(OTHER, 16),
}


def test_trap_14_the_delegate_behind_a_vote_delegate_is_named_asked_in_the_same_round() -> None:
    here = at(MADE)
    alert, facts = only(told(here, *acts(vote())))
    assert (facts.who, facts.behind) == (WHALE, OTHER)
    assert {WHALE, OTHER} <= set(alert.addresses)
    empty = situation({}, watches=(INSIDERS,), of=dao(protocol="maker_chief"))
    assert set(MADE) <= set(wing.asks(acts(vote()), empty))
    kept = wing.enrich(acts(lock(9)), here)
    assert [event.behind for event in kept if isinstance(event, Act)] == [OTHER]


@pytest.mark.parametrize("made", [0, None, 2])
def test_trap_14_a_contract_that_no_factory_made_claims_a_delegate_in_vain(made: int | None) -> None:
    forged = MADE | {Number(FACTORY, "created(address)", (WHALE,)): made}
    assert only(told(at(forged), *acts(vote())))[1].behind == ""


@pytest.mark.parametrize("answer", [None, 0, 1 << 200])
def test_trap_14_a_contract_that_names_nobody_stands_for_itself(answer: int | None) -> None:
    assert only(told(at(MADE | {Number(WHALE, "delegate()"): answer}), *acts(vote())))[1].behind == ""


def test_trap_14_where_the_log_names_nobody_the_called_contract_is_looked_through() -> None:
    base: dict[Ask[Any], Any] = {**MADE, Callers(TX): (OLD, WHALE)}
    voted = acts(said("Vote(bytes32)", [SLATE]), protocol="sky_chief")
    _, facts = only(told(at(base, protocol="sky_chief"), *voted))
    assert (facts.who, facts.behind) == (WHALE, OTHER)


def test_trap_14_like_acts_of_several_are_nobodys() -> None:
    first, second = lock(9_000), lock(9_000, n=1, guy=OTHER)
    _, facts = only(told(at(MADE), *acts(first, second)))
    assert (facts.who, facts.behind) == ("", "")
