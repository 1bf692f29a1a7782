"""A conversation with the store is bounded, its failures have one name, and a cancellation is never lost in it."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from watchers.errors import StoreError
from watchers.script import storing


async def swallow(error: Exception | None = None) -> None:
    """Do what `asyncio.wait_for` does on Python 3.11 when its work is done as the cancellation comes."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if error is not None:
            raise error from None


@pytest.mark.parametrize("error", [None, RedisConnectionError("gone")])
async def test_a_cancellation_that_the_client_swallows_still_ends_the_task(error: Exception | None) -> None:
    async def work() -> None:
        async with storing("read"):
            await swallow(error)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_answer_after_an_earlier_cancellation_is_still_an_answer() -> None:
    """What cleans up after a cancellation may use the store."""
    said = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            async with storing("release"):
                await asyncio.sleep(0)
            said.append("released")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said == ["released"]


async def test_a_store_that_does_not_answer_in_time_is_a_store_error_and_no_cancellation() -> None:
    with pytest.raises(StoreError, match=r"did not answer in 0\.01 s"):
        async with storing("read", 0.01):
            await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
