"""`python -m bot run` as an operator starts it: a process of its own, without a token, ended by Ctrl-C."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from sandbox.chain.replay import Chain
from tests.stage import SANDBOX, is_gone, write_config
from watchers.valkey import client, socket_path

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tribune-") as name:  # a short path, for the engine's socket
        yield Path(name)


@asynccontextmanager
async def run(folder: Path, chain_url: str, *options: str, verb: str = "run", **more: str) -> AsyncIterator[Process]:
    """Start it in the folder, where no .env is; kill it if it does not end by itself."""
    if not (folder / "config").exists():
        write_config(folder / "config", {"sandbox": {**SANDBOX, "endpoints": [chain_url]}})
    given = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    ours = {"CONFIG_DIR": str(folder / "config"), "DATA_DIR": str(folder / "data"), "WEB_PORT": "0"}
    environ = {**given, **ours, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", **more}
    command = (sys.executable, "-m", "bot", verb, *options)
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def web_port(process: Process) -> int:
    """Read the log until the process says that it is ready."""
    assert process.stderr is not None
    async for line in process.stderr:
        said = json.loads(line)
        if said["event"] == "ready":
            return int(said["web_port"])
    raise AssertionError("it ended before it was ready")


async def test_without_a_token_it_follows_the_chain_in_a_local_discord_and_ctrl_c_ends_all(folder: Path) -> None:
    async with (
        Chain.start(block_time_s=None) as chain,
        run(folder, chain.url, "--port", "0") as process,
        aiohttp.ClientSession() as http,
    ):
        assert process.stdout is not None
        told = (await process.stdout.readline()).decode().strip()
        before, _, page = told.partition(", see ")
        assert before == "DISCORD_TOKEN is not set: using a local Discord"
        port = await web_port(process)
        async with http.get(page) as answer:
            assert "<title>Tribune sandbox</title>" in await answer.text()
        while True:  # connected, and the history read to the head
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    break
            await asyncio.sleep(0.05)
        store = client(str(socket_path(folder / "data")))
        pid = int((await store.info("server"))["process_id"])
        await store.aclose()
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 0
        assert is_gone(pid)


@pytest.mark.parametrize("taken", ["page", "web"])
async def test_a_taken_port_is_one_line_and_status_78(taken: str, folder: Path) -> None:
    there = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = str(there.sockets[0].getsockname()[1])
    options = ("--port", port) if taken == "page" else ("--role", "watchers")
    more = {"WEB_PORT": port} if taken == "web" else {}
    async with run(folder, "http://127.0.0.1:1", *options, LOG_LEVEL="error", **more) as process:
        out, err = await process.communicate()
    there.close()
    await there.wait_closed()
    place = "argument: --port: " if taken == "page" else "environment or .env: WEB_PORT: "
    assert (process.returncode, out) == (78, b"")
    assert err.decode().startswith(place)
    assert "address already in use; name a free" in err.decode().lower()
    assert err.count(b"\n") == 1


@pytest.mark.parametrize("host", ["nobody.invalid", "a..b", "192.0.2.1"])
async def test_a_host_that_is_not_ours_is_one_line_and_status_78(host: str, folder: Path) -> None:
    async with run(folder, "http://127.0.0.1:1", "--role", "watchers", LOG_LEVEL="error", WEB_HOST=host) as process:
        _, err = await process.communicate()
    remedy = "write 127.0.0.1, or 0.0.0.0 for all of its addresses"
    assert err.decode() == f"environment or .env: WEB_HOST: {host} is no address of this machine; {remedy}\n"
    assert process.returncode == 78


async def test_a_redis_that_is_not_there_is_one_line_and_status_69(folder: Path) -> None:
    async with run(folder, "http://127.0.0.1:1", "--role", "watchers", REDIS_URL="redis://:pw@127.0.0.1:1") as process:
        _, err = await process.communicate()
    assert err.decode() == (
        "store: cannot use REDIS_URL: the store is not reached: it refuses the connection; "
        "see that it runs and that REDIS_URL is right, then start again\n"
    )
    assert process.returncode == 69


async def test_a_redis_that_does_not_let_us_in_is_one_line_and_status_78(folder: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"redis://:canarykey@127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2"
        async with run(folder, "http://127.0.0.1:1", "--role", "watchers", REDIS_URL=url) as process:
            _, err = await process.communicate()
    assert err.decode() == (
        "environment or .env: REDIS_URL: the store does not accept user and password; correct them\n"
    )
    assert process.returncode == 78


async def test_a_redis_that_goes_away_at_the_start_is_one_line_and_status_69(folder: Path) -> None:
    async def until_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"INFO" not in (words := (await reader.read(4096)).split()) and words:
            writer.write(b"+OK\r\n" * words.count(b"CLIENT") + b"+PONG\r\n" * words.count(b"PING"))
        writer.close()

    async with await asyncio.start_server(until_asked, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2"
        async with run(folder, "http://127.0.0.1:1", "--role", "watchers", REDIS_URL=url) as process:
            _, err = await process.communicate()
    assert err.decode().startswith("store: cannot check the engine: the store is not reached: ")
    assert err.decode().endswith("; see that it runs and that REDIS_URL is right, then start again\n")
    assert (err.count(b"\n"), process.returncode) == (1, 69)


async def test_without_a_network_each_chain_is_said_once_in_plain_words(folder: Path) -> None:
    dead = {"endpoints": ["http://127.0.0.1:1/canarykey0123456789", "http://nobody.invalid/"]}
    write_config(folder / "config", {"sandbox": {**SANDBOX, **dead}, "two": {**SANDBOX, **dead, "id": 2}})
    async with run(folder, "", "--role", "watchers", LOG_FORMAT="text") as process:
        assert process.stderr is not None
        lines = [(await process.stderr.readline()).decode() for _ in range(3)]
        await asyncio.sleep(1.5)  # each chain is tried twice more
        process.send_signal(signal.SIGINT)
        _, rest = await process.communicate()
    said = [line.partition("Z [")[2].rstrip() for line in lines]
    why = "why='no endpoint answers (127.0.0.1: refuses the connection; nobody.invalid: its name cannot be looked up)'"
    assert said[0].startswith("info] ready chains=['sandbox', 'two'] ")
    assert sorted(said[1:]) == [f"warning] chain_down chain={key} {why}" for key in ("sandbox", "two")]
    assert (rest, process.returncode) == (b"", 0)


@pytest.mark.parametrize(("verb", "status"), [("run", 0), ("batch", 130)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_is_the_proper_end_of_a_run_and_cuts_short_what_ends_by_itself(
    verb: str, status: int, number: signal.Signals, folder: Path
) -> None:
    asked = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    options = ("0x" + "1" * 64,) if verb == "batch" else ("--role", "watchers")
    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with run(folder, url, *options, verb=verb) as process:
        await asked.wait()
        process.send_signal(number)
        out, _ = await process.communicate()
    server.close()
    assert (process.returncode, out) == (status, b"")
