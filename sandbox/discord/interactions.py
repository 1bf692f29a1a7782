"""What the bot says to an interaction: its first answer, the edits of it and the follow-ups.

Source: discord-api-docs `interactions/receiving-and-responding.mdx`.
"""

from typing import Final

from sandbox.discord import limits, sizes, wire
from sandbox.discord.backend import Backend
from sandbox.discord.composing import amend, compose
from sandbox.discord.refusal import Refusal, unknown
from sandbox.discord.rest import Answer, Call, Route
from sandbox.discord.state import COMPONENTS_V2, EPHEMERAL, LOADING, Interaction, Json, Message

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ALLOWED: Final[dict[int, frozenset[int]]] = {
    COMMAND: frozenset({MESSAGE, DEFERRED, MODAL}),
    COMPONENT: frozenset({MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL}),
    AUTOCOMPLETE: frozenset({CHOICES}),
    MODAL_SUBMIT: frozenset({MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE}),
}


def _interaction(call: Call) -> Interaction:
    found = call.backend.world.interactions.get(call.params["token"])
    if found is None:
        raise unknown("webhook" if "webhook_id" in call.params else "interaction")
    return found


def _living(call: Call) -> Interaction:
    """Find an interaction by its token for a follow-up: answered, and not older than 15 minutes."""
    found = _interaction(call)
    if call.id("webhook_id") != call.backend.world.app_id or found.answer is None:
        raise unknown("webhook")
    if call.backend.clock() - found.at_s > limits.INTERACTION_TOKEN_S:
        raise Refusal(401, 50027, "Invalid Webhook Token")
    return found


async def answer(call: Call) -> Answer:
    """Take the first answer to an interaction; a second is 40060, one after three seconds 10062."""
    backend = call.backend
    found = _interaction(call)
    if found.id != call.id("interaction_id"):
        raise unknown("interaction")
    if found.answer is not None:
        raise Refusal(400, 40060, "Interaction has already been acknowledged.")
    if backend.clock() - found.at_s > limits.INTERACTION_ANSWER_S:
        raise unknown("interaction")
    body = call.object()
    kind, data = body.get("type"), body.get("data") or {}
    if kind not in ALLOWED[found.kind] or (kind in {UPDATE, DEFERRED_UPDATE} and found.source_id is None):
        raise Refusal(400, 50035, "Invalid Form Body", {"type": {"_errors": [_choice(found)]}})
    if kind == CHOICES:
        sizes.autocomplete(data)
    elif kind == MODAL:
        sizes.modal(data)
    elif kind == UPDATE:
        source = _source(backend, found)
        sizes.message(data, was_v2=bool(source.flags & COMPONENTS_V2), files=len(call.files), edit=True)
    elif kind == MESSAGE:
        sizes.message(data, files=len(call.files))
    found.answer, found.answered_at_s = body, backend.clock()
    message = await _apply(call, found, int(kind or 0), data)
    found.settled = kind not in {DEFERRED, DEFERRED_UPDATE}
    return (200, _callback(backend, found, message)) if call.flag("with_response") else (204, None)


def _choice(found: Interaction) -> Json:
    known = ", ".join(str(k) for k in sorted(ALLOWED[found.kind]))
    return {"code": "BASE_TYPE_CHOICES", "message": f"Value must be one of ({known})."}


def _source(backend: Backend, found: Interaction) -> Message:
    source = backend.world.message(found.channel_id, found.source_id or 0)
    if source is None:
        raise unknown("message")
    return source


async def _apply(call: Call, found: Interaction, kind: int, data: Json) -> Message | None:
    backend = call.backend
    if kind in {MESSAGE, DEFERRED}:
        message = _reply(call, found, data)
        message.flags |= LOADING if kind == DEFERRED else 0
        found.message_id = message.id
        await backend.post(message)
        return message
    if kind in {UPDATE, DEFERRED_UPDATE}:
        message = _source(backend, found)
        found.message_id = message.id
        if kind == UPDATE:
            amend(backend, message, data, call.files)
            await backend.edited(message)
        return message
    return None


