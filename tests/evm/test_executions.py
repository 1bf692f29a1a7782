"""Real Safes, timelocks and governors on a real node, from what they execute to the words on a card."""

from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import BatchWatch, Chain, Dao, Label, Runtime, Settings, VoteWatch
from tests.evm import scenario
from tests.evm.anvil import Contract, NodeError, load
from tests.evm.scenario import FOR
from tests.evm.world import NOBODY, USDC, VOTING_PERIOD, World
from watchers.alert import Alert, AlertState
from watchers.batches.wing import wing
from watchers.chain.block import Header, Log
from watchers.facts import Answer, Facts, RpcError
from watchers.wing import Situation
from watchers.wings import decoder_of

pytestmark = pytest.mark.evm

CHAIN_ID = 31337


def settings_of(world: World, *named: str) -> Settings:
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
    given = {"key": "demo", "name": "Demo", "chain": "local", "token": world.token.address}
    daos = {
        "demo": Dao.model_validate({**given, "protocol": "oz_governor", "governor": world.governor.address}),
        "bravo": Dao.model_validate(
            {**given, "key": "bravo", "protocol": "governor_bravo", "governor": world.bravo.address}
        ),
    }
    return Settings(
        runtime=Runtime(),
        chains={"local": chain},
        daos=daos,
        tokens=(),
        labels=tuple(Label(address=one, name="Treasury", kind="treasury", source="this test") for one in named),
        watches=(BatchWatch(kind="batch", name="batches"), VoteWatch(kind="vote", name="large")),
    )


async def shown(world: World, *named: str) -> tuple[Alert, str]:
    """Read the newest block as the pipeline does and give its one batch alert, with its card."""
    settings, tag = settings_of(world, *named), hex(await world.anvil.height())
    header = msgspec.convert(await world.anvil.rpc("eth_getBlockByNumber", tag, False), Header, strict=False)
    raw = await world.anvil.rpc("eth_getLogs", {"fromBlock": tag, "toBlock": tag})
    events = decoder_of(settings).decode(CHAIN_ID, msgspec.convert(raw, list[Log], strict=False)).events
    at = Situation(settings, settings.chains["local"], header, Facts(), {}, {})
    own = [event for event in events if event.kind == "batch"]
    for ask in list(wing.asks(own, at)):
        said = await world.anvil.batch([(call.method, list(call.params)) for call in ask.calls(header.height)])
        answers: list[Answer] = [RpcError(a.code, str(a), a.data) if isinstance(a, NodeError) else a for a in said]
        at.facts.known[ask] = ask.read(answers)
    enriched = wing.enrich(own, at)
    (alert,) = wing.judge(enriched, at)
    return alert, plain(render([AlertState(alert=alert)], Lexicon(settings)), now_s=header.time_s)


class Wallet:
    """A Safe of one owner, who approves by sending."""

    def __init__(self, safe: Contract, multi: Contract, owner: str) -> None:
        self.safe, self.multi, self.owner = safe, multi, owner

    async def act(self, *calls: tuple[Any, ...], safe_tx_gas: int = 0) -> str:
        packed = b""
        for to, function, *args in calls:
            data = bytes.fromhex(to.data(function, *args)[2:])
            packed += b"\0" + bytes.fromhex(to.address[2:]) + bytes(32) + len(data).to_bytes(32, "big") + data
        data = bytes.fromhex(self.multi.data("multiSend", packed)[2:])
        signature = encode(["address", "uint256"], [self.owner, 0]) + b"\x01"
        given = (self.multi.address, 0, data, 1, safe_tx_gas, 0, 0, NOBODY, NOBODY, signature)
        return await self.safe.send("execTransaction", *given, sender=self.owner)


async def wallet(world: World) -> Wallet:
    node, owner = world.anvil, world.who["owner"]
    model = await node.deploy("Safe", sender=owner, gas=8_000_000)
    factory = await node.deploy("SafeProxyFactory", sender=owner)
    multi = await node.deploy("MultiSend", sender=owner)
    await node.mine()
    setup = model.data("setup", [owner], 1, NOBODY, b"", NOBODY, NOBODY, 0, NOBODY)
    made = await factory.send("createProxyWithNonce", model.address, bytes.fromhex(setup[2:]), 1, sender=owner)
    (receipt,) = await node.succeed(made)
    return Wallet(Contract(node, "0x" + receipt["logs"][-1]["topics"][1][26:], load("Safe")[0]), multi, owner)


