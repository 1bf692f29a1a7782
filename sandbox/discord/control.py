"""The same levers over HTTP, below /control, for the page and for programmes in other languages."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.discord import wire
from sandbox.discord.faults import MESSAGES, Fault
from sandbox.discord.options import Refused
from sandbox.discord.reply import NoAnswer, Reply
from sandbox.discord.state import Json

if TYPE_CHECKING:
    from sandbox.discord.server import Discord

Lever = Callable[[Json], Awaitable[Any]]
RECORDS_SHOWN = 500


class Control:
    """Routes below /control. POST bodies are JSON objects with the argument names of `Discord`'s methods."""

    def __init__(self, discord: "Discord") -> None:
        self._discord = discord

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        levers: dict[str, Lever] = {
            "command": self._command,
            "autocomplete": self._autocomplete,
            "press": self._press,
            "modal": self._modal,
            "say": self._say,
            "faults": self._fault,
            "gateway": self._gateway,
            "permissions": self._permissions,
            "channels": self._channel,
        }
        for name, lever in levers.items():
            app.router.add_post(f"/control/{name}", _served(lever))
        app.router.add_delete("/control/faults", _served(self._clear))
        app.router.add_get("/control/world", _served(self._world))
        app.router.add_get("/control/commands", _served(self._commands))
        app.router.add_get("/control/messages", _served(self._messages))
        app.router.add_get("/control/recorded", _served(self._recorded))
        app.router.add_get("/control/counts", _served(self._counts))

    async def _command(self, body: Json) -> Any:
        timeout_s = float(body.get("timeout_s", 30))
        force = bool(body.get("force"))
        return _drawn(
            await self._discord.command(
                body["channel"], body["user"], body["name"], body.get("options"), force=force, timeout_s=timeout_s
            )
        )

    async def _autocomplete(self, body: Json) -> Any:
        options = body.get("options")
        reply = await self._discord.autocomplete(
            body["channel"], body["user"], body["name"], body["focused"], str(body.get("text", "")), options
        )
        return _drawn(reply)

    async def _press(self, body: Json) -> Any:
        values = body.get("values")
        return _drawn(await self._discord.press(body["message_id"], body["custom_id"], body["user"], values=values))

    async def _modal(self, body: Json) -> Any:
        return _drawn(await self._discord.submit_modal(body["token"], body.get("values") or {}))

    async def _say(self, body: Json) -> Any:
        return await self._discord.say(body["channel"], body["user"], str(body["content"]))

    async def _fault(self, body: Json) -> Any:
        known = {f.name for f in fields(Fault)} - {"hits", "until_s"}
        strange = set(body) - known - {"seconds"}
        if strange or body.get("kind") not in {"status", "rate_limit", "reset", "lost_reply", "slow"}:
            raise Refused(f"a fault has kind, seconds and {', '.join(sorted(known))}")
        given = {k: v for k, v in body.items() if k != "seconds"}
        given.setdefault("path", MESSAGES)
        if "seconds" in body:
            given |= {"until_s": self._discord.backend.clock() + float(body["seconds"])}
            given.setdefault("times", None)
        return asdict(self._discord.faults.arm(Fault(**given)))

    async def _clear(self, _: Json) -> Any:
        self._discord.faults.clear()
        return {}

    async def _gateway(self, body: Json) -> Any:
        gateway, action = self._discord.gateway, body.get("action")
        if action == "reconnect":
            await gateway.reconnect()
        elif action == "invalidate":
            await gateway.invalidate(resumable=bool(body.get("resumable")))
        elif action == "close":
            await gateway.close(int(body.get("code", 4000)))
        elif action == "cut":
            await gateway.cut()
        elif action == "refuse":
            self._discord.faults.refuse_gateway(int(body.get("times", 1)))
        else:
            raise Refused("action is one of reconnect, invalidate, close, cut, refuse")
        return {}

    async def _permissions(self, body: Json) -> Any:
        who = body.get("user")
        await self._discord.deny(body["channel"], *body.get("deny", ()), who=who)
        await self._discord.allow(body["channel"], *body.get("allow", ()), who=who)
        return {}

    async def _channel(self, body: Json) -> Any:
        if "delete" in body:
            await self._discord.delete_channel(body["delete"])
            return {}
        return wire.channel(await self._discord.add_channel(str(body["name"])), self._discord.backend.world)

    async def _world(self, _: Json) -> Any:
        world = self._discord.backend.world
        return {
            "guilds": [wire.guild(g, world) for g in world.guilds.values()],
            "dms": [wire.channel(c, world) for c in world.channels.values() if c.guild_id is None],
            "users": [wire.user(u) for u in world.users.values()],
            "bot_id": str(world.app_id),
            "connected": self._discord.gateway.connected,
            "notice": self._discord.backend.notice,
        }

    async def _commands(self, query: Json) -> Any:
        return self._discord.commands(query["channel"], query["user"])

    async def _messages(self, query: Json) -> Any:
        return self._discord.messages(query["channel"], seen_by=query.get("user"))[-int(query.get("limit", 200)) :]

    async def _recorded(self, query: Json) -> Any:
        shown = []
        for record in self._discord.recorded[-int(query.get("limit", RECORDS_SHOWN)) :]:
            drawn = asdict(record)
            drawn.pop("raw")
            shown.append(drawn)
        return shown

    async def _counts(self, _: Json) -> Any:
        gateway = self._discord.gateway
        more = {"identifies": len(gateway.identifies), "resumes": len(gateway.resumes), "connected": gateway.connected}
        return dict(self._discord.counts) | more | {"violations": len(self._discord.violations())}


def _drawn(reply: Reply) -> Json:
    return asdict(reply) | {"text": reply.text}


def _served(lever: Lever) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return _json(403, {"error": "only this sandbox's own page may do that"})
        body: Any = dict(request.query)
        if request.method == "POST":
            try:
                body = json.loads(await request.read())
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return _json(400, {"error": "the body is not a JSON object"})
        try:
            return _json(200, await lever(body))
        except KeyError as missing:
            return _json(400, {"error": f"the field {missing} is missing or unknown"})
        except NoAnswer as silence:
            return _json(504, {"error": str(silence)})
        except (ValueError, TypeError) as refused:
            return _json(400, {"error": str(refused)})

    return serve


def _json(status: int, value: Any) -> web.Response:
    body = json.dumps(value, default=str).encode()
    return web.Response(status=status, body=body, content_type="application/json")
