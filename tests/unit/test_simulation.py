"""Trying a proposal's actions: what is asked of the node, and what its answer, be it a hostile one, comes to."""

from typing import Any

import msgspec
import pytest

from config.settings import VoteWatch
from tests.electorate import GOVERNOR, HEIGHT, KEY, NOW_S, OTHER, TOKEN, WHALE, W, change, dao, situation
from tests.unit.test_proposed_actions import call, plan
from watchers.abi import encode_words, shape_of
from watchers.alert import ProposalFacts
from watchers.event import Event
from watchers.facts import Answer, Ask, RpcError
from watchers.governance import rehearsal, simulation
from watchers.governance.actions import MAX_ACTIONS, planned
from watchers.governance.events import ProposalChange
from watchers.governance.getters import Coins
from watchers.governance.protocols.access import OwnershipTransferred, RoleGranted
from watchers.governance.protocols.holders import Transfer
from watchers.governance.protocols.proxies import Upgraded
from watchers.governance.rehearsal import Executor
from watchers.governance.simulation import COINS, MAX_EFFECTS, Approval, Trial
from watchers.governance.wing import wing
from watchers.proposed import Effect, Outcome, Simulated
from watchers.wing import Situation

TIMELOCK, TARGET = "0x" + "7a" * 20, "0x" + "c3" * 20
PAY = (TARGET, 0, "", call("transfer(address,uint256)", OTHER, 5))
SET = (TARGET, 0, "", call("setDelay(uint256)", 5))
LISTED = dao(timelock=TIMELOCK)


def topic(address: str) -> str:
    return f"0x{address[2:]:0>64}"


def words(*values: int) -> str:
    return "0x" + b"".join(value.to_bytes(32) for value in values).hex()


def logged(shape: type, *topics: str, data: str = "0x", at: str = TARGET) -> dict[str, Any]:
    return {"address": at, "topics": [shape_of(shape).topic0, *topics], "data": data}


def fine(*logs: Any) -> dict[str, Any]:
    return {"status": "0x1", "returnData": "0x", "gasUsed": "0x5208", "logs": list(logs)}


def trial(*rows: tuple[str, int, str, str], **bent: Any) -> Trial:
    return Trial(**{"step": "created", "sender": TIMELOCK, "actions": tuple(planned(plan(*rows))), "at": 9, **bent})


def tried(*results: Any, of: Trial | None = None, code: str = "0x6000") -> Simulated:
    ask = of or trial(*[PAY] * len(results))
    codes: list[Answer] = [code] * len(ask.targets)
    return ask.read([[{"calls": list(results)}], *codes])


# --- the question -------------------------------------------------------------------------------------------------


def test_the_actions_are_tried_from_the_timelock_with_transfers_of_coins_traced() -> None:
    first, *codes = trial(PAY, (OTHER, 3, "", "0x"), time_s=77, balance_wei=3).calls(1_000)
    options, at = first.params
    assert (first.method, at) == ("eth_simulateV1", "0x9")
    assert options == {
        "blockStateCalls": [
            {
                "calls": [
                    {"from": TIMELOCK, "to": TARGET, "value": "0x0", "data": PAY[3]},
                    {"from": TIMELOCK, "to": OTHER, "value": "0x3", "data": "0x"},
                ],
                "stateOverrides": {TIMELOCK: {"balance": "0x3"}},
                "blockOverrides": {"time": "0x4d"},
            }
        ],
        "validation": False,
        "traceTransfers": True,
        "returnFullTransactions": False,
    }
    assert [code.params for code in codes] == [(TARGET, "0x9")], "who is only paid needs no code"


def test_nothing_is_overridden_that_need_not_be() -> None:
    (batch,) = trial(PAY).calls(1_000)[0].params[0]["blockStateCalls"]
    assert batch.keys() == {"calls"}


# --- the answer ---------------------------------------------------------------------------------------------------


