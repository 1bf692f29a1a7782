"""`| head`: a command whose output nobody reads any more ends at once and in silence, as command-line tools do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.reader import GONE

HOME = Path(__file__).parents[2]
PATIENCE_S = 60


def unread(*command: str) -> tuple[int, str]:
    """Run a command into a pipe that nobody reads; give its exit status and what it complains of."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", *command],
            cwd=HOME,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "command", ["bot demo --once", "bot demo --once --json", "bot check", "bot demo --port 0", "bench --only matching"]
)
def test_a_command_that_nobody_reads_ends_in_silence(command: str) -> None:
    assert unread(*command.split()) == (GONE, "")


def test_a_replay_that_nobody_reads_ends_in_silence(tmp_path: Path) -> None:
    file = tmp_path / "logs.json"
    file.write_text("[]")
    assert unread("bot", "replay", str(file), "--chain", "1") == (GONE, "")


def test_a_pipe_that_breaks_elsewhere_is_heard_of() -> None:
    script = "from bot.reader import until_gone\ndef work(): raise BrokenPipeError('of a node')\nuntil_gone(work)"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", script], cwd=HOME, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 1
    assert "BrokenPipeError: of a node" in done.stderr
