"""Events that tests store and find again: plain values that a test may bend by keyword."""

from typing import Any

from watchers.batches.events import BatchResult
from watchers.governance.events import Act, ProposalChange, Vote
from watchers.liquidity.events import LiquidityMove

GOVERNOR = "0x" + "60" * 20
POOL = "0x" + "90" * 20
ENTRY_POINT = "0x" + "e0" * 20
VOTER = "0x" + "a1" * 20
OWNER = "0x" + "a2" * 20
SENDER = "0x" + "a3" * 20
VESTING = "0x" + "c0" * 20
HUGE = 2**200 + 1  # what a double, and so Lua, would round


def tx(n: int) -> str:
    """Name a transaction."""
    return f"0x{n:064x}"


def where(block: int, log_index: int, address: str, protocol: str) -> dict[str, Any]:
    """Give the fields that every event shares."""
    return {
        "protocol": protocol,
        "chain_id": 1,
        "block": block,
        "tx": tx(block * 1000 + log_index),
        "tx_index": log_index,
        "log_index": log_index,
        "address": address,
    }


def vote(block: int, log_index: int = 0, **bent: Any) -> Vote:
    """Give a vote for proposal 7."""
    given = {"proposal_id": 7, "voter": VOTER, "support": "for", "weight_raw": HUGE, "for_raw": HUGE}
    return Vote(**{**where(block, log_index, GOVERNOR, "oz"), **given, **bent})


def created(block: int, log_index: int = 0, **bent: Any) -> ProposalChange:
    """Give the creation of proposal 7."""
    given = {"proposal_id": 7, "change": "created", "description": "# Spend it\nall"}
    return ProposalChange(**{**where(block, log_index, GOVERNOR, "oz"), **given, **bent})


def move(block: int, log_index: int = 0, **bent: Any) -> LiquidityMove:
    """Give a removal of liquidity."""
    given = {"action": "remove", "owner": OWNER, "amount0_raw": -HUGE, "amount1_raw": -1}
    return LiquidityMove(**{**where(block, log_index, POOL, "uniswap_v3"), **given, **bent})


def batch(block: int, log_index: int = 0, **bent: Any) -> BatchResult:
    """Give a user operation that succeeded."""
    given = {"container": "entrypoint", "container_id": tx(9_000_000 + block), "sender": SENDER, "success": True}
    return BatchResult(**{**where(block, log_index, ENTRY_POINT, "entrypoint"), **given, **bent})


def act(block: int, log_index: int = 0, **bent: Any) -> Act:
    """Give a release of tokens from vesting."""
    given = {"act": "release", "token": "0x" + "33" * 20, "amount_raw": HUGE, "whom": OWNER}
    return Act(**{**where(block, log_index, VESTING, "vesting_wallet"), **given, **bent})
