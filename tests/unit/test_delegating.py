"""Who may vote with how much: only listed tokens are heard, and a delegation is weighed as an act."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings import ActWatch
from tests.delegation import NOBODY, TOKEN, given, person, power
from tests.desk import SETTINGS
from watchers.abi import shape_of
from watchers.chain.block import Header
from watchers.facts import Facts
from watchers.governance.delegating import delegations
from watchers.governance.electors import tokens_on
from watchers.governance.getters import Number
from watchers.governance.protocols import erc20_votes
from watchers.governance.wing import wing
from watchers.record import change_of
from watchers.wing import Situation

GOLDEN = Path(__file__).parent / "golden_governance" / "erc20_votes.json"
A, B, C = person(1), person(2), person(3)
CHAIN = SETTINGS.chains["ethereum"]
UNI = 10**18


def situation(supply: int = 1_000_000 * UNI, **watch: Any) -> Situation:
    """Stand at a block of Ethereum where the test's token is Uniswap's."""
    dao = SETTINGS.daos["uniswap"].model_copy(update={"token": TOKEN, "token_start_block": 7})
    watches = (ActWatch(kind="act", name="hands", acts=("delegation",), **watch),)
    settings = SETTINGS.model_copy(update={"daos": {"uniswap": dao}, "watches": watches})
    facts = Facts({Number(TOKEN, "totalSupply()"): supply})
    return Situation(settings, CHAIN, Header("0x64", "0xabc", "0xdef", "0x3e8", "0x0"), facts, {}, {})


def one_tx(*events: Any) -> list[Any]:
    """Put events into one transaction."""
    return [msgspec.structs.replace(event, tx="0x" + "11" * 32) for event in events]


def test_every_shape_has_a_golden_log() -> None:
    seen = {case["log"]["topics"][0] for case in json.loads(GOLDEN.read_text())}
    assert seen == {shape_of(shape).topic0 for shape in erc20_votes.protocol.handlers}


def test_the_power_to_propose_is_no_power_to_vote() -> None:
    for shape in (
        erc20_votes.TypedDelegateChanged(A, B, 1),
        erc20_votes.DelegatedPowerChanged(A, 5, 1),
    ):
        handler = erc20_votes.protocol.handlers[type(shape)]
        assert handler is not None
        assert handler(None, shape, None) is None  # type: ignore[arg-type] # it looks no further


def test_only_tokens_with_a_first_block_have_a_book_and_the_earliest_counts() -> None:
    daos = {
        key: SETTINGS.daos["uniswap"].model_copy(update={"token": TOKEN, "token_start_block": start})
        for key, start in (("a", 9), ("b", 4), ("c", None))
    }
    settings = SETTINGS.model_copy(update={"daos": daos})
    assert tokens_on(settings, CHAIN) == {TOKEN: 4}
    assert tokens_on(settings, SETTINGS.chains["base"]) == {}


def test_what_other_tokens_say_of_themselves_is_not_kept() -> None:
    other = "0x" + "71" * 20
    events = [power(100, 0, A, 5), power(100, 1, A, 6, token=other), given(100, 2, A, B, token=other)]
    assert wing.enrich(events, situation()) == [events[0]]


def test_a_delegation_is_an_act_with_the_votes_that_its_delegate_gained() -> None:
    events = one_tx(given(100, 0, A, B), power(100, 1, C, 5 * UNI, 25 * UNI), power(100, 2, B, 30 * UNI, 10 * UNI))
    (act,) = delegations(events, situation())
    assert (act.act, act.who, act.whom, act.token, act.amount_raw) == ("delegation", A, B, TOKEN, 20 * UNI)
    assert wing.enrich(events, situation()) == [*events, act]


def test_each_delegation_of_a_transaction_has_its_own_votes_and_place() -> None:
    events = one_tx(
        given(100, 0, A, B), power(100, 1, B, 9, 4), given(100, 2, C, B), power(100, 3, B, 12, 9), given(100, 4, A)
    )
    assert [(act.amount_raw, act.position) for act in delegations(events, situation())] == [(5, 0), (3, 1)]


@pytest.mark.parametrize(
    ("votes", "alerts"), [(999 * UNI, 0), (1_000 * UNI, 1)], ids=["below the threshold", "at the threshold"]
)
def test_a_large_delegation_is_said_by_its_share_of_the_supply(votes: int, alerts: int) -> None:
    at = situation()
    events = one_tx(given(100, 0, A, B), power(100, 1, B, votes, 0))
    assert Number(TOKEN, "totalSupply()") in wing.asks(events, at._replace(facts=Facts()))
    said = wing.judge(wing.enrich(events, at), at)
    assert len(said) == alerts
    for alert in said:
        assert (alert.kind, alert.dao, alert.facts.whom) == ("act", "uniswap", B)  # type: ignore[union-attr] # an act's facts


def test_a_change_is_written_as_the_scripts_read_it() -> None:
    assert change_of(power(2, 3, B, 2**200, 7)).text == f"2000003 p {B[2:]} {2**200} 7".encode()
    assert change_of(given(2, 3, A)).text == f"2000003 d {A[2:]}  ".encode()
    assert change_of(given(2, 3, A, B, C)).text == f"2000003 d {A[2:]} {B[2:]}{C[2:]} ".encode()
    assert NOBODY not in change_of(given(2, 3, A, B)).what
