"""Call trees from nodes that are honest, old, odd or hostile."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.userops import ACCOUNT, BUNDLER, TX, ZERO, frame
from watchers.chain.trace import MAX_DEPTH, Trace, Transaction, parse, walk
from watchers.errors import DecodeError
from watchers.facts import RpcError

A, B, C = ("0x" + digit * 40 for digit in "123")
REFUSED = RpcError(-32601, "method not found")


def parity(
    where: list[int], *, kind: str = "call", error: str = "", result: Any = ..., **action: Any
) -> dict[str, Any]:
    given = {"from": A, "to": B, "value": "0x0", "input": "0x", "callType": "call", **action}
    entry: dict[str, Any] = {"action": given, "type": kind, "traceAddress": where}
    entry["result"] = {"gasUsed": "0x1", "output": "0x"} if result is ... else result
    return {**entry, "error": error} if error else entry


def test_a_frame_inside_a_failed_one_is_undone_whatever_it_says_itself() -> None:
    innermost = frame("CALL", C, A, calls=[frame("CALL", A, B)])
    tree = frame("CALL", A, B, calls=[frame("CALL", B, C, error="execution reverted", calls=[innermost])])
    visits = [(f.to, undone) for f, undone in walk(parse(tree))]
    assert visits == [(B, False), (C, False), (A, True), (B, True)]


def test_the_flat_notation_is_put_together_in_any_order() -> None:
    flat = [parity([1, 0], to=C), parity([]), parity([1]), parity([0]), parity([10]), parity([2])]
    flat += [parity([where]) for where in range(3, 10)]
    root = parse(flat)
    assert len(root.calls) == 11
    assert [f.to for f in root.calls[1].calls] == [C]


def test_what_parity_does_not_tell_is_not_empty() -> None:
    root = parse([parity([], error="Reverted", result=None)])
    assert root.output is None
    assert parse([parity([], error="Out of gas", result=None)]).output == "0x"
    assert parse([parity([])]).output == "0x"


def test_creations_and_self_destructs_have_their_place() -> None:
    gone = {"type": "suicide", "traceAddress": [1], "action": {"address": B, "refundAddress": C, "balance": "0x5"}}
    made = parity([0], kind="create", init="0x60", result={"address": C, "code": "0x", "gasUsed": "0x9"})
    root = parse([parity([]), made, gone])
    assert [(f.type, f.to, f.value) for f in root.calls] == [("CREATE", C, 0), ("SELFDESTRUCT", C, 5)]


def test_a_tree_as_deep_as_the_evm_allows_is_read_and_a_deeper_one_refused() -> None:
    def chain_of(depth: int) -> dict[str, Any]:
        node = frame("CALL", A, B)
        for _ in range(depth):
            node = frame("CALL", A, B, calls=[node])
        return node

    assert sum(1 for _ in walk(parse(chain_of(1024)))) == 1025
    with pytest.raises(DecodeError):
        parse(chain_of(MAX_DEPTH + 50))
    flat = [parity([0] * depth) for depth in range(1025)]
    assert sum(1 for _ in walk(parse(flat))) == 1025


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "0x",
        7,
        {},
        [],
        {"type": "CALL"},
        {"type": 3, "from": A},
        {"type": "CALL", "from": "0x12"},
        {"type": "CALL", "from": A, "value": "-0x1"},
        {"type": "CALL", "from": A, "value": "0x-1"},
        {"type": "CALL", "from": A, "value": True},
        {"type": "CALL", "from": A, "gasUsed": "0x" + "f" * 65},
        {"type": "CALL", "from": A, "input": "0xzz"},
        {"type": "CALL", "from": "0x" + " " * 40},
        {"type": "CALL", "from": A, "input": "0x123"},
        {"type": "CALL", "from": A, "calls": 5},
        {"type": "CALL", "from": A, "calls": [None]},
        [None],
        [{"traceAddress": []}],
        [parity([0])],
        [parity([]), parity([])],
        [parity([]), parity([1, 0])],
        [parity([]), parity([True])],
        [parity([], kind="reward")],
        [parity([], result="0x")],
        [parity([], callType=["call"])],
    ],
)
def test_what_is_no_call_tree_is_a_decode_error(raw: object) -> None:
    with pytest.raises(DecodeError):
        parse(raw)


def test_a_node_without_either_method_answers_unknown() -> None:
    assert Trace(TX).read([REFUSED, REFUSED]) is None
    assert Trace(TX).read([None, None]) is None
    assert Trace(TX).read([{"structLogs": []}, REFUSED]) is None


def test_the_second_notation_stands_in_for_the_first() -> None:
    assert [c.method for c in Trace(TX).calls(9)] == ["debug_traceTransaction", "trace_transaction"]
    root = Trace(TX).read([REFUSED, [parity([])]])
    assert root is not None
    assert root.to == B
    best = Trace(TX).read([frame("CALL", B, C), [parity([])]])
    assert best is not None
    assert best.to == C


def test_the_root_that_tempo_makes_up_is_read_as_it_is() -> None:
    root = parse(frame("CALL", ZERO, ZERO, calls=[frame("CALL", ACCOUNT, C, error="execution reverted")]))
    assert root.error == ""
    assert root.calls[0].error


def test_an_error_that_is_no_text_still_says_that_the_frame_failed() -> None:
    assert parse({**frame("CALL", A, B), "error": {"code": 1}}).error == "failed"


def test_a_transaction_is_read_leniently_and_refused_when_absurd() -> None:
    ask = Transaction(TX)
    sent = ask.read([{"from": BUNDLER.upper().replace("X", "x"), "to": None, "input": "0x01", "type": "0x2"}])
    assert sent is not None
    assert (sent.sender, sent.to, sent.input, sent.type, sent.block_hash) == (BUNDLER, "", "0x01", 2, "")
    assert ask.read([None]) is None
    assert ask.read([REFUSED]) is None
    assert ask.read([{"from": 5}]) is None
    tempo = ask.read([{"from": A, "calls": [], "type": "0x76"}])
    assert tempo is not None
    assert tempo.type == 0x76


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["0x", "0x1", A, "CALL", "call"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "from", "to", "value", "input", "output", "calls", "error", "action", "result", "traceAddress"]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=25,
)


@given(_json, _json)
def test_no_answer_whatever_can_break_the_question(first: Any, second: Any) -> None:
    root = Trace(TX).read([first, second])
    if root is not None:
        assert all(isinstance(f.to, str) for f, _ in walk(root))
    Transaction(TX).read([first])
