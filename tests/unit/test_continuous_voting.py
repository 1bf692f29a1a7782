"""Votes that stand until they are moved: chiefs, gauges and locks, from their logs to what is said of them.

Logs are made by eth-abi after the contracts' sources; no public log of them was found. Source: dapphub/ds-chief
`chief.sol` and ds-note `note.sol`; makerdao/chief `Chief.sol`; curvefi/curve-dao-contracts.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from config.settings import ActWatch, load
from tests.electorate import GOVERNOR, TOKEN, TX, W, dao, situation
from watchers.abi import selector
from watchers.alert import ActFacts, Alert
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance.chief import FACTORIES, Callers, FirstOf
from watchers.governance.events import Act
from watchers.governance.getters import Head, Number
from watchers.governance.protocols.gauge_controller import Part
from watchers.governance.wing import wing
from watchers.wing import Situation
from watchers.wings import PROTOCOLS, decoder_of

CHIEF, (WHALE, OTHER, SPELL, OLD) = GOVERNOR, ("0x" + digit * 40 for digit in "abcd")
ROUTER, TX2 = "0x" + "ee" * 20, "0x" + "22" * 32
SLATE = "0x" + "51" * 32
INSIDERS = ActWatch(kind="act", name="insiders")


def raw_log(topics: Iterable[str], data: bytes, *, n: int, tx: str, address: str = CHIEF) -> Log:
    return Log(address, tuple(topics), "0x" + data.hex(), "0x3e8", tx, "0x0", hex(n), "0x" + "bb" * 32)


def noted(call: str, kinds: Sequence[str], values: Sequence[Any], *, guy: str = WHALE, n: int = 0, **at: Any) -> Log:
    """Give what DSNote says of a call: the selector, who called, two words of the calldata, and the calldata."""
    args = encode(list(kinds), list(values))
    fax = bytes.fromhex(selector(call)[2:]) + args
    words = args.ljust(64, b"\0")
    topics = [selector(call) + "00" * 28, "0x" + guy[2:].zfill(64), "0x" + words[:32].hex(), "0x" + words[32:64].hex()]
    return raw_log(topics, encode(["uint256", "bytes"], [0, fax]), n=n, tx=at.pop("tx", TX), **at)


def lock(tokens: int, **at: Any) -> Log:
    return noted("lock(uint256)", ["uint256"], [tokens * W], **at)


def free(tokens: int, **at: Any) -> Log:
    return noted("free(uint256)", ["uint256"], [tokens * W], **at)


def lift(whom: str = SPELL, **at: Any) -> Log:
    return noted("lift(address)", ["address"], [whom], **at)


def vote(slate: str = SLATE, **at: Any) -> Log:
    return noted("vote(bytes32)", ["bytes32"], [bytes.fromhex(slate[2:])], **at)


def vote_for(*whom: str, **at: Any) -> Log:
    return noted("vote(address[])", ["address[]"], [list(whom)], **at)


def said(name: str, indexed: Sequence[str] = (), data: bytes = b"", *, n: int = 0, tx: str = TX, **at: Any) -> Log:
    """Give a typed event's log."""
    topics = ["0x" + keccak(name.encode()).hex(), *("0x" + word[2:].zfill(64) for word in indexed)]
    return raw_log(topics, data, n=n, tx=tx, **at)


def number(value: int) -> bytes:
    return encode(["uint256"], [value])


def decoder(protocol: str = "maker_chief", *named: str) -> Decoder:
    return Decoder(wing.protocols, {(31337, CHIEF): protocol}, {31337: {CHIEF, *named}})


def acts(*logs: Log, protocol: str = "maker_chief") -> list[Act]:
    decoded = decoder(protocol).decode(31337, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, Act)]


def at(facts: dict[Ask[Any], Any] | None = None, protocol: str = "maker_chief") -> Situation:
    """A chief whose hat has 80,000 tokens of a million, with the whale's 10,000 locked at the block before."""
    base: dict[Ask[Any], Any] = {
        Number(CHIEF, "hat()"): int(OLD, 16),
        Number(CHIEF, "approvals(address)", (OLD,)): 80_000 * W,
        Number(CHIEF, "approvals(address)", (SPELL,)): 84_000 * W,
        Number(CHIEF, "deposits(address)", (WHALE,)): 10_000 * W,
        Number(TOKEN, "totalSupply()"): 1_000_000 * W,
    }
    return situation(base | (facts or {}), watches=(INSIDERS,), of=dao(protocol=protocol))


