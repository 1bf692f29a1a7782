"""The "Why?" button: the rule that fired, what it measured, and the data that it came from. Private."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from discord import ui

from bot.cards import figures
from bot.cards.calls import call_line, container_line, refusal
from bot.cards.card import Card
from bot.cards.doing import effect_lines, trial
from bot.cards.escape import code, escape, symbol
from bot.cards.frame import GONE, WHY
from bot.cards.vote import sides, span
from bot.desk import Desk
from bot.reply import Asked
from bot.rows import counted, fitting
from bot.tree import answer_button
from watchers.alert import (
    ActFacts,
    AlertState,
    Amount,
    BatchFacts,
    Bloc,
    Followed,
    Influence,
    MoveFacts,
    ProposalFacts,
    Reason,
    ReminderFacts,
    Tally,
    VoteFacts,
)
from watchers.errors import UserError
from watchers.liquidity.events import LOAN_ACTIONS

_MEASURE = {
    "share_of_quorum": "share of the quorum",
    "share_of_pool": "share of the pool",
    "share_of_supply": "share of the supply",
    "share_of_hat": "share of the hat's approval",
    "share_of_treasury": "share of what the treasury held",
    "usd": "value in dollars",
    "usd_at_least": "value in dollars of the part that has a price",
}


def answer(state: AlertState, desk: Desk) -> Card:
    """Draw the reasons."""
    alert = state.alert
    facts = [] if state.live else [f"{GONE} What follows is what was read before."]
    facts += [_reason(r) for r in alert.reasons]
    facts += _data(state, desk)
    chain = desk.lexicon.chain_name(alert.chain_id)
    if desk.lexicon.is_hub(alert.chain_id):
        facts.append(f"**Signed message** {code(alert.tx, 66)}, on no chain")
    else:
        facts.append(f"**Transaction** {code(alert.tx, 66) if alert.tx else 'unknown'}")
        facts.append(f"**Block** {figures.number(alert.block)} {code(alert.block_hash, 66)}")
    rows, left = fitting(facts)
    return Card(
        headline=f"Why {alert.short_id}",
        subject=f"severity {alert.severity} · read from {chain} as {escape(alert.protocol, 40)}",
        facts=rows + ((f"and {left} more",) if left else ()),
        small="thresholds are the operator's, in watches.toml; what this channel hears is set with /alerts",
    )


def _reason(one: Reason) -> str:
    """Say a rule with its measure; numbers as people read them, a measure that has none as it is."""
    value, threshold = (_figure(one.measure, text) for text in (one.value, one.threshold))
    measure = _MEASURE.get(one.measure, one.measure.replace("_", " "))
    return f"**Rule {escape(one.rule, 40)}** · {escape(measure, 80)}: **{value}**, asked for {threshold}"


def _figure(measure: str, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return escape(text, 60)
    if not number.is_finite():
        return escape(text, 60)
    if measure.startswith("share"):
        return figures.percent(number)
    return figures.usd(number) if measure.startswith("usd") else escape(text, 60)


def _data(state: AlertState, desk: Desk) -> list[str]:
    facts = state.alert.facts
    if isinstance(facts, VoteFacts):
        return _of_vote(facts)
    if isinstance(facts, MoveFacts):
        lines = [_of_amount(amount) for amount in facts.amounts]
        return lines if facts.action == "swap" else [*lines, _netted(facts)]
    if isinstance(facts, BatchFacts):
        source = {"trace": "the call trace", "logs": "the logs alone", "none": "the receipt alone"}[facts.evidence]
        failed = sum(not op.success for op in facts.operations)
        what = "operations" if all(op.kind == "entrypoint" for op in facts.operations) else "containers"
        status = {0: "itself failed", 1: "itself succeeded"}.get(facts.bundle_status or 0, "itself failed")
        status = "was not checked" if facts.bundle_status is None else status
        said = f"**{failed} of {len(facts.operations)}** {what} failed, by {source}; the transaction {status}"
        return [said, *_of_calls(facts, state.alert.chain_id, desk)]
    if isinstance(facts, ActFacts):
        return _of_act(facts, state, desk)
    if isinstance(facts, ReminderFacts):
        return _of_reminder(facts)
    # a digest has no Why?: it is no judgement
    return _of_proposal(facts, state.alert.chain_id, desk) if isinstance(facts, ProposalFacts) else []


def _of_calls(facts: BatchFacts, chain_id: int, desk: Desk) -> list[str]:
    """Say what became of every call of what was executed."""
    lines = []
    for op in facts.operations:
        if op.kind != "entrypoint":
            lines.append(container_line(op, chain_id, desk.lexicon))
            lines += [call_line(call, chain_id, desk.lexicon) for call in op.calls]
    return lines


def _of_reminder(facts: ReminderFacts) -> list[str]:
    """Say who has not voted to the last unit, and what their votes are of."""
    lines = _of_tally(facts.tally)
    away = facts.absent or ()
    lines += [f"**Not voted** {code(one.delegate, 42)} {code(str(one.raw), 80)} base units" for one in away]
    if away:
        at = "at the proposal's snapshot" if facts.at_snapshot else "by the book of delegates, at this block"
        lines.append(f"Their votes are as they stood {at}.")
    return lines


def _of_tally(tally: Tally | None, decimals: int | None = None, token: str = "") -> list[str]:
    """Give a tally in tokens, or to the last unit where their decimals are not known; nothing where it is not known."""
    if tally is None:
        return []
    if tally.unsided:
        return [f"**Tally** {tally.for_raw + tally.against_raw + tally.abstain_raw} base units in all"]
    if decimals is None:
        return ["**Tally** " + ", ".join(f"{name} {raw}" for name, raw in sides(tally)) + " base units"]
    return [f"**Tally** {_amounts(tally, decimals)} {symbol(token)}".rstrip()]


def _amounts(tally: Tally, decimals: int | None) -> str:
    return ", ".join(f"{name} {figures.amount(raw, decimals)}" for name, raw in sides(tally))


def _netted(facts: MoveFacts) -> str:
    if facts.action == "liquidation":
        return "All that this transaction took of this borrower, for this debt."
    if facts.action in LOAN_ACTIONS:
        return "Net of what the same owner supplied and withdrew, or borrowed and repaid, of it in this block."
    within = "in this block" if facts.tick_lower is None else "in this block and range"
    return f"Net of what the same owner added and removed {within}."


def _of_proposal(facts: ProposalFacts, chain_id: int, desk: Desk) -> list[str]:
    """Say what the actions call, and how trying each went and what it changed."""
    lines = [f"**Step** {facts.change}: every step of a proposal of a watched DAO is said"]
    if facts.change == "retried":
        lines = ["**Tried again** before it can run: what went well before and would fail now is said, and other code"]
    if facts.followed is not None:
        lines = [_of_followed(facts.followed), *_of_tally(facts.tally, facts.token_decimals, facts.token_symbol)]
    for one in facts.does:
        given = "unknown arguments" if one.arguments is None else ", ".join(one.arguments)
        name = one.function.partition("(")[0] or "a payment"
        called = f"**Action {one.index + 1}** {code(f'{name}({given})', 160)} on {code(one.target, 42)}"
        lines.append(called + (f", {code(str(one.value_wei), 80)} wei" if one.value_wei else ""))
    seen = facts.simulated
    if seen is None:
        return lines
    lines += trial(seen, chain_id, facts.dao, desk.lexicon, facts.does)
    if seen.sender:
        lines.append(f"**Tried** by {code(seen.sender, 42)} on the state after block {figures.number(seen.block)}")
    targets = {one.index: one.target for one in facts.does}
    for at, call in enumerate(seen.calls):
        why = refusal(call.reason, 120, targets.get(at, ""), chain_id, facts.dao, desk.lexicon)
        lines.append(f"**Call {at + 1}** " + ("succeeds" if call.ok else f"fails: {why}"))
    return [*lines, *effect_lines(seen, chain_id, facts.dao, desk.lexicon)]


def _of_followed(followed: Followed) -> str:
    """Say what keeps a proposal's card, and what it has counted."""
    kept = "**Followed** every vote counts here, those below the floor of an alert too"
    if followed.ended:
        return f"{kept}; voting is over, so only another step changes this card"
    return (
        f"{kept}; this card is edited once a minute at most as votes come in, at once for a step and when voting ends"
    )


