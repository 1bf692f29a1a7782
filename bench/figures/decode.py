"""Raw JSON bytes to decoded logs, beside web3 and eth-abi on the same bytes, and to events."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from eth_abi.abi import decode as abi_decode
from hexbytes import HexBytes
from web3 import Web3
from web3._utils.events import get_event_data
from web3.datastructures import AttributeDict

from bench.clock import medians_s
from bench.figure import Figure, at_least
from bench.logs import sample
from watchers.abi import Shape
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.wings import WINGS

TIMES = 25  # over all answers in one run of ours
RUNS = 9
PER_S = 200_000

Values = tuple[Any, ...]
Dispatch = dict[tuple[str, int], Shape[Any]]


async def measure() -> Sequence[Figure]:
    """Time ours and the peers' in turn, after comparing what they give."""
    decoder = Decoder([protocol for wing in WINGS for protocol in wing.protocols])
    answers, size, origin = sample(decoder)
    ours, events = _ours(decoder)
    known = _dispatch(decoder, answers)
    with_web3, with_eth_abi = _web3(known), _eth_abi(known)
    for raw in answers:
        told = [_plain(shape) for shape in ours(raw)]
        for name, peer in (("web3", with_web3), ("eth-abi", with_eth_abi)):
            if peer(raw) != told:
                raise AssertionError(f"{name} decodes these logs otherwise than we do")
    works = ((ours, TIMES), (events, TIMES), (with_web3, 1), (with_eth_abi, 1))
    medians = medians_s([_over(answers, decode, times) for decode, times in works], runs=RUNS)
    rates = [size * times / taken for (_, times), taken in zip(works, medians, strict=True)]
    ours_per_s, events_per_s, web3_per_s, abi_per_s = rates
    note = f"JSON bytes to logs; {origin}; all three give equal values; median of {RUNS} runs, each in turn"
    target = at_least(PER_S)
    return (
        Figure("decode", ours_per_s, "logs/s", "web3 get_event_data", web3_per_s, target, note),
        Figure("decode.eth_abi", ours_per_s, "logs/s", "eth-abi", abi_per_s, target, "the same run"),
        Figure(
            "decode.events", events_per_s, "logs/s", "eth-abi", abi_per_s, target,
            "the same bytes to the wings' events, every protocol loaded; eth-abi stops at the values",
        ),
    )  # fmt: skip


def _over(answers: Sequence[bytes], decode: Callable[[bytes], object], times: int) -> Callable[[], None]:
    """Decode answer after answer and let each go, as the pipeline does."""

    def work() -> None:
        for _ in range(times):
            for raw in answers:
                decode(raw)

    return work


def _ours(decoder: Decoder) -> tuple[Callable[[bytes], list[Any]], Callable[[bytes], object]]:
    parse = msgspec.json.Decoder(list[Log]).decode

    def shapes(raw: bytes) -> list[Any]:
        return [entry.shape.decode(log) for log in parse(raw) if (entry := decoder.find(1, log)) is not None]

    def events(raw: bytes) -> object:
        return decoder.decode(1, parse(raw))

    return shapes, events


def _dispatch(decoder: Decoder, answers: Sequence[bytes]) -> Dispatch:
    """Give the peers what they need to know a log by: the shape of each topic and number of topics."""
    found: Dispatch = {}
    for log in (log for raw in answers for log in msgspec.json.decode(raw, type=list[Log])):
        entry = decoder.find(1, log)
        if entry is not None:
            found[log.topics[0], len(log.topics)] = entry.shape
    return found


def _plain(shape: Any) -> Values:
    return tuple(msgspec.structs.astuple(shape))


def _alike(value: Any) -> Any:
    """Write a peer's value as ours: addresses and fixed bytes in lower-case hex."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value


def _web3(known: Dispatch) -> Callable[[bytes], list[Values]]:
    codec = Web3().codec
    abis: dict[tuple[str, int], Any] = {
        key: {
            "type": "event",
            "name": shape.name,
            "anonymous": False,
            "inputs": [{"name": p.name, "type": p.type, "indexed": p.indexed} for p in shape.params],
        }
        for key, shape in known.items()
    }
    names = {key: [p.name for p in shape.params] for key, shape in known.items()}

    def decode(raw: bytes) -> list[Values]:
        found = []
        for entry in json.loads(raw):
            topics = entry["topics"]
            key = (topics[0], len(topics))
            log: Any = AttributeDict({
                **entry,
                "topics": [HexBytes(topic) for topic in topics],
                "data": HexBytes(entry["data"]),
                "blockNumber": int(entry["blockNumber"], 16),
                "logIndex": int(entry["logIndex"], 16),
                "transactionIndex": int(entry["transactionIndex"], 16),
            })  # fmt: skip
            args = get_event_data(codec, abis[key], log)["args"]
            found.append(tuple(_alike(args[name]) for name in names[key]))
        return found

    return decode


def _eth_abi(known: Dispatch) -> Callable[[bytes], list[Values]]:
    kinds = {
        key: (
            [p.type for p in shape.indexed],
            [p.type for p in shape.unindexed],
            [p.indexed for p in shape.params],
        )
        for key, shape in known.items()
    }

    def decode(raw: bytes) -> list[Values]:
        found = []
        for entry in json.loads(raw):
            topics = entry["topics"]
            indexed, unindexed, order = kinds[topics[0], len(topics)]
            first = iter(abi_decode(indexed, bytes.fromhex("".join(topic[2:] for topic in topics[1:]))))
            rest = iter(abi_decode(unindexed, bytes.fromhex(entry["data"][2:])))
            found.append(tuple(_alike(next(first if is_indexed else rest)) for is_indexed in order))
        return found

    return decode
