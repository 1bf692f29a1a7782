"""What logs are wanted: the filters that bring them, and what a bloom holds against an answer."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.node import Node, Sketch, address, log, topic
from watchers.chain.block import Header, Log
from watchers.chain.wanted import ALTERNATIVES_MAX, TRANSFER, LogFilter, Transfers, Wanted

A = topic(1)
HELD, OTHER, PAYER, PAYEE = address(1), address(2), address(3), address(4)
WHERE = {"blockHash": "0xh"}


def word(of: str) -> str:
    return "0x" + "0" * 24 + of[2:]


def transfer(token: str, payer: str, payee: str) -> Sketch:
    return log(TRANSFER, word(payer), word(payee), emitter=token, data="0x" + "0" * 63 + "1")


def mined(*sketches: Sketch) -> tuple[Header, list[Log]]:
    block = Node().mine(sketches)
    return msgspec.convert(block.header, Header), msgspec.convert(block.logs, list[Log])


def test_without_transfers_the_call_is_what_it_always_was() -> None:
    (call,) = Wanted([A, topic(2)]).calls({"fromBlock": "0x1", "toBlock": "0x2"})
    said = {"fromBlock": "0x1", "toBlock": "0x2", "topics": [[A, topic(2)]]}
    assert (call.method, json.dumps(call.params)) == ("eth_getLogs", json.dumps([said]))


def test_each_kind_of_transfer_is_a_filter_of_its_own() -> None:
    wanted = Wanted(
        [A],
        [
            Transfers(frozenset({HELD})),
            Transfers(frozenset({HELD}), payers=frozenset({PAYER})),
            Transfers(payees=frozenset({PAYEE})),
        ],
    )
    assert [call.params[0] for call in wanted.calls(WHERE)] == [
        {**WHERE, "topics": [[A]]},
        {**WHERE, "topics": [[TRANSFER]], "address": HELD},
        {**WHERE, "topics": [[TRANSFER], [word(PAYER)]], "address": HELD},
        {**WHERE, "topics": [[TRANSFER], None, [word(PAYEE)]]},
    ]


def test_transfers_of_everybody_are_never_asked_for() -> None:
    assert Wanted([A], [Transfers()]).filters == Wanted([A]).filters


def test_a_long_list_is_cut_into_filters_that_a_node_takes() -> None:
    many = frozenset(map(address, range(ALTERNATIVES_MAX + 1)))
    filters = Wanted([A], [Transfers(payers=many)]).filters[1:]
    assert sorted(len(one.topics[1]) for one in filters) == [1, ALTERNATIVES_MAX]
    assert {payer for one in filters for payer in one.topics[1]} == set(map(word, many))


def test_a_filter_that_is_too_much_is_halved_until_one_value_is_left_in_each_place() -> None:
    parts = [LogFilter(((TRANSFER,), ("0x1", "0x2")), ("0xa", "0xb", "0xc"))]
    whole: list[LogFilter] = []
    while parts:
        one = parts.pop()
        halves = one.halves()
        if halves is None:
            whole.append(one)
        else:
            parts += halves
    assert {(one.topics[1], one.addresses) for one in whole} == {
        ((payer,), (token,)) for payer in ("0x1", "0x2") for token in ("0xa", "0xb", "0xc")
    }
    assert len(whole) == 6


people = st.sampled_from([HELD, OTHER, PAYER, PAYEE])
some = st.frozensets(people, max_size=2)


@given(st.lists(st.builds(Transfers, some, some, some), max_size=3), st.lists(st.tuples(people, people, people)))
def test_what_the_filters_bring_is_what_is_taken(transfers: list[Transfers], moved: list[tuple[str, str, str]]) -> None:
    wanted = Wanted([A], transfers)
    _, logs = mined(log(A), log(topic(9)), log(), *(transfer(*one) for one in moved), log(TRANSFER, emitter=HELD))
    assert [one for one in logs if wanted.takes(one)] == [
        one for one in logs if any(f.takes(one) for f in wanted.filters)
    ]


def test_a_missing_transfer_is_doubted_and_a_whole_answer_is_not() -> None:
    wanted = Wanted([A], [Transfers(frozenset({HELD})), Transfers(payers=frozenset({PAYER}))])
    header, logs = mined(log(A), transfer(HELD, OTHER, OTHER), transfer(OTHER, PAYER, OTHER))
    assert wanted.doubts(header, logs) == []
    for at in (1, 2):
        (doubt,) = wanted.doubts(header, [one for one in logs if one is not logs[at]])
        assert (doubt.values, doubt.joint, doubt.empty) == (1, True, False)
        assert doubt.by_chance < 0.01


def test_the_bloom_is_asked_for_the_topic_and_the_address_together() -> None:
    wanted = Wanted([A], [Transfers(frozenset({HELD}))])
    only_address, _ = mined(log(topic(9), emitter=HELD))
    only_topic, _ = mined(transfer(OTHER, PAYER, PAYEE))
    assert wanted.doubts(only_address, []) == wanted.doubts(only_topic, []) == []
    both, _ = mined(log(topic(9), emitter=HELD), transfer(OTHER, PAYER, PAYEE))
    assert [doubt.joint for doubt in wanted.doubts(both, [])] == [True]
