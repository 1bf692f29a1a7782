"""`/label <address or name>`: who somebody is, who says so, and what a contract did lately."""

import re
from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot import choices
from bot.cards.card import Card
from bot.cards.escape import clean, code, escape, symbol
from bot.cards.frame import HEADLINE, fit
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted, fitting
from config.settings import Dao, Label
from watchers.errors import UserError
from watchers.governance.events import Act
from watchers.history import StoredEvent

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
LAST = 5
_PARTS = ("governor", "token", "timelock", "treasury")


def found(desk: Desk, text: str) -> tuple[str, list[Label]]:
    """Find the address that is asked about, "" for a name of several, and the labels. Raises UserError."""
    wanted = text.strip().casefold()
    if _ADDRESS.fullmatch(wanted):
        return wanted, [one for one in desk.settings.labels if one.address == wanted]
    labels = [o for o in desk.settings.labels if wanted and wanted in (o.name.casefold(), o.owner.casefold())]
    if not labels:
        raise UserError(
            f"Nobody is labelled “{clean(text)[:40]}” here. Give a whole address, 0x and 40 digits, or a name from "
            "the list; who runs Tribune adds labels in labels.toml."
        )
    addresses = {one.address for one in labels}
    return (labels[0].address if len(addresses) == 1 else ""), labels


def answer(address: str, labels: Sequence[Label], acts: Sequence[StoredEvent], desk: Desk) -> Card:
    """Say where each label comes from; "unknown" where there is none."""
    parts = [line for dao in desk.settings.daos.values() if (line := _part(dao, address))]
    parts += [
        f"**Token** {symbol(token.symbol)} on {_chain(desk, token.chain)} · source tokens.toml"
        for token in desk.settings.tokens
        if token.address == address
    ]
    rows = [_line(one, desk) for one in labels] + parts
    if not rows:
        rows = ["**Class** unknown: no file of this bot names the address."]
    rows += [_act(stored, desk) for stored in acts]
    facts, left = fitting(rows)
    return Card(
        headline=_headline(address, labels, known=bool(parts)),
        subject=code(address, 42) if address else "",
        facts=facts + ((f"and {left} more",) if left else ()),
        small="labels are the operator's, in labels.toml; a label never changes what is measured",
    )


def _headline(address: str, labels: Sequence[Label], *, known: bool) -> str:
    if not labels:
        return "Named without a label" if known else "Unknown"
    if address:
        return fit(escape(labels[0].name, HEADLINE))
    return fit(f"{counted(len(labels), 'label')} of {escape(labels[0].owner or labels[0].name, HEADLINE)}")


def _line(one: Label, desk: Desk) -> str:
    owner = f" · owner {escape(one.owner, 60)}" if one.owner else ""
    place = f" · {_chain(desk, one.chain)}" if one.chain else ""
    which = code(one.address, 42)
    return f"**{escape(one.name, 60)}** · class {one.kind}{owner}{place} · {which} · source {escape(one.source, 160)}"


def _chain(desk: Desk, key: str) -> str:
    chain = desk.settings.chains.get(key)
    return chain.name if chain else escape(key, 40)


def _part(dao: Dao, address: str) -> str:
    parts = [part for part in _PARTS if address and getattr(dao, part) == address]
    return f"**{escape(dao.name, 60)}** {' and '.join(parts)} · source daos.toml" if parts else ""


def _act(stored: StoredEvent, desk: Desk) -> str:
    event = stored.event
    if not isinstance(event, Act):
        raise TypeError("an act is drawn from Act")
    said = event.act.replace("_", " ")
    whom = f" · {desk.lexicon.who(event.chain_id, event.whom)}" if event.whom else ""
    url = desk.lexicon.tx_url(event.chain_id, event.tx)
    return f"**{f'[{said}]({url})' if url else said}**{whom} · <t:{stored.time_s}:R>"


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    async def complete(_: Asked, typed: str) -> list[app_commands.Choice[str]]:
        names = {one.name: one.name for one in desk.settings.labels}
        return choices.matching(names.items(), typed)

    @app_commands.command(name="label", description="Who an address is, of what class, and who says so")
    @app_commands.describe(who="An address, or a name or owner of a label")
    @app_commands.autocomplete(who=complete)
    async def label(asked: Asked, who: str) -> None:
        async def work() -> Card:
            address, labels = found(desk, who)
            kept = await desk.history.acts(contract=address, limit=2 * LAST) if address else []
            acts = [one for one in kept if isinstance(one.event, Act) and one.event.is_news][:LAST]
            return answer(address, labels, acts, desk)

        await reply(asked, work())

    return [label]
