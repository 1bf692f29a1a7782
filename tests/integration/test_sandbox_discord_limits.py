from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.discord import Discord

Body = Any


def text(words: str) -> dict[str, Any]:
    return {"type": 10, "content": words}


def v2(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"flags": 1 << 15, "components": list(parts)}


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "x", "custom_id": "x"} | more


def row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(buttons)}


def box(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 17, "components": list(parts)}


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord.start() as started:
        started.limits.enabled = False
        yield started


async def send(server: Discord, method: str, path: str, body: Body) -> tuple[int, Any]:
    headers = {"Authorization": f"Bot {server.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, server.api_base + path, json=body) as answer,
    ):
        return answer.status, await answer.json()


async def post(server: Discord, body: Body) -> tuple[int, Any]:
    return await send(server, "POST", f"/channels/{server.channel('alerts').id}/messages", body)


def words_of(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        own = {e["code"] for e in tree.get("_errors", ())}
        return own.union(*(words_of(v) for k, v in tree.items() if k != "_errors"))
    return set()


WIDE = box(*(text(str(n)) for n in range(39)))
REFUSED = {
    "content of 2001": ({"content": "x" * 2001}, "BASE_TYPE_MAX_LENGTH"),
    "nonce of 26": ({"content": "x", "nonce": "n" * 26}, "BASE_TYPE_MAX_LENGTH"),
    "41 components, nested": (v2(WIDE, text("one more")), "BASE_TYPE_MAX_LENGTH"),
    "4001 characters over two texts": (
        v2(text("x" * 2000), text("x" * 2001)),
        "COMPONENT_MAX_TOTAL_TEXT_SIZE_EXCEEDED",
    ),
    "6 buttons in a row": (v2(row(*(button(custom_id=str(n)) for n in range(6)))), "BASE_TYPE_BAD_LENGTH"),
    "label of 81": (v2(row(button(label="x" * 81))), "BASE_TYPE_BAD_LENGTH"),
    "custom_id of 101": (v2(row(button(custom_id="x" * 101))), "BASE_TYPE_BAD_LENGTH"),
    "the same custom_id twice": (v2(row(button(), button())), "COMPONENT_CUSTOM_ID_DUPLICATED"),
    "a link without http": (
        v2(row({"type": 2, "style": 5, "label": "x", "url": "javascript:1"})),
        "URL_TYPE_INVALID_SCHEME",
    ),
    "a section without accessory": (v2({"type": 9, "components": [text("x")]}), "BASE_TYPE_REQUIRED"),
    "4 texts in a section": (
        v2({"type": 9, "components": [text("x")] * 4, "accessory": button()}),
        "BASE_TYPE_BAD_LENGTH",
    ),
    "a container in a container": (v2(box(box(text("x")))), "BASE_TYPE_CHOICES"),
    "content beside V2": (v2(text("x")) | {"content": "x"}, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"),
    "a V2 part without the flag": ({"components": [text("x")]}, "BASE_TYPE_CHOICES"),
    "26 options": (
        v2(row({"type": 3, "custom_id": "s", "options": [{"label": str(n), "value": str(n)} for n in range(26)]})),
        "BASE_TYPE_BAD_LENGTH",
    ),
    "11 embeds": ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_MAX_LENGTH"),
    "embeds of 6001 together": (
        {"embeds": [{"description": "x" * 3000}, {"description": "x" * 3001}]},
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    "an embed title of 257": ({"embeds": [{"title": "x" * 257}]}, "BASE_TYPE_MAX_LENGTH"),
    "101 roles to mention": ({"content": "x", "allowed_mentions": {"roles": ["1"] * 101}}, "BASE_TYPE_MAX_LENGTH"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_body_over_a_limit_is_refused_with_50035(server: Discord, case: str) -> None:
    body, word = REFUSED[case]
    before = len(server.messages("alerts"))
    status, answer = await post(server, body)
    assert (status, answer["code"]) == (400, 50035)
    assert word in words_of(answer["errors"])
    assert len(server.messages("alerts")) == before


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2000, "nonce": "n" * 25},
        v2(WIDE),
        v2(text("x" * 2000), text("x" * 2000)),
        v2(row(button(label="x" * 80))),
    ],
)
async def test_a_body_at_a_limit_is_taken(server: Discord, body: Body) -> None:
    status, answer = await post(server, body)
    assert status == 200, answer


async def test_an_empty_message_is_50006(server: Discord) -> None:
    assert (await post(server, {}))[1]["code"] == 50006


async def test_an_unknown_route_is_404_and_remembered(server: Discord) -> None:
    status, answer = await send(server, "GET", "/channels/1/nothing", None)
    assert (status, answer["code"]) == (404, 0)
    assert [r.path for r in server.unknown_routes()] == ["/channels/1/nothing"]


def command(**more: Any) -> dict[str, Any]:
    return {"name": "votes", "description": "x"} | more


@pytest.mark.parametrize(
    "commands",
    [
        [command(name="Votes")],
        [command(name="x" * 33)],
        [command(description="")],
        [command(description="x" * 101)],
        [command(), command()],
        [command(options=[{"type": 3, "name": f"o{n}", "description": "x"} for n in range(26)])],
        [
            command(
                options=[{"type": 3, "name": "o", "description": "x", "choices": [{"name": "n", "value": "v"}] * 26}]
            )
        ],
        [command(name=f"c{n}") for n in range(101)],
    ],
)
async def test_commands_over_a_limit_are_refused(server: Discord, commands: Body) -> None:
    status, _ = await send(server, "PUT", f"/applications/{server.backend.world.app_id}/commands", commands)
    assert status == 400


async def test_a_mention_inside_a_text_display_pings_unless_it_is_forbidden(server: Discord) -> None:
    role = server.guild.id + 3
    _, loud = await post(server, v2(text(f"<@&{role}> @everyone")))
    _, quiet = await post(server, v2(text(f"<@&{role}> @everyone")) | {"allowed_mentions": {"parse": []}})
    _, chosen = await post(server, v2(text(f"<@&{role}>")) | {"allowed_mentions": {"parse": [], "roles": [str(role)]}})
    assert (loud["mention_roles"], loud["mention_everyone"]) == ([str(role)], True)
    assert (quiet["mention_roles"], quiet["mention_everyone"]) == ([], False)
    assert chosen["mention_roles"] == [str(role)]
