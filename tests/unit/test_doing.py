"""What a proposal would do, as a person reads it: at most three lines of actions, one on the trial, and no chain text
that acts.
"""

from typing import Any, get_args

import pytest
from eth_hash.auto import keccak

from bot.cards import render
from bot.cards.calls import call_line
from bot.cards.card import Card
from bot.cards.doing import effect_lines
from bot.cards.lexicon import shorten
from bot.cards.proposal import _SAID as SAID
from bot.cards.standing import STEPS
from bot.commands import proposal, why
from tests.alerts import UNI, VOTER, a_proposal, a_state
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from tests.events import created
from watchers.alert import CallFacts
from watchers.governance.events import Change
from watchers.history import StoredEvent
from watchers.inquiry import Standing
from watchers.proposed import Action, Effect, Outcome, Simulated

TIMELOCK, OTHER = "0x1a9c8182c09f50c8318d769245bea52c32be35bc", "0x" + "c3" * 20
OK = Outcome(ok=True)
DIGITS = shorten(OTHER)


def action(at: int = 0, function: str = "setDelay(uint256)", *given: str, **bent: Any) -> Action:
    return Action(**{"index": at, "target": OTHER, "function": function, "arguments": given, **bent})


def card(**bent: Any) -> Card:
    facts = {"actions": len(bent.get("does", ())), **bent}
    return render([a_state(a_proposal(**facts))], DESK.lexicon)


def seen(*calls: Outcome, **bent: Any) -> Simulated:
    return Simulated(**{"step": "created", "block": 9, "sender": TIMELOCK, "calls": calls, **bent})


def line(of: Card, start: str) -> str:
    return next(fact for fact in of.facts if fact.startswith(f"**{start}"))


def test_a_payment_says_how_much_of_what_to_whom() -> None:
    paid = action(0, "transfer(address,uint256)", VOTER, str(12_500 * 10**18), target=UNI, risks=("moves funds",))
    assert line(card(does=(paid,)), "What it would do").startswith("**What it would do** transfer 12.5k UNI to ")


def test_a_token_that_no_file_lists_is_told_in_base_units() -> None:
    paid = action(0, "transfer(address,uint256)", VOTER, "12345678")
    assert f"12.3M base units of [{DIGITS}]" in line(card(does=(paid,)), "What it would do")


def test_an_allowance_without_bound_says_so() -> None:
    given = action(0, "approve(address,uint256)", VOTER, str(2**256 - 1), target=UNI)
    assert "spend **any amount** of" in line(card(does=(given,)), "What it would do")


def test_coins_that_are_sent_are_told_in_the_chain_s_own() -> None:
    assert "pay 3 ETH to" in line(card(does=(action(0, "", value_wei=3 * 10**18),)), "What it would do")
    assert "and 3 ETH" in line(card(does=(action(0, value_wei=3 * 10**18),)), "What it would do")


def test_any_other_call_says_function_target_arguments_and_what_is_risky() -> None:
    one = action(0, "grantRole(bytes32,address)", "0xab", VOTER, risks=("changes roles",))
    said = line(card(does=(one,)), "What it would do")
    assert said.startswith(f"**What it would do** `grantRole` on [{DIGITS}]")
    assert "with `0xab`, " in said
    assert said.endswith(" · **changes roles**")


def test_three_actions_are_told_and_the_rest_is_counted() -> None:
    of = card(does=tuple(action(at) for at in range(7)))
    told = [fact for fact in of.facts if "`setDelay`" in fact]
    assert [fact.split("`")[0] for fact in told] == ["**What it would do** ", "**Then** ", "**Then** "]
    assert told[-1].endswith(", and **4 more**")


def test_what_was_executed_is_told_as_done() -> None:
    assert line(card(does=(action(),), change="executed"), "What it did")


def test_actions_that_cannot_be_read_are_counted() -> None:
    assert line(card(actions=2), "Does") == "**Does** 2 actions on chain"


