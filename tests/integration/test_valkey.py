"""Our own engine as a real process: one per folder, nothing acknowledged is lost, none is left behind."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from config.settings import Runtime
from watchers.errors import SettingsError, StoreError
from watchers.lock import Lock
from watchers.valkey import Embedded, engine, find_binary, socket_path

# what another process of ours does: use the engine, say which one it is, write when told, end when told
PROCESS = """
import asyncio, structlog, sys
from pathlib import Path
from config.settings import Runtime
from watchers.valkey import engine

async def main():
    async with engine(Runtime(data_dir=Path(sys.argv[1]))) as redis:
        print((await redis.info("server"))["process_id"], flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                print(await redis.incr(line.strip()), flush=True)
            except Exception as error:
                print(type(error).__name__, flush=True)

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tribune-test-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture
def broken(folder: Path) -> Path:
    script = folder / "valkey-server"
    script.write_text("#!/bin/sh\necho Bad file format >&2\nexit 3\n")
    script.chmod(0o700)
    return script


@pytest.fixture
def elsewhere(folder: Path) -> Iterator[None]:
    """A living process started what listens on the socket."""
    owner = Lock(folder / "valkey.owner")
    assert owner.take()
    yield
    owner.drop()


@contextlib.asynccontextmanager
async def process(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    pipes: dict[str, Any] = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, str(folder), **pipes)
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.communicate()


async def says(started: asyncio.subprocess.Process) -> str:
    assert started.stdout is not None
    async with asyncio.timeout(30):
        return (await started.stdout.readline()).decode().strip()


async def tells(started: asyncio.subprocess.Process, line: str) -> str:
    assert started.stdin is not None
    started.stdin.write(f"{line}\n".encode())
    return await says(started)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


async def ended(pid: int) -> None:
    async with asyncio.timeout(20):
        while lives(pid):  # noqa: ASYNC110 - a process of somebody else's sets no event
            await asyncio.sleep(0.02)


async def pid_of(redis: Redis) -> int:
    return int((await redis.info("server"))["process_id"])


async def answering(redis: Redis) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(RedisError):
                await redis.ping()
                return
            await asyncio.sleep(0.02)


async def test_the_engine_is_durable_private_and_ends_with_its_context(folder: Path) -> None:
    async with engine(Runtime(data_dir=folder / "data")) as redis:
        pid = await pid_of(redis)
        wanted = {
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "port": "0",
            "save": "",
        }
        for name, value in wanted.items():
            assert await redis.config_get(name) == {name: value}
        path = socket_path(folder / "data")
        assert path.stat().st_mode & 0o777 == 0o700
        assert (folder / "data").stat().st_mode & 0o777 == 0o700
        await redis.set("kept", "yes")
    assert not lives(pid)
    async with engine(Runtime(data_dir=folder / "data")) as redis:
        assert await redis.get("kept") == b"yes"


async def test_a_killed_engine_comes_back_with_every_acknowledged_entry(folder: Path) -> None:
    async with engine(Runtime(data_dir=folder)) as redis:
        acknowledged = 0
        for _ in range(2):
            killer = asyncio.get_running_loop().call_later(0.1, os.kill, await pid_of(redis), signal.SIGKILL)
            with contextlib.suppress(RedisError):
                while True:
                    await redis.xadd("log", {"n": acknowledged})
                    acknowledged += 1
            killer.cancel()
            await answering(redis)
        # the entry at hand may have been written without its answer being heard
        assert acknowledged > 0
        assert acknowledged <= await redis.xlen("log") <= acknowledged + 2


async def test_three_processes_started_at_once_share_one_engine(folder: Path) -> None:
    async with process(folder) as a, process(folder) as b, process(folder) as c:
        pids = {await says(started) for started in (a, b, c)}
        assert len(pids) == 1
        assert [await tells(started, "n") for started in (a, b, c)] == ["1", "2", "3"]


async def test_when_the_process_that_started_it_is_killed_the_others_start_it_again(folder: Path) -> None:
    async with process(folder) as starter:
        first = int(await says(starter))
        async with process(folder) as other, process(folder) as third:
            assert {int(await says(other)), int(await says(third))} == {first}
            assert await tells(other, "n") == "1"
            starter.kill()
            await ended(first)
            async with asyncio.timeout(20):
                while (answer := await tells(other, "n")) != "2":
                    assert answer.endswith("Error")
                    await asyncio.sleep(0.05)
                while (answer := await tells(third, "n")) != "3":
                    assert answer.endswith("Error")
                    await asyncio.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
async def test_the_engine_ends_cleanly_when_its_parent_is_killed(folder: Path) -> None:
    async with process(folder) as starter:
        pid = int(await says(starter))
        assert await tells(starter, "n") == "1"
        starter.kill()
        await ended(pid)
    assert "ready to exit" in (folder / "valkey.log").read_text()
    async with engine(Runtime(data_dir=folder)) as redis:
        assert await redis.get("n") == b"1"


async def test_a_socket_left_by_a_crash_is_replaced(folder: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(socket_path(folder)))
    left.close()
    async with engine(Runtime(data_dir=folder)) as redis:
        assert await redis.ping()


async def test_an_engine_whose_starter_was_just_killed_is_not_attached_to(folder: Path) -> None:
    async with process(folder) as first:
        pid = int(await says(first))
        first.kill()
        await first.wait()
        async with engine(Runtime(data_dir=folder)) as redis:
            assert await pid_of(redis) != pid
            assert not lives(pid)


@pytest.mark.usefixtures("elsewhere")
async def test_an_engine_that_is_still_loading_is_waited_for_and_not_doubled(folder: Path) -> None:
    answers = [b"-LOADING\r\n"] * 3 + [b"+PONG\r\n"]
    asked = 0

    async def loading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readline()
        writer.write(answers[min(asked, 3)])
        asked += 1
        writer.close()

    async with await asyncio.start_unix_server(loading, socket_path(folder)):
        embedded = Embedded(folder, find_binary())
        await embedded.ensure()
    assert asked == 4
    assert not embedded.started_it


@pytest.mark.usefixtures("elsewhere")
async def test_something_else_on_the_socket_is_said(folder: Path) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 400\r\n")
        writer.close()

    async with await asyncio.start_unix_server(other, socket_path(folder)):
        with pytest.raises(StoreError, match="HTTP"):
            await Embedded(folder, find_binary()).ensure()


def test_a_folder_too_deep_for_a_socket_gets_a_short_private_one(folder: Path) -> None:
    deep = folder / ("d" * 120)
    deep.mkdir()
    path = socket_path(deep)
    try:
        assert len(os.fsencode(path)) <= 107
        assert path == socket_path(deep)
        assert path != socket_path(folder)
        assert path.parent.stat().st_mode & 0o777 == 0o700
        path.parent.chmod(0o755)
        with pytest.raises(SettingsError, match="not ours alone"):
            socket_path(deep)
    finally:
        shutil.rmtree(path.parent)


async def test_an_engine_that_will_not_start_is_one_line_with_its_last_words(folder: Path, broken: Path) -> None:
    embedded = Embedded(folder, broken)
    with pytest.raises(StoreError, match="status 3: Bad file format"):
        await embedded.ensure()


def test_a_folder_that_cannot_be_made_is_a_setting_to_mend(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(SettingsError, match="DATA_DIR"):
        Embedded(folder / "file" / "data", find_binary())


def test_an_engine_that_is_a_link_keeps_the_name_by_which_it_knows_what_to_be(folder: Path) -> None:
    (folder / "redis-check-rdb").touch()
    link = folder / "redis-server"
    link.symlink_to("redis-check-rdb")
    assert Embedded(folder / "data", link).binary == link


async def test_an_engine_that_acts_by_the_name_of_its_link_is_called_by_that_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, many, link = find_binary(), folder / "many-in-one", folder / "valkey-server"
    many.write_text(f'#!/bin/sh\ncase "$0" in */valkey-server) exec {real} "$@";; esac\necho usage\nexit 1\n')
    many.chmod(0o700)
    link.symlink_to(many)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    async with engine(Runtime(data_dir=folder / "data")) as redis:
        assert await redis.ping()
