"""`python -m bot power`: a CSV file of holdings in; how concentrated they are and who can decide, out. Offline.

One row is one holder. `--exclude NAME` drops the rows in which any column but the weight's is NAME, whatever the case.
A balance of 0 counts as a holder, as in the formulas, unless `--no-zeros` leaves it out; `zeros` counts them.
`--quota` and `--threshold` take an amount as the file counts them, a percentage of the total, or `majority`.

Units: amounts are as the file has them, to the last decimal; shares 0..1; Theil's T in nats.
Errors: InputError with file, line, column and remedy; UserError for an option that does not fit.
"""

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec

from bot.charts.plots import Curve, Lorenz
from bot.measured import Answer, ClassLine, Excluded, IndexLine, Number, Player, TheilByClass, text
from bot.sheet import Exact, exact, rows, titles, visible, written
from watchers.errors import InputError, UserError
from watchers.governance.indices import Index, banzhaf, shapley_shubik
from watchers.governance.power import Holdings, measure, theil_split

PLAYERS = 100  # the largest, in JSON
_NAMES = ("name", "address", "holder", "account", "owner", "label", "voter", "delegate", "wallet")
_WHOLE = 100  # per cent


class Options(NamedTuple):
    """The options as they were written; None: not given."""

    weight: str
    exclude: Sequence[str] = ()
    quota: str | None = None
    threshold: str | None = None
    by_class: str | None = None
    zeros: bool = True
    picture: Path | None = None


class Holder(NamedTuple):
    """A row of the file."""

    name: str
    of_class: str
    weight: Exact


class Sheet(NamedTuple):
    """What was read: who stays, who was left out by name, and how many have nothing."""

    holders: list[Holder]
    excluded: dict[str, list[Exact]]
    zeros: int


def power(file: Path, options: Options, out: TextIO, *, as_json: bool) -> None:
    """Print what the holdings of a file measure. Raises InputError, UserError."""
    amounts = {flag: _amount(flag, given) for flag, given in _asked(options).items()}
    sheet = _read(file, options)
    fixed = [amount for amount in amounts.values() if isinstance(amount, Exact)]
    numbers = chain(fixed, *sheet.excluded.values(), (holder.weight for holder in sheet.holders))
    places = max(number.places for number in numbers) if sheet.holders else 0
    balances = [holder.weight.at(places) for holder in sheet.holders]
    if not any(balances):
        raise InputError(str(file), f"column {options.weight}", "comes to 0", "name a column with holdings above 0")
    holdings = Holdings(balances)
    answer = _answer(holdings, sheet, places)
    if options.by_class is not None:
        split = theil_split(holdings, [holder.of_class for holder in sheet.holders])
        classes = [ClassLine(str(one.name), one.n, one.share, one.theil) for one in split.classes]
        answer.theil_by_class = TheilByClass(split.within, split.between, classes)
    for flag, amount in amounts.items():
        units = _units(flag, amount, holdings.total, places)
        if flag == "--threshold":
            answer.threshold, answer.nakamoto_threshold = written(units, places), holdings.reach(units)
        else:
            answer.quota, answer.nakamoto_quota = written(units, places), holdings.reach(units)
            _decide(answer, balances, units, sheet.holders, places)
    encode = msgspec.json.Encoder(decimal_format="number").encode
    if options.picture is not None:
        _picture(options.picture, file.name, holdings, answer)
    out.write(encode(answer).decode() + "\n" if as_json else text(answer))


def _picture(to: Path, title: str, holdings: Holdings, answer: Answer) -> None:
    """Draw the Lorenz curve into a file. Raises UserError."""
    from bot.charts.draw import draw  # noqa: PLC0415 - matplotlib is heavy: only who wants a picture pays

    curve = Curve("holders", holdings.lorenz(), answer.gini, answer.n, answer.nakamoto)
    try:
        to.write_bytes(draw(Lorenz(f"{title} · how evenly it is held", (curve,))))
    except OSError as error:
        raise UserError(f"--picture {to}: {error.strerror}; name a file that can be written") from None


