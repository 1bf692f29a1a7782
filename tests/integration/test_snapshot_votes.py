"""Votes on Snapshot, as the ledger tells them: large, late, corrected, cast again."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.spaces import AGAINST, CHAIN_ID, DAY, FOR, NOW, W, World, world_with_a_proposal
from watchers.alert import VoteFacts
from watchers.governance.events import Vote
from watchers.snapshot.ledger import OVERLAP_S


@pytest.fixture
async def w(redis: Redis) -> AsyncIterator[World]:
    async with world_with_a_proposal(redis) as made:
        yield made


async def test_a_large_vote_is_told_once_with_what_it_changed(w: World) -> None:
    w.fake.vote(1, AGAINST, 100, created=NOW + 10)
    w.fake.vote(2, FOR, 1200.5, created=NOW + 20, reason="because")
    w.fake.vote(3, FOR, 0.000000000000000001, created=NOW + 21)
    for _ in range(3):
        await w.read()
    first, second = await w.votes()
    assert (first.support, second.support) == ("against", "for")
    assert second.weight.raw == 1_200 * W + W // 2
    assert second.flips == "passing"
    assert second.crosses_quorum
    assert second.reason_text == "because"
    assert second.before.against_raw == 100 * W
    assert second.ends_at_s == NOW + 3 * DAY
    stored = [one.event for one in await w.history.votes(chain_id=CHAIN_ID)]
    assert [vote.weight_raw for vote in stored if isinstance(vote, Vote)] == [1, second.weight.raw, 100 * W]


async def test_a_vote_that_the_hub_shows_late_is_told_all_the_same(w: World) -> None:
    await w.read(OVERLAP_S)
    w.fake.vote(1, FOR, 600, created=w.now_s - OVERLAP_S + 61)
    await w.read()
    assert len(await w.votes()) == 1


async def test_a_vote_that_the_hub_shows_far_too_late_is_told_with_the_result(w: World) -> None:
    await w.read(DAY)
    w.fake.vote(1, FOR, 1_600, created=NOW + 10)
    await w.read()
    assert await w.votes() == []
    w.fake.proposals[0] |= {"state": "closed", "scores": [1_600, 0, 0], "scores_state": "final", "end": w.now_s}
    await w.read()
    (one,) = await w.said("vote")
    assert one.late_s is not None
    assert one.late_s > DAY


@pytest.mark.parametrize(("cast_s", "severity"), [(DAY, "notable"), (3 * DAY - 60, "critical")])
async def test_a_swing_is_late_by_when_it_was_cast_and_not_by_when_it_is_read(
    w: World, cast_s: int, severity: str
) -> None:
    w.fake.vote(1, FOR, 960, created=NOW + 10)
    await w.read()
    w.fake.vote(2, FOR, 60, created=NOW + cast_s)  # the quorum is met by it
    await w.read(3 * DAY - 90)
    crossing = (await w.said("vote"))[-1]
    assert isinstance(crossing.alert.facts, VoteFacts)
    assert crossing.alert.facts.crosses_quorum
    assert crossing.alert.severity == severity


async def test_a_corrected_vote_edits_what_was_said_and_is_no_news(w: World) -> None:
    cast = w.fake.vote(1, FOR, 600, created=NOW + 10)
    small = w.fake.vote(2, AGAINST, 1, created=NOW + 11)
    await w.read()
    (before,) = await w.said("vote")
    cast["vp"], small["vp"] = 20, 900
    await w.read()
    (after,) = await w.said("vote")
    assert after.rev > before.rev
    assert after.moved_from is None, "no reorg moved it"
    assert after.alert.amended
    assert after.alert.reasons == before.alert.reasons, "it stays for what it was said for"
    facts = after.alert.facts
    assert isinstance(facts, VoteFacts)
    assert (facts.weight.raw, facts.for_raw) == (20 * W, 20 * W)
    assert facts.before.for_raw == 0, "what it changed is held against its absence"
    governor = "0x" + "1".zfill(40)
    ballots = await w.history.ballots(CHAIN_ID, governor, 1)
    assert ballots is not None
    assert sorted(ballot.for_raw + ballot.against_raw for ballot in ballots) == [20 * W, 900 * W]


async def test_a_voter_who_votes_again_takes_the_first_vote_back(w: World) -> None:
    w.fake.vote(1, FOR, 600, created=NOW + 10)
    await w.read()
    w.fake.votes.clear()
    w.fake.vote(9, AGAINST, 600, created=NOW + 70, voter=f"0x{1:040x}")
    await w.read()
    _, again = await w.votes()
    assert (again.after.for_raw, again.after.against_raw) == (0, 600 * W)


async def test_voting_power_that_is_corrected_after_the_end_is_read_again_before_the_result(w: World) -> None:
    one = w.fake.proposals[0]
    cast = w.fake.vote(1, FOR, 600, created=NOW + 10)
    w.fake.vote(2, AGAINST, 500, created=NOW + 11)
    await w.read()
    await w.read(3 * DAY)
    assert [facts.change for facts in await w.steps()] == ["created"], "closed and not counted: no result yet"
    cast["vp"] = 700
    one |= {"state": "closed", "scores": [700, 500, 0], "scores_state": "final"}
    await w.read()
    await w.read()
    followed, result = await w.steps()
    assert result.change == "passed"
    assert result.result == "For 58.3 % · Against 41.7 %; quorum met (120.0 % of it)"
    assert result.tally is not None
    assert (result.tally.for_raw, result.tally.against_raw) == (700 * W, 500 * W)
    assert followed.followed is not None
    assert followed.followed.ended
    large = next(vote for vote in await w.votes() if vote.support == "for")
    assert large.weight.raw == 700 * W
