"""Slash command options as a Discord client fills them in: types, choices, bounds, subcommands, resolved objects.

Source: discord-api-docs `interactions/application-commands.mdx`, "Application Command Option Type".
"""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.discord import permissions, wire
from sandbox.discord.backend import Backend
from sandbox.discord.state import Channel, Json

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(1, 12)
STRING_MOST: Final = 6000
SAFE_INTEGER: Final = 1 << 53


class Refused(ValueError):  # noqa: N818  it is what a person meets, not an error of ours
    """The person's client would not let this happen: no such command, option, channel, button or permission."""


def fill(
    command: Json,
    name: str,
    given: Mapping[str, Any],
    backend: Backend,
    place: Channel,
    *,
    focused: str | None = None,
) -> tuple[list[Json], Json]:
    """Give (options, resolved) of an interaction; with `focused` the option being typed may still be anything."""
    declared = list(command.get("options") or ())
    path: list[Json] = []
    for word in name.lstrip("/").split()[1:]:
        found = next((o for o in declared if o["name"] == word and o["type"] in {SUBCOMMAND, GROUP}), None)
        if found is None:
            raise Refused(f"/{name.lstrip('/')}: there is no subcommand {word!r}")
        path.append(found)
        declared = list(found.get("options") or ())
    if any(o["type"] in {SUBCOMMAND, GROUP} for o in declared):
        known = ", ".join(o["name"] for o in declared)
        raise Refused(f"/{name.lstrip('/')} needs a subcommand: {known}")
    resolved: Json = {}
    filled = _values(declared, given, backend, place, resolved, focused, name)
    for step in reversed(path):
        filled = [{"type": step["type"], "name": step["name"], "options": filled}]
    return filled, resolved


def _values(
    declared: list[Json],
    given: Mapping[str, Any],
    backend: Backend,
    place: Channel,
    resolved: Json,
    focused: str | None,
    name: str,
) -> list[Json]:
    known = {o["name"]: o for o in declared}
    strange = sorted(set(given) - set(known))
    if strange:
        raise Refused(f"/{name.lstrip('/')} has no option {', '.join(strange)}")
    filled: list[Json] = []
    for option in declared:
        key = option["name"]
        value = given.get(key)
        if value is None:
            if option.get("required") and focused is None:
                raise Refused(f"/{name.lstrip('/')} needs the option {key}")
            continue
        if key == focused:
            if not option.get("autocomplete"):
                raise Refused(f"the option {key} has no autocomplete")
            filled.append({"name": key, "type": option["type"], "value": str(value), "focused": True})
            continue
        drawn = _value(option, value, backend, place, resolved)
        filled.append({"name": key, "type": option["type"], "value": drawn})
    return filled


def _value(option: Json, value: Any, backend: Backend, place: Channel, resolved: Json) -> Any:
    kind, key = option["type"], option["name"]
    drawn: Any
    if kind == STRING:
        drawn = str(value)
        if not option.get("min_length", 0) <= len(drawn) <= option.get("max_length", STRING_MOST):
            raise Refused(f"{key}: the text is too short or too long")
    elif kind in {INTEGER, NUMBER}:
        drawn = _number(option, value)
    elif kind == BOOLEAN:
        drawn = value if isinstance(value, bool) else str(value).lower() in {"true", "1", "yes"}
    elif kind in {USER, CHANNEL, ROLE, MENTIONABLE}:
        drawn = str(value)
        menu = {USER: 5, ROLE: 6, MENTIONABLE: 7, CHANNEL: 8}[kind]
        found = resolve(menu, [drawn], backend, place)
        if not found:
            raise Refused(f"{key}: there is no such thing as {value}")
        wanted = option.get("channel_types")
        if kind == CHANNEL and wanted and backend.world.channels[int(drawn)].kind not in wanted:
            raise Refused(f"{key}: a channel of another kind is wanted")
        for sort, things in found.items():
            resolved.setdefault(sort, {}).update(things)
    else:
        raise Refused(f"{key}: options of type {kind} cannot be filled in here")
    choices = option.get("choices")
    if choices and drawn not in [c["value"] for c in choices]:
        by_name = {c["name"]: c["value"] for c in choices}
        if drawn not in by_name:
            raise Refused(f"{key}: {value!r} is not one of {', '.join(by_name)}")
        drawn = by_name[drawn]
    return drawn


def _number(option: Json, value: Any) -> int | float:
    key = option["name"]
    try:
        drawn: int | float = int(value) if option["type"] == INTEGER else float(value)
    except (TypeError, ValueError):
        raise Refused(f"{key}: {value!r} is not a number") from None
    low, high = option.get("min_value", -SAFE_INTEGER), option.get("max_value", SAFE_INTEGER)
    if not low <= drawn <= high:
        raise Refused(f"{key}: {value} is not between {low} and {high}")
    return drawn


def resolve(menu: int, values: list[str], backend: Backend, place: Channel) -> Json:
    """Draw the things that a menu of this component type (5 user, 6 role, 7 both, 8 channel) chose."""
    world = backend.world
    guild = world.guilds.get(place.guild_id) if place.guild_id is not None else None
    found: Json = {}
    for text in values:
        number = int(text) if text.isdigit() else 0
        if menu in {5, 7} and number in world.users:
            found.setdefault("users", {})[text] = wire.user(world.users[number])
            if guild is not None and number in guild.members:
                member = guild.members[number]
                held = permissions.in_channel(guild, place, member)
                found.setdefault("members", {})[text] = wire.member(member, None) | {"permissions": str(held)}
        elif menu in {6, 7} and guild is not None and number in guild.roles:
            found.setdefault("roles", {})[text] = wire.role(guild.roles[number])
        elif menu == 8 and guild is not None and number in guild.channels:  # noqa: PLR2004  the documented type
            channel = guild.channels[number]
            bot = permissions.in_channel(guild, channel, guild.members[world.app_id])
            drawn = wire.channel(channel, world)
            drawn |= {"permissions": str(bot), "app_permissions": str(bot)}
            found.setdefault("channels", {})[text] = drawn
    return found
