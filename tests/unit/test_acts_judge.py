"""Which acts of insiders alert, measured by what, and how grave they are."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from config.settings import TIMELOCK_STEPS, ActName, ActWatch, Label, TokenDef, Watch
from tests.electorate import GOVERNOR, NOW_S, TOKEN, TX, W, dao, situation
from watchers.alert import ActFacts, Alert, alert_id
from watchers.facts import Ask
from watchers.governance.acts import dao_of_act
from watchers.governance.events import Act
from watchers.governance.getters import Head, Number
from watchers.governance.wing import wing
from watchers.price import FeedDecimals, Quote, Round
from watchers.wing import Situation

VESTING, WHO, WHOM = "0x" + "c0" * 20, "0x" + "a1" * 20, "0x" + "b2" * 20
USD, FEED, WETH = "0x" + "d0" * 20, "0x" + "fe" * 20, "0x" + "ee" * 20
SUPPLY = Number(TOKEN, "totalSupply()")
INSIDERS = ActWatch(kind="act", name="insiders")
PRICED: dict[Ask[Any], Any] = {
    Round(FEED): Quote(2 * 10**8, NOW_S - 60, NOW_S - 60),
    FeedDecimals(FEED): 8,
    Number(USD, "totalSupply()"): 10**9 * 10**6,
}


def act(name: ActName = "release", *, n: int = 0, **told: Any) -> Act:
    base: dict[str, Any] = {"protocol": "vesting_wallet", "chain_id": 31337, "block": 1_000, "tx": TX, "tx_index": 0}
    return Act(**{**base, "log_index": n, "position": n, "address": VESTING, "act": name, **told})


def at(facts: dict[Ask[Any], Any] | None = None, *watches: Watch, **more: Any) -> Situation:
    """A situation where the vesting contract is labelled, USD is priced at 2 dollars and WETH as well."""
    given = {SUPPLY: 1_000_000 * W, **PRICED} if facts is None else facts
    made = situation(given, watches=watches or (INSIDERS,), **more)
    tokens = (
        TokenDef(chain="local", address=USD, symbol="USD", decimals=6, feed=FEED),
        TokenDef(chain="local", address=WETH, symbol="WETH", decimals=18, feed=FEED),
    )
    label = Label(address=VESTING, name="Team vesting", kind="vesting", owner="Demo", source="a file")
    settings = made.settings.model_copy(update={"tokens": tokens, "labels": (label,)})
    return made._replace(settings=settings)


def told(here: Situation, *events: Act) -> list[Alert]:
    return wing.judge(wing.enrich(events, here), here)


def facts(alerts: Sequence[Alert]) -> ActFacts:
    (alert,) = alerts
    assert isinstance(alert.facts, ActFacts)
    return alert.facts


def test_a_release_of_a_large_share_of_the_supply_is_said_with_its_share() -> None:
    here = at()
    alerts = told(here, act(token=TOKEN, amount_raw=3_000 * W, whom=WHOM))
    said = facts(alerts)
    assert said.share_of_supply == Decimal("0.003")
    assert said.amount is not None
    assert (said.amount.raw, said.amount.symbol, said.amount.usd) == (3_000 * W, "DEMO", None)
    (alert,) = alerts
    assert [(r.rule, r.measure, r.value, r.threshold) for r in alert.reasons] == [
        ("insiders", "share_of_supply", "0.00300000", "0.001")
    ]
    assert alert.severity == "notable"  # three times the threshold
    assert (alert.id, alert.kind) == (alert_id(31337, TX, "act", 0), "act")
    assert (alert.subject, alert.dao) == (f"act:31337:{VESTING}", "demo")
    assert (alert.addresses, alert.tokens) == ((VESTING, WHOM), (TOKEN,))


def test_a_small_release_is_silent_and_one_of_exactly_the_threshold_is_said() -> None:
    here = at()
    assert told(here, act(token=TOKEN, amount_raw=1_000 * W - 1)) == []
    assert facts(told(here, act(token=TOKEN, amount_raw=1_000 * W))).share_of_supply == Decimal("0.001")


def test_dollars_are_the_feeds_and_reach_min_usd() -> None:
    here = at()
    assert told(here, act(token=USD, amount_raw=499_999 * 10**6)) == []
    alerts = told(here, act(token=USD, amount_raw=500_000 * 10**6))
    said = facts(alerts)
    assert said.amount is not None
    assert said.amount.usd == Decimal(1_000_000)
    assert [reason.measure for reason in alerts[0].reasons] == ["usd"]


def test_ten_times_a_threshold_is_critical() -> None:
    (alert,) = told(at(), act(token=USD, amount_raw=5_000_000 * 10**6))
    assert alert.severity == "critical"


def test_slices_in_one_transaction_are_added_up() -> None:
    alerts = told(at(), *(act(n=n, token=TOKEN, amount_raw=400 * W, whom=WHOM) for n in range(3)))
    said = facts(alerts)
    assert said.amount is not None
    assert (said.amount.raw, said.more, said.whom) == (1_200 * W, 2, WHOM)
    other = act(n=1, token=TOKEN, amount_raw=700 * W, whom=WHO)
    assert facts(told(at(), act(token=TOKEN, amount_raw=700 * W, whom=WHOM), other)).whom == ""


def test_a_token_that_nobody_listed_is_neither_said_nor_kept() -> None:
    here, stranger = at(), act(token="0x" + "66" * 20, amount_raw=10**30)
    assert wing.enrich([stranger], here) == []
    assert told(here, stranger) == []


def test_an_amount_whose_size_cannot_be_known_reaches_no_threshold() -> None:
    assert told(at({}), act(token=TOKEN, amount_raw=10**30)) == []


def test_coins_are_worth_what_their_wrapped_token_is() -> None:
    (alert,) = told(at(), act("outflow", token="native", amount_raw=600_000 * W))
    assert isinstance(alert.facts, ActFacts)
    assert alert.facts.amount is not None
    assert (alert.facts.amount.symbol, alert.facts.amount.usd) == ("ETH", Decimal(1_200_000))
    assert alert.facts.share_of_supply is None


@pytest.mark.parametrize(
    ("protocol", "item", "asked"),
    [
        ("hedgey", 9, Head(VESTING, "plans(uint256)", (9,))),
        ("sablier", 9, Head(VESTING, "getAsset(uint256)", (9,))),
        ("llamapay", -1, Head(VESTING, "token()")),
        ("merkle_distributor", -1, Head(VESTING, "token()")),
        ("vesting_escrow", -1, Head(VESTING, "token()")),
    ],
)
def test_a_token_that_a_log_does_not_name_is_asked_for(protocol: str, item: int, asked: Head) -> None:
    event = act(protocol=protocol, item=item, amount_raw=2_000 * W)
    here = at({})
    assert list(wing.asks([event], here)) == [asked]
    here.facts.known[asked] = (int(TOKEN, 16),)
    assert list(wing.asks([event], here)) == [SUPPLY]
    here.facts.known[SUPPLY] = 1_000_000 * W
    assert list(wing.asks([event], here)) == []
    assert facts(told(here, event)).share_of_supply == Decimal("0.002")


def test_a_token_that_pays_out_of_itself_is_its_own() -> None:
    event = act("claim", protocol="vesting_escrow", address=TOKEN, amount_raw=2_000 * W)
    assert list(wing.asks([event], at({}))) == [SUPPLY]
    assert facts(told(at(), event)).share_of_supply == Decimal("0.002")


def test_what_a_frozen_address_held_is_asked_and_decides() -> None:
    event = act("frozen", protocol="stablecoin_hand", address=USD, token=USD, whom=WHOM)
    held = Number(USD, "balanceOf(address)", (WHOM,))
    assert held in list(wing.asks([event], at({})))
    small, large = ({**PRICED, held: n * 10**6} for n in (1, 900_000))
    assert told(at(small), event) == []
    said = facts(told(at(large), event))
    assert said.amount is not None
    assert said.amount.usd == Decimal(1_800_000)
    assert facts(told(at({}), event)).amount is None  # a freeze of unknown size is said


def test_a_freeze_of_nothing_is_silent() -> None:
    event = act("frozen", protocol="stablecoin_hand", address=USD, token=USD, whom=WHOM)
    assert told(at({**PRICED, Number(USD, "balanceOf(address)", (WHOM,)): 0}), event) == []


@pytest.mark.parametrize("name", ["upgrade", "admin_changed", "owner_changed", "module_changed", "paused"])
def test_what_hands_over_everything_is_critical(name: ActName) -> None:
    assert [alert.severity for alert in told(at(), act(name))] == ["critical"]


@pytest.mark.parametrize(
    "name",
    [
        *("owner_nominated", "role_granted", "role_admin_changed", "fee_switch", "unpaused", "destroyed"),
        *("quorum_changed", "threshold_changed", "delay_changed", "period_changed", "council_changed"),
    ],
)
def test_every_other_change_of_a_setting_is_notable(name: ActName) -> None:
    assert [alert.severity for alert in told(at(), act(name))] == ["notable"]


@pytest.mark.parametrize("name", ["role_revoked", "unfrozen"])
def test_what_takes_power_away_again_is_info(name: ActName) -> None:
    assert [alert.severity for alert in told(at(), act(name))] == ["info"]


def test_the_admin_s_role_is_graver_than_another_and_told_first() -> None:
    minor = act("role_granted", detail="MINTER_ROLE", whom=WHO)
    admin = act("role_granted", n=1, detail="DEFAULT_ADMIN_ROLE", whom=WHOM)
    (alert,) = told(at(), minor)
    assert alert.severity == "notable"
    alerts = told(at(), minor, admin)
    said = facts(alerts)
    assert (alerts[0].severity, said.detail, said.whom, said.more) == ("critical", "DEFAULT_ADMIN_ROLE", WHOM, 1)


@pytest.mark.parametrize("name", TIMELOCK_STEPS)
def test_a_timelock_s_steps_are_silent_until_a_watch_names_them(name: ActName) -> None:
    assert told(at(), act(name)) == []
    (alert,) = told(at(None, ActWatch(kind="act", name="steps", acts=(name,))), act(name))
    assert alert.severity == "info"


def test_a_watch_hears_its_own_chain_dao_protocol_and_acts_only() -> None:
    upgrade = act("upgrade")
    heard: list[dict[str, Any]] = [
        {},
        {"chain": "local"},
        {"dao": "demo"},
        {"protocol": "vesting_wallet"},
        {"acts": ("upgrade",)},
    ]
    deaf: list[dict[str, Any]] = [{"chain": "other"}, {"dao": "other"}, {"protocol": "access"}, {"acts": ("paused",)}]
    for given in heard:
        assert len(told(at(None, ActWatch(kind="act", name="w", **given)), upgrade)) == 1, given
    for given in deaf:
        assert told(at(None, ActWatch(kind="act", name="w", **given)), upgrade) == [], given


def test_an_act_belongs_to_the_dao_of_its_contract_its_token_or_its_label_s_owner() -> None:
    here = at()
    timelock = "0x" + "77" * 20
    mine = at(of=dao(timelock=timelock))
    for event, where in ((act(address=GOVERNOR), here), (act(address=timelock), mine), (act(), here)):
        found = dao_of_act(event, where)
        assert found is not None
        assert found.key == "demo"
    stranger = act(address="0x" + "66" * 20)
    assert dao_of_act(stranger, here) is None
    by_token = dao_of_act(msgspec.structs.replace(stranger, token=TOKEN), here)
    assert by_token is not None
    assert by_token.key == "demo"


def test_without_a_watch_nothing_is_asked_or_said() -> None:
    here = situation({}, watches=())
    event = act(token=TOKEN, amount_raw=10**30)
    assert list(wing.asks([event], here)) == []
    assert wing.judge([event], here) == []
