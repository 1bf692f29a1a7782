"""Reading a TOML file into nouns. Every complaint is one line: file, key, what is wrong, what to do.

Errors: SettingsError. What stands in a file is not quoted, since it may be a secret.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from config.errors import WHOLE_FILE, SettingsError

M = TypeVar("M", bound=BaseModel)
Table = dict[str, Any]
_NUMBERS = {"int_": "write a whole number", "decimal_": "write a number", "float_": "write a number"}  # by error type


def tables(file: Path, model: type[M], prepare: Callable[[str, Table], Table] = lambda _, table: table) -> dict[str, M]:
    """Read a file whose top-level tables are named entries; the name becomes the entry's `key`."""
    found = {}
    for key, value in _read(file).items():
        if not isinstance(value, dict):
            problem = "is a list of tables" if _of_tables(value) else "stands outside a table"
            remedy = f"write [{key}]" if _of_tables(value) else f"put it under the [{model.__name__.lower()}] it is of"
            raise SettingsError(str(file), key, problem, remedy)
        if "key" in value:
            raise SettingsError(str(file), f"{key}.key", "unknown key", f"the name in brackets, [{key}], is the key")
        found[key] = validated(str(file), model, {"key": key, **prepare(key, value)}, f"{key}.")
    return found


def entries(file: Path, name: str, models: Mapping[str, type[M]] | type[M]) -> tuple[M, ...]:
    """Read a file that holds nothing but `[[name]]` tables. Of several models an entry's `kind` chooses one."""
    whole = _read(file)
    for key in whole.keys() - {name}:
        raise SettingsError(str(file), key, "unknown key", f"this file holds [[{name}]] tables only")
    given = whole.get(name, [])
    if not _of_tables(given):
        raise SettingsError(str(file), name, "is not a list of tables", f"write [[{name}]] above each")
    found = []
    for number, entry in enumerate(given, 1):
        place = numbered(name, number, entry.get("name") or entry.get("symbol"))
        model = models if isinstance(models, type) else _chosen(str(file), name, place, entry, models)
        found.append(validated(str(file), model, entry, f"{place}."))
    return tuple(found)


def _chosen(file: str, name: str, place: str, entry: Table, models: Mapping[str, type[M]]) -> type[M]:
    """Give the model that an entry's `kind` names. Raises SettingsError."""
    kinds = f"one of: {', '.join(models)}"
    if "kind" in entry:
        kind = str(entry["kind"])
        if kind in models:
            return models[kind]
        raise SettingsError(file, f"{place}.kind", f"names no kind of {name}", _nearest(kind, models) or kinds)
    known = {key for model in models.values() for key in model.model_fields}
    misspelt = difflib.get_close_matches("kind", entry.keys() - known, 1)
    if misspelt:
        raise SettingsError(file, f"{place}.{misspelt[0]}", "unknown key", "did you mean kind?")
    raise SettingsError(file, f"{place}.kind", "is missing", f"add it, {kinds}")


def _nearest(given: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, list(known), 1)
    return f"did you mean {close[0]}?" if close else ""


def numbered(name: str, number: int, called: object = None) -> str:
    """Name the n-th entry of a list so that a reader of the file finds it."""
    return f"{name} no. {number} ({called})" if called else f"{name} no. {number}"


def validated(file: str, model: type[M], value: Mapping[str, Any], prefix: str = "", *, upper: bool = False) -> M:
    """Make a noun, or say the first thing that is wrong with it; `upper`: keys are written as variables are."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    name, *rest = (str(part) if isinstance(part, str) else part for part in first["loc"])
    key = str(name).upper() if upper else str(name)
    place = prefix + (numbered(key, rest[0] + 1) if rest and isinstance(rest[0], int) else key)
    place = prefix.rstrip(".") if key == "key" else place  # the name in brackets
    if first["type"] == "missing":
        raise SettingsError(file, place, "is missing", "add it")
    if first["type"] == "extra_forbidden":
        known = sorted(model.model_fields.keys() - {"key"})
        remedy = _nearest(key, known) or f"known keys: {', '.join(known)}"
        raise SettingsError(file, place, "unknown key", remedy)
    problem, _, remedy = _plain(first["msg"]).partition("; ")
    raise SettingsError(file, place, problem, remedy or _remedy(first["type"], model.model_fields.get(str(name))))


def _remedy(kind: str, field: FieldInfo | None) -> str:
    """Say what to write: what the field itself says of it, or a number such as it has when nothing is said."""
    if field is not None and field.description:
        return field.description
    number = next((text for start, text in _NUMBERS.items() if kind.startswith(start)), "")
    if not number:
        return "correct it"
    stands = field is not None and isinstance(field.default, int | float | Decimal)
    return f"{number}, as in {field.default}" if field is not None and stands else number


def _plain(said: str) -> str:
    """Turn pydantic's words into ours."""
    said = said.removeprefix("Value error, ")
    said = re.sub(r", unable to .*|, got a number with a fractional part$| after validation, not \d+$", "", said)
    return re.sub(r"^[\w ]*?\bshould ", "must ", said).replace("a valid tuple", "a list in square brackets")


def _read(file: Path) -> Table:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        remedy = "restore it, or set CONFIG_DIR to the folder that has it"
        raise SettingsError(str(file), WHOLE_FILE, "is missing", remedy) from None
    except OSError as error:
        remedy = "let this user read it, or set CONFIG_DIR to another folder"
        raise SettingsError(str(file), WHOLE_FILE, f"cannot be read: {error.strerror}", remedy) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(str(file), f"line {line}", "is not UTF-8", "save the file as UTF-8") from None
    except RecursionError:
        raise SettingsError(str(file), WHOLE_FILE, "is nested too deeply", "use plain tables") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        said, _, place = str(error).removesuffix(")").partition(" (at ")
        twice = said.startswith(("Cannot overwrite", "Cannot declare", "Cannot redefine", "Duplicate"))
        problem = "a key or a table is given twice" if twice else f"is not TOML: {said}"
        remedy = "keep one of the two" if twice else "mend that line; texts stand in double quotes"
        raise SettingsError(str(file), place or WHOLE_FILE, problem, remedy) from None


def _of_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
