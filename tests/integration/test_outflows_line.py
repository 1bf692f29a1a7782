"""A payment out of a treasury from the chain through the feed's filter to the alert and the record."""

from collections.abc import Sequence

from redis.asyncio import Redis

from config.settings import ActWatch
from tests.governed import TOKEN, W, World, world
from tests.node import Clock, Node, Sketch, log
from watchers.abi import encode_words, selector
from watchers.alert import ActFacts, Alert
from watchers.chain.feed import Feed
from watchers.chain.wanted import TRANSFER
from watchers.governance.events import Act

TREASURY, TIMELOCK, STRANGER, POISON = ("0x" + digit * 40 for digit in "1236")
INSIDERS = ActWatch(kind="act", name="insiders")
EXECUTED = "0xc2617efa69bab66782fa219543714338489c4e9e178271560a91b82c3f612b58"


def word(address: str) -> str:
    return f"0x{address[2:]:0>64}"


def paid(tokens: int, *, token: str = TOKEN, payer: str = TREASURY, to: str = STRANGER) -> Sketch:
    return log(TRANSFER, word(payer), word(to), emitter=token, data=f"0x{tokens * W:064x}")


def executed(tokens: int) -> Sketch:
    """Sketch a timelock's own word for a transfer."""
    call = bytes.fromhex(selector("transfer(address,uint256)")[2:])
    call += encode_words(("address", "uint256"), (STRANGER, tokens * W))
    data = encode_words(("address", "uint256", "bytes"), (TOKEN, 0, call)).hex()
    return log(EXECUTED, "0x" + "11" * 32, "0x" + "00" * 32, emitter=TIMELOCK, data="0x" + data)


def node_of(holdings: int) -> Node:
    node = Node(clock=Clock())
    node.states = {TOKEN + selector("totalSupply()"): f"0x{10**9 * W:064x}"}
    for payer in (TREASURY, TIMELOCK):
        asked = TOKEN + selector("balanceOf(address)") + word(payer)[2:]
        node.states[asked] = f"0x{holdings * W:064x}"
    return node


async def followed(at: World, *blocks: Sequence[Sketch]) -> list[Alert]:
    """Mine blocks and follow them through the feed with the decoder's own filters."""
    start = at.step(at.node.head).block.cursor
    await at.pipeline.forward(at.step(at.node.head))
    for logs in blocks:
        at.node.mine(logs)
    clock = at.clock
    clock.now = float(int(at.node.blocks[-1].header["timestamp"], 16))
    wanted = at.decoder.wanted_on(at.chain.id)
    feed = Feed(at.chain, at.rpc, wanted=wanted, start=start, ring=[start], clock=clock, sleep=clock.sleep)
    alerts: list[Alert] = []
    async for step in feed.steps():
        alerts += await at.pipeline.take(step)
        if at.pipeline.cursor is not None and at.pipeline.cursor.number == at.node.head:
            return alerts
    return alerts


async def test_a_payment_comes_through_its_own_filter_and_costs_one_request_for_its_facts(redis: Redis) -> None:
    async with world(node_of(50_000), redis, INSIDERS, treasury=TREASURY, timelock=TIMELOCK) as at:
        poison = [paid(9_000_000, token=POISON), paid(9_000_000, payer=STRANGER)]
        (alert,) = await followed(at, [paid(20_000), *poison], [paid(0), *poison])
        assert isinstance(alert.facts, ActFacts)
        assert (alert.facts.contract, alert.facts.whom, alert.dao) == (TREASURY, STRANGER, "demo")
        assert str(alert.facts.share_of_treasury) == "0.4"
        assert at.pipeline.counters.facts_requests == 1
        (kept,) = await at.history.acts()
        assert isinstance(kept.event, Act)
        assert (kept.event.protocol, kept.event.address, kept.event.token) == ("outflows", TREASURY, TOKEN)
        # what others forge in a treasury's name does not even travel
        assert at.pipeline.counters.unknown_logs == 1  # the payment of nothing


async def test_a_timelocks_payment_is_told_once_though_both_logs_tell_it(redis: Redis) -> None:
    async with world(node_of(50_000), redis, INSIDERS, treasury=TREASURY, timelock=TIMELOCK) as at:
        both = [paid(20_000, payer=TIMELOCK), executed(20_000)]
        (alert,) = await followed(at, [one._replace(tx=7) for one in both])
        assert isinstance(alert.facts, ActFacts)
        assert (alert.facts.who, alert.facts.more) == (TIMELOCK, 0)
        assert [kept.event.protocol for kept in await at.history.acts()] == ["outflows"]


async def test_a_move_from_the_timelock_to_the_treasury_is_quiet_and_costs_nothing(redis: Redis) -> None:
    async with world(node_of(50_000), redis, INSIDERS, treasury=TREASURY, timelock=TIMELOCK) as at:
        assert await followed(at, [paid(50_000, payer=TIMELOCK, to=TREASURY)]) == []
        assert at.pipeline.counters.facts_requests == 0
        assert await at.history.acts() == []
