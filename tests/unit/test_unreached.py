"""What is said of a machine that was not reached, with the very errors that the libraries raise."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from watchers import unreached
from watchers.unreached import of_error, of_status

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def there(answer: Answer) -> AsyncIterator[int]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def why(url: str) -> unreached.Why:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(url, data=b"x") as response:
                await response.read()
        except (aiohttp.ClientError, OSError) as error:
            return of_error(error)
    raise AssertionError("it answered")


async def speak_another_language(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    await writer.drain()


async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
    await writer.drain()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


@pytest.mark.parametrize(
    ("scheme", "answer", "what"),
    [
        ("http", speak_another_language, "does not speak HTTP"),
        ("https", speak_another_language, "does not speak TLS"),
        ("http", break_off, "hangs up in the middle"),
        ("http", reset, "hangs up in the middle"),
    ],
)
async def test_a_server_that_is_no_node_is_told_by_what_it_does(scheme: str, answer: Answer, what: str) -> None:
    async with there(answer) as port:
        assert (await why(f"{scheme}://127.0.0.1:{port}/")).what == what


async def test_nobody_there_and_no_such_name_are_two_things() -> None:
    assert (await why("http://127.0.0.1:1/")).what == "refuses the connection"
    assert (await why("http://nobody.invalid/")).what == "its name cannot be looked up"


async def test_what_redis_py_wraps_is_seen_through() -> None:
    for url, what in (
        ("redis://127.0.0.1:1", "refuses the connection"),
        ("redis://nobody.invalid:6379", "its name cannot be looked up"),
        ("unix:///nowhere/valkey.sock", "there is no such socket"),
    ):
        redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0))
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the library raises
            await redis.ping()
        await redis.aclose()
        assert of_error(caught.value).what == what


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ssl.SSLCertVerificationError(1, "self-signed"), unreached.NO_TRUST),
        (OSError(113, "No route to host"), unreached.NO_WAY),
        (TimeoutError(), unreached.TIMEOUT),
        (ExceptionGroup("two addresses", [OSError(101, "unreachable"), OSError(111, "refused")]), unreached.NO_WAY),
        (aiohttp.InvalidURL("http://canary"), unreached.NO_URL),
        (OSError(), unreached.UNKNOWN),
        (aiohttp.ClientError("canary"), unreached.UNKNOWN),
    ],
)
def test_every_kind_has_its_words_and_none_quotes_the_error(error: Exception, why: unreached.Why) -> None:
    assert of_error(error) == why
    assert "canary" not in repr(of_error(error))


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (302, "sends us elsewhere (HTTP 302)"),
        (401, "does not accept the key (HTTP 401)"),
        (403, "refuses us (HTTP 403)"),
        (404, "has nothing at this path (HTTP 404)"),
        (418, "the answer is not JSON-RPC (HTTP 418)"),
        (429, "too many requests (HTTP 429)"),
        (502, "is in trouble itself (HTTP 502)"),
        (999, "is in trouble itself (HTTP 999)"),
    ],
)
def test_a_status_is_said_in_words_with_its_number(status: int, what: str) -> None:
    assert of_status(status).what == what
    assert of_status(status).todo
