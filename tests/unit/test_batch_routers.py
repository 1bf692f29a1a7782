"""UniversalRouter: commands that may fail and say nothing, plans inside plans, what frames alone show."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from bot.__main__ import main
from tests.nested import as_transaction
from tests.unit.test_batch_containers import IN_TOPIC, REVERTED, SAFE, A, analysed, exec_safe, one, outcomes
from tests.userops import BUNDLER, call, frame, log
from watchers.batches.analysis import Analysis
from watchers.batches.container import Container
from watchers.batches.events import Call
from watchers.errors import DecodeError

ROUTER, TOKEN, WETH, PERMIT2, POOL, MANAGER = ("0x" + pair * 20 for pair in ("4a", "70", "3e", "22", "b0", "e9"))
FEE = "0x" + "fe" * 20
NOBODY = "0x" + "0" * 40
SINGLE = "((address,uint160,uint48,uint48),address,uint256)"
BOOM = call("LabBoom(uint256,string)", 7, "lab")
MAY_FAIL = 0x80


class Made(NamedTuple):
    """A command, what it is given, and the frames that it makes when it is run."""

    code: int
    given: bytes
    frames: list[dict[str, Any]]
    failed: bool = False
    own: bool = True  # one call, which may fail alone


def permit(*, fails: bool = False, flag: bool = True, nonce: int = 0) -> Made:
    about = ((TOKEN, 5, 6, nonce), ROUTER, 9)
    data = call(f"permit(address,{SINGLE},bytes)", BUNDLER, about, b"sig")
    error = REVERTED if fails else ""
    made = frame("CALL", ROUTER, PERMIT2, data, error=error, output=BOOM if fails else b"")
    code = 0x0A | (MAY_FAIL if flag else 0)
    return Made(code, encode([SINGLE, "bytes"], [about, b"sig"]), [made], fails)


def manager(number: int, *, fails: bool = False, flag: bool = True) -> Made:
    data = b"\xfe" + number.to_bytes(7, "big")
    error = REVERTED if fails else ""
    made = frame("CALL", ROUTER, MANAGER, data, value=3, error=error, output=BOOM if fails else b"")
    return Made(0x14 | (MAY_FAIL if flag else 0), data, [made], fails)


def swap(*, fails: bool = False, flag: bool = False) -> Made:
    given = encode(["address", "uint256", "uint256", "bytes", "bool"], [BUNDLER, 5, 4, b"path", True])
    error = REVERTED if fails else ""
    pay = frame("CALL", ROUTER, PERMIT2, call("transferFrom(address,address,uint160,address)", BUNDLER, POOL, 5, TOKEN))
    data = call("swap(address,bool,int256,uint160,bytes)", BUNDLER, True, 5, 1, b"")
    callback = frame("CALL", POOL, ROUTER, b"\xfa\x46\x1e\x33", calls=[pay])
    hop = frame("CALL", ROUTER, POOL, data, error=error, output=BOOM if fails else b"", calls=[callback])
    return Made(MAY_FAIL if flag else 0, given, [hop], fails, own=False)


def wrap() -> Made:
    made = frame("CALL", ROUTER, WETH, call("deposit()"), value=8)
    return Made(0x0B, encode(["address", "uint256"], [f"0x{2:040x}", 8]), [made], own=False)


def unwrap(*, empty: bool = False) -> Made:
    frames = [frame("STATICCALL", ROUTER, WETH, call("balanceOf(address)", ROUTER), output=encode(["uint256"], [8]))]
    frames += [] if empty else [frame("CALL", ROUTER, WETH, call("withdraw(uint256)", 8))]
    return Made(0x0C, encode(["address", "uint256"], [f"0x{1:040x}", 0]), frames, own=False)


def transfer(token: str, to: str, amount: int) -> Made:
    paid = frame("CALL", ROUTER, to, b"", value=amount)
    if token != NOBODY:
        paid = frame("CALL", ROUTER, token, call("transfer(address,uint256)", to, amount))
    named = f"0x{1:040x}" if to == BUNDLER else to
    return Made(0x05, encode(["address", "address", "uint256"], [token, named, amount]), [paid], own=False)


def portion(*, code: int = 0x06, empty: bool = False) -> Made:
    ask = frame("STATICCALL", ROUTER, TOKEN, call("balanceOf(address)", ROUTER), output=encode(["uint256"], [90]))
    paid = frame("CALL", ROUTER, TOKEN, call("transfer(address,uint256)", FEE, 9))
    given = encode(["address", "address", "uint256"], [TOKEN, FEE, 25])
    return Made(code, given, [ask] if empty else [ask, paid], own=False)


def balance(has: int, *, flag: bool = True, output: bytes | None = None) -> Made:
    """Demand that somebody holds ten; a shortage is a failure without a frame that failed."""
    told = encode(["uint256"], [has]) if output is None else output
    ask = frame("STATICCALL", ROUTER, TOKEN, call("balanceOf(address)", FEE), output=told)
    given = encode(["address", "address", "uint256"], [FEE, TOKEN, 10])
    return Made(0x0E | (MAY_FAIL if flag else 0), given, [ask], has < 10, own=False)


def sub_plan(parts: list[Made], *, flag: bool = True) -> Made:
    data, frames, failed = run(parts)
    output = b"" if failed is None else failed
    error = "" if failed is None else REVERTED
    made = frame("CALL", ROUTER, ROUTER, data, calls=frames, error=error, output=output)
    return Made(0x21 | (MAY_FAIL if flag else 0), data[4:], [made], failed is not None)


def run(parts: list[Made], deadline: int | None = None) -> tuple[bytes, list[dict[str, Any]], bytes | None]:
    """Run a plan as the router does: calldata, frames, and what it reverted with, None when it returned."""
    plan = (bytes(part.code for part in parts), [part.given for part in parts])
    data = call("execute(bytes,bytes[])", *plan)
    if deadline is not None:
        data = call("execute(bytes,bytes[],uint256)", *plan, deadline)
    frames: list[dict[str, Any]] = []
    for at, part in enumerate(parts):
        frames += part.frames
        check = part.code & 0x7F == 0x0E
        if part.failed and not (part.code & MAY_FAIL and (part.own or check)):
            message = call("BalanceTooLow()") if check else BOOM
            return data, frames, call("ExecutionFailed(uint256,bytes)", at, message) if part.own or check else BOOM
    return data, frames, None


def sent(parts: list[Made], deadline: int | None = 99, failed: bytes | None = None) -> dict[str, Any]:
    data, frames, reverted = run(parts, deadline)
    reverted = failed or reverted
    error = REVERTED if reverted else ""
    tree = frame("CALL", BUNDLER, ROUTER, data, calls=frames, error=error, output=reverted or b"")
    return as_transaction(ROUTER, "0x" + data.hex(), tree, [], failed=reverted is not None)


def told(container: Container) -> list[tuple[str, str]]:
    return [(c.function, c.outcome) for c in container.calls]


# --- by hand ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deadline", [None, 99])
def test_commands_are_told_by_the_frames_that_they_made(deadline: int | None) -> None:
    parts = [permit(), swap(), portion(), unwrap(), wrap(), transfer(NOBODY, BUNDLER, 4), transfer(TOKEN, FEE, 6)]
    container = one(sent(parts, deadline))
    assert told(container) == [
        ("PERMIT2_PERMIT", "success"),
        ("V3_SWAP_EXACT_IN", "success"),
        ("PAY_PORTION", "success"),
        ("UNWRAP_WETH", "success"),
        ("WRAP_ETH", "success"),
        ("TRANSFER", "success"),
        ("TRANSFER", "success"),
    ]
    assert (container.kind, container.sender) == ("universal_router", BUNDLER)
    assert (container.success, container.outcome) == (True, "success")
    assert [c.value_wei for c in container.calls] == [0, 0, 0, 0, 8, 4, 0]
    assert [c.target for c in container.calls] == [PERMIT2, POOL, TOKEN, WETH, WETH, BUNDLER, TOKEN]
    assert [c.gas_used for c in container.calls] == [100] * 7


def test_a_command_that_may_fail_and_does_is_a_failure_that_the_receipt_hides() -> None:
    container = one(sent([permit(fails=True), swap()]))
    assert (container.success, container.outcome) == (True, "partial")
    assert told(container) == [("PERMIT2_PERMIT", "failed"), ("V3_SWAP_EXACT_IN", "success")]
    assert container.calls[0].reason == 'LabBoom(7,"lab")'


def test_without_a_tree_nothing_is_known_of_a_command_and_a_revert_undoes_them_all() -> None:
    parts = [permit(), sub_plan([manager(1)])]
    whole, inner = analysed(sent(parts), trace=False).containers
    assert (whole.success, whole.outcome, outcomes(whole)) == (None, "unknown", ["unknown"] * 2)
    assert (inner.kind, inner.depth, outcomes(inner)) == ("universal_router", 1, ["unknown"])
    reverted = one(sent([permit(), swap(fails=True)]), trace=False)
    assert (reverted.success, reverted.outcome, outcomes(reverted)) == (False, "reverted", ["unknown"] * 2)


def test_the_command_that_the_router_names_failed_those_before_it_are_undone_and_the_rest_was_not_reached() -> None:
    parts = [permit(fails=True), portion(empty=True), permit(fails=True, flag=False, nonce=1), swap()]
    container = one(sent(parts))
    assert outcomes(container) == ["failed", "rolled_back", "failed", "not_executed"]
    assert container.calls[2].reason == 'LabBoom(7,"lab")'
    assert container.reason == 'ExecutionFailed(2,LabBoom(7,"lab"))'
    assert (container.success, container.outcome) == (False, "reverted")


def test_a_swap_that_fails_takes_the_router_with_it_flag_or_no_flag() -> None:
    container = one(sent([wrap(), swap(fails=True, flag=True), portion()]))
    assert outcomes(container) == ["rolled_back", "failed", "not_executed"]


def test_the_last_command_of_a_router_that_reverted_without_a_name_is_in_doubt() -> None:
    container = one(sent([wrap(), swap()], failed=call("V3TooLittleReceived()")))
    assert outcomes(container) == ["rolled_back", "unknown"]
    assert container.reason == "V3TooLittleReceived()"


def test_a_router_past_its_deadline_came_to_no_command() -> None:
    data = call("execute(bytes,bytes[],uint256)", b"\x0b", [wrap().given], 1)
    late = call("TransactionDeadlinePassed()")
    tree = frame("CALL", BUNDLER, ROUTER, data, error=REVERTED, output=late)
    container = one(as_transaction(ROUTER, "0x" + data.hex(), tree, [], failed=True))
    assert (outcomes(container), container.reason) == (["not_executed"], "TransactionDeadlinePassed()")


def test_a_balance_that_is_too_low_fails_without_a_frame_that_failed() -> None:
    assert outcomes(one(sent([balance(10), wrap()]))) == ["success", "success"]
    low = one(sent([balance(9), wrap()]))
    assert (outcomes(low), low.outcome, low.calls[0].reason) == (["failed", "success"], "partial", "BalanceTooLow()")
    assert outcomes(one(sent([wrap(), balance(10, output=b""), wrap()]))) == ["success", "unknown", "success"]


def test_a_command_that_no_frame_shows_is_unknown() -> None:
    parts = [wrap(), Made(0x40, b"\1" * 64, []), Made(0x1D, b"", []), portion(code=0x04, empty=True)]
    container = one(sent(parts))
    assert told(container) == [
        ("WRAP_ETH", "success"),
        ("ACROSS_V4_DEPOSIT_V3", "unknown"),
        ("COMMAND_0x1d", "unknown"),
        ("SWEEP", "success"),  # it asked for a balance, and there was none
    ]
    assert container.outcome == "unknown"


def test_a_failure_that_no_command_accounts_for_leaves_the_routers_own_code_in_doubt() -> None:
    stray = frame("CALL", ROUTER, FEE, b"\1\2\3\4", error=REVERTED)
    container = one(sent([permit(), wrap(), Made(0x90, b"", [stray])]))
    assert outcomes(container) == ["success", "unknown", "unknown"]


def test_a_plan_inside_a_plan_is_a_container_of_its_own() -> None:
    inner = sub_plan([manager(1), manager(2, fails=True, flag=False)])
    outer, nested = analysed(sent([wrap(), inner, permit()])).containers
    assert told(outer) == [("WRAP_ETH", "success"), ("EXECUTE_SUB_PLAN", "failed"), ("PERMIT2_PERMIT", "success")]
    assert outer.calls[1].reason == 'ExecutionFailed(1,LabBoom(7,"lab"))'
    assert (outer.outcome, nested.success, nested.outcome, nested.depth) == ("partial", False, "reverted", 1)
    assert outcomes(nested) == ["rolled_back", "failed"]


@pytest.mark.parametrize("way", ["CALL", "CREATE"])
def test_a_safe_behind_whatever_a_router_calls_or_makes_is_found(way: str) -> None:
    safe = frame(
        "CALL", FEE, SAFE, exec_safe(A, b"\1"), calls=[frame("CALL", SAFE, A, b"\1")], output=b"\0" * 31 + b"\1"
    )
    relay = frame(way, ROUTER, FEE, b"\xfe\xed\0\0", calls=[safe])
    event = log(SAFE, *IN_TOPIC, 0)
    case = sent([wrap(), Made(0x1D, b"", [relay])])
    case["receipt"]["logs"] = [event]
    router, found = analysed(case).containers
    assert (outcomes(router), found.kind, found.depth, outcomes(found)) == (
        ["success", "unknown"],
        "safe",
        1,
        ["success"],
    )


def test_a_selector_alone_makes_no_router() -> None:
    parts = [wrap()._replace(frames=[])]
    assert analysed(sent(parts)).containers == ()
    data = call("execute(bytes,bytes[])", b"\x0b\x0b", [wrap().given])
    tree = frame("CALL", BUNDLER, ROUTER, data, calls=wrap().frames)
    assert analysed(as_transaction(ROUTER, "0x" + data.hex(), tree, [], failed=False)).containers == ()


def test_the_command_tells_a_plan_with_the_arguments_of_commands_that_are_calls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(sent([permit(fails=True), swap(), balance(9)])))
    assert main(["batch", str(file), "--json"]) == 0
    first, second, third = json.loads(capsys.readouterr().out)["containers"][0]["calls"]
    assert (first["function"], first["args"][0], second["args"]) == (
        "PERMIT2_PERMIT",
        to_checksum_address(BUNDLER),
        None,
    )
    assert (third["outcome"], third["reason"]) == ("failed", "BalanceTooLow()")
    assert main(["batch", str(file)]) == 0
    text = capsys.readouterr().out
    assert "PERMIT2_PERMIT(" in text
    assert "V3_SWAP_EXACT_IN" in text


# --- random and bent ----------------------------------------------------------------------------------------------


@st.composite
def plans(draw: st.DrawFn, depth: int = 0) -> list[Made]:
    parts = []
    for at in range(draw(st.integers(1, 5))):
        fails, flag = draw(st.booleans()), draw(st.booleans())
        number = depth * 100 + at
        kinds = [
            permit(fails=fails, flag=flag, nonce=number),
            manager(number, fails=fails, flag=flag),
            balance(5 if fails else 15, flag=flag),
            swap(fails=fails and not flag, flag=flag),
            wrap(),
            transfer(TOKEN, FEE, number),
        ]
        parts.append(draw(st.sampled_from(kinds)))
    if depth < 2 and draw(st.booleans()):
        parts.append(sub_plan(draw(plans(depth + 1)), flag=draw(st.booleans())))
    return parts


def ends(parts: list[Made], *, undone: bool = False) -> list[str]:
    """Say what must become of each command, by the router's own rule."""
    stop = len(parts)
    for at, part in enumerate(parts):
        if part.failed and not (part.code & MAY_FAIL and (part.own or part.code & 0x7F == 0x0E)):
            stop = at
            break
    lost = undone or stop < len(parts)
    said = ["failed" if p.failed else "rolled_back" if lost else "success" for p in parts[: stop + 1]]
    return said + ["not_executed"] * (len(parts) - len(said))


