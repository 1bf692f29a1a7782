"""Answers about batches, drawn without Discord."""

from typing import Any

import msgspec
import pytest

from bot.cards import layout, text
from bot.commands import batch, batches
from tests import events
from tests.desk import DESK, HOSTILE, UNISWAP, a_cast, harmless, stored
from watchers.batches.container import Container
from watchers.batches.delegation import Delegation
from watchers.batches.events import BatchResult, Call
from watchers.batches.telling import container_of
from watchers.lookup import Found


def an_op(n: int = 1, **bent: Any) -> BatchResult:
    return events.batch(n, n, **{"container_id": events.tx(n), "outcome": "success", **bent})


def a_batch(*ops: BatchResult) -> Found:
    return Found(1, events.tx(1), 7, True, [], [container_of(op) for op in ops])


def test_no_failed_operation_is_said_to_be_none() -> None:
    card = batches.answer([], DESK, failed_only=True, where="Base")
    assert card.facts[0].startswith("No failed operation is on record.")
    assert card.small.startswith("0 operations")


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        ({}, "succeeded"),
        ({"outcome": "partial"}, "succeeded only in part"),
        ({"success": False, "outcome": "reverted"}, "failed"),
        ({"success": False, "outcome": "postop_reverted"}, "undone: its paymaster failed after it"),
        ({"success": False, "outcome": "prefund_too_low"}, "undone: it had not paid enough for gas"),
        ({"success": False, "outcome": "unknown"}, "failed"),
        ({"success": True, "outcome": "unknown"}, "accepted, its calls unknown"),
    ],
)
def test_an_outcome_is_said_in_plain_words_and_never_guessed(bent: dict[str, Any], words: str) -> None:
    card = batches.answer(stored(an_op(**bent)), DESK, failed_only=False, where="all chains")
    assert words in card.facts[0]
    assert ("✓" in card.facts[0]) == (words == "succeeded")


def test_hostile_reasons_and_functions_do_nothing_in_a_batch() -> None:
    calls = tuple(Call(n, "0x" + "55" * 20, 0, "0x", f"```{HOSTILE}", "failed", f"```{HOSTILE}") for n in range(40))
    ops = [an_op(n, success=False, outcome="reverted", reason=HOSTILE, calls=calls) for n in range(1, 60)]
    found = a_batch(*ops)
    card = batch.answer(found, DESK)
    harmless(card)
    assert "more line" in card.facts[-1]
    assert layout.texts(card)[1].endswith(card.facts[-1])
    harmless(batch.page(found, 3, DESK))
    harmless(batches.answer(stored(*ops), DESK, failed_only=True, where="all"))


def test_a_batch_without_a_trace_says_that_its_calls_are_unknown() -> None:
    card = batch.answer(a_batch(an_op(1, calls=(Call(0, "0x" + "55" * 20, 0, "0x"),), outcome="unknown")), DESK)
    assert card.headline == "Operation accepted, its calls unknown"
    assert card.small.endswith("calls inside unknown: the node gives no trace")
    assert card.facts[1] == "? 1 result unknown: `transfer`"
    assert "✓" not in "".join(card.facts)


SAFE_TX = Container(
    kind="safe",
    id=events.tx(9),
    sender="0x" + "5a" * 20,
    success=True,
    outcome="partial",
    calls=(
        Call(
            0,
            UNISWAP.token,
            0,
            "0xa9059cbb" + "0" * 24 + "11" * 20 + f"{5:064x}",
            "transfer(address,uint256)",
            "success",
        ),
        Call(1, UNISWAP.token, 7, "0x12345678", "0x12345678", "failed", 'Error("no")', 21_000),
        Call(2, UNISWAP.token, 0, "0xa9059cbb", "transfer(address,uint256)", "success", swallowed=2),
    ),
)


