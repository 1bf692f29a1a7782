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
async def run(folder: Path, chain_url: str, *options: str, **more: str) -> AsyncIterator[Process]:
    """Start it in the folder, where no .env is; kill it if it does not end by itself."""
    if not (folder / "config").exists():
        write_config(folder / "config", {"sandbox": {**SANDBOX, "endpoints": [chain_url]}})
    given = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    ours = {"CONFIG_DIR": str(folder / "config"), "DATA_DIR": str(folder / "data"), "WEB_PORT": "0"}
    environ = {**given, **ours, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", **more}
    command = (sys.executable, "-m", "bot", "run", *options)
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
    place = "argument: --port: " if taken == "page" else "environment: WEB_HOST, WEB_PORT: "
    assert (process.returncode, out) == (78, b"")
    assert err.decode().startswith(place)
    assert "address already in use; name a free" in err.decode().lower()
    assert err.count(b"\n") == 1
