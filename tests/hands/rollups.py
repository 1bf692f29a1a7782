"""Who runs a rollup: Arbitrum's and the OP Stack's own words."""

from eth_abi.abi import encode

from tests.hands.case import TRANSFER, A, B, C, Case

CASES: tuple[Case, ...] = (
    # arbitrum_rollup
    Case(
        "arbitrum_rollup",
        "UpgradeExecuted(address*,uint256,bytes)",
        (A, 0, b"\x14\x77\xe6\x1a"),
        {"act": "upgrade", "whom": A, "detail": "its code was run with all power"},
    ),
    Case(
        "arbitrum_rollup",
        "TargetCallExecuted(address*,uint256,bytes)",
        (A, 0, TRANSFER),
        {"act": "executed", "whom": A, "detail": "0xa9059cbb"},
    ),
    *(
        Case(
            "arbitrum_rollup",
            f"{name}(address,bool)",
            (A, is_so),
            {"act": "sequencer_changed", "whom": A, "detail": f"may {'' if is_so else 'no longer '}{what}"},
        )
        for name, what in (("BatchPosterSet", "post batches"), ("SequencerSet", "order transactions"))
        for is_so in (True, False)
    ),
    Case(
        "arbitrum_rollup",
        "BatchPosterManagerSet(address)",
        (A,),
        {"act": "sequencer_changed", "whom": A, "detail": "may name and dismiss those who post batches"},
    ),
    *(
        Case("arbitrum_rollup", "OwnerFunctionCalled(uint256*)", (number,), {"act": act, "detail": detail})
        for number, act, detail in (
            (0, "delay_changed", "how late a batch may come"),
            (1, "sequencer_changed", "who posts batches"),
            (4, "sequencer_changed", "who orders transactions"),
            (5, "sequencer_changed", "who names and dismisses those who post batches"),
        )
    ),
    Case(
        "arbitrum_rollup",
        "CohortReplaced(address[],uint8*)",
        ([A, B, C], 1),
        {"act": "council_changed", "detail": "the second cohort is new, 3 members"},
    ),
    *(
        Case(
            "arbitrum_rollup",
            f"{name}(address*,uint8*)",
            (A, 0),
            {"act": "council_changed", "whom": A, "detail": f"{word} the first cohort"},
        )
        for name, word in (("MemberAdded", "joins"), ("MemberRemoved", "leaves"))
    ),
    *(
        Case(
            "arbitrum_rollup",
            f"{name}(address*,address*,uint8)",
            (A, B, 2),
            {"act": "council_changed", "before": A, "after": B, "detail": f"{word}, cohort 2"},
        )
        for name, word in (("MemberReplaced", "another member"), ("MemberRotated", "a member's new key"))
    ),
    *(
        Case(
            "arbitrum_rollup",
            f"{name}(address*,address*,uint256)",
            (A, B, 3),
            {"act": "council_changed", "whom": A, "detail": f"a Safe whose owners follow the manager{more}"},
        )
        for name, more in (("SecurityCouncilAdded", ""), ("SecurityCouncilRemoved", " no more"))
    ),
    # op_stack
    *(
        Case(
            "op_stack",
            "ConfigUpdate(uint256*,uint8*,bytes)",
            (0, number, encode(["address"], [A])),
            {"act": "sequencer_changed", "after": A, "detail": detail},
        )
        for number, detail in ((0, "posts batches"), (3, "signs blocks before they are on Ethereum"))
    ),
    Case(
        "op_stack",
        "ConfigUpdate(uint256*,uint8*,bytes)",
        (0, 5, bytes(32)),
        {"act": "fee_switch", "detail": "the operator's fee"},
    ),
    Case(
        "op_stack",
        "ConfigUpdate(uint8*,bytes)",
        (0, encode(["address"], [A])),
        {"act": "council_changed", "after": A, "detail": "guardian: may stop withdrawals"},
    ),
    Case(
        "op_stack",
        "ConfigUpdate(uint8*,bytes)",
        (1, b""),
        {"act": "council_changed", "detail": "setting 1 of who may stop withdrawals"},
    ),
    Case("op_stack", "Paused(string)", ("presigned",), {"act": "paused", "detail": "presigned"}),
    Case("op_stack", "Unpaused()", (), {"act": "unpaused"}),
    *(
        Case(
            "op_stack",
            "PauseExtended(address)",
            (identifier,),
            {"act": "paused", "detail": "the pause goes on longer", **more},
        )
        for identifier, more in ((A, {"whom": A}), ("0x" + "00" * 20, {}))
    ),
    Case(
        "op_stack",
        "AddressSet(string*,address,address)",
        ("OVM_L1CrossDomainMessenger", B, A),
        {"act": "upgrade", "before": A, "after": B, "detail": "another contract answers to a name"},
    ),
    Case(
        "op_stack",
        "ImplementationSet(address*,uint32*)",
        (A, 1),
        {"act": "upgrade", "after": A, "detail": "decides disputes of type 1 over withdrawals"},
    ),
)
