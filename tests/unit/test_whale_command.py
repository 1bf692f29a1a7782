"""Answers about whales and why an alert was said, drawn without Discord."""

from decimal import Decimal
from typing import Any

from bot.cards.text import plain
from bot.commands import whales, why
from tests import events
from tests.alerts import E18, VOTER, a_move, a_state
from tests.desk import DESK, HOSTILE, NOW_S, harmless
from watchers.alert import Amount, alert_id
from watchers.appraisal import Appraised, Valued

NOTHING = Appraised([], [], 0, None, [])


def a_value(n: int = 1, **bent: Any) -> Valued:
    one = Valued(
        alert_id(1, events.tx(n), "liquidity", 0),
        1,
        "uniswap_v3",
        "Uniswap V3 USDC/WETH 0.05%",
        "add",
        (),
        Decimal(n * 1000),
        None,
        VOTER,
        events.tx(n),
        NOW_S - n,
    )
    return one._replace(**bent)


def test_no_whale_at_all_is_said_in_a_sentence() -> None:
    card = whales.answer([], NOTHING, DESK)
    assert card.facts == ("No move on record is large enough. Wait for the next whale.",)
    assert "Lower the minimum" in whales.answer([], NOTHING, DESK, min_usd=Decimal(9)).facts[0]


def test_a_move_that_made_an_alert_is_not_listed_twice() -> None:
    state = a_state(a_move())
    lately = NOTHING._replace(moves=[a_value(alert_id=state.alert.id), a_value(2)], valued=2)
    card = whales.answer([state], lately, DESK)
    assert len(card.facts) == 2
    assert sum("≈" in line for line in card.facts) == 1
    assert card.small.endswith("2 moves of the last 24 h in the busiest pools were looked at")
    assert " · 1 move of the last" in whales.answer([state], lately._replace(valued=1), DESK).small


def test_why_nets_only_what_can_be_added_and_removed_and_names_a_range_where_there_is_one() -> None:
    ends = {}
    for name, bent in (
        ("ranged", {"tick_lower": -10, "tick_upper": 10}),
        ("whole", {}),
        ("swap", {"action": "swap"}),
    ):
        ends[name] = [line for line in why.answer(a_state(a_move(**bent)), DESK).facts if line.startswith("Net of")]
    assert ends == {
        "ranged": ["Net of what the same owner added and removed in this block and range."],
        "whole": ["Net of what the same owner added and removed in this block."],
        "swap": [],
    }


def test_a_move_that_a_reorg_took_back_is_in_neither_list() -> None:
    state = a_state(a_move(), live=False)
    card = whales.answer([state], NOTHING._replace(moves=[a_value(alert_id=state.alert.id)]), DESK)
    assert card.facts[0].startswith("No move on record")


def test_a_move_without_a_price_never_passes_a_minimum_and_is_told_in_tokens() -> None:
    amounts = (Amount("0x" + "a0" * 20, HOSTILE, None, -5), Amount("0x" + "a1" * 20, "WETH", 18, -7 * E18))
    state = a_state(a_move(usd=None, amounts=amounts, pool_name=HOSTILE, share_of_pool=None))
    card = whales.answer([state], NOTHING, DESK)
    harmless(card)
    assert "$" not in card.facts[0]
    assert "7 WETH removed" in card.facts[0]
    assert whales.answer([state], NOTHING, DESK, min_usd=Decimal(0)).facts[0].startswith("No move")


def test_whales_come_newest_first_whatever_their_source() -> None:
    state = a_state(a_move(), alert={"block_time_s": NOW_S - 2})
    lately = NOTHING._replace(moves=[a_value(1), a_value(3)], valued=9, priced_at_s=NOW_S)
    lines_ = plain(whales.answer([state], lately, DESK), now_s=NOW_S).splitlines()
    assert [line.split(" · ")[0].strip() for line in lines_[2:5]] == [
        "- ≈ $1,000 added",
        "- $4.82M removed",
        "- ≈ $3,000 added",
    ]


def test_the_largest_of_the_day_stand_in_for_missing_whales() -> None:
    lately = NOTHING._replace(largest=[a_value(n) for n in range(9, 0, -1)], valued=9)
    card = whales.answer([], lately, DESK, min_usd=Decimal(10**9))
    assert card.headline == "No whale lately: the largest moves of 24 h"
    assert len(card.facts) == whales.LARGEST
    assert "≈ $9,000" in card.facts[0]


def test_chains_that_cannot_be_asked_are_named() -> None:
    card = whales.answer([a_state(a_move())], NOTHING._replace(out=["Base", "Ethereum"]), DESK)
    assert card.facts[-1].startswith("Base, Ethereum cannot be asked right now")


def test_twenty_whales_fit_one_message() -> None:
    lately = NOTHING._replace(moves=[a_value(n, pool_name="P" * 90) for n in range(1, 40)], valued=39)
    harmless(whales.answer([], lately, DESK, limit=20))
