"""What a body must be before it becomes a message or a set of commands; else Discord answers with code 50035.

Source: discord-api-docs `resources/message.mdx`, `interactions/application-commands.mdx`.
"""

import re
from typing import Any, Final

from sandbox.discord import limits
from sandbox.discord.components import Inspection
from sandbox.discord.refusal import Problem, Refusal, invalid
from sandbox.discord.state import COMPONENTS_V2, Json

_NAME: Final = re.compile(r"^[-_'\w]{1,32}$")
SUBCOMMAND, GROUP = 1, 2


def message(body: Any, *, was_v2: bool = False, files: int = 0, edit: bool = False) -> None:
    """Refuse a message body that Discord would refuse."""
    if not isinstance(body, dict):
        raise invalid([("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")])
    v2 = was_v2 or bool(_int(body.get("flags")) & COMPONENTS_V2)
    problems: list[Problem] = []
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        problems.append(("content", "STRING_TYPE_CONVERT", "Could not interpret value as string."))
    elif content and len(content) > limits.CONTENT:
        problems.append(("content", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.CONTENT} or fewer in length."))
    nonce = body.get("nonce")
    if nonce is not None and (not isinstance(nonce, str | int) or len(str(nonce)) > limits.NONCE):
        problems.append(("nonce", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.NONCE} or fewer in length."))
    embeds = body.get("embeds")
    problems += _embeds(embeds)
    if v2:
        word = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
        for key in ("content", "embeds", "poll", "sticker_ids"):
            if body.get(key):
                text = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                problems.append((key, word, text))
    problems += Inspection().message(body.get("components"), v2=v2)
    problems += _mentions(body.get("allowed_mentions"))
    if files > limits.FILES:
        raise Refusal(400, 30015, "Maximum number of attachments in a message reached (10)")
    if problems:
        raise invalid(problems)
    holds = content or embeds or body.get("components") or files or body.get("poll") or body.get("sticker_ids")
    if not edit and not holds:
        raise Refusal(400, 50006, "Cannot send an empty message")


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _embeds(embeds: Any) -> list[Problem]:
    if not embeds:
        return []
    if not isinstance(embeds, list) or len(embeds) > limits.EMBEDS:
        return [("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {limits.EMBEDS} or fewer in length.")]
    problems: list[Problem] = []
    total = 0

    def measure(where: str, value: Any, most: int) -> None:
        nonlocal total
        if value is None:
            return
        total += len(str(value))
        if len(str(value)) > most:
            problems.append((where, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length."))

    for index, embed in enumerate(embeds):
        where = f"embeds.{index}"
        measure(f"{where}.title", embed.get("title"), limits.EMBED_TITLE)
        measure(f"{where}.description", embed.get("description"), limits.EMBED_DESCRIPTION)
        measure(f"{where}.footer.text", (embed.get("footer") or {}).get("text"), limits.EMBED_FOOTER)
        measure(f"{where}.author.name", (embed.get("author") or {}).get("name"), limits.EMBED_AUTHOR)
        fields = embed.get("fields") or []
        if len(fields) > limits.EMBED_FIELDS:
            sentence = f"Must be {limits.EMBED_FIELDS} or fewer in length."
            problems.append((f"{where}.fields", "BASE_TYPE_MAX_LENGTH", sentence))
        for at, field in enumerate(fields):
            measure(f"{where}.fields.{at}.name", field.get("name"), limits.EMBED_FIELD_NAME)
            measure(f"{where}.fields.{at}.value", field.get("value"), limits.EMBED_FIELD_VALUE)
    if total > limits.EMBED_TOTAL:
        sentence = f"Embed size exceeds maximum size of {limits.EMBED_TOTAL}"
        problems.append(("embeds", "MAX_EMBED_SIZE_EXCEEDED", sentence))
    return problems


def _mentions(rules: Any) -> list[Problem]:
    if not isinstance(rules, dict):
        return []
    problems: list[Problem] = []
    for key in ("roles", "users"):
        listed = rules.get(key) or []
        if len(listed) > limits.MENTIONS:
            sentence = f"Must be {limits.MENTIONS} or fewer in length."
            problems.append((f"allowed_mentions.{key}", "BASE_TYPE_MAX_LENGTH", sentence))
        if listed and key in (rules.get("parse") or []):
            sentence = f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.'
            problems.append(("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", sentence))
    return problems


def commands(body: Any) -> None:
    """Refuse a set of commands that Discord would refuse."""
    if not isinstance(body, list):
        raise invalid([("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")])
    kinds: dict[int, int] = {}
    problems: list[Problem] = []
    seen: set[tuple[int, str]] = set()
    for index, entry in enumerate(body):
        if not isinstance(entry, dict):
            raise invalid([(str(index), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")])
        kind = _int(entry.get("type")) or 1
        kinds[kind] = kinds.get(kind, 0) + 1
        problems += _entry(entry, str(index), kind)
        key = (kind, str(entry.get("name")))
        if key in seen:
            problems.append(
                (f"{index}.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
            )
        seen.add(key)
        if _weight(entry) > limits.COMMAND_TOTAL:
            sentence = f"Command exceeds maximum size ({limits.COMMAND_TOTAL})"
            problems.append((str(index), "APPLICATION_COMMAND_TOO_LARGE", sentence))
    if kinds.get(1, 0) > limits.COMMANDS or any(kinds.get(k, 0) > limits.MENU_COMMANDS for k in (2, 3)):
        raise Refusal(400, 30032, f"Maximum number of application commands reached ({limits.COMMANDS}).")
    if problems:
        raise invalid(problems)


def _entry(entry: Json, where: str, kind: int) -> list[Problem]:
    problems: list[Problem] = []
    name = entry.get("name")
    lowercase = isinstance(name, str) and name == name.lower()
    fits = isinstance(name, str) and 1 <= len(name) <= limits.COMMAND_NAME
    if not isinstance(name, str) or not fits or (kind == 1 and not (_NAME.match(name) and lowercase)):
        problems.append((f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"))
    if kind == 1:
        problems += _described(entry, where)
        problems += _options(entry.get("options"), f"{where}.options")
    return problems


def _described(entry: Json, where: str) -> list[Problem]:
    text = entry.get("description")
    if not isinstance(text, str) or not 1 <= len(text) <= limits.COMMAND_DESCRIPTION:
        sentence = f"Must be between 1 and {limits.COMMAND_DESCRIPTION} in length."
        return [(f"{where}.description", "BASE_TYPE_BAD_LENGTH", sentence)]
    return []


def _options(options: Any, where: str, depth: int = 0) -> list[Problem]:
    if not options:
        return []
    if len(options) > limits.COMMAND_OPTIONS:
        return [(where, "BASE_TYPE_MAX_LENGTH", f"Must be {limits.COMMAND_OPTIONS} or fewer in length.")]
    problems: list[Problem] = []
    optional = False
    for index, option in enumerate(options):
        place = f"{where}.{index}"
        problems += _entry({"name": option.get("name"), "description": option.get("description")}, place, 1)
        kind = option.get("type")
        if kind in {SUBCOMMAND, GROUP}:
            if depth >= 2:  # noqa: PLR2004  command, group, subcommand and no deeper
                problems.append(
                    (place, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command option type is invalid here")
                )
            problems += _options(option.get("options"), f"{place}.options", depth + 1)
            continue
        if option.get("required") and optional:
            sentence = "Required options must be placed before non-required options"
            problems.append((place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", sentence))
        optional = optional or not option.get("required")
        choices = option.get("choices") or []
        if len(choices) > limits.COMMAND_CHOICES:
            sentence = f"Must be {limits.COMMAND_CHOICES} or fewer in length."
            problems.append((f"{place}.choices", "BASE_TYPE_MAX_LENGTH", sentence))
        problems += named_choices(choices, f"{place}.choices")
    return problems


def named_choices(choices: Any, where: str) -> list[Problem]:
    """Check the names and values of choices."""
    problems: list[Problem] = []
    sentence = f"Must be between 1 and {limits.CHOICE_TEXT} in length."
    for index, choice in enumerate(choices):
        for key in ("name", "value"):
            value = choice.get(key)
            if value is None or (isinstance(value, str) and not 1 <= len(value) <= limits.CHOICE_TEXT):
                problems.append((f"{where}.{index}.{key}", "BASE_TYPE_BAD_LENGTH", sentence))
    return problems


def _weight(entry: Json) -> int:
    total = len(str(entry.get("name") or "")) + len(str(entry.get("description") or ""))
    for choice in entry.get("choices") or ():
        total += len(str(choice.get("name"))) + (len(choice["value"]) if isinstance(choice.get("value"), str) else 0)
    return total + sum(_weight(option) for option in entry.get("options") or ())


def autocomplete(data: Any) -> None:
    """Refuse an autocomplete answer with too many or ill-formed choices."""
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list):
        raise invalid([("data.choices", "BASE_TYPE_REQUIRED", "This field is required")])
    if len(choices) > limits.COMMAND_CHOICES:
        sentence = f"Must be {limits.COMMAND_CHOICES} or fewer in length."
        raise invalid([("data.choices", "BASE_TYPE_MAX_LENGTH", sentence)])
    problems = named_choices(choices, "data.choices")
    if problems:
        raise invalid(problems)


def modal(data: Any) -> None:
    """Refuse an ill-formed modal."""
    problems = Inspection().modal(data)
    if problems:
        raise invalid(problems)
