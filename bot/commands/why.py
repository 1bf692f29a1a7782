"""The "Why?" button: the rule that fired, what it measured, and the data that it came from. Private."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.cards import figures
from bot.cards.card import Card
from bot.cards.escape import code, escape
from bot.cards.frame import WHY
from bot.desk import Desk
from bot.reply import Asked, reply
from bot.tree import answer_error
from watchers.alert import AlertState, BatchFacts, MoveFacts, VoteFacts
from watchers.errors import UserError


def answer(state: AlertState, desk: Desk) -> Card:
    """Draw the reasons."""
    alert = state.alert
    facts = [
        f"**{escape(r.rule, 40)}** {escape(r.measure, 80)}: **{escape(r.value, 60)}**, asked for "
        f"{escape(r.threshold, 60)}"
        for r in alert.reasons
    ]
    facts += _data(state)
    chain = desk.lexicon.chain_name(alert.chain_id)
    facts.append(f"**Transaction** {code(alert.tx, 66)}")
    facts.append(f"**Block** {figures.number(alert.block)} {code(alert.block_hash, 66)}")
    return Card(
        headline=f"Why {alert.short_id}",
        subject=f"severity {alert.severity} · read from {chain} as {escape(alert.protocol, 40)}",
        facts=tuple(facts),
        small="thresholds are the operator's, in watches.toml; what this channel hears is set with /alerts",
    )


def _data(state: AlertState) -> list[str]:
    facts = state.alert.facts
    if isinstance(facts, VoteFacts):
        before, after = facts.before, facts.after
        quorum = "unknown" if after.quorum_raw is None else str(after.quorum_raw)
        return [
            f"**Before** for {before.for_raw}, against {before.against_raw}, abstain {before.abstain_raw}",
            f"**After** for {after.for_raw}, against {after.against_raw}, abstain {after.abstain_raw}",
            f"**Quorum at the snapshot** {quorum}; toward it {after.toward_quorum_raw} (base units)",
            f"**Without this vote** the outcome would be {'another' if facts.pivotal else 'the same'}",
        ]
    if isinstance(facts, MoveFacts):
        lines = []
        for a in facts.amounts:
            worth = f"{figures.usd(abs(a.usd))} by {escape(a.price_source, 40)}" if a.usd is not None else "no price"
            when = f" at <t:{a.price_time_s}:f>" if a.price_time_s else ""
            lines.append(
                f"**{escape(a.symbol, 12) or 'token'}** {a.raw} base units of {code(a.token, 42)}: {worth}{when}"
            )
        return [*lines, "Net of what the same owner added and removed in this block and range."]
    if isinstance(facts, BatchFacts):
        source = {"trace": "the call trace", "logs": "the logs alone", "none": "the receipt alone"}[facts.evidence]
        failed = sum(not op.success for op in facts.operations)
        return [
            f"**{failed} of {len(facts.operations)}** operations failed, by {source}; the transaction itself succeeded"
        ]
    return [f"**Step** {facts.change}"]


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

            try:
                await reply(asked, work(), private=True)
            except discord.DiscordException as error:
                await answer_error(asked, error)

    return [Why]
