"""`/batch <hash>`: what became of one transaction, user operation or Safe transaction, on whatever chain it is, call by
call; and the button that shows every call, page by page.
"""

import re
from collections.abc import Sequence
from typing import Any, Self

from discord import app_commands, ui

from bot.cards import figures
from bot.cards.batch import headline
from bot.cards.calls import ALL, TURN, all_calls, call_line, container_line, container_lines
from bot.cards.card import Accent, Button, Card
from bot.cards.escape import code, escape, symbol
from bot.cards.lexicon import short_number
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from bot.tree import answer_button
from watchers.alert import BatchFacts, CallFacts, OperationFacts
from watchers.batches.delegation import Delegation
from watchers.batches.telling import facts_of
from watchers.errors import UserError
from watchers.governance.events import Act, ProposalChange, Vote
from watchers.liquidity.events import LiquidityMove
from watchers.lookup import Found

OTHERS = 10
DELEGATIONS = 3
PER_PAGE = 8
_LAST = 99_999  # the highest page that a custom id may name


def answer(found: Found, desk: Desk) -> Card:
    """Draw a transaction: every container in it, or what else it holds."""
    told = [facts_of(container) for container in found.containers]
    url = desk.lexicon.tx_url(found.chain_id, found.tx)
    place = f"{desk.lexicon.chain_name(found.chain_id)} · block {figures.number(found.block)}"
    others = [*_delegations(found.delegations, found.chain_id, desk), *_others(found, desk)]
    if not told:
        how: dict[bool | None, tuple[str, Accent]] = {
            True: ("The transaction succeeded", "good"),
            False: ("The transaction failed", "bad"),
            None: ("Whether the transaction succeeded is unknown", "neutral"),
        }
        return Card(
            headline=how[found.succeeded][0],
            accent=how[found.succeeded][1],
            subject=code(found.tx, 66),
            subject_url=url,
            facts=("It is no batch of a kind that is known here.", *others),
            small=place,
        )
    facts = _facts(found, told)
    lines = [line for op in _worst_first(told) for line in _of(op, found.chain_id, desk)]
    if found.succeeded is False:
        lines.insert(0, "**The transaction failed**: nothing of it stays")
    rows, left = fitting(lines)
    more = [f"and {counted(left, 'more line')}: see all calls"] if left else []
    cut = ["and more containers than are told"] if found.cut else []
    return Card(
        headline=headline(facts),
        accent=_accent(told),
        subject=code(found.tx, 66),
        subject_url=url,
        facts=(*rows, *more, *cut, *(others if not left else ())),
        small=f"{place} · {_source(found, told)}",
        buttons=(all_calls(found.tx),) if any(op.calls for op in told) else (),
    )


