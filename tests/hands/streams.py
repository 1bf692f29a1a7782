"""What is paid over time: streams, plans, vesting, claims."""

from tests.hands.case import ONE, A, B, C, Case, D, bytes_of

_STREAM = {"act": "stream", "who": A, "whom": C, "token": D, "amount_raw": 100, "item": 9}

CASES: tuple[Case, ...] = (
    # sablier
    Case(
        "sablier",
        "WithdrawFromLockupStream(uint256*,address*,address*,uint128)",
        (9, A, D, 100),
        {"act": "release", "whom": A, "token": D, "amount_raw": 100, "item": 9},
    ),
    Case(
        "sablier",
        "WithdrawFromLockupStream(uint256*,address*,uint128)",
        (9, A, 100),
        {"act": "release", "whom": A, "amount_raw": 100, "item": 9},
    ),
    Case(
        "sablier",
        "CancelLockupStream(uint256,address*,address*,address*,uint128,uint128)",
        (9, A, C, D, 60, 40),
        {"act": "stream_cancelled", "who": A, "whom": C, "token": D, "amount_raw": 60, "item": 9},
    ),
    Case(
        "sablier",
        "CancelLockupStream(uint256*,address*,address*,uint128,uint128)",
        (9, A, C, 60, 40),
        {"act": "stream_cancelled", "who": A, "whom": C, "amount_raw": 60, "item": 9},
    ),
    Case(
        "sablier",
        "CreateLockupLinearStream(uint256,address,address*,address*,(uint128,uint128,uint128),address*,bool,"
        "(uint40,uint40,uint40),address)",
        (9, A, B, C, (100, 1, 2), D, True, (1, 2, 3), B),
        _STREAM,
    ),
    Case(
        "sablier",
        "CreateLockupLinearStream(uint256,address,address*,address*,(uint128,uint128,uint128),address*,bool,bool,"
        "(uint40,uint40,uint40),address)",
        (9, A, B, C, (100, 1, 2), D, True, False, (1, 2, 3), B),
        _STREAM,
    ),
    Case(
        "sablier",
        "CreateLockupLinearStream(uint256,address,address*,address*,(uint128,uint128),address*,bool,bool,"
        "(uint40,uint40,uint40),address)",
        (9, A, B, C, (100, 1), D, True, False, (1, 2, 3), B),
        _STREAM,
    ),
    Case(
        "sablier",
        "CreateLockupLinearStream(uint256*,(address,address,address,(uint128,uint128),address,bool,bool,"
        "(uint40,uint40),string,address),uint40,(uint128,uint128))",
        (9, (A, B, C, (100, 1), D, True, False, (1, 2), "linear", B), 5, (6, 7)),
        _STREAM,
    ),
    Case(
        "sablier",
        "CreateLockupLinearStream(uint256*,(address,address,address,uint128,address,bool,bool,(uint40,uint40),string),"
        "uint40,(uint128,uint128))",
        (9, (A, B, C, 100, D, True, False, (1, 2), "linear"), 5, (6, 7)),
        _STREAM,
    ),
    Case(
        "sablier",
        "CreateLockupLinearStream(uint256*,(address,address,address,uint128,address,bool,bool,(uint40,uint40),string),"
        "uint40,uint40,(uint128,uint128))",
        (9, (A, B, C, 100, D, True, False, (1, 2), "linear"), 5, 1, (6, 7)),
        _STREAM,
    ),
    Case(
        "sablier",
        "WithdrawFromFlowStream(uint256*,address*,address*,address,uint128,uint128)",
        (9, A, D, B, 100, 3),
        {"act": "release", "whom": A, "token": D, "amount_raw": 100, "item": 9},
    ),
    Case(
        "sablier",
        "WithdrawFromFlowStream(uint256*,address*,address*,address,uint128)",
        (9, A, D, B, 100),
        {"act": "release", "whom": A, "token": D, "amount_raw": 100, "item": 9},
    ),
    # hedgey
    Case(
        "hedgey",
        "PlanCreated(uint256*,address*,address*,uint256,uint256,uint256,uint256,uint256,uint256)",
        (9, A, D, 100, 1, 2, 3, 4, 5),
        {"act": "stream", "whom": A, "token": D, "amount_raw": 100, "item": 9},
    ),
    Case(
        "hedgey",
        "PlanCreated(uint256*,address*,address*,uint256,uint256,uint256,uint256,uint256,uint256,address,bool)",
        (9, A, D, 100, 1, 2, 3, 4, 5, B, True),
        {"act": "stream", "who": B, "whom": A, "token": D, "amount_raw": 100, "item": 9},
    ),
    Case(
        "hedgey",
        "PlanRedeemed(uint256*,uint256,uint256,uint256)",
        (9, 100, 5, 6),
        {"act": "release", "amount_raw": 100, "item": 9},
    ),
    Case(
        "hedgey",
        "PlanRevoked(uint256*,uint256,uint256)",
        (9, 100, 60),
        {"act": "stream_cancelled", "amount_raw": 60, "item": 9},
    ),
    # vesting_wallet, merkle_distributor, llamapay, vesting_escrow
    Case("vesting_wallet", "EtherReleased(uint256)", (9,), {"act": "release", "token": "native", "amount_raw": 9}),
    Case("vesting_wallet", "ERC20Released(address*,uint256)", (D, 9), {"act": "release", "token": D, "amount_raw": 9}),
    Case(
        "merkle_distributor",
        "Claimed(uint256,address,uint256)",
        (1, A, 9),
        {"act": "claim", "whom": A, "amount_raw": 9},
    ),
    Case("merkle_distributor", "HasClaimed(address*,uint256)", (A, 9), {"act": "claim", "whom": A, "amount_raw": 9}),
    Case(
        "llamapay",
        "Withdraw(address*,address*,uint216,bytes32,uint256)",
        (A, B, 3, bytes_of(ONE), 9),
        {"act": "release", "who": A, "whom": B, "amount_raw": 9},
    ),
    Case("vesting_escrow", "Claim(address*,uint256)", (A, 9), {"act": "claim", "whom": A, "amount_raw": 9}),
    Case("vesting_escrow", "Fund(address*,uint256)", (A, 9), {"act": "stream", "whom": A, "amount_raw": 9}),
    Case(
        "vesting_escrow",
        "VestingEscrowCreated(address*,address*,address*,address,uint256,uint256,uint256,uint256)",
        (A, D, C, B, 9, 1, 2, 3),
        {"act": "stream", "who": A, "whom": C, "token": D, "amount_raw": 9},
    ),
    Case(
        "vesting_escrow",
        "VestingEscrowCreated(address*,address*,address*,address,uint256,uint256,uint256,uint256,bool)",
        (A, D, C, B, 9, 1, 2, 3, True),
        {"act": "stream", "who": A, "whom": C, "token": D, "amount_raw": 9},
    ),
)
