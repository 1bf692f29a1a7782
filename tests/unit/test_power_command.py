"""`python -m bot power`: what it prints, what it leaves out, and what it says of files that are no such thing."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

ROOT = Path(__file__).parents[2]
HOLDERS = "address,label,class,balance\n0xAA,Treasury,dao,500\n0xbb,,team,50\n0xcc,,crowd,49\n0xdd,,crowd,1\n"
GAME = HOLDERS.replace("0xAA,Treasury,dao,500\n", "")
ENS_WEI = 25_000_000_000_000_001_930_530_982

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def asked(content: str, *options: str, weight: str = "balance") -> dict[str, Any]:
        file = tmp_path / "holders.csv"
        file.write_text(content, encoding="utf-8")
        assert main(["power", str(file), "--weight", weight, "--json", *options]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_float=Decimal)
        return found

    return asked


def refused(capsys: pytest.CaptureFixture[str], file: Path, *options: str, weight: str = "balance") -> str:
    """Give the one line that a refusal says, without the name of the file."""
    assert main(["power", str(file), "--weight", weight, *options]) == 2
    said = capsys.readouterr()
    assert not said.out
    (line,) = said.err.splitlines()
    return line.removeprefix(f"{file}: ")


def test_every_key_that_the_paper_lists_is_printed(ask: Ask) -> None:
    keys = (
        "n", "total", "gini", "hhi", "effective_number", "nakamoto", "shannon_bits", "evenness", "min_entropy_bits",
        "theil", "top1", "top10", "top_1pct", "top_10pct", "zeros", "excluded",
    )  # fmt: skip
    assert tuple(ask(HOLDERS)) == keys
    more = ask(HOLDERS, "--quota", "majority", "--threshold", "1", "--class", "class")
    extra = tuple(more)[len(keys) :]
    assert extra == (
        "theil_by_class", "threshold", "nakamoto_threshold", "quota", "nakamoto_quota", "banzhaf", "shapley_shubik",
        "players",
    )  # fmt: skip
    paper = (ROOT / "docs/analysts.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in paper for key in (*keys, *extra))


@pytest.mark.parametrize(
    ("holders", "hundredth", "tenth", "ten"),
    [
        (1, "largest one, who is more than 1 % of all", "largest one, who is more than 10 % of all", "by the only one"),
        (10, "largest one, who is more than 1 % of all", "1 holder that is 10 % of all", "by the 10 largest"),
        (100, "1 holder that is 1 % of all", "10 holders that are 10 % of all", "by the 10 largest"),
        (200, "2 holders that are 1 % of all", "20 holders that are 10 % of all", "by the 10 largest"),
    ],
)
def test_the_largest_hundredth_and_tenth_are_said_in_whole_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], holders: int, hundredth: str, tenth: str, ten: str
) -> None:
    file = tmp_path / "h.csv"
    file.write_text("owner,balance\n" + "".join(f"o{n},{n + 1}\n" for n in range(holders)))
    assert main(["power", str(file), "--weight", "balance"]) == 0
    said = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.startswith("top ")]
    assert [line.partition("  by ")[2] for line in said[1:]] == [
        ten.removeprefix("by "), f"the {hundredth}", f"the {tenth}",
    ]  # fmt: skip


def test_a_total_loses_no_digit(ask: Ask) -> None:
    assert ask(f"a,balance\nx,{ENS_WEI}\ny,1\n")["total"] == ENS_WEI + 1
    assert ask(f"a,balance\nx,{2**256 - 1}\n")["total"] == 2**256 - 1
    assert ask("a,balance\nx,905329514.7414219\ny,0.000000000000000001\n")["total"] == Decimal(
        "905329514.741421900000000001"
    )
    assert ask("a,balance\nx,1e-06\ny,2.0\n")["total"] == Decimal("2.000001")


def test_a_name_is_left_out_in_any_column_and_case_and_listed(ask: Ask) -> None:
    found = ask(HOLDERS, "--exclude", "TREASURY", "0xBB")
    assert (found["n"], found["total"]) == (2, 50)
    assert found["excluded"] == [
        {"name": "TREASURY", "rows": 1, "weight": 500},
        {"name": "0xBB", "rows": 1, "weight": 50},
    ]
    assert ask(HOLDERS, "--exclude", "crowd", "--exclude", "team")["n"] == 1


def test_the_weight_column_is_no_name(ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "h.csv"
    file.write_text(HOLDERS)
    said = refused(capsys, file, "--exclude", "50")
    assert said == "--exclude '50': matches no row; give what a row has in one of: address, label, class"


def test_a_zero_is_a_holder_unless_it_is_left_out(ask: Ask) -> None:
    zeros = GAME + "0xee,,crowd,0\n0xff,,crowd,0.0\n"
    with_them, without = ask(zeros), ask(zeros, "--no-zeros")
    assert (with_them["n"], with_them["zeros"]) == (5, 2)
    assert (without["n"], without["zeros"]) == (3, 2)
    assert with_them["gini"] > without["gini"]
    assert with_them["hhi"] == without["hhi"]


def test_a_quota_names_who_decides(ask: Ask) -> None:
    found = ask(GAME, "--quota", "51")
    assert (found["quota"], found["nakamoto_quota"]) == (51, 2)
    assert found["banzhaf"] == {"quota": 51, "method": "enumeration", "buckets": None, "error": 0}
    assert [(one["name"], one["weight"]) for one in found["players"]] == [("0xbb", 50), ("0xcc", 49), ("0xdd", 1)]
    assert [float(one["banzhaf"]) for one in found["players"]] == [0.75, 0.25, 0.25]
    assert [float(one["banzhaf_normalised"]) for one in found["players"]] == pytest.approx([0.6, 0.2, 0.2])
    assert [float(one["shapley_shubik"]) for one in found["players"]] == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_many_holders_say_how_their_indices_were_found(ask: Ask) -> None:
    content = "owner,balance\n" + "".join(f"o{n},{10**20 + n**7}\n" for n in range(150))
    found = ask(content, "--quota", "4%")
    for name in ("banzhaf", "shapley_shubik"):
        assert (found[name]["method"], found[name]["buckets"]) == ("buckets", 10_000)
        assert 0 < found[name]["error"] < Decimal("0.01")
    assert len(found["players"]) == 100
    assert [one["name"] for one in found["players"][:2]] == ["o149", "o148"]


@pytest.mark.parametrize(
    ("given", "quota", "holders"),
    [("majority", 51, 2), ("50", 50, 1), ("50%", 50, 1), ("50.5%", 51, 2), ("99.5", Decimal("99.5"), 3), ("1%", 1, 1)],
)
def test_a_quota_may_be_an_amount_a_percentage_or_a_majority(
    ask: Ask, given: str, quota: Decimal, holders: int
) -> None:
    found = ask(GAME, "--quota", given, "--threshold", given)
    assert (found["quota"], found["nakamoto_quota"]) == (quota, holders)
    assert (found["threshold"], found["nakamoto_threshold"]) == (quota, holders)


def test_classes_part_theil(ask: Ask) -> None:
    found = ask(HOLDERS, "--class", "Class")
    parts = found["theil_by_class"]
    assert float(parts["within"] + parts["between"]) == pytest.approx(float(found["theil"]))
    assert parts["classes"][0]["name"] == "dao"
    assert {one["name"]: one["n"] for one in parts["classes"]} == {"dao": 1, "team": 1, "crowd": 2}


def test_gzip_byte_order_mark_quotes_and_blank_lines_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "h.csv.gz"
    text = '\ufeff"Holder Name", Balance\r\n"A, B and ""C""",3\r\n\r\n  padded  ,  1  \r\n'
    file.write_bytes(gzip.compress(text.encode()))
    assert main(["power", str(file), "--weight", "BALANCE", "--json", "--exclude", 'a, b and "c"']) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["total"], found["excluded"][0]["weight"]) == (1, 1, 3)


