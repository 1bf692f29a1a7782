"""Processes to measure from outside: the bot on five chains, and a bare Python with the same libraries."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp

from bench.world import Bundles, data_dir
from sandbox.discord import Discord
from tests.node import serve

CHAINS = 5
BLOCK_TIME_S = 2
ROOT = Path(__file__).parents[1]
READY_S, STOP_S, ASK_S = 30.0, 15.0, 0.01
CHAIN = """
[chain{n}]
id = {id}
name = "Chain {n}"
native = "ETH"
endpoints = ["{url}"]
block_time_s = {block_time_s}
confirmations = 32
finality = "depth"
"""
WATCHES = """
[[watch]]
kind = "vote"
name = "votes"

[[watch]]
kind = "liquidity"
name = "whales"

[[watch]]
kind = "batch"
name = "failed"
"""


class Running(NamedTuple):
    """The bot in a process of its own. `ready_s`: from its start until `/readyz` answered 200."""

    pid: int
    ready_s: float
    web: str


class World(NamedTuple):
    """Five growing chains, a Discord, and the bot's configuration for them."""

    config: Path
    discord: Discord
    nodes: list[Bundles]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Serve five chains that grow by a block of operations every two seconds, and a Discord."""
    nodes = [Bundles(chain_id=900 + n, block_time_s=BLOCK_TIME_S) for n in range(CHAINS)]
    for node in nodes:
        node.mine(time_s=int(time.time()) - BLOCK_TIME_S)
    with data_dir() as folder:
        async with serve(*nodes) as urls, Discord.start() as discord, asyncio.TaskGroup() as group:
            chains = [
                CHAIN.format(n=n, id=node.chain_id, url=url, block_time_s=BLOCK_TIME_S)
                for n, (node, url) in enumerate(zip(nodes, urls, strict=True))
            ]
            files = {"chains": "".join(chains), "watches": WATCHES, "daos": "", "tokens": "", "labels": ""}
            for name, text in files.items():
                (folder / f"{name}.toml").write_text(text)
            growing = group.create_task(_grow(nodes))
            try:
                yield World(folder, discord, nodes)
            finally:
                growing.cancel()


async def _grow(nodes: list[Bundles]) -> None:
    number = 0
    while True:
        for node in nodes:
            number += 1
            node.mine([node.operation(number, success=True)], time_s=int(time.time()))
        await asyncio.sleep(BLOCK_TIME_S)


@asynccontextmanager
async def bot(around: World) -> AsyncIterator[Running]:
    """Start the bot on an empty data folder and wait until it is ready; end it afterwards."""
    port = _free_port()
    with data_dir() as folder:
        env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATA_DIR": str(folder),
            "DISCORD_TOKEN": around.discord.token,
            "WEB_PORT": str(port),
            "HISTORY_H": "0",
            "LOG_LEVEL": "error",
        }
        start = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.host", around.config, around.discord.api_base, around.discord.gateway_url,
            env=env, cwd=ROOT,
        )  # fmt: skip
        try:
            web = f"http://127.0.0.1:{port}"
            await _ready(web, process)
            yield Running(process.pid, time.perf_counter() - start, web)
        finally:
            await _ended(process)


async def _ready(web: str, process: asyncio.subprocess.Process) -> None:
    """Ask until the bot may be relied on: every chain read, Discord connected. Raises RuntimeError when it ended."""
    last = "nothing"
    try:
        async with asyncio.timeout(READY_S), aiohttp.ClientSession() as session:
            while True:
                if process.returncode is not None:
                    raise RuntimeError(f"the bot ended with status {process.returncode}")
                with suppress(aiohttp.ClientConnectionError):
                    async with session.get(f"{web}/readyz") as answer:
                        last = await answer.text()
                        if answer.status == 200:  # noqa: PLR2004 - HTTP
                            return
                await asyncio.sleep(ASK_S)
    except TimeoutError:
        raise RuntimeError(f"the bot was not ready in {READY_S:g} s; it said: {last.strip()}") from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def bare(code: str) -> tuple[float, str]:
    """Run a line of Python in a process of its own; give the seconds and what it printed."""
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )  # fmt: skip
    try:
        async with asyncio.timeout(READY_S):
            out, _ = await process.communicate()
    finally:
        await _ended(process)
    if process.returncode:
        raise RuntimeError(f"python -c {code!r} ended with status {process.returncode}")
    return time.perf_counter() - start, out.decode().strip()


def family(pid: int) -> Iterator[int]:
    """Give a process and all that it started. Linux only. Source: proc(5)."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from family(int(child))


def resident_mb(pid: int) -> float:
    """Give a process's resident memory in MB (10^6 bytes). Source: proc(5), VmRSS."""
    line = next(li for li in Path(f"/proc/{pid}/status").read_text().splitlines() if li.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
