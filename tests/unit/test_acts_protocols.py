"""What each event of an insider means: one case for every shape, whose signature is its contract's own."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.hands import CASES, SOURCE
from tests.hands.case import CONTRACT, Case, log_of
from watchers.abi import shape_of
from watchers.chain.block import Log
from watchers.chain.wanted import Transfers
from watchers.decode import Decoder
from watchers.governance.chief import Chief
from watchers.governance.events import Act
from watchers.governance.wing import wing

GOLDEN = Path(__file__).parent / "golden_acts"
REAL = [
    pytest.param(case, id=case["name"])
    for file in sorted(GOLDEN.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]


def decoder(chain_id: int, address: str) -> Decoder:
    transfers = {"outflows": [Transfers(payers=frozenset({CONTRACT}))]}
    return Decoder(wing.protocols, None, {chain_id: {address}}, {chain_id: transfers})


def acts(found: Decoder, chain_id: int, *logs: Log) -> list[Act]:
    decoded = found.decode(chain_id, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, Act)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.protocol}: {case.signature[:60]}")
def test_an_event_of_a_vouched_contract_becomes_its_whole_act(case: Case) -> None:
    (act,) = acts(decoder(1, CONTRACT), 1, log_of(case))
    expected = Act(
        protocol=case.protocol,
        chain_id=1,
        block=16,
        tx="0x" + "5c" * 32,
        tx_index=0,
        log_index=0,
        address=CONTRACT,
        **case.told,
    )
    assert act == expected


def test_every_shape_of_every_hand_has_a_case_and_every_hand_a_source() -> None:
    # a chief's logs are told apart by the address that daos.toml names: see test_chiefs
    hands = {name: hand for name, hand in wing.hands.items() if not isinstance(hand, Chief)}
    shapes = {(h.name, shape_of(s).topic0, len(shape_of(s).indexed)) for h in hands.values() for s in h.handlers}
    seen = {(c.protocol, log_of(c).topics[0], len(log_of(c).topics) - 1) for c in CASES}
    assert seen == shapes
    assert SOURCE.keys() == hands.keys()


@pytest.mark.parametrize("case", REAL)
def test_a_log_of_a_public_chain_becomes_its_whole_act(case: dict[str, Any]) -> None:
    event = msgspec.convert(case["event"], Act)
    log = msgspec.convert(case["log"], Log)
    assert acts(decoder(event.chain_id, log.address), event.chain_id, log) == [event]


def test_a_contract_that_nobody_named_is_skipped_and_not_decoded() -> None:
    stranger = log_of(CASES[0], address="0x" + "66" * 20)
    decoded = decoder(1, CONTRACT).decode(1, [stranger])
    assert (decoded.events, decoded.unknown, decoded.known) == ([], 1, 0)


def test_a_contract_is_vouched_for_on_its_own_chain_only() -> None:
    assert acts(decoder(10, CONTRACT), 1, log_of(CASES[0])) == []


def test_topics_of_acts_are_asked_for_only_where_somebody_is_vouched_for() -> None:
    found = decoder(1, CONTRACT)
    upgraded = log_of(CASES[0]).topics[0]
    assert upgraded in found.topics_on(1)
    assert upgraded not in found.topics_on(10)


def test_a_call_that_moves_coins_says_so_whatever_its_data() -> None:
    (case,) = [c for c in CASES if c.told.get("token") == "native" and c.protocol == "timelocks"]
    (act,) = acts(decoder(1, CONTRACT), 1, log_of(case))
    assert (act.act, act.amount_raw, act.detail) == ("outflow", 8, "")


def test_fees_that_are_nothing_are_no_act() -> None:
    (case,) = [c for c in CASES if c.signature.startswith("CollectProtocol")]
    empty = case._replace(values=(*case.values[:2], 0, 0))
    decoded = decoder(1, CONTRACT).decode(1, [log_of(empty)])
    assert (decoded.events, decoded.unknown) == ([], 1)


def test_a_governor_says_its_vote_to_one_protocol_and_its_settings_to_another() -> None:
    settings = next(c for c in CASES if c.signature.startswith("VotingDelaySet"))
    (act,) = acts(Decoder(wing.protocols, {(1, CONTRACT): "oz_governor"}, {1: {CONTRACT}}), 1, log_of(settings))
    assert (act.protocol, act.act) == ("governor_settings", "delay_changed")
