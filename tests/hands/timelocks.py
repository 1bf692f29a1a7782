"""What waits and what is carried out: timelocks and Aave's payloads."""

from tests.hands.case import CONTRACT, FROM, ONE, TRANSFER, WALLET, A, B, C, Case, D, bytes_of, setting

_CALL = (bytes_of(ONE), D)

CASES: tuple[Case, ...] = (
    # timelocks
    setting(
        "timelocks",
        "MinDelayChange(uint256,uint256)",
        (172800, 60),
        "delay_changed",
        detail="how long a decision waits",
        unit="seconds",
    ),
    *(
        setting(
            "timelocks",
            f"NewDelay(uint256{mark})",
            (60,),
            "delay_changed",
            detail="how long a decision waits",
            unit="seconds",
        )
        for mark in ("", "*")
    ),
    Case(
        "timelocks",
        "QueueTransaction(bytes32*,address*,uint256,string,bytes,uint256)",
        (*_CALL, 0, "setFee(uint256)", b"\x01" * 32, 99),
        {"act": "queued", "whom": D, "detail": "setFee(uint256)"},
    ),
    Case(
        "timelocks",
        "CancelTransaction(bytes32*,address*,uint256,string,bytes,uint256)",
        (*_CALL, 0, "setFee(uint256)", b"\x01" * 32, 99),
        {"act": "cancelled", "whom": D, "detail": "setFee(uint256)"},
    ),
    Case(
        "timelocks",
        "ExecuteTransaction(bytes32*,address*,uint256,string,bytes,uint256)",
        (*_CALL, 0, "setFee(uint256)", b"\x01" * 32, 99),
        {"act": "executed", "whom": D, "detail": "setFee(uint256)"},
    ),
    Case(
        "timelocks",
        "ExecuteTransaction(bytes32*,address*,uint256,string,bytes,uint256)",
        (*_CALL, 0, "transfer(address,uint256)", TRANSFER[4:], 99),
        {
            "act": "outflow",
            "who": CONTRACT,
            "whom": B,
            "token": D,
            "amount_raw": 5,
            "detail": "transfer(address,uint256)",
        },
    ),
    Case(
        "timelocks",
        "CallScheduled(bytes32*,uint256*,address,uint256,bytes,bytes32,uint256)",
        (bytes_of(ONE), 0, D, 0, TRANSFER, bytes(32), 60),
        {"act": "queued", "whom": D, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (bytes_of(ONE), 0, D, 0, TRANSFER),
        {"act": "outflow", "who": CONTRACT, "whom": B, "token": D, "amount_raw": 5, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (bytes_of(ONE), 0, D, 0, FROM),
        {"act": "outflow", "who": A, "whom": B, "token": D, "amount_raw": 6, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (bytes_of(ONE), 0, D, 0, WALLET),
        {"act": "outflow", "who": D, "whom": B, "token": C, "amount_raw": 7, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (bytes_of(ONE), 0, D, 8, b""),
        {"act": "outflow", "who": CONTRACT, "whom": D, "token": "native", "amount_raw": 8},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (bytes_of(ONE), 0, D, 0, bytes.fromhex("a9059cbb00")),
        {"act": "executed", "whom": D, "detail": "transfer"},
    ),
    Case("timelocks", "Cancelled(bytes32*)", (bytes_of(ONE),), {"act": "cancelled", "detail": f"operation {ONE}"}),
    # aave_payloads
    Case(
        "aave_payloads",
        "PayloadSent(uint256*,uint40,address*,uint256*,uint256,uint256)",
        (345, 12, A, 137, 1, 2),
        {"act": "queued", "whom": A, "item": 12, "detail": "payload 12 of proposal 345 for chain 137"},
    ),
    *(
        Case("aave_payloads", f"{name}(uint40)", (12,), {"act": act, "item": 12, "detail": "payload 12"})
        for name, act in (
            ("PayloadQueued", "queued"),
            ("PayloadExecuted", "executed"),
            ("PayloadCancelled", "cancelled"),
        )
    ),
)
