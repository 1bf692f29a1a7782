"""Which batches are worth saying: one alert for each transaction and EntryPoint, with every operation in it, and one
for all that Safes, timelocks and governors executed in a transaction.

A watch is met by the operations in its scope (`senders`, `paymasters`: one of the two lists is enough; without lists
every operation) that are in trouble: not a success, or a success while a call inside failed. With `failed_only` off an
operation in scope is enough.

    critical   an operation of a sender or paymaster that a watch names is in trouble, or every operation of a bundle
               of two or more is (a bundle of one that fails is an everyday mishap)
    notable    the bundle succeeded while an operation in it did not, or not wholly
    info       a watched operation, and nothing failed

An execution is said whatever its result where the operator's files name the contract, of another watched sender as an
operation is; `executions` off says those in trouble alone. It is notable when it is in trouble, else info.
A timelock that a governor told is part of the governor's execution, once the calls of that are known.
"""

from collections.abc import Iterable, Iterator, Sequence

from config.settings import BatchWatch
from watchers.alert import Alert, BatchFacts, Reason, Severity, alert_id
from watchers.batches.events import BatchResult
from watchers.batches.protocols.entrypoint import CONTAINER
from watchers.batches.protocols.executions import COMPOUND_TIMELOCK, GOVERNOR, TIMELOCK
from watchers.batches.telling import container_of, facts_of, is_traced
from watchers.event import Event
from watchers.wing import Situation

Bundle = Sequence[BatchResult]
_WHOLE = 2  # operations from which on "all of them failed" means more than one mishap


def bundles(events: Iterable[Event]) -> list[Bundle]:
    """Gather operations by transaction and EntryPoint, and executions by transaction, in order."""
    found: dict[tuple[str, str], list[BatchResult]] = {}
    for event in events:
        if isinstance(event, BatchResult):
            found.setdefault((event.tx, event.address if is_operation(event) else ""), []).append(event)
    return list(found.values())


def is_operation(event: BatchResult) -> bool:
    """Tell a user operation from what a Safe, timelock or governor executed."""
    return event.container == CONTAINER


def watches_for(bundle: Bundle, at: Situation) -> Iterator[BatchWatch]:
    """Give the operator's watches that look at this chain and protocol."""
    for watch in at.settings.watches:
        if not isinstance(watch, BatchWatch):
            continue
        spoken = {"*", *(one.protocol for one in bundle)}
        if watch.chain in ("*", at.chain.key) and watch.protocol in spoken:
            yield watch


def in_scope(watch: BatchWatch, operation: BatchResult) -> bool:
    """Tell whether a watch asks about an operation's sender or paymaster."""
    named = watch.senders or watch.paymasters
    return not named or operation.sender in watch.senders or operation.paymaster in watch.paymasters


def in_trouble(operation: BatchResult) -> bool:
    """Tell whether an operation failed, or succeeded while a call inside failed."""
    lost = any(call.outcome in ("failed", "rolled_back") for call in operation.calls)
    return not operation.success or operation.outcome == "partial" or (lost and not is_operation(operation))


def deserves_a_trace(bundle: Bundle, at: Situation) -> bool:
    """Tell whether a bundle's call tree is worth its price: an operation in scope is in trouble, or is watched by name
    (accounts exist that fail silently), or would be said anyway. So is that of every execution that a watch asks about.
    """
    for watch in watches_for(bundle, at):
        if not is_operation(bundle[0]) and any(in_scope(watch, one) for one in bundle):
            return True
        close = bool(watch.senders or watch.paymasters) or not watch.failed_only
        if any(in_scope(watch, op) and (close or in_trouble(op)) for op in bundle):
            return True
    return False


def judge_bundle(bundle: Bundle, at: Situation, *, traced: bool, bundler: str) -> Alert | None:
    """Give the alert that a bundle is worth, or None."""
    if not is_operation(bundle[0]):
        return _judge_executions(bundle, at, sender=bundler)
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
    severity = _severity(bundle, named_in_trouble=named_in_trouble)
    return _alert(bundle, at, reasons, severity, subject="bundle", traced=traced, sender=bundler)


def _judge_executions(bundle: Bundle, at: Situation, *, sender: str) -> Alert | None:
    """Give the alert that the executions of a transaction are worth, or None."""
    told = _outermost(bundle)
    ours = at.settings.named_on(at.chain)
    reasons = []
    for watch in watches_for(told, at):
        scope = [one for one in told if in_scope(watch, one)]
        troubled = sum(in_trouble(one) for one in scope)
        close = not watch.failed_only or watch.senders or any(one.sender in ours for one in scope)
        if troubled:
            reasons.append(Reason(watch.name, "executions in trouble", f"{troubled} of {len(told)}", "1"))
        elif scope and close and watch.executions:
            reasons.append(Reason(watch.name, "executions watched", f"{len(scope)} of {len(told)}", "1"))
    if not reasons:
        return None
    severity: Severity = "notable" if any(map(in_trouble, told)) else "info"
    traced = any(is_traced(one.calls) for one in told)
    return _alert(told, at, reasons, severity, subject="execution", traced=traced, sender=sender)


def _outermost(bundle: Bundle) -> Bundle:
    """Leave out the timelocks of a governor whose calls are known; the governor goes first."""
    governed = any(one.container == GOVERNOR and one.calls for one in bundle)
    kept = [one for one in bundle if not (governed and one.container in (TIMELOCK, COMPOUND_TIMELOCK))]
    return sorted(kept, key=lambda one: one.container != GOVERNOR)


def _alert(
    bundle: Bundle,
    at: Situation,
    reasons: Sequence[Reason],
    severity: Severity,
    *,
    subject: str,
    traced: bool,
    sender: str,
) -> Alert:
    first = bundle[0]
    return Alert(
        id=alert_id(first.chain_id, first.tx, "batch", first.position),
        kind="batch",
        chain_id=first.chain_id,
        protocol=first.protocol,
        subject=f"{subject}:{first.chain_id}:{first.tx}",
        severity=severity,
        block=first.block,
        block_hash=at.header.hash,
        block_time_s=at.header.time_s,
        tx=first.tx,
        reasons=tuple(reasons),
        facts=BatchFacts(
            container=first.container,
            version=first.version,
            bundle_status=1,  # a reverted transaction leaves no logs, and these came from logs
            operations=tuple(facts_of(container_of(op)) for op in bundle),
            evidence="trace" if traced else "logs",
            bundler=sender,
        ),
        dao=_dao(bundle, at),
        addresses=_addresses(bundle),
    )


def _dao(bundle: Bundle, at: Situation) -> str:
    """Name the DAO whose governor, timelock or treasury executed."""
    acted = {one.sender for one in bundle if not is_operation(one)}
    own = (dao for dao in at.settings.daos.values() if dao.chain == at.chain.key)
    return next((dao.key for dao in own if acted & {dao.governor, dao.timelock, dao.treasury}), "")


def _severity(bundle: Bundle, *, named_in_trouble: bool) -> Severity:
    failed = sum(not op.success for op in bundle)
    if named_in_trouble or (failed == len(bundle) >= _WHOLE):
        return "critical"
    return "notable" if any(in_trouble(op) for op in bundle) else "info"


def _addresses(bundle: Bundle) -> tuple[str, ...]:
    """Name the senders and paymasters, each once, in order."""
    return tuple(dict.fromkeys(a for op in bundle for a in (op.sender, op.paymaster) if a))
