"""Questions to the many governors that keep a proposal in one struct: the first words of what its getter answers.

    Head(governor, "getVote(uint256)", (7,), 9)       nine words, or None
    HeadTimes(head, snapshot=2, deadline=3)           two of them
    HeadVotes(head, favour=6, against=7)              two or three of them

A struct without dynamic fields lies there word by word; one with them is preceded by its offset, which is word 0. Words
are given as integers, addresses among them: `address_of` writes one back.
Units: those of the contract. State is read at the block before the event.
"""

from collections.abc import Sequence
from typing import Any

from watchers.facts import Answer, Ask, Call, eth_call, words
from watchers.governance.asks import Counts, Times


class Head(Ask[tuple[int, ...]], frozen=True):
    """The first `count` words of an answer; None for a refusal and for an answer that is shorter."""

    to: str
    getter: str
    given: tuple[Any, ...] = ()
    count: int = 1

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before."""
        return (eth_call(self.to, self.getter, self.given, block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> tuple[int, ...] | None:
        """Read the words."""
        return words(answers[0], *("uint256",) * self.count)


class BornHead(Ask[tuple[int, ...]], frozen=True):
    """A head whose words were fixed when the proposal was made: in that very block they are read at the block itself.
    `alive` is the place of a word that is 0 of no proposal.
    """

    head: Head
    alive: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before, and at the block."""
        return (*self.head.calls(block), *self.head.calls(block + 1))

    def read(self, answers: Sequence[Answer]) -> tuple[int, ...] | None:
        """Take the first that is of a proposal."""
        heads = (self.head.read([answer]) for answer in answers)
        return next((found for found in heads if found and found[self.alive]), None)


class Number(Ask[int], frozen=True):
    """One number that a getter answers."""

    to: str
    getter: str
    given: tuple[Any, ...] = ()

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before."""
        return (eth_call(self.to, self.getter, self.given, block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the number."""
        found = words(answers[0], "uint256")
        return int(found[0]) if found else None


class Coins(Ask[int], frozen=True):
    """What an address had of the chain's own coin after block `at`, in wei."""

    whose: str
    at: int

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - the block is a part of the question
        """Ask the node."""
        return (Call("eth_getBalance", (self.whose, hex(self.at))),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the quantity."""
        try:
            return int(answers[0], 16) if isinstance(answers[0], str) and answers[0].startswith("0x") else None
        except ValueError:
            return None


class BornNumber(Ask[int], frozen=True):
    """A number as of the block before a proposal: in the proposal's very block it is past only at the block itself."""

    number: Number

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before, and at the block."""
        return (*self.number.calls(block), *self.number.calls(block + 1))

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Take the first that answers."""
        return next((n for n in (self.number.read([answer]) for answer in answers) if n is not None), None)


class HeadTimes(Ask[Times], frozen=True):
    """Where voting begins and ends, by their places in a head. A proposal that does not exist is all zeros."""

    head: Head
    snapshot: int
    deadline: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getter."""
        return self.head.calls(block)

    def read(self, answers: Sequence[Answer]) -> Times | None:
        """Read both."""
        found = self.head.read(answers)
        return Times(found[self.snapshot], found[self.deadline]) if found and found[self.deadline] else None


class HeadVotes(Ask[Counts], frozen=True):
    """The contract's sums, by their places in a head; `alive` is the place of a word that is 0 of no proposal."""

    head: Head
    favour: int
    against: int
    abstain: int | None = None
    alive: int = 0

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getter."""
        return self.head.calls(block)

    def read(self, answers: Sequence[Answer]) -> Counts | None:
        """Read the sides that there are."""
        found = self.head.read(answers)
        if not found or not found[self.alive]:
            return None
        return Counts(found[self.favour], found[self.against], found[self.abstain] if self.abstain is not None else 0)


class Since(Ask[Times], frozen=True):
    """Voting that begins at a word of a head and runs for as long as another getter says."""

    head: Head
    start: int
    length: Number

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask both."""
        return (*self.head.calls(block), *self.length.calls(block))

    def read(self, answers: Sequence[Answer]) -> Times | None:
        """Add the length to the beginning."""
        found, length = self.head.read(answers[:1]), self.length.read(answers[1:])
        if not found or not found[self.start] or length is None:
            return None
        return Times(found[self.start], found[self.start] + length)


class Between(Ask[Times], frozen=True):
    """Voting from one getter's number to another's."""

    start: Number
    end: Number

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask both."""
        return (*self.start.calls(block), *self.end.calls(block))

    def read(self, answers: Sequence[Answer]) -> Times | None:
        """Read both or neither."""
        start, end = self.start.read(answers[:1]), self.end.read(answers[1:])
        return Times(start, end) if start is not None and end else None


class Sides(Ask[Counts], frozen=True):
    """The contract's sums where each side has a getter of its own: for, against, abstain."""

    each: tuple[Number, Number, Number]

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask all three."""
        return tuple(call for number in self.each for call in number.calls(block))

    def read(self, answers: Sequence[Answer]) -> Counts | None:
        """Read all or nothing."""
        read = [number.read([answer]) for number, answer in zip(self.each, answers, strict=True)]
        known = [value for value in read if value is not None]
        return Counts(*known) if len(known) == len(read) else None


def address_of(word: int) -> str | None:
    """Write a word back as an address; None for nobody and for what is none."""
    return f"0x{word:040x}" if 0 < word < 1 << 160 else None