async def test_a_safe_that_fails_inside_a_transaction_that_does_not_is_on_a_card_call_by_call(world: World) -> None:
    safe = await wallet(world)
    calls = ((world.target, "set", 3), (world.target, "failWithText"))
    (receipt,) = await world.anvil.succeed(await safe.act(*calls, safe_tx_gas=500_000))
    assert receipt["status"] == "0x1"
    alert, card = await shown(world, safe.safe.address)
    assert (alert.severity, alert.tx) == ("notable", receipt["transactionHash"])
    lines = card.splitlines()
    assert lines[0] == "Batch: 0 of 2 calls succeeded"
    assert lines[2].startswith("  ✗ Safe transaction failed · 0 of 2 · Treasury (treasury) ")
    assert "call 2 failed" in lines[3]
    assert lines[3].endswith('`Error("Target: the vault is closed")`')
    assert lines[4].startswith("  ↺ 1 undone: ")
    assert "checked call by call" in card


async def test_a_safe_that_does_what_it_is_told_is_information(world: World) -> None:
    safe = await wallet(world)
    await world.anvil.succeed(await safe.act((world.target, "set", 3), (world.target, "set", 4)))
    alert, card = await shown(world, safe.safe.address)
    assert alert.severity == "info"
    assert card.startswith("Batch: 2 of 2 calls succeeded\n")


async def test_a_timelocks_operation_is_told_with_its_calls(world: World) -> None:
    deployer = world.who["deployer"]
    timelock = await world.anvil.deploy("TimelockController", 0, [deployer], [NOBODY], deployer, sender=deployer)
    await world.anvil.mine()
    data = [bytes.fromhex(world.target.data("set", at)[2:]) for at in (5, 6)]
    batch = ([world.target.address] * 2, [0, 0], data, bytes(32), bytes(32))
    await world.anvil.succeed(await timelock.send("scheduleBatch", *batch, 0, sender=deployer))
    await world.anvil.mine()
    await world.anvil.succeed(await timelock.send("executeBatch", *batch, sender=deployer))
    alert, card = await shown(world, timelock.address)
    assert (alert.severity, alert.addresses) == ("info", (timelock.address,))
    assert card.startswith("Batch: 2 of 2 calls succeeded\n")
    assert "✓ Timelock operation succeeded · 2 of 2 · Treasury (treasury) " in card


async def test_a_governors_execution_is_one_alert_and_its_proposal_says_the_same(world: World) -> None:
    node = world.anvil
    planned = await scenario.proposal(world, 1_000, "# Pay a thousand")
    await node.succeed(await scenario.propose(world, planned))
    await node.mine()
    await node.succeed(
        await scenario.vote(world, planned, "whale", FOR), await scenario.vote(world, planned, "fund", FOR)
    )
    await node.mine(VOTING_PERIOD)
    await node.succeed(await scenario.enact(world, planned, "queue"))
    await node.mine(2)
    await node.succeed(await scenario.enact(world, planned, "execute"))
    alert, card = await shown(world, world.timelock.address)
    assert alert.dao == "demo"
    assert card.startswith("Batch: 1 of 1 call succeeded\n")
    assert "Proposal" in card
    assert "Timelock" not in card
    assert await world.usdc.call("balanceOf", world.who["grantee"]) == 1_000 * USDC


async def test_a_bravo_style_execution_tells_the_calls_of_its_timelock(world: World) -> None:
    node, bravo, voter = world.anvil, world.bravo, world.who["fund"]
    propose = "propose(address[],uint256[],string[],bytes[],string)"
    setting = encode(["uint256"], [7])
    made = await bravo.send(
        propose, [world.target.address], [0], ["set(uint256)"], [setting], "# Set seven", sender=voter
    )
    (receipt,) = await node.succeed(made)
    number = int(receipt["logs"][0]["data"][2:66], 16)
    await node.mine()
    await node.succeed(await bravo.send("castVote", number, FOR, sender=voter))
    await node.mine(VOTING_PERIOD)
    await node.succeed(await bravo.send("queue(uint256)", number, sender=voter))
    await node.mine(2)
    await node.succeed(await bravo.send("execute(uint256)", number, sender=voter))
    alert, card = await shown(world)
    assert alert.dao == "bravo"
    assert card.startswith("Batch: 1 of 1 call succeeded\n")
    assert await world.target.call("value") == 7
