"""Work of a library that may be deaf to a cancellation for a moment."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

AGAIN_S: Final = 0.2


async def until_done(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work that may swallow a cancellation; pass it on until the work has ended. discord.py connects within
    asyncio.wait_for, which before Python 3.12 loses one that comes just as the connection is made.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=AGAIN_S)
        error = None if task.cancelled() else task.exception()
    if error is not None:
        raise error
