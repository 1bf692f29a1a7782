"""Votes that are signed and never sent: read from a hub over real HTTP, each told once, corrected where it was told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from tests.hub import OTHER_SPACE, SPACE, proposal_id
from tests.integration.test_supervisor import Notices, fast_clock, fast_sleep, running, until
from tests.spaces import CHAIN_ID, DAY, FOR, NOW, W, World, world, world_with_a_proposal
from watchers.errors import ChainError
from watchers.snapshot.hub import MOST_ROWS, PAGE
from watchers.snapshot.ledger import ENDED_S, Reading
from watchers.supervisor import Follower


@pytest.fixture
async def w(redis: Redis) -> AsyncIterator[World]:
    async with world_with_a_proposal(redis) as made:
        yield made


async def test_a_first_reading_keeps_what_it_finds_and_tells_nobody(redis: Redis) -> None:
    async with world(redis) as w:
        w.fake.propose(1, created=NOW - DAY, start=NOW - DAY, end=NOW + DAY)
        w.fake.vote(1, FOR, 600, created=NOW - 100)
        w.fake.propose(2, created=NOW - 9 * DAY, start=NOW - 9 * DAY, end=NOW - DAY, state="closed",
                       scores=[2_000, 1, 0], scores_state="final")  # fmt: skip
        await w.read(0)
        await w.read()
        assert await w.said() == []
        found = await w.history.votes(chain_id=CHAIN_ID)
        assert [one.time_s for one in found] == [NOW - 100]
        assert len(await w.history.proposals(chain_id=CHAIN_ID)) == 2
        governor = "0x" + "1".zfill(40)
        ballots = await w.history.ballots(CHAIN_ID, governor, 1)
        assert ballots is not None
        assert [ballot.for_raw for ballot in ballots] == [600 * W]


async def test_a_first_reading_that_is_killed_begins_again_and_still_tells_nobody(redis: Redis) -> None:
    async with world(redis) as w:
        for number in (1, 2):
            w.fake.propose(number, created=NOW - DAY, start=NOW - DAY, end=NOW + DAY)
            w.fake.vote(number, FOR, 600, created=NOW - 100, on=number)
        w.fake.fault = lambda query: web.Response(status=502) if proposal_id(2) in query else None
        with pytest.raises(ChainError, match="502"):
            await w.read(0)
        assert await w.store.cursor() is None
        w.fake.fault = lambda _: None
        await w.restart()
        await w.read()
        assert await w.said() == []
        assert len(await w.history.votes(chain_id=CHAIN_ID)) == 2


async def test_a_kill_between_reading_and_commit_neither_loses_nor_repeats_a_vote(w: World) -> None:
    w.fake.vote(1, FOR, 600, created=NOW + 10)
    committed = w.store.commit

    async def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    w.store.commit = killed  # type: ignore[assignment, method-assign]  # the process dies right before the commit
    with pytest.raises(KeyboardInterrupt):
        await w.read()
    w.store.commit = committed  # type: ignore[method-assign]  # the next process has a whole one
    await w.restart()
    await w.read()
    await w.restart()
    await w.read()
    assert len(await w.votes()) == 1


async def test_votes_of_one_second_that_a_page_cuts_in_two_are_all_read(w: World) -> None:
    for number in range(1, PAGE + 300):
        w.fake.vote(number, FOR, 1, created=NOW + (10 if number < PAGE - 100 else 20))
    await w.read()
    assert len(await w.history.votes(chain_id=CHAIN_ID, limit=5_000)) == PAGE + 299
    pages = [skip for what, where, skip in w.fake.asked if what == "votes" and where.get("created_gte") == NOW + 20]
    assert pages == [101, 400], "the second page begins in the second that the first one cut"


async def test_a_page_that_is_shorter_than_asked_for_is_not_taken_for_the_last(w: World) -> None:
    w.fake.most = 7
    for number in range(1, 31):
        w.fake.vote(number, FOR, 1, created=NOW + number)
    await w.read()
    assert len(await w.history.votes(chain_id=CHAIN_ID, limit=5_000)) == 30


async def test_after_a_long_outage_all_is_read_and_says_that_it_is_late(w: World) -> None:
    w.fake.propose(2, created=NOW + DAY, start=NOW + DAY, end=NOW + 9 * DAY)
    w.fake.vote(1, FOR, 600, created=NOW + DAY + 5, on=2)
    await w.read(2 * DAY)
    said = await w.said()
    assert [one.alert.kind for one in said] == ["proposal", "vote", "reminder"]
    assert said[1].late_s == DAY - 5


@pytest.mark.parametrize(
    "bent",
    [
        {"vp": "many"}, {"vp": 1e300}, {"vp": -1}, {"voter": "0x12"}, {"choice": 9}, {"choice": [1]}, {"choice": None},
        {"created": 2**39}, {"id": "a:b"}, {"proposal": None}, {"reason": 7}, {"reason": "x" * 100_001},
    ],
)  # fmt: skip
async def test_a_row_that_makes_no_sense_is_counted_and_harms_no_other(w: World, bent: dict[str, Any]) -> None:
    w.fake.vote(1, FOR, 600, created=NOW + 10)
    w.fake.vote(2, FOR, 600, created=NOW + 11)
    w.fake.votes[0] |= bent
    w.fake.proposals.append({**w.fake.proposals[0], "id": "QmOld"})
    await w.read()
    assert len(await w.votes()) == 1
    assert w.ledger.counters.decode_errors >= 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (lambda: web.Response(status=429, headers={"Retry-After": "30"}), "429"),
        (lambda: web.Response(text="<html>"), "not JSON"),
        (lambda: web.Response(text='{"data": {"votes": [1e99999999999999999999]}}'), "not JSON"),
        (lambda: web.json_response({"data": {"votes": None}, "errors": [{"message": "request failed"}]}), "in part"),
        (lambda: web.json_response({"data": {"votes": None}}), "left a part"),
        (lambda: web.json_response({"data": None}), "in part"),
        (lambda: web.Response(status=500), "500"),
    ],
)
async def test_an_answer_that_is_not_whole_moves_nothing_and_the_next_reading_has_all(
    w: World, given: Any, why: str
) -> None:
    cursor = await w.store.cursor()
    w.fake.vote(1, FOR, 600, created=NOW + 10)
    w.fake.fault = lambda query: given() if "votes(" in query else None
    with pytest.raises(ChainError, match=why):
        await w.read(2 * DAY)
    assert await w.store.cursor() == cursor
    w.fake.fault = lambda _: None
    await w.restart()
    await w.read()
    assert len(await w.votes()) == 1


async def test_a_space_that_is_added_later_brings_no_news_of_its_past(w: World) -> None:
    w.fake.propose(2, created=NOW - DAY, start=NOW - DAY, end=NOW + DAY, space={"id": OTHER_SPACE})
    w.fake.vote(1, FOR, 600, created=NOW - 100, on=2, space={"id": OTHER_SPACE})
    w.spaces = (SPACE, OTHER_SPACE)
    await w.restart()
    await w.read()
    assert await w.said() == []
    w.fake.vote(2, FOR, 600, created=NOW + 100, on=2, space={"id": OTHER_SPACE})
    await w.read()
    (facts,) = await w.votes()
    assert facts.before.for_raw == 600 * W


async def test_every_request_stays_within_the_hubs_limits(w: World) -> None:
    began = w.clock()
    await w.read()
    assert w.clock() - began >= w.ledger.hub.requests - 4
    wheres = [where for what, where, _ in w.fake.asked if what == "proposals"]
    assert wheres[0]["end_gte"] == NOW - ENDED_S


async def test_a_hub_without_end_fails_the_reading_and_fills_no_memory(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOST_ROWS, "proposals", 3)
    for number in (2, 3, 4):
        w.fake.propose(number, created=NOW - DAY + number, start=NOW - DAY, end=NOW + DAY)
    with pytest.raises(ChainError, match="more than 3 proposals"):
        await w.read()
    w.fake.proposals.pop()
    await w.read()


async def test_after_a_refusal_the_hub_is_left_alone_as_long_as_it_asks(w: World) -> None:
    w.fake.fault = lambda _: web.Response(status=429, headers={"Retry-After": "30"})
    with pytest.raises(ChainError, match="429"):
        await w.read()
    w.fake.fault = lambda _: None
    refused_at = w.clock()
    await w.read()
    assert w.clock() - refused_at >= 30


async def test_votes_that_were_pruned_are_not_told_again_when_the_proposal_is_counted(w: World) -> None:
    w.fake.vote(1, FOR, 1_600, created=NOW + 10)
    await w.read()
    await w.read(2 * DAY)
    await w.store.prune((NOW + DAY) * 1000)
    assert await w.said("vote") == []
    w.fake.proposals[0] |= {"state": "closed", "scores": [1_600, 0, 0], "scores_state": "final", "end": w.now_s}
    await w.read()
    assert await w.said("vote") == []
    assert [facts.change for facts in await w.steps() if not facts.followed] == ["passed"]


async def test_silence_of_the_hub_is_told_the_operator_and_so_is_its_end(w: World) -> None:
    operator, due = Notices(), asyncio.Event()

    async def sleep(_: float) -> None:
        await due.wait()

    def feed(*_: Any) -> AsyncIterator[Reading]:
        return w.ledger.readings(sleep)

    await w.redis.delete(f"{{c:{CHAIN_ID}}}:lease")
    w.fake.fault = lambda _: web.Response(status=503)
    given: dict[str, Any] = {"holder": "me", "clock": fast_clock, "sleep": fast_sleep, "jitter": lambda: 1.0}
    followed = Follower(w.ledger.chain, w.store, w.ledger, feed, operator, **given)
    assert followed.silence.stall_s == 180
    async with running(followed):
        await until(lambda: bool(operator.told))
        assert operator.told[0][:2] == ("stalled", "snapshot")
        assert followed.down == "the Snapshot hub answers 503"
        w.fake.fault = lambda _: None
        await until(lambda: len(operator.told) > 1)
        assert operator.told[1][:2] == ("recovered", "snapshot")
        assert followed.down == ""
