"""Batches' words: `BatchResult`, one container with its result, and `Call`, one thing that it meant to do."""

from typing import Literal

import msgspec

from watchers.event import Event

CallOutcome = Literal["success", "failed", "rolled_back", "not_executed", "unknown"]
Outcome = Literal["success", "partial", "reverted", "postop_reverted", "prefund_too_low", "unknown"]


class Call(msgspec.Struct, frozen=True):
    """One call inside a container, in calldata order. `outcome` is unknown until a trace says more. `swallowed`: how
    many calls inside one that succeeded failed without failing it, as far as a trace was looked at.
    """

    index: int
    target: str
    value_wei: int
    data: str
    function: str = ""
    outcome: CallOutcome = "unknown"
    reason: str = ""
    gas_used: int | None = None
    depth: int = 0
    swallowed: int = 0


class BatchResult(Event, frozen=True, kw_only=True, tag="batch"):
    """One user operation as its EntryPoint reports it, or what a Safe, timelock or governor executed: `container` is
    then its kind, and `container_id` the Safe's hash, the operation's or the proposal's number. `calls` is empty until
    calldata or a trace is at hand. `bundler` sent the transaction of an operation, "" where nobody asked who.
    """

    container: str
    version: str = ""
    container_id: str
    sender: str
    paymaster: str = ""
    nonce: int = 0
    success: bool
    outcome: Outcome = "unknown"
    reason: str = ""
    gas_used: int = 0
    gas_cost_wei: int = 0
    calls: tuple[Call, ...] = ()
    bundler: str = ""
