"""The votes of a CSV file, proposal by proposal, as columns: a million rows in little more than their own text.

Units: weights are as the file has them, `units / 10**places`. Errors: InputError with file, line, column and remedy.
"""

from array import array
from collections.abc import Collection, MutableSequence, Sequence
from itertools import compress
from pathlib import Path

from bot.sheet import Row, lines
from watchers.governance.rules import SIDES

COLUMNS = ("proposal", "support", "voter", "votes", "block", "index")
_SIDE = {side: at for at, side in enumerate(SIDES)}
_ADDRESS = 42  # characters
_WHOLE = 30  # digits that `Row.whole` reads; `Row.number` reads more


class Votes:
    """One proposal's votes, row by row in the order of the file: `sides` are places in SIDES, `numbers` tell the voters
    apart, whom `known` numbers from 0 as they come; `voters` are spelled as in the file, in UTF-8.
    """

    __slots__ = (
        "_block",
        "_index",
        "blocks",
        "indices",
        "known",
        "numbers",
        "ordered",
        "places",
        "sides",
        "units",
        "voters",
    )

    def __init__(self) -> None:
        self.blocks: MutableSequence[int] = array("Q")
        self.indices: MutableSequence[int] = array("Q")
        self.numbers = array("L")
        self.known: dict[str | int, int] = {}
        self.sides, self.places = bytearray(), bytearray()
        self.units: list[int] = []
        self.voters: list[bytes] = []
        self.ordered, self._block, self._index = True, 0, 0

    def add(self, block: int, index: int, side: int, voter: str, units: int, places: int) -> None:
        """Take a row."""
        if block <= self._block and (block < self._block or index < self._index):
            self.ordered = False
        self._block, self._index = block, index
        try:
            self.blocks.append(block)
            self.indices.append(index)
        except OverflowError:  # no chain has numbers of more than 64 bits, but a file may
            self.blocks = [*self.blocks[: len(self.units)], block]
            self.indices = [*self.indices, index]
        known, name = self.known, _name(voter)
        number = known.get(name)
        if number is None:
            number = known[name] = len(known)
        self.numbers.append(number)
        self.sides.append(side)
        self.voters.append(voter.encode())
        self.units.append(units)
        self.places.append(places)

    def in_order(self) -> Sequence[int]:
        """Give the rows in the order of block and index, those of one place as they come."""
        rows_ = range(len(self.units))
        if self.ordered:
            return rows_
        return array("L", sorted(sorted(rows_, key=self.indices.__getitem__), key=self.blocks.__getitem__))

    def replaced(self, order: Sequence[int]) -> dict[int, int]:
        """Find by place in this order, from 0, the row of the same voter that stood until then."""
        standing: dict[int, int] = {}
        gone = {}
        for place, row in enumerate(order):
            number = self.numbers[row]
            earlier = standing.get(number)
            if earlier is not None:
                gone[place] = earlier
            standing[number] = row
        return gone

    def drop(self, rows: Collection[int]) -> None:
        """Forget rows; every voter must keep one."""
        stays = bytearray(b"\1") * len(self.units)
        for row in rows:
            stays[row] = 0
        self.blocks, self.indices = list(compress(self.blocks, stays)), list(compress(self.indices, stays))
        self.numbers = array("L", compress(self.numbers, stays))
        self.sides, self.places = bytearray(compress(self.sides, stays)), bytearray(compress(self.places, stays))
        self.units, self.voters = list(compress(self.units, stays)), list(compress(self.voters, stays))

    def weights(self, places: int) -> list[int]:
        """Count every row's weight in units of so many decimals, at least its own."""
        if not places:
            return self.units
        tens = [10**more for more in range(places, -1, -1)]
        return [units * tens[own] for units, own in zip(self.units, self.places, strict=True)]


def _name(voter: str) -> str | int:
    """Name a voter whatever the spelling of the address: the number that it is takes half the room."""
    if len(voter) == _ADDRESS and voter[1] in "xX" and voter.isascii() and voter.isalnum():
        try:
            return int(voter, 16)
        except ValueError:
            pass
    return voter.lower() if voter[:2] in ("0x", "0X") else voter


def read(file: Path) -> tuple[dict[str, Votes], int]:
    """Read the proposals in the order in which the file first names them, and the finest decimal of all weights."""
    proposals: dict[str, Votes] = {}
    finest = 0
    for line, fields in lines(file, COLUMNS):
        proposal, support, voter, weight, block, index = fields
        side = _SIDE.get(support)
        plain = block and index and weight and (block + index + weight).isdecimal() and len(block) <= _WHOLE
        if plain and side is not None and proposal and voter and len(index) <= _WHOLE and len(weight) <= _WHOLE:
            at, units, places = (int(block), int(index)), int(weight), 0
        else:  # decimals, other spellings, mistakes
            row = Row(str(file), line, COLUMNS, fields)
            side, at = _side(row), (row.whole("block"), row.whole("index"))
            row.text("voter")
            units, places = row.number("votes")
            row.text("proposal")
            finest = max(finest, places)
        votes = proposals.get(proposal)
        if votes is None:
            votes = proposals[proposal] = Votes()
        votes.add(*at, side, voter, units, places)
    return proposals, finest


def _side(row: Row) -> int:
    side = row.text("support").lower()
    if side not in _SIDE:
        raise row.error("support", f"{side[:40]!r} is no side", "write for, against or abstain")
    return _SIDE[side]
