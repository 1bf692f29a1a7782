"""The connection to Discord ends when it is told to, also while the library is deaf for a moment."""

import asyncio

import pytest
from pydantic import SecretStr

from bot.client import Connection
from bot.ending import until_done


class Deaf(Connection):
    """Connects as the library does on Python 3.11 when the cancellation comes as the connection is made."""

    heard = 0

    async def connect(self, *, reconnect: bool = True) -> None:
        while self.heard < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.heard += 1
        await asyncio.Event().wait()


async def test_a_cancellation_that_the_library_swallows_still_ends_the_connection() -> None:
    connection = Deaf(SecretStr("token"))
    connection.logged_in.set()
    staying = asyncio.create_task(connection.stay())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    staying.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({staying})
    assert staying.cancelled()
    assert connection.heard == 2
    await connection.http.close()


async def test_how_the_work_ended_is_told() -> None:
    async def failing() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        await until_done(failing())
