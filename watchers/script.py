"""The one way to talk to the store: conversations bounded in time, Lua scripts by their hash, and what replies hold.

Errors: StoreError for everything that the store or the connection to it may do wrong. Its text keeps a server's own
words; never a connection's, which name the host.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.exceptions import AskError, AuthenticationError, NoScriptError, RedisError, ResponseError

from watchers.errors import StoreError
from watchers.unreached import of_error

TIMEOUT_S = 15.0
_FOLDER = Path(__file__).with_name("lua")

Argument = str | bytes | int
Entry = tuple[bytes, dict[bytes, bytes]]


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
        # not "from error": a traceback would say what we leave out
        raise StoreError(f"cannot {what}: {_said(error)}") from None
    finally:
        # redis-py sends within asyncio.wait_for, which before Python 3.12 may swallow a cancellation
        if task is not None and task.cancelling() > before:  # not one from before, which is being cleaned up after
            raise asyncio.CancelledError


def _said(error: BaseException) -> str:
    """Give what the server said, or why it was not reached. Left out: where a cluster sends us, and the arguments of a
    command it does not know, which may be a password.
    """
    if isinstance(error, AskError):
        return "the store is a cluster that sends us elsewhere"
    if isinstance(error, AuthenticationError):
        return "the store does not accept user and password"
    if isinstance(error, ResponseError):
        return str(error).partition(", with args")[0]
    return f"the store is not reached: {of_error(error).clause}"


class Script:
    """One script; sent whole only to a server that does not know it. Twice is once: a lost reply is asked again."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, redis: Any, tag: str, *args: Argument) -> Any:
        """Run it on the keys that begin with `tag` and give the reply. Raises StoreError."""
        async with storing(f"run {self.name}.lua"):
            try:
                return await redis.evalsha(self.sha, 1, tag, *args)
            except NoScriptError:
                return await redis.eval(self.text, 1, tag, *args)


def load(name: str, folder: Path = _FOLDER) -> Script:
    """Read `name`.lua; the folder's state.lua goes ahead of it, so that scripts can share functions."""
    return Script(name, "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in ("state", name)))


async def make_group(redis: Any, stream: str, group: str) -> None:
    """Make a consumer group that begins with the stream's first entry, if it is not there. To be used in `storing`."""
    try:
        await redis.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


def entries(reply: Any) -> list[Entry]:
    """Give the entries of the one stream that was read: RESP2 has pairs, RESP3 a map. One that was deleted while it
    was pending has no fields.
    """
    if not reply:
        return []
    rows = next(iter(reply.values())) if isinstance(reply, dict) else reply[0][1]
    if isinstance(reply, dict) and rows and isinstance(rows[0], list):
        rows = rows[0]
    return [(entry, fields or {}) for entry, fields in rows]


def text(value: bytes | None) -> str:
    """Read a reply; "" for none."""
    return value.decode() if value else ""
