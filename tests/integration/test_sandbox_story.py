"""The recorded story through our own decoders and judges, answered by the replay alone: what must be said, is."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import sandbox.chain
from config.settings import Settings, load
from sandbox.chain import recording
from sandbox.chain.node import Node, Refusal
from watchers.alert import ActFacts, Alert, BatchFacts, MoveFacts, ProposalFacts, VoteFacts
from watchers.chain.block import Header, Log
from watchers.event import Event
from watchers.facts import Ask, Facts, RpcError
from watchers.governance.events import ProposalChange, Vote
from watchers.proposed import Outcome
from watchers.record import ballot_of
from watchers.wing import Ballot, Situation
from watchers.wings import PROTOCOLS, WINGS, decoder_of

HOME = Path(sandbox.chain.__file__).parent
ROUNDS = 6


@pytest.fixture(scope="module")
def settings() -> Settings:
    environ = {"SANDBOX_RPC": "http://127.0.0.1:1"}
    return load(environ=environ, dotenv=None, config_dir=HOME / "config", protocols=PROTOCOLS)


class Reader:
    """Reads the replay block by block, as a pipeline without storage would."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.node = Node(recording.load())
        self.chain = settings.chains["sandbox"]
        self.decoder = decoder_of(settings)
        self.errors = 0
        self.ballots: dict[tuple[str, int], list[tuple[int, Ballot]]] = {}
        self.titles: dict[tuple[str, int], str] = {}
        self.created: dict[tuple[str, int], Event] = {}

    def story(self) -> Iterator[tuple[int, list[Alert]]]:
        """Give each step's number and the alerts of the blocks that joined the chain in it."""
        for height in range(self.node.height + 1):
            self.read(height, say=False)
        while self.node.advance():
            step = self.node.recording.steps[self.node.step]
            first = self.node.height - len(step["blocks"]) + 1
            for cast in self.ballots.values():
                cast[:] = [(height, ballot) for height, ballot in cast if height < first]
            yield self.node.step, [a for height in range(first, self.node.height + 1) for a in self.read(height)]

    def read(self, height: int, *, say: bool = True) -> list[Alert]:
        tag = hex(height)
        header = msgspec.convert(self.node.answer("eth_getBlockByNumber", [tag, False]), Header, strict=False)
        raw = self.node.answer("eth_getLogs", [{"fromBlock": tag, "toBlock": tag}])
        decoded = self.decoder.decode(self.chain.id, msgspec.convert(raw, list[Log], strict=False))
        self.errors += len(decoded.errors)
        known = (self._earlier(), dict(self.titles), dict(self.created))
        at = Situation(self.settings, self.chain, header, Facts(), *known)
        said = self._judged(decoded.events, at, height) if say else []
        self._keep(decoded.events, height)
        return said

    def _judged(self, events: Sequence[Event], at: Situation, height: int) -> list[Alert]:
        for _ in range(ROUNDS):
            asks = [ask for wing in WINGS for ask in wing.asks(events, at)]
            if not asks:
                break
            for ask in asks:
                at.facts.known[ask] = self._answered(ask, height)
        judged = [alert for wing in WINGS for alert in wing.judge(wing.enrich(events, at), at)]
        return [alert for alert in judged if not alert.revises]

    def _answered(self, ask: Ask[Any], height: int) -> Any:
        answers = []
        for call in ask.calls(height):
            try:
                answers.append(self.node.answer(call.method, list(call.params)))
            except Refusal as refusal:
                answers.append(RpcError(refusal.body["code"], refusal.body["message"], refusal.body.get("data")))
        return ask.read(answers)

    def _earlier(self) -> dict[tuple[str, int], Sequence[Ballot]]:
        return {key: [ballot for _, ballot in cast] for key, cast in self.ballots.items()}

    def _keep(self, events: Sequence[Event], height: int) -> None:
        for event in events:
            if isinstance(event, ProposalChange) and event.change == "created":
                self.ballots[event.address, event.proposal_id] = []
                self.titles[event.address, event.proposal_id] = event.description
                self.created[event.address, event.proposal_id] = event
            if isinstance(event, Vote):
                self.ballots[event.address, event.proposal_id].append((height, ballot_of(event)))


@pytest.fixture(scope="module")
def told(settings: Settings) -> tuple[Reader, list[tuple[int, Alert]]]:
    reader = Reader(settings)
    return reader, [(step, alert) for step, alerts in reader.story() for alert in alerts]


def test_exactly_the_expected_alerts_are_made_in_order(told: tuple[Reader, list[tuple[int, Alert]]]) -> None:
    expected = json.loads((HOME / "expected.json").read_text(encoding="utf-8"))
    wanted = [(each["step"], each["kind"], each["tx"]) for each in expected if each["action"] in ("alert", "moved")]
    assert [(step, alert.kind, alert.tx) for step, alert in told[1]] == wanted
    assert len(wanted) > 10


