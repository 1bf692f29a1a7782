"""What the hub's rows mean: ids, voting power, choices by voting system, results in words."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Dao
from tests.hub import FakeHub
from watchers.errors import DecodeError
from watchers.snapshot import choices, reading, telling
from watchers.snapshot.reading import HubProposal

DAO = Dao(key="demo", name="Demo", chain="snapshot", protocol="snapshot", space="demo.eth", governor="0x" + "11" * 20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=True, allow_infinity=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def a_proposal(**bent: Any) -> HubProposal:
    return reading.proposal(FakeHub().propose(1, created=10, start=20, end=30, **bent))


@pytest.mark.parametrize(
    ("given", "raw"),
    [
        (0, 0),
        (7, 7 * 10**18),
        (Decimal("1200.5"), 12005 * 10**17),
        (Decimal("1e-18"), 1),
        (Decimal("0.1234567890123456789"), 123456789012345678),  # what is finer is cut
        (Decimal("1E+21"), 10**39),
    ],
)
def test_voting_power_becomes_base_units_exactly(given: Any, raw: int) -> None:
    assert reading.power_raw(given) == raw


@pytest.mark.parametrize("given", [True, "7", -1, Decimal("NaN"), Decimal("Infinity"), Decimal("1e41"), None, [1]])
def test_what_is_no_voting_power_is_refused(given: Any) -> None:
    with pytest.raises(DecodeError):
        reading.power_raw(given)


def test_an_id_of_32_bytes_is_that_number_and_no_other_name_is_one() -> None:
    assert reading.number_of("0x" + "00" * 31 + "ab") == 0xAB
    for name in ("QmPvbwguLfcVryzBRrbY4Pb9bCtxURagdv1XjhtFLf3wHj", "0x12", "0x" + "AB" * 32, ""):
        with pytest.raises(DecodeError):
            reading.number_of(name)


THREE = ["Red", "Blue", "Green"]


@pytest.mark.parametrize(
    ("bent", "choice", "side", "words"),
    [
        ({}, 1, "for", ""),
        ({}, 2, "against", ""),
        ({}, 3, "abstain", ""),
        ({"choices": ["Ja", "Nein", "Enthaltung"]}, 2, "against", ""),
        ({"type": "single-choice", "choices": ["Nay", "YES"]}, 2, "for", ""),
        ({"type": "single-choice", "choices": THREE}, 2, "unknown", "Blue"),
        ({"type": "single-choice", "choices": ["For", "Red", "Against"]}, 1, "unknown", "For"),
        ({"type": "approval", "choices": THREE}, [3, 1], "unknown", "Green, Red"),
        ({"type": "approval", "choices": THREE}, [], "unknown", "no choice"),
        ({"type": "ranked-choice", "choices": THREE}, [3, 1, 2], "unknown", "Green > Red > Blue"),
        ({"type": "copeland", "choices": THREE}, [1], "unknown", "Red"),
        ({"type": "weighted", "choices": THREE}, {"1": 1, "3": 3}, "unknown", "Green 75.0 %, Red 25.0 %"),
        ({"type": "quadratic", "choices": THREE}, {"2": Decimal("0.5")}, "unknown", "Blue 100.0 %"),
        ({"type": "weighted", "choices": THREE}, {}, "unknown", "no choice"),
        ({"privacy": "shutter"}, "0xsealed", "unknown", ""),
        ({"privacy": "shutter", "state": "closed"}, 1, "for", ""),
    ],
)
def test_a_choice_means_what_its_voting_system_says(bent: dict[str, Any], choice: Any, side: str, words: str) -> None:
    assert choices.meaning(choice, a_proposal(**bent)) == (side, words)


@pytest.mark.parametrize("type_", ["basic", "single-choice", "approval", "ranked-choice", "weighted", "custom"])
@given(choice=JSON)
def test_any_choice_is_read_or_refused(type_: str, choice: Any) -> None:
    proposal = a_proposal(type=type_, choices=THREE)
    try:
        side, words = choices.meaning(choice, proposal)
    except DecodeError:
        return
    assert side in ("for", "against", "abstain", "unknown")
    assert len(words) < 500


@pytest.mark.parametrize("weight", ["9e999999", "1e41", "NaN", "-1"])
def test_a_weight_that_no_sum_holds_is_refused(weight: str) -> None:
    with pytest.raises(DecodeError):
        choices.meaning({"1": Decimal(weight), "2": Decimal(weight)}, a_proposal(type="weighted", choices=THREE))


@given(row=JSON)
def test_any_row_is_read_or_refused(row: Any) -> None:
    for read in (reading.proposal, reading.vote):
        with pytest.raises(DecodeError):
            read(row)


@pytest.mark.parametrize(
    ("bent", "change", "words"),
    [
        ({"scores": [900, 200, 0]}, "passed", "For 81.8 % · Against 18.2 %; quorum met (110.0 % of it)"),
        ({"scores": [200, 900, 0]}, "defeated", "Against 81.8 % · For 18.2 %; quorum met (110.0 % of it)"),
        ({"scores": [500, 500, 0]}, "defeated", "For 50.0 % · Against 50.0 %; quorum met (100.0 % of it)"),
        ({"scores": [900, 0, 0]}, "defeated", "For 100.0 %; quorum not met (90.0 % of it)"),
        ({"scores": [9, 1, 0], "quorum": 0}, "passed", "For 90.0 % · Against 10.0 %; no quorum asked for"),
        ({"scores": [0, 0, 0], "quorum": 0}, "defeated", "no vote; no quorum asked for"),
        ({"scores": [900, 200, 0], "quorumType": "rejection"}, "counted",
         "For 81.8 % · Against 18.2 %; quorum of the type rejection, not judged here"),
        ({"scores": [900, 200, 0], "scores_state": "invalid"}, "counted", "the hub could not count it"),
        ({"scores": [1, 2, 3], "type": "approval", "choices": THREE, "quorum": 3}, "counted",
         "Green 50.0 % · Blue 33.3 % · Red 16.7 %; quorum met (200.0 % of it)"),
    ],
)  # fmt: skip
def test_a_result_is_what_the_hub_counted(bent: dict[str, Any], change: str, words: str) -> None:
    given = {"state": "closed", "scores_state": "final", "scores": [], **bent}
    ended = telling.ended(a_proposal(**given), DAO, 7)
    assert (ended.change, ended.result) == (change, words)
    assert ended.block == 30