def test_what_failed_comes_first_with_target_function_arguments_and_reason_and_the_rest_is_folded() -> None:
    card = batch.answer(Found(1, events.tx(1), 7, True, [], [SAFE_TX], traced=True), DESK)
    said = [text.bare(line) for line in card.facts]
    assert (card.headline, card.accent) == ("Batch: 2 of 3 calls succeeded", "warning")
    assert said == [
        "✗ Safe transaction succeeded only in part · 2 of 3 · 0x5a5A5a…5A5A5A",
        '✗ call 2 failed · `0x12345678` on 0x1f9840…01F984 with 7 wei: `Error("no")`',
        "✓ call 3 succeeded, 2 failures inside it swallowed · `transfer` on 0x1f9840…01F984",
        "✓ 1 succeeded: `transfer`",
    ]
    assert card.small.endswith("checked call by call")


def test_every_call_is_on_a_page_with_its_arguments_and_buttons_that_turn_it() -> None:
    many = msgspec.structs.replace(
        SAFE_TX, calls=tuple(msgspec.structs.replace(SAFE_TX.calls[0], index=n) for n in range(20))
    )
    found = Found(1, events.tx(1), 7, True, [], [many], traced=True)
    (button,) = batch.answer(found, DESK).buttons
    assert (button.label, button.custom_id) == ("All calls", f"calls:{events.tx(1)}:0")
    pages = [batch.page(found, n, DESK) for n in range(3)]
    assert [page.headline for page in pages] == ["Calls 1 to 8 of 20", "Calls 9 to 16 of 20", "Calls 17 to 20 of 20"]
    assert [[b.label for b in page.buttons] for page in pages] == [["Next"], ["Previous", "Next"], ["Previous"]]
    assert pages[1].buttons[1].custom_id == f"turn:{events.tx(1)}:2"
    assert text.bare(pages[2].facts[4]).startswith("✓ call 20 succeeded · `transfer(0x1111")
    assert batch.page(found, 99_999, DESK) == pages[2]


def test_a_failed_batch_says_that_nothing_of_it_stays() -> None:
    undone = msgspec.structs.replace(
        SAFE_TX,
        success=False,
        outcome="reverted",
        calls=tuple(msgspec.structs.replace(c, outcome="rolled_back", swallowed=0) for c in SAFE_TX.calls),
    )
    card = batch.answer(Found(1, events.tx(1), 7, False, [], [undone], traced=True), DESK)
    assert (card.headline, card.accent) == ("Batch: 0 of 3 calls succeeded", "bad")
    assert card.facts[0] == "**The transaction failed**: nothing of it stays"
    assert card.facts[-1].startswith("↺ 3 undone: ")


def test_a_container_that_nothing_is_known_of_is_no_success() -> None:
    unknown = msgspec.structs.replace(SAFE_TX, success=None, outcome="unknown", calls=())
    card = batch.answer(Found(1, events.tx(1), 7, None, [], [unknown]), DESK)
    assert (card.headline, card.accent) == ("Batch accepted, its calls unknown", "warning")
    assert text.bare(card.facts[0]).startswith("? Safe transaction result unknown · ")
    assert card.buttons == ()


def test_a_delegation_is_told_with_whether_it_applied() -> None:
    given = [
        Delegation("0x" + "1a" * 20, "0x" + "2b" * 20, applied, why) for applied, why in ((True, ""), (False, "nonce"))
    ]
    card = batch.answer(Found(1, events.tx(1), 7, True, [], delegations=given), DESK)
    assert [text.bare(line) for line in card.facts[1:]] == [
        "Delegation of 0x1a1A1A…1a1a1a to 0x2b2B2B…2b2B2B applied",
        "Delegation of 0x1a1A1A…1a1a1a to 0x2b2B2B…2b2B2B not applied: nonce",
    ]


def test_a_failed_transaction_says_that_it_failed() -> None:
    card = batch.answer(Found(1, events.tx(1), 7, False, []), DESK)
    assert (card.headline, card.accent) == ("The transaction failed", "bad")


def test_a_transaction_says_what_else_it_did() -> None:
    found = [a_cast(3), events.created(1), *(events.move(1, n) for n in range(20))]
    card = batch.answer(Found(1, events.tx(1), 7, True, found), DESK)
    assert card.facts[1] == "**Vote** 3 UNI for · Uniswap 42"
    assert card.facts[2] == "**Proposal** 7 created"
    assert card.facts[3].startswith("**Liquidity** removed from pool [0x909090…909090]")
    assert card.facts[-1] == "and 12 more"
