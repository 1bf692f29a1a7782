"""Every event that a hand reads, as its contract's source declares it, and what it must mean.

`SOURCE` names where a signature comes from. The logs are made by eth-abi from the signature and the values, never by
our own decoder; a topic is the keccak of the signature. Real logs of public chains are in tests/unit/golden_acts.
"""

import re
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from watchers.chain.block import Log

CONTRACT = "0x" + "c0" * 20
A, B, C, D = ("0x" + digit * 40 for digit in "abcd")
TX, BLOCK = "0x" + "5c" * 32, "0x" + "ab" * 32
MINTER = "0x" + keccak(b"MINTER_ROLE").hex()
ADMIN = "0x" + "00" * 32
OTHER = "0x" + "07" * 32
TRANSFER = bytes.fromhex("a9059cbb") + encode(["address", "uint256"], [B, 5])
FROM = bytes.fromhex("23b872dd") + encode(["address", "address", "uint256"], [A, B, 6])
WALLET = bytes.fromhex("beabacc8") + encode(["address", "address", "uint256"], [C, B, 7])

SOURCE = {
    "access": "OpenZeppelin 4.9.6 and 5.7.0; Compound Timelock.sol; GovernorBravoInterfaces.sol; Uniswap V3 factory",
    "aave_payloads": "bgd-labs/aave-governance-v3 IGovernanceCore.sol, IPayloadsControllerCore.sol",
    "arbitrum_rollup": "OffchainLabs/nitro-contracts, upgrade-executor; ArbitrumFoundation/governance",
    "fee_switch": "Uniswap v3-core d8b1c635c, v4-core 59d3ecf53; aave-v3-origin fd1fbd915; Compound v2 cToken",
    "gauge_controller": "curvefi/curve-dao-contracts 567927551 GaugeController.vy",
    "governor_settings": "OpenZeppelin 5.7.0; compound-governance 5e013bec7 CompoundGovernor.sol",
    "hedgey": "hedgey-finance/Locked_VestingTokenPlans e8313c7b6",
    "llamapay": "LlamaPay/llamapay 90d18e11b",
    "merkle_distributor": "Uniswap/merkle-distributor 25a79e8ec; ArbitrumFoundation/governance d517b4e95",
    "op_stack": "ethereum-optimism/optimism, packages/contracts-bedrock/src/L1",
    "outflows": "ERC-20; ERC-721",
    "proxies": "EIP-1967; GovernorBravoInterfaces.sol; Nouns Builder 1.2.0",
    "sablier": "npm @sablier/v2-core 1.2.0, @sablier/lockup 4.0.1, @sablier/flow 3.0.1",
    "safe_control": "npm @safe-global/safe-deployments 1.37.56",
    "stablecoin_hand": "circlefin/stablecoin-evm; Tether TetherToken.sol at 0xdac17f958d2ee523a2206206994597c13d831ec7",
    "timelocks": "Compound Timelock.sol; OpenZeppelin 5.7.0 TimelockController.sol; Aave v2 ExecutorWithTimelock.sol",
    "vesting_escrow": "curve-dao-contracts 567927551; LlamaPay/yearn-vesting-escrow fe2187fc9; ENSToken.sol",
    "vesting_wallet": "OpenZeppelin 5.7.0 VestingWallet.sol",
    "voting_escrow": "curvefi/curve-dao-contracts 567927551 VotingEscrow.vy",
}


class Case(NamedTuple):
    """`signature` with `*` behind each indexed type; `told` are the act's fields that are not at their default."""

    protocol: str
    signature: str
    values: tuple[Any, ...]
    told: dict[str, Any]


def _split(inner: str) -> list[str]:
    return [part for part in re.findall(r"(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,()])+", inner) if part]


def log_of(case: Case, *, address: str = CONTRACT, index: int = 0, tx: str = TX) -> Log:
    """Encode a case's log."""
    name, inner = case.signature.split("(", 1)
    types = _split(inner[:-1])
    plain = [kind.rstrip("*") for kind in types]
    topic = keccak(f"{name}({','.join(plain)})".encode())
    pairs = list(zip(types, plain, case.values, strict=True))
    topics = [_topic(kind, value) for mark, kind, value in pairs if mark.endswith("*")]
    rest = [(kind, value) for mark, kind, value in pairs if not mark.endswith("*")]
    data = encode([kind for kind, _ in rest], [value for _, value in rest])
    said = tuple("0x" + one.hex() for one in (topic, *topics))
    return Log(address, said, "0x" + data.hex(), "0x10", tx, "0x0", hex(index), BLOCK)


