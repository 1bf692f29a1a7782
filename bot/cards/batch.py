"""A batch's card: what failed first, then the rest in one line."""

from collections.abc import Sequence

from bot.cards import figures
from bot.cards.calls import (
    OUTCOME,
    REASON,
    SIGN,
    all_calls,
    container_lines,
    counted_calls,
    outermost,
    reason,
    sign,
)
from bot.cards.card import Accent, Card
from bot.cards.escape import code, escape
from bot.cards.frame import actions, fit, small_print
from bot.cards.lexicon import Lexicon, shorten
from watchers.alert import AlertState, BatchFacts, CallFacts, OperationFacts

LISTED = 3
EXECUTIONS = 5
_TOLD = {"trace": "checked call by call", "logs": "inner calls unknown: no trace", "none": "inner calls unknown"}


def batch_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw the newest batch that the post holds."""
    state = next((s for s in reversed(states) if s.live), states[-1])
    facts = state.alert.facts
    if not isinstance(facts, BatchFacts):
        raise TypeError("a batch card draws BatchFacts")
    return _bundle(state, facts, lexicon) if _of_operations(facts) else _executions(state, facts, lexicon)


def _executions(state: AlertState, facts: BatchFacts, lexicon: Lexicon) -> Card:
    """Draw what Safes, timelocks and governors executed in a transaction."""
    chain_id = state.alert.chain_id
    told = facts.operations[:EXECUTIONS]
    lines = [line for op in told for line in container_lines(op, chain_id, lexicon)]
    if len(facts.operations) > EXECUTIONS:
        lines.append(f"and {len(facts.operations) - EXECUTIONS} more")
    if facts.bundler:
        lines.append(f"**Sent by** {lexicon.who(chain_id, facts.bundler)}")
    dao = lexicon.dao(state.alert.dao)
    return Card(
        headline=headline(facts),
        accent=_accent(facts.operations),
        subject=" · ".join(
            escape(part, 60) for part in (dao.name if dao else "", lexicon.chain_name(chain_id)) if part
        ),
        facts=tuple(lines),
        small=small_print(state, lexicon, [_evidence(facts)]),
        buttons=(*actions(state, lexicon), *([all_calls(state.alert.tx)] if _has_calls(facts) else [])),
    )


def _accent(operations: Sequence[OperationFacts]) -> Accent:
    if any(op.success is False for op in operations):
        return "bad"
    return "good" if all(op.outcome == "success" for op in operations) else "warning"


def _evidence(facts: BatchFacts) -> str:
    """Say what the outcomes rest on: logs alone may prove them all."""
    proven = all(op.outcome == "success" and op.calls for op in facts.operations)
    return "by the logs: no trace" if facts.evidence == "logs" and proven else _TOLD[facts.evidence]


def _has_calls(facts: BatchFacts) -> bool:
    return any(op.calls for op in facts.operations)


def _of_operations(facts: BatchFacts) -> bool:
    return all(op.kind == "entrypoint" for op in outermost(facts.operations))


def _bundle(state: AlertState, facts: BatchFacts, lexicon: Lexicon) -> Card:
    bad = [op for op in facts.operations if op.outcome != "success" and not _is_unknown(op)]
    unknown = sum(_is_unknown(op) for op in facts.operations)
    good = len(facts.operations) - len(bad) - unknown
    lines = []
    for op in bad[:LISTED]:
        lines += _operation(op, state.alert.chain_id, lexicon)
    if len(bad) > LISTED:
        lines.append(f"and {len(bad) - LISTED} more that did not succeed")
    if unknown:
        lines.append(f"{SIGN['unknown']} **{unknown}** accepted, what became of the calls inside is unknown")
    if good:
        others = "The other one" if good == 1 else f"The other {good}"
        lines.append(f"**{others}** succeeded" if bad or unknown else f"**All {good}** succeeded")
    lines.append(_cost(facts, lexicon, state.alert.chain_id))
    evidence = [_calls(op) for op in bad[:LISTED] if len(op.calls) > 1]
    return Card(
        headline=headline(facts),
        accent="bad" if len(bad) == len(facts.operations) else "warning" if bad or unknown else "good",
        subject=f"{escape(facts.container, 40)} {facts.version} · bundle of {len(facts.operations)}",
        facts=tuple(lines),
        evidence=tuple(evidence),
        small=small_print(state, lexicon, [_TOLD[facts.evidence]]),
        buttons=(*actions(state, lexicon), *([all_calls(state.alert.tx)] if _has_calls(facts) else [])),
    )


def headline(facts: BatchFacts) -> str:
    """Say the count, of user operations or else of calls; a bundle whose receipt says success while something in it
    failed is said to be so, and what is not known to have succeeded is not counted as if it had.
    """
    if not _of_operations(facts):
        return counted_calls(facts.operations)
    operations = outermost(facts.operations)
    total = len(operations)
    failed = sum(not op.success for op in operations)
    partial = sum(op.outcome == "partial" for op in operations)
    unknown = sum(_is_unknown(op) for op in operations)
    if total == 1 and failed and facts.bundle_status != 0:
        return fit("Operation failed inside a successful bundle")
    if failed:
        more = f", {unknown} unknown" if unknown else ""
        return fit(f"Batch: {total - failed - partial - unknown} of {total} operations succeeded{more}")
    if partial:
        return fit(f"Batch: {partial} of {total} operations only in part")
    if unknown:
        return fit("Operation accepted, its calls unknown" if total == 1 else f"Batch: {unknown} of {total} unknown")
    return fit(f"Batch: all {total} operations succeeded" if total > 1 else "Operation succeeded")


def _is_unknown(op: OperationFacts) -> bool:
    return sign(op) == SIGN["unknown"]


def _operation(op: OperationFacts, chain_id: int, lexicon: Lexicon) -> list[str]:
    said = {
        "postop_reverted": "undone because the paymaster's postOp failed",
        "prefund_too_low": "undone because the prefund was too low",
        "partial": "succeeded only in part",
    }.get(op.outcome, "failed")
    line = f"{sign(op)} {lexicon.who(chain_id, op.sender)} **{said}**"
    cause = next((c for c in op.calls if c.outcome == "failed"), None)
    if cause is not None:
        name = cause.function.split("(")[0] or "call"
        line += (
            f" at call {cause.index + 1} of {len(op.calls)}: {code(name, 40)} on {lexicon.who(chain_id, cause.target)}"
        )
    return [line, f"**Reason** {reason(cause.reason if cause and cause.reason else op.reason, REASON)}"]


def _calls(op: OperationFacts) -> str:
    rows = [f"operation {op.id[:10]}…"]
    rows += [_row(call) for call in op.calls[:10]]
    if len(op.calls) > 10:  # noqa: PLR2004 - ten rows are what a card can show
        rows.append(f"  and {len(op.calls) - 10} more calls")
    return "```\n" + "\n".join(rows).replace("`", "'") + "\n```"


def _row(call: CallFacts) -> str:
    mark = SIGN.get(call.outcome, SIGN["unknown"])
    outcome = call.outcome if call.outcome in ("success", "failed") else OUTCOME.get(call.outcome, call.outcome)
    name = call.function.split("(")[0] or "call"
    return f"{mark} {call.index + 1:>2} {name[:24]:<24} {shorten(call.target)}  {outcome}"


def _cost(facts: BatchFacts, lexicon: Lexicon, chain_id: int) -> str:
    chain = lexicon.chain(chain_id)
    total = sum(op.gas_cost_wei for op in facts.operations)
    native = chain.native if chain else "wei"
    cost = figures.amount(total, 18 if chain else 0)
    by = f" · **bundler** {lexicon.who(chain_id, facts.bundler)}" if facts.bundler else ""
    paid = sorted({op.paymaster for op in facts.operations if op.paymaster})
    sponsor = f" · **paymaster** {lexicon.who(chain_id, paid[0])}" if len(paid) == 1 else ""
    return f"**Cost** {cost} {native}{by}{sponsor}"
