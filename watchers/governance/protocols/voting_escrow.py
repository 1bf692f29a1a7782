"""Curve's voting escrow and its forks: tokens locked for power that melts until the lock ends.

Source: curvefi/curve-dao-contracts `VotingEscrow.vy`. A deposit that prolongs a lock adds nothing, so what it is about
is all that was locked at the block before. The escrow names the token that it holds as `token()`.
"""

from datetime import UTC, datetime

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.getters import Number
from watchers.governance.hand import Hand, own_token
from watchers.governance.handing import act

PROLONGED = 3  # INCREASE_UNLOCK_TIME
_LAST_S = 253_402_300_799  # the end of the year 9999


@event("Deposit(address indexed provider, uint256 value, uint256 indexed locktime, int128 type, uint256 ts)")
class EscrowDeposit(msgspec.Struct, frozen=True, gc=False):
    """Tokens are locked, or a lock is prolonged."""

    provider: str
    value: int
    locktime: int
    type: int
    ts: int


@event("Withdraw(address indexed provider, uint256 value, uint256 ts)")
class EscrowWithdraw(msgspec.Struct, frozen=True, gc=False):
    """A lock is over and its tokens are taken out."""

    provider: str
    value: int
    ts: int


def _locked(act: Act) -> Number | None:
    return Number(act.address, "locked(address)", (act.who,)) if act.act == "lock" else None


protocol = Hand("voting_escrow", token=own_token, amount=_locked, pays_itself=False)


@protocol.on(EscrowDeposit)
def _deposited(log: Log, shape: EscrowDeposit, around: Around) -> Act | None:
    longer = shape.type == PROLONGED and not shape.value
    if not shape.value and not longer:
        return None
    until = f"until {datetime.fromtimestamp(shape.locktime, UTC):%Y-%m-%d}" if shape.locktime <= _LAST_S else ""
    detail = ("a lock is prolonged " + until if longer else until).strip()
    raw = None if longer else shape.value
    return act(protocol, log, around, "lock", who=shape.provider, amount_raw=raw, detail=detail)


@protocol.on(EscrowWithdraw)
def _withdrawn(log: Log, shape: EscrowWithdraw, around: Around) -> Act | None:
    return act(protocol, log, around, "free", who=shape.provider, amount_raw=shape.value) if shape.value else None
