"""Golden logs of liquidity and batches, and where the golden logs of all three wings come from.

A log is real: of a public chain, under its transaction's hash, or of the contracts' own code on a local chain (31337).
Only what no contract emits, and what no public log was found of, is made by eth-abi, and says so.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from watchers.abi import shape_of
from watchers.batches.events import BatchResult
from watchers.batches.protocols import executions, safe
from watchers.batches.protocols.entrypoint import CONTAINER, VERSIONS
from watchers.batches.wing import wing as batches
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.governance import telling
from watchers.governance.protocols import (
    aave_v2,
    aave_v3,
    aave_v3_voting,
    agora,
    aragon,
    azorius,
    baal,
    curve_dao,
    nouns,
    nouns_builder,
    osx_token_voting,
    rocket_pool,
    snapshot_x,
)
from watchers.governance.wing import wing as governance
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.protocols import aave_v2_market
from watchers.liquidity.wing import wing as liquidity

HERE = Path(__file__).parent
PROTOCOLS = (*liquidity.protocols, *batches.protocols)


def cases(*folders: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for folder in folders
        for file in sorted((HERE / folder).glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))
    ]


CASES = cases("golden_liquidity", "golden_batches")
ALL = [*CASES, *cases("golden_governance", "golden_acts")]
PUBLIC = {1: "Ethereum", 10: "OP Mainnet", 42161: "Arbitrum One", 137: "Polygon"}
ON_ANVIL = ("emitted on anvil by ", "recorded once on anvil: ")
MADE = "encoded by eth-abi: "
MADE_TX, MADE_BLOCK = "0x" + "5c" * 32, "0x" + "ab" * 32
# no public log of these was found, and npm has no contract that emits them
UNSEEN = {
    agora.TypedProposalCreated,
    agora.ModuleProposalCreated,
    agora.OldModuleProposalCreated,
    agora.ProposalDeadlineUpdated,
    aave_v2_market.Deposit,
    aave_v2_market.OldBorrow,
    aave_v2_market.OldRepay,
    aave_v2.AaveProposalCreated,
    aave_v2.AaveProposalExecuted,
    aave_v2.AaveProposalQueued,
    aave_v2.VoteEmitted,
    aave_v3.CoreProposalCreated,
    aave_v3.CoreProposalFailed,
    aave_v3.CoreProposalQueued,
    aave_v3.VotingActivated,
    aave_v3_voting.MachineVoteEmitted,
    aave_v3_voting.ProposalResultsSent,
    aave_v3_voting.ProposalVoteStarted,
    aragon.CastVote,
    aragon.ExecuteVote,
    aragon.StartVote,
    azorius.ProposalInitialized,
    azorius.Voted,
    baal.CancelProposal,
    baal.ProcessProposal,
    baal.SubmitProposal,
    baal.SubmitVote,
    curve_dao.CurveStartVote,
    nouns.ForkProposalCreated,
    nouns.ForkProposalQueued,
    nouns.ForkVoteCast,
    nouns.ProposalObjectionPeriodSet,
    nouns.ProposalVetoed,
    nouns_builder.BuilderProposalCanceled,
    nouns_builder.BuilderProposalCreated,
    nouns_builder.BuilderProposalExecuted,
    nouns_builder.BuilderProposalQueued,
    nouns_builder.BuilderProposalVetoed,
    nouns_builder.BuilderVoteCast,
    osx_token_voting.OsxProposalCreated,
    osx_token_voting.OsxVoteCast,
    rocket_pool.ProposalAdded,
    rocket_pool.ProposalDestroyed,
    rocket_pool.ProposalFinalised,
    rocket_pool.ProposalVoted,
    rocket_pool.RocketProposalExecuted,
    snapshot_x.SpaceProposalCreated,
    snapshot_x.SpaceVoteCast,
    snapshot_x.SpaceVoteCastWithMetadata,
    telling.IndexedProposalCanceled,
    telling.IndexedProposalExecuted,
    executions.ExecuteTransaction,
    executions.IndexedProposalExecuted,
    safe.ExecutionFailed,
    safe.ExecutionFromModuleFailure,
    safe.PlainExecutionFailure,
    safe.PlainExecutionFromModuleFailure,
    safe.PlainExecutionFromModuleSuccess,
    safe.PlainExecutionSuccess,
}


def logs_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    return case.get("logs") or [case["log"]]


def events_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    return case.get("events") or [case["event"]]


@pytest.mark.parametrize("case", CASES)
def test_golden_logs_become_their_whole_events(case: dict[str, Any]) -> None:
    chain_id = case["events"][0]["chain_id"]
    watched = {chain_id: {event["address"] for event in case["events"] if event.get("container") != CONTAINER}}
    decoded = Decoder(PROTOCOLS, watched=watched).decode(chain_id, msgspec.convert(case["logs"], list[Log]))
    assert decoded.errors == []
    assert decoded.events == msgspec.convert(case["events"], list[LiquidityMove | BatchResult])


@pytest.mark.parametrize("case", ALL)
def test_a_golden_log_claims_no_chain_but_the_one_that_it_is_of(case: dict[str, Any]) -> None:
    source = case["source"]
    made = source.startswith(MADE)
    for log in logs_of(case):
        assert (log["transactionHash"] == MADE_TX) == (log["blockHash"] == MADE_BLOCK) == made
    for event in events_of(case):
        if made:
            continue
        if event["chain_id"] == 31337:
            assert source.startswith(ON_ANVIL)
        else:
            assert source.startswith(f"{PUBLIC[event['chain_id']]}, block {event['block']:,}: ")


def test_every_shape_that_makes_an_event_has_a_real_golden_log() -> None:
    real = {
        (log["topics"][0], len(log["topics"]))
        for case in (param.values[0] for param in ALL)
        for log in logs_of(case)
        if not case["source"].startswith(MADE)
    }
    shapes = {
        shape
        for protocol in (*governance.governors, *liquidity.protocols, *batches.protocols)
        for shape, handler in protocol.handlers.items()
        if handler is not None
    }
    assert {shape for shape in shapes if shape_of(shape).key[:2] not in real} == UNSEEN


def test_every_entry_point_has_a_golden_log() -> None:
    seen = {event.get("version") for param in CASES for event in events_of(param.values[0])}
    assert set(VERSIONS.values()) <= seen
