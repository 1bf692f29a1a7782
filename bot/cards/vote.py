"""A vote's card, and one card for several votes on a proposal: what they changed first, then the tally."""

from collections.abc import Sequence
from decimal import Decimal

from bot.cards import figures
from bot.cards.card import Accent, Card
from bot.cards.escape import cut, escape, quote, symbol
from bot.cards.frame import actions, fit, small_print, until
from bot.cards.lexicon import Lexicon, short_number
from config.settings import Label
from watchers.alert import AlertState, Bloc, Tally, VoteFacts

REASON = 280
CHOICE = 120
TITLE = 90
LISTED = 5
FEW = 3  # For votes whose loss is near enough to be told
NEW = 10  # new power is told from a tenth of the vote on
DAY_H = 24
INSIDERS = ("investor", "team", "treasury")


def vote_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw one or more votes on one proposal, in the order they were cast. Votes that a reorg took back are left out
    as long as one stands.
    """
    standing = [s for s in states if s.live] or list(states)
    facts = [f for s in standing if isinstance(f := s.alert.facts, VoteFacts)]
    first, last, newest = facts[0], facts[-1], standing[-1]
    flips = next((f.flips for f in reversed(facts) if f.flips), None)
    crosses = any(f.crosses_quorum for f in facts)
    lines = [_voter(newest, last, lexicon)] if len(facts) == 1 else _voters(standing, facts, lexicon)
    lines += _gained(facts)
    lines += [f"**Voted** {side(last.support, last.choice)}"] if last.after.unsided and len(facts) == 1 else []
    lines += _change(first.before, last.after, crosses=crosses)
    if not last.after.unsided:
        rests = _rests(last, newest.alert.chain_id, lexicon)
        lines.append(f"**Outcome** {_path([first.before, *(f.after for f in facts)])}{rests}")
    if last.to_flip_back_raw:
        other = "against" if last.after.passes else "for"
        needed = figures.amount(last.to_flip_back_raw, last.weight.decimals)
        lines.append(f"**To flip it back** {needed} {symbol(last.weight.symbol)} {other}")
    lines += until(last.ends_at_s, last.ends_at_clock)
    evidence = [tally_bars(last.after, last.weight.decimals)]
    if last.reason_text.strip():
        said_by = f"{lexicon.who(newest.alert.chain_id, last.voter)} says\n" if len(facts) > 1 else ""
        evidence.append(said_by + quote(last.reason_text, REASON))
    return Card(
        headline=_headline(facts, flips, crosses=crosses),
        accent=_accent(flips, facts),
        subject=proposal_name(last.dao, last.proposal_id, last.title, lexicon),
        subject_url=lexicon.proposal_url(last.dao, last.proposal_id),
        facts=tuple(lines),
        evidence=tuple(evidence),
        small=small_print(newest, lexicon),
        buttons=actions(newest, lexicon),
    )


def side(support: str, choice: str) -> str:
    """Say what was voted for: the side, or the choice where it is none."""
    if choice:
        return f"for “{escape(choice, CHOICE)}”"
    return "on an unknown side" if support == "unknown" else support


def sides(tally: Tally) -> tuple[tuple[str, int], ...]:
    """Give what was cast for, against and as abstention, by name."""
    return ("for", tally.for_raw), ("against", tally.against_raw), ("abstain", tally.abstain_raw)


def votes_line(tally: Tally, decimals: int | None) -> str:
    """Write `**Votes** 1.2M for · 300k against · 0 abstain`."""
    return "**Votes** " + " · ".join(f"{figures.amount(raw, decimals)} {name}" for name, raw in sides(tally))


def proposal_name(dao_key: str, proposal_id: int, title: str, lexicon: Lexicon) -> str:
    """`Uniswap · proposal 42 · Deploy v3 on Gnosis`; the long ids of OpenZeppelin governors are shortened."""
    dao = lexicon.dao(dao_key)
    number = short_number(proposal_id)
    name = f"{dao.name if dao else 'unknown DAO'} · proposal {number}"
    return f"{name} · {escape(title, TITLE)}" if title.strip() else name


def _headline(facts: Sequence[VoteFacts], flips: str | None, *, crosses: bool) -> str:
    last = facts[-1]
    total = sum(f.weight.raw for f in facts)
    weight = f"{figures.amount(total, last.weight.decimals)} {cut(symbol(last.weight.symbol), 12)}"
    supports = {f.support for f in facts}
    said = f" {next(iter(supports))}" if len(supports) == 1 and not last.after.unsided else ""
    who = f"{weight}{said}" if len(facts) == 1 else f"{len(facts)} votes, {weight}{said}"
    if flips:
        return fit(f"{who}: the outcome flips to {flips}", f"{who}: outcome flips to {flips}", f"{who}: now {flips}")
    if crosses:
        return fit(f"{who}: the quorum is reached", f"{who}: quorum reached")
    if any(f.pivotal for f in facts):
        return fit(f"{who}: it decides the outcome", f"{who}: decisive")
    share = sum((f.share_of_quorum for f in facts if f.share_of_quorum is not None), Decimal(0))
    if last.share_of_quorum is not None:
        return fit(f"{who}: {figures.percent(share)} of the quorum", f"{who}: {figures.percent(share)} of quorum")
    return fit(f"{who}", weight)


def _accent(flips: str | None, facts: Sequence[VoteFacts]) -> Accent:
    if flips:
        return "good" if flips == "passing" else "bad"
    return "warning" if any(f.crosses_quorum or f.pivotal for f in facts) else "neutral"


def _voter(state: AlertState, facts: VoteFacts, lexicon: Lexicon) -> str:
    shares = [f"{figures.percent(facts.share_of_quorum)} of the quorum"] if facts.share_of_quorum is not None else []
    if facts.share_of_cast is not None:
        shares.append(f"{figures.percent(facts.share_of_cast)} of votes cast")
    if facts.share_of_supply is not None:
        shares.append(f"{figures.percent(facts.share_of_supply)} of supply")
    shares += _together(facts, lexicon.label(state.alert.chain_id, facts.voter))
    return " · ".join([f"**Voter** {lexicon.who(state.alert.chain_id, facts.voter)}", *shares])


def _together(facts: VoteFacts, label: Label | None) -> list[str]:
    """Say what a voter is a part of: the owner of several addresses, and the insiders of one class."""
    if facts.influence is None:
        return []
    owner = facts.influence.owner
    told = [f"{escape(owner.name, 40)} {_bloc(owner, 'addresses')}"] if owner and owner.voters > 1 else []
    of_class = next((b for b in facts.influence.classes if label and b.name == label.kind), None)
    if of_class and of_class.name in INSIDERS and of_class.voters > (owner.voters if owner else 1):
        told.append(f"all of class {of_class.name} {_bloc(of_class, 'voters')}")
    return told


def _gained(facts: Sequence[VoteFacts]) -> list[str]:
    """Say how much of the votes' power is new, from a tenth on: a delegate's small change is no news."""
    told = [(f, f.influence) for f in facts if f.influence is not None and f.influence.gained_raw]
    gained_raw = sum(seen.gained_raw or 0 for _, seen in told)
    if not told or gained_raw * NEW < sum(f.weight.raw for f in facts):
        return []
    within = span(max(seen.gained_within_h for _, seen in told))
    amount = figures.amount(gained_raw, facts[-1].weight.decimals)
    return [f"**{amount}** of it was gained within {within} before the snapshot"]


def span(hours: int) -> str:
    """Write a span of hours: `the day`, `3 days`, `the hour`."""
    many, unit = (hours // DAY_H, "day") if hours % DAY_H == 0 else (hours, "hour")
    return f"the {unit}" if many == 1 else f"{many} {unit}s"


def _bloc(bloc: Bloc, who: str) -> str:
    return f"{figures.percent(bloc.share)} with {bloc.voters} {who}"


def _rests(facts: VoteFacts, chain_id: int, lexicon: Lexicon) -> str:
    """Say when the loss of a few votes would turn a passing proposal, and whose vote that is where it is one alone."""
    seen = facts.influence
    number = seen.blocking_number if seen else None
    if seen is None or number is None or number > FEW:
        return ""
    if number > 1:
        return f" · rests on {number} votes"
    if seen.alone_number > 1:
        return f" · rests on any one of {figures.number(seen.alone_number)} votes"
    return " · rests on one vote" + "".join(f": {lexicon.who(chain_id, voter)}" for voter in seen.alone)


def _voters(states: Sequence[AlertState], facts: Sequence[VoteFacts], lexicon: Lexicon) -> list[str]:
    lines = []
    by_weight = sorted(zip(states, facts, strict=True), key=lambda pair: -pair[1].weight.raw)
    for state, fact in by_weight[:LISTED]:
        weight = f"{figures.amount(fact.weight.raw, fact.weight.decimals)} {symbol(fact.weight.symbol)}"
        share = f" · {figures.percent(fact.share_of_quorum)} of quorum" if fact.share_of_quorum is not None else ""
        said = side(fact.support, fact.choice) if fact.choice else fact.support
        lines.append(f"{lexicon.who(state.alert.chain_id, fact.voter)} **{weight} {said}**{share}")
    if len(facts) > LISTED:
        lines.append(f"and {len(facts) - LISTED} smaller votes")
    return lines


def _share(part: int, tally: Tally) -> Decimal | None:
    cast = tally.for_raw + tally.against_raw
    return Decimal(part) / cast if cast else None


def _change(before: Tally, after: Tally, *, crosses: bool) -> list[str]:
    """Say what moved, in one line; nothing where there is nothing to say."""
    was, now = (_or_none(_share(tally.for_raw, tally)) for tally in (before, after))
    parts = [] if after.unsided else [f"**For** {was} → **{now}**"]
    if after.quorum_raw:
        was = figures.percent(Decimal(before.toward_quorum_raw) / after.quorum_raw)
        now = figures.percent(Decimal(after.toward_quorum_raw) / after.quorum_raw)
        parts.append(f"**Quorum** {was} → **{now}**" + (" reached by this" if crosses else ""))
    elif after.quorum_raw is None:
        parts.append("quorum unknown")
    return [" · ".join(parts)] if parts else []


def _path(tallies: Sequence[Tally]) -> str:
    """Say each turn of the provisional outcome: `failing → passing → **failing**`."""
    words = [{True: "passing", False: "failing", None: "unknown"}[tally.passes] for tally in tallies]
    turns = [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]
    return f"stays {turns[0]}" if len(turns) == 1 else " → ".join([*turns[:-1], f"**{turns[-1]}**"])


def _or_none(share: Decimal | None) -> str:
    return "none" if share is None else figures.percent(share)


def cast_rows(tally: Tally, decimals: int | None) -> list[str]:
    """Draw what was cast, a row a side as its share of all; votes for what is neither as one sum."""
    cast = tally.for_raw + tally.against_raw + tally.abstain_raw
    if tally.unsided:
        return [f"{'Cast':<8}{figures.amount(cast, decimals)}"]
    shares = [(name.title(), Decimal(raw) / cast if cast else Decimal(0), raw) for name, raw in sides(tally)]
    return [
        f"{name:<8}{figures.bar(share)} {figures.percent(share):>7}  {figures.amount(raw, decimals)}"
        for name, share, raw in shares
    ]


def tally_bars(tally: Tally, decimals: int | None) -> str:
    """Draw the tally as a code block: what was cast, and the quorum."""
    rows = cast_rows(tally, decimals)
    if tally.quorum_raw is not None:
        share = Decimal(tally.toward_quorum_raw) / tally.quorum_raw if tally.quorum_raw else Decimal(1)
        reached = f"{figures.amount(tally.toward_quorum_raw, decimals)} / {figures.amount(tally.quorum_raw, decimals)}"
        rows.append(f"{'Quorum':<8}{figures.bar(share)} {figures.percent(share):>7}  {reached}")
    return "```\n" + "\n".join(rows) + "\n```"
