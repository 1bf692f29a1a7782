"""Payments to many at once: every transfer of Disperse and of Permit2's lists is a call with an outcome of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_batch_containers import REVERTED, analysed, one, outcomes, sent
from tests.userops import BUNDLER, call, frame

PAYER, TOKEN, OTHER, OWNER = ("0x" + pair * 20 for pair in ("d1", "70", "71", "0a"))
WHO = ["0x" + f"{n:02x}" * 20 for n in (0x1A, 0x2B, 0x3C)]
BOOM = call("ERC20InsufficientBalance(address,uint256,uint256)", PAYER, 1, 2)
SIGNED = "permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)"
ALLOWED = "transferFrom((address,address,uint160,address)[])"
FORMS = ["disperseEther", "disperseToken", "disperseTokenSimple", "transferFrom", "permitTransferFrom"]


def payments(form: str, amounts: list[int]) -> tuple[bytes, list[dict[str, Any]], list[dict[str, Any]]]:
    """Give a form's calldata, the frames before its payments, and a frame a payment, None for one that is left out."""
    rows = list(zip((WHO[n % 3] for n in range(len(amounts))), amounts, strict=True))
    to = [who for who, _ in rows]
    if form == "disperseEther":
        frames = [frame("CALL", PAYER, who, b"", value=amount) for who, amount in rows]
        return call("disperseEther(address[],uint256[])", to, amounts), [], frames
    if form == "disperseToken":
        pull = frame("CALL", PAYER, TOKEN, moved(BUNDLER, PAYER, sum(amounts)))
        frames = [frame("CALL", PAYER, TOKEN, call("transfer(address,uint256)", *row)) for row in rows]
        return call("disperseToken(address,address[],uint256[])", TOKEN, to, amounts), [pull], frames
    if form == "disperseTokenSimple":
        frames = [frame("CALL", PAYER, TOKEN, moved(BUNDLER, *row)) for row in rows]
        return call("disperseTokenSimple(address,address[],uint256[])", TOKEN, to, amounts), [], frames
    tokens = [TOKEN if n % 2 else OTHER for n in range(len(rows))]
    frames = [frame("CALL", PAYER, token, moved(OWNER, *row)) for token, row in zip(tokens, rows, strict=True)]
    if form == "transferFrom":
        listed = [(OWNER, who, amount, token) for token, (who, amount) in zip(tokens, rows, strict=True)]
        return call(ALLOWED, listed), [], frames
    permit = ([(token, 10**9) for token in tokens], 5, 99)
    return call(SIGNED, permit, rows, OWNER, b"sig"), [], [f if a else {} for f, a in zip(frames, amounts, strict=True)]


def moved(holder: str, to: str, amount: int) -> bytes:
    return call("transferFrom(address,address,uint256)", holder, to, amount)


def case(form: str, amounts: list[int], fails_at: int | None = None) -> dict[str, Any]:
    data, before, frames = payments(form, amounts)
    done = [f for f in frames[: None if fails_at is None else fails_at + 1] if f]
    if fails_at is not None:
        done[-1] = {**done[-1], "error": REVERTED, "output": "0x" + BOOM.hex()}
    whole: dict[str, Any] = sent(
        PAYER, data, *before, *done, failed=fails_at is not None, output=BOOM if fails_at is not None else b""
    )
    return whole


@pytest.mark.parametrize("form", FORMS)
def test_every_payment_is_a_call(form: str) -> None:
    container = one(case(form, [3, 4, 3]))
    assert (container.kind, container.sender, container.outcome) == ("payout", BUNDLER, "success")
    assert outcomes(container) == ["success"] * 3
    ether = form == "disperseEther"
    assert [c.value_wei for c in container.calls] == ([3, 4, 3] if ether else [0, 0, 0])
    names = {"disperseEther": "", "disperseToken": "transfer(address,uint256)"}
    assert {c.function for c in container.calls} == {names.get(form, "transferFrom(address,address,uint256)")}


@pytest.mark.parametrize("form", FORMS)
def test_one_that_fails_undoes_those_before_it(form: str) -> None:
    container = one(case(form, [3, 4, 3], fails_at=1))
    assert outcomes(container) == ["rolled_back", "failed", "not_executed"]
    assert (container.success, container.outcome) == (False, "reverted")
    assert container.calls[1].reason == f"ERC20InsufficientBalance({PAYER},1,2)"


