"""A real engine a session, an empty database a test: the wheel's Valkey, and a redis-server where one is on PATH."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from config.settings import Runtime
from tests.delivery_world import World
from watchers.valkey import client, engine, socket_path

VERSION_S = 10


def redis_server() -> Path | None:
    """Find a redis-server that is one: where Valkey takes its place, the name leads to a valkey-server."""
    found = shutil.which("redis-server")
    if found is None:
        return None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=VERSION_S, check=False)  # noqa: S603 - what PATH holds
    return Path(found).absolute() if said.stdout.startswith("Redis server") else None


async def name_of(redis: Redis) -> str:
    """Ask an engine who it is; only Valkey says a name."""
    about: dict[str, str] = await redis.info("server")
    return about.get("server_name", "redis")


REDIS = redis_server()


@pytest.fixture(scope="session", params=["valkey", *(["redis"] if REDIS else [])])
def engine_socket(request: pytest.FixtureRequest) -> Iterator[str]:
    """Path of the socket of an embedded engine that lives as long as the session."""
    # a short path: sockets allow 107 bytes
    with tempfile.TemporaryDirectory(prefix="tribune-test-", dir="/tmp") as folder:
        path = Path(folder) / "path"  # a valkey-server beside redis-server would be taken; with neither, the wheel's
        path.mkdir()
        if request.param == "redis":
            assert REDIS is not None
            (path / "redis-server").symlink_to(REDIS)
        data = Path(folder) / "data"
        context = engine(Runtime(data_dir=data))
        with asyncio.Runner() as runner:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PATH", str(path))
                redis = runner.run(context.__aenter__())
            try:
                assert runner.run(name_of(redis)) == request.param, "another engine answers"
                yield str(socket_path(data))
            finally:
                runner.run(context.__aexit__(None, None, None))


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