def page(found: Found, number: int, desk: Desk) -> Card:
    """Draw one page of every call, in the order of the batch."""
    told = [facts_of(container) for container in found.containers]
    calls = [(op, call) for op in told for call in op.calls]
    last = max(0, (len(calls) - 1) // PER_PAGE)
    here = min(number, last)
    shown = calls[here * PER_PAGE : (here + 1) * PER_PAGE]
    place = f"{desk.lexicon.chain_name(found.chain_id)} · page {here + 1} of {last + 1}"
    turns = [(here - 1, "Previous"), (here + 1, "Next")]
    first, end = here * PER_PAGE + 1, here * PER_PAGE + len(shown)
    return Card(
        headline=f"Calls {first} to {end} of {figures.number(len(calls))}" if calls else "No call is known",
        subject=code(found.tx, 66),
        subject_url=desk.lexicon.tx_url(found.chain_id, found.tx),
        facts=fitting(_rows(shown, found.chain_id, desk))[0],
        small=f"{place} · {_source(found, told)}",
        buttons=tuple(Button(name, custom_id=f"{TURN}:{found.tx}:{at}") for at, name in turns if 0 <= at <= last),
    )


def _rows(shown: Sequence[tuple[OperationFacts, CallFacts]], chain_id: int, desk: Desk) -> list[str]:
    rows: list[str] = []
    before: OperationFacts | None = None
    for op, call in shown:
        if op is not before:
            rows.append(container_line(op, chain_id, desk.lexicon))
        before = op
        rows.append(call_line(call, chain_id, desk.lexicon))
    return rows


def _facts(found: Found, told: Sequence[OperationFacts]) -> BatchFacts:
    status = None if found.succeeded is None else int(found.succeeded)
    return BatchFacts(told[0].kind, "", status, tuple(told), "trace" if found.traced else "logs", found.sender)


def _worst_first(told: Sequence[OperationFacts]) -> list[OperationFacts]:
    """Put each outermost container, with those inside it, in order: what did not go well before what did."""
    groups: list[list[OperationFacts]] = []
    for op in told:
        if groups and op.depth:
            groups[-1].append(op)
        else:
            groups.append([op])
    groups.sort(key=lambda group: all(op.outcome == "success" for op in group))
    return [op for group in groups for op in group]


def _of(op: OperationFacts, chain_id: int, desk: Desk) -> list[str]:
    line, *calls = container_lines(op, chain_id, desk.lexicon)
    chain = desk.lexicon.chain(chain_id)
    cost = f"{figures.amount(op.gas_cost_wei, 18)} {chain.native if chain else 'native'}"
    return [f"{line} · {cost}" if op.gas_cost_wei else line, *calls]


def _accent(told: Sequence[OperationFacts]) -> Accent:
    if all(op.outcome == "success" for op in told):
        return "good"
    return "bad" if all(op.success is False for op in told) else "warning"


def _source(found: Found, told: Sequence[OperationFacts]) -> str:
    if found.traced or any(op.traced for op in told):
        return "checked call by call"
    if told and all(op.outcome == "success" and op.calls for op in told):
        return "by its logs: the node gives no trace"
    return "calls inside unknown: the node gives no trace"


def _delegations(given: Sequence[Delegation], chain_id: int, desk: Desk) -> list[str]:
    lines = []
    for one in given[:DELEGATIONS]:
        applied = {True: "applied", False: "not applied", None: "applied or not: unknown"}[one.applied]
        why = f": {escape(one.reason, 80)}" if one.reason else ""
        who, whom = (desk.lexicon.who(chain_id, address) for address in (one.authority, one.delegate))
        lines.append(f"**Delegation** of {who} to {whom} {applied}{why}")
    left = len(given) - DELEGATIONS
    return [*lines, *([f"and {counted(left, 'more delegation')}"] if left > 0 else [])]


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


_MOVED = {
    "add": "added to",
    "remove": "removed from",
    "collect": "fees collected from",
    "swap": "swapped in",
    "supply": "supplied to",
    "withdraw": "withdrawn from",
    "borrow": "borrowed from",
    "repay": "repaid to",
    "liquidation": "liquidated in",
}


async def _found(name: str, desk: Desk) -> Found:
    """Look a lower-case hash up. Raises UserError."""
    found = await desk.look_up(name)
    if found is None:
        chains = ", ".join(c.name for c in desk.settings.on_nodes)
        raise UserError(f"No transaction or operation with that hash was found on {chains}.")
    return found


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="batch", description="What became of a transaction, call by call")
    @app_commands.describe(hash="The hash of a transaction, a user operation or a Safe transaction; any chain")
    async def batch(asked: Asked, hash: str) -> None:  # noqa: A002 - what the asker sees as the option's name
        async def work() -> Card:
            match = re.search(r"0x[0-9a-fA-F]{64}(?![0-9a-fA-F])", hash)
            if match is None:
                raise UserError("That is not a hash: it is 0x and 64 hex digits, or a link that holds one.")
            return answer(await _found(match[0].lower(), desk), desk)

        await reply(asked, work())

    return [batch]


def items(desk: Desk) -> list[type[ui.DynamicItem[Any]]]:
    """Give the buttons' handler: `calls` opens the pages in a private message, `turn` turns one."""

    class Pages(
        ui.DynamicItem[ui.Button[Any]],
        template=rf"(?P<how>{ALL}|{TURN}):(?P<tx>0x[0-9a-f]{{64}}):(?P<page>\d{{1,5}})",
    ):
        def __init__(self, how: str, tx: str, number: int) -> None:
            super().__init__(ui.Button(label="All calls", custom_id=f"{how}:{tx}:{min(number, _LAST)}"))
            self.how, self.tx, self.number = how, tx, number

        @classmethod
        async def from_custom_id(cls, _asked: Asked, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
            return cls(match["how"], match["tx"], int(match["page"]))

        async def callback(self, asked: Asked) -> None:
            async def work() -> Card:
                return page(await _found(self.tx, desk), self.number, desk)

            await answer_button(asked, work(), in_place=self.how == TURN)

    return [Pages]