def _read(file: Path, options: Options) -> Sheet:
    columns = titles(file)
    weight = _column(file, columns, options.weight)
    of_class = None if options.by_class is None else _column(file, columns, options.by_class)
    others = [title for title in columns if title != weight and columns.count(title) == 1]
    name = next((title for title in others if any(word in title for word in _NAMES)), next(iter(others), ""))
    excluded: dict[str, list[Exact]] = {given.strip().casefold(): [] for given in options.exclude}
    holders, zeros = [], 0
    for row in rows(file, [weight, *others]):
        number = row.number(weight)
        hit = next((named for field in row.fields[1:] if (named := field.casefold()) in excluded), None)
        if hit is not None:
            excluded[hit].append(number)
            continue
        zeros += not number.units
        if number.units or options.zeros:
            fields = dict(zip(row.columns, row.fields, strict=True))
            called = fields.get(name) or f"line {row.line}"
            holders.append(Holder(called, sys.intern(fields[of_class]) if of_class else "", number))
    missed = [given for given in options.exclude if not excluded[given.strip().casefold()]]
    if missed:
        remedy = f"give what a row has in one of: {', '.join(map(visible, others)) or 'no column'}"
        raise InputError(str(file), f"--exclude {missed[0]!r}", "matches no row", remedy)
    return Sheet(holders, {given.strip(): excluded[given.strip().casefold()] for given in options.exclude}, zeros)


def _column(file: Path, columns: Sequence[str], given: str) -> str:
    found = given.strip().lower()
    if columns.count(found) == 1:
        return found
    problem = "is there twice" if found in columns else "is missing"
    named = ", ".join(visible(title) for title in columns if title)
    raise InputError(str(file), f"line 1, column {given}", problem, f"the columns of this file are: {named}")


def _asked(options: Options) -> dict[str, str]:
    given = {"--threshold": options.threshold, "--quota": options.quota}
    return {flag: value for flag, value in given.items() if value is not None}


class Percentage(NamedTuple):
    """A part of the total, not above it."""

    number: Exact


def _amount(flag: str, given: str) -> Exact | Percentage | None:
    """Read an amount, or a percentage, or `majority`, which gives None."""
    wanted = given.strip()
    if wanted.lower() == "majority":
        return None
    number = exact(wanted.removesuffix("%"))
    if number is None or not number.units:
        raise UserError(f"{flag}: {given[:40]!r} is no amount; write one above 0, like 40000000, or 4%, or majority")
    return Percentage(number) if wanted.endswith("%") else number


def _units(flag: str, amount: Exact | Percentage | None, total: int, places: int) -> int:
    """Give an amount in units; what is not a whole number of them is reached by the next. Raises UserError."""
    if amount is None:
        return total // 2 + 1
    if isinstance(amount, Percentage):
        units = -(-total * amount.number.units // (_WHOLE * int(10**amount.number.places)))
    else:
        units = amount.at(places)
    if units > total:
        raise UserError(f"{flag}: is more than the total, {written(total, places)}; count it as the file's column does")
    return units


def _answer(holdings: Holdings, sheet: Sheet, places: int) -> Answer:
    measured = measure(holdings)._asdict()
    measured["total"] = written(holdings.total, places)
    excluded = [
        Excluded(name, len(weights), written(sum(weight.at(places) for weight in weights), places))
        for name, weights in sheet.excluded.items()
    ]
    return Answer(**measured, zeros=sheet.zeros, excluded=excluded)


def _decide(answer: Answer, balances: Sequence[int], quota: int, holders: Sequence[Holder], places: int) -> None:
    """Play the game in which so much decides; name the largest players."""
    half, every = banzhaf(balances, quota), shapley_shubik(balances, quota)
    answer.banzhaf, answer.shapley_shubik = (_line(index, written(quota, places)) for index in (half, every))
    normalised = half.normalised
    largest = sorted(range(len(balances)), key=lambda at: -balances[at])[:PLAYERS]
    answer.players = [
        Player(
            holders[at].name,
            written(balances[at], places),
            float(half.values[at]),
            None if normalised is None else float(normalised[at]),
            float(every.values[at]),
        )
        for at in largest
    ]


def _line(index: Index, quota: Number) -> IndexLine:
    return IndexLine(quota, index.method, index.buckets, index.error)
