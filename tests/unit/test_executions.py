"""What Safes, timelocks and governors say to have executed: each form of it, of whom it is heard, and in what words."""

from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode

from bot.cards import render
from bot.cards.doing import carried_out
from bot.cards.text import bare
from bot.commands import batches as listing
from bot.commands import proposal
from config.settings import BatchWatch
from tests import events
from tests.alerts import UNI, a_batch, a_proposal, a_state
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from tests.userops import TX, log, topic
from watchers.alert import CallFacts, OperationFacts
from watchers.batches.events import BatchResult, Call
from watchers.batches.protocols import entrypoint
from watchers.batches.wing import wing
from watchers.chain.block import Log
from watchers.decode import Decoder, Protocol
from watchers.errors import DefinitionError
from watchers.governance.wing import wing as governance
from watchers.history import StoredEvent
from watchers.wings import decoder_of

ONE, OTHER = "0x" + "5a" * 20, "0x" + "6b" * 20
HASH, NUMBER = "0x" + "9f" * 32, f"0x{7:064x}"
WORD = bytes(32)
CALL = encode(["address", "uint256", "bytes"], [OTHER, 0, b""])
COMPOUND = encode(["uint256", "string", "bytes", "uint256"], [0, "", b"", 5])
CALL_EXECUTED = "CallExecuted(bytes32,uint256,address,uint256,bytes)"
TARGET = "0x" + "0" * 24 + OTHER[2:]


def said(signature: str, *topics: str, data: bytes = b"", of: str = ONE, at: int = 0) -> Log:
    return log(of, (topic(signature), *topics), data, at)


FORMS = [
    ("safe", HASH, True, said("ExecutionSuccess(bytes32,uint256)", HASH, data=WORD)),
    ("safe", HASH, True, said("ExecutionSuccess(bytes32,uint256)", data=bytes.fromhex(HASH[2:]) + WORD)),
    ("safe", HASH, False, said("ExecutionFailure(bytes32,uint256)", HASH, data=WORD)),
    ("safe", HASH, False, said("ExecutionFailure(bytes32,uint256)", data=bytes.fromhex(HASH[2:]) + WORD)),
    ("safe", HASH, False, said("ExecutionFailed(bytes32)", data=bytes.fromhex(HASH[2:]))),
    ("safe_module", TX, True, said("ExecutionFromModuleSuccess(address)", TARGET)),
    ("safe_module", TX, True, said("ExecutionFromModuleSuccess(address)", data=bytes.fromhex(TARGET[2:]))),
    ("safe_module", TX, False, said("ExecutionFromModuleFailure(address)", TARGET)),
    ("safe_module", TX, False, said("ExecutionFromModuleFailure(address)", data=bytes.fromhex(TARGET[2:]))),
    ("governor", "7", True, said("ProposalExecuted(uint256)", data=bytes.fromhex(NUMBER[2:]))),
    ("governor", "7", True, said("ProposalExecuted(uint256)", NUMBER)),
    ("timelock", HASH, True, said(CALL_EXECUTED, HASH, "0x" + "0" * 64, data=CALL)),
    (
        "compound_timelock",
        HASH,
        True,
        said("ExecuteTransaction(bytes32,address,uint256,string,bytes,uint256)", HASH, TARGET, data=COMPOUND),
    ),
]  # fmt: skip


def heard(*logs: Log, watched: str = ONE) -> list[BatchResult]:
    found = Decoder(wing.protocols, watched={1: frozenset([watched])}).decode(1, logs)
    assert found.errors == []
    return [event for event in found.events if isinstance(event, BatchResult)]


@pytest.mark.parametrize(("kind", "name", "success", "form"), FORMS)
def test_every_form_in_which_an_execution_is_said_is_heard_of_whom_the_files_name(
    kind: str,
    name: str,
    success: bool,  # noqa: FBT001 - pytest gives it by name
    form: Log,
) -> None:
    (event,) = heard(form)
    assert (event.container, event.container_id, event.sender, event.success) == (kind, name, ONE, success)
    assert event.outcome == ("unknown" if success else "reverted")
    assert heard(form, watched=OTHER) == []


def test_further_calls_of_an_operation_are_no_executions_of_their_own() -> None:
    first, second = (said(CALL_EXECUTED, HASH, f"0x{at:064x}", data=CALL, at=at) for at in (0, 1))
    assert len(heard(first, second)) == 1


def test_topics_of_safes_are_asked_for_only_where_somebody_is_watched() -> None:
    wanted = topic("ExecutionSuccess(bytes32,uint256)")
    decoder = Decoder(wing.protocols, watched={1: frozenset([ONE])})
    assert wanted in decoder.topics_on(1)
    assert wanted not in decoder.topics_on(10)


def test_an_execution_is_heard_beside_the_insiders_act_that_the_same_log_tells() -> None:
    form = FORMS[-1][3]
    named = {1: frozenset([ONE])}
    both = Decoder([*governance.protocols, *wing.protocols], vouched=named, watched=named).decode(1, [form])
    assert {event.kind for event in both.events} == {"act", "batch"}
    assert (both.known, both.unknown) == (1, 0)


