import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.discord import Discord

KEYS = [
    "content",
    "embeds",
    "components",
    "allowed_mentions",
    "flags",
    "nonce",
    "enforce_nonce",
    "poll",
    "attachments",
    "message_reference",
    "type",
    "custom_id",
    "label",
    "style",
    "url",
    "options",
    "accessory",
    "title",
    "fields",
    "name",
    "value",
    "description",
    "parse",
    "roles",
    "users",
    "data",
    "choices",
    "footer",
    "author",
    "text",
    "media",
    "items",
    "file",
    "id",
    "recipient_id",
    "required",
    "min_length",
    "max_values",
    "sticker_ids",
]
LEAVES = (
    None,
    True,
    -1,
    0,
    1,
    2,
    3,
    5,
    9,
    10,
    11,
    12,
    13,
    17,
    18,
    1 << 15,
    1.5,
    "",
    "x",
    "1",
    "attachment://x",
    "<@&1> @everyone",
)


def strange(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if depth > 4 or kind < 0.35:
        return chance.choice(LEAVES)
    if kind < 0.6:
        return [strange(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {chance.choice(KEYS): strange(chance, depth + 1) for _ in range(chance.randrange(6))}


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    async with Discord.start() as started:
        started.limits.enabled = False
        yield started


@pytest.mark.parametrize("seed", range(4))
async def test_a_body_of_any_shape_is_answered_with_sense(server: Discord, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    app, channel = server.backend.world.app_id, server.channel("alerts").id
    targets = [
        ("POST", f"/channels/{channel}/messages"),
        ("PUT", f"/applications/{app}/commands"),
        ("POST", f"/applications/{app}/commands"),
        ("POST", f"/channels/{channel}/threads"),
        ("POST", "/users/@me/channels"),
        ("PATCH", f"/channels/{channel}"),
    ]
    headers = {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(150):
            method, path = chance.choice(targets)
            body = strange(chance)
            if path.endswith("messages") and isinstance(body, dict):
                body.setdefault("content", "x")
                body["flags"] = chance.choice((0, 1 << 15))
            async with session.request(method, server.api_base + path, json=body) as answer:
                assert answer.status < 500, (method, path, body, await answer.text())
                assert answer.headers["Content-Type"] == "application/json"
