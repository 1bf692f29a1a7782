"""A governor's clock against ours: blocks of its chain, seconds, or (Arbitrum) blocks of Ethereum.

Units: `_clock` what the governor counts in, `_s` seconds since 1970.
Source: EIP-6372; Arbitrum's `block.number` is Ethereum's, kept in the header's `l1BlockNumber`.
"""

from config.settings import Chain, Dao
from watchers.chain.block import Header
from watchers.governance.asks import Times

L1_BLOCK_S = 12
LATE = 10  # the last tenth of voting
FAR_S = 10 * 366 * 86_400  # a deadline beyond ten years is not shown as a date


def now_clock(dao: Dao, header: Header) -> int | None:
    """Give the header's place on the governor's clock, None where the node does not tell Ethereum's block."""
    if dao.clock == "timestamp":
        return header.time_s
    if dao.clock == "block":
        return header.height
    return int(header.l1_block_number, 16) if header.l1_block_number else None


def end_s(dao: Dao, chain: Chain, header: Header, deadline_clock: int) -> int | None:
    """Give the deadline as a time, an estimate by block time unless the clock counts seconds; None when unknown."""
    now = now_clock(dao, header)
    if now is None:
        return None
    tick = tick_s(dao, chain)
    if not deadline_clock or abs(deadline_clock - now) > FAR_S / tick:
        return None
    return header.time_s + round((deadline_clock - now) * tick)


def tick_s(dao: Dao, chain: Chain) -> float:
    """Give how long one step of the governor's clock takes."""
    return {"timestamp": 1.0, "block": chain.block_time_s, "l1_block": L1_BLOCK_S}[dao.clock]


def is_late(cast_clock: int | None, times: Times | None) -> bool:
    """Tell whether a vote was cast in the last tenth of voting."""
    if cast_clock is None or times is None:
        return False
    return (times.deadline - cast_clock) * LATE <= times.deadline - times.snapshot