def _reply(call: Call, found: Interaction, data: Json) -> Message:
    backend = call.backend
    message = compose(backend, data, call.files, channel_id=found.channel_id)
    message.nonce = None
    message.kind = 20 if found.kind == COMMAND else 19 if found.source_id is not None else 0
    message.webhook_id = backend.world.app_id
    message.interaction = _origin(backend, found)
    if found.source_id is not None:
        message.reference = {"type": 0, "channel_id": str(found.channel_id), "message_id": str(found.source_id)}
    if message.flags & EPHEMERAL:
        message.seen_by = found.user_id
    return message


def _origin(backend: Backend, found: Interaction) -> Json:
    drawn: Json = {
        "id": str(found.id),
        "type": found.kind,
        "user": wire.user(backend.world.users[found.user_id]),
        "authorizing_integration_owners": {"0": str(found.guild_id or 0)},
        "name": found.name,
    }
    if found.trigger is not None:
        drawn["triggering_interaction_metadata"] = _origin(backend, found.trigger)
    elif found.source_id is not None:
        drawn["interacted_message_id"] = str(found.source_id)
    return drawn


def _callback(backend: Backend, found: Interaction, message: Message | None) -> Json:
    kind = (found.answer or {}).get("type")
    drawn: Json = {"id": str(found.id), "type": found.kind}
    if message is not None:
        drawn |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": bool(message.flags & EPHEMERAL),
        }
    if message is None or kind not in {MESSAGE, UPDATE}:
        return {"interaction": drawn}
    return {"interaction": drawn, "resource": {"type": kind, "message": wire.message(message, backend.world)}}


async def follow_up(call: Call) -> Answer:
    """Send a follow-up; the first one after a deferred answer takes its place, and its privacy."""
    backend = call.backend
    found = _living(call)
    body = call.object()
    sizes.message(body, files=len(call.files))
    waiting = backend.world.message(found.channel_id, found.message_id or 0)
    if waiting is not None and waiting.flags & LOADING:
        message = await _fill(call, found, waiting, body)
    else:
        message = _reply(call, found, body)
        message.kind = 0
        found.followups.append(message.id)
        found.settled = True
        await backend.post(message)
    drawn = wire.message(message, backend.world)
    return (200, drawn) if call.flag("wait") else (204, None)


async def _fill(call: Call, found: Interaction, message: Message, body: Json) -> Message:
    message.flags &= ~LOADING
    amend(
        call.backend, message, {"flags": message.flags | (body.get("flags") or 0), **_without_flags(body)}, call.files
    )
    found.edits.append(body)
    found.settled = True
    await call.backend.edited(message, loading=True)
    return message


def _without_flags(body: Json) -> Json:
    return {k: v for k, v in body.items() if k != "flags"}


def _followed(call: Call) -> tuple[Interaction, Message]:
    found = _living(call)
    text = call.params["message_id"]
    wanted = found.message_id if text == "@original" else call.id("message_id")
    if text != "@original" and wanted not in {*found.followups, found.message_id}:
        raise unknown("message")
    message = call.backend.world.message(found.channel_id, wanted or 0)
    if message is None:
        raise unknown("message")
    return found, message


async def edit(call: Call) -> Answer:
    """Edit the reply or a follow-up; the first edit of a deferred reply is the reply."""
    backend = call.backend
    found, message = _followed(call)
    body = call.object()
    sizes.message(body, was_v2=bool(message.flags & COMPONENTS_V2), files=len(call.files), edit=True)
    if message.flags & LOADING:
        await _fill(call, found, message, body)
    else:
        amend(backend, message, body, call.files)
        found.edits.append(body)
        found.settled = True
        await backend.edited(message)
    return 200, wire.message(message, backend.world)


async def read(call: Call) -> Answer:
    """Read the reply or a follow-up."""
    return 200, wire.message(_followed(call)[1], call.backend.world)


async def delete(call: Call) -> Answer:
    """Delete the reply or a follow-up."""
    found, message = _followed(call)
    found.settled = True
    await call.backend.deleted(message)
    return 204, None


ROUTES = [
    Route("POST", "/interactions/{interaction_id}/{token}/callback", answer, "callback"),
    Route("POST", "/webhooks/{webhook_id}/{token}", follow_up, "webhooks"),
    Route("GET", "/webhooks/{webhook_id}/{token}/messages/{message_id}", read, "webhooks"),
    Route("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}", edit, "webhooks"),
    Route("DELETE", "/webhooks/{webhook_id}/{token}/messages/{message_id}", delete, "webhooks"),
]