@pytest.mark.parametrize(
    ("simulated", "said"),
    [
        (seen(OK), "**Simulated at creation** its call succeeds"),
        (seen(OK, OK, OK), "**Simulated at creation** all 3 calls succeed"),
        (seen(OK, step="queued"), "**Simulated when queued** its call succeeds"),
        (seen(OK, step="executed"), "**Simulated right before it ran** its call succeeds"),
        (
            seen(OK, Outcome(ok=False, reason='Error("closed")'), OK),
            '**Simulated at creation** **call 2 of 3 fails**: `Error("closed")`',
        ),
        (
            seen(Outcome(ok=False, reason="empty_revert")),
            "**Simulated at creation** **its call fails**: no reason given",
        ),
        (
            seen(OK, Outcome(ok=False, reason="out_of_gas"), Outcome(ok=False)),
            "**Simulated at creation** **call 2 of 3 fails**: out of gas, and 1 more fails",
        ),
        (seen(why="the node cannot"), "**Not simulated** at creation: the node cannot"),
        (
            seen(OK, effects=(Effect(0, "upgrade"), Effect(0, "transfer"), Effect(0, "transfer")), more=4),
            "**Simulated at creation** its call succeeds · 1 new code, 2 transfers, and 4 more",
        ),
    ],
)
def test_the_trial_says_when_and_how_it_went(simulated: Simulated, said: str) -> None:
    of = card(does=(action(),), simulated=simulated)
    assert said in of.facts


def test_a_proposal_that_nobody_tried_says_nothing_of_a_trial() -> None:
    assert not [fact for fact in card(does=(action(),)).facts if "imulated" in fact]


def test_what_is_wrong_with_the_targets_and_the_money_has_its_own_lines() -> None:
    of = card(does=(action(),), simulated=seen(OK, codeless=(OTHER,), changed=(VOTER,), lacks_wei=10**18))
    assert line(of, "No code at").endswith("a call there does nothing")
    assert "0x8d07D2…e6A265" in line(of, "Other code than at creation")
    assert line(of, "Not there yet") == "**Not there yet** 1 ETH of what it sends"


def test_every_kind_of_change_is_said() -> None:
    effects = (
        Effect(0, "transfer", UNI, TIMELOCK, VOTER, 10**18),
        Effect(0, "coins", "0x" + "ee" * 20, TIMELOCK, VOTER, 10**18),
        Effect(1, "item", OTHER, TIMELOCK, VOTER, 7),
        Effect(1, "allowance", UNI, TIMELOCK, VOTER, 10**18),
        Effect(1, "role_granted", OTHER, TIMELOCK, VOTER, after="0xab"),
        Effect(1, "fee_switch", OTHER, TIMELOCK, after=VOTER),
    )
    lines = list(effect_lines(seen(OK, OK, effects=effects, more=1), 1, "uniswap", DESK.lexicon))
    assert lines[0].startswith("call 1: 1 UNI from ")
    assert lines[1].startswith("call 1: 1 ETH from ")
    assert lines[2].startswith("call 2: item `7` of ")
    assert " may spend 1 UNI of " in lines[3]
    assert lines[4].startswith("call 2: **role granted** of ")
    assert lines[5].startswith("call 2: **fee switch** of ")
    assert "[0x8d07D2…e6A265]" in lines[5].partition(" → ")[2]
    assert lines[6] == "and 1 more change"
    more = list(effect_lines(seen(OK, effects=effects, more=2), 1, "uniswap", DESK.lexicon))
    assert more[6] == "and 2 more changes"


def lacks(what: str, has: int, needs: int, token: str = UNI) -> str:
    reason = f"ERC20Insufficient{what}({VOTER},{has},{needs})"
    paid = action(0, "transfer(address,uint256)", OTHER, str(needs), target=token)
    return line(card(does=(paid,), simulated=seen(Outcome(ok=False, reason=reason))), "Simulated").partition(
        "fails**: "
    )[2]