def told(here: Situation, *events: Event) -> list[Alert]:
    return wing.judge(wing.enrich(events, here), here)


def only(alerts: Sequence[Alert]) -> tuple[Alert, ActFacts]:
    (alert,) = alerts
    assert isinstance(alert.facts, ActFacts)
    return alert, alert.facts


# --- what a log means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "meant"),
    [
        (lock(5), {"act": "lock", "who": WHALE, "amount_raw": 5 * W}),
        (free(5), {"act": "free", "who": WHALE, "amount_raw": 5 * W}),
        (lift(), {"act": "lift", "who": WHALE, "after": SPELL}),
        (vote(), {"act": "approval", "who": WHALE, "detail": f"slate {SLATE}"}),
        (vote_for(SPELL), {"act": "approval", "who": WHALE, "whom": SPELL}),
        (vote_for(SPELL, OLD), {"act": "approval", "who": WHALE, "whom": SPELL, "detail": "first of 2 candidates"}),
        (vote_for(), {"act": "approval", "who": WHALE}),
    ],
    ids=["lock", "free", "lift", "a known slate", "one candidate", "two candidates", "nobody"],
)
def test_a_note_of_makers_chief_becomes_its_whole_act(log: Log, meant: dict[str, Any]) -> None:
    assert acts(log) == [
        Act(
            protocol="maker_chief",
            chain_id=31337,
            block=1_000,
            tx=TX,
            tx_index=0,
            log_index=0,
            address=CHIEF,
            **meant,
        )
    ]


@pytest.mark.parametrize(
    ("log", "meant"),
    [
        (said("Lock(uint256)", data=number(5)), {"act": "lock", "amount_raw": 5}),
        (said("Free(uint256)", data=number(5)), {"act": "free", "amount_raw": 5}),
        (said("Vote(bytes32)", [SLATE]), {"act": "approval", "detail": f"slate {SLATE}"}),
        (said("Lift(address)", [SPELL]), {"act": "lift", "after": SPELL}),
        (said("Launch()"), {"act": "council_changed", "detail": "the hat holds power from here on"}),
    ],
    ids=["lock", "free", "vote", "lift", "launch"],
)
def test_an_event_of_skys_chief_becomes_its_whole_act(log: Log, meant: dict[str, Any]) -> None:
    base: dict[str, Any] = {
        "protocol": "sky_chief",
        "chain_id": 31337,
        "block": 1_000,
        "tx": TX,
        "tx_index": 0,
        "log_index": 0,
    }
    assert acts(log, protocol="sky_chief") == [Act(**base, address=CHIEF, **meant)]


def test_a_slate_that_sky_makes_known_with_the_vote_names_its_first_candidate() -> None:
    etched = said("Etch(bytes32,address[])", [SLATE], encode(["address[]"], [[SPELL, OLD]]))
    (act,) = acts(etched, said("Vote(bytes32)", [SLATE], n=1), protocol="sky_chief")
    assert (act.whom, act.detail) == (SPELL, "first of 2 candidates")


def test_a_vote_by_candidates_is_noted_twice_and_told_once() -> None:
    etched = said("Etch(bytes32)", [SLATE], n=1)
    assert len(acts(vote_for(SPELL), etched, vote_for(SPELL, n=2))) == 1
    assert len(acts(*(vote_for(SPELL, n=n) for n in range(4)))) == 2
    assert len(acts(vote_for(SPELL), vote_for(SPELL, n=1, guy=OTHER), vote_for(OLD, n=2))) == 3


def test_calldata_that_nobody_can_read_hides_no_vote() -> None:
    whole = vote_for(SPELL)
    fax = bytes.fromhex("ed081329") + number(2**255)
    bent = msgspec.structs.replace(whole, data="0x" + encode(["uint256", "bytes"], [0, fax]).hex())
    (act,) = acts(bent)
    assert (act.act, act.who, act.whom) == ("approval", WHALE, "")


def test_a_note_is_believed_only_of_a_chief_that_daos_toml_names() -> None:
    elsewhere = lock(5, address=OTHER)
    decoded = decoder("maker_chief", OTHER).decode(31337, [elsewhere])
    assert (decoded.events, decoded.unknown, decoded.errors) == ([], 1, [])
    assert decoder("sky_chief").decode(31337, [lock(5)]).events == []
    assert decoder().decode(31337, [said("Lock(uint256)", data=number(5))]).events == []


