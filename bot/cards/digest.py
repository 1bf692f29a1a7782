"""A digest: what was voted below every floor, how many votes were alerts, and what became of proposals."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import escape, symbol
from bot.cards.frame import fit
from bot.cards.lexicon import Lexicon, short_number
from bot.cards.standing import STEPS
from bot.cards.vote import side
from bot.rows import counted, fitting
from watchers.alert import AlertState, DaoDigest, DigestFacts, ProposalNews, SmallVote

TITLE = 60
_CLOSED = {
    "passing": "voting closed: it would pass",
    "failing": "voting closed: defeated",
    "unknown": "voting closed: the result is not known",
}


def digest_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw a digest: all it tells is in its facts, so that it reads the same whenever it is drawn."""
    state = states[-1]
    facts = state.alert.facts
    if not isinstance(facts, DigestFacts):
        raise TypeError("a digest card draws DigestFacts")
    rows = [*_missing(facts, lexicon), *(row for one in facts.daos for row in _dao(one, lexicon))]
    kept, left = fitting(rows)
    lines = [*kept, *([f"and {counted(left, 'line')} more that do not fit"] if left else [])]
    lines += [f"and {counted(facts.more, 'DAO')} more"] if facts.more else []
    day = datetime.fromtimestamp(facts.until_s, UTC)
    name = "The day" if facts.every == "daily" else "The week"
    return Card(
        headline=fit(f"{name} to {day:%-d %B %Y, %H:%M} UTC"),
        subject=f"{facts.every} digest",
        facts=tuple(lines),
        small=f"<t:{facts.from_s}:f> to <t:{facts.until_s}:f> · {state.alert.short_id}",
    )


def _missing(facts: DigestFacts, lexicon: Lexicon) -> list[str]:
    """Say first what the digest cannot know."""
    rows = []
    if facts.behind:
        read = (f"{escape(lexicon.chain_name(chain_id), 40)} to <t:{at_s}:f>" for chain_id, at_s in facts.behind)
        rows.append(f"**Not all** read only: {', '.join(read)}; what came later is missing")
    if not facts.whole:
        rows.append("**Not all** the record of the period is too long to be read whole")
    return rows


def _dao(one: DaoDigest, lexicon: Lexicon) -> list[str]:
    """Write a DAO's lines, the first with its name."""
    dao = lexicon.dao(one.dao)
    name = f"**{escape(dao.name, 40) if dao else 'unknown DAO'}**"
    decimals, token = (dao.decimals, symbol(dao.symbol)) if dao else (None, "votes")
    rows = []
    if one.votes:
        sides = [(one.for_raw, "for"), (one.against_raw, "against"), (one.abstain_raw, "abstain")]
        sides += [(one.other_raw, "on other choices")] if one.other_raw else []
        sums = " · ".join(f"{figures.amount(raw, decimals)} {said}" for raw, said in sides)
        many = f"{counted(one.votes, 'vote')} without an alert, {counted(one.voters, 'voter')}"
        rows.append(f"{name} {many}, {counted(one.proposals, 'proposal')} ({token}): {sums}")
        rows += [_vote(vote, one.chain_id, decimals, lexicon) for vote in one.largest]
    if one.alerted:
        was = "was an alert" if one.alerted == 1 else "were alerts"
        rows.append(f"{name} {counted(one.alerted, 'vote')} {was}")
    rows += [f"{name} {_proposal(news, lexicon, one.dao)}" for news in one.news]
    if one.more_news:
        rows.append(f"{name} and {counted(one.more_news, 'proposal')} more with news")
    return rows


def _vote(vote: SmallVote, chain_id: int, decimals: int | None, lexicon: Lexicon) -> str:
    about = escape(vote.title, TITLE) or f"proposal {short_number(vote.proposal_id)}"
    said = f"{figures.amount(vote.raw, decimals)} {side(vote.support, vote.choice)}"
    return f"- {lexicon.who(chain_id, vote.voter)} **{said}**: {about}"


def _proposal(news: ProposalNews, lexicon: Lexicon, dao_key: str) -> str:
    name = escape(news.title, TITLE) or f"proposal {short_number(news.proposal_id)}"
    url = lexicon.proposal_url(dao_key, news.proposal_id)
    said = [STEPS[change].lower() for change in news.steps if change in STEPS]
    said += ["would fail if it ran now, or code changed"] if "retried" in news.steps else []
    said += [_CLOSED[news.closed]] if news.closed else []
    if news.flips:
        many = "once" if news.flips == 1 else f"{news.flips} times"
        said.append(f"its outcome turned {many}, to {escape(news.flipped_to, 20)} last")
    return f"{f'[{name}]({url})' if url else name}: {', '.join(said) or 'changed'}"
