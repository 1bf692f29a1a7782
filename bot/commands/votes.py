"""`/votes`: the latest votes, or the largest; those that made an alert say what they did to the outcome."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from discord import app_commands

from bot import choices
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import escape, symbol
from bot.cards.lexicon import short_number
from bot.cards.vote import side
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.rows import counted, fitting, listed
from config.settings import Dao
from watchers.alert import AlertState, VoteFacts, alert_id
from watchers.governance.events import Vote
from watchers.history import StoredEvent

SCANNED = 500
TITLE = 60

Key = tuple[int, str, int]  # chain, governor, proposal


class _Known(NamedTuple):
    """What rows may tell of a vote: titles, what those that made an alert did, and each proposal's quorum as the alerts
    know it.
    """

    titles: Mapping[Key, str]
    marks: Mapping[str, str]
    quorums: Mapping[Key, int | None]


def answer(
    found: Sequence[StoredEvent],
    desk: Desk,
    *,
    dao: Dao | None = None,
    largest: bool = False,
    limit: int = 10,
    titles: Mapping[Key, str] | None = None,
    said: Sequence[AlertState] = (),
) -> Card:
    """List votes on proposals of known DAOs, newest first, or the largest first. Zero weight is left out."""
    rows = chosen(found, desk, dao=dao, largest=largest)
    weighed = [(s.alert, s.alert.facts) for s in said if s.live and isinstance(s.alert.facts, VoteFacts)]
    marks = {alert.id: mark(one) for alert, one in weighed}
    quorums = {(alert.chain_id, one.governor, one.proposal_id): one.after.quorum_raw for alert, one in weighed}
    known = _Known(titles or {}, marks, quorums)
    facts, _ = fitting(listed([_line(*row, desk, known) for row in rows[:limit]]))
    return Card(
        headline="Largest votes on record" if largest else "Latest votes",
        subject=dao.name if dao else "all DAOs",
        facts=facts or (f"No votes are on record yet. {desk.since}",),
        small=f"{len(facts)} of {counted(len(rows), 'vote')} read from the record" if facts else "",
    )


def chosen(found: Sequence[StoredEvent], desk: Desk, *, dao: Dao | None, largest: bool) -> list[tuple[Vote, Dao, int]]:
    """Give the votes to list, in order, each with its DAO and time."""
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
    return rows


def mark(facts: VoteFacts) -> str:
    """Say in a few words what a vote did."""
    if facts.flips is not None:
        return f"**turned the outcome to {facts.flips}**"
    if facts.crosses_quorum:
        return "**reached the quorum**"
    return f"{figures.percent(facts.share_of_quorum)} of the quorum" if facts.share_of_quorum is not None else ""


def _line(vote: Vote, dao: Dao, time_s: int, desk: Desk, known: _Known) -> str:
    key = (vote.chain_id, vote.address, vote.proposal_id)
    weight = f"{figures.amount(vote.weight_raw, dao.decimals)} {symbol(dao.symbol)}"
    said = f"{weight} {side(vote.support, vote.choice)}"
    url = desk.lexicon.tx_url(vote.chain_id, vote.tx)
    said = f"[{said}]({url})" if url else said
    title = known.titles.get(key, "")
    about = escape(title, TITLE) or f"proposal {short_number(vote.proposal_id)}"
    parts = [f"**{said}**", f"{dao.name}: {about}", desk.lexicon.who(vote.chain_id, vote.voter)]
    did = known.marks.get(alert_id(vote.chain_id, vote.tx, "vote", vote.position))
    if did is None and (quorum := known.quorums.get(key)):  # no alert: small, or from before there were any
        did = f"{figures.percent(Decimal(vote.weight_raw) / quorum)} of the quorum"
    return " · ".join([*parts, *([did] if did else []), f"<t:{time_s}:R>"])


async def titles_of(rows: Sequence[tuple[Vote, Dao, int]], desk: Desk) -> dict[Key, str]:
    """Read the titles of the proposals that rows are about."""
    keys = dict.fromkeys((vote.chain_id, vote.address, vote.proposal_id) for vote, _, _ in rows)
    return {key: await desk.title(*key) for key in keys}


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
            titles = await titles_of(chosen(found, desk, dao=one, largest=largest)[:limit], desk)
            said = await desk.history.alerts(kind="vote", chain_id=chain_id, limit=SCANNED)
            return answer(found, desk, dao=one, largest=largest, limit=limit, titles=titles, said=said)

        await reply(asked, work())

    return [votes]
