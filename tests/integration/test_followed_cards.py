"""The card that follows a proposal: what links it, who gets it, and that it comes once."""

import msgspec
import pytest
from redis.asyncio import Redis

from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.mute import Mute
from bot.deliver.route import Route, Router
from bot.store import Mutes
from bot.subscription import Subscription
from tests.delivery_world import CHANNEL, START_MS, World, state
from tests.integration.test_calm_edits import standing
from watchers.alert import AlertState, ProposalFacts

LATER = 6
SUBJECT = standing(1).alert.subject


class Here(World):
    """The line and the sender over one store."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.router, self.mutes = Router(), Mutes(redis)
        stages = (Route(self.router), Mute(self.mutes, clock_ms=self.clock), Group(self.deliveries))
        self.line = Line([], self.deliveries, stages, consumer="c", sleep=self.clock.sleep)
        self.hear(CHANNEL)

    def hear(self, channel: int) -> None:
        self.router.put(Subscription(id=f"s{channel}", guild_id=1, channel_id=channel))

    async def say(self, told: AlertState) -> list[tuple[str, str]]:
        said = [(verdict.stage, verdict.outcome) for verdict in await self.line.handle(told)]
        async with self.sending(self.sender(calm_ms=0)):
            await self.settled()
        return said


@pytest.fixture
def here(redis: Redis) -> Here:
    return Here(redis)


def step(number: int = 2, *, live: bool = True, rev: int = 1) -> AlertState:
    """Give the news of a later step, which names the alert that follows."""
    followed = standing(1).alert.facts
    assert isinstance(followed, ProposalFacts)
    facts = msgspec.structs.replace(followed, change="queued", followed=None, follows=standing(1).alert.id)
    return state(number, rev, live=live, kind="liquidity", facts=facts)


async def test_the_card_of_a_step_links_the_card_that_follows_its_proposal(here: Here) -> None:
    await here.say(standing(1))
    await here.say(step())
    (_, told) = here.discord.told(CHANNEL)
    link = here.discord.link(CHANNEL, here.discord.channels[CHANNEL][0].id)
    assert told[-1] == f"How it stands: [the live card]({link})"
    await here.say(step(rev=2))
    assert here.discord.told(CHANNEL)[1][-1] == told[-1]  # an edit keeps it


async def test_a_step_links_nothing_where_its_proposal_has_no_card(here: Here) -> None:
    await here.say(step())
    assert "All of it" not in str(here.discord.told(CHANNEL))


async def test_who_subscribed_later_gets_the_card_with_the_next_change_and_nobody_gets_it_twice(here: Here) -> None:
    assert await here.say(standing(1)) == [("route", "wanted"), ("group", "new")]
    here.hear(LATER)
    assert ("group", "new") in await here.say(standing(2))
    await here.say(standing(3))
    for channel in (CHANNEL, LATER):
        (told,) = here.discord.told(channel)
        assert told[0].endswith("rev 3")


@pytest.mark.parametrize("bent", [{"live": False}, {"final": True}], ids=["taken back", "final"])
async def test_what_is_no_change_of_a_standing_proposal_brings_nobody_a_card(here: Here, bent: dict[str, bool]) -> None:
    await here.say(standing(1))
    here.hear(LATER)
    await here.say(msgspec.structs.replace(standing(2), **bent))
    assert here.discord.told(LATER) == []


async def test_news_of_another_kind_is_not_routed_again(here: Here) -> None:
    await here.say(state(1))
    here.hear(LATER)
    assert await here.say(state(1, rev=2)) == [("line", "updated")]
    assert here.discord.told(LATER) == []


async def test_a_channel_that_snoozes_the_proposal_gets_no_card_later_and_keeps_the_one_it_has(here: Here) -> None:
    await here.say(standing(1))
    here.hear(LATER)
    for channel in (CHANNEL, LATER):
        await here.mutes.snooze(channel, SUBJECT, START_MS + 3_600_000, guild_id=1, by=1, now_ms=START_MS)
    await here.say(standing(2))
    assert here.discord.told(LATER) == []
    assert here.discord.told(CHANNEL)[0][0].endswith("rev 2")


async def test_a_followed_card_that_a_person_deleted_is_not_posted_again(here: Here) -> None:
    await here.say(standing(1))
    here.discord.deleted.add(here.discord.channels[CHANNEL][0].id)
    for rev in (2, 3):
        await here.say(standing(rev))
    assert here.discord.told(CHANNEL) == []
