"""Alerts that tests draw and deliver: plain values, each function one alert that a test may bend by keyword."""

from decimal import Decimal
from typing import Any

import msgspec

from watchers.alert import (
    ActFacts,
    Alert,
    AlertState,
    Amount,
    BatchFacts,
    CallFacts,
    DigestFacts,
    MoveFacts,
    OperationFacts,
    ProposalFacts,
    Reason,
    ReminderFacts,
    Tally,
    VoteFacts,
    alert_id,
)

UNI = "0x1f9840a85d5af5bf1d1762f925bdaddc4201f984"
GOVERNOR = "0x408ed6354d4973f66138c91495f2f2fcbd8724c3"
VOTER = "0x8d07d225a769b7af3a923481e1fdf49180e6a265"
POOL = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
VESTER = "0x4750c43867ef5f89869132eccf19b9b6c4286e1a"
BUNDLER = "0x" + "b1" * 20
ACCOUNT = "0x" + "ac" * 20
E18 = 10**18


def a_tally(for_m: str, against_m: str, quorum_m: str | None = "40", **more: Any) -> Tally:
    """Build a tally in millions of tokens under the rule For > Against and For >= quorum."""
    for_raw, against_raw = (int(Decimal(m) * 10**6) * E18 for m in (for_m, against_m))
    quorum_raw = None if quorum_m is None else int(Decimal(quorum_m) * 10**6) * E18
    passes = None if quorum_raw is None else for_raw > against_raw and for_raw >= quorum_raw
    return Tally(for_raw, against_raw, 0, quorum_raw, for_raw, **{"voters": 3, "passes": passes, **more})


def a_vote(**bent: Any) -> VoteFacts:
    """Give a vote of 15.0M UNI against that flips the outcome to failing."""
    facts = VoteFacts(
        dao="uniswap",
        governor=GOVERNOR,
        proposal_id=42,
        title="UNI for Flipside",
        voter=VOTER,
        support="against",
        weight=Amount(UNI, "UNI", 18, 15_000_125 * E18),
        for_raw=0,
        against_raw=15_000_125 * E18,
        abstain_raw=0,
        reason_text="",
        before=a_tally("43.6", "31.9"),
        after=a_tally("43.6", "46.9"),
        share_of_quorum=Decimal("0.375"),
        share_of_cast=Decimal("0.1657"),
        share_of_supply=Decimal("0.015"),
        crosses_quorum=False,
        flips="failing",
        pivotal=True,
        ends_at_s=1_800_000_000,
        ends_at_clock=13_060_000,
        to_flip_back_raw=3_300_125 * E18,
    )
    return msgspec.structs.replace(facts, **bent)


def a_proposal(**bent: Any) -> ProposalFacts:
    """Give a new proposal of two actions."""
    facts = ProposalFacts(
        dao="uniswap",
        governor=GOVERNOR,
        proposal_id=42,
        title="UNI for Flipside",
        change="created",
        proposer=VOTER,
        tally=None,
        token_symbol="UNI",
        token_decimals=18,
        ends_at_s=1_800_000_000,
        ends_at_clock=None,
        actions=2,
    )
    return msgspec.structs.replace(facts, **bent)


def a_move(**bent: Any) -> MoveFacts:
    """Give a removal of $4.82M from a pool."""
    facts = MoveFacts(
        pool=POOL,
        pool_name="Uniswap V3 USDC/WETH 0.05 %",
        action="remove",
        owner=VOTER,
        actor=BUNDLER,
        amounts=(
            Amount("0x" + "a0" * 20, "USDC", 6, -2_400_000 * 10**6, Decimal(2_400_000), "Chainlink", 1_700_000_000),
            Amount("0x" + "c0" * 20, "WETH", 18, -1_000 * E18, Decimal(2_420_000), "Chainlink", 1_700_000_500),
        ),
        usd=Decimal(4_820_000),
        share_of_pool=Decimal("0.43"),
        share_basis="token balances",
    )
    return msgspec.structs.replace(facts, **bent)


def an_operation(**bent: Any) -> OperationFacts:
    """Give a failed operation of three calls, the second of which reverted."""
    target = "0x" + "7a" * 20
    facts = OperationFacts(
        id="0x" + "0d" * 32,
        sender=ACCOUNT,
        paymaster="",
        success=False,
        outcome="reverted",
        reason='Error("lab: nope")',
        calls=(
            CallFacts(0, target, "ping(uint256)", 0, "rolled_back", ""),
            CallFacts(1, target, "boomString()", 0, "failed", 'Error("lab: nope")'),
            CallFacts(2, target, "ping(uint256)", 0, "not_executed", ""),
        ),
        gas_cost_wei=3 * 10**15,
    )
    return msgspec.structs.replace(facts, **bent)


def a_batch(**bent: Any) -> BatchFacts:
    """Give a bundle of three operations, one of which failed."""
    good = an_operation(id="0x" + "0e" * 32, success=True, outcome="success", reason="", calls=())
    facts = BatchFacts("EntryPoint", "0.7", 1, (good, an_operation(), good), "trace", BUNDLER)
    return msgspec.structs.replace(facts, **bent)


def an_act(**bent: Any) -> ActFacts:
    """Give a release of 2.00M UNI from a vester of Uniswap's treasury."""
    facts = ActFacts(
        contract=VESTER,
        act="release",
        who="",
        whom=VOTER,
        amount=Amount(UNI, "UNI", 18, 2_000_000 * E18, Decimal(14_000_000), "Chainlink feed", 1_700_000_000),
        share_of_supply=Decimal("0.002"),
        dao="uniswap",
    )
    return msgspec.structs.replace(facts, **bent)


_KIND: dict[Any, str] = {
    VoteFacts: "vote",
    ProposalFacts: "proposal",
    MoveFacts: "liquidity",
    BatchFacts: "batch",
    ActFacts: "act",
    ReminderFacts: "reminder",
    DigestFacts: "digest",
}


def an_alert(facts: Any = None, **bent: Any) -> Alert:
    """Wrap facts, by default a vote's, into an alert on Ethereum."""
    facts = a_vote() if facts is None else facts
    kind: Any = _KIND[type(facts)]
    tx = bent.pop("tx", "0x" + "7e" * 32)
    alert = Alert(
        id=alert_id(1, tx, kind, bent.pop("position", 0)),
        kind=kind,
        chain_id=1,
        protocol="governor_bravo",
        subject=f"proposal:1:{GOVERNOR}:42",
        severity="critical",
        block=13_056_456,
        block_hash="0x" + "b0" * 32,
        block_time_s=1_700_000_900,
        tx=tx,
        reasons=(Reason("large-votes", "share of quorum", "37.5 %", "5 %"),),
        facts=facts,
        dao="uniswap" if kind in {"vote", "proposal", "act"} else "",
    )
    return msgspec.structs.replace(alert, **bent)


def a_state(facts: Any = None, *, alert: dict[str, Any] | None = None, **bent: Any) -> AlertState:
    """Wrap facts into the state that delivery is given."""
    return msgspec.structs.replace(AlertState(alert=an_alert(facts, **(alert or {}))), **bent)
