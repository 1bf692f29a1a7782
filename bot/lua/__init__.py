"""The bot's Lua scripts: every change of state is one of them, whole or not at all, and harmless when it runs twice.

A script finds the post and alert keys it needs from its arguments: they all carry the shard's hash tag, so they live in
the slot of KEYS[1] and a Cluster accepts them.
"""

from collections.abc import Sequence
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
        try:
            return await self._script(keys=[f"{tag}:out"], args=[tag, *arguments])
        except (RedisError, OSError, TimeoutError) as error:
            raise store_error(self.name, error) from error


def store_error(what: str, error: Exception) -> StoreError:
    """Say what failed and how; a server's own answer is kept, a connection's text (it may name the host) is not."""
    detail = f": {error}" if isinstance(error, ResponseError) else ""
    return StoreError(f"{what}: {type(error).__name__}{detail}")


def text(value: Any) -> str:
    """Read a reply that may be bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def texts(values: Sequence[Any]) -> list[str]:
    """Read a list of such replies."""
    return [text(value) for value in values]
