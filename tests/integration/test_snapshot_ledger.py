"""Votes that are signed and never sent: read from a hub over real HTTP, each told once, corrected where it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import Chain, Dao, ReminderWatch, Runtime, Settings, VoteWatch
from tests.hub import OTHER_SPACE, SPACE, FakeHub, proposal_id, serving
from tests.integration.test_supervisor import Notices, fast_clock, fast_sleep, running, until
from tests.node import Clock
from watchers.alert import AlertState, Followed, ProposalFacts, ReminderFacts, VoteFacts
from watchers.errors import ChainError
from watchers.governance.events import Vote
from watchers.history import History
from watchers.snapshot.hub import MOST_ROWS, PAGE, Hub
from watchers.snapshot.ledger import ENDED_S, GONE, OVERLAP_S, Ledger, Reading
from watchers.store import ChainStore
from watchers.supervisor import Follower

NOW = 1_780_000_000
DAY = 86_400
CHAIN_ID = 77
W = 10**18
FOR, AGAINST, ABSTAIN = 1, 2, 3


def settings_of(url: str, *spaces: str) -> Settings:
    chain = Chain.model_validate(
        {
            "key": "snapshot", "id": CHAIN_ID, "name": "Snapshot", "native": "votes", "hub": True, "endpoints": [url],
            "explorer": "https://snapshot.box", "block_time_s": 60, "confirmations": 1, "requests_per_s": 1,
        }
    )  # fmt: skip
    daos = {
        space: Dao.model_validate(
            {
                "key": space.split(".")[0], "name": space, "chain": "snapshot", "protocol": "snapshot", "space": space,
                "clock": "timestamp", "governor": f"0x{at:040x}",
                "proposal_url": f"https://snapshot.box/#/s:{space}/proposal/{{id}}",
            }
        )
        for at, space in enumerate(spaces, 1)
    }  # fmt: skip
    watches = (
        VoteWatch(kind="vote", name="large"),
        ReminderWatch(kind="reminder", name="ends", hours=(24, 3)),
    )
    return Settings(runtime=Runtime(), chains={chain.key: chain}, daos=daos, tokens=(), labels=(), watches=watches)


class World:
    """A hub, a store, and ledgers between them; `now_s` moves only when told."""

    def __init__(self, fake: FakeHub, redis: Redis, session: aiohttp.ClientSession) -> None:
        self.fake, self.redis, self.session, self.now_s = fake, redis, session, NOW
        self.store = ChainStore(redis, CHAIN_ID, clock_ms=lambda: 0)
        self.history = History(redis, [CHAIN_ID])
        self.clock = Clock()
        self.spaces: tuple[str, ...] = (SPACE,)
        self.ledger = self.fresh()

    def fresh(self) -> Ledger:
        """Give the ledger of a process that has just started."""
        settings = settings_of(self.fake.url, *self.spaces)
        chain = settings.chains["snapshot"]
        hub = Hub(chain, self.session, clock=self.clock, sleep=self.clock.sleep)
        return Ledger(settings, chain, hub, self.store, self.history, clock=lambda: self.now_s)

    async def restart(self) -> None:
        self.ledger = self.fresh()
        epoch = await self.store.acquire("test", 60_000)
        if epoch is None:
            await self.redis.delete(f"{{c:{CHAIN_ID}}}:lease")
            epoch = await self.store.acquire("test", 60_000)
        assert epoch is not None
        self.ledger.begin(epoch, await self.store.cursor(), await self.store.history_to())

    async def read(self, after_s: int = 60) -> None:
        """Let time pass and read once."""
        self.now_s += after_s
        await self.ledger.take(Reading(self.now_s))

    async def said(self, kind: Any = None) -> list[AlertState]:
        """Give what was told, oldest first."""
        return (await self.history.alerts(kind=kind, chain_id=CHAIN_ID))[::-1]

    async def votes(self) -> list[VoteFacts]:
        return [one.alert.facts for one in await self.said("vote") if isinstance(one.alert.facts, VoteFacts)]

    async def followed(self) -> Followed:
        """Give how the one proposal stands that is followed."""
        (one,) = [facts.followed for facts in await self.steps() if facts.followed is not None]
        return one

    async def steps(self) -> list[ProposalFacts]:
        return [one.alert.facts for one in await self.said("proposal") if isinstance(one.alert.facts, ProposalFacts)]


@asynccontextmanager
async def world(redis: Redis) -> AsyncIterator[World]:
    async with serving(FakeHub()) as fake, aiohttp.ClientSession() as session:
        made = World(fake, redis, session)
        await made.restart()
        yield made


@pytest.fixture
async def w(redis: Redis) -> AsyncIterator[World]:
    """A hub with one proposal that is open for days, kept by a first reading."""
    async with world(redis) as made:
        made.fake.propose(1, created=NOW - DAY, start=NOW - DAY, end=NOW + 3 * DAY)
        await made.read(0)
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
