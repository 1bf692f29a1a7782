"""Golden logs of governors: play what no public log shows on anvil, and write it into tests/unit/golden_governance.

Run as `python -m tests.evm.golden`. What a log must mean is written down from what was sent and from what the contract
answers, never from our decoder. Cases that come from elsewhere stay as they are.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.evm import scenario
from tests.evm.anvil import Anvil, Contract, compile_contracts, missing
from tests.evm.scenario import ABSTAIN, AGAINST, FOR
from tests.evm.world import ETHER, VOTES, VOTING_PERIOD, World, build

GOLDEN = Path(__file__).parents[1] / "unit" / "golden_governance"
EMITTED = "emitted on anvil by "
MODERN = EMITTED + "OpenZeppelin 5.7.0 (Governor, GovernorCountingSimple, GovernorPreventLateQuorum, timelock)"
FRACTIONAL = EMITTED + "OpenZeppelin 5.7.0 (Governor, GovernorCountingFractional)"
OVERRIDABLE = EMITTED + "OpenZeppelin 5.7.0 (Governor, GovernorCountingOverridable, GovernorVotesSuperQuorumFraction)"
BRAVO = EMITTED + "OpenZeppelin 4.9.6 (GovernorCompatibilityBravo: GovernorBravo's interface and events)"

CREATED = "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)"
VOTE = "VoteCast(address,uint256,uint8,uint256,string)"
PARAMS = "VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)"
OVERRIDE, REDUCED = (
    "OverrideVoteCast(address,uint256,uint8,uint256,string)",
    "VoteReduced(address,uint256,uint8,uint256)",
)
QUEUED, EXECUTED = "ProposalQueued(uint256,uint256)", "ProposalExecuted(uint256)"
CANCELED, EXTENDED = "ProposalCanceled(uint256)", "ProposalExtended(uint256,uint64)"


class Case(NamedTuple):
    """A log and the whole event that it must become."""

    protocol: str
    name: str
    source: str
    log: dict[str, Any]
    event: dict[str, Any]
    earlier: tuple[dict[str, Any], ...] = ()

    def written(self) -> dict[str, Any]:
        """Give it as the golden file holds it."""
        before = {"earlier": list(self.earlier)} if self.earlier else {}
        return {"name": self.name, "source": self.source, **before, "log": self.log, "event": self.event}


class Scene:
    """One governor and what it said so far."""

    def __init__(self, protocol: str, source: str, governor: Contract) -> None:
        self.protocol, self.source, self.governor = protocol, source, governor

    async def log(self, tx: str, signature: str) -> dict[str, Any]:
        """Find the governor's log of that signature in a mined transaction."""
        receipt = await self.governor.anvil.receipt(tx)
        topic = "0x" + keccak(text=signature).hex()
        (log,) = [each for each in receipt["logs"] if each["topics"][0] == topic]
        return {key: value for key, value in log.items() if key != "blockTimestamp"}  # anvil alone says it

    async def case(self, name: str, tx: str, signature: str, **meaning: Any) -> Case:
        """Say what the log of that signature must mean."""
        log = await self.log(tx, signature)
        event = {
            "type": "vote" if signature in (VOTE, PARAMS, OVERRIDE) else "proposal",
            "protocol": self.protocol,
            "chain_id": 31337,
            "block": int(log["blockNumber"], 16),
            "tx": tx,
            "tx_index": int(log["transactionIndex"], 16),
            "log_index": int(log["logIndex"], 16),
            "address": self.governor.address,
        }
        return Case(self.protocol, name, self.source, log, event | meaning)

    async def created(self, name: str, tx: str, planned: scenario.Proposal, proposer: str) -> Case:
        """Say what a creation must mean. OpenZeppelin joins signature and arguments before it says them."""
        return await self.case(
            name,
            tx,
            CREATED,
            change="created",
            proposal_id=planned.id,
            proposer=proposer,
            start_clock=await self.governor.call("proposalSnapshot", planned.id),
            end_clock=await self.governor.call("proposalDeadline", planned.id),
            description=planned.description,
            targets=planned.targets,
            values_wei=planned.values,
            signatures=[""],
            calldatas=["0x" + data.hex() for data in planned.calldatas],
        )


def meant(proposal_id: int, voter: str, side: str, weight_raw: int, reason: str = "", **parts: int) -> dict[str, Any]:
    """Say what a vote must mean; all its weight is on its side unless parts are given."""
    sides = parts or {f"{side}_raw": weight_raw}
    return {
        "proposal_id": proposal_id,
        "voter": voter,
        "support": side,
        "weight_raw": weight_raw,
        "reason": reason,
        **{f"{each}_raw": sides.get(f"{each}_raw", 0) for each in ("for", "against", "abstain")},
    }


