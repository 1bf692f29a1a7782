"""Votes for gauges and the locks behind them, from their logs to what is said of them."""

from decimal import Decimal
from typing import Any

import pytest
from eth_abi.abi import encode

from config.settings import load
from tests.chiefs import (
    INSIDERS,
    WHALE,
    only,
    said,
    told,
)
from tests.electorate import W, dao, situation
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.facts import Ask
from watchers.governance.events import Act
from watchers.governance.getters import Head, Number
from watchers.governance.protocols.gauge_controller import Part
from watchers.governance.wing import wing
from watchers.wing import Situation

CONTROLLER, ESCROW, CRV, GAUGE = (f"0x{n:02x}" + "99" * 19 for n in range(4))


def curve(facts: dict[Ask[Any], Any]) -> Situation:
    base: dict[Ask[Any], Any] = {
        Head(CONTROLLER, "voting_escrow()"): (int(ESCROW, 16),),
        Head(ESCROW, "token()"): (int(CRV, 16),),
        Number(ESCROW, "totalSupply()"): 1_000_000 * W,
        Number(CRV, "totalSupply()"): 2_000_000 * W,
    }
    made = situation(base | facts, watches=(INSIDERS,), of=dao(token=ESCROW, symbol="veCRV"))
    crv = (
        load(environ={}, dotenv=None)
        .tokens[0]
        .model_copy(update={"chain": "local", "address": CRV, "symbol": "CRV", "decimals": 18, "feed": None})
    )
    return made._replace(settings=made.settings.model_copy(update={"tokens": (crv,)}))


def gauge_vote(bps: int, gauge: str = GAUGE, n: int = 0) -> Log:
    data = encode(["uint256", "address", "address", "uint256"], [1, WHALE, gauge, bps])
    return said("VoteForGauge(uint256,address,address,uint256)", data=data, n=n, address=CONTROLLER)


def deposit(value: int, kind: int, until: int = 1_893_456_000) -> Log:
    data = encode(["uint256", "int128", "uint256"], [value, kind, 1])
    return said("Deposit(address,uint256,uint256,int128,uint256)", [WHALE, hex(until)], data, address=ESCROW)


def curve_acts(*logs: Log) -> list[Act]:
    decoded = Decoder(wing.protocols, None, {31337: {CONTROLLER, ESCROW}}).decode(31337, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, Act)]


def power(bps: int) -> Part:
    return Part(Number(ESCROW, "balanceOf(address)", (WHALE,)), bps)


def test_a_gauge_vote_weighs_its_part_of_the_voters_power_at_the_block_before() -> None:
    _, facts = only(told(curve({power(2_500): 5_000 * W}), *curve_acts(gauge_vote(2_500))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.amount.symbol, facts.share_of_supply) == (5_000 * W, "veCRV", Decimal("0.005"))
    assert (facts.who, facts.whom, facts.after, facts.unit) == (WHALE, GAUGE, "2500", "bps")
    assert power(2_500).read([f"0x{20_000 * W:064x}"]) == 5_000 * W
    assert power(2_500).read(["0x"]) is None


def test_the_power_is_asked_once_the_controller_has_named_its_escrow() -> None:
    here = curve({})
    del here.facts.known[Head(CONTROLLER, "voting_escrow()")]
    assert list(wing.asks(curve_acts(gauge_vote(2_500)), here)) == [Head(CONTROLLER, "voting_escrow()")]
    here.facts.known[Head(CONTROLLER, "voting_escrow()")] = (int(ESCROW, 16),)
    assert power(2_500) in set(wing.asks(curve_acts(gauge_vote(2_500)), here))


def test_votes_for_many_gauges_in_one_transaction_are_one_and_hide_nothing() -> None:
    here = curve({power(500): 600 * W})
    _, facts = only(told(here, *curve_acts(*(gauge_vote(500, f"0x{n + 9:040x}", n) for n in range(4)))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.whom, facts.more) == (2_400 * W, "", 3)


def test_a_gauge_vote_of_nothing_or_of_more_than_all_pages_nobody() -> None:
    assert told(curve({power(0): 0}), *curve_acts(gauge_vote(0))) == []
    assert curve_acts(gauge_vote(10_001)) == []


@pytest.mark.parametrize(
    ("name", "data", "meant"),
    [
        (
            "NewGauge(address,int128,uint256)",
            encode(["address", "int128", "uint256"], [GAUGE, 5, 0]),
            (GAUGE, "", "a gauge of type 5 may be voted for"),
        ),
        (
            "NewGaugeWeight(address,uint256,uint256,uint256)",
            encode(["address", "uint256", "uint256", "uint256"], [GAUGE, 1, 7, 9]),
            (GAUGE, "7", "weight of a gauge, set without a vote"),
        ),
        (
            "NewTypeWeight(int128,uint256,uint256,uint256)",
            encode(["int128", "uint256", "uint256", "uint256"], [5, 1, 7, 9]),
            ("", "7", "weight of every gauge of type 5, set without a vote"),
        ),
    ],
)
def test_what_is_done_to_gauges_without_a_vote_is_told(name: str, data: bytes, meant: tuple[str, str, str]) -> None:
    alert, facts = only(told(curve({}), *curve_acts(said(name, data=data, address=CONTROLLER))))
    assert (facts.act, alert.severity) == ("gauge_changed", "notable")
    assert (facts.whom, facts.after, facts.detail) == meant


def test_a_large_lock_says_of_what_and_until_when() -> None:
    _, facts = only(told(curve({}), *curve_acts(deposit(10_000 * W, 1))))
    assert facts.amount is not None
    assert (facts.act, facts.amount.symbol, facts.share_of_supply) == ("lock", "CRV", Decimal("0.005"))
    assert facts.detail == "until 2030-01-01"


def test_a_lock_that_is_prolonged_is_about_all_that_is_locked() -> None:
    here = curve({Number(ESCROW, "locked(address)", (WHALE,)): 40_000 * W})
    _, facts = only(told(here, *curve_acts(deposit(0, 3))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.detail) == (40_000 * W, "a lock is prolonged until 2030-01-01")
    assert curve_acts(deposit(0, 2)) == []


def test_a_lock_until_a_time_that_no_calendar_has_is_told_without_it() -> None:
    (act,) = curve_acts(deposit(5, 1, until=2**255))
    assert act.detail == ""


def test_a_large_unlock_is_told() -> None:
    data = encode(["uint256", "uint256"], [50_000 * W, 1])
    withdrawn = said("Withdraw(address,uint256,uint256)", [WHALE], data, address=ESCROW)
    alert, facts = only(told(curve({}), *curve_acts(withdrawn)))
    assert (facts.act, facts.who, alert.severity) == ("free", WHALE, "critical")