def test_what_a_known_token_lacks_is_told_in_its_units() -> None:
    who = DESK.lexicon.who(1, VOTER)
    assert lacks("Balance", 400_000 * 10**18, 500_000 * 10**18) == f"{who} has 400k UNI, needs 500k UNI"
    assert lacks("Allowance", 0, 10**18) == f"{who} may spend 0 UNI, needs 1 UNI"


def test_what_an_unknown_token_lacks_and_two_amounts_that_look_the_same_are_told_raw() -> None:
    assert lacks("Balance", 4, 5, OTHER) == f"`ERC20InsufficientBalance({VOTER},4,5)`"
    close = 10**24
    assert lacks("Balance", close, close + 1) == f"`ERC20InsufficientBalance({VOTER},{close},{close + 1})`"
    assert lacks("Sender", 4, 5) == f"`ERC20InsufficientSender({VOTER},4,5)`"


def test_why_and_the_calls_of_a_batch_tell_in_units_what_a_known_token_lacks() -> None:
    reason = f"ERC20InsufficientBalance({VOTER},{10**18},{2 * 10**18})"
    facts = a_proposal(does=(action(0, target=UNI),), actions=1, simulated=seen(Outcome(ok=False, reason=reason)))
    said = f"{DESK.lexicon.who(1, VOTER)} has 1 UNI, needs 2 UNI"
    assert f"**Call 1** fails: {said}" in why.answer(a_state(facts), DESK).facts
    call = CallFacts(0, UNI, "transfer(address,uint256)", 0, "failed", reason)
    assert call_line(call, 1, DESK.lexicon).endswith(f": {said}")


def test_a_well_known_role_is_told_by_name_where_a_role_is_meant() -> None:
    proposer, admin = "0x" + keccak(b"PROPOSER_ROLE").hex(), "0x" + "00" * 32
    for given, shown in ((proposer, "PROPOSER_ROLE"), (admin, "DEFAULT_ADMIN_ROLE"), ("0xab", "0xab")):
        assert f"with `{shown}`, " in line(card(does=(action(0, "grantRole(bytes32,address)", given, VOTER),)), "What")
    assert "_ROLE" not in line(card(does=(action(0, "setRoot(bytes32)", admin),)), "What")
    granted = Effect(1, "role_granted", OTHER, TIMELOCK, VOTER, after=proposer)
    assert next(effect_lines(seen(OK, effects=(granted,)), 1, "uniswap", DESK.lexicon)).endswith("→ `PROPOSER_ROLE`")


HOSTILE_ACTIONS = tuple(action(at, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE) for at in range(10))
HOSTILE_TRIAL = seen(
    *[Outcome(ok=False, reason=HOSTILE)] * 60,
    effects=tuple(Effect(0, HOSTILE, OTHER, OTHER, OTHER, 2**256 - 1, HOSTILE) for _ in range(60)),
    codeless=(OTHER,) * 40,
    changed=(OTHER,) * 40,
    more=10**6,
    why="",
)


def test_hostile_actions_and_reasons_do_nothing_on_the_card_nor_in_why() -> None:
    facts = a_proposal(does=HOSTILE_ACTIONS, actions=99, simulated=HOSTILE_TRIAL)
    harmless(render([a_state(facts)], DESK.lexicon))
    harmless(why.answer(a_state(facts), DESK))


def test_a_hostile_reason_for_not_trying_does_nothing() -> None:
    facts = a_proposal(does=HOSTILE_ACTIONS, simulated=seen(why=HOSTILE))
    harmless(render([a_state(facts)], DESK.lexicon))


def test_hostile_actions_do_nothing_in_proposal() -> None:
    many = 40
    event = created(
        1,
        address=UNISWAP.governor,
        proposal_id=42,
        targets=(OTHER,) * many,
        values_wei=(2**256 - 1,) * many,
        signatures=(HOSTILE,) * many,
        calldatas=("0x" + "ff" * 64,) * many,
        left_out=3,
        simulated=HOSTILE_TRIAL,
    )
    of = proposal.answer(UNISWAP, 42, [StoredEvent(event, NOW_S)], [], None, None, DESK)
    harmless(of)
    assert any(fact.startswith("**1** · ") for fact in of.facts)