def test_the_selectors_of_the_notes_are_in_the_one_filter() -> None:
    topics = decoder_of(load(environ={}, dotenv=None, protocols=PROTOCOLS)).topics_on(1)
    for call in ("0xdd467064", "0xd8ccd0f3", "0xa69beaba", "0xed081329", "0x3c278bd5", "0x5123e1fa"):
        assert call + "00" * 28 in topics


# --- trap 10 ----------------------------------------------------------------------------------------------------------


def seized(protocol: str = "maker_chief") -> list[Act]:
    """B.Protocol's shape of 26 October 2020: 13,000 tokens locked, voted, lifted and freed in one transaction."""
    if protocol == "maker_chief":
        return acts(lock(13_000), vote(n=1), lift(n=2), free(13_000, n=3))
    return acts(
        said("Lock(uint256)", data=number(13_000 * W)),
        said("Vote(bytes32)", [SLATE], n=1),
        said("Lift(address)", [SPELL], n=2),
        said("Free(uint256)", data=number(13_000 * W), n=3),
        protocol=protocol,
    )


@pytest.mark.parametrize("protocol", ["maker_chief", "sky_chief"])
def test_trap_10_lock_vote_lift_and_free_in_one_transaction_is_one_alarm(protocol: str) -> None:
    alert, facts = only(told(at(protocol=protocol), *seized(protocol)))
    assert (alert.severity, facts.act, facts.whom) == ("critical", "flash_lift", SPELL)
    assert facts.amount is not None
    assert facts.amount.raw == 13_000 * W
    assert facts.share_of_hat == Decimal("0.1625")


def test_trap_10_a_vote_that_stood_before_is_as_good_as_one_within() -> None:
    assert [act.act for act in acts(lock(9), lift(n=1), free(9, n=2))] == ["lock", "lift", "flash_lift"]
    assert [act.act for act in acts(vote(), lock(9, n=1), lift(n=2), free(9, n=3))][-1] == "flash_lift"
    assert [act.act for act in acts(lock(9), lift(n=1), lock(1, n=2), free(10, n=3))][-1] == "flash_lift"


def test_trap_10_what_only_looks_like_it_is_no_alarm() -> None:
    def last(*logs: Log) -> str:
        return acts(*logs)[-1].act

    assert last(lock(9), vote(n=1), free(9, n=2)) == "free"
    assert last(lift(), lock(9, n=1), free(9, n=2)) == "free"
    assert last(lock(9, guy=OTHER), lift(n=1), free(9, n=2)) == "free"
    assert last(lock(9), vote(n=1), lift(n=2), free(9, n=3, tx=TX2)) == "free"


def test_trap_10_however_small_the_lock_is_the_alarm_is_raised_without_any_fact() -> None:
    here = situation({}, watches=(INSIDERS,), of=dao(protocol="maker_chief"))
    alert, facts = only(told(here, *acts(lock(1), vote(n=1), lift(n=2), free(1, n=3))))
    assert (alert.severity, facts.share_of_hat) == ("critical", None)


# --- what approval is worth -------------------------------------------------------------------------------------------


def test_an_approval_weighs_what_was_locked_against_the_hat() -> None:
    here = at({FirstOf(CHIEF, SLATE): int(SPELL, 16)})
    alert, facts = only(told(here, *acts(vote())))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.share_of_hat, facts.whom) == (10_000 * W, Decimal("0.125"), SPELL)
    assert {reason.measure for reason in alert.reasons} == {"share_of_supply", "share_of_hat"}


def test_what_was_locked_and_freed_earlier_in_the_block_counts_as_well() -> None:
    alerts = told(at(), *acts(lock(30_000, tx=TX2), free(2_000, n=1, tx=TX2), vote(n=2)))
    by_act = {a.facts.act: a.facts for a in alerts if isinstance(a.facts, ActFacts)}
    amount = by_act["approval"].amount
    assert amount is not None
    assert amount.raw == 38_000 * W


def test_an_approval_of_nothing_pages_nobody_and_one_of_unknown_weight_is_told_as_such() -> None:
    nothing = at({Number(CHIEF, "deposits(address)", (WHALE,)): 0})
    assert told(nothing, *acts(vote())) == []
    _, facts = only(told(at({Number(CHIEF, "deposits(address)", (WHALE,)): None}), *acts(vote())))
    assert facts.amount is None


def test_a_small_lock_is_kept_and_not_told() -> None:
    assert told(at(), *acts(lock(900))) == []
    assert len(wing.enrich(acts(lock(900)), at())) == 1


