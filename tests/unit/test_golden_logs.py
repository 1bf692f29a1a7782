"""Golden logs of liquidity and batches: real logs as a node sent them, and the whole events that they must become.

Source: golden_liquidity holds logs of Ethereum mainnet, each under its transaction hash; golden_batches holds bundles
that the deployed EntryPoint code ran on a local chain (31337), since no public block is as instructive.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from watchers.abi import shape_of
from watchers.batches.events import BatchResult
from watchers.batches.wing import wing as batches
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.wing import wing as liquidity

HERE = Path(__file__).parent
DECODER = Decoder((*liquidity.protocols, *batches.protocols))
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for folder in ("golden_liquidity", "golden_batches")
    for file in sorted((HERE / folder).glob("*.json"))
    for case in json.loads(file.read_text())
]
UNSEEN = {"PancakeSwap"}  # no real log of it is at hand; test_a_swap_and_pancakes_longer_one_say_the_same makes one


@pytest.mark.parametrize("case", CASES)
def test_golden_logs_become_their_whole_events(case: dict[str, Any]) -> None:
    chain_id = case["events"][0]["chain_id"]
    decoded = DECODER.decode(chain_id, msgspec.convert(case["logs"], list[Log]))
    assert decoded.errors == []
    assert decoded.events == msgspec.convert(case["events"], list[LiquidityMove | BatchResult])


def test_every_shape_of_a_pool_has_a_golden_log() -> None:
    seen = {log["topics"][0] for case in CASES for log in case.values[0]["logs"]}  # type: ignore[index] # a param's values are object
    for protocol in liquidity.protocols:
        for shape in protocol.handlers:
            assert shape.__name__ in UNSEEN or shape_of(shape).topic0 in seen, f"{protocol.name}: {shape.__name__}"