def _of_vote(facts: VoteFacts) -> list[str]:
    token, decimals, after = symbol(facts.weight.symbol), facts.weight.decimals, facts.after
    lines = [
        f"**Weight** {figures.amount(facts.weight.raw, decimals)} {token}, {code(str(facts.weight.raw), 80)} units"
    ]
    lines += [f"**Before** {_amounts(facts.before, decimals)}", f"**After** {_amounts(after, decimals)}"]
    quorum = "unknown" if after.quorum_raw is None else figures.amount(after.quorum_raw, decimals)
    toward = "" if after.quorum_raw is None else f", {figures.amount(after.toward_quorum_raw, decimals)} toward it"
    lines.append(f"**Quorum** {quorum}{toward}")
    outcome = "another" if facts.pivotal else "unknown" if after.passes is None else "the same"
    lines.append(f"**Without this vote** the outcome would be {outcome}")
    return lines if facts.influence is None else [*lines, *_of_influence(facts.influence, facts)]


def _of_influence(seen: Influence, facts: VoteFacts) -> list[str]:
    """Say what else the vote could have decided, how few could, and who votes together."""
    lines = []
    if facts.after.passes is not None and facts.support in ("for", "against"):
        turned = "another" if seen.pivotal_by_switch else "the same"
        lines.append(f"**Had it gone the other way** the outcome would be {turned}")
    if seen.margin_share is not None:
        lines.append(f"**Against the lead** this voter's votes are {figures.percent(seen.margin_share)} of it")
    if seen.holds_quorum:
        more = "all that is there above it"
        if seen.quorum_margin_share is not None:
            more = f"{figures.percent(seen.quorum_margin_share)} of what is there above it"
        lines.append(f"**Against the quorum** this voter's votes are {more}: without them it is missed")
    elif seen.quorum_margin_share is not None:
        lines.append(
            f"**Against the quorum** this voter's votes are {figures.percent(seen.quorum_margin_share)} of what is "
            "there above it: without them it is still reached"
        )
    if seen.share_of_delegated is not None:
        share = figures.percent(seen.share_of_delegated)
        lines.append(
            f"**Of delegated power** {share} of what is delegated now; no contract tells what was at the snapshot"
        )
    lines += _gained(seen, facts)
    if seen.winning_number is not None and seen.blocking_number is not None:
        win, block = (counted(number, "vote") for number in (seen.winning_number, seen.blocking_number))
        lines.append(f"**Largest For votes** {win} would pass it alone; without {block} it fails")
    if seen.alone:
        named = ", ".join(code(voter, 42) for voter in seen.alone)
        left = seen.alone_number - len(seen.alone)
        each = "Each decides alone" if seen.alone_number > 1 else "Decides alone"
        lines.append(f"**{each}** {named}" + (f" and {left} more" if left else ""))
    if seen.late:
        lines.append("**Late** it came in the last tenth of the voting")
    if seen.owner is not None:
        lines.append(f"**Owner** {escape(seen.owner.name, 40)}, {_of_bloc(seen.owner, 'address', 'addresses')}")
    if any(bloc.name != "unknown" for bloc in seen.classes):
        blocs = "; ".join(f"{bloc.name} {_of_bloc(bloc, 'voter')}" for bloc in seen.classes)
        lines.append(f"**Votes cast by label** {blocs}")
    return lines


