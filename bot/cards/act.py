"""What an insider did: who holds the hand, what it moved or changed, before → after."""

import re
from collections.abc import Sequence

from bot.cards import figures
from bot.cards.card import Accent, Card
from bot.cards.escape import escape, symbol
from bot.cards.frame import actions, fit, small_print
from bot.cards.lexicon import Lexicon, shorten
from watchers.alert import ActFacts, AlertState, Payment

# {what} is the amount or "funds", {name} the contract; what follows the colon is left out where it does not fit
_SAID: dict[str, tuple[str, Accent]] = {
    "release": ("{what} released from vesting", "warning"),
    "claim": ("{what} claimed", "warning"),
    "stream": ("{what} promised: a stream opens", "neutral"),
    "stream_cancelled": ("{what} taken back from a stream", "bad"),
    "outflow": ("{what} out of {name}", "warning"),
    "delegation": ("{what} delegated", "neutral"),
    "upgrade": ("New code: {name}", "bad"),
    "admin_changed": ("New proxy admin: {name}", "bad"),
    "owner_changed": ("New owner: {name}", "bad"),
    "owner_nominated": ("Next owner named: {name}", "warning"),
    "role_granted": ("Role granted: {name}", "warning"),
    "role_revoked": ("Role taken away: {name}", "neutral"),
    "role_admin_changed": ("New keeper of a role: {name}", "warning"),
    "fee_switch": ("Fee switch: {name}", "warning"),
    "quorum_changed": ("Quorum changed: {name}", "warning"),
    "threshold_changed": ("Threshold changed: {name}", "warning"),
    "delay_changed": ("Delay changed: {name}", "warning"),
    "period_changed": ("Voting period changed: {name}", "warning"),
    "paused": ("Paused: {name}", "bad"),
    "unpaused": ("Running again: {name}", "good"),
    "frozen": ("Frozen: {what}", "bad"),
    "unfrozen": ("Freed again: {name}", "good"),
    "destroyed": ("Destroyed: {what}", "bad"),
    "council_changed": ("Council changed: {name}", "warning"),
    "module_changed": ("Module changed: {name}", "bad"),
    "lock": ("{what} locked: {name}", "warning"),
    "free": ("{what} unlocked: {name}", "warning"),
    "approval": ("Approval of {what}: {name}", "warning"),
    "lift": ("New hat: {name}", "warning"),
    "flash_lift": ("Hat taken within one transaction: {name}", "bad"),
    "gauge_vote": ("{what} for a gauge: {name}", "warning"),
    "sequencer_changed": ("Sequencer changed: {name}", "bad"),
    "gauge_changed": ("Gauges changed: {name}", "warning"),
    "queued": ("Queued: {name}", "neutral"),
    "executed": ("Executed: {name}", "neutral"),
    "cancelled": ("Cancelled: {name}", "neutral"),
}
_PEOPLE: dict[str, tuple[str, str]] = {  # what `who` and `whom` are in an act
    "release": ("From", "To"),
    "claim": ("From", "To"),
    "stream": ("From", "To"),
    "stream_cancelled": ("Cancelled by", "Meant for"),
    "outflow": ("From", "To"),
    "delegation": ("From", "To"),
    "frozen": ("By", "Whose"),
    "unfrozen": ("By", "Whose"),
    "destroyed": ("By", "Whose"),
    "approval": ("By", "For"),
    "flash_lift": ("By", "New hat"),
    "gauge_vote": ("By", "Gauge"),
    "gauge_changed": ("By", "Gauge"),
}
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