async def modern(world: World) -> AsyncIterator[Case]:
    """OpenZeppelin 5: two proposals, one executed after its quorum came late, one withdrawn."""
    scene, node, who = Scene("oz_governor", MODERN, world.governor), world.anvil, world.who
    planned = await scenario.proposal(world, 1_000, "# Zwölf Fragen\n\nPay a thousand. \U0001f5f3")
    made = await scenario.propose(world, planned)
    await node.succeed(made)
    yield await scene.created("created", made, planned, who["delegate_one"])
    await node.mine()
    torn = b"bad \xff\xfe end"  # a string on chain is any bytes
    selector = world.governor.data("castVoteWithReason", planned.id, FOR, "")[:10]
    data = selector + encode(["uint256", "uint8", "bytes"], [planned.id, FOR, torn]).hex()
    bad = await node.send(who["delegate_one"], world.governor.address, data)
    still = await world.governor.send(
        "castVoteWithReasonAndParams", planned.id, AGAINST, "", b"\x01\x02", sender=who["delegate_three"]
    )
    await node.succeed(bad, still)
    weight = VOTES["delegate_one"] * ETHER
    event = meant(planned.id, who["delegate_one"], "for", weight, "bad \ufffd\ufffd end")
    yield await scene.case("a reason that is not UTF-8", bad, VOTE, **event)
    event = meant(planned.id, who["delegate_three"], "against", VOTES["delegate_three"] * ETHER)
    yield await scene.case("vote with params that move nothing", still, PARAMS, **event)
    await node.mine(VOTING_PERIOD - 3)
    late = await scenario.vote(world, planned, "whale", FOR)
    await node.succeed(late)
    deadline = await world.governor.call("proposalDeadline", planned.id)
    yield await scene.case("extended", late, EXTENDED, proposal_id=planned.id, change="extended", end_clock=deadline)
    await node.mine(VOTING_PERIOD)
    queue = await scenario.enact(world, planned, "queue")
    await node.succeed(queue)
    eta = await world.governor.call("proposalEta", planned.id)
    yield await scene.case("queued", queue, QUEUED, proposal_id=planned.id, change="queued", eta_s=eta)
    await node.mine(2)
    execute = await scenario.enact(world, planned, "execute")
    await node.succeed(execute)
    yield await scene.case("executed", execute, EXECUTED, proposal_id=planned.id, change="executed")
    dropped = await scenario.proposal(world, 5, "# To be withdrawn")
    await node.succeed(await scenario.propose(world, dropped))
    cancel = await world.governor.send("cancel", *dropped[1:4], dropped.digest, sender=who["delegate_one"])
    await node.succeed(cancel)
    yield await scene.case("canceled", cancel, CANCELED, proposal_id=dropped.id, change="canceled")


async def fractional(world: World) -> AsyncIterator[Case]:
    """OpenZeppelin 5 with fractions: a voter splits a part of its weight, then uses some of the rest."""
    node, whale = world.anvil, world.who["whale"]
    governor = await node.deploy(
        "FractionalGovernor",
        "Rostra Pool",
        world.token.address,
        VOTING_PERIOD,
        sender=world.who["deployer"],
        gas=12_000_000,
    )
    await node.mine()
    scene = Scene("oz_governor", FRACTIONAL, governor)
    calls = ([world.target.address], [0], [bytes.fromhex(world.target.data("set", 7)[2:])])
    planned = scenario.Proposal(await governor.call("hashProposal", *calls, keccak(text="Seven")), *calls, "Seven")
    await node.succeed(await governor.send("propose", *planned[1:], sender=whale))
    await node.mine()
    for name, reason, against, in_favour, abstain, side in (
        ("fractional, three parts", "For the pool", 100_000, 500_000, 200_000, "split"),
        ("fractional, a part of what is left", "", 0, 30_000, 0, "for"),
    ):
        parts = [each * ETHER for each in (against, in_favour, abstain)]
        packed = b"".join(part.to_bytes(16) for part in parts)
        tx = await governor.send("castVoteWithReasonAndParams", planned.id, 255, reason, packed, sender=whale)
        await node.succeed(tx)
        told = dict(zip(("against_raw", "for_raw", "abstain_raw"), parts, strict=True))
        yield await scene.case(name, tx, PARAMS, **meant(planned.id, whale, side, sum(parts), reason, **told))