def test_each_call_has_its_outcome_and_its_reason_wherever_the_node_puts_it() -> None:
    data = "0x08c379a0" + encode_words(("string",), ("the vault is closed",)).hex()
    seen = tried(
        fine(),
        {"status": "0x0", "returnData": data, "logs": [], "error": {"code": -3200, "message": "execution failed"}},
        {"status": "0x0", "returnData": "0x", "error": {"code": 3, "message": "execution reverted", "data": data}},
        {"status": "0x0", "returnData": "0x", "error": {"code": -32015, "message": "out of gas"}},
        {"status": "0x0", "returnData": "0x"},
    )
    closed = Outcome(ok=False, reason='Error("the vault is closed")')
    assert seen.calls == (
        Outcome(ok=True),
        closed,
        closed,
        Outcome(ok=False, reason="out_of_gas"),
        Outcome(ok=False, reason="empty_revert"),
    )
    assert seen.fails == (1, 2, 3, 4)


def test_what_the_calls_log_says_who_is_in_charge_and_what_moves() -> None:
    role = "0x" + "ab" * 32
    seen = tried(
        fine(
            logged(Transfer, topic(TIMELOCK), topic(OTHER), data=words(5 * W), at=TOKEN),
            logged(Transfer, topic(TIMELOCK), topic(OTHER), data=words(7), at=COINS),
            logged(Approval, topic(TIMELOCK), topic(WHALE), data=words(2**256 - 1), at=TOKEN),
        ),
        fine(
            logged(Upgraded, topic(OTHER)),
            logged(RoleGranted, role, topic(WHALE), topic(TIMELOCK)),
            logged(OwnershipTransferred, topic(TIMELOCK), topic(WHALE)),
        ),
    )
    assert [effect.kind for effect in seen.effects] == [
        "upgrade",
        "role_granted",
        "owner_changed",
        "transfer",
        "coins",
        "allowance",
    ]
    assert {effect.call for effect in seen.effects[:3]} == {1}
    assert seen.effects[0].after == OTHER
    assert seen.effects[3] == Effect(0, "transfer", TOKEN, TIMELOCK, OTHER, 5 * W)
    assert seen.effects[4] == Effect(0, "coins", COINS, TIMELOCK, OTHER, 7)
    assert seen.more == 0


def test_the_fee_switch_that_logs_nothing_is_seen_in_the_calldata() -> None:
    ask = trial((TARGET, 0, "", call("setFeeTo(address)", WHALE)))
    assert tried(fine(), of=ask).effects == (Effect(0, "fee_switch", TARGET, TIMELOCK, after=WHALE),)
    assert tried({"status": "0x0"}, of=ask).effects == (), "a switch that failed switched nothing"


def test_a_flood_of_transfers_hides_neither_a_new_owner_nor_what_leaves_the_treasury() -> None:
    flood = [logged(Transfer, topic(WHALE), topic(OTHER), data=words(1))] * 500
    paid = logged(Transfer, topic(TIMELOCK), topic(OTHER), data=words(5), at=TOKEN)
    seen = tried(fine(*flood, paid, logged(OwnershipTransferred, topic(TIMELOCK), topic(WHALE))))
    assert [effect.kind for effect in seen.effects[:2]] == ["owner_changed", "transfer"]
    assert seen.effects[1].who == TIMELOCK
    assert (len(seen.effects), seen.more) == (MAX_EFFECTS, 502 - MAX_EFFECTS)


def test_logs_of_a_call_that_failed_did_not_happen() -> None:
    paid = logged(Transfer, topic(TIMELOCK), topic(OTHER), data=words(5))
    assert tried({"status": "0x0", "logs": [paid]}).effects == ()


@pytest.mark.parametrize(
    "junk",
    [
        None,
        7,
        {},
        {"address": 7, "topics": [], "data": "0x"},
        {"address": TARGET, "topics": [7], "data": "0x"},
        {"address": TARGET, "topics": ["0x"] * 5, "data": "0x"},
        {"address": TARGET, "topics": None, "data": "0x"},
    ],
)
def test_a_log_that_is_none_is_counted_and_the_next_is_read(junk: Any) -> None:
    seen = tried(fine(junk, logged(Transfer, topic(TIMELOCK), topic(OTHER), data=words(5))))
    assert (len(seen.effects), seen.more) == (1, 1)


