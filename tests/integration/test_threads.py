"""A proposal's thread: started on its card, written down before it is tried, and the channel where it cannot be."""

import asyncio
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from bot.cards.card import Card
from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.mute import Mute
from bot.deliver.port import INVALID_BODY, MISSING_PERMISSIONS, THREAD_LOCKED, UNKNOWN_CHANNEL
from bot.deliver.record import Place
from bot.deliver.route import Route, Router
from bot.store import Mutes
from bot.subscription import Subscription
from tests.delivery_world import CHANNEL, FakeDiscord, World, draw, state
from tests.integration.test_calm_edits import standing
from tests.integration.test_delivery_crashes import Saw, SawnDeliveries
from watchers.alert import AlertState, short_id
from watchers.errors import NotDelivered, Undeliverable

NAME = "Uniswap: Fees"
THREAD = 1000 * CHANNEL  # the id of the first message of the channel


def named(states: Any, *, ping_role: int | None) -> Card:
    return msgspec.structs.replace(draw(states, ping_role=ping_role), thread=NAME)


def vote(number: int, rev: int = 1, **changes: Any) -> AlertState:
    """Make a vote too late to share the post of the one before it."""
    return state(number, rev, block_time_s=1_760_000_000 + 100 * number, **changes)


LATER = vote(2)


def mark(told: AlertState) -> str:
    return short_id(told.alert.id)


