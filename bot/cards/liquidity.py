"""A whale's card: how much moved, what is left in the pool, who moved it."""

from collections.abc import Sequence

from bot.cards import figures
from bot.cards.card import Accent, Card
from bot.cards.escape import escape, symbol
from bot.cards.frame import actions, fit, small_print
from bot.cards.lexicon import Lexicon
from watchers.alert import AlertState, Amount, MoveFacts
from watchers.liquidity.events import LOAN_ACTIONS

_VERB: dict[str, tuple[str, Accent]] = {
    "add": ("liquidity added", "good"),
    "remove": ("liquidity removed", "bad"),
    "collect": ("fees collected", "neutral"),
    "swap": ("swapped", "neutral"),
    "supply": ("supplied", "good"),
    "withdraw": ("withdrawn", "bad"),
    "borrow": ("borrowed", "neutral"),
    "repay": ("repaid", "good"),
    "liquidation": ("liquidated", "bad"),
}
_OWNER = {"borrow": "Borrower", "repay": "Borrower", "liquidation": "Borrower"}


def liquidity_card(states: Sequence[AlertState], lexicon: Lexicon) -> Card:
    """Draw the newest move that the post holds."""
    state = next((s for s in reversed(states) if s.live), states[-1])
    facts = state.alert.facts
    if not isinstance(facts, MoveFacts):
        raise TypeError("a liquidity card draws MoveFacts")
    chain_id = state.alert.chain_id
    verb, accent = _VERB[facts.action]
    moved = " + ".join(figures.tokens(a, symbol(a.symbol)) for a in facts.amounts if a.raw) or "nothing"
    if facts.action == "swap":
        moved = _swapped(facts)
    lines = [_seized(facts) if facts.action == "liquidation" else f"**Moved** {moved}"]
    lines += _standing(facts)
    lines.append(f"**{_OWNER.get(facts.action, 'Owner')}** {lexicon.who(chain_id, facts.owner)}")
    if facts.payer and facts.payer not in (facts.owner, facts.actor):
        lines.append(f"**Paid by** {lexicon.who(chain_id, facts.payer)}")
    if facts.recipient and facts.recipient not in (facts.owner, facts.actor):
        lines.append(f"**Received by** {lexicon.who(chain_id, facts.recipient)}")
    if facts.actor and facts.actor != facts.owner:
        lines.append(f"**Sent by** {lexicon.who(chain_id, facts.actor)}")
    chain = lexicon.chain(chain_id)
    return Card(
        headline=_headline(facts, verb),
        accent=accent,
        subject=escape(facts.pool_name, 80),
        subject_url=chain.address_url(facts.pool) if chain else "",
        facts=tuple(lines),
        small=small_print(state, lexicon, _priced(facts)),
        buttons=actions(state, lexicon),
    )


def _headline(facts: MoveFacts, verb: str) -> str:
    largest = max(facts.amounts, key=lambda a: abs(a.raw) if a.decimals is None else abs(a.raw) // 10**a.decimals)
    size = figures.usd(abs(facts.usd)) if facts.usd is not None else figures.tokens(largest, symbol(largest.symbol))
    if facts.share_of_pool is None or facts.action == "swap":
        return fit(f"{size} {verb}")
    share = figures.percent(facts.share_of_pool)
    whole = "reserve" if facts.action in LOAN_ACTIONS else "pool"
    return fit(f"{size} {verb}: {share} of the {whole}", f"{size} {verb}: {share}", f"{size} {verb}")


def _standing(facts: MoveFacts) -> list[str]:
    """Say what the move did to the pool, or to the reserve of a lending market."""
    lent = facts.action in LOAN_ACTIONS
    lines = []
    if facts.in_receipts:
        lines.append("Paid in receipts of deposits: the token itself stayed in the market.")
    if facts.pool_before and facts.pool_after:
        label = "Available" if lent else "Pool"
        lines.append(f"**{label}** {_holdings(facts.pool_before)} → **{_holdings(facts.pool_after)}**")
    if facts.share_of_pool is not None:
        whose = "reserve" if lent else "pool"
        lines.append(f"**Share** {figures.percent(facts.share_of_pool)} of the {whose}'s {facts.share_basis}")
    if facts.utilisation_before is not None and facts.utilisation_after is not None:
        before, after = figures.percent(facts.utilisation_before), figures.percent(facts.utilisation_after)
        lines.append(f"**Lent out** {before} → **{after}**")
    return lines


def _seized(facts: MoveFacts) -> str:
    """Write a liquidation from the debt that was paid to the collateral that was taken for it."""
    taken, *paid = facts.amounts
    debt = figures.tokens(paid[0], symbol(paid[0].symbol)) if paid else "a debt"
    return f"**Seized** {figures.tokens(taken, symbol(taken.symbol))} for {debt} of debt"


def _swapped(facts: MoveFacts) -> str:
    """Write a swap from what went in to what came out."""
    paid = [figures.tokens(a, symbol(a.symbol)) for a in facts.amounts if a.raw > 0]
    got = [figures.tokens(a, symbol(a.symbol)) for a in facts.amounts if a.raw < 0]
    return f"{' + '.join(paid) or 'nothing'} for {' + '.join(got) or 'nothing'}"


def _holdings(amounts: Sequence[Amount]) -> str:
    return " + ".join(f"{figures.amount(a.raw, a.decimals)} {symbol(a.symbol)}" for a in amounts)


def _priced(facts: MoveFacts) -> list[str]:
    """Name where the dollars come from and how old the older price is; which feed is told by "Why?"."""
    sources = sorted({a.price_source.split(" ")[0] for a in facts.amounts if a.usd is not None and a.price_source})
    times = [a.price_time_s for a in facts.amounts if a.usd is not None and a.price_time_s]
    if not sources:
        return ["no price"]
    return [f"priced by {', '.join(sources)}" + (f" <t:{min(times)}:R>" if times else "")]
