"""Answers to decode: recorded mainnet blocks when they are at hand, else blocks of the same mix, made up here."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from watchers.abi import Param, Shape, encode_words, shape_of
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.liquidity.protocols import uniswap_v2, uniswap_v3

RECORDED = Path(__file__).parents[2] / "shared" / "data"
MADE_UP = 10  # blocks

Entry = dict[str, Any]


class Sample(NamedTuple):
    """A node's answers, one a block, compact as nodes write them; `size` is how many logs they hold."""

    answers: list[bytes]
    size: int
    origin: str


def sample(decoder: Decoder, recorded: Path = RECORDED) -> Sample:
    """Give what a filter on the decoder's topics would bring, less the logs that only look like ours: peers have no
    word for them.
    """
    if recorded.is_dir():
        found = [entry for receipt in _receipts(recorded) for entry in receipt["logs"]]
        origin = "recorded mainnet blocks"
    else:
        found, origin = list(_made_up()), "made-up blocks (no recorded data at ../shared/data)"
    known = [(entry, decoder.find(1, log)) for entry, log in zip(found, msgspec.convert(found, list[Log]), strict=True)]
    blocks: dict[str, list[Entry]] = {}
    for entry, speaker in known:
        if speaker is not None:
            blocks.setdefault(entry["blockNumber"], []).append(entry)
    count = sum(map(len, blocks.values()))
    mix = _mix(speaker.shape.name for _, speaker in known if speaker is not None)
    answers = [msgspec.json.encode(entries) for entries in blocks.values()]
    return Sample(answers, count, f"{count} logs of {len(answers)} {origin} ({mix})")


def _mix(names: Iterable[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(names).most_common())


def _receipts(recorded: Path) -> Iterator[dict[str, Any]]:
    for file in sorted((recorded / "mev-inspect-py").glob("[0-9]*.json.gz")):
        yield from json.loads(gzip.decompress(file.read_bytes()))["receipts"]["result"]
    yield from json.loads(gzip.decompress((recorded / "helios" / "receipts.json.gz").read_bytes()))


# a block's transactions, in the shares that recorded blocks have
_PAIR, _PAIR_MINT = (uniswap_v2.Sync, uniswap_v2.Swap), (uniswap_v2.Sync, uniswap_v2.Mint)
_EXIT = (uniswap_v3.Burn, uniswap_v3.Collect)
_BLOCK = (*[_PAIR] * 15, _PAIR_MINT, *[(uniswap_v3.Swap,)] * 6, _EXIT)


def _made_up() -> Iterator[Entry]:
    chance = random.Random(7)  # noqa: S311 - the same logs on every run are the point
    for block in range(MADE_UP):
        index = 0
        for transaction, shapes in enumerate(_BLOCK):
            for into in shapes:
                yield _log(shape_of(into), block, transaction, index, chance)
                index += 1


def _log(shape: Shape[Any], block: int, transaction: int, index: int, chance: random.Random) -> Entry:
    def words(params: tuple[Param, ...]) -> bytes:
        return encode_words(tuple(p.type for p in params), tuple(_value(p.type, chance) for p in params))

    topics = words(shape.indexed).hex()
    return {
        "address": f"0x{0xA0 + transaction:040x}",
        "topics": [shape.topic0, *(f"0x{topics[n : n + 64]}" for n in range(0, len(topics), 64))],
        "data": "0x" + words(shape.unindexed).hex(),
        "blockNumber": hex(20_000_000 + block),
        "transactionHash": f"0x{(block << 8 | transaction) + 1:064x}",
        "transactionIndex": hex(transaction),
        "blockHash": f"0x{block + 1:064x}",
        "logIndex": hex(index),
        "removed": False,
    }


def _value(kind: str, chance: random.Random) -> Any:
    if kind == "address":
        return f"0x{chance.getrandbits(160):040x}"
    bits = min(int(kind.lstrip("uint")), 100)
    value = chance.getrandbits(bits - 1)
    return -value if kind.startswith("int") and chance.random() < 0.5 else value  # noqa: PLR2004 - a fair coin