class Here(World):
    """The line and the sender over one store, with one subscription."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.router = Router()
        stages = (Route(self.router), Mute(Mutes(redis), clock_ms=self.clock), Group(self.deliveries))
        self.line = Line([], self.deliveries, stages, consumer="c", sleep=self.clock.sleep)
        self.ask(threads=True)

    def ask(self, *, threads: bool) -> None:
        self.router.put(Subscription(id="s1", guild_id=1, channel_id=CHANNEL, threads=threads))

    async def say(self, *told: AlertState) -> None:
        """Route alerts, one after another, and let the sender settle each."""
        for one in told:
            await self.line.handle(one)
            async with self.sending(self.sender(render=named)):
                await self.settled()

    def where(self, told: AlertState) -> list[int]:
        """Name the places whose messages tell of an alert."""
        return [place for place in sorted(self.discord.channels) if mark(told) in str(self.discord.told(place))]


@pytest.fixture
def here(redis: Redis) -> Here:
    return Here(redis)


async def test_the_card_starts_a_thread_and_stays_in_the_channel_and_later_cards_go_into_the_thread(here: Here) -> None:
    await here.say(standing(1), LATER, vote(3), standing(2, "queued"))
    assert here.discord.threads == {THREAD: [NAME]}
    assert here.where(standing(1)) == [CHANNEL]
    assert here.where(LATER) == here.where(vote(3)) == [THREAD]
    assert "rev 2" in str(here.discord.told(CHANNEL))
    await here.say(vote(2, 2, live=False))
    assert "gone" in str(here.discord.told(THREAD))  # a reorg's word reaches it there


async def test_a_channel_that_asks_for_none_has_none_and_other_subjects_stay_in_the_channel(here: Here) -> None:
    here.ask(threads=False)
    await here.say(standing(1), LATER)
    assert here.discord.threads == {}
    assert here.where(LATER) == [CHANNEL]
    here.ask(threads=True)
    other = vote(4, subject="proposal:1:0x11:8")
    await here.say(standing(2), other, vote(5))
    assert here.discord.threads == {THREAD: [NAME]}  # the card that was there already starts it with its next change
    assert (here.where(other), here.where(vote(5))) == ([CHANNEL], [THREAD])
    here.ask(threads=False)
    await here.say(standing(3), vote(6))
    assert here.where(vote(6)) == [CHANNEL]


async def test_what_comes_while_the_thread_is_being_started_is_on_the_card_afterwards(here: Here) -> None:
    await here.line.handle(standing(1))
    begun = asyncio.Event()

    async def start_thread(channel_id: int, message_id: int, name: str) -> None:
        if not begun.is_set():
            begun.set()
            await here.line.handle(standing(2, "queued"))
            await asyncio.sleep(0.05)  # the sender reads it, and it joins the job in hand
            raise NotDelivered("HTTP 503")
        await FakeDiscord.start_thread(here.discord, channel_id, message_id, name)

    here.discord.start_thread = start_thread  # type: ignore[method-assign] # the same signature, once slow
    async with here.sending(here.sender(render=named)):
        await here.settled()
    assert here.discord.threads == {THREAD: [NAME]}
    assert here.discord.told(CHANNEL) == [(f"{mark(standing(1))} rev 2",)]


async def test_a_card_in_doubt_whose_thread_was_deleted_is_told_in_the_channel(here: Here, redis: Redis) -> None:
    await here.say(standing(1))
    await redis.set("{d:0}:engine", "another run")
    here.discord.refused[THREAD] = Undeliverable("the channel is gone", UNKNOWN_CHANNEL)
    await here.say(LATER)
    assert here.where(LATER) == [CHANNEL]
    assert await here.subscriptions.untold() == []


async def test_a_card_that_was_taken_back_starts_no_thread(here: Here) -> None:
    await here.line.handle(standing(1))
    here.discord.faults = [None, NotDelivered("HTTP 503")]
    async with here.sending(here.sender(render=named)):
        await here.until(lambda: ("thread", CHANNEL) in [(what, where) for what, where, _ in here.discord.requests])
        gone = msgspec.structs.replace(standing(2), live=False)
        await here.line.handle(gone)
        await here.settled()
    assert here.discord.threads == {}


async def test_a_deleted_thread_falls_back_to_the_channel_and_says_so_once(here: Here) -> None:
    await here.say(standing(1), LATER)
    here.discord.refused[THREAD] = Undeliverable("the channel is gone", UNKNOWN_CHANNEL)
    await here.say(vote(3), vote(4), standing(2))
    assert (here.where(vote(3)), here.where(vote(4))) == ([CHANNEL], [CHANNEL])
    said = [facts for facts in here.discord.told(CHANNEL) if "was deleted" in str(facts)]
    assert len(said) == 1
    assert mark(vote(3)) in str(said)
    assert len(here.discord.threads[THREAD]) == 1  # a thread that somebody deleted is not started again
    await here.say(vote(3, 2))
    assert next(f for f in here.discord.told(CHANNEL) if "was deleted" in str(f))[0].endswith("rev 2")
    assert await here.subscriptions.untold() == []


async def test_a_card_in_a_deleted_thread_is_given_up_and_the_next_one_says_it(here: Here) -> None:
    await here.say(standing(1), LATER)
    here.discord.refused[THREAD] = Undeliverable("the channel is gone", UNKNOWN_CHANNEL)
    await here.say(vote(2, 2), vote(3))
    assert "was deleted" in str(here.discord.told(CHANNEL)[-1])
    assert await here.subscriptions.untold() == []


async def test_a_locked_thread_falls_back_to_the_channel_and_says_so_once(here: Here) -> None:
    await here.say(standing(1))
    here.discord.refused[THREAD] = Undeliverable("the thread is locked", THREAD_LOCKED)
    await here.say(LATER, vote(3))
    assert (here.where(LATER), here.where(vote(3))) == ([CHANNEL], [CHANNEL])
    assert str(here.discord.told(CHANNEL)).count("is locked") == 1


async def test_a_lost_permission_shuts_the_channel_and_the_thread_is_started_when_it_is_mended(here: Here) -> None:
    await here.line.handle(standing(1))
    here.discord.faults = [None, Undeliverable("I may not start threads", MISSING_PERMISSIONS)]
    async with here.sending(here.sender(render=named)):
        await here.settled()
        assert [shut.reason for shut in await here.subscriptions.untold()] == ["I may not start threads"]
        await here.subscriptions.resume(CHANNEL, by=1, now_ms=here.clock())
        await here.settled()
    assert here.discord.threads == {THREAD: [NAME]}


async def test_where_discord_will_have_no_thread_cards_stay_in_the_channel_and_the_operator_hears(here: Here) -> None:
    await here.line.handle(standing(1))
    here.discord.faults = [None, Undeliverable("HTTP 400, code 160006", INVALID_BODY)]
    async with here.sending(here.sender(render=named)):
        await here.settled()
    await here.say(LATER)
    assert here.where(LATER) == [CHANNEL]
    assert "No thread was started" in here.operator.heard[0]
    assert await here.subscriptions.untold() == []


async def test_a_card_that_a_person_deleted_starts_no_thread(here: Here) -> None:
    here.ask(threads=False)
    await here.say(standing(1))
    here.discord.deleted.add(THREAD)
    here.ask(threads=True)
    await here.say(standing(2), LATER)
    assert here.discord.threads == {}
    assert here.where(LATER) == [CHANNEL]


async def test_after_the_store_was_started_anew_a_card_is_looked_for_in_its_thread(here: Here, redis: Redis) -> None:
    await here.say(standing(1), LATER)
    post = f"{{d:0}}:post:{CHANNEL}:{LATER.alert.id}"
    await redis.hdel(post, "message", "shown", "try", "tried", "where")  # its last second is lost
    await redis.hset(post, "shown", 0)
    await redis.set("{d:0}:engine", "another run")
    here.clock.ms += 600_000
    await here.say(vote(2, 2))
    assert here.discord.told(THREAD) == [(f"{mark(LATER)} rev 2",)]
    assert here.where(LATER) == [THREAD]


class SawnDiscord(FakeDiscord):
    saw: Saw

    async def _request(self, what: str, channel_id: int) -> Any:
        await self.saw.tick()
        return await super()._request(what, channel_id)

    async def post(self, channel_id: int, card: Any, nonce: str) -> int:
        message = await super().post(channel_id, card, nonce)
        await self.saw.tick()
        return message

    async def start_thread(self, channel_id: int, message_id: int, name: str) -> None:
        await super().start_thread(channel_id, message_id, name)
        await self.saw.tick()

    async def edit(self, channel_id: int, message_id: int, card: Any) -> None:
        await super().edit(channel_id, message_id, card)
        await self.saw.tick()


@pytest.mark.parametrize("away_s", [0, 3600], ids=["restarted at once", "restarted an hour later"])
@pytest.mark.parametrize("threads", [True, False])
async def test_a_kill_between_any_two_steps_of_a_followed_proposal_loses_and_repeats_nothing(
    redis: Redis, away_s: int, *, threads: bool
) -> None:
    at, sawn = 1, True
    while sawn:
        await redis.flushall()
        here, saw = Here(redis), Saw(at)
        here.ask(threads=threads)
        here.deliveries, here.discord = SawnDeliveries(redis), SawnDiscord(here.clock)
        here.deliveries.saw = here.discord.saw = saw
        for told in (standing(1), LATER, standing(2, "queued"), vote(2, 2)):
            await here.line.handle(told)
            async with here.sending(here.sender(render=named)):
                done = {asyncio.create_task(here.settled()), asyncio.create_task(saw.cut.wait())}
                await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.cancel()
                await asyncio.gather(*done, return_exceptions=True)
            if saw.cut.is_set():
                here.clock.ms += away_s * 1000
                async with here.sending(here.sender(render=named)):
                    await here.settled()
        card, later = (f"{mark(standing(1))} rev 2",), (f"{mark(LATER)} rev 2",)
        wanted = {CHANNEL: [card], THREAD: [later]} if threads else {CHANNEL: [card, later]}
        assert {place: here.discord.told(place) for place in here.discord.channels} == wanted, f"killed at step {at}"
        assert bool(here.discord.threads) is threads
        sawn = saw.cut.is_set()
        at += 1
    assert at > 20


async def test_a_thread_that_the_store_does_not_know_yet_takes_no_cards(here: Here) -> None:
    await here.deliveries.route(standing(1), [Place(CHANNEL, 1, threads=True)])
    await here.deliveries.route(LATER, [Place(CHANNEL, 1)])
    here.discord.faults = [None, *[NotDelivered("HTTP 503")] * 2]
    async with here.sending(here.sender(render=named)):
        await here.settled()
    assert here.where(LATER) == [THREAD]  # it waited for the thread rather than go before it


async def test_a_subscription_that_an_older_version_wrote_can_be_changed(redis: Redis) -> None:
    world = World(redis)
    written = b'{"id":"s1","guild_id":1,"channel_id":5,"kind":"*","chain_id":null,"dao":"","protocol":"","token":"",'
    written += b'"address":"","min_severity":"info","min_usd":null,"min_share":"0.05","ping_role":null,"created_by":0,'
    written += b'"created_at_ms":0,"paused":""}'
    await redis.hset("{d:0}:subs", "s1", written)
    await redis.sadd("{d:0}:subs:guild:1", "s1")
    (one,) = await world.subscriptions.of_guild(1)
    asks = msgspec.structs.replace(one, threads=True)
    await world.subscriptions.edit(one, asks, by=1, now_ms=1)
    assert await world.subscriptions.of_guild(1) == [asks]
    await world.subscriptions.edit(asks, one, by=1, now_ms=2)
    await world.subscriptions.remove(one, by=1, now_ms=3)
    assert await world.subscriptions.of_guild(1) == []
