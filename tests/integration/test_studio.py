"""The drawing process: it recovers from what kills or stalls it, and never outlives the bot."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.charts.plots import Curve, Lorenz
from bot.charts.studio import ROOT, Studio

PLOT = Lorenz("Shares", (Curve("a", ((0.0, 0.0), (1.0, 1.0)), 0.0, 2, 2),))
WAIT_S = 30.0


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


async def gone(pid: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while alive(pid):  # noqa: ASYNC110 - it waits for another process
            await asyncio.sleep(0.02)


async def test_one_process_draws_all_with_words_and_ends_with_its_context(tmp_path: Path) -> None:
    async with Studio(tmp_path, draw_s=WAIT_S) as studio:
        before = studio.pid
        assert before is None, "nothing is started before it is asked for"
        first, second = await asyncio.gather(studio.draw(PLOT, "a.png"), studio.draw(PLOT, "b.png"))
        assert first is not None
        assert second is not None
        assert first.png.startswith(b"\x89PNG")
        assert (first.name, first.alt) == (
            "a.png",
            "Shares. Lorenz curve. a: Gini 0.000, the 2 largest of 2 have more than half.",
        )
        pid = studio.pid
        assert pid is not None
        environment = environment_of(pid)
        assert b"MPLCONFIGDIR" in environment
        assert b"PATH=" not in environment, "whatever else the bot was given, secrets too, stays with it"
    assert not alive(pid)


async def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    async with Studio(tmp_path, draw_s=WAIT_S) as studio:
        assert await studio.draw(PLOT, "a.png")
        pid = studio.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        with capture_logs():
            drawn = [await studio.draw(PLOT, "a.png") for _ in range(2)]
        assert drawn[-1] is not None
        assert studio.pid != pid


async def test_a_drawing_that_takes_too_long_is_no_picture_and_said_once(tmp_path: Path) -> None:
    stuck = (sys.executable, "-c", "import time; time.sleep(60)")
    async with Studio(tmp_path, command=stuck, draw_s=0.3) as studio:
        with capture_logs() as said:
            assert [await studio.draw(PLOT, "a.png") for _ in range(3)] == [None] * 3
        assert [line["event"] for line in said] == ["pictures_fail"]
        assert said[0]["why"] == "it took too long"
        assert studio.pid is None, "what hangs is not kept"


@pytest.mark.parametrize("code", ["import sys; sys.exit(1)", "import sys; sys.stdout.write('nonsense' * 9)"])
async def test_a_process_that_cannot_draw_is_no_picture(code: str, tmp_path: Path) -> None:
    async with Studio(tmp_path, command=(sys.executable, "-c", code), draw_s=WAIT_S) as studio:
        assert await studio.draw(PLOT, "a.png") is None
    async with Studio(tmp_path, command=(str(tmp_path / "none"),)) as studio:
        assert await studio.draw(PLOT, "a.png") is None


async def test_it_ends_when_nothing_is_asked_for_a_while_and_comes_back(tmp_path: Path) -> None:
    async with Studio(tmp_path, draw_s=WAIT_S, idle_s=0.05) as studio:
        assert await studio.draw(PLOT, "a.png")
        async with asyncio.timeout(WAIT_S):
            while studio.pid is not None:  # noqa: ASYNC110 - it waits for a timer
                await asyncio.sleep(0.02)
        assert await studio.draw(PLOT, "a.png")


async def test_it_ends_with_a_bot_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from bot.charts.plots import Lorenz\n"
        "from bot.charts.studio import Studio\n"
        "async def main():\n"
        "    async with Studio(pathlib.Path(sys.argv[1]), draw_s=30) as studio:\n"
        "        assert await studio.draw(Lorenz('', ()), 'a.png')\n"
        "        print(studio.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert bot.stdout is not None
    async with asyncio.timeout(WAIT_S):
        pid = int(await bot.stdout.readline())
    assert alive(pid)
    bot.kill()
    await bot.wait()
    await gone(pid)
