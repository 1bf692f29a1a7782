"""A conversation with the store is bounded, its failures have one name, and a cancellation is never lost in it."""

import asyncio
import traceback

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, MovedError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from watchers.errors import StoreError
from watchers.script import entries, storing


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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RedisConnectionError("Error 111 connecting to store.example:6379. Connection refused."),
            "the store is not reached",
        ),
        (OSError(113, "No route to host", "store.example"), "the store is not reached: no way leads there"),
        (AuthenticationError("store.example wants canary"), "the store does not accept user and password"),
        (MovedError("3999 store.example:6381"), "the store is a cluster that sends us elsewhere"),
        (ReadOnlyError("You can't write against a read only replica."), "You can't write against a"),
        (
            ResponseError("unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'user' 'canary'"),
            "unknown command 'HELLO'",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_an_error_keeps_the_servers_words_and_names_neither_host_nor_password(
    error: Exception, said: str
) -> None:
    with pytest.raises(StoreError) as raised:
        async with storing("read the cursor"):
            raise error
    assert str(raised.value).startswith(f"cannot read the cursor: {said}")
    told = "".join(traceback.format_exception(raised.value))
    assert "store.example" not in told
    assert "canary" not in told


async def test_neither_host_nor_password_of_a_store_that_is_away_is_in_the_traceback() -> None:
    redis = Redis.from_url("redis://:canary@localhost:1/0")
    with pytest.raises(StoreError) as raised:
        async with storing("read"):
            await redis.get("x")
    told = "".join(traceback.format_exception(raised.value))
    assert "cannot read: the store is not reached: it refuses the connection" in told
    assert "localhost" not in told
    assert "canary" not in told
    await redis.aclose()


def test_a_stream_is_read_in_either_protocol() -> None:
    pairs = [(b"1-0", {b"a": b"b"}), (b"2-0", None)]
    wanted = [(b"1-0", {b"a": b"b"}), (b"2-0", {})]
    assert entries([[b"s", pairs]]) == entries({b"s": [pairs]}) == entries({b"s": pairs}) == wanted
    assert entries([]) == entries({}) == entries(None) == entries({b"s": []}) == []
