"""A record that another version wrote, or that is damaged, harms nothing but itself: set aside or left out, counted."""

from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.record import PostKey
from bot.deliver.route import Route, Router
from bot.store import SettingsHistory
from bot.subscription import Subscription
from bot.vitals import Vitals
from tests import events
from tests.committed import alert, at, block, chain, held
from tests.delivery_world import CHANNEL, START_MS, World, said, state
from watchers.alert import short_id
from watchers.errors import UserError
from watchers.history import History
from watchers.states import tag

STRANGE = '{"id": "of another form"}'
KEPT, OURS = tag(1), "{d:0}"


async def spoil(redis: Any, key: str, field: str = "", text: str | bytes = STRANGE) -> str:
    """Write over the record named, else the first of a hash, in a form that nobody knows; give its name."""
    name = field or min(await redis.hkeys(key)).decode()
    await redis.hset(key, name, text)
    return str(name)


async def aside(redis: Any) -> dict[str, str]:
    """Give why each thing was set aside."""
    kept = await redis.hgetall(f"{OURS}:aside")
    return {name.decode(): why.decode().partition(" ")[2] for name, why in kept.items()}


class Told:
    """A chain whose alerts wait, and the line that takes them to a channel."""

    def __init__(self, world: World) -> None:
        self.world, self.store, self.router = world, chain(world.redis), Router()
        self.router.put(Subscription(id="s", guild_id=1, channel_id=CHANNEL))

    def line(self) -> Line:
        deliveries, clock = self.world.deliveries, self.world.clock
        stages = (Route(self.router), Group(deliveries))
        return Line([self.store], deliveries, stages, consumer="c", operator=self.world.operator, sleep=clock.sleep)


@pytest.fixture
def told(world: World) -> Told:
    return Told(world)


@pytest.mark.parametrize("what", ["alert", "body"])
async def test_pending_alerts_that_cannot_be_read_are_set_aside_and_the_others_routed(told: Told, what: str) -> None:
    line, redis = told.line(), told.world.redis
    await told.store.commit(await held(told.store), None, block(1, alert(1, 1), alert(1, 2), alert(1, 3)))
    for n in (1, 2):
        await spoil(redis, f"{KEPT}:{what}", f"{n:032x}")
    assert await line.turn(told.store, block_ms=0) == 3
    assert await line.turn(told.store, block_ms=0) == 0, "they are settled"
    reasons = await aside(redis)
    assert set(reasons) == {f"alert:{1:032x}", f"alert:{2:032x}"}
    assert all("cannot be read" in why for why in reasons.values())
    outbox = await told.world.deliveries.outbox()
    assert (outbox.dead, outbox.waiting, line.tally["line", "dead"]) == (2, 1, 2)
    (notice,) = told.world.operator.heard
    assert short_id(f"{1:032x}") in notice


async def test_an_alert_that_is_aside_already_is_not_said_again_after_a_restart(told: Told) -> None:
    epoch = await held(told.store)
    await told.store.commit(epoch, None, block(1, alert(1, 1)))
    await spoil(told.world.redis, f"{KEPT}:body")
    await told.line().turn(told.store, block_ms=0)
    await told.store.finalize(epoch, 1)
    with capture_logs() as lines:
        assert await told.line().turn(told.store, block_ms=0) == 1
    assert lines == []
    assert len(told.world.operator.heard) == 1


async def test_an_alert_that_was_set_aside_is_told_when_a_version_that_reads_it_is_back(told: Told) -> None:
    redis: Any = told.world.redis
    epoch = await held(told.store)
    await told.store.commit(epoch, None, block(1, alert(1, 1)))
    (readable,) = await redis.hvals(f"{KEPT}:body")
    await spoil(redis, f"{KEPT}:body")
    await told.line().turn(told.store, block_ms=0)
    await spoil(redis, f"{KEPT}:body", text=readable)
    await told.store.finalize(epoch, 1)
    await told.line().turn(told.store, block_ms=0)
    assert (await told.world.deliveries.outbox()).dead == 0


async def test_a_button_under_an_alert_that_cannot_be_read_says_so(redis: Redis) -> None:
    store = chain(redis)
    await store.commit(await held(store), None, block(1, alert(1, 1)))
    await spoil(redis, f"{KEPT}:body")
    with pytest.raises(UserError, match="cannot be read"):
        await store.alert(f"{1:032x}")


async def test_a_post_that_cannot_be_read_is_set_aside_at_once_and_its_channel_goes_on(world: World) -> None:
    for number in (1, 2, 3):
        await world.route(state(number))
    for number in (1, 2):
        one = state(number).alert.id
        await spoil(world.redis, f"{OURS}:post:{CHANNEL}:{one}", f"s:{one}")
    async with world.sending() as sender:
        await world.settled()
        assert world.discord.told(CHANNEL) == [said(3)]
        assert (sender.tally["dead"], sender.tally["defect"]) == (2, 0)
        await world.until(lambda: world.operator.heard)
        assert len(world.operator.heard) == 1
        assert set(await aside(world.redis)) == {f"{CHANNEL}:{state(n).alert.id}" for n in (1, 2)}
        await world.deliveries.update(state(1, rev=2))  # written by us: it can be read again
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(3), said(1, rev=2)]
    assert set(await aside(world.redis)) == {f"{CHANNEL}:{state(2).alert.id}"}
    assert world.clock.ms < START_MS + 1000, "nobody waited"


