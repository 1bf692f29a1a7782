"""`/label`: who an address is, and who says so."""

import pytest

from bot.cards.text import plain
from bot.commands.label import answer, found
from config.settings import Label
from tests import events
from tests.alerts import GOVERNOR, VESTER, VOTER
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from watchers.errors import UserError
from watchers.history import StoredEvent

STRANGER = "0x" + "66" * 20


def said(text: str, *acts: StoredEvent) -> str:
    return plain(answer(*found(DESK, text), acts, DESK), now_s=NOW_S)


def test_a_label_says_its_class_its_owner_and_its_source() -> None:
    lines = said(VESTER.upper().replace("0X", "0x")).splitlines()
    assert lines[0] == "Uniswap treasury vester 1"
    assert lines[1] == f"`{VESTER}`"
    assert lines[2].startswith(
        f"  Uniswap treasury vester 1 · class treasury · owner Uniswap · Ethereum · `{VESTER}` · source DefiLlama"
    )


def test_an_address_that_nobody_labelled_is_unknown() -> None:
    lines = said(STRANGER).splitlines()
    assert lines[0] == "Unknown"
    assert lines[2] == "  Class unknown: no file of this bot names the address."


def test_a_contract_that_daos_toml_or_tokens_toml_names_says_its_part() -> None:
    lines = said(GOVERNOR).splitlines()
    assert lines[0] == "Named without a label"
    assert lines[2] == "  Uniswap governor · source daos.toml"
    usdc = said("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48")
    assert "Token USDC on Ethereum · source tokens.toml" in usdc
    assert UNISWAP.timelock is not None
    assert "Uniswap timelock · source daos.toml" in said(UNISWAP.timelock)


def test_a_name_finds_its_address_and_an_owner_all_of_its_addresses() -> None:
    assert said("monetsupply").splitlines()[0] == "MonetSupply"
    assert found(DESK, "monetsupply")[0] == VOTER
    many = said("A16Z").splitlines()
    assert many[0] == "2 labels of a16z"
    assert sum("class investor" in line for line in many) == 2


@pytest.mark.parametrize("text", ["", "nobody at all", "0x12", HOSTILE])
def test_a_name_that_nobody_has_is_answered_with_what_to_do(text: str) -> None:
    with pytest.raises(UserError, match=r"labels\.toml") as told:
        found(DESK, text)
    assert len(str(told.value)) < 260
    assert "\u202e" not in str(told.value)


def test_a_contract_s_last_acts_are_listed() -> None:
    one = StoredEvent(events.act(100, act="role_granted", address=VESTER, whom=VOTER), NOW_S - 60)
    assert said(VESTER, one).splitlines()[3] == "  role granted · MonetSupply (delegate) 0x8d07D2…e6A265 · 1 min ago"


def test_hostile_labels_do_nothing() -> None:
    bad = Label(address=STRANGER, name=HOSTILE, kind="team", owner=HOSTILE, source=HOSTILE)
    harmless(answer(STRANGER, [bad], [], DESK))
    harmless(answer("", [bad] * 80, [], DESK))