async def overridable(world: World) -> AsyncIterator[Case]:
    """OpenZeppelin 5 with overrides: one owner before its delegate has voted, one after."""
    node, who = world.anvil, world.who
    token = await node.deploy("ExtendedToken", 1_000 * ETHER, sender=who["deployer"], gas=12_000_000)
    governor = await node.deploy(
        "OverridableGovernor", token.address, VOTING_PERIOD, sender=who["deployer"], gas=14_000_000
    )
    await node.mine()
    for name, amount in (("fund", 300), ("small", 50)):
        await node.succeed(await token.send("transfer", who[name], amount * ETHER, sender=who["deployer"]))
        await node.succeed(await token.send("delegate", who["whale"], sender=who[name]))
    await node.mine()
    scene = Scene("oz_governor", OVERRIDABLE, governor)
    calls = ([world.target.address], [0], [bytes.fromhex(world.target.data("set", 7)[2:])])
    planned = scenario.Proposal(await governor.call("hashProposal", *calls, keccak(text="Eight")), *calls, "Eight")
    await node.succeed(await governor.send("propose", *planned[1:], sender=who["whale"]))
    await node.mine()
    first = await governor.send("castOverrideVote", planned.id, ABSTAIN, "Mine", sender=who["small"])
    await node.succeed(first)
    event = meant(planned.id, who["small"], "abstain", 50 * ETHER, "Mine")
    yield await scene.case("override before the delegate votes", first, OVERRIDE, **event)
    await node.succeed(await governor.send("castVote", planned.id, FOR, sender=who["whale"]))
    second = await governor.send("castOverrideVote", planned.id, AGAINST, "", sender=who["fund"])
    await node.succeed(second)
    event = meant(planned.id, who["fund"], "against", 300 * ETHER)
    taken = {"voter": who["whale"], "raw": 300 * ETHER, "side": "for"}
    case = await scene.case("override, weight taken off the delegate", second, OVERRIDE, **event, taken=taken)
    yield case._replace(earlier=(await scene.log(second, REDUCED),))
    if await governor.call("proposalVotes", planned.id) != (300 * ETHER, 0, 50 * ETHER):
        raise RuntimeError("the contract counts otherwise")


async def bravo(world: World) -> AsyncIterator[Case]:
    """GovernorBravo's interface: proposal and votes, enacted by number, and one proposal withdrawn."""
    scene, node, who, governor = Scene("governor_bravo", BRAVO, world.bravo), world.anvil, world.who, world.bravo
    propose = "propose(address[],uint256[],string[],bytes[],string)"
    call = bytes.fromhex(world.target.data("set", 7)[2:])
    text = "# Set seven\n\nBecause."
    digest = keccak(text=text)
    number = await governor.call("hashProposal", [world.target.address], [0], [call], digest)
    planned = scenario.Proposal(number, [world.target.address], [0], [call], text)
    args = (planned.targets, planned.values, ["set(uint256)"], [call[4:]], text)
    made = await governor.send(propose, *args, sender=who["delegate_one"])
    await node.succeed(made)
    yield await scene.created("created", made, planned, who["delegate_one"])
    await node.mine()
    plain = await governor.send("castVote", number, FOR, sender=who["fund"])
    reasoned = await governor.send("castVoteWithReason", number, AGAINST, "Six is enough.", sender=who["whale"])
    empty = await governor.send("castVote", number, ABSTAIN, sender=who["small"])
    await node.succeed(plain, reasoned, empty)
    event = meant(number, who["fund"], "for", VOTES["fund"] * ETHER)
    yield await scene.case("vote for", plain, VOTE, **event)
    event = meant(number, who["whale"], "against", VOTES["whale"] * ETHER, "Six is enough.")
    yield await scene.case("vote against with a reason", reasoned, VOTE, **event)
    yield await scene.case("vote abstain of nothing", empty, VOTE, **meant(number, who["small"], "abstain", 0))
    await node.mine(VOTING_PERIOD)
    queue = await governor.send("queue(uint256)", number, sender=who["small"])
    await node.succeed(queue)
    eta = await governor.call("proposalEta", number)
    yield await scene.case("queued", queue, QUEUED, proposal_id=number, change="queued", eta_s=eta)
    await node.mine(2)
    execute = await governor.send("execute(uint256)", number, sender=who["small"])
    await node.succeed(execute)
    yield await scene.case("executed", execute, EXECUTED, proposal_id=number, change="executed")
    again = (planned.targets, planned.values, ["set(uint256)"], [call[4:]], "# To be withdrawn")
    await node.succeed(await governor.send(propose, *again, sender=who["delegate_one"]))
    digest = keccak(text="# To be withdrawn")
    number = await governor.call("hashProposal", planned.targets, planned.values, [call], digest)
    cancel = await governor.send("cancel(uint256)", number, sender=who["delegate_one"])
    await node.succeed(cancel)
    yield await scene.case("canceled", cancel, CANCELED, proposal_id=number, change="canceled")


async def play() -> list[Case]:
    """Play every scene on a fresh node."""
    async with Anvil.start() as anvil:
        world = await build(anvil)
        return [case for scene in (modern, fractional, bravo, overridable) async for case in scene(world)]


def main() -> int:
    """Write the golden files anew, keeping what no scene of ours played."""
    lacks = missing()
    if lacks:
        sys.stderr.write(lacks + "\n")
        return 78
    compile_contracts()
    played = asyncio.run(play())
    for protocol in {case.protocol for case in played}:
        file = GOLDEN / f"{protocol}.json"
        kept = [case for case in json.loads(file.read_text("utf-8")) if not case["source"].startswith(EMITTED)]
        ours = [case.written() for case in played if case.protocol == protocol]
        file.write_text(json.dumps([*ours, *kept], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
