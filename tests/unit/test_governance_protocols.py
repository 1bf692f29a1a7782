"""Golden logs: each file of golden_governance holds logs as a node sends them and the whole event each must become.
Each says its `source`: a public chain, real contracts on anvil (`tests/evm/golden.py`), or, for what no contract emits
and what no public log was found of, eth-abi.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.abi import shape_of
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.governance.asks import Counts
from watchers.governance.events import Vote
from watchers.governance.protocols.oz_governor import (
    ProposalCanceled,
    ProposalCreated,
    ProposalExecuted,
    ProposalQueued,
    VoteCast,
    sides,
)
from watchers.governance.wing import wing
from watchers.record import AnyEvent

GOLDEN = Path(__file__).parent / "golden_governance"
CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
    for file in sorted(GOLDEN.glob("*.json"))
    for case in json.loads(file.read_text())
]
UINT = st.integers(0, 2**256 - 1)


def golden(protocol: str, name: str) -> dict[str, Any]:
    (case,) = [each for each in json.loads((GOLDEN / f"{protocol}.json").read_text()) if each["name"] == name]
    return dict(case)


def decoder_of(case: dict[str, Any], protocol: str) -> Decoder:
    event = case["event"]
    return Decoder(wing.protocols, {(event["chain_id"], event["address"]): protocol})


@pytest.mark.parametrize(("protocol", "case"), CASES)
def test_a_golden_log_becomes_its_whole_event(protocol: str, case: dict[str, Any]) -> None:
    logs = msgspec.convert([*case.get("earlier", []), case["log"]], list[Log])
    decoded = decoder_of(case, protocol).decode(case["event"]["chain_id"], logs)
    assert decoded.errors == []
    assert decoded.events == [msgspec.convert(case["event"], AnyEvent)]


def test_every_shape_has_a_golden_log_but_those_that_agora_shares() -> None:
    seen = set()
    for case in CASES:
        log: Any = case.values[1]["log"]  # type: ignore[index] # a param's values are object
        seen.add((str(case.values[0]), log["topics"][0], len(log["topics"])))
    shared = {ProposalCreated, ProposalQueued, ProposalExecuted, ProposalCanceled, VoteCast}
    for protocol in wing.governors:
        spoken = {shape for shape, handler in protocol.handlers.items() if handler is not None}
        for shape in spoken - (shared if protocol.name == "agora" else set()):
            topic, topics, _ = shape_of(shape).key
            assert (protocol.name, topic, topics) in seen, f"{protocol.name}: no golden log of {shape}"


def test_an_address_that_nobody_claims_speaks_as_an_openzeppelin_governor() -> None:
    case = golden("governor_bravo", "vote for")
    decoded = Decoder(wing.protocols).decode(1, [msgspec.convert(case["log"], Log)])
    assert [e.protocol for e in decoded.events] == ["oz_governor"]


@pytest.mark.parametrize("name", ["ENS: abstain with a reason", "fractional, three parts"])
def test_a_vote_cut_short_is_a_counted_error_and_the_next_one_is_read(name: str) -> None:
    case = golden("oz_governor", name)
    whole = msgspec.convert(case["log"], Log)
    # 20 bytes less: the padding of 9 or 16 and then some of what was said
    cut = msgspec.structs.replace(whole, data=whole.data[:-40], log_index="0x1")
    decoded = Decoder(wing.protocols).decode(case["event"]["chain_id"], [cut, whole])
    assert len(decoded.errors) == 1
    assert decoded.events == [msgspec.convert(case["event"], Vote)]


def test_a_vote_whose_reason_is_not_padded_is_read() -> None:
    case = golden("oz_governor", "ENS: abstain with a reason")
    whole = msgspec.convert(case["log"], Log)
    bare = msgspec.structs.replace(whole, data=whole.data[:-18])
    assert Decoder(wing.protocols).decode(1, [bare]).events == [msgspec.convert(case["event"], Vote)]


@pytest.mark.parametrize("length", [0, 1, 16, 32, 47, 49, 64, 96])
def test_a_split_of_an_odd_length_is_not_a_split(length: int) -> None:
    assert sides(255, 10**18, bytes(length - 1) + b"\x01" if length else b"") == ("unknown", Counts())


@given(st.integers(0, 255), UINT, st.binary(max_size=80) | st.binary(min_size=48, max_size=48))
def test_no_support_weight_or_params_stops_a_chain_and_the_parts_never_exceed_the_weight(
    support: int, weight: int, params: bytes
) -> None:
    name, parts = sides(support, weight, params)
    assert min(parts) >= 0
    assert parts.cast_raw <= weight
    assert (name == "unknown") <= (parts == Counts())
