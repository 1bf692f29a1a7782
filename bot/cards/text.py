"""`Card` as plain text, for a terminal and for tests that quote what a person reads."""

import re
from datetime import UTC, datetime

from bot.cards import figures
from bot.cards.card import Card

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_STRESS = re.compile(r"(?<!\\)\*\*")
_ESCAPE = re.compile(r"\\([\\*_~`|\[\]()#>])")
_TIME = re.compile(r"<t:(\d+)(?::([tTdDfFR]))?>")


def bare(markdown: str) -> str:
    """Strip the markdown that cards use: links to their text, stress, escapes and code fences; no-break spaces are
    spaces in a terminal.
    """
    text = _STRESS.sub("", _LINK.sub(r"\1", markdown.replace("\u00a0", " ")))
    return _ESCAPE.sub(r"\1", text.replace("```\n", "").replace("\n```", ""))


def plain(card: Card, *, now_s: int) -> str:
    """Write the card's headline, subject, facts, evidence, small print and buttons, a line each.

    Units: `now_s`, in seconds since 1970, is the moment that "2 min ago" is counted from; dates are in UTC.
    """

    def said(markdown: str) -> str:
        return bare(_TIME.sub(lambda mark: _time(int(mark[1]), mark[2], now_s), markdown))

    lines = [said(card.headline)]
    lines += [said(card.subject)] if card.subject else []
    lines += [f"  {line}" for part in (*card.facts, *card.evidence) for line in said(part).splitlines()]
    if card.small:
        lines.append(f"  ({said(card.small)})")
    if card.buttons:
        lines.append("  " + " ".join(f"[{button.label}]" for button in card.buttons))
    return "\n".join(lines)


def _time(at_s: int, style: str | None, now_s: int) -> str:
    """Write what Discord draws of a time: how far it is from now, or the date to the minute."""
    if style == "R":
        far = figures.duration(abs(at_s - now_s))
        return "just now" if at_s == now_s else f"in {far}" if at_s > now_s else f"{far} ago"
    try:
        at = datetime.fromtimestamp(at_s, UTC)
    except (ValueError, OverflowError, OSError):
        return "a date that no calendar has"  # a chain may hold any number
    return f"{at.day} {at:%B %Y %H:%M} UTC"
