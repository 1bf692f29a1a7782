"""What a person gets back: the bot's answer to an interaction, waited for, and how it stands later.

Source: discord-api-docs `interactions/receiving-and-responding.mdx`.
Errors: NoAnswer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from sandbox.discord import limits
from sandbox.discord.backend import Backend
from sandbox.discord.components import texts
from sandbox.discord.interactions import MODAL
from sandbox.discord.state import EPHEMERAL, Interaction, Json

ANSWER_S: Final = limits.INTERACTION_ANSWER_S
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
    """Give all words of a drawn message as they are read: content, text displays, embeds; every space is one."""
    parts = [message.get("content") or "", *texts(message.get("components"))]
    for embed in message.get("embeds") or ():
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{f.get('name')}: {f.get('value')}" for f in embed.get("fields") or ()]
    return "\n".join(p for p in parts if p).replace("\u00a0", " ")


async def answered(backend: Backend, asked: Interaction, clock: Callable[[], float], timeout_s: float) -> Reply:
    """Send an interaction to the bot; wait for its answer, and for the one that is not "thinking". Raises NoAnswer."""
    backend.open_interaction(asked)
    started = clock()
    if not await backend.gateway.dispatch("INTERACTION_CREATE", asked.payload, asked.guild_id):
        raise NoAnswer("The application did not respond (it is not connected)")
    await _until(lambda: asked.answer is not None, min(ANSWER_S, timeout_s), asked, backend)
    elapsed_ms = (clock() - started) * 1000
    await _until(lambda: asked.settled, timeout_s, asked, backend)
    settled_ms = (clock() - started) * 1000
    answer = asked.answer or {}
    body = answer.get("data") or {}
    reply = Reply(str(asked.id), asked.token, int(answer.get("type") or 0), body, elapsed_ms, settled_ms, False)
    reply.choices = list(body.get("choices") or ())
    reply.modal = body if reply.kind == MODAL else None
    return refreshed(backend, reply)


async def _until(done: Callable[[], bool], timeout_s: float, asked: Interaction, backend: Backend) -> None:
    what = f"/{asked.name}" if asked.name else str(asked.payload["data"].get("custom_id"))
    try:
        async with asyncio.timeout(timeout_s):
            while not done():
                await backend.changed.wait()
    except TimeoutError:
        word = "did not respond" if asked.answer is None else "is still thinking"
        raise NoAnswer(f"The application {word}: {what}, {timeout_s:g} s") from None


def refreshed(backend: Backend, reply: Reply) -> Reply:
    """Bring a reply up to date."""
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