def test_the_table_has_a_sentence_a_measure_and_nothing_that_works_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "h.csv"
    file.write_text("name,class,balance\n\x1b[2Jevil,\x1b[31mred,60\nplain,x,40\nout\x07,x,7\n", encoding="utf-8")
    options = ("--quota", "majority", "--threshold", "10", "--class", "class", "--exclude", "out\x07")
    assert main(["power", str(file), "--weight", "balance", *options]) == 0
    said = capsys.readouterr().out
    assert all(line.isprintable() for line in said.splitlines())
    for name in ("Gini", "HHI", "Nakamoto", "Shannon entropy", "Theil T", "to the quota", "left out", "class x"):
        (line,) = [line for line in said.splitlines() if line.startswith(f"{name}  ")]
        assert len(line.split()) > 5 or name == "left out"
    assert "Who decides, where 51 wins:" in said
    assert "exact, every coalition tried" in said


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("-5", "'-5' is not a number"),
        ("NaN", "'NaN' is not a number"),
        ("inf", "'inf' is not a number"),
        ("1e999", "'1e999' is not a number"),
        ("1_000", "'1_000' is not a number"),
        ('"1,000"', "'1,000' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("twelve", "'twelve' is not a number"),
        ("\x1b[2J", "'\\x1b[2J' is not a number"),
        ("9" * 400, f"'{'9' * 40}' is not a number"),
        ("", "is empty"),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cell: str, problem: str
) -> None:
    file = tmp_path / "h.csv"
    file.write_text(f"a,balance\nx,1\ny,{cell}\n")
    assert refused(capsys, file).startswith(f"line 3, column balance: {problem}; ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: names no columns; "),
        (b"\n\n", "line 1: names no columns; "),
        (b"a,votes\nx,1\n", "line 1, column balance: is missing; the columns of this file are: a, votes"),
        (b"\x1b[2J,votes\nx,1\n", "line 1, column balance: is missing; the columns of this file are: \ufffd[2j, votes"),
        (b"balance,Balance\n1,2\n", "line 1, column balance: is there twice; "),
        (b"a,balance\n", "has no row below its first line; "),
        (b"a,balance\nx,0\ny,0.000\n", "column balance: comes to 0; "),
        (b"a,balance\nx,1\ny\n", "line 3: has 1 fields where the first line has 2; "),
        (b"a,balance\nx,1,000\n", "line 2: has 3 fields where the first line has 2; "),
        (b'a,balance\n"x,1\n', "line 2: is not CSV: unexpected end of data; "),
        (b"a,balance\nx,1\nJos\xe9,1\n", "line 3: is not UTF-8 text; save it as CSV in UTF-8"),
        ("a,balance\nx,1\n".encode("utf-16"), "line 1: is not UTF-8 text; save it as CSV in UTF-8"),
        (gzip.compress(b"a,balance\nx,1\n")[:-9], "is not whole gzip; fetch it again"),
        (gzip.compress(b"a,balance\nx,1\n")[:12] + b"\0" * 20, "is not whole gzip; fetch it again"),
        (b"\x1f\x8b", "is not whole gzip; fetch it again"),
        (b"a,balance\n" + b"x" * 200_000 + b",1\n", "line 2: is not CSV: field larger than field limit (131072); "),
    ],
)
def test_a_file_that_is_no_sheet_of_holdings_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    file = tmp_path / "h.csv"
    file.write_bytes(content)
    assert refused(capsys, file).startswith(says)


