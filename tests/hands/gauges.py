"""Votes for gauges, and the locks that they are cast with."""

from tests.hands.case import A, B, Case

CASES: tuple[Case, ...] = (
    # gauge_controller, voting_escrow
    Case(
        "gauge_controller",
        "VoteForGauge(uint256,address,address,uint256)",
        (1, A, B, 2500),
        {"act": "gauge_vote", "who": A, "whom": B, "after": "2500", "unit": "bps"},
    ),
    Case(
        "gauge_controller",
        "NewGauge(address,int128,uint256)",
        (A, 5, 0),
        {"act": "gauge_changed", "whom": A, "detail": "a gauge of type 5 may be voted for"},
    ),
    Case(
        "gauge_controller",
        "NewGaugeWeight(address,uint256,uint256,uint256)",
        (A, 1, 7, 9),
        {"act": "gauge_changed", "whom": A, "after": "7", "detail": "weight of a gauge, set without a vote"},
    ),
    Case(
        "gauge_controller",
        "NewTypeWeight(int128,uint256,uint256,uint256)",
        (5, 1, 7, 9),
        {"act": "gauge_changed", "after": "7", "detail": "weight of every gauge of type 5, set without a vote"},
    ),
    Case(
        "voting_escrow",
        "Deposit(address*,uint256,uint256*,int128,uint256)",
        (A, 9, 1_893_456_000, 1, 1),
        {"act": "lock", "who": A, "amount_raw": 9, "detail": "until 2030-01-01"},
    ),
    Case(
        "voting_escrow",
        "Withdraw(address*,uint256,uint256)",
        (A, 9, 1),
        {"act": "free", "who": A, "amount_raw": 9},
    ),
)