def test_the_recording_answers_every_question_that_a_judge_asks(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    assert dict(told[0].node.unanswered) == {}
    assert told[0].errors == 0


def test_one_large_vote_flips_the_outcome_and_another_flips_it_back(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    votes = [alert.facts for _, alert in told[1] if isinstance(alert.facts, VoteFacts)]
    assert [vote.flips for vote in votes] == [None, "passing", "failing", "passing"]
    assert [vote.crosses_quorum for vote in votes] == [False, True, False, False]
    last = votes[-1].after
    assert last.for_raw == 1_314_000 * 10**18
    assert last.against_raw == 1_260_000 * 10**18
    assert last.quorum_raw == 400_000 * 10**18
    assert last.passes is True
    assert votes[0].title == "Pay 250,000 USDC to the bridge team"


def test_the_proposal_is_followed_from_creation_to_execution(told: tuple[Reader, list[tuple[int, Alert]]]) -> None:
    changes = [alert.facts.change for _, alert in told[1] if isinstance(alert.facts, ProposalFacts)]
    assert changes == ["created", "created", "queued", "executed"]


def test_an_investors_claim_is_told_with_its_share_and_who_got_it(told: tuple[Reader, list[tuple[int, Alert]]]) -> None:
    (claim,) = [alert.facts for _, alert in told[1] if isinstance(alert.facts, ActFacts)]
    assert (claim.act, claim.whom) == ("claim", told[0].node.recording.who["fund"])
    assert claim.amount is not None
    assert (claim.amount.raw, claim.share_of_supply) == (120_000 * 10**18, Decimal("0.012"))


def test_of_the_second_proposal_a_payment_would_fail_and_a_role_be_granted(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    second = [alert.facts for _, alert in told[1] if isinstance(alert.facts, ProposalFacts)][1]
    assert second.simulated is not None
    assert [call.ok for call in second.simulated.calls] == [True, True, False]
    assert second.simulated.calls[2].reason.startswith("ERC20InsufficientBalance(")
    assert {effect.kind for effect in second.simulated.effects} == {"role_granted", "transfer"}


def test_what_the_proposal_would_do_is_tried_at_every_step(told: tuple[Reader, list[tuple[int, Alert]]]) -> None:
    seen = [alert.facts for _, alert in told[1] if isinstance(alert.facts, ProposalFacts)]
    seen = [facts for facts in seen if facts.proposal_id == seen[0].proposal_id]
    assert [[action.function for action in facts.does] for facts in seen] == [["transfer(address,uint256)"]] * 3
    trials = [facts.simulated for facts in seen if facts.simulated is not None]
    assert [trial.step for trial in trials] == ["created", "queued", "executed"]
    assert {trial.calls for trial in trials} == {(Outcome(ok=True),)}
    assert {(effect.kind, effect.raw) for trial in trials for effect in trial.effects} == {
        ("transfer", 250_000 * 10**6)
    }


def test_moves_are_priced_by_the_recorded_feeds_and_named_by_their_verified_pool(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    moves = [alert.facts for _, alert in told[1] if isinstance(alert.facts, MoveFacts)]
    assert [move.action for move in moves] == ["add", "swap", "add", "remove", "remove", "add", "add", "remove"]
    assert all(move.usd is not None and move.usd >= 500_000 for move in moves)
    entered = moves[0]
    assert entered.usd is not None
    assert int(entered.usd) == 2_399_880  # 1,200,000 USDC at 0.9999 and 400 WETH at 3,000
    assert "Uniswap V2" in entered.pool_name
    assert "Uniswap V3" in moves[1].pool_name


def test_a_transaction_mined_again_after_the_reorg_keeps_its_alert_id(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    ids = [alert.id for _, alert in told[1]]
    moved = [alert for _, alert in told[1] if ids.count(alert.id) == 2]
    assert len(moved) == 2
    assert moved[1].block == moved[0].block + 1


def test_the_bundle_tells_a_success_a_revert_and_an_out_of_gas_apart(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    batches = [alert.facts for _, alert in told[1] if isinstance(alert.facts, BatchFacts)]
    (facts,) = [facts for facts in batches if facts.container == "EntryPoint"]
    assert facts.version == "0.7"
    assert facts.evidence == "trace"
    assert [operation.success for operation in facts.operations] == [True, False, False]
    paid, refused, starved = facts.operations
    assert paid.calls[0].outcome == "success"
    assert paid.calls[0].function.startswith("transfer(")
    assert "the vault is closed" in refused.reason
    assert starved.calls[0].reason == "out_of_gas"


def test_the_execution_of_the_proposal_tells_what_became_of_its_call(
    told: tuple[Reader, list[tuple[int, Alert]]],
) -> None:
    (alert,) = [a for _, a in told[1] if isinstance(a.facts, BatchFacts) and a.facts.container == "governor"]
    assert alert.severity == "info"
    assert isinstance(alert.facts, BatchFacts)
    assert alert.facts.evidence == "trace"
    ((call,),) = [operation.calls for operation in alert.facts.operations]
    assert (call.outcome, call.function) == ("success", "transfer(address,uint256)")
    assert call.arguments is not None
    assert call.arguments[1] == str(250_000 * 10**6)
