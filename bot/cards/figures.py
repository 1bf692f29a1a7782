"""Numbers as people read them. Money comes in as int base units or Decimal and is rounded only here, when drawn."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

from watchers.alert import Amount

_SCALES = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))
_SCALED_FROM = 10_000
_DIGITS = 3
_TINY = Decimal("0.000001")
_EXACT = Context(prec=100)  # 2^256 has 78 digits
BAR_CELLS = 18


def whole(raw: int, decimals: int) -> Decimal:
    """Turn base units into tokens, exactly."""
    return Decimal(raw).scaleb(-decimals, _EXACT)


def short(value: Decimal) -> str:
    """Three significant digits and a scale: `15.0M`, `482k`, `0.5`; up to ten thousand in full, `1,400`."""
    size = abs(value)
    sign = "-" if value < 0 else ""
    if size >= Decimal(10) ** 15:
        return f"{sign}{size:.2E}".replace("E+", "e")
    if size < _SCALED_FROM:
        if Decimal(0) < size < _TINY:
            return f"{sign}<0.000001"
        digits = max(0, _DIGITS - 1 - size.adjusted()) if size else 0
        text = f"{size.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN):f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        whole_part, dot, rest = text.partition(".")
        return sign + ("10.0k" if text == "10000" else f"{int(whole_part):,}{dot}{rest}")
    for at, (scale, letter) in enumerate(_SCALES):
        if size >= scale:
            scaled = size / scale
            digits = max(0, _DIGITS - 1 - scaled.adjusted())
            rounded = scaled.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
            if rounded >= 1000 and at:  # noqa: PLR2004 - rounding climbed into the next scale
                return f"{sign}1.00{_SCALES[at - 1][1]}"
            return f"{sign}{rounded:f}{letter}"
    return sign + str(size)


def amount(raw: int, decimals: int | None) -> str:
    """Write an amount of tokens; without known decimals the base units, said to be such."""
    return short(whole(raw, decimals)) if decimals is not None else f"{short(Decimal(raw))} base units of"


def usd(value: Decimal | None) -> str:
    """Dollars, or nothing at all when no price can be defended."""
    return "" if value is None else f"${short(value)}"


def tokens(item: Amount, symbol: str) -> str:
    """`1,200 WETH ($4.1M)`: the amount without its sign, and its value where it has one."""
    priced = f" ({usd(abs(item.usd))})" if item.usd is not None else ""
    return f"{amount(abs(item.raw), item.decimals)} {symbol}{priced}"


def percent(share: Decimal | None) -> str:
    """Write a share as `62.4 %`; never rounded to 0 or to 100 when it is neither; `unknown` for None."""
    if share is None:
        return "unknown"
    value = share * 100
    if Decimal(0) < value < Decimal("0.1"):
        return "<0.1 %"
    if Decimal("99.9") < value < Decimal(100):
        return ">99.9 %"
    return f"{value.quantize(Decimal('0.1'), ROUND_HALF_EVEN):f} %"


def bar(share: Decimal | None) -> str:
    """Draw a bar of 18 cells; any share above zero fills at least one, none below one fills all."""
    if share is None:
        return "?" * BAR_CELLS
    bounded = min(max(share, Decimal(0)), Decimal(1))
    cells = int(bounded * BAR_CELLS)
    if bounded > 0:
        cells = max(1, cells)
    return "█" * cells + "░" * (BAR_CELLS - cells)


def duration(seconds: int) -> str:
    """`45 s`, `3 min`, `2 h`, `4 d`: the largest unit that is not zero."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"


def number(value: int) -> str:
    """`19,004,221`."""
    return f"{value:,}"
