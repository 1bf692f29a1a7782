"""Autocomplete: what a member may pick, from what is at hand; nothing here waits for a node.

Source: Discord documentation, "Autocomplete": at most 25 choices, a name of 100 characters.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from discord.app_commands import Choice

from bot.cards.escape import clean, cut
from bot.cards.lexicon import short_number
from bot.census import held_alone
from bot.desk import Desk
from bot.reply import Asked
from config.settings import Chain, Dao
from watchers.errors import StoreError, UserError
from watchers.governance.events import ProposalChange, title_of

MOST = 25
NAME = 100
NO_FILTER = "-"
Completer = Callable[[Asked, str], Coroutine[Any, Any, list[Choice[str]]]]


def matching(pairs: Iterable[tuple[str, str]], typed: str) -> list[Choice[str]]:
    """Names that start with what is typed come first, then those that hold it."""
    wanted = typed.casefold().strip()
    hits = [(name, value) for name, value in pairs if wanted in name.casefold() or wanted in value.casefold()]
    hits.sort(key=lambda pair: (not pair[0].casefold().startswith(wanted), pair[0].casefold()))
    return [Choice(name=cut(name, NAME), value=value) for name, value in hits[:MOST]]


def _completer(pairs: Iterable[tuple[str, str]], none: str) -> Completer:
    """Complete from what the settings hold; `none` names the choice that takes a filter away."""
    known = [*pairs, *([(none, NO_FILTER)] if none else [])]

    async def complete(_: Asked, typed: str) -> list[Choice[str]]:
        return matching(known, typed)

    return complete


def chains(desk: Desk, *, none: str = "") -> Completer:
    """Complete a chain."""
    return _completer(((c.name, c.key) for c in desk.settings.chains.values() if c.enabled), none)


def daos(desk: Desk, *, none: str = "") -> Completer:
    """Complete a DAO."""
    return _completer(((d.name, d.key) for d in desk.settings.daos.values()), none)


def holdings(desk: Desk) -> Completer:
    """Complete a DAO, or a token that is held and no DAO votes with."""
    held = held_alone(desk.settings)
    return _completer(((d.name, d.key) for d in (*desk.settings.daos.values(), *held)), "")


def voting_daos(desk: Desk) -> Completer:
    """Complete a DAO; those of which no proposal is on record come last and say so."""

    async def complete(_: Asked, typed: str) -> list[Choice[str]]:
        found = matching([(d.name, d.key) for d in desk.settings.daos.values()], typed)
        try:
            known = await asyncio.gather(*(_has_proposals(desk, choice.value) for choice in found))
        except StoreError:
            return found  # the question itself will say what is wrong
        pairs = list(zip(known, found, strict=True))
        none = [Choice(name=cut(f"{c.name} · no proposals yet", NAME), value=c.value) for has, c in pairs if not has]
        return [choice for has, choice in pairs if has] + none

    return complete


async def _has_proposals(desk: Desk, key: str) -> bool:
    dao = desk.settings.daos[key]
    chain_id = desk.settings.chains[dao.chain].id
    return bool(await desk.history.proposals(chain_id=chain_id, governor=dao.governor, limit=1))


def protocols(desk: Desk, *kinds: str, none: str = "") -> Completer:
    """Complete a protocol of the given kinds of news."""
    names = sorted({name for kind in kinds for name in desk.protocols.get(kind, ())})
    return _completer(((name.replace("_", " "), name) for name in names), none)


def proposals(desk: Desk) -> Completer:
    """Complete a proposal of the DAO that the same command already names, the newest first."""

    async def complete(asked: Asked, typed: str) -> list[Choice[str]]:
        dao = find_dao(desk, str(getattr(asked.namespace, "dao", None) or ""))
        if dao is None:
            return []
        try:
            chain_id = desk.settings.chains[dao.chain].id
            found = await desk.history.proposals(chain_id=chain_id, governor=dao.governor, limit=200)
        except StoreError:
            return []  # the question itself will say what is wrong
        pairs = []
        for stored in found:
            if isinstance(stored.event, ProposalChange):
                number, title = str(stored.event.proposal_id), clean(title_of(stored.event.description))
                pairs.append((f"{short_number(stored.event.proposal_id)} {title}", number))
        wanted = typed.casefold().strip()
        hits = [(name, number) for name, number in pairs if wanted in name.casefold() or wanted in number]
        return [Choice(name=cut(name.strip(), NAME), value=number) for name, number in hits[:MOST]]

    return complete


def the_chain(desk: Desk, key: str | None) -> Chain | None:
    """Find a chain that a member named. Raises UserError."""
    if key is None:
        return None
    wanted = key.strip().casefold()
    chains = [c for c in desk.settings.chains.values() if c.enabled]
    chain = next((c for c in chains if wanted in (c.key, c.name.casefold())), None)
    if chain is None:
        known = ", ".join(c.name for c in chains)
        raise UserError(f"There is no chain called “{clean(key)[:40]}” here. Pick one of: {known}.")
    return chain


def find_dao(desk: Desk, key: str) -> Dao | None:
    """Find a DAO by key, name or alias."""
    wanted = key.strip().casefold()
    for dao in desk.settings.daos.values():
        if wanted in dao.names:
            return dao
    return None


def the_dao(desk: Desk, key: str) -> Dao:
    """Find a DAO that a member named. Raises UserError."""
    dao = find_dao(desk, key)
    if dao is None:
        raise UserError(f"There is no DAO called “{clean(key)[:40]}” here. Start typing and pick one from the list.")
    return dao


def the_holding(desk: Desk, key: str) -> Dao:
    """Find a DAO, or a token that is held and no DAO votes with. Raises UserError."""
    wanted = key.strip().casefold()
    held = (one for one in held_alone(desk.settings) if wanted in (one.key, one.name.casefold(), one.token))
    return find_dao(desk, key) or next(held, None) or the_dao(desk, key)


def the_protocol(desk: Desk, name: str, *kinds: str) -> str:
    """Check a protocol that a member named, by name or with spaces, against kinds of news. Raises UserError."""
    wanted = name.strip().casefold().replace(" ", "_")
    known = sorted({known for kind in kinds for known in desk.protocols.get(kind, ())})
    if wanted not in known:
        raise UserError(f"There is no protocol called “{clean(name)[:40]}” for this. Pick one of: {', '.join(known)}.")
    return wanted
