"""What leaves a treasury: which payments are told, folded how, and as what share of what it held."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from config.settings import ActWatch, Label, Watch, load
from tests.electorate import HEIGHT, TOKEN, W, dao
from tests.unit.test_acts_judge import FEED, INSIDERS, PRICED, SUPPLY, USD, WETH, act, at, facts, told
from watchers.alert import ActFacts, Alert
from watchers.chain.block import Log
from watchers.chain.wanted import TRANSFER, Transfers
from watchers.decode import Decoder
from watchers.facts import Ask, Call, RpcError
from watchers.governance.events import NATIVE, Act
from watchers.governance.getters import Coins, Number
from watchers.governance.wing import wing
from watchers.wing import Situation
from watchers.wings import decoder_of, transfers_on

SAFE, TIMELOCK, FRIEND, STRANGER, ROUTER = ("0x" + digit * 40 for digit in "12345")
OWN = Label(address=SAFE, name="Demo Safe", kind="treasury", owner="Demo", source="a file")
OWN_COINS = Coins(TIMELOCK, HEIGHT - 1)
HELD: dict[Ask[Any], Any] = {
    SUPPLY: 1_000_000 * W,
    Number(TOKEN, "balanceOf(address)", (TIMELOCK,)): 50_000 * W,
    Number(USD, "balanceOf(address)", (TIMELOCK,)): 4_000_000 * 10**6,
    OWN_COINS: 2_000_000 * W,
    **PRICED,
}


def paid(token: str = TOKEN, raw: int = 5_000 * W, *, n: int = 0, to: str = STRANGER, **told_: Any) -> Act:
    given: dict[str, Any] = {"protocol": "outflows", "address": TIMELOCK, "who": TIMELOCK, "whom": to, **told_}
    return act("outflow", n=n, token=token, amount_raw=raw, **given)


def here(known: dict[Ask[Any], Any] | None = None, *watches: Watch) -> Situation:
    made = at(HELD if known is None else known, *watches, of=dao(timelock=TIMELOCK, treasury=FRIEND))
    return made._replace(settings=made.settings.model_copy(update={"labels": (OWN,)}))


def only(*events: Act) -> ActFacts:
    return facts(told(here(), *events))


def reasons(alerts: Sequence[Alert]) -> list[tuple[str, str]]:
    return [(reason.measure, reason.value) for alert in alerts for reason in alert.reasons]


def test_a_payment_says_to_whom_how_much_and_what_share_of_what_the_treasury_held() -> None:
    alerts = told(here(), paid())
    said = facts(alerts)
    assert said.amount is not None
    assert (said.contract, said.who, said.whom, said.amount.raw) == (TIMELOCK, TIMELOCK, STRANGER, 5_000 * W)
    assert (said.share_of_treasury, said.share_of_supply) == (Decimal("0.1"), Decimal("0.005"))
    assert (said.payments, said.more, alerts[0].dao) == ((), 0, "demo")
    assert reasons(alerts) == [("share_of_supply", "0.00500000"), ("share_of_treasury", "0.10000000")]


def test_what_the_treasury_held_is_asked_with_the_other_questions_of_the_block() -> None:
    asked = list(wing.asks([paid(), paid(NATIVE, n=1)], here({})))
    assert {Number(TOKEN, "balanceOf(address)", (TIMELOCK,)), SUPPLY, OWN_COINS} <= set(asked)
    assert OWN_COINS.calls(HEIGHT) == (Call("eth_getBalance", (TIMELOCK, hex(HEIGHT - 1))),)
    assert [OWN_COINS.read([one]) for one in ("0x10", "0x", "x", None, RpcError(1, "no"))] == [16, *[None] * 4]


def test_a_share_of_the_treasury_counts_only_where_dollars_are_unknown() -> None:
    # a tenth of the dollars, which are 800,000, and a tenth of tokens that have no price
    assert told(here(), paid(USD, 400_000 * 10**6)) == []
    assert told(here(), paid(TOKEN, 5_000 * W - 1, to=STRANGER))  # by the supply
    small = {**HELD, SUPPLY: 10**9 * W}
    assert told(here(small), paid(TOKEN, 5_000 * W - 1)) == []
    assert reasons(told(here(small), paid())) == [("share_of_treasury", "0.10000000")]
    strict = ActWatch(kind="act", name="strict", min_share_of_treasury=Decimal("0.5"))
    assert told(here(small, strict), paid()) == []
    assert told(here(small, strict), paid(raw=25_000 * W))[0].severity == "info"
    assert told(here(small), paid(raw=50_000 * W))[0].severity == "critical"  # all of it: ten times the threshold


def test_more_than_it_held_is_an_unknown_share_and_so_is_what_nobody_answered() -> None:
    assert only(paid(raw=50_000 * W)).share_of_treasury == 1
    assert only(paid(raw=50_000 * W + 1)).share_of_treasury is None
    unanswered = {ask: known for ask, known in HELD.items() if ask != Number(TOKEN, "balanceOf(address)", (TIMELOCK,))}
    assert facts(told(here(unanswered), paid())).share_of_treasury is None


@pytest.mark.parametrize("own", [FRIEND, SAFE, TIMELOCK], ids=["its treasury", "its labelled Safe", "itself"])
def test_moves_between_a_daos_own_addresses_are_neither_told_nor_asked_about_nor_kept(own: str) -> None:
    moved = [paid(to=own), paid(protocol="timelocks", to=own)]
    assert wing.enrich(moved, here()) == []
    assert list(wing.asks(moved, here({}))) == []
    assert told(here(), *moved) == []


def test_a_label_of_another_class_or_owner_makes_no_own_address() -> None:
    others = (OWN.model_copy(update={"kind": "team"}), OWN.model_copy(update={"owner": "Another"}))
    for label in others:
        made = here()
        assert told(made._replace(settings=made.settings.model_copy(update={"labels": (label,)})), paid(to=SAFE)), label


def test_what_a_timelock_and_the_token_both_tell_is_told_once_by_the_token() -> None:
    twice = [paid(), paid(n=1, protocol="timelocks", detail="transfer")]
    (kept,) = wing.enrich(twice, here())
    assert (kept.protocol, len(told(here(), *twice))) == ("outflows", 1)
    # another recipient, another token and another amount of payments are no doubles
    for other in (
        paid(n=1, protocol="timelocks", to=ROUTER),
        paid(USD, n=1, protocol="timelocks"),
        paid(NATIVE, n=1, protocol="timelocks"),
    ):
        assert len(wing.enrich([paid(), other], here())) == 2
    assert len(wing.enrich([*twice, paid(n=2, protocol="timelocks")], here())) == 2
    assert len(wing.enrich([paid(n=1, protocol="timelocks")], here())) == 1  # a token that is not read tells nothing


def test_what_goes_into_a_stream_is_told_as_the_stream() -> None:
    stream = act("stream", n=1, protocol="sablier", address=ROUTER, token=TOKEN, who=TIMELOCK, amount_raw=5_000 * W)
    assert [
        alert.facts.act for alert in told(here(), paid(to=ROUTER), stream) if isinstance(alert.facts, ActFacts)
    ] == ["stream"]
    assert len(told(here(), paid(), stream)) == 2


def test_payments_of_one_transaction_out_of_one_treasury_are_one_alert_the_largest_first() -> None:
    alerts = told(
        here(),
        paid(raw=2_000 * W),
        paid(USD, 300_000 * 10**6, n=1, to=ROUTER),
        paid(USD, 100_000 * 10**6, n=2),
        paid(USD, 100_000 * 10**6, n=3),
        paid(NATIVE, 50_000 * W, n=4, protocol="timelocks"),
    )
    said = facts(alerts)
    assert said.amount is not None
    assert (said.amount.symbol, said.amount.raw, said.amount.usd) == ("USD", 500_000 * 10**6, Decimal(1_000_000))
    assert (said.whom, said.share_of_treasury) == ("", Decimal("0.125"))
    assert [(one.amount.symbol, one.whom, one.amount.usd) for one in said.payments] == [
        ("USD", ROUTER, Decimal(600_000)),
        ("USD", STRANGER, Decimal(400_000)),
        ("ETH", STRANGER, Decimal(100_000)),
        ("DEMO", STRANGER, None),
    ]
    (alert,) = alerts
    assert said.usd_together == Decimal(1_100_000)
    assert ("usd", "1100000.00") in reasons(alerts)  # all that has a price, together
    assert alert.tokens == (TOKEN, USD, NATIVE)
    assert set(alert.addresses) == {TIMELOCK, STRANGER, ROUTER}
    # its name is the first act's, whichever is largest
    assert alert.id == told(here(), paid(raw=2_000 * W))[0].id


def test_slices_that_are_each_too_small_are_told_together() -> None:
    slices = [paid(USD, 100_000 * 10**6, n=n, to=f"0x{n + 1:040x}") for n in range(10)]
    assert told(here(), *slices[:4]) == []
    said = facts(told(here(), *slices))
    assert (len(said.payments), said.more) == (8, 2)


def test_two_treasuries_and_two_transactions_are_not_folded() -> None:
    other = paid(n=1, address=FRIEND, who=FRIEND)
    assert len(told(here(), paid(), other)) == 2
    assert len(told(here(), paid(), paid(tx="0x" + "77" * 32))) == 2


def word(address: str) -> str:
    return f"0x{address[2:]:0>64}"


def transfer(token: str, payer: str, payee: str, raw: int, n: int = 0) -> Log:
    topics = (TRANSFER, word(payer), word(payee))
    return Log(token, topics, f"0x{raw:064x}", "0x3e8", "0x" + "11" * 32, "0x0", hex(n), "0x" + "bb" * 32)


def test_nothing_and_what_goes_to_oneself_are_no_payments() -> None:
    ours = {31337: {"outflows": [Transfers(payers=frozenset({TIMELOCK}))]}}
    logs = [transfer(TOKEN, TIMELOCK, STRANGER, 0), transfer(TOKEN, TIMELOCK, TIMELOCK, 5)]
    decoded = Decoder(wing.protocols, transfers=ours).decode(31337, logs)
    assert (decoded.events, decoded.unknown) == ([], 2)


def test_only_listed_tokens_out_of_treasuries_are_asked_for_where_a_watch_hears_of_them() -> None:
    settings = here().settings
    others = (
        OWN.model_copy(update={"address": ROUTER, "kind": "team"}),
        OWN.model_copy(update={"address": STRANGER, "chain": "far"}),
    )
    settings = settings.model_copy(update={"labels": (OWN, *others)})
    (wanted,) = transfers_on(settings, settings.chains["local"])["outflows"]
    assert wanted == Transfers(frozenset({TOKEN, USD, WETH}), frozenset({TIMELOCK, FRIEND, SAFE}))
    poison, own = transfer("0x" + "66" * 20, TIMELOCK, STRANGER, 10**30), transfer(USD, TIMELOCK, STRANGER, 10**30)
    decoded = decoder_of(settings).decode(31337, [poison, own])
    assert [event.log_index for event in decoded.events] == [0]
    assert [event.token for event in decoded.events if isinstance(event, Act)] == [USD]
    assert poison.address not in str(decoder_of(settings).wanted_on(31337).filters)
    for deaf in (
        ActWatch(kind="act", name="deaf", acts=("upgrade",)),
        ActWatch(kind="act", name="deaf", chain="other"),
        ActWatch(kind="act", name="deaf", protocol="timelocks"),
    ):
        quiet = settings.model_copy(update={"watches": (deaf,)})
        assert transfers_on(quiet, quiet.chains["local"]) == {}
    both = settings.model_copy(update={"watches": (deaf, INSIDERS)})
    assert "outflows" in transfers_on(both, both.chains["local"])


def test_a_token_that_nobody_listed_is_never_told_however_it_came() -> None:
    assert told(here(), paid("0x" + "66" * 20, 10**40)) == []


def test_the_shipped_files_have_treasuries_and_tokens_to_watch() -> None:
    settings = load(environ={"DISCORD_TOKEN": "x"}, dotenv=None)
    wanted = transfers_on(settings, settings.chains["ethereum"])["outflows"][0]
    assert "0x1a9c8182c09f50c8318d769245bea52c32be35bc" in wanted.payers
    assert "0x1f9840a85d5af5bf1d1762f925bdaddc4201f984" in wanted.tokens
    assert FEED not in wanted.tokens
