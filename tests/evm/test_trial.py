"""What a proposal would do, on a real node: OpenZeppelin's governor and timelock, tried by `eth_simulateV1`."""

from typing import Any, NamedTuple

import msgspec
import pytest
from eth_utils.crypto import keccak

from config.settings import Chain, Dao, Runtime, Settings, VoteWatch
from tests.evm import scenario
from tests.evm.anvil import NodeError
from tests.evm.scenario import FOR, Proposal
from tests.evm.world import ETHER, TIMELOCK_DELAY_S, USDC, VOTING_PERIOD, World
from watchers.alert import ProposalFacts
from watchers.chain.block import Header, Log
from watchers.decode import Decoder
from watchers.event import Event
from watchers.facts import Answer, Facts, RpcError
from watchers.governance.events import ProposalChange
from watchers.governance.wing import wing
from watchers.proposed import Effect, Outcome, Simulated
from watchers.wing import Situation

pytestmark = pytest.mark.evm

CHAIN_ID = 31337


class Seen(NamedTuple):
    """What the wing made of a block's step."""

    event: ProposalChange
    facts: ProposalFacts

    @property
    def trial(self) -> Simulated:
        """Give what trying it came to."""
        assert self.facts.simulated is not None
        assert self.facts.simulated == self.event.simulated
        return self.facts.simulated


def settings_of(world: World, *, timelock: bool) -> Settings:
    chain = Chain.model_validate(
        {
            "key": "local",
            "id": CHAIN_ID,
            "name": "Local",
            "native": "ETH",
            "endpoints": ["http://node"],
            "block_time_s": 2,
            "confirmations": 1,
        }
    )
    given = {"key": "demo", "name": "Demo", "chain": "local", "protocol": "oz_governor"}
    executor = {"timelock": world.timelock.address} if timelock else {}
    dao = Dao.model_validate({**given, "governor": world.governor.address, "token": world.token.address, **executor})
    return Settings(
        runtime=Runtime(),
        chains={"local": chain},
        daos={"demo": dao},
        tokens=(),
        labels=(),
        watches=(VoteWatch(kind="vote", name="large"),),
    )


async def answered(world: World, asks: list[Any], block: int, facts: Facts) -> None:
    for ask in asks:
        calls = [(call.method, list(call.params)) for call in ask.calls(block)]
        said = await world.anvil.batch(calls) if calls else []
        answers: list[Answer] = [RpcError(a.code, str(a), a.data) if isinstance(a, NodeError) else a for a in said]
        facts.known[ask] = ask.read(answers)


async def seen(world: World, created: ProposalChange | None = None, *, timelock: bool = True) -> Seen:
    """Read the newest block as the pipeline does."""
    settings, tag = settings_of(world, timelock=timelock), hex(await world.anvil.height())
    header = msgspec.convert(await world.anvil.rpc("eth_getBlockByNumber", tag, False), Header, strict=False)
    raw = await world.anvil.rpc("eth_getLogs", {"fromBlock": tag, "toBlock": tag})
    decoder = Decoder(wing.protocols)
    events: list[Event] = decoder.decode(CHAIN_ID, msgspec.convert(raw, list[Log], strict=False)).events
    facts = Facts()
    earlier = {(created.address, created.proposal_id): created} if created is not None else {}
    at = Situation(settings, settings.chains["local"], header, facts, {}, {}, earlier)
    for asks in facts.rounds(lambda: wing.asks(events, at)):
        await answered(world, asks, header.height, facts)
    kept = wing.enrich(events, at)
    (alert,) = [one for one in wing.judge(kept, at) if not one.revises]
    assert isinstance(alert.facts, ProposalFacts)
    return Seen(next(e for e in kept if isinstance(e, ProposalChange)), alert.facts)


async def plan(world: World, *calls: tuple[str, int, str], text: str = "# A test") -> Proposal:
    targets, values, calldatas = [c[0] for c in calls], [c[1] for c in calls], [bytes.fromhex(c[2][2:]) for c in calls]
    number = await world.governor.call("hashProposal", targets, values, calldatas, keccak(text=text))
    return Proposal(number, targets, values, calldatas, text)


async def propose(world: World, planned: Proposal, **given: Any) -> Seen:
    await world.anvil.succeed(await scenario.propose(world, planned))
    return await seen(world, **given)