@given(plans())
def test_random_plans_decode_to_what_became_of_them(parts: list[Made]) -> None:
    outer = analysed(sent(parts)).containers[0]
    assert outcomes(outer) == ends(parts)
    failed = "failed" in ends(parts)
    assert outer.success is (run(parts)[2] is None)
    assert outer.outcome == ("reverted" if not outer.success else "partial" if failed else "success")


def well(analysis: Analysis) -> list[Call]:
    return [c for one in analysis.containers for c in one.calls if c.outcome == "success"]


@given(plans(), st.data())
def test_bent_calldata_and_trees_never_make_a_success_of_what_is_none(parts: list[Made], data: st.DataObject) -> None:
    case = sent(parts)
    root = case["debug_traceTransaction_callTracer"]
    straight = analysed(case)
    bent = bytearray(bytes.fromhex(root["input"][2:]))
    for _ in range(data.draw(st.integers(1, 4))):
        bent[data.draw(st.integers(4, len(bent) - 1))] = data.draw(st.integers(0, 255))
    case["tx"]["input"] = root["input"] = "0x" + bytes(bent[: data.draw(st.integers(4, len(bent)))]).hex()
    trace = data.draw(st.booleans())
    again = analysed(case, trace=trace)
    if not trace or root.get("error"):
        assert not well(again)
    for call_ in well(again):
        kept = [f for f in frames_of(root) if f["to"] == call_.target and not f.get("error")]
        assert kept, (call_, straight)


@given(plans(), st.data())
def test_a_frame_that_is_gone_or_strange_never_crashes_and_makes_no_more_successes(
    parts: list[Made], data: st.DataObject
) -> None:
    case = sent(parts)
    before = len(well(analysed(case)))
    frames = list(frames_of(case["debug_traceTransaction_callTracer"]))[1:]
    if not frames:
        return
    node = data.draw(st.sampled_from(frames))
    key = data.draw(st.sampled_from(["type", "to", "input", "output", "calls", "value", "gasUsed"]))
    node[key] = data.draw(st.sampled_from(["", "0x", "DELEGATECALL", None, [], {}, 5, "0x01", "0x" + "22" * 20]))
    try:
        analysis = analysed(case)
    except DecodeError:
        return
    assert len(well(analysis)) <= before


def frames_of(root: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [root]
    for node in nodes:
        nodes.extend(node.get("calls", []))
    return nodes
