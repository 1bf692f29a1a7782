"""Whether code can destroy itself: instructions that a way leads to, never what is pushed or only lies there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.governance.destruct import can_self_destruct

END = "33ff"  # CALLER SELFDESTRUCT
CODES = [
    ("at the start", END, True),
    ("behind a jump to a place that is pushed", "6004565b" + END, False),  # 0x04 is no JUMPDEST: the EVM stops there
    ("behind a jump", "600456fe5b" + END, True),
    ("behind a conditional jump, also where it is not taken", "6001600a57" + END, True),
    ("behind a place pushed by two bytes", "61000556005b" + END, True),
    ("as data of PUSH1", "60ff00", False),
    ("as data of PUSH32", "7f" + "ff" * 32 + "00", False),
    ("as data of a PUSH that the code ends in", "6000" + "7fff", False),
    ("behind STOP", "00" + END, False),
    ("behind REVERT and a place that nobody pushes", "60006000fd5b" + END, False),
    ("behind a place that is the data of a PUSH", "6004566000605b" + END, False),
    ("in the metadata", "600056fe" + "a264697066735822" + "ff5bff33ff" * 6 + "64736f6c63430008130033", False),
    ("in a delegation of EIP-7702", "ef0100" + "ff" * 20, False),
    ("behind an instruction that is none", "ef" + END, False),
    ("in a loop that never leaves", "5b600056" + END, False),
    ("nowhere", "", False),
]


@pytest.mark.parametrize(("code", "can"), [row[1:] for row in CODES], ids=[row[0] for row in CODES])
def test_only_what_a_way_leads_to_counts(code: str, can: bool) -> None:  # noqa: FBT001 - a table's column
    assert can_self_destruct(bytes.fromhex(code)) is can


@given(st.binary(max_size=400))
def test_no_code_whatever_is_an_error_and_none_without_the_byte_is_named(code: bytes) -> None:
    assert not can_self_destruct(code.replace(b"\xff", b"\x00"))
    can_self_destruct(code)


def test_the_largest_code_is_read_in_one_go() -> None:
    assert can_self_destruct(b"\x5b" * 200_000 + b"\xff")
    assert not can_self_destruct(b"\x5b" * (2 << 20) + b"\xff"), "beyond what any chain allows nobody looks"
