"""A real engine a session, an empty database a test: the wheel's Valkey, and a redis-server where one is on PATH."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from redis.asyncio import Redis

from config.settings import Runtime
from tests.delivery_world import World
from watchers.valkey import client, engine, socket_path


def engines() -> list[ParameterSet]:
    """Name the PATH that each engine is looked for in; with an empty one the wheel's is taken."""
    found = shutil.which("redis-server")
    return [pytest.param("", id="valkey"), *([pytest.param(str(Path(found).parent), id="redis")] if found else [])]


@pytest.fixture(scope="session", params=engines())
def engine_socket(request: pytest.FixtureRequest) -> Iterator[str]:
    """Path of the socket of an embedded engine that lives as long as the session."""
    with tempfile.TemporaryDirectory(
        prefix="tribune-test-", dir="/tmp"
    ) as folder:  # a short path: sockets allow 107 bytes
        runner = asyncio.Runner()
        context = engine(Runtime(data_dir=Path(folder)))
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PATH", request.param)
                runner.run(context.__aenter__())
            yield str(socket_path(Path(folder)))
            runner.run(context.__aexit__(None, None, None))
        finally:
            runner.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def redis(engine_socket: str) -> AsyncIterator[Redis]:
    """A client of the session's engine, on an empty database."""
    connection = client(engine_socket)
    await connection.flushall()
    try:
        yield connection
    finally:
        await connection.aclose()


@pytest.fixture
def world(redis: Redis) -> World:
    """A store, a Discord and a clock for senders."""
    return World(redis)
