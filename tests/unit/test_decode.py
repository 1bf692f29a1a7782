from types import ModuleType

import msgspec
import pytest

from watchers.abi import event, shape_of
from watchers.chain.block import Log
from watchers.chain.wanted import TRANSFER, Transfers
from watchers.decode import Around, Decoder, Protocol, origin, protocols_in
from watchers.errors import DecodeError, DefinitionError
from watchers.event import Event

HERE, THERE = "0x" + "11" * 20, "0x" + "22" * 20


@event("Moved(uint256 amount)")
class Moved(msgspec.Struct, frozen=True, gc=False):
    amount: int


@event("Synced(uint256 left)")
class Synced(msgspec.Struct, frozen=True, gc=False):
    left: int


class Move(Event, frozen=True, kw_only=True, tag="move"):
    amount_raw: int


def a_log(shape: type, word: int, *, index: int = 0, tx: str = "0x" + "ab" * 32, address: str = HERE) -> Log:
    return Log(address, (shape_of(shape).topic0,), f"0x{word:064x}", "0x7", tx, "0x0", hex(index), "0x" + "cc" * 32)


def a_protocol(name: str, **kwargs: object) -> Protocol:
    protocol = Protocol(name, **kwargs)  # type: ignore[arg-type] # the test passes what the test needs

    @protocol.on(Moved)
    def moved(log: Log, shape: Moved, around: Around) -> Move:
        return Move(**origin(log, name, around), amount_raw=shape.amount)

    return protocol


def test_events_of_one_kind_are_counted_within_their_transaction() -> None:
    logs = [a_log(Moved, 5), a_log(Moved, 6, index=1), a_log(Moved, 7, index=2, tx="0x" + "cd" * 32)]
    events = Decoder([a_protocol("one")]).decode(1, logs).events
    assert [(e.id, e.position) for e in events] == [
        (f"1:0x{'ab' * 32}:move:0", 0),
        (f"1:0x{'ab' * 32}:move:1", 1),
        (f"1:0x{'cd' * 32}:move:0", 0),
    ]


def test_where_shapes_collide_the_address_decides() -> None:
    theirs = a_protocol("theirs", emitters=[THERE])
    decoder = Decoder([theirs, a_protocol("other", rank=2), a_protocol("first", rank=1)])
    named = [decoder.decode(1, [a_log(Moved, 1, address=a)]).events[0].protocol for a in (THERE, HERE)]
    assert named == ["theirs", "first"]


def test_a_claim_of_the_operator_beats_the_rank_on_its_chain_only() -> None:
    decoder = Decoder([a_protocol("a"), a_protocol("b", rank=1)], {(1, HERE): "b"})
    assert [decoder.decode(chain, [a_log(Moved, 1)]).events[0].protocol for chain in (1, 2)] == ["b", "a"]


def test_a_protocol_with_emitters_is_deaf_to_look_alikes() -> None:
    decoded = Decoder([a_protocol("theirs", emitters=[THERE])]).decode(1, [a_log(Moved, 1)])
    assert (decoded.events, decoded.known, decoded.unknown) == ([], 0, 1)


def test_a_hostile_log_is_counted_and_the_rest_goes_on() -> None:
    protocol = a_protocol("one")

    @protocol.on(Synced)
    def synced(log: Log, shape: Synced, around: Around) -> Event | None:
        raise DecodeError("left: absurd")

    decoded = Decoder([protocol]).decode(1, [a_log(Synced, 1), a_log(Moved, 2, index=1)])
    assert [type(e) for e in decoded.events] == [Move]
    assert [str(error) for _, error in decoded.errors] == ["left: absurd"]


@pytest.mark.parametrize("place", ["block_number", "transaction_index", "log_index"])
def test_a_log_whose_place_is_not_a_number_is_an_error_and_the_rest_goes_on(place: str) -> None:
    broken = msgspec.structs.replace(a_log(Moved, 1), **{place: "0xno"})
    decoded = Decoder([a_protocol("one")]).decode(1, [broken, a_log(Moved, 2, index=1)])
    assert [(log, str(error)) for log, error in decoded.errors] == [
        (broken, "Moved(uint256): a place that is not a number")
    ]
    assert [e.log_index for e in decoded.events] == [1]


