"""Real contracts on a real EVM: what they log must decode into our words, and agree with the chain's own state."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.evm import scenario
from tests.evm.anvil import Contract, NodeError, load
from tests.evm.operation import bundle, execute
from tests.evm.record import EXPECTED, record
from tests.evm.scenario import ABSTAIN, AGAINST, FOR
from tests.evm.world import ETHER, LATE_QUORUM_EXTENSION, NOBODY, USDC, VOTING_PERIOD, World
from watchers.batches.events import BatchResult
from watchers.batches.wing import wing as batches
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.event import Event
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.wing import wing as governance
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.wing import wing as liquidity

pytestmark = pytest.mark.evm

CHAIN_ID = 31337
RUNTIME = {  # keccak-256 of the deployed code of the canonical EntryPoints
    6: "0xc93c806e738300b5357ecdc2e971d6438d34d8e4e17b99b758b1f9cac91c8e70",
    7: "0x8db5ff695839d655407cc8490bb7a5d82337a86a6b39c3f0258aa6c3b582fc58",
    8: "0x0a58ad57e3f8266dcc99cda79b0d3d784a4cedc4e972f33a8a2c5cecbb9e67b4",
}


async def decoded(world: World, first: int | str = "earliest", *, bravo: bool = False) -> Sequence[Event]:
    claims = {(CHAIN_ID, world.bravo.address): "governor_bravo"} if bravo else {}
    protocols = [*governance.protocols, *liquidity.protocols, *batches.protocols]
    at = hex(first) if isinstance(first, int) else first
    raw = await world.anvil.rpc("eth_getLogs", {"fromBlock": at, "toBlock": "latest"})
    found = Decoder(protocols, claims=claims).decode(CHAIN_ID, msgspec.convert(raw, list[Log], strict=False))
    assert found.errors == []
    return found.events


async def open_proposal(world: World) -> scenario.Proposal:
    planned = await scenario.proposal(world, 1_000, "# A test\n\nPay a thousand.")
    await world.anvil.succeed(await scenario.propose(world, planned))
    await world.anvil.mine()
    return planned


async def test_entry_points_are_the_canonical_code_at_the_canonical_address(world: World) -> None:
    for version, entry_point in world.entry_points.items():
        code = await world.anvil.rpc("eth_getCode", entry_point.address, "latest")
        assert "0x" + keccak(hexstr=code).hex() == RUNTIME[version]


async def test_a_proposal_tells_what_it_would_do(world: World) -> None:
    planned = await open_proposal(world)
    (created,) = [event for event in await decoded(world) if isinstance(event, ProposalChange)]
    assert created.change == "created"
    assert created.protocol == "oz_governor"
    assert created.proposal_id == planned.id
    assert created.proposer == world.who["delegate_one"]
    assert created.description == planned.description
    assert created.targets == (world.usdc.address,)
    assert created.values_wei == (0,)
    assert created.start_clock == created.block + 1 == await world.governor.call("proposalSnapshot", planned.id)
    assert created.end_clock == created.start_clock + VOTING_PERIOD


async def test_every_form_of_vote_carries_its_weight_and_reason(world: World) -> None:
    planned = await open_proposal(world)
    plain = await scenario.vote(world, planned, "whale", AGAINST)
    reasoned = await scenario.vote(world, planned, "fund", FOR, "Because \U0001f5f3")
    with_params = await world.governor.send(
        "castVoteWithReasonAndParams", planned.id, ABSTAIN, "", b"\x01\x02", sender=world.who["delegate_two"]
    )
    receipts = await world.anvil.succeed(plain, reasoned, with_params)
    votes = [event for event in await decoded(world) if isinstance(event, Vote)]
    weights = [900_000 * ETHER, 1_200_000 * ETHER, 260_000 * ETHER]
    assert [(vote.support, vote.weight_raw) for vote in votes] == list(
        zip(("against", "for", "abstain"), weights, strict=True)
    )
    assert [vote.voter for vote in votes] == [world.who[role] for role in ("whale", "fund", "delegate_two")]
    assert [vote.reason for vote in votes] == ["", "Because \U0001f5f3", ""]
    assert [vote.tx for vote in votes] == [receipt["transactionHash"] for receipt in receipts]
    tally = await world.governor.call("proposalVotes", planned.id)
    assert tally == tuple(sum(getattr(vote, f"{side}_raw") for vote in votes) for side in ("against", "for", "abstain"))


async def test_a_quorum_that_comes_late_extends_the_vote(world: World) -> None:
    planned = await open_proposal(world)
    await world.anvil.mine(VOTING_PERIOD - 2)
    await world.anvil.succeed(await scenario.vote(world, planned, "whale", FOR))
    extended = [e for e in await decoded(world) if isinstance(e, ProposalChange) and e.change == "extended"]
    assert len(extended) == 1
    assert extended[0].end_clock == extended[0].block + LATE_QUORUM_EXTENSION
    assert extended[0].end_clock == await world.governor.call("proposalDeadline", planned.id)


async def test_a_proposal_is_queued_with_its_time_and_executed(world: World) -> None:
    planned = await open_proposal(world)
    await world.anvil.succeed(await scenario.vote(world, planned, "whale", FOR))
    await world.anvil.mine(VOTING_PERIOD)
    await world.anvil.succeed(await scenario.enact(world, planned, "queue"))
    eta = await world.governor.call("proposalEta", planned.id)
    await world.anvil.mine(2)
    await world.anvil.succeed(await scenario.enact(world, planned, "execute"))
    changes = [event for event in await decoded(world) if isinstance(event, ProposalChange)]
    assert [change.change for change in changes] == ["created", "queued", "executed"]
    assert changes[1].eta_s == eta > 0
    assert await world.usdc.call("balanceOf", world.who["grantee"]) == 1_000 * USDC


async def test_a_proposal_can_be_canceled_by_its_proposer_before_the_vote(world: World) -> None:
    planned = await scenario.proposal(world, 5, "# To be withdrawn")
    await world.anvil.succeed(await scenario.propose(world, planned))
    canceled = await world.governor.send("cancel", *planned[1:4], planned.digest, sender=world.who["delegate_one"])
    await world.anvil.succeed(canceled)
    changes = [event.change for event in await decoded(world) if isinstance(event, ProposalChange)]
    assert changes == ["created", "canceled"]


async def test_a_bravo_style_governor_speaks_the_same_words_from_proposal_to_execution(world: World) -> None:
    bravo, voter = world.bravo, world.who["fund"]
    propose = "propose(address[],uint256[],string[],bytes[],string)"
    setting = encode(["uint256"], [7])
    args = ([world.target.address], [0], ["set(uint256)"], [setting], "# Set seven")
    await world.anvil.succeed(await bravo.send(propose, *args, sender=voter))
    (created,) = [event for event in await decoded(world, bravo=True) if isinstance(event, ProposalChange)]
    assert created.protocol == "governor_bravo"
    # OpenZeppelin's Bravo layer joins signature and arguments before it says them
    assert created.signatures == ("",)
    assert created.calldatas == (world.target.data("set", 7),)
    await world.anvil.mine()
    await world.anvil.succeed(await bravo.send("castVote", created.proposal_id, FOR, sender=voter))
    await world.anvil.mine(VOTING_PERIOD)
    await world.anvil.succeed(await bravo.send("queue(uint256)", created.proposal_id, sender=voter))
    await world.anvil.mine(2)
    await world.anvil.succeed(await bravo.send("execute(uint256)", created.proposal_id, sender=voter))
    events = [event for event in await decoded(world, bravo=True) if event.address == bravo.address]
    assert [getattr(event, "change", event.kind) for event in events] == ["created", "vote", "queued", "executed"]
    (vote,) = [event for event in events if isinstance(event, Vote)]
    assert (vote.protocol, vote.for_raw) == ("governor_bravo", 1_200_000 * ETHER)
    assert await world.target.call("value") == 7


async def test_the_voter_of_a_safe_is_the_safe_and_not_the_sender(world: World) -> None:
    node, owner = world.anvil, world.who["owner"]
    model = await node.deploy("Safe", sender=owner, gas=8_000_000)
    factory = await node.deploy("SafeProxyFactory", sender=owner)
    await node.mine()
    setup = model.data("setup", [owner], 1, NOBODY, b"", NOBODY, NOBODY, 0, NOBODY)
    made = await factory.send("createProxyWithNonce", model.address, bytes.fromhex(setup[2:]), 1, sender=owner)
    (receipt,) = await node.succeed(made)
    safe = Contract(node, "0x" + receipt["logs"][-1]["topics"][1][26:], load("Safe")[0])

    async def act(to: Contract, function: str, *args: Any) -> str:
        # r holds the owner, v = 1 says that the sender approves by sending
        signature = encode(["address", "uint256"], [owner, 0]) + b"\x01"
        data = bytes.fromhex(to.data(function, *args)[2:])
        return await safe.send(
            "execTransaction", to.address, 0, data, 0, 0, 0, 0, NOBODY, NOBODY, signature, sender=owner
        )

    await node.succeed(await world.token.send("transfer", safe.address, 7 * ETHER, sender=world.who["whale"]))
    await node.succeed(await act(world.token, "delegate", safe.address))
    planned = await open_proposal(world)
    (voted,) = await node.succeed(await act(world.governor, "castVote", planned.id, FOR))
    (vote,) = [event for event in await decoded(world) if isinstance(event, Vote)]
    assert (vote.voter, vote.weight_raw) == (safe.address, 7 * ETHER)
    assert voted["from"] == owner != vote.voter


async def test_what_flows_in_and_out_of_a_pool_adds_up_to_what_it_holds(world: World) -> None:
    node, trader, whale = world.anvil, world.who["trader"], world.who["pair_whale"]
    pair, pool, router = world.pair.address, world.pool.address, world.router
    first = await router.send("add", pair, *world.legs(600_000, 200), sender=whale)
    swaps = [
        await router.send("swap", pair, way, amount, sender=trader) for way, amount in ((True, 10**10), (False, 10**18))
    ]
    await node.succeed(first, *swaps)
    shares = await world.pair.call("balanceOf", whale)
    lower, upper = await world.around_price(5)
    position = (pool, lower, upper, await world.range_liquidity(lower, upper, 500_000, 150))
    vault = world.vaults["range_whale"]
    enter = await vault.send("enter", *position, sender=world.who["range_whale"])
    await node.succeed(await router.send("remove", pair, shares, sender=whale), enter)
    crossing = await world.vaults["trader"].send("swap", pool, True, 10**11, sender=trader)
    leave = await vault.send("leave", *position, sender=world.who["range_whale"])
    await node.succeed(crossing, leave)
    moves = [event for event in await decoded(world) if isinstance(event, LiquidityMove)]
    for address, moved_by in ((pair, ("add", "swap", "remove")), (pool, ("add", "swap", "collect"))):
        flows = [move for move in moves if move.address == address and move.action in moved_by]
        assert {move.action for move in flows} == set(moved_by)
        for token, side in zip(
            sorted((world.usdc.address, world.weth.address)), ("amount0_raw", "amount1_raw"), strict=True
        ):
            held = await (world.usdc if token == world.usdc.address else world.weth).call("balanceOf", address)
            assert sum(getattr(move, side) for move in flows) == held


async def test_a_range_position_names_its_owner_range_and_liquidity(world: World) -> None:
    lower, upper = await world.around_price(5)
    liquidity_raw = await world.range_liquidity(lower, upper, 500_000, 150)
    vault, whale = world.vaults["range_whale"], world.who["range_whale"]
    (receipt,) = await world.anvil.succeed(
        await vault.send("enter", world.pool.address, lower, upper, liquidity_raw, sender=whale)
    )
    height = int(receipt["blockNumber"], 16)
    (add,) = [event for event in await decoded(world, height) if isinstance(event, LiquidityMove)]
    assert (add.protocol, add.action, add.owner) == ("uniswap_v3", "add", vault.address)
    assert (add.tick_lower, add.tick_upper, add.liquidity_raw) == (lower, upper, liquidity_raw)
    (receipt,) = await world.anvil.succeed(
        await vault.send("leave", world.pool.address, lower, upper, liquidity_raw, sender=whale)
    )
    left = [e for e in await decoded(world, height + 1) if isinstance(e, LiquidityMove)]
    assert [move.action for move in left] == ["remove", "collect"]
    assert all((move.owner, move.tick_lower, move.tick_upper) == (vault.address, lower, upper) for move in left)


@pytest.mark.parametrize(("version", "name"), [(6, "0.6"), (7, "0.7"), (8, "0.8")])
async def test_a_bundle_succeeds_while_an_operation_in_it_fails(world: World, version: int, name: str) -> None:
    payer, refused, starved = world.smart_accounts[version]
    tx = await bundle(
        world,
        version,
        [
            execute(payer, world.usdc, "transfer", world.who["grantee"], 25 * USDC),
            execute(refused, world.target, "failWithText"),
            execute(starved, world.target, "fill", 200, call_gas=90_000),
        ],
    )
    (receipt,) = await world.anvil.succeed(tx)
    operations = [event for event in await decoded(world) if isinstance(event, BatchResult)]
    assert receipt["status"] == "0x1"
    assert [operation.version for operation in operations] == [name] * 3
    assert [operation.success for operation in operations] == [True, False, False]
    assert [operation.outcome for operation in operations] == ["success", "reverted", "reverted"]
    assert [operation.sender for operation in operations] == [payer.address, refused.address, starved.address]
    assert "the vault is closed" in operations[1].reason
    assert operations[2].reason == ""
    assert all(operation.gas_cost_wei > 0 for operation in operations)
    assert [operation.position for operation in operations] == [0, 1, 2]
    assert await world.usdc.call("balanceOf", world.who["grantee"]) == 25 * USDC


async def test_an_event_keeps_its_name_when_a_reorg_mines_its_transaction_again(world: World) -> None:
    node = world.anvil
    tx = await world.router.send("add", world.pair.address, *world.legs(30_000, 10), sender=world.who["small"])
    (receipt,) = await node.succeed(tx)
    before = await decoded(world, int(receipt["blockNumber"], 16))
    await node.mine()
    await node.reorg(2, [(await node.raw(tx), 1)])
    after = await decoded(world, int(receipt["blockNumber"], 16))
    assert [event.id for event in after] == [event.id for event in before] != []
    assert [event.block - 1 for event in after] == [event.block for event in before]
    with pytest.raises(NodeError, match="unknown block"):
        await node.rpc("eth_getLogs", {"blockHash": receipt["blockHash"]})


@pytest.mark.usefixtures("compiled")
async def test_playing_the_story_again_gives_the_transactions_of_the_shipped_recording() -> None:
    played = await record(answers=False)
    shipped = json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert [(each["step"], each["tx"], each["action"]) for each in played.expected] == [
        (each["step"], each["tx"], each["action"]) for each in shipped
    ]
