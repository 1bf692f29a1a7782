"""Who runs a rollup: what is said when its sequencer, its council or its code changes, of the contracts that ship."""

from typing import Any

import pytest
from eth_abi.abi import encode

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import Settings, load
from tests.alerts import a_state
from tests.hands import CASES
from tests.hands.case import A, B, Case, log_of
from watchers.alert import ActFacts, Alert
from watchers.chain.block import Header, Log
from watchers.errors import DecodeError
from watchers.facts import Facts
from watchers.governance.events import Act
from watchers.governance.wing import wing
from watchers.wing import Situation
from watchers.wings import decoder_of

SETTINGS = load(environ={}, dotenv=None)
INBOX, EXECUTOR, MANAGER = (
    "0x1c479675ad559dc151f6ec7ed3fbf8cee79582b6",
    "0x3fffbadaf827559da092217e474760e2b2c3cedd",
    "0xd509e5f5aee2a205f554f36e8a7d56094494edfc",
)
OP_CONFIG, BASE_CONFIG, SUPERCHAIN = (
    "0x229047fed2591dbec1ef1118d64f7af3db9eb290",
    "0x73a79fab69143498ed3712e519a88a918e1f4072",
    "0x95703e0982140d16f8eba6d158fccede42f04a4c",
)
OP_COUNCIL, BASE_OWNER = "0xc2819dc788505aac350142a7a707bf9d03e3bd03", "0x7bb41c3008b3f03fe483b28b8db90e19cf07595c"
STRANGER = "0x" + "66" * 20
L1, CORE = "ethereum", "arbitrum-core"
RAN, POSTER = "UpgradeExecuted(address*,uint256,bytes)", "BatchPosterSet(address,bool)"


def told(chain: str, *logs: Log, settings: Settings = SETTINGS) -> list[Alert]:
    """Decode, enrich and judge as the pipeline does, by the files that ship."""
    one = settings.chains[chain]
    decoded = decoder_of(settings).decode(one.id, logs)
    assert decoded.errors == []
    at = Situation(
        settings, one, Header("0x10", "0x" + "ab" * 32, "0x" + "aa" * 32, "0x65000000", "0x"), Facts({}), {}, {}
    )
    return wing.judge(wing.enrich(decoded.events, at), at)


def said(chain: str, signature: str, values: tuple[Any, ...], contract: str) -> tuple[Alert, list[str]]:
    (alert,) = told(chain, log_of(Case("", signature, values, {}), address=contract))
    card = render([a_state(alert.facts, alert={"chain_id": alert.chain_id})], Lexicon(SETTINGS))
    return alert, plain(card, now_s=0).splitlines()


def update(number: int, data: bytes) -> tuple[str, tuple[Any, ...]]:
    return "ConfigUpdate(uint256*,uint8*,bytes)", (0, number, data)


@pytest.mark.parametrize(
    ("chain", "signature", "values", "contract", "headline", "severity", "dao"),
    [
        (L1, POSTER, (A, True), INBOX, "Sequencer changed: ", "notable", CORE),
        (L1, RAN, (A, 0, b""), EXECUTOR, "New code: ", "critical", CORE),
        ("arbitrum", "MemberAdded(address*,uint8*)", (A, 0), MANAGER, "Council changed: ", "notable", CORE),
        (L1, *update(0, encode(["address"], [A])), OP_CONFIG, "Sequencer changed: ", "notable", "optimism"),
        (L1, *update(3, encode(["address"], [A])), BASE_CONFIG, "Sequencer changed: ", "notable", ""),
        (L1, "Paused(string)", ("x",), SUPERCHAIN, "Paused: ", "critical", "optimism"),
        (L1, "Paused(address)", (A,), SUPERCHAIN, "Paused: ", "critical", "optimism"),
        (L1, "Unpaused()", (), SUPERCHAIN, "Running again: ", "notable", "optimism"),
        (L1, "Upgraded(address*)", (A,), BASE_CONFIG, "New code: ", "critical", ""),
        (L1, "AddedOwner(address)", (A,), OP_COUNCIL, "Council changed: ", "notable", "optimism"),
        (L1, "ChangedThreshold(uint256)", (1,), BASE_OWNER, "Threshold changed: ", "notable", ""),
    ],
    ids=lambda given: given if isinstance(given, str) and not given.startswith("0x") else "",
)  # fmt: skip
def test_a_change_of_who_runs_a_rollup_is_said_of_the_contracts_that_ship(
    chain: str,
    signature: str,
    values: tuple[Any, ...],
    contract: str,
    headline: str,
    severity: str,
    dao: str,
) -> None:
    alert, lines = said(chain, signature, values, contract)
    assert lines[0].startswith(headline)
    assert (alert.severity, alert.dao) == (severity, dao)


