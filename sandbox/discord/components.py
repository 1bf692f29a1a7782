"""What a message's or a modal's components must be: kinds, places, sizes and totals.

Source: discord-api-docs `components/reference.mdx`.
"""

from collections.abc import Iterator
from typing import Any, Final

from sandbox.discord import limits
from sandbox.discord.refusal import Problem
from sandbox.discord.state import Json

ROW, BUTTON, SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS: Final = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
LINK, PREMIUM = 5, 6
TOP_V2: Final = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
IN_CONTAINER: Final = TOP_V2 - {CONTAINER}
IN_LABEL: Final = frozenset({TEXT_INPUT, 19, 21, 22, 23}) | SELECTS


def walk(parts: Any) -> Iterator[Json]:
    """Go through components, nested ones too, in reading order."""
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, dict):
            continue
        yield part
        yield from walk(part.get("components"))
        for key in ("accessory", "component"):
            if isinstance(part.get(key), dict):
                yield from walk([part[key]])


def number(parts: list[Json]) -> list[Json]:
    """Give every component that has none an `id`, as Discord does."""
    taken = {p["id"] for p in walk(parts) if isinstance(p.get("id"), int)}
    following = 0
    for part in walk(parts):
        if not isinstance(part.get("id"), int) or part["id"] == 0:
            following += 1
            while following in taken:
                following += 1
            part["id"] = following
    return parts


def texts(parts: Any) -> list[str]:
    """Give every text display's content in reading order."""
    return [str(p.get("content", "")) for p in walk(parts) if p.get("type") == TEXT]


def find(parts: Any, custom_id: str) -> Json | None:
    """Find the component with a custom_id."""
    return next((p for p in walk(parts) if p.get("custom_id") == custom_id), None)