def test_slices_of_a_lock_are_added_up() -> None:
    _, facts = only(told(at(), *acts(*(lock(900, n=n) for n in range(10)))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.more) == (9_000 * W, 9)


def test_a_new_hat_says_from_whom_to_whom_and_with_how_much() -> None:
    alert, facts = only(told(at(), *acts(lift())))
    assert (facts.before, facts.after, facts.share_of_hat) == (OLD, SPELL, Decimal("1.05"))
    assert alert.severity == "notable"


def test_a_new_hat_after_votes_in_its_own_block_has_no_approval_that_we_know() -> None:
    lifted = [a.facts for a in told(at(), *acts(vote(tx=TX2), lift(n=1))) if isinstance(a.facts, ActFacts)][-1]
    assert (lifted.act, lifted.amount, lifted.share_of_hat) == ("lift", None, None)


def test_two_lifts_in_a_block_follow_each_other() -> None:
    hats = [a.facts for a in told(at(), *acts(lift(), lift(OTHER, n=1, tx=TX2))) if isinstance(a.facts, ActFacts)]
    assert [(f.before, f.after) for f in hats] == [(OLD, SPELL), (SPELL, OTHER)]


# --- Sky does not say who ---------------------------------------------------------------------------------------------


def sky_vote(signer: str, called: str, facts: dict[Ask[Any], Any] | None = None) -> tuple[str, int | None]:
    here = at({Callers(TX): (signer, called)} | (facts or {}), protocol="sky_chief")
    (act,) = wing.enrich(acts(said("Vote(bytes32)", [SLATE]), protocol="sky_chief"), here)
    assert isinstance(act, Act)
    return act.who, act.amount_raw


def test_trap_14_who_votes_on_sky_is_the_signer_that_called_it() -> None:
    assert sky_vote(WHALE, CHIEF) == (WHALE, 10_000 * W)


def test_trap_14_who_votes_on_sky_through_a_vote_delegate_is_the_delegate_and_not_the_signer() -> None:
    delegate: dict[Ask[Any], Any] = {Number(CHIEF, "deposits(address)", (ROUTER,)): 7 * W}
    assert sky_vote(WHALE, ROUTER, delegate) == (ROUTER, 7 * W)


def test_a_call_through_a_contract_that_has_nothing_locked_is_nobodys_we_know() -> None:
    assert sky_vote(WHALE, ROUTER, {Number(CHIEF, "deposits(address)", (ROUTER,)): 0}) == ("", None)
    assert sky_vote(WHALE, "") == ("", None)


def test_a_chief_is_asked_for_the_hat_first_and_then_for_its_approval() -> None:
    here = situation({}, watches=(INSIDERS,), of=dao(protocol="sky_chief"))
    events = acts(said("Vote(bytes32)", [SLATE]), protocol="sky_chief")
    first = set(wing.asks(events, here))
    assert first == {Number(CHIEF, "hat()"), FirstOf(CHIEF, SLATE), Callers(TX)}
    here.facts.known |= {Number(CHIEF, "hat()"): int(OLD, 16), FirstOf(CHIEF, SLATE): 0, Callers(TX): (WHALE, CHIEF)}
    second = set(wing.asks(events, here))
    assert second >= {Number(CHIEF, "approvals(address)", (OLD,)), Number(CHIEF, "deposits(address)", (WHALE,))}
    here.facts.known |= dict.fromkeys(second, 1)
    here.facts.known |= dict.fromkeys(wing.asks(events, here), 1)
    assert list(wing.asks(events, here)) == []


def test_a_transaction_that_makes_no_sense_has_no_callers() -> None:
    ask = Callers(TX)
    assert ask.read([{"from": WHALE.upper().replace("0X", "0x"), "to": None}]) == (WHALE, "")
    assert ask.read([{"from": 7, "to": CHIEF}]) is None
    assert ask.read([None]) is None


# --- gauges and locks -------------------------------------------------------------------------------------------------

CONTROLLER, ESCROW, CRV, GAUGE = (f"0x{n:02x}" + "99" * 19 for n in range(4))


def curve(facts: dict[Ask[Any], Any]) -> Situation:
    base: dict[Ask[Any], Any] = {
        Head(CONTROLLER, "voting_escrow()"): (int(ESCROW, 16),),
        Head(ESCROW, "token()"): (int(CRV, 16),),
        Number(ESCROW, "totalSupply()"): 1_000_000 * W,
        Number(CRV, "totalSupply()"): 2_000_000 * W,
    }
    made = situation(base | facts, watches=(INSIDERS,), of=dao(token=ESCROW, symbol="veCRV"))
    crv = (
        load(environ={}, dotenv=None)
        .tokens[0]
        .model_copy(update={"chain": "local", "address": CRV, "symbol": "CRV", "decimals": 18, "feed": None})
    )
    return made._replace(settings=made.settings.model_copy(update={"tokens": (crv,)}))


def gauge_vote(bps: int, gauge: str = GAUGE, n: int = 0) -> Log:
    data = encode(["uint256", "address", "address", "uint256"], [1, WHALE, gauge, bps])
    return said("VoteForGauge(uint256,address,address,uint256)", data=data, n=n, address=CONTROLLER)


def deposit(value: int, kind: int, until: int = 1_893_456_000) -> Log:
    data = encode(["uint256", "int128", "uint256"], [value, kind, 1])
    return said("Deposit(address,uint256,uint256,int128,uint256)", [WHALE, hex(until)], data, address=ESCROW)


def curve_acts(*logs: Log) -> list[Act]:
    decoded = Decoder(wing.protocols, None, {31337: {CONTROLLER, ESCROW}}).decode(31337, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, Act)]