def _topic(kind: str, value: Any) -> bytes:
    return keccak(text=value) if kind == "string" else encode([kind], [value])


def _setting(protocol: str, signature: str, values: tuple[Any, ...], act: str, **told: Any) -> Case:
    shown = [str(value) for value in values]
    before = {"before": shown[0]} if len(shown) > 1 else {}
    return Case(protocol, signature, values, {"act": act, **before, "after": shown[-1], **told})


def _hash(text: str) -> bytes:
    return bytes.fromhex(text[2:])


_ONE = "0x" + "11" * 32
_STREAM = {"act": "stream", "who": A, "whom": C, "token": D, "amount_raw": 100, "item": 9}
_CALL = (_hash(_ONE), D)

CASES: tuple[Case, ...] = (
    # proxies
    _setting("proxies", "Upgraded(address*)", (A,), "upgrade"),
    _setting("proxies", "Upgraded(address)", (A,), "upgrade"),
    _setting("proxies", "NewImplementation(address,address)", (A, B), "upgrade"),
    _setting("proxies", "AdminChanged(address,address)", (A, B), "admin_changed"),
    _setting("proxies", "BeaconUpgraded(address*)", (A,), "upgrade", detail="a beacon names the code"),
    _setting("proxies", "BeaconUpgraded(address)", (A,), "upgrade", detail="a beacon names the code"),
    # access
    _setting("access", "OwnershipTransferred(address*,address*)", (A, B), "owner_changed"),
    _setting("access", "OwnerChanged(address*,address*)", (A, B), "owner_changed"),
    _setting("access", "NewAdmin(address*)", (A,), "owner_changed"),
    _setting("access", "NewAdmin(address)", (A,), "owner_changed"),
    _setting("access", "NewAdmin(address,address)", (A, B), "owner_changed"),
    _setting("access", "OwnershipTransferStarted(address*,address*)", (A, B), "owner_nominated"),
    Case("access", "DefaultAdminTransferScheduled(address*,uint48)", (A, 5), {"act": "owner_nominated", "after": A}),
    _setting("access", "NewPendingAdmin(address*)", (A,), "owner_nominated"),
    _setting("access", "NewPendingAdmin(address)", (A,), "owner_nominated"),
    _setting("access", "NewPendingAdmin(address,address)", (A, B), "owner_nominated"),
    Case(
        "access",
        "RoleGranted(bytes32*,address*,address*)",
        (_hash(ADMIN), A, B),
        {"act": "role_granted", "who": B, "whom": A, "detail": "DEFAULT_ADMIN_ROLE"},
    ),
    Case(
        "access",
        "RoleRevoked(bytes32*,address*,address*)",
        (_hash(MINTER), A, B),
        {"act": "role_revoked", "who": B, "whom": A, "detail": "MINTER_ROLE"},
    ),
    Case(
        "access",
        "RoleAdminChanged(bytes32*,bytes32*,bytes32*)",
        (_hash(MINTER), _hash(ADMIN), _hash(OTHER)),
        {"act": "role_admin_changed", "before": "DEFAULT_ADMIN_ROLE", "after": OTHER, "detail": "MINTER_ROLE"},
    ),
    Case(
        "access",
        "RoleGranted(uint64*,address*,uint32,uint48,bool)",
        (0, A, 1, 2, True),
        {"act": "role_granted", "whom": A, "detail": "DEFAULT_ADMIN_ROLE"},
    ),
    Case(
        "access",
        "RoleRevoked(uint64*,address*)",
        (7, A),
        {"act": "role_revoked", "whom": A, "detail": "role 7"},
    ),
    Case("access", "Paused(address)", (A,), {"act": "paused", "who": A}),
    Case("access", "Unpaused(address)", (A,), {"act": "unpaused", "who": A}),
    # governor_settings
    _setting(
        "governor_settings",
        "QuorumNumeratorUpdated(uint256,uint256)",
        (4, 3),
        "quorum_changed",
        detail="quorum numerator",
    ),
    _setting(
        "governor_settings",
        "SuperQuorumNumeratorUpdated(uint256,uint256)",
        (60, 50),
        "quorum_changed",
        detail="numerator of the quorum that ends voting early",
    ),
    _setting(
        "governor_settings", "QuorumUpdated(uint256,uint256)", (4, 3), "quorum_changed", detail="quorum", unit="tokens"
    ),
    _setting(
        "governor_settings",
        "VotingDelaySet(uint256,uint256)",
        (1, 2),
        "delay_changed",
        detail="wait before voting",
        unit="clock",
    ),
    _setting(
        "governor_settings",
        "VotingPeriodSet(uint256,uint256)",
        (1, 2),
        "period_changed",
        detail="how long voting lasts",
        unit="clock",
    ),
    _setting(
        "governor_settings",
        "ProposalThresholdSet(uint256,uint256)",
        (1, 2),
        "threshold_changed",
        detail="what it takes to propose",
        unit="tokens",
    ),
    _setting(
        "governor_settings",
        "LateQuorumVoteExtensionSet(uint64,uint64)",
        (1, 2),
        "period_changed",
        detail="how long voting goes on after a late quorum",
        unit="clock",
    ),
    _setting(
        "governor_settings",
        "TimelockChange(address,address)",
        (A, B),
        "owner_changed",
        detail="who carries out what is decided",
    ),
    _setting(
        "governor_settings",
        "ProposalGuardianSet(address,address)",
        (A, B),
        "council_changed",
        detail="who may cancel proposals",
    ),
    Case(
        "governor_settings",
        "ProposalGuardianSet(address,uint96,address,uint96)",
        (A, 1, B, 2),
        {"act": "council_changed", "before": A, "after": B, "detail": "who may cancel proposals"},
    ),
    _setting(
        "governor_settings",
        "WhitelistGuardianSet(address,address)",
        (A, B),
        "council_changed",
        detail="who may let others propose below the threshold",
    ),
    Case(
        "governor_settings",
        "WhitelistAccountExpirationSet(address,uint256)",
        (A, 5),
        {"act": "council_changed", "whom": A, "detail": "may propose below the threshold"},
    ),
    Case(
        "governor_settings",
        "WhitelistAccountExpirationSet(address,uint256)",
        (A, 0),
        {"act": "council_changed", "whom": A, "detail": "may no longer propose below the threshold"},
    ),
    # safe_control, both index shapes
    *(
        Case("safe_control", f"{name}(address{mark})", (A,), {"act": act, "whom": A, "detail": detail})
        for name, act, detail in (
            ("AddedOwner", "council_changed", "one more may sign"),
            ("RemovedOwner", "council_changed", "may no longer sign"),
            ("EnabledModule", "module_changed", "may act without signatures"),
            ("DisabledModule", "module_changed", "may no longer act without signatures"),
            ("ChangedGuard", "module_changed", "may refuse transactions"),
        )
        for mark in ("", "*")
    ),
    _setting("safe_control", "ChangedMasterCopy(address)", (A,), "upgrade"),
    _setting("safe_control", "ChangedThreshold(uint256)", (3,), "threshold_changed", detail="how many must sign"),
    # timelocks
    _setting(
        "timelocks",
        "MinDelayChange(uint256,uint256)",
        (172800, 60),
        "delay_changed",
        detail="how long a decision waits",
        unit="seconds",
    ),
    *(
        _setting(
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
        (_hash(_ONE), 0, D, 0, TRANSFER, bytes(32), 60),
        {"act": "queued", "whom": D, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (_hash(_ONE), 0, D, 0, TRANSFER),
        {"act": "outflow", "who": CONTRACT, "whom": B, "token": D, "amount_raw": 5, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (_hash(_ONE), 0, D, 0, FROM),
        {"act": "outflow", "who": A, "whom": B, "token": D, "amount_raw": 6, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (_hash(_ONE), 0, D, 0, WALLET),
        {"act": "outflow", "who": D, "whom": B, "token": C, "amount_raw": 7, "detail": "transfer"},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (_hash(_ONE), 0, D, 8, b""),
        {"act": "outflow", "who": CONTRACT, "whom": D, "token": "native", "amount_raw": 8},
    ),
    Case(
        "timelocks",
        "CallExecuted(bytes32*,uint256*,address,uint256,bytes)",
        (_hash(_ONE), 0, D, 0, bytes.fromhex("a9059cbb00")),
        {"act": "executed", "whom": D, "detail": "transfer"},
    ),
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
    Case("timelocks", "Cancelled(bytes32*)", (_hash(_ONE),), {"act": "cancelled", "detail": f"operation {_ONE}"}),
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
        (_hash(_ONE), (500 << 12) + 1000),
        {"act": "fee_switch", "after": "0.1 % and 0.05 %", "detail": f"pool {_ONE}"},
    ),
    _setting(
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
    _setting(
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
        (A, B, 3, _hash(_ONE), 9),
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