def test_the_new_batch_poster_and_the_new_guardian_are_named() -> None:
    _, lines = said("ethereum", *update(0, encode(["address"], [A])), OP_CONFIG)
    assert "  Now 0xaAaAaA…aAaaAa" in lines
    assert "  What posts batches" in lines
    _, lines = said("ethereum", "BatchPosterSet(address,bool)", (B, False), INBOX)
    assert "  What may no longer post batches" in lines
    assert any(line.startswith("  Concerns 0xbBbBBB") for line in lines)


def test_of_an_old_inbox_the_number_says_what_was_set_and_of_a_new_one_it_says_nothing_twice() -> None:
    number = log_of(Case("", "OwnerFunctionCalled(uint256*)", (1,), {}), address=INBOX, index=1)
    named = log_of(Case("", "BatchPosterSet(address,bool)", (A, True), {}), address=INBOX)
    (alone,) = told("ethereum", number)
    assert isinstance(alone.facts, ActFacts)
    assert (alone.facts.act, alone.facts.detail) == ("sequencer_changed", "who posts batches")
    (both,) = told("ethereum", named, number)
    assert isinstance(both.facts, ActFacts)
    assert (both.facts.whom, both.facts.more) == (A, 0)
    assert told("ethereum", log_of(Case("", "OwnerFunctionCalled(uint256*)", (2,), {}), address=INBOX)) == []


@pytest.mark.parametrize("number", [1, 2, 4, 6, 7])
def test_fees_and_gas_limits_that_are_set_often_are_left_out(number: int) -> None:
    signature, values = update(number, bytes(32))
    assert told("ethereum", log_of(Case("", signature, values, {}), address=OP_CONFIG)) == []


@pytest.mark.parametrize("data", [b"", b"\x01", bytes(31), b"\xff" * 32])
def test_an_update_that_holds_no_address_is_counted_and_stops_nothing(data: bytes) -> None:
    signature, values = update(0, data)
    bent = log_of(Case("", signature, values, {}), address=OP_CONFIG)
    sound = log_of(Case("", "Paused(string)", ("x",), {}), address=SUPERCHAIN, index=1)
    decoded = decoder_of(SETTINGS).decode(1, [bent, sound])
    assert [type(error) for _, error in decoded.errors] == [DecodeError]
    assert [event.act for event in decoded.events if isinstance(event, Act)] == ["paused"]


def test_a_call_of_the_executor_is_a_step_that_only_who_asks_for_hears() -> None:
    call = log_of(
        Case("", "TargetCallExecuted(address*,uint256,bytes)", (A, 0, b"\x01\x02\x03\x04"), {}), address=EXECUTOR
    )
    assert told("ethereum", call) == []


def test_nobody_else_can_say_so() -> None:
    ours = [case for case in CASES if case.protocol in ("arbitrum_rollup", "op_stack")]
    assert len(ours) > 20
    assert told("ethereum", *(log_of(case, address=STRANGER, index=n) for n, case in enumerate(ours))) == []


def test_every_rollup_contract_that_ships_has_its_source() -> None:
    owners = {"Arbitrum": 13, "Optimism": 11, "Base": 5}
    for owner, count in owners.items():
        labels = [label for label in SETTINGS.labels if label.owner == owner]
        assert len(labels) == count, owner
        assert all("/" in label.source or "docs." in label.source for label in labels)
