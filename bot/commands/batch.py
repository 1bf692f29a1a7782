"""`/batch <hash>`: what became of one transaction or user operation, on whatever chain it is, call by call."""

import re
from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot.cards import figures
from bot.cards.batch import headline
from bot.cards.card import Accent, Card
from bot.cards.escape import code
from bot.cards.lexicon import shorten
from bot.desk import Desk
from bot.reply import Asked, reply
from watchers.alert import BatchFacts, OperationFacts
from watchers.batches.events import BatchResult
from watchers.errors import UserError
from watchers.lookup import Found

SIGN = {"success": "✓", "failed": "✗", "rolled_back": "↺", "not_executed": "–", "unknown": "?"}
ROWS = 12


def answer(found: Found, desk: Desk) -> Card:
    """Draw a transaction that holds operations, or say that it holds none."""
    operations = [e for e in found.events if isinstance(e, BatchResult)]
    url = desk.lexicon.tx_url(found.chain_id, found.tx)
    place = f"{desk.lexicon.chain_name(found.chain_id)} · block {figures.number(found.block)}"
    if not operations:
        outcome = "succeeded" if found.succeeded else "reverted"
        return Card(
            headline=f"The transaction {outcome}",
            accent="good" if found.succeeded else "bad",
            subject=code(found.tx, 66),
            subject_url=url,
            facts=("It holds no batch of a kind that is known here: nothing more can be said of its inside.",),
            small=place,
        )
    bad = [op for op in operations if op.outcome != "success"]
    accent: Accent = "good" if not bad else "bad" if len(bad) == len(operations) else "warning"
    return Card(
        headline=headline(_facts(operations)),
        accent=accent,
        subject=code(found.tx, 66),
        subject_url=url,
        facts=tuple(_line(op, desk) for op in operations),
        evidence=tuple(_calls(op) for op in [*bad, *(o for o in operations if o not in bad)] if op.calls),
        small=place,
    )


def _facts(operations: Sequence[BatchResult]) -> BatchFacts:
    first = operations[0]
    told = tuple(
        OperationFacts(o.container_id, o.sender, o.paymaster, o.success, o.outcome, o.reason, (), o.gas_cost_wei)
        for o in operations
    )
    return BatchFacts(first.container, first.version, 1, told, "logs")


def _line(op: BatchResult, desk: Desk) -> str:
    said = op.outcome.replace("_", " ") if op.outcome != "unknown" else "inner result unknown"
    sign = "✓" if op.success else "✗"
    why = f" · {code(op.reason, 160)}" if op.reason else ""
    cost = f" · {figures.amount(op.gas_cost_wei, 18)} {_native(op, desk)}"
    return f"{sign} **{said}** {desk.lexicon.who(op.chain_id, op.sender)}{why}{cost}"


def _native(op: BatchResult, desk: Desk) -> str:
    chain = desk.lexicon.chain(op.chain_id)
    return chain.native if chain else "native"


def _calls(op: BatchResult) -> str:
    rows = [f"operation {op.container_id[:10]}…"]
    for call in op.calls[:ROWS]:
        name = (call.function or call.data[:10] or "transfer").split("(")[0]
        why = f" {call.reason[:60]}" if call.reason else ""
        said = call.outcome.replace("_", " ")
        rows.append(f"{SIGN[call.outcome]} {call.index + 1:>2} {name[:24]:<24} {shorten(call.target)}  {said}{why}")
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
