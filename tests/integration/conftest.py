"""A real engine a session, an empty database a test."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from config.settings import Runtime
from watchers.valkey import client, engine, socket_path


@pytest.fixture(scope="session")
def engine_socket() -> Iterator[str]:
    """Path of the socket of an embedded engine that lives as long as the session."""
    with tempfile.TemporaryDirectory(
        prefix="tribune-test-", dir="/tmp"
    ) as folder:  # a short path: sockets allow 107 bytes
        runner = asyncio.Runner()
        context = engine(Runtime(data_dir=Path(folder)))
        try:
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
