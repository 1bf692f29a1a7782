"""The human side: type a command, press a button, fill in a form, and see what the bot answers."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.discord import permissions, wire
from sandbox.discord.backend import Backend
from sandbox.discord.commands import offered
from sandbox.discord.components import find
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, MODAL_SUBMIT
from sandbox.discord.options import Refused, fill, resolve
from sandbox.discord.reply import ANSWER_S, SETTLE_S, Reply, answered, refreshed
from sandbox.discord.state import Channel, Interaction, Json, Message, User


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
        return await self._ask(place, person, COMPONENT, data, source=message, timeout_s=timeout_s)

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
        return await self._ask(place, person, MODAL_SUBMIT, data, source=source, trigger=earlier, timeout_s=timeout_s)

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
        name: str = "",
        timeout_s: float,
        source: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Reply:
        backend, held = self._backend, self.held(place, person)
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
        asked.payload = wire.interaction(asked, data, source, backend.world)
        return await answered(backend, asked, self._clock, timeout_s)

    def refresh(self, reply: Reply) -> Reply:
        """Bring a reply up to date: its message, edits and follow-ups as they stand now."""
        return refreshed(self._backend, reply)


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
