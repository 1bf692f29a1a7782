"""`python -m bench` as a reader starts it, on its cheapest figure."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_one_family_prints_a_line_a_figure_and_leaves_nothing_behind() -> None:
    before = set(ROOT.glob(".bench-*"))
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--json", "--only", "commit"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    figure = json.loads(line)
    assert (figure["name"], figure["unit"], figure["beside"]) == ("commit", "blocks/s", "plain SET, fsync each")
    assert figure["ratio"] > 0
    assert "cores" in done.stderr
    assert set(ROOT.glob(".bench-*")) <= before


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "speed"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "matching" in done.stderr