class Inspection:
    """Collect what is wrong with a list of components."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._ids: set[str] = set()

    def message(self, parts: Any, *, v2: bool) -> list[Problem]:
        """Check a message's components."""
        if parts is None:
            return []
        if not isinstance(parts, list):
            return [("components", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")]
        self._list(parts, "components", TOP_V2 if v2 else frozenset({ROW}))
        count = sum(1 for _ in walk(parts))
        if v2:
            if count > limits.V2_COMPONENTS:
                self._bad("components", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.V2_COMPONENTS} or fewer in length.")
            if sum(len(t) for t in texts(parts)) > limits.V2_TEXT:
                text = f"The total text of all components must be {limits.V2_TEXT} or fewer in length."
                self._bad("components", "COMPONENT_MAX_TOTAL_TEXT_SIZE_EXCEEDED", text)
        elif len(parts) > limits.ROWS:
            self._bad("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {limits.ROWS} in length.")
        return self.problems

    def modal(self, data: Any) -> list[Problem]:
        """Check a modal: title, custom_id, one to five parts."""
        if not isinstance(data, dict):
            return [("data", "BASE_TYPE_REQUIRED", "This field is required")]
        self._text(data, "data", "title", limits.MODAL_TITLE)
        self._text(data, "data", "custom_id", limits.CUSTOM_ID)
        parts = data.get("components")
        if not isinstance(parts, list) or not 1 <= len(parts) <= limits.MODAL_PARTS:
            sentence = f"Must be between 1 and {limits.MODAL_PARTS} in length."
            self._bad("data.components", "BASE_TYPE_BAD_LENGTH", sentence)
            return self.problems
        self._list(parts, "data.components", frozenset({ROW, TEXT, LABEL}), modal=True)
        return self.problems

    def _bad(self, where: str, word: str, sentence: str) -> None:
        self.problems.append((where, word, sentence))

    def _text(self, part: Json, where: str, key: str, most: int, *, least: int = 1, needed: bool = True) -> None:
        value = part.get(key)
        if value is None:
            if needed:
                self._bad(f"{where}.{key}", "BASE_TYPE_REQUIRED", "This field is required")
        elif not isinstance(value, str) or not least <= len(value) <= most:
            self._bad(f"{where}.{key}", "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")

    def _list(self, parts: list[Any], where: str, allowed: frozenset[int], *, modal: bool = False) -> None:
        for index, part in enumerate(parts):
            place = f"{where}.{index}"
            kind = part.get("type") if isinstance(part, dict) else None
            if not isinstance(kind, int) or kind not in allowed:
                known = ", ".join(str(k) for k in sorted(allowed))
                self._bad(f"{place}.type", "BASE_TYPE_CHOICES", f'Value of field "type" must be one of ({known}).')
                continue
            self._one(part, kind, place, modal=modal)

    def _one(self, part: Json, kind: int, where: str, *, modal: bool) -> None:
        if "custom_id" in part and part["custom_id"] is not None:
            own = str(part["custom_id"])
            if own in self._ids:
                self._bad(
                    f"{where}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
                )
            self._ids.add(own)
        self._kind(part, kind, where, modal=modal)

    def _kind(self, part: Json, kind: int, where: str, *, modal: bool) -> None:  # noqa: C901, PLR0912  one arm a kind
        if kind == ROW:
            self._row(part, where, modal=modal)
        elif kind == BUTTON:
            self._button(part, where)
        elif kind in SELECTS:
            self._select(part, kind, where)
        elif kind == TEXT_INPUT:
            self._text(part, where, "custom_id", limits.CUSTOM_ID)
            self._text(part, where, "value", limits.INPUT, least=0, needed=False)
            self._text(part, where, "placeholder", limits.OPTION_TEXT, needed=False)
        elif kind == SECTION:
            self._section(part, where)
        elif kind == TEXT:
            self._text(part, where, "content", limits.V2_TEXT)
        elif kind == CONTAINER:
            self._children(part, where, IN_CONTAINER, 1, limits.V2_COMPONENTS)
        elif kind == LABEL:
            self._text(part, where, "label", 45)
            self._text(part, where, "description", 100, needed=False)
            self._list([part.get("component")], f"{where}.component", IN_LABEL, modal=True)
        elif kind in {THUMBNAIL, FILE}:
            self._media(part.get("media" if kind == THUMBNAIL else "file"), where)
        elif kind == GALLERY:
            items = part.get("items")
            if not isinstance(items, list) or not 1 <= len(items) <= limits.GALLERY:
                self._bad(
                    f"{where}.items", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {limits.GALLERY} in length."
                )
            else:
                for index, item in enumerate(items):
                    self._media(item.get("media") if isinstance(item, dict) else None, f"{where}.items.{index}")

    def _children(self, part: Json, where: str, allowed: frozenset[int], least: int, most: int) -> list[Any]:
        children = part.get("components")
        if not isinstance(children, list) or not least <= len(children) <= most:
            sentence = f"Must be between {least} and {most} in length."
            self._bad(f"{where}.components", "BASE_TYPE_BAD_LENGTH", sentence)
            return []
        self._list(children, f"{where}.components", allowed)
        return children

    def _row(self, part: Json, where: str, *, modal: bool) -> None:
        allowed = frozenset({TEXT_INPUT}) if modal else SELECTS | {BUTTON}
        children = self._children(part, where, allowed, 1, limits.ROW_BUTTONS)
        if len(children) > 1 and any(isinstance(c, dict) and c.get("type") != BUTTON for c in children):
            self._bad(
                f"{where}.components",
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )

    def _section(self, part: Json, where: str) -> None:
        self._children(part, where, frozenset({TEXT}), 1, limits.SECTION_TEXTS)
        accessory = part.get("accessory")
        if not isinstance(accessory, dict):
            self._bad(f"{where}.accessory", "BASE_TYPE_REQUIRED", "This field is required")
        elif accessory.get("type") not in {BUTTON, THUMBNAIL}:
            self._bad(f"{where}.accessory.type", "BASE_TYPE_CHOICES", 'Value of field "type" must be one of (2, 11).')
        else:
            self._one(accessory, accessory["type"], f"{where}.accessory", modal=False)

    def _button(self, part: Json, where: str) -> None:
        style = part.get("style")
        if style not in {1, 2, 3, 4, LINK, PREMIUM}:
            self._bad(
                f"{where}.style", "BASE_TYPE_CHOICES", 'Value of field "style" must be one of (1, 2, 3, 4, 5, 6).'
            )
            return
        self._text(part, where, "label", limits.LABEL, least=0, needed=False)
        if style == LINK:
            self._text(part, where, "url", limits.URL)
            if part.get("custom_id") is not None:
                self._bad(
                    where,
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                )
            url = part.get("url")
            if isinstance(url, str) and not url.startswith(("http://", "https://", "discord://")):
                self._bad(
                    f"{where}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'discord')."
                )
        elif style != PREMIUM:
            self._text(part, where, "custom_id", limits.CUSTOM_ID)
        if style != PREMIUM and not part.get("label") and not part.get("emoji"):
            self._bad(where, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or an emoji is required")

    def _select(self, part: Json, kind: int, where: str) -> None:
        self._text(part, where, "custom_id", limits.CUSTOM_ID)
        self._text(part, where, "placeholder", limits.PLACEHOLDER, least=0, needed=False)
        if kind != SELECT:
            return
        options = part.get("options")
        if not isinstance(options, list) or not 1 <= len(options) <= limits.OPTIONS:
            self._bad(f"{where}.options", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {limits.OPTIONS} in length.")
            return
        for index, option in enumerate(options):
            for key in ("label", "value"):
                self._text(option, f"{where}.options.{index}", key, limits.OPTION_TEXT)

    def _media(self, media: Any, where: str) -> None:
        url = media.get("url") if isinstance(media, dict) else None
        if not isinstance(url, str) or not url.startswith(("http://", "https://", "attachment://")):
            schemes = "Scheme must be one of ('http', 'https', 'attachment')."
            self._bad(f"{where}.media.url", "URL_TYPE_INVALID_SCHEME", schemes)
