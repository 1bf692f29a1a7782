"""The questions to a governor: which calls they make, at which block, and how odd answers are read."""

from typing import Any

import pytest

from watchers.abi import encode_words
from watchers.facts import Answer, Ask, RpcError
from watchers.governance.asks import (
    BravoTimes,
    BravoVotes,
    CountingMode,
    Counts,
    GovernorTimes,
    GovernorVotes,
    QuorumAt,
    QuorumOf,
    QuorumVotes,
    Supply,
    Times,
)

GOVERNOR, TOKEN = "0x" + "60" * 20, "0x" + "70" * 20
REFUSED = RpcError(3, "execution reverted")
BRAVO = ("uint256", "address", *("uint256",) * 6, "bool", "bool")


def word(*numbers: int) -> str:
    return "0x" + encode_words(("uint256",) * len(numbers), numbers).hex()


def bravo(start: int, end: int) -> str:
    return "0x" + encode_words(BRAVO, (7, TOKEN, 0, start, end, 30, 20, 10, False, False)).hex()


@pytest.mark.parametrize(
    ("ask", "selectors", "blocks"),
    [
        (GovernorTimes(GOVERNOR, 7), ["0x2d63f693", "0xc01f9e37"], [99, 99]),
        (GovernorVotes(GOVERNOR, 7), ["0x544ffc9c"], [99]),
        (QuorumAt(GOVERNOR, 50), ["0xf8ce560a", "0xf8ce560a"], [99, 100]),
        (QuorumOf(GOVERNOR, 7), ["0xf8ce560a", "0xf8ce560a"], [99, 100]),
        (CountingMode(GOVERNOR), ["0xdd4e2ba5"], [99]),
        (BravoTimes(GOVERNOR, 7), ["0x013cf08b"], [99]),
        (BravoVotes(GOVERNOR, 7), ["0x013cf08b"], [99]),
        (QuorumVotes(GOVERNOR), ["0x24bc1a64"], [99]),
        (Supply(TOKEN, 50), ["0x8e539e8c", "0x8e539e8c", "0x18160ddd"], [99, 100, 99]),
    ],
)
def test_a_question_calls_the_documented_selectors_at_the_block_before(
    ask: Ask[Any], selectors: list[str], blocks: list[int]
) -> None:
    calls = ask.calls(100)
    assert [call.params[0]["data"][:10] for call in calls] == selectors
    assert [int(call.params[1], 16) for call in calls] == blocks
    assert {call.params[0]["to"] for call in calls} == {TOKEN if isinstance(ask, Supply) else GOVERNOR}


@pytest.mark.parametrize(
    ("ask", "answers", "fact"),
    [
        (GovernorTimes(GOVERNOR, 7), [word(50), word(90)], Times(50, 90)),
        (GovernorTimes(GOVERNOR, 7), [word(0), word(0)], None),
        (GovernorTimes(GOVERNOR, 7), [word(50), REFUSED], None),
        (GovernorVotes(GOVERNOR, 7), [word(20, 30, 10)], Counts(30, 20, 10)),
        (GovernorVotes(GOVERNOR, 7), [word(20, 30)], None),
        (QuorumAt(GOVERNOR, 50), [word(0), word(9)], 0),
        (QuorumAt(GOVERNOR, 50), [REFUSED, word(9)], 9),
        (QuorumAt(GOVERNOR, 50), [REFUSED, REFUSED], None),
        (QuorumOf(GOVERNOR, 7), [REFUSED, word(9)], 9),
        (CountingMode(GOVERNOR), ["0x" + encode_words(("string",), ("support=bravo",)).hex()], "support=bravo"),
        (CountingMode(GOVERNOR), ["0x"], None),
        (CountingMode(GOVERNOR), ["0xzz"], None),
        (BravoTimes(GOVERNOR, 7), [bravo(50, 90)], Times(50, 90)),
        (BravoTimes(GOVERNOR, 7), [bravo(0, 0)], None),
        (BravoVotes(GOVERNOR, 7), [bravo(50, 90)], Counts(30, 20, 10)),
        (BravoVotes(GOVERNOR, 7), [bravo(0, 0)], None),
        (QuorumVotes(GOVERNOR), [word(9)], 9),
        (QuorumVotes(GOVERNOR), [None], None),
        (Supply(TOKEN, 50), [word(5), REFUSED, word(8)], 5),
        (Supply(TOKEN, 50), [REFUSED, REFUSED, word(8)], 8),
    ],
)
def test_an_answer_is_read_or_else_unknown(ask: Ask[Any], answers: list[Answer], fact: object) -> None:
    assert ask.read(answers) == fact


def test_questions_of_two_kinds_about_one_proposal_are_two_questions() -> None:
    assert (
        len({BravoTimes(GOVERNOR, 7), BravoVotes(GOVERNOR, 7), GovernorTimes(GOVERNOR, 7), QuorumOf(GOVERNOR, 7)}) == 4
    )
