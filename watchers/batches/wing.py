"""The batches wing: user operations, what Safes, timelocks and governors execute, what became of each call inside, and
the batches worth saying.

A quiet block asks nothing. A bundle that will be said asks two things, its transaction and its call tree, in one round;
so do executions, whose transaction is asked for with its receipt.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

import watchers.batches.protocols as protocols_package
from watchers.alert import Alert
from watchers.batches.bundle import calldata_of
from watchers.batches.calls import OperationTree, explain, operations_in
from watchers.batches.events import BatchResult
from watchers.batches.executing import filled
from watchers.batches.judge import Bundle, bundles, deserves_a_trace, is_operation, judge_bundle
from watchers.batches.sent import Executed
from watchers.chain.trace import Trace, Transaction, TransactionFacts
from watchers.decode import Protocol, protocols_in
from watchers.event import Event
from watchers.facts import Ask
from watchers.wing import Situation


class _Evidence(NamedTuple):
    """What is known of a bundle beyond its logs."""

    transaction: TransactionFacts | None
    operations: dict[str, OperationTree]
    bundler: str

    def supports(self, op: BatchResult) -> bool:
        """Tell whether the call tree tells of this operation what its EntryPoint told."""
        found = self.operations.get(op.container_id)
        return found is not None and found.success == op.success


class BatchesWing:
    """See the module's docstring; the methods are those of `watchers.wing.Wing`."""

    name = "batches"

    def __init__(self) -> None:
        self.protocols: Sequence[Protocol] = tuple(protocols_in(protocols_package))

    def asks(self, events: Sequence[Event], at: Situation) -> Iterable[Ask[Any]]:
        """Ask for the transaction and the call tree of each bundle that will be said, unless they are known."""
        for bundle in bundles(events):
            if not deserves_a_trace(bundle, at):
                continue
            tx = bundle[0].tx
            whole = Transaction(tx) if is_operation(bundle[0]) else Executed(tx, at.header.hash)
            asks: tuple[Ask[Any], ...] = (whole, Trace(tx))
            for ask in asks:
                if not at.facts.has(ask):
                    yield ask

    def enrich(self, events: Sequence[Event], at: Situation) -> list[Event]:
        """Fill the calls and the bundler of the operations whose transaction or call tree is at hand."""
        found: dict[str, BatchResult] = {}
        for bundle in bundles(events):
            if not is_operation(bundle[0]):
                tx = bundle[0].tx
                filled_in = filled(bundle, at.facts.get(Executed(tx, at.header.hash)), at.facts.get(Trace(tx)))
                found.update({one.id: one for one in filled_in})
                continue
            evidence = _evidence(bundle, at)
            for op in bundle:
                calldata = None
                if evidence.transaction is not None and evidence.transaction.to == op.address:
                    calldata = calldata_of(evidence.transaction.input, op.sender, op.nonce)
                told = explain(op, calldata, evidence.operations.get(op.container_id))
                found[op.id] = replace(told, bundler=evidence.bundler) if evidence.bundler else told
        return [found.get(event.id, event) for event in events]

    def judge(self, events: Sequence[Event], at: Situation) -> list[Alert]:
        """Give one alert for each bundle that a watch asks for."""
        alerts = []
        for bundle in bundles(events):
            evidence = _evidence(bundle, at)
            traced = any(evidence.supports(op) for op in bundle)
            alert = judge_bundle(bundle, at, traced=traced, bundler=evidence.bundler)
            if alert is not None:
                alerts.append(alert)
        return alerts


def _evidence(bundle: Bundle, at: Situation) -> _Evidence:
    """Gather the answers. A node that already sees the transaction in another block tells of another execution."""
    first = bundle[0]
    if not is_operation(first):
        whole = at.facts.get(Executed(first.tx, at.header.hash))
        return _Evidence(None, {}, whole.sender if whole is not None else "")
    sent = at.facts.get(Transaction(first.tx))
    root = at.facts.get(Trace(first.tx))
    if sent is not None and sent.block_hash not in ("", at.header.hash.lower()):
        root = None
    bundler = sent.sender if sent is not None else root.sender if root is not None else ""
    return _Evidence(sent, operations_in(root, first.address) if root is not None else {}, bundler)


wing = BatchesWing()
