"""A bundle's card: what failed first, then the rest in one line."""

from collections.abc import Sequence

from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import code, escape
from bot.cards.frame import actions, fit, small_print
from bot.cards.lexicon import Lexicon, shorten
from watchers.alert import AlertState, BatchFacts, CallFacts, OperationFacts
from watchers.batches.events import BatchResult

REASON = 160
LISTED = 3
SIGN = {"success": "✓", "failed": "✗", "rolled_back": "↺", "not_executed": "–", "unknown": "?"}
PLAIN = {"": "no reason given", "empty_revert": "no reason given", "out_of_gas": "out of gas"}
_SAID = {"rolled_back": "undone", "not_executed": "not reached", "unknown": "result unknown"}


def batch_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw the newest bundle that the post holds."""
    state = next((s for s in reversed(states) if s.live), states[-1])
    facts = state.alert.facts
    if not isinstance(facts, BatchFacts):
        raise TypeError("a batch card draws BatchFacts")
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
    told = {"trace": "checked call by call", "logs": "inner calls unknown: no trace", "none": "inner calls unknown"}
    return Card(
        headline=headline(facts),
        accent="bad" if len(bad) == len(facts.operations) else "warning" if bad or unknown else "good",
        subject=f"{escape(facts.container, 40)} {facts.version} · bundle of {len(facts.operations)}",
        facts=tuple(lines),
        evidence=tuple(evidence),
        small=small_print(state, lexicon, [told[facts.evidence]]),
        buttons=actions(state, lexicon),
    )


def headline(facts: BatchFacts) -> str:
    """Say the count; a bundle whose receipt says success while something in it failed is said to be so, and what is
    not known to have succeeded is not counted as if it had.
    """
    total = len(facts.operations)
    failed = sum(not op.success for op in facts.operations)
    partial = sum(op.outcome == "partial" for op in facts.operations)
    unknown = sum(_is_unknown(op) for op in facts.operations)
    if total == 1 and failed:
        return fit("Operation failed inside a successful bundle")
    if failed:
        more = f", {unknown} unknown" if unknown else ""
        return fit(f"Batch: {total - failed - partial - unknown} of {total} operations succeeded{more}")
    if partial:
        return fit(f"Batch: {partial} of {total} operations only in part")
    if unknown:
        return fit("Operation accepted, its calls unknown" if total == 1 else f"Batch: {unknown} of {total} unknown")
    return fit(f"Batch: all {total} operations succeeded" if total > 1 else "Operation succeeded")


def sign(op: OperationFacts | BatchResult) -> str:
    """Mark what became of an operation; one that was accepted while its calls are unknown is no success."""
    return SIGN.get(op.outcome, SIGN["failed"]) if op.success else SIGN["failed"]


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


def reason(text: str, limit: int) -> str:
    """Write a revert reason; our own words for one that is not there become plain ones."""
    return PLAIN.get(text) or code(text, limit)


def _calls(op: OperationFacts) -> str:
    rows = [f"operation {op.id[:10]}…"]
    rows += [_row(call) for call in op.calls[:10]]
    if len(op.calls) > 10:  # noqa: PLR2004 - ten rows are what a card can show
        rows.append(f"  and {len(op.calls) - 10} more calls")
    return "```\n" + "\n".join(rows).replace("`", "'") + "\n```"


def _row(call: CallFacts) -> str:
    mark, said = SIGN.get(call.outcome, SIGN["unknown"]), _SAID.get(call.outcome, call.outcome)
    name = call.function.split("(")[0] or "call"
    return f"{mark} {call.index + 1:>2} {name[:24]:<24} {shorten(call.target)}  {said}"


def _cost(facts: BatchFacts, lexicon: Lexicon, chain_id: int) -> str:
    chain = lexicon.chain(chain_id)
    total = sum(op.gas_cost_wei for op in facts.operations)
    native = chain.native if chain else "wei"
    cost = figures.amount(total, 18 if chain else 0)
    by = f" · **bundler** {lexicon.who(chain_id, facts.bundler)}" if facts.bundler else ""
    paid = sorted({op.paymaster for op in facts.operations if op.paymaster})
    sponsor = f" · **paymaster** {lexicon.who(chain_id, paid[0])}" if len(paid) == 1 else ""
    return f"**Cost** {cost} {native}{by}{sponsor}"
