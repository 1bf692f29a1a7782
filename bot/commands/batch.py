"""`/batch <hash>`: what became of one transaction or user operation, on whatever chain it is, call by call."""

import re
from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot.cards import figures
from bot.cards.batch import PLAIN, SIGN, headline, reason, sign
from bot.cards.card import Accent, Card
from bot.cards.escape import clean, code, symbol
from bot.cards.lexicon import short_number, shorten
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import CHARS, counted, fitting
from watchers.alert import BatchFacts, OperationFacts
from watchers.batches.events import BatchResult
from watchers.errors import UserError
from watchers.governance.events import Act, ProposalChange, Vote
from watchers.liquidity.events import LiquidityMove
from watchers.lookup import Found

SAID = {
    "success": "succeeded",
    "partial": "succeeded only in part",
    "reverted": "failed",
    "postop_reverted": "undone: its paymaster failed after it",
    "prefund_too_low": "undone: it had not paid enough for gas",
}
_CALL = {"rolled_back": "undone", "not_executed": "not reached", "unknown": "result unknown"}
ROWS = 12
OTHERS = 10
CALLS = 1_900  # characters for the tables of calls


def said(op: BatchResult) -> str:
    """Say what became of an operation; what is not known is said to be so."""
    return SAID.get(op.outcome) or ("accepted, its calls unknown" if op.success else "failed")


def answer(found: Found, desk: Desk) -> Card:
    """Draw a transaction that holds operations, or say what else it holds."""
    operations = [e for e in found.events if isinstance(e, BatchResult)]
    url = desk.lexicon.tx_url(found.chain_id, found.tx)
    place = f"{desk.lexicon.chain_name(found.chain_id)} · block {figures.number(found.block)}"
    if not operations:
        return Card(
            headline="The transaction succeeded" if found.succeeded else "The transaction failed",
            accent="good" if found.succeeded else "bad",
            subject=code(found.tx, 66),
            subject_url=url,
            facts=("It is no batch of a kind that is known here.", *_others(found, desk)),
            small=place,
        )
    bad = [op for op in operations if op.outcome != "success"]
    lost = all(sign(op) == SIGN["failed"] for op in operations)
    accent: Accent = "good" if not bad else "bad" if lost else "warning"
    ordered = [*bad, *(op for op in operations if op not in bad)]
    room = CHARS - CALLS if any(op.calls for op in operations) else CHARS
    rows, left = fitting([_line(op, desk) for op in ordered], room=room)
    told = any(call.outcome != "unknown" for op in operations for call in op.calls)
    source = "checked call by call" if told else "calls inside unknown: the node gives no trace"
    return Card(
        headline=headline(_facts(operations)),
        accent=accent,
        subject=code(found.tx, 66),
        subject_url=url,
        facts=(*rows, *([f"and {counted(left, 'more operation')}"] if left else [])),
        evidence=_tables(ordered),
        small=f"{place} · {source}",
    )


def _others(found: Found, desk: Desk) -> list[str]:
    """Say what the transaction did that we know to read: votes, proposals, insiders' acts, liquidity."""
    lines = []
    for event in found.events:
        if isinstance(event, Vote):
            dao = desk.dao_of(event.chain_id, event.address)
            weight = f"{figures.amount(event.weight_raw, dao.decimals)} {symbol(dao.symbol)}" if dao else "A vote"
            name = dao.name if dao else desk.lexicon.who(event.chain_id, event.address)
            lines.append(f"**Vote** {weight} {event.support} · {name} {short_number(event.proposal_id)}")
        elif isinstance(event, ProposalChange):
            lines.append(f"**Proposal** {short_number(event.proposal_id)} {event.change}")
        elif isinstance(event, Act):
            contract = desk.lexicon.who(event.chain_id, event.address)
            lines.append(f"**Insider** {event.act.replace('_', ' ')} · {contract}")
        elif isinstance(event, LiquidityMove):
            pool = desk.lexicon.who(event.chain_id, event.address)
            lines.append(f"**Liquidity** {_MOVED[event.action]} pool {pool}")
    left = len(lines) - OTHERS
    return [*lines[:OTHERS], *([f"and {left} more"] if left > 0 else [])]


_MOVED = {"add": "added to", "remove": "removed from", "collect": "fees collected from", "swap": "swapped in"}


def _facts(operations: Sequence[BatchResult]) -> BatchFacts:
    first = operations[0]
    told = tuple(
        OperationFacts(o.container_id, o.sender, o.paymaster, o.success, o.outcome, o.reason, (), o.gas_cost_wei)
        for o in operations
    )
    return BatchFacts(first.container, first.version, 1, told, "logs")


def _line(op: BatchResult, desk: Desk) -> str:
    why = f" · {reason(op.reason, 160)}" if op.reason else ""
    cost = f" · {figures.amount(op.gas_cost_wei, 18)} {_native(op, desk)}"
    return f"{sign(op)} **{said(op)}** · {desk.lexicon.who(op.chain_id, op.sender)}{why}{cost}"


def _native(op: BatchResult, desk: Desk) -> str:
    chain = desk.lexicon.chain(op.chain_id)
    return chain.native if chain else "native"


def _tables(operations: Sequence[BatchResult]) -> tuple[str, ...]:
    """Draw the calls of as many operations as there is room for, whole tables only."""
    tables, _ = fitting([_calls(op) for op in operations[:OTHERS] if op.calls], room=CALLS)
    return tables


def _calls(op: BatchResult) -> str:
    rows = [f"operation {op.container_id[:10]}…"]
    for call in op.calls[:ROWS]:
        name = clean((call.function or call.data[:10] or "transfer").split("(")[0])
        why = f": {clean(PLAIN.get(call.reason, call.reason))[:60]}" if call.reason else ""
        outcome = _CALL.get(call.outcome, call.outcome)
        rows.append(f"{SIGN[call.outcome]} {call.index + 1:>2} {name[:24]:<24} {shorten(call.target)}  {outcome}{why}")
    if len(op.calls) > ROWS:
        rows.append(f"  and {len(op.calls) - ROWS} more calls")
    return "```\n" + "\n".join(rows).replace("`", "'") + "\n```"


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="batch", description="What became of a transaction or user operation, call by call")
    @app_commands.describe(hash="The hash of a transaction or of a user operation; any chain")
    async def batch(asked: Asked, hash: str) -> None:  # noqa: A002 - what the asker sees as the option's name
        async def work() -> Card:
            match = re.search(r"0x[0-9a-fA-F]{64}(?![0-9a-fA-F])", hash)
            if match is None:
                raise UserError("That is not a hash: it is 0x and 64 hex digits, or a link that holds one.")
            found = await desk.look_up(match[0].lower())
            if found is None:
                chains = ", ".join(c.name for c in desk.settings.chains.values() if c.enabled)
                raise UserError(f"No transaction or operation with that hash was found on {chains}.")
            return answer(found, desk)

        await reply(asked, work())

    return [batch]
