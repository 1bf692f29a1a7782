"""Application command routes, global and per guild, and what of them a person is offered.

Source: discord-api-docs `interactions/application-commands.mdx`.
"""

from sandbox.discord import sizes
from sandbox.discord.backend import Backend
from sandbox.discord.refusal import Refusal, missing_access, unknown
from sandbox.discord.rest import Answer, Call, Route
from sandbox.discord.state import Json


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.backend.world.app_id:
        raise Refusal(403, 20012, "You are not authorized to perform this action on this application")
    if "guild_id" not in call.params:
        return None
    guild_id = call.id("guild_id")
    if guild_id not in call.backend.world.guilds:
        raise missing_access()
    return guild_id


def _made(backend: Backend, body: Json, scope: int | None, command_id: int) -> Json:
    kind = body.get("type") or 1
    made: Json = {
        "id": str(command_id),
        "application_id": str(backend.world.app_id),
        "version": str(backend.new_id()),
        "default_member_permissions": None,
        "nsfw": False,
        "description": "",
        "name_localizations": None,
        "description_localizations": None,
        "integration_types": [0],
        "contexts": None,
    }
    if scope is None:
        made["dm_permission"] = True
    else:
        made["guild_id"] = str(scope)
    given = {k: v for k, v in body.items() if k != "id" and (k != "integration_types" or v is not None)}
    made |= given | {"type": kind}
    if made["default_member_permissions"] is not None:
        made["default_member_permissions"] = str(made["default_member_permissions"])
    if kind == 1:
        made["options"] = [_option(o) for o in body.get("options") or ()]
    return made


def _option(option: Json) -> Json:
    drawn = dict(option)
    if "options" in option:
        drawn["options"] = [_option(o) for o in option["options"]]
    return drawn


def _named(backend: Backend, scope: int | None, body: Json) -> int | None:
    key = (body.get("type") or 1, body.get("name"))
    for command_id, known in backend.world.commands.get(scope, {}).items():
        if (known["type"], known["name"]) == key:
            return command_id
    return None


async def put_all(call: Call) -> Answer:
    """Replace every command of a scope; one that keeps its name keeps its id."""
    backend = call.backend
    scope = _scope(call)
    sizes.commands(call.body)
    made: dict[int, Json] = {}
    for body in call.body:
        command_id = _named(backend, scope, body) or backend.new_id()
        made[command_id] = _made(backend, body, scope, command_id)
    backend.world.commands[scope] = made
    backend.tell("commands")
    return 200, list(made.values())


async def get_all(call: Call) -> Answer:
    """List the commands of a scope."""
    return 200, list(call.backend.world.commands.get(_scope(call), {}).values())


async def create(call: Call) -> Answer:
    """Make one command, or replace the one of that name."""
    backend = call.backend
    scope = _scope(call)
    sizes.commands([call.object()])
    known = _named(backend, scope, call.body)
    command_id = known or backend.new_id()
    made = _made(backend, call.body, scope, command_id)
    backend.world.commands.setdefault(scope, {})[command_id] = made
    backend.tell("commands")
    return 200 if known else 201, made


def _one(call: Call) -> tuple[int | None, Json]:
    scope = _scope(call)
    found = call.backend.world.commands.get(scope, {}).get(call.id("command_id"))
    if found is None:
        raise unknown("application command")
    return scope, found


async def get_one(call: Call) -> Answer:
    """Draw one command."""
    return 200, _one(call)[1]


async def change(call: Call) -> Answer:
    """Change one command."""
    scope, found = _one(call)
    body = found | call.object()
    sizes.commands([body])
    made = _made(call.backend, body, scope, int(found["id"]))
    call.backend.world.commands[scope][int(found["id"])] = made
    call.backend.tell("commands")
    return 200, made


async def remove(call: Call) -> Answer:
    """Delete one command."""
    scope, found = _one(call)
    del call.backend.world.commands[scope][int(found["id"])]
    call.backend.tell("commands")
    return 204, None


def offered(backend: Backend, guild_id: int | None, held: int) -> list[Json]:
    """List the chat commands that these permissions show; a guild's own hide global ones of the same name."""
    found: dict[str, Json] = {}
    for scope in (None, guild_id):
        for command in backend.world.commands.get(scope, {}).values():
            needs = command.get("default_member_permissions")
            hidden = needs is not None and guild_id is not None and held & int(needs) != int(needs)
            contexts = command.get("contexts")
            if hidden or command["type"] != 1 or (contexts and (0 if guild_id is not None else 1) not in contexts):
                continue
            if guild_id is None and (command.get("dm_permission") is False or "guild_id" in command):
                continue
            found[command["name"]] = command
    return sorted(found.values(), key=lambda c: str(c["name"]))


def _routes() -> list[Route]:
    made: list[Route] = []
    for prefix in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
        made += [
            Route("PUT", f"{prefix}/commands", put_all),
            Route("GET", f"{prefix}/commands", get_all),
            Route("POST", f"{prefix}/commands", create),
            Route("GET", f"{prefix}/commands/{{command_id}}", get_one),
            Route("PATCH", f"{prefix}/commands/{{command_id}}", change),
            Route("DELETE", f"{prefix}/commands/{{command_id}}", remove),
        ]
    return made


ROUTES = _routes()