def test_proposal_shows_every_action_and_the_last_trial() -> None:
    calldatas = ("0xe177246e" + f"{7:064x}",) * 5
    event = created(
        1,
        address=UNISWAP.governor,
        targets=(OTHER,) * 5,
        values_wei=(0,) * 5,
        signatures=("",) * 5,
        calldatas=calldatas,
        simulated=seen(OK, OK, OK, OK, OK),
    )
    queued = created(2, address=UNISWAP.governor, change="queued", simulated=seen(OK, OK, OK, OK, OK, step="queued"))
    steps = [StoredEvent(event, NOW_S), StoredEvent(queued, NOW_S)]
    of = proposal.answer(UNISWAP, 7, steps, [], None, None, DESK)
    assert [fact[2] for fact in of.facts if "`setDelay`" in fact] == ["1", "2", "3", "4", "5"]
    assert "**Simulated when queued** all 5 calls succeed" in of.facts


def test_why_shows_what_was_called_and_how_each_call_went() -> None:
    facts = a_proposal(
        does=(action(0, "setDelay(uint256)", "7"),),
        actions=1,
        simulated=seen(OK, effects=(Effect(0, "transfer", UNI, TIMELOCK, VOTER, 10**18),)),
    )
    of = why.answer(a_state(facts), DESK)
    assert f"**Action 1** `setDelay(7)` on `{OTHER}`" in of.facts
    assert f"**Tried** by `{TIMELOCK}` on the state after block 9" in of.facts
    assert "**Call 1** succeeds" in of.facts
    assert any(fact.startswith("call 1: 1 UNI from ") for fact in of.facts)


def test_proposal_tells_how_the_actions_go_now_where_the_chain_was_asked() -> None:
    event = created(1, address=UNISWAP.governor, targets=(OTHER,), values_wei=(0,), calldatas=("0xe177246e",))
    now = seen(Outcome(ok=False, reason="empty_revert"), step="now")
    standing = Standing(None, False, None, None, None, None, 19_000_000, now)
    of = proposal.answer(UNISWAP, 7, [StoredEvent(event, NOW_S)], [], None, standing, DESK)
    assert "**Simulated just now** **its call fails**: no reason given" in of.facts


def test_a_target_that_can_self_destruct_is_named() -> None:
    assert f"[{DIGITS}]" in line(card(simulated=seen(OK, destructs=(OTHER,))), "Can self-destruct")


@pytest.mark.parametrize(
    ("chars", "actions", "told"),
    [
        (0, 1, "**Says little** 0 characters of text for 1 action"),
        (39, 2, "**Says little** 39 characters of text for 2 actions"),
        (40, 2, ""),
        (1, 1, ""),
        (None, 9, ""),
        (0, 0, ""),
    ],
)
def test_a_text_too_short_for_what_is_done_is_told(chars: int | None, actions: int, told: str) -> None:
    found = [fact for fact in card(text_chars=chars, actions=actions).facts if fact.startswith("**Says little")]
    assert found == ([told] if told else [])


def test_a_target_that_is_called_several_times_is_told() -> None:
    assert line(card(repeated=((OTHER, 3),)), "Calls again").endswith(" 3 times")


def test_every_step_of_a_proposal_has_its_words_wherever_it_is_told() -> None:
    for words in (SAID, STEPS):
        assert set(get_args(Change)) <= words.keys()
    assert SAID["activated"][0] == "Voting opens on a voting machine"


def test_a_target_without_verified_source_is_named_unless_it_holds_no_code_at_all() -> None:
    assert f"[{DIGITS}]" in line(card(unverified=(OTHER,)), "Source not verified")
    for bent in (
        {"unverified": ()},
        {"unverified": None},
        {"unverified": (OTHER,), "simulated": seen(codeless=(OTHER,))},
    ):
        assert not [fact for fact in card(**bent).facts if fact.startswith("**Source not")]