def _gained(seen: Influence, facts: VoteFacts) -> list[str]:
    """Say how much of the power is new; where nobody looked, nothing."""
    if not seen.gained_within_h:
        return []
    within = span(seen.gained_within_h)
    if seen.gained_raw is None:
        return [f"**New power** unknown: what was held {within} before the snapshot could not be read"]
    share = Decimal(seen.gained_raw) / facts.weight.raw if facts.weight.raw else Decimal(0)
    amount = f"{figures.amount(seen.gained_raw, facts.weight.decimals)} {symbol(facts.weight.symbol)}"
    return [f"**New power** {amount}, {figures.percent(share)} of it, gained within {within} before the snapshot"]


def _of_bloc(bloc: Bloc, one: str, many: str = "") -> str:
    return f"{figures.percent(bloc.share)} by {counted(bloc.voters, one, many)}"


def _of_act(facts: ActFacts, state: AlertState, desk: Desk) -> list[str]:
    label = desk.lexicon.label(state.alert.chain_id, facts.contract)
    source = f"the label {escape(label.name, 40)}: {escape(label.source, 160)}" if label else "daos.toml or tokens.toml"
    lines = [_of_amount(facts.amount)] if facts.amount else []
    return [*lines, f"**Contract** {code(facts.contract, 42)}, vouched for by {source}"]


def _of_amount(one: Amount) -> str:
    name = symbol(one.symbol) if one.symbol else "token"
    amount = f"**{figures.amount(abs(one.raw), one.decimals)} {name}** of {code(one.token, 42)}"
    if one.usd is None:
        return f"{amount}: no price"
    when = f" of <t:{one.price_time_s}:f>" if one.price_time_s else ""
    return f"{amount}: {figures.usd(abs(one.usd))} by {escape(one.price_source, 40)}{when}"


def items(desk: Desk) -> list[type[ui.DynamicItem[Any]]]:
    """Give the button's handler; its custom id carries chain and alert, so it works after any restart."""

    class Why(ui.DynamicItem[ui.Button[Any]], template=rf"{WHY}:(?P<chain>\d+):(?P<alert>[0-9a-f]{{32}})"):
        def __init__(self, chain_id: int, alert_id: str) -> None:
            super().__init__(ui.Button(label="Why?", custom_id=f"{WHY}:{chain_id}:{alert_id}"))
            self.chain_id, self.alert_id = chain_id, alert_id

        @classmethod
        async def from_custom_id(cls, _asked: Asked, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
            return cls(int(match["chain"]), match["alert"])

        async def callback(self, asked: Asked) -> None:
            async def work() -> Card:
                state = await desk.alert(self.chain_id, self.alert_id)
                if state is None:
                    raise UserError(
                        "This alert is older than what is kept here; its transaction still tells the facts."
                    )
                return answer(state, desk)

            await answer_button(asked, work())

    return [Why]
