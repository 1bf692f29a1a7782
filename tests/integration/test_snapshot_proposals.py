"""Proposals on Snapshot, as the ledger tells them: made, about to end, counted, gone, back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from tests.hub import SPACE, proposal_id
from tests.spaces import DAY, FOR, NOW, W, World, settings_of, world_with_a_proposal
from watchers.alert import ReminderFacts
from watchers.snapshot.ledger import GONE


@pytest.fixture
async def w(redis: Redis) -> AsyncIterator[World]:
    async with world_with_a_proposal(redis) as made:
        yield made


async def test_a_vote_that_ends_soon_is_said_once_and_who_has_not_voted_is_unknown(w: World) -> None:
    w.fake.vote(1, FOR, 600, created=NOW + 10)
    await w.read(2 * DAY - 1)
    assert await w.said("reminder") == []
    await w.read(1)
    await w.read()
    await w.restart()
    await w.read()
    (one,) = await w.said("reminder")
    facts = one.alert.facts
    assert isinstance(facts, ReminderFacts)
    assert (facts.hours, facts.title, facts.ends_at_s, facts.absent) == (24, "Proposal 1", NOW + 3 * DAY, None)
    assert facts.tally is not None
    assert (facts.tally.for_raw, facts.tally.quorum_raw, facts.tally.passes) == (600 * W, 1_000 * W, False)
    text = plain(render([one], Lexicon(settings_of(w.fake.url, SPACE))), now_s=w.now_s)
    for told in ("Voting ends in", "Not voted yet unknown", "off-chain (Snapshot)"):
        assert told in text, text
    await w.read(DAY - 3 * 3_600)
    assert [two.alert.facts.hours for two in await w.said("reminder")] == [24, 3]  # type: ignore[union-attr]  # as above


async def test_nothing_is_said_of_a_vote_that_is_cancelled_or_whose_time_was_before_we_came(w: World) -> None:
    w.fake.propose(2, created=NOW - DAY, start=NOW - DAY, end=NOW + DAY - 10)
    await w.read()
    assert await w.said("reminder") == [], "its day began before the first reading"
    gone = w.fake.proposals.pop(0)
    for _ in range(GONE + 1):
        await w.read()
    await w.read(2 * DAY)
    assert await w.said("reminder") == []
    w.fake.proposals.append(gone)
    await w.read()
    (one,) = await w.said("reminder")
    assert one.alert.facts.proposal_id == 1  # type: ignore[union-attr]  # a reminder's facts


async def test_a_result_below_the_quorum_is_a_defeat(w: World) -> None:
    w.fake.proposals[0] |= {"state": "closed", "scores": [300, 0, 0], "scores_state": "final", "end": NOW + 30}
    await w.read()
    (step,) = [facts for facts in await w.steps() if not facts.followed]
    assert step.change == "defeated"
    assert "quorum not met (30.0 % of it)" in step.result


async def test_a_proposal_is_told_followed_and_ended_on_one_card(w: World) -> None:
    w.fake.propose(2, created=NOW + 5, start=NOW + 5, end=NOW + 600)
    w.fake.vote(1, FOR, 10, created=NOW + 6, on=2)
    await w.read()
    (created,) = await w.steps()
    assert created.change == "created"
    assert created.title == "Proposal 2"
    assert created.followed is not None
    assert [large.raw for large in created.followed.largest] == [10 * W], "votes below every floor move its tally"
    assert not created.followed.ended
    await w.read(600)
    (over,) = await w.steps()
    assert over.followed is not None
    assert over.followed.ended, "its deadline has passed, whatever the hub has counted"


async def test_choices_that_are_no_sides_are_told_in_words_and_count_toward_the_quorum(w: World) -> None:
    w.fake.propose(2, created=NOW + 5, start=NOW + 5, end=NOW + DAY, type="approval", choices=["Red", "Blue", "Green"])
    w.fake.vote(1, [2, 1], 600, created=NOW + 6, on=2)
    await w.read()
    (facts,) = await w.votes()
    assert (facts.support, facts.choice) == ("unknown", "Blue, Red")
    assert facts.after.unsided
    assert facts.after.toward_quorum_raw == 600 * W
    assert facts.after.passes is None


async def test_shielded_votes_are_unknown_until_the_hub_opens_them(w: World) -> None:
    one = w.fake.propose(2, created=NOW + 5, start=NOW + 5, end=NOW + 300, privacy="shutter")
    cast = w.fake.vote(1, "0x-sealed", 1_600, created=NOW + 6, on=2)
    await w.read()
    (facts,) = await w.votes()
    assert (facts.support, facts.choice, facts.flips) == ("unknown", "", None)
    assert facts.after.unsided, "nobody knows yet on which side it is"
    one |= {"state": "closed", "scores": [1_600, 0, 0], "scores_state": "final"}
    cast["choice"] = FOR
    await w.read(300)
    (facts,) = await w.votes()
    assert (facts.support, facts.for_raw, facts.after.unsided) == ("for", 1_600 * W, False)
    assert (await w.steps())[-1].change == "passed"


async def test_a_proposal_that_the_hub_has_no_more_is_told_as_cancelled_once(w: World) -> None:
    gone = w.fake.proposals.pop()
    for _ in range(GONE - 1):
        await w.read()
    assert await w.steps() == []
    w.fake.proposals.append(gone)
    await w.read()
    w.fake.proposals.clear()
    for _ in range(GONE + 2):
        await w.read()
    assert [facts.change for facts in await w.steps() if not facts.followed] == ["canceled"]


@pytest.mark.parametrize(
    "bent",
    [{"choices": None}, {"author": "0x12"}, {"scores": [-1]}, {"id": 7}, {"id": ""}, {"id": proposal_id(1).upper()}],
)
async def test_a_proposal_whose_row_makes_no_sense_is_counted_and_not_taken_for_gone(
    w: World, bent: dict[str, Any]
) -> None:
    whole = w.fake.proposals[0]
    w.fake.proposals = [whole | bent]
    for _ in range(GONE + 2):
        await w.read()
    assert await w.steps() == []
    assert w.ledger.counters.decode_errors == GONE + 2
    w.fake.proposals = [whole]
    w.fake.vote(1, FOR, 600, created=w.now_s + 10)
    await w.read()
    assert len(await w.votes()) == 1, "it goes on as soon as it can be read"


async def test_a_proposal_that_comes_back_takes_its_cancellation_back(w: World) -> None:
    w.fake.propose(2, created=NOW + 5, start=NOW + 5, end=NOW + 2 * DAY)
    await w.read()
    gone = w.fake.proposals.pop()
    for change, over in (("canceled", True), ("restored", False)) * 2:
        for _ in range(GONE + 1):
            await w.read()
        steps = [facts.change for facts in await w.steps() if facts.followed is None]
        assert steps[-1] == change
        assert (await w.followed()).ended == over
        w.fake.proposals = w.fake.proposals[:1] if gone in w.fake.proposals else [*w.fake.proposals, gone]
    assert steps == ["canceled", "restored"] * 2
    w.fake.proposals = [*w.fake.proposals[:1], gone]
    await w.read(2 * DAY)
    assert (await w.followed()).ended, "its deadline has passed, as any other's does"
    gone |= {"state": "closed", "scores": [1_600, 0, 0], "scores_state": "final"}
    await w.read()
    assert {step.change for step in (await w.followed()).steps} == {"created", "canceled", "restored", "passed"}


async def test_flagged_proposals_and_their_votes_are_left_out(w: World) -> None:
    w.fake.propose(2, created=NOW + 5, start=NOW + 5, end=NOW + DAY, flagged=True)
    w.fake.vote(1, FOR, 5_000, created=NOW + 6, on=2)
    await w.read()
    assert await w.said() == []
    w.fake.proposals[0]["flagged"] = True  # what is told goes on
    w.fake.vote(2, FOR, 600, created=NOW + 70)
    await w.read()
    assert len(await w.votes()) == 1
