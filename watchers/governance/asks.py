"""What a governor is asked: when a proposal was snapshot and ends, its quorum, what counts toward it, its tally.

Units: `_raw` base units of the voting token; times are in the governor's own clock, blocks or seconds.
State is read at the block before the event. What the past fixes (a quorum at the snapshot) is asked at the block itself
as well, because a vote in the first block of voting is one block too early for a look-up that wants the past.
Source: OpenZeppelin `IGovernor`, `IVotes`; Compound `GovernorBravoInterfaces.sol`; Agora `OptimismGovernor.sol`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from watchers.facts import Answer, Ask, Call, eth_call, words


class Times(NamedTuple):
    """A proposal's snapshot and its deadline."""

    snapshot: int
    deadline: int


class Counts(NamedTuple):
    """Weight on the three sides."""

    for_raw: int = 0
    against_raw: int = 0
    abstain_raw: int = 0

    @property
    def cast_raw(self) -> int:
        """All of it."""
        return self.for_raw + self.against_raw + self.abstain_raw

    def plus(self, other: "Counts") -> "Counts":
        """Add side by side."""
        return Counts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: "Counts") -> "Counts":
        """Take away side by side."""
        return Counts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def _number(answer: Answer) -> int | None:
    found = words(answer, "uint256")
    return int(found[0]) if found else None


def _first_number(answers: Sequence[Answer]) -> int | None:
    return next((n for n in map(_number, answers) if n is not None), None)


class VotingDelay(Ask[int], frozen=True):
    """How long before its snapshot a proposal is created."""

    governor: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getter, which OpenZeppelin's and Compound's governors share."""
        return (eth_call(self.governor, "votingDelay()", block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the number."""
        return _number(answers[0])


class GovernorTimes(Ask[Times], frozen=True):
    """`proposalSnapshot` and `proposalDeadline`; a governor answers 0 for a proposal that it does not know."""

    governor: str
    proposal_id: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask both getters."""
        given = (self.proposal_id,)
        return (
            eth_call(self.governor, "proposalSnapshot(uint256)", given, block=block - 1),
            eth_call(self.governor, "proposalDeadline(uint256)", given, block=block - 1),
        )

    def read(self, answers: Sequence[Answer]) -> Times | None:
        """Read both or neither."""
        snapshot, deadline = _number(answers[0]), _number(answers[1])
        return Times(snapshot, deadline) if snapshot and deadline else None


class GovernorVotes(Ask[Counts], frozen=True):
    """`proposalVotes`: the contract's own tally, for when the earlier votes cannot be read back."""

    governor: str
    proposal_id: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before."""
        return (eth_call(self.governor, "proposalVotes(uint256)", (self.proposal_id,), block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> Counts | None:
        """Read against, for, abstain: the contract's order."""
        found = words(answers[0], "uint256", "uint256", "uint256")
        return Counts(for_raw=found[1], against_raw=found[0], abstain_raw=found[2]) if found else None


class QuorumAt(Ask[int], frozen=True):
    """`quorum(timepoint)` at the proposal's snapshot."""

    governor: str
    snapshot: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before, and at the block for a snapshot that only just passed."""
        given = (self.snapshot,)
        return tuple(eth_call(self.governor, "quorum(uint256)", given, block=at) for at in (block - 1, block))

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Take the first that answers."""
        return _first_number(answers)


class QuorumOf(Ask[int], frozen=True):
    """Agora's `quorum(proposalId)`: the selector of `quorum(timepoint)`, but it takes a proposal."""

    governor: str
    proposal_id: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before, and at the block for a snapshot that only just passed."""
        given = (self.proposal_id,)
        return tuple(eth_call(self.governor, "quorum(uint256)", given, block=at) for at in (block - 1, block))

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Take the first that answers."""
        return _first_number(answers)


class CountingMode(Ask[str], frozen=True):
    """`COUNTING_MODE()`: what counts toward the quorum, in the governor's words."""

    governor: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before: a governor behind a proxy may change it."""
        return (eth_call(self.governor, "COUNTING_MODE()", block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> str | None:
        """Read the string."""
        found = words(answers[0], "string")
        return str(found[0]) if found else None


_BRAVO_PROPOSAL = ("uint256", "address", *("uint256",) * 6, "bool", "bool")
_START, _END, _FOR, _AGAINST, _ABSTAIN = 3, 4, 5, 6, 7


class BravoTimes(Ask[Times], frozen=True):
    """`proposals(id)` of a GovernorBravo: votes are counted as of `startBlock`."""

    governor: str
    proposal_id: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the public getter."""
        return (eth_call(self.governor, "proposals(uint256)", (self.proposal_id,), block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> Times | None:
        """Read start and end; all is 0 for a proposal that does not exist."""
        found = words(answers[0], *_BRAVO_PROPOSAL)
        return Times(found[_START], found[_END]) if found and found[_END] else None


class BravoVotes(Ask[Counts], frozen=True):
    """The tally in `proposals(id)` of a GovernorBravo."""

    governor: str
    proposal_id: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the public getter."""
        return (eth_call(self.governor, "proposals(uint256)", (self.proposal_id,), block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> Counts | None:
        """Read for, against, abstain: the contract's order."""
        found = words(answers[0], *_BRAVO_PROPOSAL)
        return Counts(found[_FOR], found[_AGAINST], found[_ABSTAIN]) if found and found[_END] else None


class QuorumVotes(Ask[int], frozen=True):
    """`quorumVotes()` of a GovernorBravo, the same for every proposal."""

    governor: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask at the block before."""
        return (eth_call(self.governor, "quorumVotes()", block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the number."""
        return _number(answers[0])


class Supply(Ask[int], frozen=True):
    """The voting token's supply at the snapshot. Tokens without that history (UNI, COMP) tell today's instead, which is
    why it serves for shares only.
    """

    token: str
    snapshot: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the past supply twice (see the module) and the present one."""
        given = (self.snapshot,)
        past = (eth_call(self.token, "getPastTotalSupply(uint256)", given, block=at) for at in (block - 1, block))
        return (*past, eth_call(self.token, "totalSupply()", block=block - 1))

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Take the first that answers."""
        return _first_number(answers)
