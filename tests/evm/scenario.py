"""The story that the recording tells and the end-to-end tests play: who acts in which block, and what is worth saying.

`play` asks its stage for each block, so that a recorder, or a bot that must keep up, decides when the next one comes.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from eth_utils.crypto import keccak

from tests.evm.anvil import Contract
from tests.evm.operation import bundle, execute
from tests.evm.world import USDC, VOTING_PERIOD, World

AGAINST, FOR, ABSTAIN = 0, 1, 2
Kind = Literal["vote", "proposal", "liquidity", "batch", "act"]


class Said(NamedTuple):
    """What a block's transaction is worth: `alert` once, `silent`, or what becomes of an alert after the reorg."""

    kind: Kind
    tx: str
    what: str
    action: Literal["alert", "silent", "retracted", "moved"] = "alert"


class Stage(Protocol):
    """Where the story is played."""

    async def block(self, *said: Said) -> None:
        """Mine one block of what was sent, and let the audience see it."""
        ...

    async def fork(self) -> None:
        """Remember this block: the chain will come back to it."""
        ...

    async def back(self, *said: Said) -> None:
        """Take the blocks since `fork` back. The audience sees it once the new branch is longer."""
        ...


class Proposal(NamedTuple):
    """An OpenZeppelin proposal: its id comes from its content."""

    id: int
    targets: list[str]
    values: list[int]
    calldatas: list[bytes]
    description: str

    @property
    def digest(self) -> bytes:
        """The hash of the description, as queue and execute want it."""
        return keccak(text=self.description)


async def proposal(world: World, usdc: int, description: str) -> Proposal:
    """Build a payment out of the DAO's treasury."""
    pay = world.usdc.data("transfer", world.who["grantee"], usdc * USDC)
    return await plan(world, [(world.usdc, pay)], description)


async def plan(world: World, calls: Sequence[tuple[Contract, str]], description: str) -> Proposal:
    """Build a proposal of calls that send no coins."""
    targets, datas = [to.address for to, _ in calls], [bytes.fromhex(data[2:]) for _, data in calls]
    parts = (targets, [0] * len(calls), datas, keccak(text=description))
    return Proposal(await world.governor.call("hashProposal", *parts), *parts[:3], description)


async def propose(world: World, planned: Proposal) -> str:
    """Send the proposal."""
    return await world.governor.send("propose", *planned[1:4], planned.description, sender=world.who["delegate_one"])


async def vote(world: World, planned: Proposal, role: str, support: int, reason: str = "") -> str:
    """Send a vote."""
    if reason:
        return await world.governor.send("castVoteWithReason", planned.id, support, reason, sender=world.who[role])
    return await world.governor.send("castVote", planned.id, support, sender=world.who[role])


async def enact(world: World, planned: Proposal, step: Literal["queue", "execute"]) -> str:
    """Send the proposal's next step."""
    return await world.governor.send(step, *planned[1:4], planned.digest, sender=world.who["delegate_one"])


async def before(world: World) -> None:
    """Play what was before the audience came: a proposal that passed, and a bundle that went well."""
    node = world.anvil
    planned = await proposal(world, 40_000, "# Fund the first audit\n\nPay 40,000 USDC for the audit of the vaults.")
    await node.succeed(await propose(world, planned))
    await node.mine()
    await node.succeed(
        await vote(world, planned, "delegate_two", FOR, "An audit is due."),
        await vote(world, planned, "fund", FOR),
        await vote(world, planned, "delegate_three", ABSTAIN),
    )
    account = world.smart_accounts[7][0]
    await node.succeed(await bundle(world, 7, [execute(account, world.target, "set", 1)]))
    await node.mine(VOTING_PERIOD - 1)
    await node.succeed(await enact(world, planned, "queue"))
    await node.mine(2)
    await node.succeed(await enact(world, planned, "execute"))
    for feed, dollars in ((world.usdc_feed, "0.9999"), (world.weth_feed, "3000")):
        answer = int(dollars.replace(".", "")) * 10 ** (8 - len(dollars.partition(".")[2]))
        await feed.send("set", answer, sender=world.who["deployer"])
    await node.mine(2)


