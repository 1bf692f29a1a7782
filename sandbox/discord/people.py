"""The human side: type a command, press a button, fill in a form, and see what the bot answers."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.discord import permissions, wire
from sandbox.discord.backend import Backend
from sandbox.discord.commands import offered
from sandbox.discord.components import find, texts
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, MODAL_SUBMIT
from sandbox.discord.options import Refused, fill, resolve
from sandbox.discord.state import EPHEMERAL, Channel, Interaction, Json, Message, User

ANSWER_S: Final = 3.0
SETTLE_S: Final = 30.0


class NoAnswer(TimeoutError):  # noqa: N818  it is what a person meets
    """The bot said nothing in time: "The application did not respond"."""


@dataclass(slots=True)
class Reply:
    """What a person got: `kind` is the callback's type, `body` its data as received, `message` the reply as it stands.

    `elapsed_ms` runs to the first answer, `settled_ms` to the one that is not "thinking". `choices` are an
    autocomplete's, `modal` is a form to fill in (`submit_modal`).
    """

    interaction_id: str
    token: str
    kind: int
    body: Json
    elapsed_ms: float
    settled_ms: float
    ephemeral: bool
    message: Json | None = None
    edits: list[Json] = field(default_factory=list)
    followups: list[Json] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None

    @property
    def text(self) -> str:
        """All words of the reply and its follow-ups, as a reader meets them."""
        return "\n".join(text_of(m) for m in ([self.message] if self.message else []) + self.followups)


def text_of(message: Json) -> str:
    """Give all words of a drawn message: content, text displays, embeds."""
    parts = [message.get("content") or "", *texts(message.get("components"))]
    for embed in message.get("embeds") or ():
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{f.get('name')}: {f.get('value')}" for f in embed.get("fields") or ()]
    return "\n".join(p for p in parts if p)


class People:
    """Acts for the users of a backend. A channel is named by id, name or object; a user by id, name or object."""

    def __init__(self, backend: Backend, clock: Callable[[], float]) -> None:
        self._backend = backend
        self._clock = clock

    def channel(self, which: Channel | int | str) -> Channel:
        """Find a channel; a name is looked for in the first guild that has it."""
        if isinstance(which, Channel):
            return which
        world = self._backend.world
        if isinstance(which, int) or which.isdigit():
            found = world.channels.get(int(which))
        else:
            found = next((c for c in world.channels.values() if c.name == which.removeprefix("#")), None)
        if found is None:
            raise Refused(f"there is no channel {which!r}")
        return found

    def user(self, which: User | int | str) -> User:
        """Find a user."""
        if isinstance(which, User):
            return which
        users = self._backend.world.users
        if isinstance(which, int) or which.isdigit():
            found = users.get(int(which))
        else:
            found = next((u for u in users.values() if u.username == which), None)
        if found is None:
            raise Refused(f"there is no user {which!r}")
        return found

    def held(self, channel: Channel, user: User) -> int:
        """Add up what a user may do in a channel."""
        guild = self._backend.world.guilds.get(channel.guild_id) if channel.guild_id is not None else None
        if guild is None:
            return permissions.EVERYONE
        if user.id not in guild.members:
            raise Refused(f"{user.username} is not a member of {guild.name}")
        held = permissions.in_channel(guild, channel, guild.members[user.id])
        if not held & permissions.BITS["view_channel"]:
            raise Refused(f"{user.username} cannot see #{channel.name}")
        return held

    def commands(self, channel: Channel | int | str, user: User | int | str) -> list[Json]:
        """List the commands that a user is shown in a channel."""
        place, person = self.channel(channel), self.user(user)
        return offered(self._backend, place.guild_id, self.held(place, person))

    def _command(self, place: Channel, person: User, name: str, *, force: bool) -> Json:
        first = name.lstrip("/").split()[0]
        held = permissions.ALL if force else self.held(place, person)
        for command in offered(self._backend, place.guild_id, held):
            if command["name"] == first:
                return command
        raise Refused(f"/{first} is not offered to {person.username} here")

    async def command(
        self,
        channel: Channel | int | str,
        user: User | int | str,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        force: bool = False,
        timeout_s: float = SETTLE_S,
    ) -> Reply:
        """Run a slash command, "alerts add" for a subcommand; `force` runs one that the user is not shown."""
        place, person = self.channel(channel), self.user(user)
        command = self._command(place, person, name, force=force)
        given, resolved = fill(command, name, options or {}, self._backend, place)
        data = self._data(command, given) | ({"resolved": resolved} if resolved else {})
        return await self._ask(place, person, COMMAND, data, name=name.lstrip("/"), timeout_s=timeout_s)

    async def autocomplete(
        self,
        channel: Channel | int | str,
        user: User | int | str,
        name: str,
        focused: str,
        text: str,
        options: Mapping[str, Any] | None = None,
        *,
        timeout_s: float = ANSWER_S,
    ) -> Reply:
        """Ask for suggestions for one option while `text` is typed into it."""
        place, person = self.channel(channel), self.user(user)
        command = self._command(place, person, name, force=False)
        typed = {**(options or {}), focused: text}
        given, resolved = fill(command, name, typed, self._backend, place, focused=focused)
        data = self._data(command, given) | ({"resolved": resolved} if resolved else {})
        return await self._ask(place, person, AUTOCOMPLETE, data, name=name.lstrip("/"), timeout_s=timeout_s)

    def _data(self, command: Json, given: list[Json]) -> Json:
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"], "options": given}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    async def press(
        self,
        message_id: int | str,
        custom_id: str,
        user: User | int | str,
        *,
        values: list[str] | None = None,
        timeout_s: float = SETTLE_S,
    ) -> Reply:
        """Press a button, or choose `values` of a select menu."""
        person = self.user(user)
        message = self._pressable(int(message_id), person)
        component = find(message.components, custom_id)
        if component is None or component.get("disabled"):
            raise Refused(f"message {message_id} has no button {custom_id!r} that can be pressed")
        data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component.get("id", 0)}
        place = self.channel(message.channel_id)
        if component["type"] != 2:  # noqa: PLR2004  a button; all else is a menu with values
            data["values"] = list(values or ())
            found = resolve(component["type"], data["values"], self._backend, place)
            data |= {"resolved": found} if found else {}
        return await self._ask(place, person, COMPONENT, data, name="", source=message, timeout_s=timeout_s)

    def _pressable(self, message_id: int, person: User) -> Message:
        world = self._backend.world
        hidden = world.hidden.get(message_id)
        if hidden is not None and hidden.seen_by == person.id:
            return hidden
        for channel in world.channels.values():
            if message_id in channel.messages:
                self.held(channel, person)
                return channel.messages[message_id]
        raise Refused(f"there is no message {message_id} that {person.username} can see")

    async def submit_modal(
        self, reply: Reply | str, values: Mapping[str, Any], *, timeout_s: float = SETTLE_S
    ) -> Reply:
        """Fill in and send a form; `values` by custom_id, `reply` the one that brought the form, or its token."""
        token = reply.token if isinstance(reply, Reply) else reply
        earlier = self._backend.world.interactions.get(token)
        form = (earlier.answer or {}).get("data") if earlier is not None else None
        if earlier is None or not isinstance(form, dict) or (earlier.answer or {}).get("type") != MODAL:
            raise Refused("that answer brought no form")
        data = {"custom_id": form["custom_id"], "components": [_filled(c, values) for c in form["components"]]}
        place, person = self.channel(earlier.channel_id), self.user(earlier.user_id)
        source = self._backend.world.message(place.id, earlier.source_id) if earlier.source_id else None
        return await self._ask(
            place, person, MODAL_SUBMIT, data, name="", source=source, trigger=earlier, timeout_s=timeout_s
        )

    async def say(self, channel: Channel | int | str, user: User | int | str, content: str) -> Json:
        """Write a plain message."""
        place, person = self.channel(channel), self.user(user)
        held = self.held(place, person)
        if not held & permissions.BITS["send_messages"]:
            raise Refused(f"{person.username} may not write in #{place.name}")
        backend = self._backend
        message = Message(backend.new_id(), place.id, person.id, backend.clock(), content=content[:2000])
        await backend.post(message)
        return backend.draw(message)

    async def _ask(
        self,
        place: Channel,
        person: User,
        kind: int,
        data: Json,
        *,
        name: str,
        timeout_s: float,
        source: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Reply:
        backend = self._backend
        world = backend.world
        held = self.held(place, person)
        if kind == COMMAND and not held & permissions.BITS["use_application_commands"]:
            raise Refused(f"{person.username} may not use commands in #{place.name}")
        asked = Interaction(
            id=backend.new_id(),
            token=backend.new_token(),
            kind=kind,
            user_id=person.id,
            guild_id=place.guild_id,
            channel_id=place.id,
            name=name,
            at_s=backend.clock(),
            source_id=source.id if source is not None else None,
            trigger=trigger,
        )
        asked.payload = {
            "id": str(asked.id),
            "application_id": str(world.app_id),
            "type": kind,
            "token": asked.token,
            "version": 1,
            **wire.interaction_place(world, place.guild_id, place.id, person.id),
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10_485_760,
            "data": data,
        }
        if source is not None:
            asked.payload["message"] = wire.message(source, world)
        backend.open_interaction(asked)
        started = self._clock()
        if not await backend.gateway.dispatch("INTERACTION_CREATE", asked.payload, place.guild_id):
            raise NoAnswer("The application did not respond (it is not connected)")
        await self._until(lambda: asked.answer is not None, min(ANSWER_S, timeout_s), asked)
        answered = self._clock()
        await self._until(lambda: asked.settled, timeout_s, asked)
        return self._reply(asked, (answered - started) * 1000, (self._clock() - started) * 1000)

    async def _until(self, done: Callable[[], bool], timeout_s: float, asked: Interaction) -> None:
        what = f"/{asked.name}" if asked.name else str(asked.payload["data"].get("custom_id"))
        try:
            async with asyncio.timeout(timeout_s):
                while not done():
                    await self._backend.changed.wait()
        except TimeoutError:
            word = "did not respond" if asked.answer is None else "is still thinking"
            raise NoAnswer(f"The application {word}: {what}, {timeout_s:g} s") from None

    def _reply(self, asked: Interaction, elapsed_ms: float, settled_ms: float) -> Reply:
        answer = asked.answer or {}
        body = answer.get("data") or {}
        reply = Reply(str(asked.id), asked.token, int(answer.get("type") or 0), body, elapsed_ms, settled_ms, False)
        reply.choices = list(body.get("choices") or ())
        reply.modal = body if reply.kind == MODAL else None
        return self.refresh(reply)

    def refresh(self, reply: Reply) -> Reply:
        """Bring a reply up to date: its message, edits and follow-ups as they stand now."""
        backend = self._backend
        asked = backend.world.interactions.get(reply.token)
        if asked is None:
            return reply
        message = backend.world.message(asked.channel_id, asked.message_id) if asked.message_id else None
        reply.message = backend.draw(message) if message is not None else None
        flags = int(message.flags if message is not None else reply.body.get("flags") or 0)
        reply.ephemeral = bool(flags & EPHEMERAL)
        reply.edits = list(asked.edits)
        found = [backend.world.message(asked.channel_id, i) for i in asked.followups]
        reply.followups = [backend.draw(m) for m in found if m is not None]
        return reply


def _filled(part: Json, values: Mapping[str, Any]) -> Json:
    """Turn a form's part into what its submission carries."""
    drawn: Json = {"type": part["type"], "id": part.get("id", 0)}
    if isinstance(part.get("components"), list):
        drawn["components"] = [_filled(c, values) for c in part["components"]]
    if isinstance(part.get("component"), dict):
        drawn["component"] = _filled(part["component"], values)
    if "custom_id" not in part:
        return drawn
    own = part["custom_id"]
    drawn["custom_id"] = own
    given = values.get(own)
    if part["type"] == 4:  # noqa: PLR2004  a text input
        text = part.get("value") or "" if given is None else str(given)
        if part.get("required", True) and not text:
            raise Refused(f"the form's field {own!r} must be filled in")
        drawn["value"] = text
    elif part["type"] in {21, 23}:  # a radio group, a checkbox: one value
        drawn["value"] = given
    else:
        drawn["values"] = [] if given is None else list(given) if isinstance(given, list | tuple) else [str(given)]
    return drawn
