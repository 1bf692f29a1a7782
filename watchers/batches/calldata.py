"""Calldata read with a bound: `Reader`, and `Intended`, one call that calldata means to make.

Offsets that overlap cannot make a small calldata large, arrays end at `MAX_CALLS`, and every length is checked before
anything is copied.

Source: Solidity documentation, "Contract ABI Specification".
Errors: DecodeError from every method of the reader.
"""

from typing import Literal, NamedTuple

from watchers.errors import DecodeError

Way = Literal["call", "delegate", "static"]

MAX_CALLS = 1024
_WORD = 32


class Intended(NamedTuple):
    """One call that was meant. `tries`: the batch goes on when it fails. `skipped`: the account leaves it out silently.
    `through`: calldata of the call to itself that the account makes it from. `self_at_zero`: target zero may be the
    account itself.
    """

    target: str
    value_wei: int
    data: str
    way: Way = "call"
    tries: bool = False
    skipped: bool = False
    through: str = ""
    self_at_zero: bool = False


class Reader:
    """ABI words of a piece of calldata. Each byte may be copied out twice over in all, and no more."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.budget = 2 * len(data) + 64

    def word(self, at: int) -> int:
        """Give the word at a byte offset."""
        if at < 0 or at + _WORD > len(self.data):
            raise DecodeError("calldata ends early")
        return int.from_bytes(self.data[at : at + _WORD], "big")

    def address(self, at: int) -> str:
        """Give an address; Solidity refuses one with dirty upper bytes, and so do we."""
        value = self.word(at)
        if value >> 160:
            raise DecodeError("calldata: dirty address")
        return f"0x{value:040x}"

    def tail(self, at: int, base: int = 0) -> int:
        """Follow the offset at `at`, counted from `base`."""
        offset = self.word(at)
        if offset > len(self.data):
            raise DecodeError("calldata: an offset leads outside")
        return base + offset

    def blob(self, at: int) -> bytes:
        """Give the bytes whose length stands at `at`."""
        length = self.word(at)
        start = at + _WORD
        if length > len(self.data) - start:
            raise DecodeError("calldata: bytes end outside")
        self.budget -= length
        if self.budget < 0:
            raise DecodeError("calldata: overlapping bytes")
        return self.data[start : start + length]

    def array(self, at: int) -> tuple[int, int]:
        """Give the length of the array at `at` and where its items begin."""
        count = self.word(at)
        if count > MAX_CALLS or at + _WORD * (1 + count) > len(self.data):
            raise DecodeError("calldata: an array is too long")
        return count, at + _WORD

    def blobs(self, at: int) -> list[bytes]:
        """Give a `bytes[]`."""
        count, start = self.array(at)
        return [self.blob(self.tail(start + _WORD * n, start)) for n in range(count)]

    def calls(self, at: int) -> list[Intended]:
        """Give a `(address,uint256,bytes)[]`."""
        count, start = self.array(at)
        return [self.call(self.tail(start + _WORD * n, start)) for n in range(count)]

    def call(self, at: int) -> Intended:
        """Give an `(address,uint256,bytes)`."""
        data = self.blob(self.tail(at + 2 * _WORD, at))
        return Intended(self.address(at), self.word(at + _WORD), "0x" + data.hex())
