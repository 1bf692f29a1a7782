"""`Studio`: draws plots in a process of its own, so that neither the event loop nor the bot's memory feels it.

The process starts with the first plot, ends after idle time, and is replaced when it dies or takes too long. It gets no
environment but where to keep its list of fonts. What fails is said once until it works again; the answer then comes
without its picture, never not at all.
"""

import asyncio
import sys
from asyncio import subprocess
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog

from bot.cards.card import Picture
from bot.charts.alt import alt
from bot.charts.plots import Plot
from bot.charts.worker import HEAD, MOST

log = structlog.get_logger(__name__)

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "bot.charts.worker")
DRAW_S: Final = 12.0  # the first drawing of a new process imports a library and may list the machine's fonts
IDLE_S: Final = 300.0
END_S: Final = 2.0


class NotDrawn(Exception):  # noqa: N818 - it never leaves this file
    """Why there is no picture."""


class Studio:
    """Use it as a context: the process ends with it. `folder` keeps the list of fonts."""

    def __init__(
        self,
        folder: Path,
        *,
        command: tuple[str, ...] = COMMAND,
        draw_s: float = DRAW_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._folder, self._command, self._draw_s, self._idle_s = folder, command, draw_s, idle_s
        self._process: subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._retired: set[subprocess.Process] = set()  # told to end, not waited for yet
        self._failed = False

    async def __aenter__(self) -> Self:
        """Start nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process."""
        await self._end()

    @property
    def pid(self) -> int | None:
        """The drawing process, while there is one."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def draw(self, plot: Plot, name: str) -> Picture | None:
        """Draw a plot; None when that fails."""
        try:
            async with asyncio.timeout(self._draw_s), self._turn:
                png = await self._drawn(plot)
        except (NotDrawn, OSError, TimeoutError) as error:
            if not self._failed:
                why = "it took too long" if isinstance(error, TimeoutError) else str(error)
                log.warning("pictures_fail", why=why, then="answers come without pictures")
            self._failed = True
            return None
        if self._failed:
            log.info("pictures_work_again")
        self._failed = False
        return Picture(name, alt(plot), png)

    async def _drawn(self, plot: Plot) -> bytes:
        """Send a plot and read its picture; a process that was left in the middle is of no use any more."""
        whole = False
        if self._idle is not None:
            self._idle.cancel()
        try:
            body = msgspec.msgpack.encode(plot)
            if len(body) > MOST:
                raise NotDrawn(f"a plot of {len(body)} bytes is too large")
            process = await self._started()
            if process.stdin is None or process.stdout is None:
                raise NotDrawn("the drawing process has no pipes")
            process.stdin.write(HEAD.pack(len(body)) + body)
            await process.stdin.drain()
            size = HEAD.unpack(await process.stdout.readexactly(HEAD.size))[0]
            if size > MOST:
                raise NotDrawn("the drawing process answered nonsense")
            png = await process.stdout.readexactly(size)
            whole = True
        except asyncio.IncompleteReadError:
            raise NotDrawn("the drawing process ended") from None
        finally:
            if whole:
                self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._close)
            else:
                self._kill()
        if not png:
            raise NotDrawn("a plot could not be drawn")
        return png

    async def _started(self) -> subprocess.Process:
        """Give the process, a new one when there is none that lives."""
        if self.pid is None or self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={"MPLCONFIGDIR": str(self._folder.absolute())},  # and no secret
            )
        return self._process

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        self._retire()

    def _close(self) -> None:
        """Let the process end: it does when its input does."""
        if self._turn.locked():
            return
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._retire()

    def _retire(self) -> None:
        self._retired = {one for one in self._retired if one.returncode is None}
        if self._process is not None:
            self._retired.add(self._process)
        self._process = None

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._close()
        for process in self._retired:
            try:
                async with asyncio.timeout(END_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