@pytest.mark.parametrize("form", FORMS)
def test_without_a_tree_no_payment_is_known(form: str) -> None:
    container = one(case(form, [3, 4, 3]), trace=False)
    assert (container.success, container.outcome, outcomes(container)) == (None, "unknown", ["unknown"] * 3)


def test_a_sum_that_cannot_be_taken_leaves_all_payments_unmade() -> None:
    data, (pull,), _ = payments("disperseToken", [3, 4])
    container = one(sent(PAYER, data, {**pull, "error": REVERTED}, failed=True, output=BOOM))
    assert (outcomes(container), container.success) == (["not_executed"] * 2, False)


def test_a_signed_transfer_of_nothing_is_left_out() -> None:
    container = one(case("permitTransferFrom", [3, 0, 3]))
    assert (outcomes(container), container.outcome) == (["success", "not_executed", "success"], "success")


@pytest.mark.parametrize("form", FORMS)
def test_a_selector_alone_pays_nobody(form: str) -> None:
    data, _, _ = payments(form, [3, 4])
    assert analysed(sent(PAYER, data)).containers == ()
    other = frame("CALL", PAYER, TOKEN, moved(WHO[0], WHO[1], 99))
    assert analysed(sent(PAYER, data, other)).containers == ()


def test_columns_of_different_length_are_no_payout() -> None:
    data = call("disperseEther(address[],uint256[])", WHO, [1, 2])
    paid = frame("CALL", PAYER, WHO[0], b"", value=1)
    assert analysed(sent(PAYER, data, paid)).containers == ()
    assert analysed(sent(PAYER, data), trace=False).containers == ()


def test_payments_inside_a_multicall_are_told_after_it() -> None:
    data, before, frames = payments("disperseTokenSimple", [3, 4])
    rows = call("aggregate((address,bytes)[])", [(PAYER, data)])
    multi = "0x" + "3c" * 20
    inner = [{**f, "input": "0x" + moved(multi, WHO[n], 3 + n).hex()} for n, f in enumerate(frames)]
    made = frame("CALL", multi, PAYER, data, calls=[*before, *inner])
    outer, nested = analysed(sent(multi, rows, made)).containers
    assert (outer.kind, nested.kind, nested.sender, nested.depth) == ("multicall", "payout", multi, 1)
    assert outcomes(nested) == ["success"] * 2  # taken from who called, which is the multicall


@given(st.sampled_from(FORMS), st.lists(st.integers(0, 5), min_size=1, max_size=6), st.data())
def test_random_payouts_decode_to_what_became_of_them(form: str, amounts: list[int], data: st.DataObject) -> None:
    skipped = [form == "permitTransferFrom" and not amount for amount in amounts]
    able = [at for at, out in enumerate(skipped) if not out]
    fails_at = data.draw(st.sampled_from([None, *able]))
    if not able:
        assert analysed(case(form, amounts)).containers == ()
        return
    wanted = [
        "success" if fails_at is None else "rolled_back" if at < fails_at else "failed" for at in range(len(amounts))
    ]
    wanted = [
        "not_executed" if out or (fails_at is not None and at > fails_at) else w
        for at, (w, out) in enumerate(zip(wanted, skipped, strict=True))
    ]
    assert outcomes(one(case(form, amounts, fails_at))) == wanted


@given(st.sampled_from(FORMS), st.lists(st.integers(1, 5), min_size=1, max_size=6), st.data())
def test_bent_calldata_never_makes_a_payment_of_what_is_none(
    form: str, amounts: list[int], data: st.DataObject
) -> None:
    whole = case(form, amounts, data.draw(st.sampled_from([None, *range(len(amounts))])))
    root = whole["debug_traceTransaction_callTracer"]
    paid = {(f["to"], f["input"], f["value"]) for f in root.get("calls", []) if not f.get("error")}
    bent = bytearray(bytes.fromhex(root["input"][2:]))
    for _ in range(data.draw(st.integers(1, 4))):
        bent[data.draw(st.integers(0, len(bent) - 1))] = data.draw(st.integers(0, 255))
    whole["tx"]["input"] = root["input"] = "0x" + bytes(bent[: data.draw(st.integers(4, len(bent)))]).hex()
    trace = data.draw(st.booleans())
    good = [c for one in analysed(whole, trace=trace).containers for c in one.calls if c.outcome == "success"]
    assert {(c.target, c.data, hex(c.value_wei)) for c in good} <= (paid if trace and not root.get("error") else set())
