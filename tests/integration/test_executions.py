"""What Safes, timelocks and governors execute, from a node's block to an alert: the calls by one round of facts."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from redis.asyncio import Redis

from config.settings import BatchWatch, VoteWatch
from tests.governed import GOVERNOR, PROPOSAL, World, answers, created_log, world
from tests.node import Clock, Node, Sketch, address, log
from tests.userops import call
from watchers.alert import Alert, BatchFacts, ProposalFacts
from watchers.batches.wing import wing as batches
from watchers.governance.wing import wing as governance

TREASURY, SENDER, TARGET = address(21), address(22), address(23)
HASH = "0x" + "9f" * 32
SUCCESS = "0x" + keccak(b"ExecutionSuccess(bytes32,uint256)").hex()
FAILURE = "0x" + keccak(b"ExecutionFailure(bytes32,uint256)").hex()
EXECUTED = "0x" + keccak(b"ProposalExecuted(uint256)").hex()
MULTISEND, GUARD = address(24), address(25)
PING, BOOM = call("transfer(address,uint256)", TARGET, 5), call("approve(address,uint256)", TARGET, 6)
REASON = call("Error(string)", "not today")
WATCHES = (BatchWatch(kind="batch", name="batches"), VoteWatch(kind="vote", name="large"))


def frame(kind: str, sender: str, to: str, data: bytes, *calls: Any, **more: Any) -> dict[str, Any]:
    given = {"type": kind, "from": sender, "to": to, "input": "0x" + data.hex(), "value": "0x0", "gasUsed": "0x1"}
    return {**given, "calls": list(calls), **more}


def packed(*calls: bytes) -> bytes:
    one = b"".join(
        b"\0" + bytes.fromhex(TARGET[2:]) + (0).to_bytes(32, "big") + len(data).to_bytes(32, "big") + data
        for data in calls
    )
    return call("multiSend(bytes)", one)


def exec_safe(data: bytes, *, gas: int = 0) -> bytes:
    signature = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
    nobody = address(0)
    return call(signature, MULTISEND, 0, data, 1, gas, 0, 0, nobody, nobody, b"sig")


def a_node(sent: bytes, to: str, tree: dict[str, Any] | None, *logs: Sketch) -> Node:
    """Give a node whose block 20 holds one transaction of these logs, which it can tell whole."""
    node = Node(clock=Clock())
    there = {10: [created_log(12, 18)], 20: list(logs)}
    node.mine_many(25, lambda number: there.get(number, []))
    node.states = answers(12, 18)
    mined = node.blocks[20]
    tx = mined.logs[0]["transactionHash"]
    told = {
        "eth_getTransactionByHash": {
            "hash": tx,
            "from": SENDER,
            "to": to,
            "input": "0x" + sent.hex(),
            "value": "0x0",
            "chainId": "0x1",
            "blockHash": mined.header["hash"],
        },
        "eth_getTransactionReceipt": {
            "transactionHash": tx,
            "blockHash": mined.header["hash"],
            "blockNumber": mined.header["number"],
            "status": "0x1",
            "logs": mined.logs,
        },
        "debug_traceTransaction": tree,
    }
    node.lie = lambda method, _, result: told.get(method, result)
    return node


async def said(w: World, number: int = 20) -> list[Alert]:
    return list(await w.pipeline.forward(w.step(number)))


def batch_of(alerts: list[Alert]) -> tuple[Alert, BatchFacts]:
    (alert,) = [one for one in alerts if one.kind == "batch"]
    assert isinstance(alert.facts, BatchFacts)
    return alert, alert.facts


def safe_tree(*, failed: bool) -> dict[str, Any]:
    """Give what a Safe does that is told to send two calls, of which the second one fails or not."""
    error = {"error": "execution reverted", "output": "0x" + REASON.hex()} if failed else {"output": "0x"}
    inner = frame("CALL", TREASURY, TARGET, BOOM, **error)
    multi = frame(
        "DELEGATECALL",
        TREASURY,
        MULTISEND,
        packed(PING, BOOM),
        frame("CALL", TREASURY, TARGET, PING),
        inner,
        **({"error": "execution reverted"} if failed else {}),
    )
    data = exec_safe(packed(PING, BOOM), gas=int(failed))
    return frame("CALL", SENDER, TREASURY, data, multi, output="0x" + encode(["bool"], [not failed]).hex())


@pytest.mark.parametrize("failed", [True, False])
async def test_a_treasury_safe_is_said_whatever_became_of_its_calls_in_one_round_of_questions(
    redis: Redis,
    failed: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    told = log(FAILURE if failed else SUCCESS, HASH, emitter=TREASURY, data="0x" + "0" * 64)
    node = a_node(exec_safe(packed(PING, BOOM), gas=int(failed)), TREASURY, safe_tree(failed=failed), told)
    async with world(node, redis, *WATCHES, wings=(governance, batches), treasury=TREASURY) as w:
        before = node.requests
        alert, facts = batch_of(await said(w))
        assert node.requests == before + 1
        kept = await w.history.batch(1, HASH)
    assert alert.severity == ("notable" if failed else "info")
    assert (alert.dao, alert.addresses, facts.evidence) == ("demo", (TREASURY,), "trace")
    (one,) = facts.operations
    assert (one.kind, one.id, one.success) == ("safe", HASH, not failed)
    assert [call.outcome for call in one.calls] == (["rolled_back", "failed"] if failed else ["success", "success"])
    assert one.calls[1].arguments == (TARGET, "6")
    assert one.calls[1].reason == ('Error("not today")' if failed else "")
    assert [stored.event.container for stored in kept if hasattr(stored.event, "container")] == ["safe"]


async def test_a_safe_that_no_file_names_costs_nothing_and_is_not_said(redis: Redis) -> None:
    told = log(FAILURE, HASH, emitter=address(99), data="0x" + "0" * 64)
    node = a_node(exec_safe(packed(PING, BOOM)), address(99), safe_tree(failed=True), told)
    async with world(node, redis, *WATCHES, wings=(governance, batches), treasury=TREASURY) as w:
        before = node.requests
        assert await said(w) == []
        assert node.requests == before


async def test_without_a_trace_a_safes_calls_are_unknown_and_never_a_success(redis: Redis) -> None:
    told = log(SUCCESS, HASH, emitter=TREASURY, data="0x" + "0" * 64)
    node = a_node(exec_safe(packed(PING, BOOM)), TREASURY, None, told)
    async with world(node, redis, *WATCHES, wings=(governance, batches), treasury=TREASURY) as w:
        _, facts = batch_of(await said(w))
    (one,) = facts.operations
    assert facts.evidence == "logs"
    assert {call.outcome for call in one.calls} <= {"unknown", "success"}
    assert not one.traced


async def test_a_watch_without_executions_says_those_in_trouble_alone(redis: Redis) -> None:
    quiet = BatchWatch(kind="batch", name="batches", executions=False)
    for failed in (False, True):
        told = log(FAILURE if failed else SUCCESS, HASH, emitter=TREASURY, data="0x" + "0" * 64)
        node = a_node(exec_safe(packed(PING, BOOM), gas=int(failed)), TREASURY, safe_tree(failed=failed), told)
        async with world(node, redis, quiet, wings=(governance, batches), treasury=TREASURY) as w:
            assert [alert.kind for alert in await said(w)] == ["batch"] * failed
            await redis.flushall()


def execution(*, swallowed: bool) -> tuple[bytes, dict[str, Any]]:
    """Give the calldata and the tree of a Bravo-like execution of one call; something inside it may fail unheard."""
    eta = 1_700_000_000
    told = call("executeTransaction(address,uint256,string,bytes,uint256)", TARGET, 0, "", PING, eta)
    inside = [frame("CALL", TARGET, GUARD, BOOM, error="execution reverted")] if swallowed else []
    timelock = address(30)
    data = call("execute(uint256)", PROPOSAL)
    inner = frame("CALL", timelock, TARGET, PING, *inside)
    return data, frame("CALL", SENDER, GOVERNOR, data, frame("CALL", GOVERNOR, timelock, told, inner))


@pytest.mark.parametrize("swallowed", [True, False])
async def test_an_executed_proposal_says_what_became_of_its_calls_on_its_step_and_where_it_stands(
    redis: Redis,
    swallowed: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    data, tree = execution(swallowed=swallowed)
    told = log(EXECUTED, emitter=GOVERNOR, data=f"0x{PROPOSAL:064x}")
    node = a_node(data, GOVERNOR, tree, told)
    async with world(node, redis, *WATCHES, wings=(governance, batches)) as w:
        (created,) = await said(w, 10)
        alerts = await said(w)
        standing = await w.store.alert(created.id)
    alert, facts = batch_of(alerts)
    assert (alert.dao, alert.severity, facts.container) == ("demo", "info", "governor")
    (step,) = [one.facts for one in alerts if one.kind == "proposal"]
    assert isinstance(step, ProposalFacts)
    assert step.change == "executed"
    assert step.carried == facts.operations[0]
    assert [(call.outcome, call.swallowed) for call in facts.operations[0].calls] == [("success", int(swallowed))]
    assert standing is not None
    assert isinstance(standing.alert.facts, ProposalFacts)
    assert standing.alert.facts.carried == step.carried


async def test_a_node_that_sees_the_transaction_in_another_block_is_not_believed(redis: Redis) -> None:
    told = log(FAILURE, HASH, emitter=TREASURY, data="0x" + "0" * 64)
    node = a_node(exec_safe(packed(PING, BOOM), gas=1), TREASURY, safe_tree(failed=True), told)
    honest = node.lie
    assert honest is not None

    def elsewhere(method: str, params: list[Any], result: Any) -> Any:
        answer = honest(method, params, result)
        return {**answer, "blockHash": HASH} if method == "eth_getTransactionByHash" else answer

    node.lie = elsewhere
    async with world(node, redis, *WATCHES, wings=(governance, batches), treasury=TREASURY) as w:
        alert, facts = batch_of(await said(w))
    assert (alert.severity, facts.evidence) == ("notable", "logs")
    assert [(one.success, one.calls) for one in facts.operations] == [(False, ())]
