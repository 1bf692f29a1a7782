"""A container as alerts and answers tell it. Pure."""

from collections.abc import Sequence

from watchers.alert import CallFacts, OperationFacts
from watchers.batches.container import Container
from watchers.batches.containers import entrypoint
from watchers.batches.events import BatchResult, Call
from watchers.batches.protocols.entrypoint import CONTAINER
from watchers.signatures import KNOWN, Names, shown

NO_REASON = "empty revert or out of gas"
ARGUMENTS_OF = 100  # calls whose arguments are kept: an alert must not grow with what a stranger sends


def container_of(event: BatchResult) -> Container:
    """Give what history keeps of a container as what an analysis says of it."""
    return Container(
        kind=entrypoint.NAME if event.container == CONTAINER else event.container,
        id=event.container_id,
        sender=event.sender,
        paymaster=event.paymaster,
        success=event.success,
        outcome=event.outcome,
        reason=event.reason,
        calls=event.calls,
        depth=event.calls[0].depth if event.calls else 0,
        gas_cost_wei=event.gas_cost_wei,
    )


def facts_of(one: Container, names: Names = KNOWN) -> OperationFacts:
    """Tell a container."""
    unsaid = one.outcome == "reverted" and not one.reason and one.kind == entrypoint.NAME
    return OperationFacts(
        id=one.id,
        sender=one.sender,
        paymaster=one.paymaster,
        success=one.success,
        outcome=one.outcome,
        reason=NO_REASON if unsaid else one.reason,
        calls=tuple(_call(call, at, names) for at, call in enumerate(one.calls)),
        gas_cost_wei=one.gas_cost_wei or 0,
        kind=one.kind,
        depth=one.depth,
        traced=is_traced(one.calls),
    )


def is_traced(calls: Sequence[Call]) -> bool:
    """Tell whether some call was seen in a call tree, which alone tells the gas of one."""
    return any(call.gas_used is not None for call in calls)


def _call(call: Call, at: int, names: Names) -> CallFacts:
    values = names.arguments(call.data) if at < ARGUMENTS_OF else None
    given = () if values is None and not call.function else None if values is None else shown(values)
    return CallFacts(
        call.index,
        call.target,
        call.function,
        call.value_wei,
        call.outcome,
        call.reason,
        given,
        call.swallowed,
    )