async def play(world: World, stage: Stage) -> None:
    """Play the story, about forty blocks."""
    planned = await proposal(
        world, 250_000, "# Pay 250,000 USDC to the bridge team\n\nHalf of the treasury's dollars, in one payment."
    )
    await stage.block()
    await stage.block(Said("proposal", await propose(world, planned), "proposal created"))
    await stage.block()
    await _campaign(world, stage, planned)
    await _swing(world, stage, planned)
    await _reorg(world, stage)
    leave = await _leave_pair(world, "pair_whale", 9, 10)
    await stage.block(Said("liquidity", leave, "a whale leaves the V2 pair"))
    await _insiders(world, stage)
    deadline = await world.governor.call("proposalDeadline", planned.id)
    while await world.anvil.height() < deadline:
        await stage.block()
    await stage.block(Said("proposal", await enact(world, planned, "queue"), "proposal queued"))
    await stage.block()
    await stage.block()
    executed = await enact(world, planned, "execute")
    await stage.block(
        Said("proposal", executed, "proposal executed"), Said("batch", executed, "one call of a proposal succeeds")
    )
    for _ in range(5):
        await stage.block()


async def _campaign(world: World, stage: Stage, planned: Proposal) -> None:
    """Small and larger votes up to the quorum; a whale enters the pair; a large swap."""
    first = await vote(world, planned, "delegate_one", FOR, "The bridge earns its keep.")
    await stage.block(Said("vote", first, "150,000 for: 37.5 % of the quorum"))
    low = await vote(world, planned, "delegate_three", AGAINST)
    lower = await vote(world, planned, "delegate_four", FOR)
    await stage.block(
        Said("vote", low, "60,000 against: 15 % of the quorum, no consequence", "silent"),
        Said("vote", lower, "4,000 for: 1 % of the quorum", "silent"),
    )
    enter = await world.router.send(
        "add", world.pair.address, *world.legs(1_200_000, 400), sender=world.who["pair_whale"]
    )
    await stage.block(Said("liquidity", enter, "a whale enters the V2 pair with 2.4 million dollars"))
    dust = await world.router.send("add", world.pair.address, *world.legs(3_000, 1), sender=world.who["small"])
    await stage.block(Said("liquidity", dust, "6,000 dollars enter the V2 pair", "silent"))
    cross = await vote(world, planned, "delegate_two", FOR)
    await stage.block(Said("vote", cross, "260,000 for: crosses the quorum, the proposal passes for now"))
    swap = await _range_swap(world, "trader", 900_000)
    await stage.block(Said("liquidity", swap, "a swap of 900,000 USDC in the V3 pool"))


async def _swing(world: World, stage: Stage, planned: Proposal) -> None:
    """One large vote flips the outcome, another flips it back; between them money moves and a bundle half fails."""
    flip = await vote(world, planned, "fund", AGAINST, "Too much at once.")
    await stage.block(Said("vote", flip, "1,200,000 against: flips the outcome to failing"))
    lower, upper = await world.around_price(20)
    position = (world.pool.address, lower, upper, await world.range_liquidity(lower, upper, 1_500_000, 400))
    vault, whale = world.vaults["range_whale"], world.who["range_whale"]
    enter = await vault.send("enter", *position, sender=whale)
    await stage.block(Said("liquidity", enter, "a whale enters the V3 pool"))
    await stage.block(*await _just_in_time(world))
    await stage.block(Said("batch", await _mixed_bundle(world), "a bundle: one success, one revert, one out of gas"))
    back = await vote(world, planned, "whale", FOR, "Half is what it costs.")
    await stage.block(Said("vote", back, "900,000 for: flips the outcome back to passing"))
    fine = [execute(account, world.target, "set", at) for at, account in enumerate(world.smart_accounts[8])]
    await stage.block(Said("batch", await bundle(world, 8, fine), "a bundle whose operations all succeed", "silent"))
    leave = await vault.send("leave", *position, sender=whale)
    await stage.block(Said("liquidity", leave, "the whale leaves the V3 pool"))


