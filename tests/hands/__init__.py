"""Every event that a hand reads, case by case; real logs of public chains are in tests/unit/golden_acts.

`SOURCE` names where a signature comes from.
"""

from tests.hands import control, gauges, money, rollups, streams, timelocks
from tests.hands.case import Case

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

CASES: tuple[Case, ...] = (
    *control.CASES,
    *timelocks.CASES,
    *rollups.CASES,
    *money.CASES,
    *streams.CASES,
    *gauges.CASES,
)