def test_two_watched_protocols_of_one_shape_are_refused() -> None:
    twice = Protocol("twice", watched=True)
    twice.handlers.update(next(p for p in wing.protocols if p.name == "safe").handlers)
    with pytest.raises(DefinitionError, match="already"):
        Decoder([*wing.protocols, twice])


def test_who_is_watched_are_the_files_addresses_and_the_senders_of_batch_watches_on_that_chain() -> None:
    chain = DESK.settings.chains["ethereum"]
    given = {"kind": "batch", "name": "ours", "senders": (OTHER,)}
    ours = DESK.settings.model_copy(update={"watches": (BatchWatch.model_validate(given),)})
    assert ours.executing_on(chain) == DESK.settings.named_on(chain) | {OTHER}
    elsewhere = DESK.settings.model_copy(update={"watches": (BatchWatch.model_validate({**given, "chain": "base"}),)})
    assert elsewhere.executing_on(chain) == frozenset()
    wanted = topic("ExecutionSuccess(bytes32,uint256)")
    assert wanted in decoder_of(ours).topics_on(chain.id)
    assert wanted not in decoder_of(elsewhere).topics_on(chain.id)


# --- words --------------------------------------------------------------------------------------------------------


def a_call(at: int, outcome: str = "success", **bent: Any) -> CallFacts:
    return CallFacts(**{
        "index": at, "target": UNI, "function": "ping()", "value_wei": 0, "outcome": outcome, "reason": "", **bent
    })  # fmt: skip


def executed(*calls: CallFacts, **bent: Any) -> OperationFacts:
    given = {"id": "7", "sender": UNISWAP.governor, "paymaster": "", "success": True, "outcome": "success"}
    more = {"reason": "", "gas_cost_wei": 0, "kind": "governor", "traced": True}
    return OperationFacts(**{**given, **more, "calls": calls, **bent})


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (executed(a_call(0), a_call(1), a_call(2)), ["Executed: 3 of 3 calls succeeded"]),
        (executed(a_call(0), traced=False), ["Executed: 1 of 1 call succeeded, by the logs: no trace"]),
        (executed(traced=False, outcome="unknown"), ["Executed, what became of its calls is unknown: no trace"]),
        (
            executed(a_call(0), a_call(1, swallowed=1)),
            [
                "Executed: 2 of 2 calls succeeded",
                "✓ call 2 succeeded, 1 failure inside it swallowed · `ping` on 0x1f9840…01F984",
                "✓ 1 succeeded: `ping`",
            ],
        ),
        (
            executed(a_call(0), a_call(1, "failed", reason='Error("no")'), a_call(2, "unknown"), outcome="partial"),
            [
                "Executed: 1 of 3 calls succeeded, 1 unknown",
                '✗ call 2 failed · `ping` on 0x1f9840…01F984: `Error("no")`',
                "✓ 1 succeeded: `ping`",
                "? 1 result unknown: `ping`",
            ],
        ),
    ],
)
def test_an_executed_proposal_says_how_many_of_its_calls_succeeded_and_which_did_not(
    op: OperationFacts, words: list[str]
) -> None:
    assert [bare(line) for line in carried_out(op, 1, DESK.lexicon)] == words
    card = render([a_state(a_proposal(change="executed", carried=op))], DESK.lexicon)
    assert [bare(fact) for fact in card.facts][-len(words) :] == words


def test_proposal_says_what_its_own_governor_executed_and_not_another_s() -> None:
    stored = [
        StoredEvent(events.batch(1, n, container="governor", container_id="7", address=of, calls=calls), NOW_S)
        for n, (of, calls) in enumerate(
            ((UNISWAP.governor, (Call(0, UNI, 0, "0x", outcome="success"),)), (OTHER, ())), 1
        )
    ]
    op = proposal._carried(stored, UNISWAP)
    assert op is not None
    assert [call.outcome for call in op.calls] == ["success"]
    card = proposal.answer(UNISWAP, 7, [StoredEvent(events.created(1), NOW_S)], [], None, None, DESK, carried=op)
    assert any(fact.startswith("**Executed: 1 of 1 call succeeded**") for fact in card.facts)
    assert proposal._carried(stored[1:], UNISWAP) is None


def test_hostile_calls_do_nothing_on_an_executions_card_and_fit() -> None:
    bad = {"reason": HOSTILE, "function": f"{HOSTILE}()", "arguments": (HOSTILE,) * 9}
    calls = tuple(a_call(at, "failed", **bad) for at in range(300))
    ops = tuple(executed(*calls, kind=HOSTILE, id=HOSTILE, reason=HOSTILE, outcome="partial") for _ in range(30))
    harmless(render([a_state(a_batch(operations=ops, container=HOSTILE))], DESK.lexicon))


def test_a_list_of_batches_names_what_is_no_user_operation() -> None:
    one = events.batch(1, 1, container="safe", container_id=HASH, outcome="reverted", success=False)
    card = listing.answer([StoredEvent(one, NOW_S)], DESK, failed_only=True, where="all")
    assert "✗ Safe transaction **" in card.facts[0]
    plain = msgspec.structs.replace(one, container=entrypoint.CONTAINER)
    assert "Safe" not in listing.answer([StoredEvent(plain, NOW_S)], DESK, failed_only=True, where="all").facts[0]
