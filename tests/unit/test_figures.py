from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import figures


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("15000125", "15.0M"),
        ("1250000", "1.25M"),
        ("482000", "482k"),
        ("999999", "1.00M"),
        ("999.9", "1,000"),
        ("0.5", "0.5"),
        ("12.345", "12.3"),
        ("0", "0"),
        ("1", "1"),
        ("-2500", "-2,500"),
        ("9999.9", "10.0k"),
        ("12345", "12.3k"),
        ("4017000000", "4.02B"),
        ("0.0000000001", "<0.000001"),
        ("1e20", "1.00e20"),
    ],
)
def test_three_digits_and_a_scale(value: str, shown: str) -> None:
    assert figures.short(Decimal(value)) == shown


def test_no_price_is_nothing_and_never_zero() -> None:
    assert figures.usd(None) == ""
    assert figures.usd(Decimal(4_820_000)) == "$4.82M"


@given(st.integers(0, 2**256 - 1), st.integers(0, 36))
def test_base_units_become_tokens_without_losing_a_digit(raw: int, decimals: int) -> None:
    assert figures.whole(raw, decimals) == Fraction(raw, 10**decimals)


def test_unknown_decimals_are_said() -> None:
    assert figures.amount(10**18, None) == "1.00e18 base units of"
    assert figures.amount(15 * 10**24, 18) == "15.0M"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, "unknown"),
        ("0", "0.0 %"),
        ("0.0001", "<0.1 %"),
        ("0.624", "62.4 %"),
        ("0.9999999", ">99.9 %"),
        ("1", "100.0 %"),
        ("1.03", "103.0 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share: str | None, shown: str) -> None:
    assert figures.percent(None if share is None else Decimal(share)) == shown


def test_a_bar_shows_any_share_above_zero() -> None:
    assert figures.bar(Decimal(0)).count("█") == 0
    assert figures.bar(Decimal("0.001")).count("█") == 1
    assert figures.bar(Decimal("0.999")).count("█") == 17
    assert figures.bar(Decimal(1)).count("█") == 18
    assert figures.bar(None) == "?" * 18


def test_durations_take_the_largest_unit() -> None:
    assert [figures.duration(s) for s in (-3, 45, 180, 7200, 400_000)] == ["0 s", "45 s", "3 min", "2 h", "4 d"]


@given(st.integers(0, 2**256 - 1), st.integers(0, 36))
def test_any_amount_is_short(raw: int, decimals: int) -> None:
    assert len(figures.amount(raw, decimals)) <= 10
