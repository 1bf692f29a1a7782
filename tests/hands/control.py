"""Who holds the keys: code, owners, roles, the numbers of governors, the signers of Safes."""

from tests.hands.case import ADMIN, MINTER, OTHER, A, B, Case, bytes_of, setting

CASES: tuple[Case, ...] = (
    # proxies
    setting("proxies", "Upgraded(address*)", (A,), "upgrade"),
    setting("proxies", "Upgraded(address)", (A,), "upgrade"),
    setting("proxies", "NewImplementation(address,address)", (A, B), "upgrade"),
    setting("proxies", "AdminChanged(address,address)", (A, B), "admin_changed"),
    setting("proxies", "BeaconUpgraded(address*)", (A,), "upgrade", detail="a beacon names the code"),
    setting("proxies", "BeaconUpgraded(address)", (A,), "upgrade", detail="a beacon names the code"),
    # access
    setting("access", "OwnershipTransferred(address*,address*)", (A, B), "owner_changed"),
    setting("access", "OwnerChanged(address*,address*)", (A, B), "owner_changed"),
    setting("access", "NewAdmin(address*)", (A,), "owner_changed"),
    setting("access", "NewAdmin(address)", (A,), "owner_changed"),
    setting("access", "NewAdmin(address,address)", (A, B), "owner_changed"),
    setting("access", "OwnershipTransferStarted(address*,address*)", (A, B), "owner_nominated"),
    Case("access", "DefaultAdminTransferScheduled(address*,uint48)", (A, 5), {"act": "owner_nominated", "after": A}),
    setting("access", "NewPendingAdmin(address*)", (A,), "owner_nominated"),
    setting("access", "NewPendingAdmin(address)", (A,), "owner_nominated"),
    setting("access", "NewPendingAdmin(address,address)", (A, B), "owner_nominated"),
    Case(
        "access",
        "RoleGranted(bytes32*,address*,address*)",
        (bytes_of(ADMIN), A, B),
        {"act": "role_granted", "who": B, "whom": A, "detail": "DEFAULT_ADMIN_ROLE"},
    ),
    Case(
        "access",
        "RoleRevoked(bytes32*,address*,address*)",
        (bytes_of(MINTER), A, B),
        {"act": "role_revoked", "who": B, "whom": A, "detail": "MINTER_ROLE"},
    ),
    Case(
        "access",
        "RoleAdminChanged(bytes32*,bytes32*,bytes32*)",
        (bytes_of(MINTER), bytes_of(ADMIN), bytes_of(OTHER)),
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
    setting(
        "governor_settings",
        "QuorumNumeratorUpdated(uint256,uint256)",
        (4, 3),
        "quorum_changed",
        detail="quorum numerator",
    ),
    setting(
        "governor_settings",
        "SuperQuorumNumeratorUpdated(uint256,uint256)",
        (60, 50),
        "quorum_changed",
        detail="numerator of the quorum that ends voting early",
    ),
    setting(
        "governor_settings", "QuorumUpdated(uint256,uint256)", (4, 3), "quorum_changed", detail="quorum", unit="tokens"
    ),
    setting(
        "governor_settings",
        "VotingDelaySet(uint256,uint256)",
        (1, 2),
        "delay_changed",
        detail="wait before voting",
        unit="clock",
    ),
    setting(
        "governor_settings",
        "VotingPeriodSet(uint256,uint256)",
        (1, 2),
        "period_changed",
        detail="how long voting lasts",
        unit="clock",
    ),
    setting(
        "governor_settings",
        "ProposalThresholdSet(uint256,uint256)",
        (1, 2),
        "threshold_changed",
        detail="what it takes to propose",
        unit="tokens",
    ),
    setting(
        "governor_settings",
        "LateQuorumVoteExtensionSet(uint64,uint64)",
        (1, 2),
        "period_changed",
        detail="how long voting goes on after a late quorum",
        unit="clock",
    ),
    setting(
        "governor_settings",
        "TimelockChange(address,address)",
        (A, B),
        "owner_changed",
        detail="who carries out what is decided",
    ),
    setting(
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
    setting(
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
    setting("safe_control", "ChangedMasterCopy(address)", (A,), "upgrade"),
    setting("safe_control", "ChangedThreshold(uint256)", (3,), "threshold_changed", detail="how many must sign"),
)
