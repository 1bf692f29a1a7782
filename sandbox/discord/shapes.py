"""The kinds of a body's well-known fields, checked before anything reads them, so that nothing behind has to wonder.

Source: discord-api-docs `resources/`, `components/`, `interactions/`. A field is of the same kind everywhere.
"""

from typing import Any, Final

from sandbox.discord.refusal import Problem, invalid

OBJECTS: Final = frozenset(
    [
        "accessory",
        "component",
        "media",
        "file",
        "footer",
        "author",
        "image",
        "thumbnail",
        "allowed_mentions",
        "message_reference",
        "poll",
        "question",
        "poll_media",
        "emoji",
        "message",
    ]
)
OBJECT_LISTS: Final = frozenset(
    ["embeds", "components", "attachments", "options", "choices", "fields", "items", "answers"]
)
PLAIN_LISTS: Final = frozenset(
    ["sticker_ids", "applied_tags", "parse", "roles", "users", "contexts", "integration_types"]
)
TEXTS: Final = frozenset(
    ["content", "title", "description", "name", "label", "custom_id", "url", "topic", "placeholder"]
)
NUMBERS: Final = frozenset(
    ["flags", "style", "auto_archive_duration", "min_length", "max_length", "min_values", "max_values"]
)
IDS: Final = frozenset(["roles", "users", "applied_tags", "sticker_ids"])

_LIST: Final = ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
_DICT: Final = ("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
_TEXT: Final = ("STRING_TYPE_CONVERT", "Could not interpret value as string.")
_INT: Final = ("NUMBER_TYPE_COERCE", "Value is not int.")
_ID: Final = ("NUMBER_TYPE_COERCE", "Value is not snowflake.")
DEPTH: Final = 20


def shapes(body: Any) -> None:
    """Refuse a body with a field of the wrong kind; null is for the field's own check."""
    problems: list[Problem] = []
    _look(body, "", problems, 0)
    if problems:
        raise invalid(problems)


def _look(value: Any, where: str, problems: list[Problem], depth: int) -> None:
    if depth > DEPTH:
        problems.append((where, "MAX_DEPTH", "Too deeply nested"))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _look(item, f"{where}.{index}".lstrip("."), problems, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            place = f"{where}.{key}".lstrip(".")
            wrong = None if item is None else _wrong(key, item, where)
            if wrong is None:
                _look(item, place, problems, depth + 1)
            else:
                problems.append((place, *wrong))


def _wrong(key: str, item: Any, where: str) -> tuple[str, str] | None:
    if key in OBJECTS:
        return None if isinstance(item, dict) else _DICT
    if key in OBJECT_LISTS | PLAIN_LISTS:
        if not isinstance(item, list):
            return _LIST
        if key in OBJECT_LISTS and not all(isinstance(i, dict) for i in item):
            return _DICT
        return _ID if key in IDS and not all(str(i).isdecimal() for i in item) else None
    if key in TEXTS:
        return None if isinstance(item, str) else _TEXT
    # an embed's type is a word, everything else's a number
    number = key in NUMBERS or (key == "type" and "embeds" not in where)
    return _INT if number and (not isinstance(item, int) or isinstance(item, bool)) else None
