"""What a bundle's card says of each operation and call: a success, a failure, or that nobody knows."""

import re
from pathlib import Path
from typing import Any

import pytest

from bot.cards import render
from bot.cards.calls import KINDS
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import load
from tests.alerts import UNI, a_batch, a_state, an_operation
from watchers.alert import CallFacts, Reason

LEXICON = Lexicon(load(environ={}, dotenv=None))


def drawn(state: Any) -> str:
    return plain(render([state], LEXICON), now_s=1_700_001_000)


def test_an_operation_whose_calls_are_unknown_is_neither_a_success_nor_a_failure() -> None:
    calls = (CallFacts(0, UNI, "ping(uint256)", 0, "unknown", ""), CallFacts(1, UNI, "pong()", 0, "unknown", ""))
    unknown = an_operation(success=True, outcome="unknown", reason="", calls=calls)
    good = an_operation(success=True, outcome="success", reason="", calls=())
    alone = drawn(a_state(a_batch(operations=(unknown,), evidence="logs")))
    assert alone.startswith("Operation accepted, its calls unknown\n")
    assert "✓" not in alone
    assert "✗" not in alone
    assert not {"succeeded", "failed"} & set(re.findall(r"\w+", alone))
    both = drawn(a_state(a_batch(operations=(good, unknown), evidence="logs"))).splitlines()
    assert both[0] == "Batch: 1 of 2 unknown"
    assert both[2:4] == ["  ? 1 accepted, what became of the calls inside is unknown", "  The other one succeeded"]
    three = drawn(a_state(a_batch(operations=(good, unknown, an_operation()), evidence="logs"))).splitlines()
    assert three[0] == "Batch: 1 of 3 operations succeeded, 1 unknown"


@pytest.mark.parametrize(
    ("outcome", "drawn_as"),
    [
        ("success", "✓  1 ping"),
        ("failed", "✗  1 ping"),
        ("rolled_back", "↺  1 ping"),
        ("not_executed", "–  1 ping"),
        ("unknown", "?  1 ping"),
    ],
)
def test_a_call_is_marked_as_what_became_of_it(outcome: str, drawn_as: str) -> None:
    calls = tuple(CallFacts(at, UNI, "ping(uint256)", 0, outcome, "") for at in range(2))
    assert drawn_as in drawn(a_state(a_batch(operations=(an_operation(calls=calls),))))


def test_what_a_bundle_cost_is_said_with_its_coin() -> None:
    assert "Cost 0.009 ETH · bundler" in drawn(a_state(a_batch()))
    assert "Cost 9.00e15 wei · bundler" in drawn(a_state(a_batch(), alert={"chain_id": 999_999}))


def test_a_success_that_a_watch_for_failures_tells_is_named_by_what_fired() -> None:
    def small(measure: str) -> str:
        reasons = (Reason("failed-operations", measure, "1 of 1", "1"),)
        return render([a_state(a_batch(), alert={"reasons": reasons})], LEXICON).small

    assert " · rule executions (failed-operations) · " in small("executions watched")
    assert " · rule failed-operations · " in small("executions in trouble")
    assert " · rule failed-operations · " in small("operations in trouble")


def test_every_kind_of_container_that_the_paper_lists_has_words_of_its_own() -> None:
    paper = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
    row = next(line for line in paper.splitlines() if line.startswith("| `kind` |"))
    listed = set(re.findall(r"`(\w+)`", row)) - {"kind"}
    assert {"entrypoint", "erc7579", "safe_module"} < listed
    assert listed <= set(KINDS)
