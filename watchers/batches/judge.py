"""Which bundles are worth saying: one alert for each transaction and EntryPoint, with every operation in it.

A watch is met by the operations in its scope (`senders`, `paymasters`: one of the two lists is enough; without lists
every operation) that are in trouble: not a success, or a success while a call inside failed. With `failed_only` off an
operation in scope is enough.

    critical   an operation of a sender or paymaster that a watch names is in trouble, or every operation of a bundle
               of two or more is (a bundle of one that fails is an everyday mishap)
    notable    the bundle succeeded while an operation in it did not, or not wholly
    info       a watched operation, and nothing failed
"""

from collections.abc import Iterable, Iterator, Sequence

from config.settings import BatchWatch
from watchers.alert import Alert, BatchFacts, CallFacts, OperationFacts, Reason, Severity, alert_id
from watchers.batches.events import BatchResult
from watchers.event import Event
from watchers.wing import Situation

Bundle = Sequence[BatchResult]
NO_REASON = "empty revert or out of gas"
_WHOLE = 2  # operations from which on "all of them failed" means more than one mishap


def bundles(events: Iterable[Event]) -> list[Bundle]:
    """Gather operations by transaction and EntryPoint, in order."""
    found: dict[tuple[str, str], list[BatchResult]] = {}
    for event in events:
        if isinstance(event, BatchResult):
            found.setdefault((event.tx, event.address), []).append(event)
    return list(found.values())


def watches_for(bundle: Bundle, at: Situation) -> Iterator[BatchWatch]:
    """Give the operator's watches that look at this chain and protocol."""
    for watch in at.settings.watches:
        if not isinstance(watch, BatchWatch):
            continue
        if watch.chain in ("*", at.chain.key) and watch.protocol in ("*", bundle[0].protocol):
            yield watch


def in_scope(watch: BatchWatch, operation: BatchResult) -> bool:
    """Tell whether a watch asks about an operation's sender or paymaster."""
    named = watch.senders or watch.paymasters
    return not named or operation.sender in watch.senders or operation.paymaster in watch.paymasters


def in_trouble(operation: BatchResult) -> bool:
    """Tell whether an operation failed, or succeeded while a call inside failed."""
    return not operation.success or operation.outcome == "partial"


def deserves_a_trace(bundle: Bundle, at: Situation) -> bool:
    """Tell whether a bundle's call tree is worth its price: an operation in scope is in trouble, or is watched by name
    (accounts exist that fail silently), or would be said anyway.
    """
    for watch in watches_for(bundle, at):
        close = bool(watch.senders or watch.paymasters) or not watch.failed_only
        if any(in_scope(watch, op) and (close or in_trouble(op)) for op in bundle):
            return True
    return False


def judge_bundle(bundle: Bundle, at: Situation, *, traced: bool, bundler: str) -> Alert | None:
    """Give the alert that a bundle is worth, or None."""
    reasons, named_in_trouble = [], False
    for watch in watches_for(bundle, at):
        scope = [op for op in bundle if in_scope(watch, op)]
        troubled = [op for op in scope if in_trouble(op)]
        if troubled:
            reasons.append(Reason(watch.name, "operations in trouble", f"{len(troubled)} of {len(bundle)}", "1"))
            named_in_trouble = named_in_trouble or bool(watch.senders or watch.paymasters)
        elif scope and not watch.failed_only:
            reasons.append(Reason(watch.name, "operations watched", f"{len(scope)} of {len(bundle)}", "1"))
    if not reasons:
        return None
    first = bundle[0]
    return Alert(
        id=alert_id(first.chain_id, first.tx, "batch", first.position),
        kind="batch",
        chain_id=first.chain_id,
        protocol=first.protocol,
        subject=f"bundle:{first.chain_id}:{first.tx}",
        severity=_severity(bundle, named_in_trouble=named_in_trouble),
        block=first.block,
        block_hash=at.header.hash,
        block_time_s=at.header.time_s,
        tx=first.tx,
        reasons=tuple(reasons),
        facts=BatchFacts(
            container=first.container,
            version=first.version,
            bundle_status=1,  # a reverted transaction leaves no logs, and these came from logs
            operations=tuple(_operation(op) for op in bundle),
            evidence="trace" if traced else "logs",
            bundler=bundler,
        ),
        addresses=_addresses(bundle),
    )


def _severity(bundle: Bundle, *, named_in_trouble: bool) -> Severity:
    failed = sum(not op.success for op in bundle)
    if named_in_trouble or (failed == len(bundle) >= _WHOLE):
        return "critical"
    return "notable" if any(in_trouble(op) for op in bundle) else "info"


def _addresses(bundle: Bundle) -> tuple[str, ...]:
    """Name the senders and paymasters, each once, in order."""
    return tuple(dict.fromkeys(a for op in bundle for a in (op.sender, op.paymaster) if a))


def _operation(op: BatchResult) -> OperationFacts:
    unsaid = op.outcome == "reverted" and not op.reason
    return OperationFacts(
        id=op.container_id,
        sender=op.sender,
        paymaster=op.paymaster,
        success=op.success,
        outcome=op.outcome,
        reason=NO_REASON if unsaid else op.reason,
        calls=tuple(
            CallFacts(call.index, call.target, call.function, call.value_wei, call.outcome, call.reason)
            for call in op.calls
        ),
        gas_cost_wei=op.gas_cost_wei,
    )