@pytest.mark.parametrize(("address", "index", "found"), [(HERE, 1, Synced(9)), (THERE, 1, None), (HERE, 2, None)])
def test_a_witness_counts_only_right_before_and_from_the_same_contract(
    address: str, index: int, found: Synced | None
) -> None:
    protocol = Protocol("one")
    protocol.witness(Synced)
    got: list[Synced | None] = []

    @protocol.on(Moved)
    def moved(log: Log, shape: Moved, around: Around) -> Event | None:
        got.append(around.just_before(log, Synced))
        return None

    Decoder([protocol]).decode(1, [a_log(Synced, 9, address=address), a_log(Moved, 1, index=index)])
    assert got == [found]


def test_earlier_logs_come_nearest_first() -> None:
    protocol = Protocol("one")
    protocol.witness(Synced)
    got: list[int] = []

    @protocol.on(Moved)
    def moved(log: Log, shape: Moved, around: Around) -> Event | None:
        got.extend(shape.left for _, shape in around.earlier())
        return None

    Decoder([protocol]).decode(1, [a_log(Synced, 1), a_log(Synced, 2, index=1), a_log(Moved, 1, index=2)])
    assert got == [2, 1]


def test_what_another_transaction_emitted_is_not_around() -> None:
    protocol = Protocol("one")
    protocol.witness(Synced)
    got: list[object] = []

    @protocol.on(Moved)
    def moved(log: Log, shape: Moved, around: Around) -> Event | None:
        got.extend([around.just_before(log, Synced), *around.earlier()])
        return None

    Decoder([protocol]).decode(1, [a_log(Synced, 9), a_log(Moved, 1, index=1, tx="0x" + "cd" * 32)])
    assert got == [None]


def test_a_protocol_file_that_declares_nothing_fails_loudly() -> None:
    package = ModuleType("json")
    package.__path__ = __import__("json").__path__
    with pytest.raises(DefinitionError, match="declares no protocol"):
        protocols_in(package)


def test_every_log_is_known_unknown_or_an_error_once() -> None:
    protocol = a_protocol("one")

    @protocol.on(Synced)
    def synced(log: Log, shape: Synced, around: Around) -> Event | None:
        if shape.left == 0:
            raise DecodeError("left: absurd")
        return None

    logs = [a_log(Synced, 0), a_log(Synced, 1, index=1), a_log(Moved, 1, index=2), a_log(Synced, 2**256 - 1, index=3)]
    decoded = Decoder([protocol]).decode(1, logs)
    assert (decoded.known, decoded.unknown, len(decoded.errors), len(decoded.events)) == (1, 2, 1, 1)


@event("Transfer(address indexed from, address indexed to, uint256 value)")
class Transferred(msgspec.Struct, frozen=True, gc=False):
    from_: str
    to: str
    value: int


def test_a_transfer_goes_to_every_protocol_that_was_told_of_it_and_to_no_other() -> None:
    def reader(name: str) -> Protocol:
        protocol = Protocol(name)

        @protocol.on(Transferred)
        def handle(log: Log, shape: Transferred, around: Around) -> Move:
            return Move(**origin(log, name, around), amount_raw=shape.value)

        return protocol

    def moved(token: str, payer: str, index: int) -> Log:
        words = tuple("0x" + "00" * 12 + who[2:] for who in (payer, THERE))
        sketch = a_log(Transferred, 5, index=index, address=token)
        return msgspec.structs.replace(sketch, topics=(*sketch.topics, *words))

    told = {"books": [Transfers(frozenset({HERE}))], "acts": [Transfers(payers=frozenset({THERE}))]}
    decoder = Decoder([reader("acts"), reader("books"), reader("deaf"), a_protocol("one")], transfers={1: told})
    logs = [moved(HERE, THERE, 0), moved(HERE, HERE, 1), moved(THERE, THERE, 2), moved(THERE, HERE, 3)]
    found = decoder.decode(1, logs)
    assert [(e.protocol, e.log_index) for e in found.events] == [("acts", 0), ("books", 0), ("books", 1), ("acts", 2)]
    assert (found.known, found.unknown, found.errors) == (3, 1, [])
    assert decoder.decode(2, logs).unknown == 4
    assert decoder.wanted_on(1).transfers == (*told["books"], *told["acts"])
    assert decoder.wanted_on(2).filters == decoder.wanted_on(1).filters[:1]
    assert TRANSFER not in decoder.topics
