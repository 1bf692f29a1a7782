"""What all cards share: the headline's fit, the small print, the buttons and the states of an alert."""

from collections.abc import Iterable, Sequence

from bot.cards import figures
from bot.cards.card import Button, Card
from bot.cards.escape import CUT
from bot.cards.lexicon import Lexicon
from watchers.alert import AlertState, Reason

HEADLINE = 48  # characters that stay on one line beside the "Open" button
LATE_S = 120  # an alert seen later than this after its block says how late
WHY, SNOOZE = "why", "snooze"
_RETRACTED = "Retracted: "
GONE = "A reorganisation of the chain took this back: **it did not happen**."


def fit(*choices: str) -> str:
    """Take the first headline that fits one line; the last one is cut if none does."""
    for text in choices:
        if len(text) <= HEADLINE:
            return text
    return choices[-1][: HEADLINE - 1].rstrip() + CUT


def small_print(state: AlertState, lexicon: Lexicon, more: Iterable[str] = ()) -> str:
    """Chain, block, finality, age, rule, id: `Ethereum · block 19,004,221 · final · rule whales · A-7F3K2Q9D`. What is
    on no chain has no block and is never final.
    """
    alert = state.alert
    parts = [lexicon.place(alert.chain_id)]
    if lexicon.is_hub(alert.chain_id):
        parts += ["corrected there since"] if alert.amended else []
    else:
        standing = "final" if state.final else "not final yet"
        parts += [f"block {figures.number(alert.block)}", standing if state.live else "taken back by a reorg"]
    if state.moved_from is not None and state.live:
        parts.append(f"moved from block {figures.number(state.moved_from)} by a reorg")
    if state.late_s is not None and state.late_s >= LATE_S:
        parts.append(f"found {figures.duration(state.late_s)} late")
    else:  # 0: a replay of logs that came without their block's time
        parts.append(f"<t:{alert.block_time_s}:R>" if alert.block_time_s else "time unknown")
    parts += more
    rules = list(dict.fromkeys(_rule(reason) for reason in alert.reasons))
    if rules:
        parts.append(f"rule {', '.join(rules)}")
    parts.append(alert.short_id)
    return " · ".join(parts)


def _rule(one: Reason) -> str:
    """Name a rule by what fired where its own name may say another thing: a success that a watch for failures tells."""
    return f"executions ({one.rule})" if one.measure == "executions watched" else one.rule


def moment(at_s: int) -> str:
    """Write a time, in seconds since 1970, as a date and as how far it is from the reader's now; Discord draws both in
    the reader's own zone.
    """
    return f"<t:{at_s}:f> (<t:{at_s}:R>)"


def until(ends_at_s: int | None, ends_at_clock: int | None) -> list[str]:
    """Say when the voting ends, in words that stay true on a card that is read after it."""
    if ends_at_s is not None:
        return [f"**Voting until** {moment(ends_at_s)}"]
    return [f"**Voting until** block {figures.number(ends_at_clock)}"] if ends_at_clock else []


def actions(state: AlertState, lexicon: Lexicon) -> tuple[Button, ...]:
    """Transaction, Why?, Snooze. The custom ids carry chain and alert, so that they work after any restart."""
    alert = state.alert
    url = lexicon.tx_url(alert.chain_id, alert.tx)
    key = f"{alert.chain_id}:{alert.id}"
    link = (Button("Transaction", url=url),) if url else ()
    return (
        *link,
        Button("Why?", custom_id=f"{WHY}:{key}"),
        Button("Snooze", custom_id=f"{SNOOZE}:{key}"),
    )


def retracted(card: Card, states: Sequence[AlertState]) -> Card:
    """Turn a card grey and say so when a reorg took back everything that it told."""
    if any(state.live for state in states):
        return card
    return Card(
        headline=fit(_RETRACTED + card.headline, _RETRACTED + card.headline.split(":")[0]),
        accent="gone",
        subject=card.subject,
        subject_url=card.subject_url,
        facts=(GONE,),
        small=card.small,
        buttons=card.buttons,
    )
