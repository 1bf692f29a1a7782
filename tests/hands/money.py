"""What leaves a treasury, what a protocol takes for itself, what a stablecoin's hand does."""

from tests.hands.case import CONTRACT, ONE, A, B, Case, bytes_of, setting

CASES: tuple[Case, ...] = (
    # outflows: of the token CONTRACT itself, which is the payer here
    Case(
        "outflows",
        "Transfer(address*,address*,uint256)",
        (CONTRACT, B, 5),
        {"act": "outflow", "who": CONTRACT, "whom": B, "token": CONTRACT, "amount_raw": 5},
    ),
    Case(
        "outflows",
        "Transfer(address*,address*,uint256*)",
        (CONTRACT, B, 5),
        {"act": "outflow", "who": CONTRACT, "whom": B, "token": CONTRACT, "amount_raw": 1},
    ),
    # fee_switch
    Case(
        "fee_switch",
        "SetFeeProtocol(uint8,uint8,uint8,uint8)",
        (0, 0, 4, 5),
        {"act": "fee_switch", "before": "off", "after": "1/4 and 1/5", "detail": "part of the fees"},
    ),
    Case(
        "fee_switch",
        "CollectProtocol(address*,address*,uint128,uint128)",
        (A, B, 1, 0),
        {"act": "fee_switch", "who": A, "whom": B, "detail": "fees of the protocol are taken out"},
    ),
    Case(
        "fee_switch",
        "FeeAmountEnabled(uint24*,int24*)",
        (100, 1),
        {"act": "fee_switch", "after": "0.01 %", "detail": "pools of a new fee may be made"},
    ),
    Case(
        "fee_switch",
        "ProtocolFeeUpdated(bytes32*,uint24)",
        (bytes_of(ONE), (500 << 12) + 1000),
        {"act": "fee_switch", "after": "0.1 % and 0.05 %", "detail": f"pool {ONE}"},
    ),
    setting(
        "fee_switch",
        "ProtocolFeeControllerUpdated(address*)",
        (A,),
        "owner_changed",
        detail="who sets the protocol's fee",
    ),
    Case(
        "fee_switch",
        "ReserveFactorChanged(address*,uint256,uint256)",
        (A, 1000, 2000),
        {"act": "fee_switch", "before": "1000", "after": "2000", "unit": "bps", "detail": "reserve factor"},
    ),
    setting(
        "fee_switch",
        "FlashloanPremiumTotalUpdated(uint128,uint128)",
        (9, 5),
        "fee_switch",
        unit="bps",
        detail="premium of a flash loan",
    ),
    Case(
        "fee_switch",
        "NewReserveFactor(uint256,uint256)",
        (5 * 10**16, 10**17),
        {"act": "fee_switch", "before": "5 %", "after": "10 %", "detail": "reserve factor"},
    ),
    # stablecoin_hand
    *(
        Case("stablecoin_hand", f"{name}(address{mark})", (A,), {"act": act, "whom": A, "token": CONTRACT})
        for name, act, marks in (
            ("Blacklisted", "frozen", "*"),
            ("UnBlacklisted", "unfrozen", "*"),
            ("AddedBlackList", "frozen", " *"),
            ("RemovedBlackList", "unfrozen", " *"),
        )
        for mark in (one.strip() for one in marks)
    ),
    *(
        Case(
            "stablecoin_hand",
            f"DestroyedBlackFunds(address{mark},uint256)",
            (A, 9),
            {"act": "destroyed", "whom": A, "token": CONTRACT, "amount_raw": 9},
        )
        for mark in ("", "*")
    ),
    Case("stablecoin_hand", "Pause()", (), {"act": "paused"}),
    Case("stablecoin_hand", "Unpause()", (), {"act": "unpaused"}),
)
