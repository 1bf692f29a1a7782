"""The bot's Lua scripts: every change of state is one of them, whole or not at all, and harmless when it runs twice.

A script finds the post and alert keys it needs from its arguments: they all carry the shard's hash tag, so they live in
the slot of KEYS[1] and a Cluster accepts them.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from watchers.errors import StoreError

HERE = Path(__file__).parent
Argument = str | bytes | int


class Script:
    """One script on one client, sent by its SHA; the server is taught it again when it forgot."""

    def __init__(self, client: "redis.asyncio.Redis", name: str) -> None:
        self.name = name
        prelude = (HERE / "prelude.lua").read_text(encoding="utf-8")
        self._script = client.register_script(prelude + (HERE / f"{name}.lua").read_text(encoding="utf-8"))

    async def __call__(self, tag: str, *arguments: Argument) -> Any:
        """Run it; `tag` is the shard's hash tag. Raises StoreError."""
        return await ask(self.name, self._script(keys=[f"{tag}:out"], args=[tag, *arguments]))


async def ask(what: str, awaitable: Awaitable[Any]) -> Any:
    """Wait for the store. Raises StoreError, which keeps a server's own answer but not a connection's text (it may name
    the host).
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        answer = await awaitable
    except (RedisError, OSError, TimeoutError) as error:
        detail = f": {error}" if isinstance(error, ResponseError) else ""
        raise StoreError(f"{what}: {type(error).__name__}{detail}") from error
    finally:
        # redis-py sends within asyncio.wait_for, which before Python 3.12 may swallow a cancellation
        if task is not None and task.cancelling() > before:  # not one from before, which is being cleaned up after
            raise asyncio.CancelledError
    return answer


def text(value: Any) -> str:
    """Read a reply that may be bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def texts(values: Sequence[Any]) -> list[str]:
    """Read a list of such replies."""
    return [text(value) for value in values]
