"""Files of votes, and options, that are refused: where, what, and the remedy."""

from pathlib import Path

import pytest

from bot.__main__ import main
from tests.unit.test_votes_file import HEAD

CURVE = ["--rule", "nouns", "--supply", "400", "--quorum-min-bps", "1000", "--quorum-max-bps", "1500"]
CURVE += ["--quorum-coefficient", "1000000"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column proposal: is missing; the first line must name each of proposal, support"),
        (HEAD, "has no row below its first line; give one that holds what is to be measured"),
        ("proposal,support,voter,votes,block\n", "line 1, column index: is missing"),
        ("proposal,support,voter,votes,block,index,Votes\n", "line 1, column votes: is there twice"),
        (f"{HEAD}1,maybe,a,1,1,0\n", "line 2, column support: 'maybe' is no side; write for, against or abstain"),
        (f"{HEAD}1,for,a,1,1,0\n1,for,b,-1,1,1\n", "line 3, column votes: '-1' is not a number; write 0 or more"),
        (f"{HEAD}1,for,a,NaN,1,0\n", "line 2, column votes: 'NaN' is not a number"),
        (f"{HEAD}1,for,a,1e999,1,0\n", "line 2, column votes: '1e999' is not a number"),
        (f"{HEAD}1,for,a,1,0x10,0\n", "line 2, column block: '0x10' is not a whole number; write digits only"),
        (f"{HEAD}1,for,a,1,1,\n", "line 2, column index: is empty; fill it in or take the row out"),
        (f"{HEAD}1,for,,1,1,0\n", "line 2, column voter: is empty"),
        (f"{HEAD},for,a,1,1,0\n", "line 2, column proposal: is empty"),
        (f"{HEAD}1,for,a,1,1\n", "line 2: has 5 fields where the first line has 6; quote fields that hold a comma"),
        (f'{HEAD}1,for,"a"b,1,1,0\n', "line 2: is not CSV"),
    ],
)
def test_a_bad_file_is_refused_with_line_column_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    assert main(["tally", str(file), "--quorum", "40", "--json"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"{file}: {said}")
    assert (err.count("\n"), out) == (1, "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory; check the path"),
        (b"\x1f\x8b\x08\x00cut", "is not whole gzip; fetch it again"),
        (HEAD.encode() + b"1,for,\xff,1,1,0\n", "line 2: is not UTF-8 text; save it as CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, said: str
) -> None:
    file = tmp_path / "bad.csv"
    if content is not None:
        file.write_bytes(content)
    assert main(["tally", str(file), "--quorum", "40"]) == 2
    assert capsys.readouterr().err == f"{file}: {said}\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--quorum", "many"], "--quorum: 'many' is not a number; write 0 or more"),
        (["--quorum", "4", "--supply", "9"], "--supply: says nothing to --rule for-only; leave it out"),
        (["--quorum", "4", "--early"], "--early: goes with aragon and aragon-osx"),
        (["--quorum", "4", "--rule", "agora"], "--support-required: is needed by --rule agora"),
        (["--quorum", "4", "--rule", "aragon", "--support-required", ".5"], "--supply: is needed by --rule aragon"),
        (
            ["--quorum", "4", "--rule", "aragon-osx", "--support-required", "0.5", "--early"],
            "--supply: is needed by --rule aragon-osx --early",
        ),
        (
            ["--quorum", "4", "--rule", "agora", "--support-required", "50"],
            "--support-required: is no share that this rule can hold; give 0 to below 1, in 1/10,000",
        ),
        (
            ["--quorum", "4", "--rule", "agora", "--support-required", "0.50001"],
            "--support-required: is no share that this rule can hold",
        ),
        (
            ["--quorum", "4", "--rule", "aragon", "--support-required", "0.5", "--supply", "0"],
            "--supply: is 0; give all votes that there are",
        ),
        ([], "--quorum: is needed by --rule for-only"),
        (["--rule", "nouns", "--supply", "9"], "--quorum-min-bps: is needed by --rule nouns"),
        ([*CURVE, "--quorum", "9"], "--quorum: says nothing to --rule nouns; leave it out"),
        (["--quorum", "4", "--quorum-min-bps", "9"], "--quorum-min-bps: says nothing to --rule for-only; leave it out"),
        ([*CURVE, "--quorum-max-bps", "999"], "--quorum-max-bps: is 999; give --quorum-min-bps (1,000) or more"),
        ([*CURVE, "--quorum-max-bps", "10001"], "--quorum-max-bps: is 10,001; give"),
        ([*CURVE, "--quorum-coefficient", "0.5"], "--quorum-coefficient: is not a whole number; write it as the"),
        ([*CURVE, "--quorum-coefficient", "1e10"], "--quorum-coefficient: does not fit the contract's 32 bits"),
        ([*CURVE, "--supply", "0"], "--supply: is 0; give all votes that there are"),
        (
            ["--quorum", "0.00123", "--rule", "aave-v2", "--lead", "0", "--supply", "10"],
            "--quorum: is no whole number of basis points of --supply",
        ),
    ],
)
def test_options_that_do_not_fit_the_rule_are_refused_before_the_file_is_read(
    capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["tally", "nowhere.csv", *options]) == 2
    assert capsys.readouterr().err.startswith(said)