def power(bps: int) -> Part:
    return Part(Number(ESCROW, "balanceOf(address)", (WHALE,)), bps)


def test_a_gauge_vote_weighs_its_part_of_the_voters_power_at_the_block_before() -> None:
    _, facts = only(told(curve({power(2_500): 5_000 * W}), *curve_acts(gauge_vote(2_500))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.amount.symbol, facts.share_of_supply) == (5_000 * W, "veCRV", Decimal("0.005"))
    assert (facts.who, facts.whom, facts.after, facts.unit) == (WHALE, GAUGE, "2500", "bps")
    assert power(2_500).read([f"0x{20_000 * W:064x}"]) == 5_000 * W
    assert power(2_500).read(["0x"]) is None


def test_the_power_is_asked_once_the_controller_has_named_its_escrow() -> None:
    here = curve({})
    del here.facts.known[Head(CONTROLLER, "voting_escrow()")]
    assert list(wing.asks(curve_acts(gauge_vote(2_500)), here)) == [Head(CONTROLLER, "voting_escrow()")]
    here.facts.known[Head(CONTROLLER, "voting_escrow()")] = (int(ESCROW, 16),)
    assert power(2_500) in set(wing.asks(curve_acts(gauge_vote(2_500)), here))


def test_votes_for_many_gauges_in_one_transaction_are_one_and_hide_nothing() -> None:
    here = curve({power(500): 600 * W})
    _, facts = only(told(here, *curve_acts(*(gauge_vote(500, f"0x{n + 9:040x}", n) for n in range(4)))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.whom, facts.more) == (2_400 * W, "", 3)


def test_a_gauge_vote_of_nothing_or_of_more_than_all_pages_nobody() -> None:
    assert told(curve({power(0): 0}), *curve_acts(gauge_vote(0))) == []
    assert curve_acts(gauge_vote(10_001)) == []


@pytest.mark.parametrize(
    ("name", "data", "meant"),
    [
        (
            "NewGauge(address,int128,uint256)",
            encode(["address", "int128", "uint256"], [GAUGE, 5, 0]),
            (GAUGE, "", "a gauge of type 5 may be voted for"),
        ),
        (
            "NewGaugeWeight(address,uint256,uint256,uint256)",
            encode(["address", "uint256", "uint256", "uint256"], [GAUGE, 1, 7, 9]),
            (GAUGE, "7", "weight of a gauge, set without a vote"),
        ),
        (
            "NewTypeWeight(int128,uint256,uint256,uint256)",
            encode(["int128", "uint256", "uint256", "uint256"], [5, 1, 7, 9]),
            ("", "7", "weight of every gauge of type 5, set without a vote"),
        ),
    ],
)
def test_what_is_done_to_gauges_without_a_vote_is_told(name: str, data: bytes, meant: tuple[str, str, str]) -> None:
    alert, facts = only(told(curve({}), *curve_acts(said(name, data=data, address=CONTROLLER))))
    assert (facts.act, alert.severity) == ("gauge_changed", "notable")
    assert (facts.whom, facts.after, facts.detail) == meant


def test_a_large_lock_says_of_what_and_until_when() -> None:
    _, facts = only(told(curve({}), *curve_acts(deposit(10_000 * W, 1))))
    assert facts.amount is not None
    assert (facts.act, facts.amount.symbol, facts.share_of_supply) == ("lock", "CRV", Decimal("0.005"))
    assert facts.detail == "until 2030-01-01"


def test_a_lock_that_is_prolonged_is_about_all_that_is_locked() -> None:
    here = curve({Number(ESCROW, "locked(address)", (WHALE,)): 40_000 * W})
    _, facts = only(told(here, *curve_acts(deposit(0, 3))))
    assert facts.amount is not None
    assert (facts.amount.raw, facts.detail) == (40_000 * W, "a lock is prolonged until 2030-01-01")
    assert curve_acts(deposit(0, 2)) == []


def test_a_lock_until_a_time_that_no_calendar_has_is_told_without_it() -> None:
    (act,) = curve_acts(deposit(5, 1, until=2**255))
    assert act.detail == ""


def test_a_large_unlock_is_told() -> None:
    data = encode(["uint256", "uint256"], [50_000 * W, 1])
    withdrawn = said("Withdraw(address,uint256,uint256)", [WHALE], data, address=ESCROW)
    alert, facts = only(told(curve({}), *curve_acts(withdrawn)))
    assert (facts.act, facts.who, alert.severity) == ("free", WHALE, "critical")


def test_curves_and_makers_contracts_ship_as_what_they_are() -> None:
    settings = load(environ={}, dotenv=None, protocols=PROTOCOLS)
    found = decoder_of(settings)
    assert found.claims[1, "0x0a3f6849f78076aefadf113f5bed87720274ddc0"] == "maker_chief"
    assert found.claims[1, "0x9ef05f7f6deb616fd37ac3c959a2ddd25a54e4f5"] == "maker_chief"
    assert found.claims[1, "0x929d9a1435662357f54adcf64dcee4d6b867a6f9"] == "sky_chief"
    named = settings.named_on(settings.chains["ethereum"])
    assert {"0x2f50d538606fa9edd2b11e2446beb18c9d5846bb", "0x5f3b5dfeb7b28cdbd7faba78963ee202a494e2a2"} <= named


# --- the delegate behind a contract of theirs -------------------------------------------------------------------------

FACTORY = FACTORIES[0]
MADE: dict[Ask[Any], Any] = {
    Number(FACTORY, "created(address)", (WHALE,)): 1,
    Number(WHALE, "delegate()"): int(OTHER, 16),
}


def test_trap_14_the_delegate_behind_a_vote_delegate_is_named_asked_in_the_same_round() -> None:
    here = at(MADE)
    alert, facts = only(told(here, *acts(vote())))
    assert (facts.who, facts.behind) == (WHALE, OTHER)
    assert {WHALE, OTHER} <= set(alert.addresses)
    empty = situation({}, watches=(INSIDERS,), of=dao(protocol="maker_chief"))
    assert set(MADE) <= set(wing.asks(acts(vote()), empty))
    kept = wing.enrich(acts(lock(9)), here)
    assert [event.behind for event in kept if isinstance(event, Act)] == [OTHER]


@pytest.mark.parametrize("made", [0, None, 2])
def test_trap_14_a_contract_that_no_factory_made_claims_a_delegate_in_vain(made: int | None) -> None:
    forged = MADE | {Number(FACTORY, "created(address)", (WHALE,)): made}
    assert only(told(at(forged), *acts(vote())))[1].behind == ""


@pytest.mark.parametrize("answer", [None, 0, 1 << 200])
def test_trap_14_a_contract_that_names_nobody_stands_for_itself(answer: int | None) -> None:
    assert only(told(at(MADE | {Number(WHALE, "delegate()"): answer}), *acts(vote())))[1].behind == ""


def test_trap_14_where_the_log_names_nobody_the_called_contract_is_looked_through() -> None:
    base: dict[Ask[Any], Any] = {**MADE, Callers(TX): (OLD, WHALE)}
    voted = acts(said("Vote(bytes32)", [SLATE]), protocol="sky_chief")
    _, facts = only(told(at(base, protocol="sky_chief"), *voted))
    assert (facts.who, facts.behind) == (WHALE, OTHER)


def test_trap_14_like_acts_of_several_are_nobodys() -> None:
    first, second = lock(9_000), lock(9_000, n=1, guy=OTHER)
    _, facts = only(told(at(MADE), *acts(first, second)))
    assert (facts.who, facts.behind) == ("", "")
