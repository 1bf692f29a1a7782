"""`Card` as plain text, for a terminal and for tests that quote what a person reads."""

import re

from bot.cards.card import Card

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_STRESS = re.compile(r"(?<!\\)\*\*")
_ESCAPE = re.compile(r"\\([\\*_~`|\[\]()#>])")


def bare(markdown: str) -> str:
    """Strip the markdown that cards use: links to their text, stress, escapes and code fences."""
    text = _STRESS.sub("", _LINK.sub(r"\1", markdown))
    return _ESCAPE.sub(r"\1", text.replace("```\n", "").replace("\n```", ""))


def plain(card: Card) -> str:
    """Write the card's headline, subject, facts, evidence, small print and buttons, a line each."""
    lines = [bare(card.headline)]
    lines += [bare(card.subject)] if card.subject else []
    lines += [f"  {line}" for part in (*card.facts, *card.evidence) for line in bare(part).splitlines()]
    if card.small:
        lines.append(f"  ({bare(card.small)})")
    if card.buttons:
        lines.append("  " + " ".join(f"[{button.label}]" for button in card.buttons))
    return "\n".join(lines)
