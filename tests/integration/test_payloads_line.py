"""Aave's payloads from the chain to the record, each with the proposal that it belongs to, and on /proposal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from bot.cards.lexicon import Lexicon
from bot.payloads import payload_lines
from config.settings import ActWatch, load
from tests.desk import DESK
from tests.governed import GOVERNOR, World, world
from tests.node import Clock, Node, Sketch, log
from watchers.abi import encode_words, shape_of
from watchers.alert import ActFacts
from watchers.governance.events import Act
from watchers.governance.payloads import Place, Stored, core_of, looked_up, named, place_of, sent, told_of
from watchers.governance.protocols.aave_payloads import PayloadExecuted, PayloadQueued, PayloadSent

CONTROLLER = "0x" + "c0" * 20
STEPS = ActWatch(kind="act", name="steps", acts=("queued", "executed", "cancelled"))


def core_sent(payload: int, proposal: int, *, chain_id: int = 1, controller: str = CONTROLLER) -> Sketch:
    topics = (f"0x{proposal:064x}", f"0x{controller[2:]:0>64}", f"0x{chain_id:064x}")
    data = encode_words(("uint40", "uint256", "uint256"), (payload, 0, 1)).hex()
    return log(shape_of(PayloadSent).topic0, *topics, emitter=GOVERNOR, data="0x" + data)


def stepped(shape: type, payload: int) -> Sketch:
    return log(shape_of(shape).topic0, emitter=CONTROLLER, data=f"0x{payload:064x}")


async def details(at: World, *logs: Sketch) -> list[str]:
    at.node.mine(logs)
    alerts = await at.pipeline.forward(at.step(at.node.head))
    return [alert.facts.detail for alert in alerts if isinstance(alert.facts, ActFacts)]


async def test_a_payload_is_told_with_its_proposal_and_proposal_lists_how_far_each_is(redis: Redis) -> None:
    node = Node(clock=Clock())
    async with world(node, redis, STEPS, protocol="aave_v3", clock="timestamp", treasury=CONTROLLER) as at:
        sketches = core_sent(12, 345), core_sent(4, 345, chain_id=777), core_sent(13, 346)
        assert await details(at, *(one._replace(tx=7) for one in sketches)) == [told_of(12, 345, 1)]
        assert await details(at, stepped(PayloadQueued, 12)) == ["payload 12 of proposal 345"]
        assert await details(at, stepped(PayloadExecuted, 12)) == ["payload 12 of proposal 345"]
        assert await details(at, stepped(PayloadQueued, 99)) == ["payload 99"]
        kept = [stored.event for stored in await at.history.acts(contract=CONTROLLER)]
        assert [e.detail for e in kept if isinstance(e, Act)][1:] == ["payload 12 of proposal 345"] * 2
        assert at.pipeline.counters.facts_requests == 0

        settings = at.pipeline.settings
        desk = replace(DESK, settings=settings, lexicon=Lexicon(settings), history=at.history)
        dao = settings.daos["demo"]
        done, sent_away = await payload_lines(dao, 345, desk)
        assert done.startswith(f"**Payload 12** {at.chain.name}: executed <t:")
        assert sent_away == "**Payload 4** chain 777: sent, and that chain is not followed"
        (waits,) = await payload_lines(dao, 346, desk)
        assert waits == f"**Payload 13** {at.chain.name}: sent, nothing is on record there yet"
        assert await payload_lines(dao, 347, desk) == []
        assert await payload_lines(dao.model_copy(update={"protocol": "oz_governor"}), 345, desk) == []


async def test_a_payload_that_is_sent_and_queued_in_one_block_has_its_proposal(redis: Redis) -> None:
    node = Node(clock=Clock())
    async with world(node, redis, STEPS, protocol="aave_v3", clock="timestamp", treasury=CONTROLLER) as at:
        assert "payload 12 of proposal 345" in await details(at, core_sent(12, 345), stepped(PayloadQueued, 12))


async def test_a_payload_of_the_same_number_on_another_chain_or_controller_is_another(redis: Redis) -> None:
    node = Node(clock=Clock())
    async with world(node, redis, STEPS, protocol="aave_v3", clock="timestamp", treasury=CONTROLLER) as at:
        await details(at, core_sent(12, 345, chain_id=10), core_sent(12, 346, controller="0x" + "66" * 20))
        assert await details(at, stepped(PayloadExecuted, 12)) == ["payload 12"]


def test_only_the_cores_own_words_name_a_proposal() -> None:
    base: dict[str, Any] = {
        "protocol": "aave_payloads",
        "chain_id": 1,
        "block": 1,
        "tx": "0x1",
        "tx_index": 0,
        "log_index": 0,
    }
    said = Act(**base, address=GOVERNOR, act="queued", whom=CONTROLLER, item=12, detail=told_of(12, 345, 10))
    step = Act(**{**base, "chain_id": 10}, address=CONTROLLER, act="executed", item=12, detail="payload 12")
    assert sent([said, step]) == {Place(10, CONTROLLER, 12): 345}
    assert (place_of(said), place_of(step)) == (None, Place(10, CONTROLLER, 12))
    forged = Act(**{**base, "protocol": "timelocks"}, address=GOVERNOR, act="queued", detail=told_of(12, 666, 10))
    assert sent([forged]) == {}
    assert [act.detail for act in named([step], sent([said]))] == ["payload 12 of proposal 345"]
    assert core_of(DESK.settings.model_copy(update={"daos": {}})) is None


async def test_blocks_without_a_payload_do_not_look_into_the_record() -> None:
    asked: list[str | None] = []

    async def acts(*, chain_id: int | None, contract: str | None, limit: int) -> Sequence[Stored]:
        asked.append(f"{chain_id} {contract} {limit}")
        return ()

    base: dict[str, Any] = {"protocol": "aave_payloads", "block": 1, "tx": "0x1", "tx_index": 0, "log_index": 0}
    other = Act(**{**base, "protocol": "access"}, chain_id=10, address=CONTROLLER, act="paused", item=12)
    step = Act(**base, chain_id=10, address=CONTROLLER, act="executed", item=12, detail="payload 12")
    settings = load(environ={}, dotenv=None)
    assert (await looked_up([other], settings, acts), asked) == ({}, [])
    await looked_up([step], settings, acts)
    assert asked == ["1 0x9aee0b04504cef83a65ac3f0e838d0593bcb2bc7 500"]
