"""A CSV file, plain or gzip: the columns that a command needs, row by row, and its numbers exactly.

Errors: InputError with file, line, column and remedy.
"""

import csv
import gzip
import re
import zlib
from _csv import Reader
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, NamedTuple

from watchers.errors import InputError

_NUMBER = re.compile(r"(\d{1,90})(?:\.(\d{0,90}))?(?:[eE]([+-]?\d{1,2}))?")
_WHOLE = re.compile(r"\d{1,30}")


class Exact(NamedTuple):
    """A number that is not negative: `units / 10**places`."""

    units: int
    places: int

    def at(self, places: int) -> int:
        """Count it in units of so many decimals, at least its own."""
        return self.units * int(10 ** (places - self.places))


def exact(text: str) -> Exact | None:
    """Read `15`, `0.5`, `1e-06`; None: it is no such number."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    whole, fraction, power = found.groups()
    fraction = (fraction or "").rstrip("0")
    units, places = int(whole + fraction), len(fraction) - int(power or 0)
    return Exact(units * 10**-places, 0) if places < 0 else Exact(units, places)


def written(units: int, places: int) -> int | Decimal:
    """Give units of so many decimals as a number again: an integer where it is one."""
    whole, rest = divmod(units, 10**places)
    return Decimal(f"{whole}.{rest:0{places}d}".rstrip("0")) if rest else whole


def visible(name: str) -> str:
    """Show what a file names without letting it work on the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


class Row(NamedTuple):
    """One row's wanted fields, trimmed, in the order that they were asked for."""

    file: str
    line: int
    columns: Sequence[str]
    fields: Sequence[str]

    def error(self, column: str, problem: str, remedy: str) -> InputError:
        """Say what is wrong with a field."""
        return InputError(self.file, f"line {self.line}, column {column}", problem, remedy)

    def text(self, column: str) -> str:
        """Give a field that must not be empty."""
        found = self.fields[self.columns.index(column)]
        if not found:
            raise self.error(column, "is empty", "fill it in or take the row out")
        return found

    def number(self, column: str) -> Exact:
        """Give a number that is not negative."""
        found = exact(self.text(column))
        if found is None:
            raise self.error(column, f"{self._shown(column)} is not a number", "write 0 or more, like 15000000 or 0.5")
        return found

    def whole(self, column: str) -> int:
        """Give a whole number that is not negative."""
        found = self.text(column)
        if not _WHOLE.fullmatch(found):
            raise self.error(column, f"{self._shown(column)} is not a whole number", "write digits only, like 13056456")
        return int(found)

    def _shown(self, column: str) -> str:
        return repr(self.text(column)[:40])


def titles(file: Path) -> list[str]:
    """Give the columns that the first line names, in lower case. Raises InputError."""
    with _reading(file) as reader:
        found = [title.strip().lower() for title in next(reader, [])]
    if not any(found):
        raise InputError(str(file), "line 1", "names no columns", "write their names there, parted by commas")
    return found


def rows(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Give the rows of a file that has these columns, in any order and case, among others. Raises InputError."""
    return (Row(str(file), line, columns, fields) for line, fields in lines(file, columns))


def lines(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Give the line and the fields of every row, as `rows` does, for a reader that has no time for more."""
    name = str(file)
    with _reading(file) as reader:
        head = [title.strip().lower() for title in next(reader, [])]
        for column in columns:
            if head.count(column) != 1:
                problem = "is there twice" if column in head else "is missing"
                remedy = f"the first line must name each of {', '.join(columns)} once"
                raise InputError(name, f"line 1, column {column}", problem, remedy)
        places = [head.index(column) for column in columns]
        many, empty = len(head), True
        for fields in reader:
            if not fields:
                continue
            empty = False
            if len(fields) != many:
                problem = f"has {len(fields)} fields where the first line has {many}"
                raise InputError(name, f"line {reader.line_num}", problem, "quote fields that hold a comma")
            yield reader.line_num, [*map(str.strip, map(fields.__getitem__, places))]
        if empty:
            raise InputError(name, "", "has no row below its first line", "give one that holds what is to be measured")


@contextmanager
def _reading(file: Path) -> Iterator[Reader]:
    """Open a file as lines of fields; whatever goes wrong with it comes out as an InputError."""
    name, reader = str(file), None
    try:
        with _opened(file) as stream:
            reader = csv.reader(stream, strict=True)
            yield reader
    except OSError as error:
        gone = isinstance(error, gzip.BadGzipFile)
        problem = "is not whole gzip" if gone else error.strerror or "cannot be read"
        raise InputError(name, "", problem, "fetch it again" if gone else "check the path") from None
    except (EOFError, zlib.error):
        raise InputError(name, "", "is not whole gzip", "fetch it again") from None
    except UnicodeDecodeError:
        raise InputError(name, f"line {_odd_line(file)}", "is not UTF-8 text", "save it as CSV in UTF-8") from None
    except csv.Error as error:
        place = f"line {reader.line_num}" if reader else "*"
        raise InputError(name, place, f"is not CSV: {error}", "mend the quotes") from None


def _odd_line(file: Path) -> int:
    """Find the first line that is not UTF-8: text is decoded ahead of the line that is read."""
    number = 1
    with suppress(OSError, EOFError, zlib.error), _unzipped(file) as stream:
        for number, line in enumerate(stream, 1):  # noqa: B007 - it is what is asked for
            try:
                line.decode()
            except UnicodeDecodeError:
                break
    return number


def _opened(file: Path) -> IO[str]:
    return TextIOWrapper(_unzipped(file), encoding="utf-8-sig", newline="")


def _unzipped(file: Path) -> gzip.GzipFile | BufferedReader:
    with file.open("rb") as probe:
        zipped = probe.read(2) == b"\x1f\x8b"
    return gzip.open(file) if zipped else file.open("rb")
