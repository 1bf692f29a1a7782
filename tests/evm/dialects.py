"""How governors are spoken to: what is sent to propose, vote and carry out, how they are asked what they counted."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from eth_utils.crypto import keccak

from tests.evm.anvil import Contract
from tests.evm.world import ETHER

PCT = 10**18
SUCCEEDED = (4, 5, 7)  # succeeded, queued, executed: of IGovernor.ProposalState
Side = Literal["for", "against", "abstain"]
SUPPORT = {"against": 0, "for": 1, "abstain": 2}


class Cast(NamedTuple):
    """A vote: whole, in `parts` of for, against and abstain, or with what the voter `owns` against its delegate."""

    tick: int
    voter: str
    side: Side
    parts: tuple[int, int, int] | None = None
    owns: bool = False


def _data(to: Contract, function: str) -> bytes:
    """Encode a call of a function that takes nothing, or a number."""
    return bytes.fromhex(to.data(function, *([7] if function.endswith("(uint256)") else []))[2:])


class Dialect:
    """How a governor is spoken to; OpenZeppelin's, by a proposal's content."""

    def __init__(self, governor: Contract) -> None:
        self.governor = governor
        self.ids: dict[str, int] = {}
        self.content: dict[str, tuple[Any, ...]] = {}

    async def propose(self, name: str, to: Contract, function: str, sender: str) -> str:
        """Send a proposal of one call."""
        call, text = ([to.address], [0], [_data(to, function)]), f"# It {name}"
        self.content[name] = (*call, keccak(text=text))
        return await self.governor.send("propose(address[],uint256[],bytes[],string)", *call, text, sender=sender)

    def found(self, name: str, log: dict[str, Any]) -> None:
        """Learn a proposal's number from what its creation logged."""
        self.ids[name] = int(log["data"][2:66], 16)

    async def step(self, step: str, name: str, sender: str) -> str:
        """Send a proposal's next step."""
        function = f"{step}(address[],uint256[],bytes[],bytes32)"
        return await self.governor.send(function, *self.content[name], sender=sender)

    async def cancel_at_once(self, name: str, sender: str) -> str:
        """Cancel what is only proposed in this block, and has no number yet."""
        return await Dialect.step(self, "cancel", name, sender)

    async def vote(self, name: str, cast: Cast, sender: str) -> str:
        """Send a vote."""
        number, support = self.ids[name], SUPPORT[cast.side]
        if cast.owns:
            return await self.governor.send("castOverrideVote", number, support, "", sender=sender)
        if cast.parts is None:
            return await self.governor.send("castVote", number, support, sender=sender)
        in_favour, against, abstain = (part * ETHER for part in cast.parts)
        packed = b"".join(part.to_bytes(16) for part in (against, in_favour, abstain))
        return await self.governor.send("castVoteWithReasonAndParams", number, 255, "", packed, sender=sender)

    async def counted(self, name: str) -> tuple[tuple[int, int, int], Callable[[int], bool]]:
        """Ask what is counted, and what the quorum is."""
        number = self.ids[name]
        against, in_favour, abstain = await self.governor.call("proposalVotes", number)
        quorum = await self.governor.call("quorum", await self.governor.call("proposalSnapshot", number))
        return (in_favour, against, abstain), lambda raw: raw == quorum

    async def last(self, name: str) -> int:
        """Ask for the last moment of voting, on the governor's clock."""
        return int(await self.governor.call("proposalDeadline", self.ids[name]))

    async def passes(self, name: str) -> bool:
        """Ask, once voting is over, whether it passed."""
        return await self.governor.call("state", self.ids[name]) in SUCCEEDED


class Numbered(Dialect):
    """OpenZeppelin's, by a proposal's number."""

    async def step(self, step: str, name: str, sender: str) -> str:
        """Send a proposal's next step."""
        return await self.governor.send(f"{step}(uint256)", self.ids[name], sender=sender)


class Bravo(Numbered):
    """GovernorBravo's."""

    async def propose(self, name: str, to: Contract, function: str, sender: str) -> str:
        """Send a proposal of one call, its signature apart from its arguments."""
        propose = "propose(address[],uint256[],string[],bytes[],string)"
        text, data = f"# It {name}", _data(to, function)
        self.content[name] = ([to.address], [0], [data], keccak(text=text))
        return await self.governor.send(propose, [to.address], [0], [function], [data[4:]], text, sender=sender)

    async def counted(self, name: str) -> tuple[tuple[int, int, int], Callable[[int], bool]]:
        """Ask what is counted, and what the quorum is."""
        found = await self.governor.call("proposals", self.ids[name])
        quorum = await self.governor.call("quorumVotes")
        return (found[5], found[6], found[7]), lambda raw: raw == quorum

    async def last(self, name: str) -> int:
        """Ask for the last block of voting."""
        return int((await self.governor.call("proposals", self.ids[name]))[4])


class PlainBravo(Bravo):
    """GovernorBravo's, of the contract that counts its proposals from 1 and knows them by nothing else."""

    async def cancel_at_once(self, name: str, sender: str) -> str:
        """Cancel by the number that the proposal will have."""
        return await self.governor.send("cancel(uint256)", list(self.content).index(name) + 1, sender=sender)


class Aragon(Dialect):
    """Aragon's: two sides, and nothing waits."""

    async def propose(self, name: str, to: Contract, function: str, sender: str) -> str:
        """Send a vote on one call."""
        return await self.governor.send("newVote", to.address, _data(to, function), f"# It {name}", sender=sender)

    def found(self, name: str, log: dict[str, Any]) -> None:
        """Learn a vote's number."""
        self.ids[name] = int(log["topics"][1], 16)

    async def step(self, step: str, name: str, sender: str) -> str:
        """Carry it out."""
        return await self.governor.send(f"{step}Vote", self.ids[name], sender=sender)

    async def vote(self, name: str, cast: Cast, sender: str) -> str:
        """Send a vote."""
        return await self.governor.send("vote", self.ids[name], cast.side == "for", sender=sender)

    async def counted(self, name: str) -> tuple[tuple[int, int, int], Callable[[int], bool]]:
        """Ask what is counted; strictly more than the quorum's share must be for it."""
        found = await self.governor.call("getVote", self.ids[name])
        quorum_pct, yea, nay, power = found[5:9]
        reaches: Callable[[int], bool] = lambda raw: raw * PCT // power > quorum_pct  # noqa: E731 - asked of two numbers below
        return (yea, nay, 0), lambda raw: reaches(raw) and not reaches(raw - 1)

    async def last(self, name: str) -> int:
        """Ask for the end, which the window is open before; others have a last moment in which one may still vote."""
        length = int(await self.governor.call("voteTime"))
        return int((await self.governor.call("getVote", self.ids[name]))[2]) + length

    async def passes(self, name: str) -> bool:
        """Ask, once voting is over, whether it may be carried out or has been."""
        number = self.ids[name]
        return bool((await self.governor.call("getVote", number))[1] or await self.governor.call("canExecute", number))
