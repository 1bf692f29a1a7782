"""`Card` to Discord components, and Discord's limits as named constants.

Sources: Discord documentation, "Component Reference" and "Message Resource" (text 4000 over all displays, 40
components, custom id 100, label 80); discord/discord-api-docs#8554 for the byte limit that it does not state.
"""

import io
import re

import discord
import msgspec
from discord import ui

from bot.cards.card import Button, Card, Picture
from bot.cards.escape import CUT, cut
from bot.rows import BYTES, TEXT

COMPONENTS = 40
CUSTOM_ID = 100
LABEL = 80
ROW = 5
ALT = 1024
GALLERY = 10
REFUSED = (400, 403, 413)  # HTTP statuses with which Discord turns a message's files down
NO_PICTURE = "No picture: I may not attach files here (permission Attach Files)."
BYTES_PER_DISPLAY = 12
GAP = "\u00a0"  # no-break space
_UNIT = re.compile(r"(?<=\d) (?=%|(?:s|min|h|d)\b)|(?<=\d[kMBT]) (?=[A-Z]\w)|(?<=\d) (?=[A-Z]{2,})")
MORE = "-# Cut: the whole is too long for one message."

_COLOUR = {"good": 0x2ECC71, "bad": 0xE74C3C, "warning": 0xF1C40F, "neutral": 0x5865F2, "gone": 0x747F8D}
_SIGN = {"good": "🟢", "bad": "🔴", "warning": "🟡", "neutral": "🔵", "gone": "⚪"}
_STYLE = {
    "primary": discord.ButtonStyle.primary,
    "secondary": discord.ButtonStyle.secondary,
    "danger": discord.ButtonStyle.danger,
}


def texts(card: Card) -> list[str]:
    """Give the card's texts in order, within Discord's limits: evidence goes first when it is too much, then facts."""
    head = held(f"### {_SIGN[card.accent]} {card.headline}" + (f"\n{card.subject}" if card.subject else ""))
    small = held(f"-# {card.small}") if card.small else ""
    body, evidence = held("\n".join(card.facts)), list(card.evidence)
    while evidence and not _fits([head, body, *evidence, small]):
        evidence.pop()
        small = f"{small}\n{MORE}" if small and MORE not in small else small or MORE
    if not _fits([head, body, *evidence, small]):
        room = _room([head, *evidence, small])
        body = cut(body, max(room, 1)) if room > 0 else CUT
        small = f"{small}\n{MORE}" if MORE not in small else small
    return [text for text in (head, body, *evidence, small) if text]


def held(text: str) -> str:
    """Hold each number and its unit on one line."""
    return _UNIT.sub(GAP, text)


def _room(others: list[str]) -> int:
    used = sum(len(text.encode()) + BYTES_PER_DISPLAY for text in others)
    chars = TEXT - sum(len(text) for text in others) - len(MORE) - 1
    return min(chars, (BYTES - used - BYTES_PER_DISPLAY - len(MORE)) // 4)


def _fits(parts: list[str]) -> bool:
    size = sum(len(text.encode()) + BYTES_PER_DISPLAY for text in parts)
    return sum(len(text) for text in parts) <= TEXT and size <= BYTES


def view(card: Card) -> ui.LayoutView:
    """Build the message. The view is stopped, so that discord.py does not keep every card we ever sent: its buttons are
    answered by the dynamic items of `bot.commands`.
    """
    layout = ui.LayoutView(timeout=None)
    if card.ping_role:
        layout.add_item(ui.TextDisplay(f"<@&{card.ping_role}>"))
    box: ui.Container[ui.LayoutView] = ui.Container(accent_colour=discord.Colour(_COLOUR[card.accent]))
    head, *rest = texts(card)
    if card.subject_url:
        opener: ui.Button[ui.LayoutView] = ui.Button(label="Open", url=card.subject_url)
        box.add_item(ui.Section(ui.TextDisplay(head), accessory=opener))
    else:
        box.add_item(ui.TextDisplay(head))
    if rest:
        box.add_item(ui.Separator())
    for text in rest:
        box.add_item(ui.TextDisplay(text))
    if card.pictures:
        shown = (discord.MediaGalleryItem(f"attachment://{p.name}", description=cut(p.alt, ALT)) for p in _shown(card))
        box.add_item(ui.MediaGallery(*shown))
    if card.buttons:
        box.add_item(ui.ActionRow(*(_button(button) for button in card.buttons[:ROW])))
    layout.add_item(box)
    layout.stop()
    return layout


def files(card: Card) -> list[discord.File]:
    """Give the files that the card's message refers to, each to be sent once: sending reads it to its end."""
    return [discord.File(io.BytesIO(p.png), p.name, description=cut(p.alt, ALT)) for p in _shown(card)]


def without_pictures(card: Card) -> Card:
    """Give the card as it is sent where files are refused; it says so."""
    small = f"{card.small}\n-# {NO_PICTURE}" if card.small else NO_PICTURE
    return msgspec.structs.replace(card, pictures=(), small=small)


def _shown(card: Card) -> tuple[Picture, ...]:
    return card.pictures[:GALLERY]


def _button(button: Button) -> ui.Button[ui.LayoutView]:
    label = cut(button.label, LABEL)
    if button.url:
        return ui.Button(label=label, url=button.url)
    return ui.Button(label=label, custom_id=button.custom_id[:CUSTOM_ID], style=_STYLE[button.style])
