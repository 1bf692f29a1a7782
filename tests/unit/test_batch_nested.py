"""Batches inside batches, made from random outcomes: they decode to those, and nothing bent makes a success."""

import copy
import itertools
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.nested import (
    TREE,
    Batch,
    Leaf,
    Told,
    expected,
    run,
    sent_as_operation,
    sent_straight,
    succeeded,
)
from tests.userops import BUNDLER, EP07
from watchers.batches.analysis import Analysis, analyse
from watchers.batches.sent import read_sent
from watchers.chain.trace import parse
from watchers.errors import DecodeError

TOLD = (
    "multicall",
    "safe",
    "timelock",
    "account",
)  # by what they return or log, too, so that a tree cannot lie of them
KINDS = (*TOLD, "universal_router")


@st.composite
def batches(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> Batch:
    """Draw a batch up to three deep. Every call has calldata of its own, every container an address of its own."""
    numbers = itertools.count(1)

    def leaf() -> Leaf:
        data = b"\xfe" + next(numbers).to_bytes(7, "big")
        target = draw(st.sampled_from(["0x" + "1a" * 20, "0x" + "2b" * 20]))
        return Leaf(target, data, draw(st.booleans()), draw(st.booleans()))

    def batch(depth: int) -> Batch:
        kind = draw(st.sampled_from(kinds))
        size = draw(st.integers(1, 4))
        deeper = [depth < 2 and draw(st.integers(0, 2)) == 0 for _ in range(size)]
        parts = tuple(batch(depth + 1) if deep else leaf() for deep in deeper)
        tries = kind != "timelock" and draw(st.booleans())
        return Batch(kind, f"0x{0xC0DE0000 + next(numbers):040x}", parts, tries)

    return batch(0)


def cases(kinds: tuple[str, ...] = KINDS) -> st.SearchStrategy[tuple[Batch, dict[str, Any]]]:
    """Draw a batch sent by a transaction of its own or, an account's, as a user operation."""
    return batches(kinds).flatmap(
        lambda batch: st.sampled_from(
            [(batch, sent_straight(batch)), (own := batch._replace(kind="account"), sent_as_operation(own))]
        )
    )


def analysed(case: dict[str, Any], *, trace: bool = True) -> Analysis:
    receipt = {**case["receipt"], "logs": msgspec.to_builtins(case["receipt"]["logs"])}
    sent = read_sent(case["tx"], receipt)
    return analyse(sent, parse(case[TREE]) if trace else None)


def said(analysis: Analysis) -> list[Told]:
    return [
        Told(c.kind, [call.outcome for call in c.calls], bool(c.success), c.outcome, c.calls[0].depth)
        for c in analysis.containers
    ]


def successes(analysis: Analysis) -> set[str]:
    return {call.data for c in analysis.containers for call in c.calls if call.outcome == "success"}


@given(batches())
def test_nested_batches_made_from_random_outcomes_decode_to_those_outcomes(batch: Batch) -> None:
    case, done = sent_straight(batch), run(batch, BUNDLER)
    analysis = analysed(case)
    assert analysis.traced
    assert said(analysis) == expected(batch, done)
    assert successes(analysis) == succeeded(batch, done)


@given(batches())
def test_they_decode_so_inside_a_user_operation_too(batch: Batch) -> None:
    batch = batch._replace(kind="account")
    case, done = sent_as_operation(batch), run(batch, EP07)
    first, *rest = expected(batch, done)
    assert said(analysed(case)) == [first._replace(kind="entrypoint"), *rest]


@given(cases())
def test_without_a_tree_only_what_is_true_is_called_a_success(drawn: tuple[Batch, dict[str, Any]]) -> None:
    batch, case = drawn
    analysis = analysed(case, trace=False)
    assert successes(analysis) <= succeeded(batch, run(batch, BUNDLER))
    timelocks = [c for c in analysis.containers if c.kind == "timelock"]
    assert successes(analysis) == {call.data for c in timelocks for call in c.calls if call.outcome == "success"}


STRANGE: list[Any] = [
    "",
    "0x",
    "CALL",
    "DELEGATECALL",
    "0x" + "1a" * 20,
    EP07,
    None,
    5,
    [],
    {},
    "0x01",
    "execution reverted",
]


@given(cases(TOLD), st.data())
def test_a_bent_tree_never_makes_a_success_of_what_is_none(
    drawn: tuple[Batch, dict[str, Any]], data: st.DataObject
) -> None:
    batch, case = drawn
    tree = case[TREE] = copy.deepcopy(case[TREE])
    nodes = [tree]
    for node in nodes:
        nodes.extend(node.get("calls", []))
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(nodes))
        key = data.draw(
            st.sampled_from(["type", "from", "to", "input", "error", "output", "calls", "value", "gasUsed"])
        )
        if data.draw(st.booleans()):
            node.pop(key, None)
        else:
            node[key] = data.draw(st.sampled_from(STRANGE))
    try:
        analysis = analysed(case)
    except DecodeError:
        return
    assert successes(analysis) <= succeeded(batch, run(batch, BUNDLER))


@given(cases(TOLD), st.data())
def test_a_tree_that_hides_a_failure_never_makes_a_success_of_it(
    drawn: tuple[Batch, dict[str, Any]], data: st.DataObject
) -> None:
    batch, case = drawn
    tree = case[TREE] = copy.deepcopy(case[TREE])
    nodes = [tree]
    for node in nodes:
        nodes.extend(node.get("calls", []))
    for node in nodes:
        if data.draw(st.booleans()):
            node.pop("error", None)
    assert successes(analysed(case)) <= succeeded(batch, run(batch, BUNDLER))


@given(cases(), st.data())
def test_bent_calldata_never_makes_a_success_of_what_is_none(
    drawn: tuple[Batch, dict[str, Any]], data: st.DataObject
) -> None:
    batch, case = drawn
    bent = bytearray(bytes.fromhex(case["tx"]["input"][2:]))
    for _ in range(data.draw(st.integers(1, 4))):
        bent[data.draw(st.integers(0, len(bent) - 1))] = data.draw(st.integers(0, 255))
    case["tx"]["input"] = "0x" + bytes(bent[: data.draw(st.integers(4, len(bent)))]).hex()
    if data.draw(st.booleans()):
        case[TREE]["input"] = case["tx"]["input"]  # a node that tells the same wrong thing twice
    analysis = analysed(case, trace=data.draw(st.booleans()))
    assert successes(analysis) <= succeeded(batch, run(batch, BUNDLER))


@given(batches(), st.data())
def test_bent_answers_are_refused_by_place_or_told_without_a_crash(batch: Batch, data: st.DataObject) -> None:
    case = sent_straight(batch)
    receipt = {**case["receipt"], "logs": msgspec.to_builtins(case["receipt"]["logs"])}
    where = data.draw(st.sampled_from([case["tx"], receipt, *receipt["logs"]]))
    where[data.draw(st.sampled_from(sorted(where)))] = data.draw(st.sampled_from(STRANGE))
    refused = ""
    try:
        sent = read_sent(case["tx"], receipt)
    except DecodeError as error:
        refused = str(error)
    assert not refused or refused.startswith("$.")
    if not refused:
        analyse(sent, parse(case[TREE]))
        analyse(sent, None)