def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, tmp_path / "none.csv") == "No such file or directory; check the path"
    assert refused(capsys, tmp_path) == "Is a directory; check the path"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--quota", "0"), "--quota: '0' is no amount; "),
        (("--quota", "half"), "--quota: 'half' is no amount; "),
        (("--quota", "-5"), "--quota: '-5' is no amount; "),
        (("--quota", "NaN%"), "--quota: 'NaN%' is no amount; "),
        (("--quota", "101"), "--quota: is more than the total, 100; count it as the file's column does"),
        (("--quota", "100.5%"), "--quota: is more than the total, 100; count it as the file's column does"),
        (("--threshold", "1e20"), "--threshold: is more than the total, 100; count it as the file's column does"),
        (("--class", "tribe"), "line 1, column tribe: is missing; "),
        (("--exclude", "nobody"), "--exclude 'nobody': matches no row; "),
        (("--exclude", "crowd", "team"), "column balance: comes to 0; "),
    ],
)
def test_an_option_that_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "h.csv"
    file.write_text(GAME)
    flag, *values = options
    given = [f"{flag}={value}" for value in values]
    assert refused(capsys, file, *given).startswith(says)


@pytest.mark.parametrize("module", ["bot.app", "bot.demo", "bot.check", "bot.replay", "watchers.wings"])
def test_numpy_is_not_imported_where_nothing_is_measured(module: str) -> None:
    words = [sys.executable, "-c", f"import sys, {module}; print('numpy' in sys.modules)"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - fixed words
    assert done.stdout == "False\n"
