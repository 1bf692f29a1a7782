"""An insider's act from the chain to the alert, the record and the questions it costs."""

from redis.asyncio import Redis

from config.settings import ActWatch
from tests.governed import TOKEN, WHALE, W, World, world
from tests.node import Clock, Node, Sketch, log
from watchers.abi import encode_words, selector, shape_of
from watchers.alert import ActFacts, Alert
from watchers.governance.events import Act
from watchers.governance.protocols.vesting_wallet import ERC20Released

VESTING, STRANGER = "0x" + "c0" * 20, "0x" + "66" * 20
INSIDERS = ActWatch(kind="act", name="insiders")


def release(tokens: int, *, emitter: str = VESTING, token: str = TOKEN) -> Sketch:
    data = "0x" + encode_words(("uint256",), (tokens * W,)).hex()
    return log(shape_of(ERC20Released).topic0, f"0x{token[2:]:0>64}", emitter=emitter, data=data)


def node_with_supply(tokens: int) -> Node:
    node = Node(clock=Clock())
    node.states = {TOKEN + selector("totalSupply()"): f"0x{tokens * W:064x}"}
    return node


async def block_of(at: World, *logs: Sketch) -> list[Alert]:
    at.node.mine(logs)
    return await at.pipeline.forward(at.step(at.node.head))


async def test_a_release_by_a_named_contract_is_said_and_kept_for_one_batched_request(redis: Redis) -> None:
    async with world(node_with_supply(1_000_000), redis, INSIDERS, treasury=VESTING) as at:
        (alert,) = await block_of(at, release(5_000), release(1, emitter=STRANGER))
        assert isinstance(alert.facts, ActFacts)
        assert (alert.facts.contract, str(alert.facts.share_of_supply), alert.dao) == (VESTING, "0.005", "demo")
        assert at.pipeline.counters.facts_requests == 1
        (kept,) = await at.history.acts()
        assert isinstance(kept.event, Act)
        assert (kept.event.address, kept.event.token, kept.event.amount_raw) == (VESTING, TOKEN, 5_000 * W)


async def test_acts_of_contracts_that_nobody_named_cost_no_request_and_are_not_kept(redis: Redis) -> None:
    async with world(node_with_supply(1_000_000), redis, INSIDERS, treasury=VESTING) as at:
        assert await block_of(at, *(release(900_000, emitter=STRANGER) for _ in range(9))) == []
        assert at.pipeline.counters.facts_requests == 0
        assert await at.history.acts() == []
        assert at.pipeline.counters.unknown_logs == 9


async def test_a_token_that_nobody_named_costs_no_request_either(redis: Redis) -> None:
    async with world(node_with_supply(1_000_000), redis, INSIDERS, treasury=VESTING) as at:
        assert await block_of(at, release(900_000, token=WHALE)) == []
        assert at.pipeline.counters.facts_requests == 0
        assert await at.history.acts() == []
