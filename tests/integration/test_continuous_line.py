"""Trap 10 from the chain to the alert: a hat that is taken within one transaction, anonymous logs and all."""

from eth_abi.abi import encode
from redis.asyncio import Redis

from config.settings import ActWatch
from tests.governed import GOVERNOR, TOKEN, WHALE, W, world
from tests.node import Clock, Node, Sketch, address, log
from watchers.abi import selector
from watchers.alert import ActFacts
from watchers.governance.events import Act

OLD, SPELL, STRANGER = address(71), address(72), "0x" + "66" * 20
INSIDERS = ActWatch(kind="act", name="insiders")


def note(call: str, argument: str, *, chief: str = GOVERNOR, tx: int = 1) -> Sketch:
    """Sketch DSNote's log of a call with one word."""
    word = argument[2:].zfill(64)
    data = encode(["uint256", "bytes"], [0, bytes.fromhex(selector(call)[2:] + word)])
    topics = (selector(call) + "00" * 28, "0x" + WHALE[2:].zfill(64), "0x" + word, "0x" + "00" * 32)
    return log(*topics, emitter=chief, data="0x" + data.hex(), tx=tx)


def seized(chief: str = GOVERNOR) -> list[Sketch]:
    tokens = hex(13_000 * W)
    return [
        note("lock(uint256)", tokens, chief=chief),
        note("vote(bytes32)", "0x" + "51" * 32, chief=chief),
        note("lift(address)", SPELL, chief=chief),
        note("free(uint256)", tokens, chief=chief),
    ]


def chief_node() -> Node:
    def word(value: int) -> str:
        return f"0x{value:064x}"

    node = Node(clock=Clock())
    node.states = {
        TOKEN + selector("totalSupply()"): word(1_000_000 * W),
        GOVERNOR + selector("hat()"): word(int(OLD, 16)),
        GOVERNOR + selector("approvals(address)") + OLD[2:].zfill(64): word(10_000 * W),
        GOVERNOR + selector("approvals(address)") + SPELL[2:].zfill(64): word(0),
        GOVERNOR + selector("deposits(address)") + WHALE[2:].zfill(64): word(0),
    }
    return node


async def test_trap_10_a_hat_taken_within_one_transaction_is_one_critical_alert_for_two_batches(redis: Redis) -> None:
    async with world(chief_node(), redis, INSIDERS, protocol="maker_chief") as at:
        at.node.mine(seized())
        (alert,) = await at.pipeline.forward(at.step(at.node.head))
        assert isinstance(alert.facts, ActFacts)
        assert (alert.severity, alert.dao, alert.facts.act, alert.facts.whom) == (
            "critical",
            "demo",
            "flash_lift",
            SPELL,
        )
        assert str(alert.facts.share_of_hat) == "1.3"
        assert at.pipeline.counters.facts_requests == 2  # the hat, then what approves of it
        kept = [found.event for found in await at.history.acts()]
        assert [e.act for e in kept if isinstance(e, Act)] == ["flash_lift", "lift", "approval", "lock"]


async def test_the_same_notes_of_a_stranger_cost_no_request_and_say_nothing(redis: Redis) -> None:
    async with world(chief_node(), redis, INSIDERS, protocol="maker_chief", treasury=STRANGER) as at:
        at.node.mine(seized(STRANGER))
        assert await at.pipeline.forward(at.step(at.node.head)) == []
        assert (at.pipeline.counters.facts_requests, at.pipeline.counters.unknown_logs) == (0, 4)
        assert await at.history.acts() == []