async def _reorg(world: World, stage: Stage) -> None:
    """Two blocks are replaced: the first one's removal disappears, the second one's addition comes a block later."""
    await stage.fork()
    removed = await _leave_pair(world, "pair_whale", 1, 2)
    gone = "a whale leaves half of its V2 position: the transaction disappears"
    await stage.block(Said("liquidity", removed, gone))
    added = await world.router.send(
        "add", world.pair.address, *world.legs(900_000, 300), sender=world.who["second_whale"]
    )
    moving = "a second whale enters the V2 pair: mined again one block later"
    await stage.block(Said("liquidity", added, moving))
    again = await world.anvil.raw(added)
    await stage.back(Said("liquidity", removed, gone, "retracted"))
    await stage.block()
    await stage.block()
    await world.anvil.rpc("eth_sendRawTransaction", again)
    await stage.block(Said("liquidity", added, moving, "moved"))


async def _insiders(world: World, stage: Stage) -> None:
    """An investor claims its part; then a proposal whose last payment is more than the treasury would have left."""
    await stage.block(Said("act", await world.claim("fund"), "an investor claims 120,000, 1.2 % of the supply"))
    await stage.block()
    grantee, role = world.who["grantee"], await world.timelock.call("PROPOSER_ROLE")
    calls = (
        (world.usdc, world.usdc.data("transfer", grantee, 60_000 * USDC)),
        (world.timelock, world.timelock.data("grantRole", role, world.who["whale"])),
        (world.usdc, world.usdc.data("transfer", grantee, 500_000 * USDC)),
    )
    planned = await plan(
        world, calls, "# Let the founding team propose payments\n\nAnd pay the bridge for a year ahead."
    )
    tried = "proposal created: two of its three calls would succeed"
    await stage.block(Said("proposal", await propose(world, planned), tried))


async def _just_in_time(world: World) -> Sequence[Said]:
    """Liquidity that comes for one swap and leaves in the same block."""
    vault, sniper = world.vaults["sniper"], world.who["sniper"]
    lower, upper = await world.around_price(1)
    position = (world.pool.address, lower, upper, await world.range_liquidity(lower, upper, 1_000_000, 300))
    come = await vault.send("enter", *position, sender=sniper)
    swap = await _range_swap(world, "trader", 20_000)
    leave = await vault.send("leave", *position, sender=sniper)
    return (
        Said("liquidity", come, "just-in-time liquidity comes", "silent"),
        Said("liquidity", swap, "a swap of 20,000 USDC", "silent"),
        Said("liquidity", leave, "just-in-time liquidity leaves in the same block", "silent"),
    )


async def _mixed_bundle(world: World) -> str:
    """A payment that succeeds, a call that reverts with a reason, a call that runs out of gas."""
    payer, refused, starved = world.smart_accounts[7]
    return await bundle(
        world,
        7,
        [
            execute(payer, world.usdc, "transfer", world.who["grantee"], 12_500 * USDC),
            execute(refused, world.target, "failWithText"),
            execute(starved, world.target, "fill", 200, call_gas=90_000),
        ],
    )


async def _range_swap(world: World, role: str, usdc: int) -> str:
    vault = world.vaults[role]
    return await vault.send("swap", world.pool.address, world.usdc_first, usdc * USDC, sender=world.who[role])


async def _leave_pair(world: World, role: str, part: int, whole: int) -> str:
    shares = await world.pair.call("balanceOf", world.who[role])
    return await world.router.send("remove", world.pair.address, shares * part // whole, sender=world.who[role])
