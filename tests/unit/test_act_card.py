"""What a card says of an insider's act, and what its Why? and a transaction's look-up add."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bot.cards import render
from bot.cards.act import _SAID as SAID
from bot.cards.frame import HEADLINE
from bot.cards.text import plain
from bot.commands import batch, why
from config.settings import ACTS
from tests import events
from tests.alerts import GOVERNOR, UNI, VESTER, VOTER, a_state, an_act
from tests.desk import DESK, HOSTILE, NOW_S, harmless
from watchers.alert import Amount, Payment
from watchers.lookup import Found


def drawn(**bent: Any) -> list[str]:
    return plain(render([a_state(an_act(**bent))], DESK.lexicon), now_s=NOW_S).splitlines()


def test_a_release_says_how_much_of_what_from_whom_to_whom() -> None:
    lines = drawn()
    assert lines[0] == "2.00M UNI ($14.0M) released from vesting"
    assert lines[1] == "Uniswap treasury vester 1"
    assert lines[2:5] == [
        "  Amount 2.00M UNI ($14.0M)",
        "  Share 0.2 % of the supply",
        "  To MonetSupply (delegate) 0x8d07D2…e6A265",
    ]
    assert "priced by Chainlink" in lines[5]


def test_an_amount_without_a_price_has_no_dollars() -> None:
    lines = drawn(amount=Amount(UNI, "UNI", 18, 2 * 10**24), share_of_supply=None)
    assert lines[0] == "2.00M UNI released from vesting"
    assert "no price" in lines[-2]
    assert not any("$" in line for line in lines)


def change(act: str, **bent: Any) -> list[str]:
    return drawn(act=act, amount=None, share_of_supply=None, whom="", **bent)


def test_a_change_is_told_from_before_to_after() -> None:
    lines = change("owner_changed", before="0x" + "00" * 20, after=VOTER)
    assert lines[0] == "New owner: Uniswap treasury vester 1"
    assert lines[2] == "  Was → is nobody → MonetSupply (delegate) 0x8d07D2…e6A265"


@pytest.mark.parametrize(
    ("unit", "before", "after", "told"),
    [
        ("tokens", str(40_000_000 * 10**18), str(30_000_000 * 10**18), "40.0M UNI → 30.0M UNI"),
        ("clock", "13140", "40320", "13,140 blocks → 40,320 blocks"),
        ("seconds", "172800", "60", "2 d → 1 min"),
        ("bps", "1005", "2000", "10.05 % → 20.00 %"),
        ("", "4", "3", "4 → 3"),
        ("", "off", "1/4", "off → 1/4"),
    ],
)
def test_a_setting_is_told_in_its_unit(unit: str, before: str, after: str, told: str) -> None:
    lines = change("quorum_changed", unit=unit, before=before, after=after, contract=GOVERNOR)
    assert lines[:2] == ["Quorum changed: Uniswap governor", "Uniswap governor"]
    assert f"  Was → is {told}" in lines


def test_a_role_says_which_to_whom_and_by_whom_and_how_many_more() -> None:
    lines = drawn(act="role_granted", amount=None, share_of_supply=None, detail="MINTER_ROLE", who=UNI, more=2)
    assert lines[0] == "Role granted: Uniswap treasury vester 1"
    assert "  What MINTER\\_ROLE" in lines or "  What MINTER_ROLE" in lines
    assert any(line.startswith("  Concerns MonetSupply") for line in lines)
    assert any(line.startswith("  By ") for line in lines)
    assert "  and 2 more like it in the same transaction" in lines


def test_a_contract_is_named_by_its_part_a_token_s_symbol_or_its_digits() -> None:
    usdc, stranger = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "0x" + "66" * 20
    assert change("paused", contract=usdc, dao="")[0] == "Paused: USDC"
    assert change("paused", contract=UNI)[0] == "Paused: Uniswap token"
    assert change("paused", contract=stranger, dao="")[0] == "Paused: 0x666666…666666"


def test_every_act_has_its_words_and_each_headline_fits() -> None:
    assert SAID.keys() == set(ACTS)
    for act in ACTS:
        for amount in (an_act().amount, None):
            card = render([a_state(an_act(act=act, amount=amount))], DESK.lexicon)
            assert 0 < len(card.headline) <= HEADLINE
            assert "{" not in card.headline


def test_hostile_words_do_nothing_in_an_act() -> None:
    amount = Amount(UNI, HOSTILE, 18, 10**24)
    facts = an_act(amount=amount, detail=HOSTILE, before=HOSTILE, after=HOSTILE)
    harmless(render([a_state(facts)], DESK.lexicon))
    harmless(why.answer(a_state(facts), DESK))


def test_an_act_that_a_reorg_took_back_did_not_happen() -> None:
    card = render([a_state(an_act(), live=False)], DESK.lexicon)
    assert card.headline.startswith("Retracted: ")


def test_why_names_the_price_and_who_vouches_for_the_contract() -> None:
    said = plain(why.answer(a_state(an_act()), DESK), now_s=NOW_S)
    assert "$14.0M by Chainlink feed" in said
    assert f"Contract `{VESTER}`, vouched for by the label Uniswap treasury vester 1" in said
    own = plain(why.answer(a_state(an_act(contract=GOVERNOR, amount=None)), DESK), now_s=NOW_S)
    assert "vouched for by daos.toml or tokens.toml" in own


def test_a_share_of_the_supply_is_said_as_such_in_why() -> None:
    state = a_state(an_act())
    reason = msgspec.structs.replace(
        state.alert.reasons[0], measure="share_of_supply", value="0.002", threshold="0.001"
    )
    alert = msgspec.structs.replace(state.alert, reasons=(reason,))
    said = plain(why.answer(msgspec.structs.replace(state, alert=alert), DESK), now_s=NOW_S)
    assert "share of the supply: 0.2 %, asked for 0.1 %" in said


def test_a_looked_up_transaction_tells_the_acts_in_it() -> None:
    found = Found(1, events.tx(1), 100, succeeded=True, events=[events.act(100, act="role_granted", address=VESTER)])
    said = plain(batch.answer(found, DESK), now_s=NOW_S)
    assert "Insider role granted · Uniswap treasury vester 1 (treasury)" in said


def test_a_hat_taken_within_one_transaction_says_who_took_it_and_with_how_much() -> None:
    lines = drawn(act="flash_lift", who=VOTER, whom=UNI, share_of_supply=None, share_of_hat=Decimal("0.1625"))
    assert lines[0].startswith("Hat taken within one transaction: ")
    assert "  Approval 16.2 % of what the hat had" in lines
    assert any(line.startswith("  New hat ") for line in lines)


def test_a_gauge_vote_says_which_part_of_the_voters_power_it_is() -> None:
    lines = drawn(act="gauge_vote", after="2500", unit="bps", whom=UNI)
    assert "  Now 25.00 %" in lines
    assert any(line.startswith("  Gauge ") for line in lines)


def test_a_payment_out_of_a_treasury_says_what_share_of_what_it_held_and_to_whom() -> None:
    lines = drawn(act="outflow", who=VESTER, share_of_treasury=Decimal("0.0625"))
    assert lines[0] == "2.00M UNI out of Uniswap treasury vester 1"
    assert "  Holdings 6.2 % of what it held of it" in lines
    assert "  To MonetSupply (delegate) 0x8d07D2…e6A265" in lines
    stranger = drawn(act="outflow", who=VESTER, whom="0x" + "66" * 20)
    assert "  To 0x666666…666666" in stranger


def test_several_payments_are_named_the_largest_first_and_the_headline_counts_the_other_tokens() -> None:
    uni, dai = Amount(UNI, "UNI", 18, 10**24, Decimal(7_000_000)), Amount("0x" + "da" * 20, "DAI", 18, 5 * 10**23)
    paid = (Payment(uni, VOTER, Decimal("0.05")), Payment(uni, UNI, None), Payment(dai, VOTER, None))
    lines = drawn(act="outflow", who=VESTER, whom="", payments=paid, more=2, usd_together=Decimal(15_000_000))
    assert lines[0] == "2.00M UNI and 1 other token out of it"
    assert "  Together $15.0M of what has a price" in lines
    (first, second, third) = [line for line in lines if line.startswith("  Paid ")]
    assert first == "  Paid 1.00M UNI ($7.00M) to MonetSupply (delegate) 0x8d07D2…e6A265 · 5.0 % of what it held of it"
    assert second.startswith("  Paid 1.00M UNI ($7.00M) to ")
    assert not second.endswith("of what it held of it")
    assert third.startswith("  Paid 500k DAI to ")
    assert "  and 2 more like it in the same transaction" in lines


def test_why_says_what_share_of_a_treasury_was_asked_for() -> None:
    state = a_state(an_act(act="outflow"))
    reason = msgspec.structs.replace(state.alert.reasons[0], measure="share_of_treasury", value="0.4", threshold="0.1")
    alert = msgspec.structs.replace(state.alert, reasons=(reason,))
    said = plain(why.answer(msgspec.structs.replace(state, alert=alert), DESK), now_s=NOW_S)
    assert "share of what the treasury held: 40.0 %, asked for 10.0 %" in said


def test_the_delegate_behind_a_contract_is_named_beside_it() -> None:
    lines = drawn(act="approval", who=UNI, behind=VOTER, share_of_supply=None)
    (at,) = [n for n, line in enumerate(lines) if line.startswith("  By ")]
    assert lines[at + 1] == "  For the delegate MonetSupply (delegate) 0x8d07D2…e6A265"
    assert not any("For the delegate" in line for line in drawn(act="approval", who=UNI))
