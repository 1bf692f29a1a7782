"""Maker's and Sky's chiefs: what their logs mean, a seizure in one transaction, what approval is worth."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode

from config.settings import load
from tests.chiefs import (
    CHIEF,
    INSIDERS,
    OLD,
    OTHER,
    SLATE,
    SPELL,
    TX2,
    WHALE,
    acts,
    at,
    decoder,
    lock,
    noted,
    only,
    said,
    told,
    vote,
)
from tests.electorate import TX, W, dao, situation
from watchers.alert import ActFacts
from watchers.chain.block import Log
from watchers.governance.chief import FirstOf
from watchers.governance.events import Act
from watchers.governance.getters import Number
from watchers.governance.wing import wing
from watchers.wings import PROTOCOLS, decoder_of


def free(tokens: int, **at: Any) -> Log:
    return noted("free(uint256)", ["uint256"], [tokens * W], **at)


def lift(whom: str = SPELL, **at: Any) -> Log:
    return noted("lift(address)", ["address"], [whom], **at)


def vote_for(*whom: str, **at: Any) -> Log:
    return noted("vote(address[])", ["address[]"], [list(whom)], **at)


def number(value: int) -> bytes:
    return encode(["uint256"], [value])


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


def test_curves_and_makers_contracts_ship_as_what_they_are() -> None:
    settings = load(environ={}, dotenv=None, protocols=PROTOCOLS)
    found = decoder_of(settings)
    assert found.claims[1, "0x0a3f6849f78076aefadf113f5bed87720274ddc0"] == "maker_chief"
    assert found.claims[1, "0x9ef05f7f6deb616fd37ac3c959a2ddd25a54e4f5"] == "maker_chief"
    assert found.claims[1, "0x929d9a1435662357f54adcf64dcee4d6b867a6f9"] == "sky_chief"
    named = settings.named_on(settings.chains["ethereum"])
    assert {"0x2f50d538606fa9edd2b11e2446beb18c9d5846bb", "0x5f3b5dfeb7b28cdbd7faba78963ee202a494e2a2"} <= named
