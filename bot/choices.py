"""Autocomplete: what a member may pick, from what is at hand; nothing here waits for a node.

Source: Discord documentation, "Autocomplete": at most 25 choices, a name of 100 characters.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from discord.app_commands import Choice

from bot.cards.escape import clean, cut
from bot.cards.lexicon import short_number
from bot.desk import Desk
from bot.reply import Asked
from config.settings import Chain, Dao
from watchers.errors import UserError
from watchers.governance.events import ProposalChange

MOST = 25
NAME = 100
Completer = Callable[[Asked, str], Coroutine[Any, Any, list[Choice[str]]]]


def _matching(pairs: Iterable[tuple[str, str]], typed: str) -> list[Choice[str]]:
    """Names that start with what is typed come first, then those that hold it."""
    wanted = typed.casefold().strip()
    hits = [(name, value) for name, value in pairs if wanted in name.casefold() or wanted in value.casefold()]
    hits.sort(key=lambda pair: (not pair[0].casefold().startswith(wanted), pair[0].casefold()))
    return [Choice(name=cut(name, NAME), value=value) for name, value in hits[:MOST]]


def chains(desk: Desk) -> Completer:
    """Complete a chain."""

    async def complete(_: Asked, typed: str) -> list[Choice[str]]:
        return _matching(((c.name, c.key) for c in desk.settings.chains.values()), typed)

    return complete


def daos(desk: Desk) -> Completer:
    """Complete a DAO."""

    async def complete(_: Asked, typed: str) -> list[Choice[str]]:
        return _matching(((d.name, d.key) for d in desk.settings.daos.values()), typed)

    return complete


def protocols(desk: Desk, *kinds: str) -> Completer:
    """Complete a protocol of the given kinds of news."""

    async def complete(_: Asked, typed: str) -> list[Choice[str]]:
        names = {name for kind in kinds for name in desk.protocols.get(kind, ())}
        return _matching(((name.replace("_", " "), name) for name in names), typed)

    return complete


def proposals(desk: Desk) -> Completer:
    """Complete a proposal of the DAO that the same command already names, the newest first."""

    async def complete(asked: Asked, typed: str) -> list[Choice[str]]:
        dao = desk.settings.daos.get(str(getattr(asked.namespace, "dao", "")))
        if dao is None:
            return []
        found = await desk.history.proposals(
            chain_id=desk.settings.chains[dao.chain].id, governor=dao.governor, limit=200
        )
        pairs = []
        for stored in found:
            if isinstance(stored.event, ProposalChange):
                number, title = str(stored.event.proposal_id), first_line(stored.event.description)
                pairs.append((f"{short_number(stored.event.proposal_id)} {title}", number))
        wanted = typed.casefold().strip()
        hits = [(name, number) for name, number in pairs if wanted in name.casefold() or wanted in number]
        return [Choice(name=cut(name, NAME), value=number) for name, number in hits[:MOST]]

    return complete


def first_line(description: str) -> str:
    """Give a proposal's title: the first line that says something, without its markdown hashes."""
    for line in description.splitlines():
        if title := clean(line).lstrip("# ").strip():
            return title
    return ""


def the_chain(desk: Desk, key: str | None) -> Chain | None:
    """Find a chain that a member named. Raises UserError."""
    if key is None:
        return None
    chain = desk.settings.chains.get(key.strip().lower())
    if chain is None:
        known = ", ".join(desk.settings.chains)
        raise UserError(f"There is no chain called “{clean(key)[:40]}” here. Pick one of: {known}.")
    return chain


def the_dao(desk: Desk, key: str) -> Dao:
    """Find a DAO that a member named, by key, name or alias. Raises UserError."""
    wanted = key.strip().casefold()
    for dao in desk.settings.daos.values():
        if wanted in {dao.key.casefold(), dao.name.casefold(), *(a.casefold() for a in dao.aliases)}:
            return dao
    raise UserError(f"There is no DAO called “{clean(key)[:40]}” here. Start typing and pick one from the list.")
