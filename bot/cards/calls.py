"""Containers and their calls in words: what failed first, with target, function, arguments and reason; the rest."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bot.cards.card import Button
from bot.cards.escape import code, escape
from bot.cards.frame import fit
from bot.cards.lexicon import Lexicon, short_number
from watchers.alert import CallFacts, OperationFacts
from watchers.batches.events import BatchResult

SIGN = {"success": "✓", "failed": "✗", "rolled_back": "↺", "not_executed": "–", "unknown": "?"}
PLAIN = {"": "no reason given", "empty_revert": "no reason given", "out_of_gas": "out of gas"}
OUTCOME = {
    "success": "succeeded",
    "rolled_back": "undone",
    "not_executed": "not reached",
    "unknown": "result unknown",
}
SAID = {
    "success": "succeeded",
    "partial": "succeeded only in part",
    "reverted": "failed",
    "postop_reverted": "undone: its paymaster failed after it",
    "prefund_too_low": "undone: it had not paid enough for gas",
}
KINDS = {
    "entrypoint": "User operation",
    "safe": "Safe transaction",
    "safe_module": "Safe, by a module",
    "timelock": "Timelock operation",
    "compound_timelock": "Timelock call",
    "governor": "Proposal",
    "multicall": "Multicall",
    "universal_router": "Router's plan",
    "payout": "Payout",
    "account": "Account's batch",
    "erc7579": "Modular account's batch",
    "eip7702": "Delegated account",
    "eip8130": "Native batch",
    "eip8141": "Batch of frames",
    "tempo": "Native batch",
    "zksync": "Account's call",
    "arbitrum_batch": "Arbitrum batch",
    "arbitrum_claim": "Arbitrum state claim",
    "zksync_commit": "ZKsync batch, posted",
    "zksync_proof": "ZKsync batch, proven",
    "zksync_execution": "ZKsync batch, carried out",
    "zksync_revert": "ZKsync batches, taken back,",
    "op_batch": "OP Stack batch",
    "op_claim": "OP Stack state claim",
    "op_message": "Cross-chain message",
    "op_withdrawal": "Withdrawal",
}
# ERC-6093, https://eips.ethereum.org/EIPS/eip-6093: the errors of tokens that carry amounts of a token
_LACKS = re.compile(
    r"ERC20Insufficient(?P<what>Balance|Allowance)\((?P<who>0x[0-9a-f]{40}),(?P<has>\d{1,78}),(?P<needs>\d{1,78})\)"
)
ALL, TURN = "calls", "turn"
LISTED = 4  # failed calls of a container that are told in a line of their own
FUNCTIONS = 4
SHOWN = 100  # characters of a function with its arguments
REASON = 160


def sign(op: OperationFacts | BatchResult) -> str:
    """Mark what became of a container; one that was accepted while its calls are unknown is no success."""
    if op.success is None:
        return SIGN["unknown"]
    return SIGN.get(op.outcome, SIGN["failed"]) if op.success else SIGN["failed"]


def said(op: OperationFacts | BatchResult) -> str:
    """Say what became of a container; what is not known is said to be so."""
    if op.success is None:
        return "result unknown"
    return SAID.get(op.outcome) or ("accepted, its calls unknown" if op.success else "failed")


def reason(text: str, limit: int) -> str:
    """Write a revert reason; our own words for one that is not there become plain ones."""
    return PLAIN.get(text) or code(text, limit)


def refusal(text: str, limit: int, token: str, chain_id: int, dao: str, lexicon: Lexicon) -> str:
    """Write the revert reason of a call to a contract: of what a known token lacks, the amounts. Two that would
    look the same are not rounded.
    """
    found = _LACKS.fullmatch(text)
    if found is None:
        return reason(text, limit)
    has, needs = (lexicon.amount(chain_id, token, int(found[part]), dao) for part in ("has", "needs"))
    if not has or has == needs:
        return reason(text, limit)
    verb = "has" if found["what"] == "Balance" else "may spend"
    return f"{lexicon.who(chain_id, found['who'])} {verb} {has}, needs {needs}"


def outermost(operations: Sequence[OperationFacts]) -> list[OperationFacts]:
    """Give the containers that are in no other: the calls of the others are inside theirs."""
    least = min((op.depth for op in operations), default=0)
    return [op for op in operations if op.depth == least]


def counted_calls(operations: Sequence[OperationFacts], name: str = "Batch") -> str:
    """Say how many calls succeeded; what is not known to have is not counted as if it had."""
    calls = [call for op in outermost(operations) for call in op.calls]
    if not calls:
        failed = any(op.success is False for op in operations)
        well = all(op.outcome == "success" for op in operations)
        how = "succeeded" if well else "failed, its calls unknown" if failed else "accepted, its calls unknown"
        return fit(f"{name} {how}")
    good, unknown = (sum(call.outcome == outcome for call in calls) for outcome in ("success", "unknown"))
    noun = "call" if len(calls) == 1 else "calls"
    more = f", {unknown} unknown" if unknown else ""
    return fit(f"{name}: {good} of {len(calls)} {noun} succeeded{more}")


def container_lines(op: OperationFacts, chain_id: int, lexicon: Lexicon, listed: int = LISTED) -> Iterator[str]:
    """Tell a container: what became of it, the calls that failed, and the rest in one line."""
    yield container_line(op, chain_id, lexicon)
    yield from call_lines(op, chain_id, lexicon, listed)


def container_line(op: OperationFacts, chain_id: int, lexicon: Lexicon) -> str:
    """Say what a container is, of whom, and what became of it."""
    inner = "↳ " if op.depth else ""
    name = f" {short_number(int(op.id))}" if op.kind == "governor" and op.id.isdecimal() else ""
    known = any(call.reason for call in op.calls if call.outcome == "failed")
    why = f" · {reason(op.reason, REASON)}" if op.reason and not known else ""
    done = sum(call.outcome == "success" for call in op.calls)
    many = f" · {done} of {len(op.calls)}" if op.calls and op.kind != "entrypoint" else ""
    kind = KINDS.get(op.kind) or escape(op.kind, 20)
    return f"{inner}{sign(op)} **{kind}{name} {said(op)}**{many} · {lexicon.who(chain_id, op.sender)}{why}"


def call_lines(op: OperationFacts, chain_id: int, lexicon: Lexicon, listed: int = LISTED) -> Iterator[str]:
    """Tell the calls of a container: those that failed or swallowed a failure one by one, the others counted."""
    telling = [call for call in op.calls if call.outcome == "failed"]
    telling += [call for call in op.calls if call.outcome != "failed" and call.swallowed]
    for call in telling[:listed]:
        yield call_line(call, chain_id, lexicon)
    rest = [*telling[listed:], *(call for call in op.calls if call.outcome != "failed" and not call.swallowed)]
    for outcome in ("failed", "success", "rolled_back", "not_executed", "unknown"):
        those = [call for call in rest if call.outcome == outcome]
        if those:
            what = OUTCOME.get(outcome, "more failed")
            yield f"{SIGN[outcome]} {len(those)} {what}: {_functions(those)}"


def call_line(call: CallFacts, chain_id: int, lexicon: Lexicon) -> str:
    """Tell one call: number, function with its arguments, target, outcome and reason."""
    outcome = OUTCOME.get(call.outcome, "failed")
    why = f": {refusal(call.reason, REASON, call.target, chain_id, '', lexicon)}" if call.outcome == "failed" else ""
    inside = f", {call.swallowed} {'failure' if call.swallowed == 1 else 'failures'} inside it swallowed"
    worth = f" with {call.value_wei} wei" if call.value_wei else ""
    return (
        f"{SIGN.get(call.outcome, SIGN['unknown'])} **call {call.index + 1} {outcome}**"
        f"{inside if call.swallowed else ''} · {code(_called(call), SHOWN)} on "
        f"{lexicon.who(chain_id, call.target)}{worth}{why}"
    )


def all_calls(tx: str) -> Button:
    """Give the button that shows every call; its custom id carries the transaction, so it works after any restart."""
    return Button("All calls", custom_id=f"{ALL}:{tx}:0")


def _called(call: CallFacts) -> str:
    name = call.function.split("(")[0] or "transfer"
    if call.arguments is None:
        return name
    return f"{name}({', '.join(call.arguments)})" if call.function else name


def _functions(calls: Sequence[CallFacts]) -> str:
    """Count calls by function, the commonest first."""
    names = Counter(call.function.split("(")[0] or "transfer" for call in calls)
    told = [code(name, 40) + (f" ×{count}" if count > 1 else "") for name, count in names.most_common(FUNCTIONS)]
    return ", ".join(told) + (", …" if len(names) > FUNCTIONS else "")
