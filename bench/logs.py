"""Logs to decode: recorded mainnet blocks when they are at hand, else logs of the same mix, made up here."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from watchers.abi import Param, Shape, encode_words, shape_of
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.liquidity.protocols import uniswap_v2, uniswap_v3

RECORDED = Path(__file__).parents[2] / "shared" / "data"
MADE_UP = 160  # pairs of a reserve update and a swap, and as many in ranged pools


class Sample(NamedTuple):
    """Logs as a node gives them, all of a known shape, and where they are from."""

    logs: list[dict[str, Any]]
    origin: str


def sample(decoder: Decoder, recorded: Path = RECORDED) -> Sample:
    """Give the logs that a filter on the decoder's topics would bring."""
    if recorded.is_dir():
        found = [entry for receipt in _receipts(recorded) for entry in receipt["logs"]]
        origin = "recorded mainnet blocks"
    else:
        found, origin = list(_made_up()), "made-up logs (no recorded data at ../shared/data)"
    logs = [entry for entry, log in zip(found, msgspec.convert(found, list[Log]), strict=True) if decoder.find(1, log)]
    return Sample(logs, f"{len(logs)} logs of {origin}")


def _receipts(recorded: Path) -> Iterator[dict[str, Any]]:
    for file in sorted((recorded / "mev-inspect-py").glob("[0-9]*.json.gz")):
        yield from json.loads(gzip.decompress(file.read_bytes()))["receipts"]["result"]
    yield from json.loads(gzip.decompress((recorded / "helios" / "receipts.json.gz").read_bytes()))


def _made_up() -> Iterator[dict[str, Any]]:
    chance = random.Random(7)  # noqa: S311 - the same logs on every run are the point
    shapes: list[Shape[Any]] = [shape_of(uniswap_v2.Sync), shape_of(uniswap_v2.Swap), shape_of(uniswap_v3.Swap)]
    for number in range(MADE_UP):
        for at, shape in enumerate(shapes):
            yield _log(shape, number, at, chance)


def _log(shape: Shape[Any], number: int, at: int, chance: random.Random) -> dict[str, Any]:
    def words(params: tuple[Param, ...]) -> bytes:
        return encode_words(tuple(p.type for p in params), tuple(_value(p.type, chance) for p in params))

    topics = words(shape.indexed).hex()
    return {
        "address": f"0x{0xA0 + at // 2:040x}",  # the pair is one contract, the ranged pool another
        "topics": [shape.topic0, *(f"0x{topics[n : n + 64]}" for n in range(0, len(topics), 64))],
        "data": "0x" + words(shape.unindexed).hex(),
        "blockNumber": hex(20_000_000 + number // 20),
        "transactionHash": f"0x{number + 1:064x}",
        "transactionIndex": hex(number % 20),
        "blockHash": f"0x{number // 20 + 1:064x}",
        "logIndex": hex(number % 20 * 3 + at),
        "removed": False,
    }


def _value(kind: str, chance: random.Random) -> Any:
    if kind == "address":
        return f"0x{chance.getrandbits(160):040x}"
    bits = min(int(kind.lstrip("uint")), 100)
    value = chance.getrandbits(bits - 1)
    return -value if kind.startswith("int") and chance.random() < 0.5 else value  # noqa: PLR2004 - a fair coin
