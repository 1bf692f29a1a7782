"""Real governors on a real EVM, from proposal to execution, and what the bot made of each: every number and outcome
that it tells is held against the contract's own, after every single vote.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.evm.anvil import Anvil, compile_contracts, missing
from tests.evm.followed import Heard, Proposal, follow
from tests.evm.governors import KINDS, VOTERS, Played, Seat, play
from tests.evm.plans import CANCEL, EARLY, EXECUTE, LATE, QUEUE
from tests.evm.world import ETHER
from watchers.alert import Alert, ProposalFacts, VoteFacts

pytestmark = pytest.mark.evm

MIDDLE = 11  # tick: all but the last votes are cast
CASES = [(key, name) for key, kind in KINDS.items() for name in kind.plans]
VOTED = [(key, name) for key, name in CASES if KINDS[key].plans[name].casts]


class Seen(NamedTuple):
    """What was played, what was heard of it, and what a bot heard that came in the middle of voting."""

    played: Played
    heard: Heard
    late: Heard

    def of(self, key: str, name: str) -> tuple[Seat, Proposal]:
        """Find a governor, and a proposal of it as the bot knows it."""
        seat = self.played.seats[key]
        return seat, (key, seat.dialect.ids[name])

    def told(self, key: str, name: str, heard: Heard | None = None) -> list[tuple[int, Alert]]:
        """Give all that was said of a proposal, with its tick."""
        _, proposal = self.of(key, name)
        return [
            (block - self.played.start, alert)
            for block, alerts in (heard or self.heard).alerts.items()
            for alert in alerts
            if isinstance(alert.facts, VoteFacts | ProposalFacts)
            if (alert.facts.dao, alert.facts.proposal_id) == proposal
        ]


@pytest.fixture(scope="module")
def seen() -> Seen:
    lacks = missing()
    if lacks:
        pytest.skip(lacks)
    compile_contracts()

    async def run(folder: Path) -> Seen:
        async with Anvil.start() as anvil:
            played = await play(anvil)
            heard = await follow(anvil, played, folder / "first")
            return Seen(played, heard, await follow(anvil, played, folder / "late", MIDDLE))

    with tempfile.TemporaryDirectory(prefix="tribune-", dir="/tmp") as folder:  # a short path: sockets allow 107 bytes
        return asyncio.run(run(Path(folder)))


@pytest.mark.parametrize(("key", "name"), VOTED)
def test_after_every_vote_tally_quorum_and_outcome_are_the_contracts_own(seen: Seen, key: str, name: str) -> None:
    seat, proposal = seen.of(key, name)
    assert seat.words[name]
    for block, word in seat.words[name].items():
        tally = seen.heard.facts(block, proposal).tally
        assert tally is not None
        assert (tally.for_raw, tally.against_raw, tally.abstain_raw) == word.counts, block - seen.played.start
        assert tally.passes is word.passes, block - seen.played.start
        assert tally.quorum_raw is not None
        assert word.is_quorum(tally.quorum_raw)


@pytest.mark.parametrize(("key", "name"), VOTED)
def test_flips_and_crossings_are_told_of_exactly_the_votes_that_made_them(seen: Seen, key: str, name: str) -> None:
    voter_of = {address: role for role, address in seen.played.who.items()}
    told = []
    for _, alert in seen.told(key, name):
        if isinstance(alert.facts, VoteFacts):
            voter = voter_of[alert.facts.voter]
            told += [(voter, "crosses")] if alert.facts.crosses_quorum else []
            told += [(voter, alert.facts.flips)] if alert.facts.flips else []
    assert told == list(KINDS[key].plans[name].turns)


@pytest.mark.parametrize(("key", "name"), VOTED)
def test_every_vote_worth_saying_is_said_once_with_its_weight(seen: Seen, key: str, name: str) -> None:
    said = [
        (tick, alert.facts.voter, alert.facts.weight.raw)
        for tick, alert in seen.told(key, name)
        if isinstance(alert.facts, VoteFacts)
    ]
    loud = [cast for cast in KINDS[key].plans[name].casts if cast.voter not in ("fay", "nil")]
    assert [(tick, voter) for tick, voter, _ in said] == [(cast.tick, seen.played.who[cast.voter]) for cast in loud]
    whole = [cast.parts is None for cast in loud]
    weights = [VOTERS.get(cast.voter, 0) * ETHER for cast in loud]
    if all(whole) and not any(cast.owns for cast in loud):
        assert [raw for _, _, raw in said] == weights


@pytest.mark.parametrize(("key", "name"), CASES)
def test_the_steps_that_the_contract_took_are_told(seen: Seen, key: str, name: str) -> None:
    kind = KINDS[key]
    steps: list[tuple[int, str]] = [(0, "created")]
    if name == "withdrawn":
        steps.append((CANCEL, "canceled"))
    if name == "gone":
        steps.append((0, "canceled"))
    if name == "breaks" and kind.extends:
        steps.append((LATE, "extended"))
    if name == "sweeps":
        steps.append((EARLY, "executed"))
    if name in ("works", "breaks") and kind.lock:
        steps.append((QUEUE, "queued"))
    if name == "works":
        steps.append((EXECUTE, "executed"))
    told = [
        (tick, alert.facts.change) for tick, alert in seen.told(key, name) if isinstance(alert.facts, ProposalFacts)
    ]
    assert told == steps
    assert (key in seen.played.failed) is ("breaks" in kind.plans)


@pytest.mark.parametrize(("key", "name"), CASES)
def test_the_followed_card_ends_on_what_became_of_the_proposal(seen: Seen, key: str, name: str) -> None:
    seat, proposal = seen.of(key, name)
    lines = seen.heard.headlines(proposal)
    if name == "gone":
        assert lines == ["Cancelled"]
        return
    assert lines[0] == "New proposal: voting opens" or name == "hasty"
    if name == "withdrawn":
        assert lines[1:] == ["Cancelled"]
        return
    queued = ["Passed and queued"] if seat.kind.lock else []
    ends = {
        "works": ["Voting closed: it would pass", *queued, "Executed"],
        "breaks": ["Voting closed: it would pass", *queued],
        "loses": ["Voting closed: defeated"],
        "hasty": ["Voting closed: it would pass"],
        "unnoticed": ["Voting closed: defeated"],
        "sweeps": ["Executed"],
    }[name]
    assert lines[-len(ends) :] == ends
    assert not any(line.startswith("Voting closed") for line in lines[: -len(ends)])


@pytest.mark.parametrize(
    ("key", "name"), [(key, name) for key, name in CASES if name in ("works", "breaks", "loses", "unnoticed")]
)
def test_voting_closes_on_the_card_with_the_first_block_past_the_contracts_deadline(
    seen: Seen, key: str, name: str
) -> None:
    seat, proposal = seen.of(key, name)
    closed = [
        block
        for block, stood in seen.heard.stood.items()
        if proposal in stood and seen.heard.headline(block, proposal).startswith("Voting closed")
    ]
    assert closed[0] == seat.ends[name] + 1


@pytest.mark.parametrize("key", [key for key, kind in KINDS.items() if kind.protocol not in ("aragon", "lido")])
def test_a_call_that_will_fail_is_known_from_the_creation_on(seen: Seen, key: str) -> None:
    tried = {}
    for name in ("works", "breaks"):
        (created,) = [
            alert.facts
            for _, alert in seen.told(key, name)
            if isinstance(alert.facts, ProposalFacts) and alert.facts.change == "created"
        ]
        assert created.simulated is not None
        tried[name] = [outcome.ok for outcome in created.simulated.calls]
    assert tried == {"works": [True], "breaks": [False]}


@pytest.mark.parametrize(("key", "name"), [(key, "works") for key in KINDS])
def test_a_bot_that_comes_in_the_middle_of_voting_tells_the_last_votes_as_well(seen: Seen, key: str, name: str) -> None:
    seat, _ = seen.of(key, name)
    votes = [
        (tick, alert.facts) for tick, alert in seen.told(key, name, seen.late) if isinstance(alert.facts, VoteFacts)
    ]
    assert [tick for tick, _ in votes] == [cast.tick for cast in seat.kind.plans[name].casts if cast.tick >= MIDDLE]
    for tick, facts in votes:
        word, tally = seat.words[name][seen.played.start + tick], facts.after
        assert (tally.for_raw, tally.against_raw, tally.abstain_raw) == word.counts
        assert tally.passes is word.passes
        assert tally.quorum_raw is not None
        assert word.is_quorum(tally.quorum_raw)
    steps = [a.facts.change for _, a in seen.told(key, name, seen.late) if isinstance(a.facts, ProposalFacts)]
    assert steps == [*(["queued"] if seat.kind.lock else []), "executed"]


def test_nothing_that_the_governors_said_was_beyond_the_bot(seen: Seen) -> None:
    counters = seen.heard.counters
    assert (counters.decode_errors, counters.judge_errors, counters.missed) == (0, 0, 0)
