"""`Card`: what a person sees, as data. `layout` turns it into Discord components, `text` into plain text.

Every text of a card is Discord markdown that is already safe: chain text enters through `bot.cards.escape` only.
"""

from typing import Literal

import msgspec

Accent = Literal["good", "bad", "warning", "neutral", "gone"]
Style = Literal["primary", "secondary", "danger"]


class Button(msgspec.Struct, frozen=True):
    """A link (`url`) or an action (`custom_id`, at most 100 characters)."""

    label: str
    url: str = ""
    custom_id: str = ""
    style: Style = "secondary"


class Picture(msgspec.Struct, frozen=True):
    """A PNG, its file name, which is its own within a card, and what it shows in words."""

    name: str
    alt: str
    png: bytes


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Headline first: number, verb, consequence. `subject_url` becomes the "Open" button beside it. `thread` names the
    thread that its message starts, where its channel asks for one: plain text, as Discord draws no markdown there.
    """

    headline: str
    accent: Accent = "neutral"
    subject: str = ""
    subject_url: str = ""
    facts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    small: str = ""
    buttons: tuple[Button, ...] = ()
    ping_role: int | None = None
    pictures: tuple[Picture, ...] = ()
    thread: str = ""