def test_a_log_that_does_not_fit_its_topic_harms_nothing() -> None:
    dirty = logged(Transfer, "0x" + "ff" * 32, topic(OTHER), data=words(5))
    seen = tried(fine(dirty, logged(RoleGranted, "0x", "0x", "0x"), {"address": "", "topics": [], "data": "zz"}))
    assert seen.calls == (Outcome(ok=True),)
    assert seen.effects == ()


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, "0x", [7], [{}], [{"calls": []}], [{"calls": [7]}], [{"calls": [{"status": "0x2"}]}], [{}, {}]],
)
def test_an_answer_that_is_none_is_no_success(answer: Any) -> None:
    seen = trial(PAY).read([answer, "0x60"])
    assert (seen.calls, seen.why) == ((), simulation.UNREADABLE)


@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        (-32601, "the method eth_simulateV1 does not exist/is not available", "the node cannot"),
        (-32000, "method not supported", "the node cannot"),
        (-38014, "insufficient funds https://user:key@node", "the calls send more coins than there are"),
        (-38026, "too many", "the calls are more than the node allows"),
        (-38020, "block number", "the node refuses, code -38020"),
    ],
)
def test_a_node_that_refuses_is_said_in_our_own_words(code: int, message: str, why: str) -> None:
    assert trial(PAY).read([RpcError(code, message), "0x60"]).why == why


def test_a_target_without_code_is_named() -> None:
    seen = tried(fine(), code="0x")
    assert (seen.codeless, seen.codes) == ((TARGET,), ())


# --- in the wing --------------------------------------------------------------------------------------------------


def at_step(
    facts: dict[Ask[Any], Any], created: ProposalChange | None = None, *, of: Any = LISTED, **more: Any
) -> Situation:
    return situation(facts, of=of, **more)._replace(created={KEY: created} if created else {})


def opened(step: ProposalChange, at: Situation) -> list[Ask[Any]]:
    kinds = (Trial, Executor, Coins)
    return [ask for ask in wing.asks([step], at) if isinstance(ask, kinds)]


def told(step: ProposalChange, at: Situation) -> ProposalFacts:
    (alert,) = [a for a in wing.judge(wing.enrich([step], at), at) if not a.revises]
    assert isinstance(alert.facts, ProposalFacts)
    return alert.facts


def test_a_creation_is_tried_on_the_state_after_its_block() -> None:
    (ask,) = opened(plan(PAY), at_step({}))
    assert ask == trial(PAY, at=HEIGHT)


def test_what_it_came_to_is_kept_and_said() -> None:
    seen = Simulated("created", HEIGHT, TIMELOCK, (Outcome(ok=True),))
    at = at_step({trial(PAY, at=HEIGHT): seen})
    (kept,) = wing.enrich([plan(PAY)], at)
    assert isinstance(kept, ProposalChange)
    assert kept.simulated == seen
    facts = told(plan(PAY), at)
    assert (facts.actions, [a.function for a in facts.does]) == (1, ["transfer(address,uint256)"])
    assert facts.simulated == seen


def test_a_queued_proposal_is_tried_again_as_of_its_eta() -> None:
    (ask,) = opened(change("queued", eta_s=NOW_S + 500), at_step({}, plan(PAY, SET)))
    assert ask == trial(PAY, SET, step="queued", at=HEIGHT, time_s=NOW_S + 500)


def test_an_executed_one_is_tried_on_the_state_before_its_block_at_its_time() -> None:
    (ask,) = opened(change("executed"), at_step({}, plan(PAY)))
    assert ask == trial(PAY, step="executed", at=HEIGHT - 1, time_s=NOW_S)


def test_an_eta_beyond_all_time_is_not_asked_for() -> None:
    (ask,) = opened(change("queued", eta_s=2**200), at_step({}, plan(PAY)))
    assert isinstance(ask, Trial)
    assert ask.time_s == 0


def test_a_timelock_that_no_file_names_is_asked_of_the_governor() -> None:
    created, executor = plan(PAY), Executor(GOVERNOR)
    assert opened(created, at_step({}, of=dao())) == [executor]
    (ask,) = opened(created, at_step({executor: TIMELOCK}, of=dao()))
    assert ask == trial(PAY, at=HEIGHT)
    (own,) = opened(created, at_step({executor: ""}, of=dao()))
    assert own == trial(PAY, at=HEIGHT, sender=GOVERNOR)
    nobody = told(created, at_step({executor: None}, of=dao())).simulated
    assert nobody is not None
    assert nobody.why == rehearsal.NO_EXECUTOR


