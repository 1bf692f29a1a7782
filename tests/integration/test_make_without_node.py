"""`make test` itself, run on a PATH that has no Node or an old one: it says so in one line and skips the EVM tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = shutil.which("make")
SAYS = "Node >= 18 not found: the EVM tests will be skipped"
WHY = "Node >= 18 not found: EVM tests skipped"
# what a fake Node answers to --version and to the recipe's own question, whose answer is an exit status
OLD_NODE = "#!/bin/sh\ncase $1 in --version) echo v16.20.2;; *) exit 1;; esac\n"
FAKE_NPM = "#!/bin/sh\necho npm was called\n"

pytestmark = pytest.mark.skipif(MAKE is None, reason="make not found on PATH")


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def make_test(tmp_path: Path) -> list[str]:
    """Run the target with `tmp_path/path` as PATH, on a ready environment that is this interpreter; give its lines."""
    (tmp_path / "path").mkdir(exist_ok=True)
    script(tmp_path / "bin" / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / ".ready").touch()  # newer than the lock files: nothing is installed
    settings = [f"VENV={tmp_path}", f"PYTHON={sys.executable}", "ARGS=-p no:cacheprovider tests/evm"]
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTEST_ADDOPTS")  # of the make that runs this test
    environ = {name: value for name, value in os.environ.items() if name not in outer}
    done = subprocess.run(  # noqa: S603 - fixed words
        [str(MAKE), "test", *settings],
        cwd=ROOT,
        env={**environ, "PATH": str(tmp_path / "path")},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("node", ["none", "old"])
def test_without_a_node_that_is_new_enough_make_test_says_so_in_one_line_and_skips_every_evm_test(
    tmp_path: Path, node: str
) -> None:
    if node == "old":
        script(tmp_path / "path" / "node", OLD_NODE)
        script(tmp_path / "path" / "npm", FAKE_NPM)
    lines = make_test(tmp_path)
    assert lines.count(SAYS) == 1
    assert "npm was called" not in lines
    assert lines.count(WHY) == 1  # the last word of pytest, after thousands of other tests
    skips = [re.fullmatch(r"SKIPPED \[(\d+)\] .*?: (.*)", line) for line in lines if line.startswith("SKIPPED")]
    assert {skip[2] for skip in skips if skip} == {WHY}
    written = re.findall(r"^async def test_|^def test_", "".join(f.read_text() for f in evm_tests()), re.MULTILINE)
    assert sum(int(skip[1]) for skip in skips if skip) >= len(written) > 0
    assert not [line for line in lines if re.search(r"\d+ (passed|failed|error)", line)]


def evm_tests() -> list[Path]:
    return sorted((ROOT / "tests" / "evm").glob("test_*.py"))