@pytest.mark.parametrize("fields", [{"of": "another form"}, {"post": "no-channel", "new": "1"}])
async def test_an_entry_of_the_outbox_that_cannot_be_read_is_set_aside(world: World, fields: Any) -> None:
    await world.redis.xadd(f"{OURS}:out", fields)
    await world.route(state(1))
    async with world.sending():
        await world.settled()
    assert world.discord.told(CHANNEL) == [said(1)]
    (name,) = await aside(world.redis)
    assert name.startswith("out:")


async def test_what_history_cannot_read_is_left_out_counted_and_said_once_of_a_sort(redis: Any) -> None:
    store, history = chain(redis), History(redis, [1])
    votes = tuple(events.vote(1, n) for n in range(3))
    await store.commit(await held(store), None, block(1, alert(1, 1), alert(1, 2), found=votes))
    for vote in votes[:2]:
        text: Any = await redis.hget(f"{KEPT}:event", vote.id)
        await spoil(redis, f"{KEPT}:event", vote.id, text.decode().partition("\n")[0] + "\n" + STRANGE)
    await spoil(redis, f"{KEPT}:body", f"{1:032x}")
    with capture_logs() as lines:
        for _ in range(2):
            assert [found.event for found in await history.votes()] == [votes[2]]
            assert [found.alert.id for found in await history.alerts()] == [f"{2:032x}"]
    assert len(history.unread) == 3
    assert [line["of"] for line in lines] == ["event", "alert"]


async def test_a_book_with_a_vote_that_cannot_be_read_is_no_book(redis: Redis) -> None:
    store, history = chain(redis), History(redis, [1])
    found = (events.created(1), events.vote(1, 1), events.vote(1, 2))
    await store.commit(await held(store), None, block(1, found=found))
    assert len(await history.ballots(1, events.GOVERNOR, 7) or []) == 2
    await spoil(redis, f"{KEPT}:book:{events.GOVERNOR}:7", found[1].id)
    assert await history.ballots(1, events.GOVERNOR, 7) is None
    assert len(history.unread) == 1


@pytest.mark.parametrize("text", [STRANGE, "no json, no head", '{"x": 1'])
async def test_a_damaged_record_can_be_taken_back_and_pruned_and_stops_no_block(redis: Redis, text: str) -> None:
    store, history = chain(redis), History(redis, [1])
    epoch = await held(store)
    found = (events.vote(1), events.vote(1, 1), events.vote(1, 2))
    await store.commit(epoch, None, block(1, alert(1, 1), alert(1, 2), found=found))
    await store.commit(epoch, at(1), block(2, alert(2, 3), found=(events.vote(2),)))
    for one in (found[0], events.vote(2)):
        await spoil(redis, f"{KEPT}:event", one.id, text)
    for n in (1, 3):
        await spoil(redis, f"{KEPT}:alert", f"{n:032x}", text)
    await store.rewind(epoch, at(2))
    await store.commit(epoch, at(1), block(2, alert(2, 3), found=(events.vote(2),)))
    assert await store.finalize(epoch, 2) == 2
    assert [stored.event.block for stored in await history.votes()] == [2, 1, 1]
    await redis.delete(f"{KEPT}:outbox")
    assert await store.prune(10_000_000) == 7
    assert await history.votes() == []
    assert await history.alerts() == []


async def test_a_subscription_that_cannot_be_read_is_left_out_and_the_others_load(world: World) -> None:
    for name in ("s1", "s2"):
        await world.subscriptions.add(Subscription(id=name, guild_id=1, channel_id=CHANNEL), by=1, now_ms=1)
    router = Router()
    place = await world.subscriptions.load(router)
    await spoil(world.redis, f"{OURS}:subs", "s1")
    with capture_logs() as lines:
        await world.subscriptions.load(router)
        assert len(router) == 1
        assert [s.id for s in await world.subscriptions.of_guild(1)] == ["s2"]
        await world.subscriptions.pause(CHANNEL, "shut", now_ms=2)
        await world.subscriptions.advance(router, place, block_ms=1)
    assert len(world.subscriptions.unread) == 1
    assert [line["event"] for line in lines] == ["a record cannot be read and is left out"]


async def test_a_change_of_settings_that_cannot_be_read_is_left_out(world: World) -> None:
    history = SettingsHistory(world.redis)
    await world.redis.xadd(f"{OURS}:settings:1", {"change": STRANGE})
    await world.subscriptions.add(Subscription(id="s1", guild_id=1, channel_id=CHANNEL), by=1, now_ms=1)
    await world.redis.xadd(f"{OURS}:settings:1", {"of": "another form"})
    assert [change.what for change in await history.list(1)] == ["add"]
    assert len(history.unread) == 2


async def test_status_and_metrics_count_what_cannot_be_read(world: World) -> None:
    history = History(world.redis, [1])
    vitals = Vitals(history, world.deliveries, world.subscriptions, {})
    assert all(line.well for line in await vitals.lines())
    store = chain(world.redis)
    await store.commit(await held(store), None, block(1, alert(1, 1)))
    await spoil(world.redis, f"{KEPT}:body")
    await history.alerts()
    await world.subscriptions.add(Subscription(id="s1", guild_id=1, channel_id=CHANNEL), by=1, now_ms=1)
    await spoil(world.redis, f"{OURS}:subs")
    await world.subscriptions.load(Router())
    await world.deliveries.bury(PostKey(CHANNEL, "a"), (), "an alert in it cannot be read", holder="one")
    ill = {line.what: line.how for line in await vitals.lines() if not line.well}
    assert set(ill) == {"Records of history", "Records of subscriptions", "Set aside"}
    assert "1 cannot be read" in ill["Records of history"]
    counted = {s.labels["of"]: s.value for s in vitals.samples() if s.name == "tribune_unreadable_records"}
    assert counted == {"history": 1, "subscriptions": 1}
