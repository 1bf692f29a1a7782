"""The votes of a CSV file, proposal by proposal, as columns: a million rows in little more than their own text.

Units: weights are as the file has them, `units / 10**places`. Errors: InputError with file, line, column and remedy.
"""

from array import array
from collections.abc import MutableSequence, Sequence
from pathlib import Path

from bot.sheet import Row, rows
from watchers.governance.rules import SIDES

COLUMNS = ("proposal", "support", "voter", "votes", "block", "index")
_SIDE = {side: at for at, side in enumerate(SIDES)}
_ADDRESS = 42  # characters
_WHOLE = 30  # digits that `Row.whole` reads, and below
_DIGITS = 90  # those of `bot.sheet.exact`


class Votes:
    """One proposal's votes, row by row in the order of the file: `sides` are places in SIDES, `numbers` tell the voters
    apart, whom `known` numbers from 0 as they come; `voters` are spelled as in the file, in UTF-8.
    """

    __slots__ = ("_last", "blocks", "indices", "known", "numbers", "ordered", "places", "sides", "units", "voters")

    def __init__(self) -> None:
        self.blocks: MutableSequence[int] = array("Q")
        self.indices: MutableSequence[int] = array("Q")
        self.numbers = array("L")
        self.known: dict[str | int, int] = {}
        self.sides, self.places = bytearray(), bytearray()
        self.units: list[int] = []
        self.voters: list[bytes] = []
        self.ordered, self._last = True, (0, 0)

    def add(self, at: tuple[int, int], side: int, voter: str, weight: tuple[int, int]) -> None:
        """Take a row: block and index, side, voter as spelled, `units` and `places`."""
        if at < self._last:
            self.ordered = False
        self._last = at
        try:
            self.blocks.append(at[0])
            self.indices.append(at[1])
        except OverflowError:  # no chain has numbers of more than 64 bits, but a file may
            self.blocks = [*self.blocks[: len(self.units)], at[0]]
            self.indices = [*self.indices, at[1]]
        name = _name(voter)
        number = self.known.get(name)
        if number is None:
            number = self.known[name] = len(self.known)
        self.numbers.append(number)
        self.sides.append(side)
        self.voters.append(voter.encode())
        self.units.append(weight[0])
        self.places.append(weight[1])

    def in_order(self) -> Sequence[int]:
        """Give the rows in the order of block and index, those of one place as they come."""
        rows_ = range(len(self.units))
        if self.ordered:
            return rows_
        return array("L", sorted(sorted(rows_, key=self.indices.__getitem__), key=self.blocks.__getitem__))

    def weights(self, places: int) -> list[int]:
        """Count every row's weight in units of so many decimals, at least its own."""
        if not places:
            return self.units
        tens = [10**more for more in range(places, -1, -1)]
        return [units * tens[own] for units, own in zip(self.units, self.places, strict=True)]


def _name(voter: str) -> str | int:
    """Name a voter whatever the spelling of the address: the number that it is takes half the room."""
    if voter[:2] not in ("0x", "0X"):
        return voter
    if len(voter) == _ADDRESS and voter.isalnum() and voter.isascii():
        try:
            return int(voter, 16)
        except ValueError:
            pass
    return voter.lower()


def read(file: Path) -> tuple[dict[str, Votes], int]:
    """Read the proposals in the order in which the file first names them, and the finest decimal of all weights."""
    proposals: dict[str, Votes] = {}
    finest = 0
    for row in rows(file, COLUMNS):
        proposal, support, voter, weight, block, index = row.fields
        side = _SIDE.get(support)
        if side is None:
            side = _side(row)
        at = (
            int(block) if block.isdecimal() and len(block) <= _WHOLE else row.whole("block"),
            int(index) if index.isdecimal() and len(index) <= _WHOLE else row.whole("index"),
        )
        if not (voter and proposal):
            row.text("voter")
            row.text("proposal")
        units, places = (int(weight), 0) if weight.isdecimal() and len(weight) <= _DIGITS else row.number("votes")
        votes = proposals.get(proposal)
        if votes is None:
            votes = proposals[proposal] = Votes()
        votes.add(at, side, voter, (units, places))
        finest = max(finest, places)
    return proposals, finest


def _side(row: Row) -> int:
    side = row.text("support").lower()
    if side not in _SIDE:
        raise row.error("support", f"{side[:40]!r} is no side", "write for, against or abstain")
    return _SIDE[side]