def act_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw the newest act that the post holds."""
    state = next((s for s in reversed(states) if s.live), states[-1])
    facts = state.alert.facts
    if not isinstance(facts, ActFacts):
        raise TypeError("an act's card draws ActFacts")
    chain_id = state.alert.chain_id
    said, accent = _SAID.get(facts.act, (f"{facts.act.replace('_', ' ')}: {{name}}", "neutral"))
    name = named(chain_id, facts, lexicon)
    chain, dao = lexicon.chain(chain_id), lexicon.dao(facts.dao)
    about = f" · {escape(dao.name, 40)}" if dao and dao.name not in name else ""
    return Card(
        headline=_headline(said, facts, name),
        accent=accent,
        subject=escape(name, 80) + about,
        subject_url=chain.address_url(facts.contract) if chain else "",
        facts=tuple(_lines(chain_id, facts, lexicon)),
        small=small_print(state, lexicon, _priced(facts)),
        buttons=actions(state, lexicon),
    )


def named(chain_id: int, facts: ActFacts, lexicon: Lexicon) -> str:
    """Name a contract as the operator's files do: its label, its part in a DAO, a token's symbol, else its digits."""
    label, address = lexicon.label(chain_id, facts.contract), facts.contract
    if label is not None:
        return label.name
    dao, chain = lexicon.dao(facts.dao), lexicon.chain(chain_id)
    if dao is not None:
        for part in ("governor", "timelock", "treasury", "token"):
            if getattr(dao, part) == address:
                return f"{dao.name} {part}"
    tokens = lexicon.settings.tokens
    listed = (t.symbol for t in tokens if chain and t.chain == chain.key and t.address == address)
    return next(listed, shorten(address))


def _headline(said: str, facts: ActFacts, name: str) -> str:
    whole = what = "funds"
    if facts.amount is not None:
        ours = symbol(facts.amount.symbol)
        what = f"{figures.amount(abs(facts.amount.raw), facts.amount.decimals)} {ours}"
        others = len({one.amount.token for one in facts.payments} - {facts.amount.token})
        besides = f" and {others} other token{'s' if others > 1 else ''}" if others else ""
        what, whole = what + besides, figures.tokens(facts.amount, ours) + besides
    return fit(*(said.format(what=size, name=name) for size in (whole, what)), said.format(what=what, name="it"))


def _lines(chain_id: int, facts: ActFacts, lexicon: Lexicon) -> list[str]:
    lines = []
    if facts.amount is not None:
        lines.append(f"**Amount** {figures.tokens(facts.amount, symbol(facts.amount.symbol))}")
    if facts.share_of_supply is not None:
        lines.append(f"**Share** {figures.percent(facts.share_of_supply)} of the supply")
    if facts.share_of_hat is not None:
        lines.append(f"**Approval** {figures.percent(facts.share_of_hat)} of what the hat had")
    if facts.share_of_treasury is not None:
        lines.append(f"**Holdings** {figures.percent(facts.share_of_treasury)} of what it held of it")
    if facts.before or facts.after:
        was, now = (_value(chain_id, text, facts, lexicon) for text in (facts.before, facts.after))
        lines.append(f"**Now** {now}" if not facts.before else f"**Was → is** {was} → **{now}**")
    if facts.detail:
        lines.append(f"**What** {escape(facts.detail, 160)}")
    by, to = _PEOPLE.get(facts.act, ("By", "Concerns"))
    lines += [f"**{by}** {lexicon.who(chain_id, facts.who)}"] if facts.who else []
    lines += [f"**For the delegate** {lexicon.who(chain_id, facts.behind)}"] if facts.behind else []
    lines += [f"**{to}** {lexicon.who(chain_id, facts.whom)}"] if facts.whom else []
    if facts.usd_together is not None:
        lines.append(f"**Together** {figures.usd(facts.usd_together)} of what has a price")
    lines += [_payment(chain_id, one, lexicon) for one in facts.payments]
    if facts.more:
        lines.append(f"and **{figures.number(facts.more)} more** like it in the same transaction")
    return lines


def _payment(chain_id: int, one: Payment, lexicon: Lexicon) -> str:
    of = f" · {figures.percent(one.share)} of what it held of it" if one.share is not None else ""
    return f"**Paid** {figures.tokens(one.amount, symbol(one.amount.symbol))} to {lexicon.who(chain_id, one.whom)}{of}"


def _value(chain_id: int, text: str, facts: ActFacts, lexicon: Lexicon) -> str:
    """Write a setting's value in its unit; what is neither number nor address as it is."""
    if _ADDRESS.fullmatch(text):
        return lexicon.who(chain_id, text) if int(text, 16) else "nobody"
    if not text.isascii() or not text.isdigit() or len(text) > 78:  # noqa: PLR2004 - digits of 2^256
        return escape(text, 80) or "unknown"
    return _number(int(text), facts, lexicon)


def _number(number: int, facts: ActFacts, lexicon: Lexicon) -> str:
    dao = lexicon.dao(facts.dao)
    if facts.unit == "seconds" or (facts.unit == "clock" and dao is not None and dao.clock == "timestamp"):
        return figures.duration(number)
    if facts.unit == "clock":
        return f"{figures.number(number)} blocks"
    if facts.unit == "tokens" and dao is not None:
        return f"{figures.amount(number, dao.decimals)} {symbol(dao.symbol)}"
    if facts.unit == "bps":
        return f"{number // 100}.{number % 100:02} %"
    return figures.number(number)


def _priced(facts: ActFacts) -> list[str]:
    if facts.amount is None:
        return []
    if facts.amount.usd is None:
        return ["no price"]
    when = f" <t:{facts.amount.price_time_s}:R>" if facts.amount.price_time_s else ""
    return [f"priced by {facts.amount.price_source.split(' ')[0]}{when}"]
