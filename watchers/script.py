"""A Lua script by its hash, and what a failing store is called.

Errors: StoreError for everything that the store or the connection to it may do wrong.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from watchers.errors import StoreError

TIMEOUT_S = 15.0
_FOLDER = Path(__file__).with_name("lua")


@asynccontextmanager
async def storing(what: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[None]:
    """Bound a conversation with the store in time and call its failures StoreError. `what` completes "cannot ..."."""
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise StoreError(f"cannot {what}: the store did not answer in {timeout_s:g} s") from None
    except (RedisError, OSError) as error:
        raise StoreError(f"cannot {what}: {type(error).__name__}: {error}") from error
    finally:
        # redis-py sends within asyncio.wait_for, which before Python 3.12 may swallow a cancellation
        if task is not None and task.cancelling() > before:  # not one from before, which is being cleaned up after
            raise asyncio.CancelledError


class Script:
    """One script; sent whole only to a server that does not know it. Redelivery must be harmless: it is repeated."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, redis: Redis, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        """Run it and give the reply. Raises StoreError."""
        given: list[Any] = [*keys, *args]
        async with storing(self.name):
            try:
                return await redis.evalsha(self.sha, len(keys), *given)
            except NoScriptError:
                return await redis.eval(self.text, len(keys), *given)


def load(name: str, *, folder: Path = _FOLDER, before: Sequence[str] = ("state",)) -> Script:
    """Read `name`.lua; the files of `before` go ahead of it, so that scripts can share functions."""
    return Script("\n".join((folder / f"{part}.lua").read_text("utf-8") for part in (*before, name)), name)