async def test_a_proposal_that_works_is_tried_at_creation_queue_and_execution(world: World) -> None:
    role = await world.timelock.call("PROPOSER_ROLE")
    whale, grantee = world.who["whale"], world.who["grantee"]
    await world.anvil.rpc("anvil_setBalance", world.timelock.address, hex(5 * ETHER))
    planned = await plan(
        world,
        (world.usdc.address, 0, world.usdc.data("transfer", grantee, 1_000 * USDC)),
        (world.timelock.address, 0, world.timelock.data("grantRole", role, whale)),
        (grantee, 2 * ETHER, "0x"),
    )
    first = await propose(world, planned)
    assert first.trial.calls == (Outcome(ok=True),) * 3
    assert (first.trial.step, first.trial.sender) == ("created", world.timelock.address)
    assert first.trial.lacks_wei == 0
    assert first.trial.effects == (
        Effect(
            1, "role_granted", world.timelock.address, world.timelock.address, whale, after=first.trial.effects[0].after
        ),
        Effect(0, "transfer", world.usdc.address, world.timelock.address, grantee, 1_000 * USDC),
        Effect(2, "coins", "0x" + "ee" * 20, world.timelock.address, grantee, 2 * ETHER),
    )
    assert [(a.function, a.risks) for a in first.facts.does] == [
        ("transfer(address,uint256)", ("moves funds",)),
        ("grantRole(bytes32,address)", ("changes roles",)),
        ("", ("sends coins",)),
    ]
    await world.anvil.mine()
    await world.anvil.succeed(await scenario.vote(world, planned, "fund", FOR))
    await world.anvil.mine(VOTING_PERIOD)
    await world.anvil.succeed(await scenario.enact(world, planned, "queue"))
    queued = await seen(world, first.event)
    assert (queued.trial.step, queued.trial.calls) == ("queued", first.trial.calls)
    assert queued.trial.changed == ()
    await world.anvil.mine(TIMELOCK_DELAY_S)
    await world.anvil.succeed(await scenario.enact(world, planned, "execute"))
    executed = await seen(world, first.event)
    assert executed.trial.block == executed.event.block - 1
    assert (executed.trial.step, executed.trial.calls) == ("executed", first.trial.calls)
    assert executed.trial.effects == first.trial.effects


async def test_a_call_that_would_fail_says_which_and_why(world: World) -> None:
    planned = await plan(
        world,
        (world.usdc.address, 0, world.usdc.data("transfer", world.who["grantee"], 1)),
        (world.target.address, 0, world.target.data("failWithText")),
        (world.who["grantee"], 0, "0x12345678"),
    )
    trial = (await propose(world, planned)).trial
    assert trial.calls[1] == Outcome(ok=False, reason='Error("Target: the vault is closed")')
    assert trial.fails == (1,)
    assert trial.codeless == (world.who["grantee"],)


async def test_coins_that_the_timelock_has_not_are_lent_for_the_trial(world: World) -> None:
    planned = await plan(world, (world.who["grantee"], 3 * ETHER, "0x"))
    trial = (await propose(world, planned)).trial
    assert (trial.calls, trial.lacks_wei) == ((Outcome(ok=True),), 3 * ETHER)


async def test_the_governor_names_the_timelock_where_no_file_does(world: World) -> None:
    planned = await plan(world, (world.usdc.address, 0, world.usdc.data("transfer", world.who["grantee"], 1)))
    trial = (await propose(world, planned, timelock=False)).trial
    assert (trial.sender, trial.fails) == (world.timelock.address, ())


async def test_code_that_changes_after_creation_is_named(world: World) -> None:
    planned = await plan(world, (world.target.address, 0, world.target.data("set", 7)))
    first = await propose(world, planned)
    await world.anvil.mine()
    await world.anvil.succeed(await scenario.vote(world, planned, "fund", FOR))
    await world.anvil.mine(VOTING_PERIOD)
    await world.anvil.rpc("anvil_setCode", world.target.address, "0x60006000fd")
    await world.anvil.succeed(await scenario.enact(world, planned, "queue"))
    trial = (await seen(world, first.event)).trial
    assert trial.changed == (world.target.address,)
    assert trial.fails == (0,)