@pytest.mark.parametrize(
    ("answers", "executor"),
    [
        ([topic(TIMELOCK), RpcError(3, "execution reverted"), "0x"], TIMELOCK),
        ([RpcError(3, "execution reverted"), topic(WHALE), "0x"], WHALE),
        ([RpcError(3, "execution reverted"), "0x", RpcError(3, "execution reverted")], ""),
        ([topic("0x" + "00" * 20), RpcError(-32000, "header not found"), "0x"], None),
        ([RpcError(-32000, "header not found")] * 3, None),
    ],
)
def test_only_a_contract_that_knows_no_executor_is_its_own(answers: list[Answer], executor: str | None) -> None:
    assert Executor(GOVERNOR).read(answers) == executor


def test_coins_that_the_timelock_lacks_are_lent_and_said() -> None:
    created, balance = plan((OTHER, 10, "", "0x")), Coins(TIMELOCK, HEIGHT)
    assert opened(created, at_step({})) == [balance]
    (ask,) = opened(created, at_step({balance: 4}))
    assert ask == trial((OTHER, 10, "", "0x"), at=HEIGHT, balance_wei=10)
    seen = told(created, at_step({balance: 4, ask: Simulated("created", HEIGHT, TIMELOCK, (Outcome(ok=True),))}))
    assert seen.simulated is not None
    assert seen.simulated.lacks_wei == 6
    (rich,) = opened(created, at_step({balance: 40}))
    assert rich == trial((OTHER, 10, "", "0x"), at=HEIGHT)


def test_code_that_is_another_than_at_creation_is_named() -> None:
    before = Simulated("created", 1, TIMELOCK, (Outcome(ok=True),), codes=((TARGET, "aa"), (OTHER, "cc")))
    created = msgspec.structs.replace(plan(PAY), simulated=before)
    ask = trial(PAY, step="queued", at=HEIGHT)
    after = msgspec.structs.replace(before, step="queued", codes=((TARGET, "bb"), (OTHER, "cc")))
    seen = told(change("queued"), at_step({ask: after}, created)).simulated
    assert seen is not None
    assert seen.changed == (TARGET,)


def test_actions_too_many_to_keep_are_not_tried_and_the_reason_is_said() -> None:
    created = plan(*[PAY] * (MAX_ACTIONS + 5))
    assert opened(created, at_step({})) == []
    facts = told(created, at_step({}))
    assert facts.actions == MAX_ACTIONS + 5
    assert facts.simulated is not None
    assert facts.simulated.why == rehearsal.TOO_LARGE


def test_an_executor_that_may_borrow_code_is_not_tried() -> None:
    facts = told(plan(PAY), at_step({}, of=dao(protocol="aave_v2", timelock=TIMELOCK)))
    assert facts.simulated is not None
    assert facts.simulated.why == rehearsal.NO_EXECUTOR


@pytest.mark.parametrize(
    ("step", "watches"),
    [
        (plan(PAY), (VoteWatch(kind="vote", name="votes", proposals=False),)),
        (plan(), (VoteWatch(kind="vote", name="large"),)),
        (change("canceled"), (VoteWatch(kind="vote", name="large"),)),
    ],
)
def test_what_nobody_would_hear_is_not_tried(step: ProposalChange, watches: tuple[VoteWatch, ...]) -> None:
    assert opened(step, at_step({}, plan(PAY), watches=watches)) == []


def test_a_step_of_a_proposal_whose_creation_is_not_on_record_tells_nothing_of_its_actions() -> None:
    facts = told(change("executed"), at_step({}))
    assert (facts.actions, facts.does, facts.simulated) == (0, (), None)


def test_what_nobody_asked_is_not_said_to_have_been_tried() -> None:
    (kept,) = wing.enrich([plan(PAY)], at_step({}))
    assert isinstance(kept, Event)
    assert getattr(kept, "simulated", 0) is None


def test_a_target_whose_code_can_destroy_itself_is_told_and_a_node_that_answers_no_code_harms_nothing() -> None:
    assert tried(fine(), code="0x33ff").destructs == (TARGET,)
    assert tried(fine(), code="0x60ff").destructs == ()
    assert tried(fine(), code="0xnot code").destructs == ()
