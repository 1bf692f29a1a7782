"""`/votes`: the latest votes, the large ones marked with what they were worth."""

from collections.abc import Sequence
from typing import Any

from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import symbol
from bot.cards.lexicon import short_number
from bot.desk import Desk
from bot.reply import Asked, reply
from config.settings import Dao
from watchers.governance.events import Vote
from watchers.history import StoredEvent

SCANNED = 500


def answer(found: Sequence[StoredEvent], desk: Desk, *, dao: Dao | None, largest: bool, limit: int) -> Card:
    """List votes on proposals of known DAOs, newest first, or the largest first. Zero weight is left out."""
    rows = []
    for stored in found:
        vote = stored.event
        if not isinstance(vote, Vote) or vote.weight_raw == 0:
            continue
        of = desk.dao_of(vote.chain_id, vote.address)
        if of is not None and (dao is None or of.key == dao.key):
            rows.append((vote, of, stored.time_s))
    if largest:
        rows.sort(key=lambda row: figures.whole(row[0].weight_raw, row[1].decimals), reverse=True)
    facts = [_line(vote, of, time_s, desk) for vote, of, time_s in rows[:limit]]
    if not facts:
        facts = ["No votes are on record yet for this. History starts when Tribune first reads a chain."]
    return Card(
        headline="Largest votes on record" if largest else "Latest votes",
        subject=dao.name if dao else "all DAOs",
        facts=tuple(facts),
        small=f"from the last {len(found)} votes on record",
    )


def _line(vote: Vote, dao: Dao, time_s: int, desk: Desk) -> str:
    weight = f"{figures.amount(vote.weight_raw, dao.decimals)} {symbol(dao.symbol)}"
    number = short_number(vote.proposal_id)
    url = desk.lexicon.tx_url(vote.chain_id, vote.tx)
    said = f"[{weight} {vote.support}]({url})" if url else f"{weight} {vote.support}"
    return f"**{said}** · {dao.name} {number} · {desk.lexicon.who(vote.chain_id, vote.voter)} · <t:{time_s}:R>"


def commands(desk: Desk) -> list[Any]:
    """Give the command."""

    @app_commands.command(name="votes", description="The latest or largest governance votes")
    @app_commands.describe(
        dao="One DAO only", largest="The largest first, instead of the newest", limit="How many, 10 if not said"
    )
    @app_commands.autocomplete(dao=choices.daos(desk))
    async def votes(
        asked: Asked, dao: str | None = None, *, largest: bool = False, limit: app_commands.Range[int, 1, 20] = 10
    ) -> None:
        async def work() -> Card:
            one = choices.the_dao(desk, dao) if dao else None
            chain_id = desk.settings.chains[one.chain].id if one else None
            governor = one.governor if one else None
            found = await desk.history.votes(chain_id=chain_id, governor=governor, limit=SCANNED)
            return answer(found, desk, dao=one, largest=largest, limit=limit)

        await reply(asked, work())

    return [votes]
