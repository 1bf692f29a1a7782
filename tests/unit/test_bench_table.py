"""The bench's own words: rows, lines, targets, and what its exit status says."""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from bench import __main__ as program
from bench import figures
from bench.clock import median_s, medians_s, percentile
from bench.figure import Figure, at_least, at_most
from bench.logs import sample
from bench.registry import Family, families
from bench.table import json_line, machine, number, table
from config.errors import DefinitionError
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.wings import WINGS

FAST = Figure("decode", 424_521.3, "logs/s", "web3", 3944.0, at_least(200_000), "JSON bytes to logs")
SLOW = Figure("match", 86.6, "µs", "scan", 16_374.0, at_most(50))
ALONE = Figure("lonely", 3.0, "s")


def test_a_line_has_the_eight_keys_and_null_only_where_nothing_stands_beside() -> None:
    assert json.loads(json_line(FAST)) == {
        "name": "decode", "value": 424521, "unit": "logs/s", "beside": "web3", "beside_value": 3944,
        "ratio": 107.637, "target": ">= 200000", "meets": True,
    }  # fmt: skip
    assert json.loads(json_line(ALONE)) == {
        "name": "lonely", "value": 3, "unit": "s", "beside": None, "beside_value": None,
        "ratio": None, "target": None, "meets": None,
    }  # fmt: skip


def test_a_target_is_met_on_the_point_and_missed_beyond_it() -> None:
    assert at_least(5).meets(5)
    assert not at_least(5).meets(4.999)
    assert at_most(5).meets(5)
    assert not at_most(5).meets(5.001)


def test_the_table_says_each_figure_on_a_row_and_its_note_below() -> None:
    assert list(table([FAST, SLOW, ALONE])) == [
        "figure           value  target      met  beside it  its value    ratio",
        "------  --------------  ----------  ---  ---------  ---------  -------",
        "decode  424,521 logs/s  >= 200,000  yes  web3           3,944     108x",
        "match          86.6 µs  <= 50       NO   scan          16,374  0.0053x",
        "lonely             3 s",
        "",
        "decode: JSON bytes to logs",
    ]


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(0, "0"), (1.0, "1"), (0.00529, "0.0053"), (2.254, "2.25"), (10.72, "10.7"), (99.99, "100"), (1234.5, "1,234")],
)
def test_a_number_is_drawn_with_three_digits_at_most_behind_the_thousands(value: float, drawn: str) -> None:
    assert number(value) == drawn


def test_the_machine_is_named_with_cores_and_python() -> None:
    assert "cores" in machine()
    assert "Python 3." in machine()


def test_percentiles_are_of_the_values_given() -> None:
    assert percentile([float(n) for n in range(101)], 95) == pytest.approx(95)
    assert median_s(lambda: None, runs=3) >= 0


def test_works_are_timed_in_turn_after_each_has_run_once() -> None:
    done: list[str] = []
    assert len(medians_s([lambda: done.append("a"), lambda: done.append("b")], runs=2)) == 2
    assert "".join(done) == "ab" * 3


def test_every_file_of_figures_is_registered_under_its_name() -> None:
    names = {file.stem for file in Path(figures.__file__).parent.glob("*.py")} - {"__init__"}
    assert {family.name for family in families()} == names
    assert {"decode", "requests", "latency", "matching", "memory", "start"} <= names


def test_a_file_that_measures_nothing_fails_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "idle_figure.py").write_text("measure = None\n")
    monkeypatch.setattr(figures, "__path__", [str(tmp_path)])
    with pytest.raises(DefinitionError, match=r"idle_figure\.py: measures nothing"):
        families()


async def well() -> Sequence[Figure]:
    return (SLOW,)


async def broken() -> Sequence[Figure]:
    raise RuntimeError("no disk")


def test_a_missed_target_is_said_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "families", lambda: [Family("well", well)])
    assert program.main([]) == 0
    assert "  NO   scan" in capsys.readouterr().out


def test_a_figure_that_cannot_be_measured_fails_the_run_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "families", lambda: [Family("broken", broken), Family("well", well)])
    assert program.main(["--json"]) == 1
    said = capsys.readouterr()
    assert [json.loads(line)["name"] for line in said.out.splitlines()] == ["match"]
    assert "broken: could not be measured: RuntimeError: no disk" in said.err


def test_without_recorded_data_made_up_logs_decode_to_moves(tmp_path: Path) -> None:
    decoder = Decoder([protocol for wing in WINGS for protocol in wing.protocols])
    made = sample(decoder, tmp_path / "absent")
    logs = [log for raw in made.answers for log in msgspec.json.decode(raw, type=list[Log])]
    decoded = decoder.decode(1, logs)
    assert (len(logs), decoded.known, decoded.unknown, decoded.errors) == (made.size, made.size, 0, [])
    assert len(decoded.events) == made.size * 24 // 40  # a reserve update is a witness, not an event
    assert "400 logs of 10 made-up blocks" in made.origin
    assert "(210 Swap, 160 Sync, 10 Mint, 10 Burn, 10 Collect)" in made.origin
