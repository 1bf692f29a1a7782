"""`bot tally`: votes from a file, replayed."""

import gzip
import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import RULES, main
from bot.ruling import _RULES, Options
from bot.tally import tally

HEAD = "proposal,support,voter,votes,block,index\n"
STORY = """\
1,for,0xCal,30,10,2
1,against,0xDharma,20,10,1
1,for,0xZero,0,11,0
1,for,0xMonet,10.5,12,0
1,against,0xA16z,25,13,0
1,for,0xLate,5,14,0
"""
NOUNS: dict[str, str | None] = {  # of STORY-sized files: 20 of 100 against add 2,000 of 10,000 at a coefficient of 1
    "quorum": None,
    "supply": "100",
    "quorum_min_bps": "1000",
    "quorum_max_bps": "6000",
    "quorum_coefficient": "1000000",
}


def told(tmp_path: Path, text: str, rule: str = "for-only", **options: Any) -> list[dict[str, Any]]:
    file = tmp_path / "votes.csv"
    file.write_text(text)
    out = io.StringIO()
    tally(file, Options(**{"rule": rule, "quorum": "40", **options}), out, as_json=True)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_votes_are_replayed_in_the_chain_s_order_and_every_turn_is_said(tmp_path: Path) -> None:
    [line] = told(tmp_path, HEAD + STORY)
    assert line == {
        "proposal": "1",
        "for": 45.5,
        "against": 45,
        "abstain": 0,
        "voters": 6,
        "zero_votes": 1,
        "passes": True,
        "crossing": {"voter": "0xMonet", "position": 4, "block": 12},
        "flips": [
            {"voter": "0xMonet", "position": 4, "block": 12, "support": "for", "votes": 10.5, "to": "pass"},
            {"voter": "0xA16z", "position": 5, "block": 13, "support": "against", "votes": 25, "to": "fail"},
            {"voter": "0xLate", "position": 6, "block": 14, "support": "for", "votes": 5, "to": "pass"},
        ],
        "pivotal_by_removal": 3,
        "pivotal_by_switch": 3,
        "winning_number": 3,
        "blocking_number": 1,
        "hhi": pytest.approx((30**2 + 20**2 + 10.5**2 + 25**2 + 5**2) / 90.5**2),
        "gini": pytest.approx(2 * (5 + 2 * 10.5 + 3 * 20 + 4 * 25 + 5 * 30) / (5 * 90.5) - 6 / 5),
        "nakamoto": 2,
        "top1": pytest.approx(30 / 90.5),
        "top10": pytest.approx(1),
        "what_if": {
            "linear_for": pytest.approx(45.5 / 90.5),
            "quadratic_for": pytest.approx(
                (30**0.5 + 10.5**0.5 + 5**0.5) / (30**0.5 + 10.5**0.5 + 5**0.5 + 20**0.5 + 5)
            ),
            "one_address_for": pytest.approx(4 / 6),
            "capped_for": pytest.approx(3 / 5),
        },
    }
    assert list(line) == [
        *("proposal", "for", "against", "abstain", "voters", "zero_votes", "passes", "crossing", "flips"),
        *("pivotal_by_removal", "pivotal_by_switch", "winning_number", "blocking_number"),
        *("hhi", "gini", "nakamoto", "top1", "top10", "what_if"),
    ]


def test_uniswap_s_proposal_1_2_turns_where_it_turned(tmp_path: Path) -> None:
    """The three votes that turned it, and between them the rest of each side as the end tally has it, in parts."""
    early = [f"1.2,for,early{at},681995,13050000,{at}" for at in range(51)]
    early[0] = f"1.2,for,early0,{37_767_231 - 681_995 * 50},13050000,0"
    against = [f"1.2,against,no{at},710852,13055000,{at}" for at in range(45)]
    against[0] = f"1.2,against,no0,{31_988_372 - 710_852 * 44},13055000,0"
    rows = [
        *early,
        "1.2,for,0x458cEec48586a85fCFEb4A179706656eE321730E,5855769,13054658,7",
        *against,
        "1.2,against,0x2B1Ad6184a6B0fac06bD225ed37C2AbC04415fF4,15000125,13056456,1",
        "1.2,for,0x8d07D225a769b7Af3A923481E1FdF49180e6A265,4001544,13057106,1",
    ]
    [line] = told(tmp_path, HEAD + "\n".join(reversed(rows)), quorum="40000000")
    assert (line["for"], line["against"], line["passes"]) == (47_624_544, 46_988_497, True)
    assert line["crossing"] == {"voter": rows[51].split(",")[2], "position": 52, "block": 13054658}
    assert [(flip["position"], flip["to"]) for flip in line["flips"]] == [(52, "pass"), (98, "fail"), (99, "pass")]
    assert line["flips"][1]["votes"] == 15_000_125
    assert (line["blocking_number"], round(line["top1"], 6)) == (1, 0.158542)
    assert round(line["what_if"]["linear_for"], 6) == 0.503361


def test_uniswap_s_proposal_0_3_was_passed_by_three_and_blocked_by_two(tmp_path: Path) -> None:
    large = [15_656_820, 15_000_000, 13_000_000]  # the largest is top 1 of the whole: .260521
    rest = [f"0.3,for,small{at},{(60_088_813 - sum(large)) // 4},11490000,{at}" for at in range(4)]
    rest[0] = f"0.3,for,small0,{60_088_813 - sum(large) - (60_088_813 - sum(large)) // 4 * 3},11490000,0"
    rows = [
        *rest,
        f"0.3,for,first,{large[0]},11495000,0",
        "0.3,against,no,9300,11496000,0",
        f"0.3,for,a16z,{large[1]},11498209,0",
        f"0.3,for,last,{large[2]},11499000,0",
    ]
    [line] = told(tmp_path, HEAD + "\n".join(rows), quorum="40000000")
    assert [flip["voter"] for flip in line["flips"]] == [line["crossing"]["voter"]] == ["a16z"]
    assert (line["pivotal_by_removal"], line["pivotal_by_switch"]) == (0, 0)
    assert (line["winning_number"], line["blocking_number"]) == (3, 2)
    assert (round(line["top1"], 6), round(line["what_if"]["linear_for"], 6)) == (0.260521, 0.999845)


def test_proposals_come_in_the_order_of_the_file_and_columns_in_any_order_and_case(tmp_path: Path) -> None:
    head = "Index,VOTES,note,Support,block,voter,proposal\n"
    first, second = told(tmp_path, head + "0,5,x,For,1,a,2.1\n\n0,7,y,AGAINST,1,b,0.3\n1,1,,abstain,1,c,2.1\n")
    assert (first["proposal"], first["for"], first["abstain"]) == ("2.1", 5, 1)
    assert (second["proposal"], second["against"], second["crossing"], second["flips"]) == ("0.3", 7, None, [])
    assert (second["winning_number"], second["blocking_number"]) == (None, None)


def test_integers_stay_integers_and_decimals_exact(tmp_path: Path) -> None:
    wei = 15_000_125_000_000_000_000_000_001
    file = tmp_path / "votes.csv"
    file.write_text(
        f"{HEAD}a,for,x,{wei},1,0\nb,for,x,0.1,1,0\nb,for,y,0.2,1,1\nc,for,x,3000000.0,1,0\nc,for,y,1e-9,1,1\n"
    )
    out = io.StringIO()
    tally(file, Options("for-only", "1"), out, as_json=True)
    first, second, third = out.getvalue().splitlines()
    assert f'"for":{wei},' in first
    assert '"for":0.3,' in second
    assert '"for":3000000.000000001,' in third
    assert '"votes":3000000,' in third


def test_a_voter_s_rows_are_summed_whatever_the_spelling_of_the_address(tmp_path: Path) -> None:
    [line] = told(tmp_path, f"{HEAD}1,for,0xAB,30,1,0\n1,abstain,0xab,10,1,1\n1,for,0xcd,15,2,0\n")
    assert (line["voters"], line["nakamoto"], line["pivotal_by_removal"]) == (2, 1, 2)
    assert line["what_if"]["one_address_for"] == 1.0


def test_rows_out_of_order_and_numbers_of_more_than_64_bits_are_replayed_in_order(tmp_path: Path) -> None:
    late, index = 2**70, 10**25
    text = f"{HEAD}1,for,a,50,7,1\n1,against,b,60,{late},0\n1,for,c,20,{late},{index}\n1,for,d,1,7,0\n"
    [line] = told(tmp_path, text, quorum="10")
    assert [(flip["voter"], flip["position"], flip["block"]) for flip in line["flips"]] == [
        ("a", 2, 7),
        ("b", 3, late),
        ("c", 4, late),
    ]


def test_what_only_looks_like_an_address_is_a_voter_of_its_own(tmp_path: Path) -> None:
    """A number in other digits, or with a grouping that Python reads, is not the address of that value."""
    address = "0x" + "0" * 39 + "5"
    others = ["0x" + "0" * 39 + "\N{ARABIC-INDIC DIGIT FIVE}", "0x" + "0" * 37 + "0_5", "0x5", "5", "0x" + "g" * 40]
    rows = "".join(f"1,for,{who},1,{at},0\n" for at, who in enumerate([address, address.upper(), *others]))
    [line] = told(tmp_path, HEAD + rows, quorum="1")
    assert line["voters"] == 1 + len(others)


def test_a_voter_is_named_as_the_file_spells_it(tmp_path: Path) -> None:
    spelled = "0x8d07D225a769b7Af3A923481E1FdF49180e6A265"
    [line] = told(tmp_path, f"{HEAD}1,for,{spelled.lower()},0,1,0\n1,for,{spelled},50,2,0\n")
    assert (line["crossing"]["voter"], line["flips"][0]["voter"], line["voters"]) == (spelled, spelled, 1)


def test_a_hundred_thousand_votes_take_little_room(tmp_path: Path) -> None:
    """A row takes less than 300 bytes at the most; with an object for each field it was more than 800."""
    rows = [f"1,{('for', 'against')[at % 3 == 1]},0x{at * 7919:040X},{10**18 + at},{at},0" for at in range(100_000)]
    file = tmp_path / "votes.csv"
    file.write_text(HEAD + "\n".join(rows))
    tracemalloc.start()
    try:
        tally(file, Options("for-only", "1"), io.StringIO(), as_json=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 35_000_000


def test_a_proposal_of_votes_without_weight_measures_nothing(tmp_path: Path) -> None:
    [line] = told(tmp_path, f"{HEAD}1,for,a,0,1,0\n1,against,b,0.0,1,1\n")
    assert (line["voters"], line["zero_votes"], line["passes"]) == (2, 2, False)
    assert [line[name] for name in ("hhi", "gini", "nakamoto", "top1", "top10")] == [None] * 5
    assert line["what_if"] == {
        "linear_for": None,
        "quadratic_for": None,
        "one_address_for": 0.5,
        "capped_for": None,
    }


@pytest.mark.parametrize(
    ("rule", "options", "passes"),
    [
        ("bravo", {}, False),
        ("for-abstain", {}, True),
        ("every-side", {"quorum": "60"}, True),
        ("agora", {"quorum": "60", "support_required": "0.6"}, True),
        ("agora", {"quorum": "60", "support_required": "0.61"}, False),
        ("aragon", {"quorum": "29.9", "support_required": "0.5", "supply": "100"}, True),
        ("aragon", {"quorum": "30", "support_required": "0.5", "supply": "100"}, False),
        ("aragon", {"quorum": "5", "support_required": "0.6", "supply": "100"}, False),
        ("aragon", {"quorum": "30", "support_required": "0.29", "supply": "100", "early": True}, True),
        ("aragon-osx", {"quorum": "60", "support_required": "0.5"}, True),
        ("aragon-osx", {"quorum": "60.1", "support_required": "0.5"}, False),
        ("aave-v2", {"quorum": "20", "lead": "9", "supply": "1000"}, True),
        ("aave-v2", {"quorum": "20", "lead": "10", "supply": "1000"}, False),
        ("aave-v3", {"quorum": "29", "lead": "9.5"}, True),
        ("aave-v3", {"quorum": "30", "lead": "9.5"}, False),
        ("nouns", {**NOUNS, "quorum_min_bps": "1000"}, True),
        ("nouns", {**NOUNS, "quorum_min_bps": "1100"}, False),
        ("nouns", {**NOUNS, "quorum_min_bps": "1100", "quorum_max_bps": "3000"}, True),
    ],
)
def test_each_rule_by_name_decides_as_its_family_does(
    tmp_path: Path, rule: str, options: dict[str, Any], *, passes: bool
) -> None:
    text = f"{HEAD}1,for,a,30,1,0\n1,against,b,20,1,1\n1,abstain,c,10,1,2\n"
    [line] = told(tmp_path, text, rule, **options)
    assert line["passes"] is passes


def test_nouns_quorum_grows_with_each_vote_against_until_its_cap(tmp_path: Path) -> None:
    """Worked by hand: supply 400, least 10 %, most 15 %, coefficient 1.2: quorum 40, and 1.2 more for each Noun
    against, rounded down twice; from 17 against on it is 60.
    """
    rows = [
        "1,for,a,50,1,0",  # 50 of 40: passes
        "1,against,b,8,2,0",  # 200 bps against add 240: 12.4 % are 49.6, so 49: passes still
        "1,against,c,1,3,0",  # 225 bps add 270: 12.7 % are 50.8, so 50: passes still
        "1,against,d,1,4,0",  # 250 bps add 300: 13 % are 52: fails
        "1,for,e,2,5,0",  # 52: passes
        "1,against,f,30,6,0",  # 1,000 bps add 1,200: capped at 15 %, 60: fails
        "1,for,g,8,7,0",  # 60 against 40: passes
    ]
    curve = {"quorum_min_bps": "1000", "quorum_max_bps": "1500", "quorum_coefficient": "1200000"}
    [line] = told(tmp_path, HEAD + "\n".join(rows), "nouns", **{**NOUNS, **curve, "supply": "400"})
    assert [(flip["position"], flip["to"]) for flip in line["flips"]] == [
        (1, "pass"),
        (4, "fail"),
        (5, "pass"),
        (6, "fail"),
        (7, "pass"),
    ]
    assert line["crossing"]["position"] == 1
    assert (line["passes"], line["blocking_number"]) == (True, 1)


def test_the_command_line_takes_nouns_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "votes.csv"
    file.write_text(HEAD + STORY)
    given = ["--quorum-min-bps", "1000", "--quorum-max-bps", "2000", "--quorum-coefficient", "0", "--supply", "455"]
    assert main(["tally", str(file), "--rule", "nouns", *given]) == 0
    assert capsys.readouterr().out.startswith("1: passes\n")  # 45.5 of 45.5


def test_the_command_line_offers_exactly_the_rules_that_there_are() -> None:
    assert tuple(_RULES) == RULES


def test_a_reader_gets_the_same_in_words_from_a_zipped_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "votes.csv.gz"
    file.write_bytes(gzip.compress((HEAD + STORY).encode()))
    assert main(["tally", str(file), "--quorum", "40"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("1: passes\n  for 45.5, against 45, abstain 0; 6 voters, 1 vote of no weight\n")
    assert "quorum reached by vote 4: 0xMonet\n" in text
    assert "turned to fail by vote 5: 0xA16z, 25 against\n" in text
    assert "largest For votes: that win alone 3, that must go 1\n" in text


def test_no_name_in_a_file_works_on_the_terminal(tmp_path: Path) -> None:
    file, out = tmp_path / "votes.csv", io.StringIO()
    file.write_text(f"{HEAD}1\x1b[2J,for,\x1b[31mwho,40,1,0\n")
    tally(file, Options(rule="for-only", quorum="40"), out, as_json=False)
    told = out.getvalue()
    assert "\x1b" not in told
    assert told.startswith("1\ufffd[2J: passes\n")
    assert "quorum reached by vote 1: \ufffd[31mwho\n" in told
    assert "turned to pass by vote 1: \ufffd[31mwho, 40 for\n" in told


SECOND_THOUGHTS = """\
1,for,0xAa,30,10,0
1,against,0xBb,25,10,1
1,for,0xCc,15,11,0
1,against,0xaA,30,12,0
1,for,0xBb,0.5,13,0
1,for,0xAa,29.5,14,0
1,abstain,0xDd,0,14,1
1,for,0xDd,0,15,0
"""


def test_a_later_vote_stands_in_the_place_of_the_earlier_ones_where_it_replaces(tmp_path: Path) -> None:
    [line] = told(tmp_path, HEAD + SECOND_THOUGHTS, replace=True)
    assert (line["for"], line["against"], line["abstain"]) == (45, 0, 0)
    assert (line["voters"], line["zero_votes"], line["passes"]) == (4, 1, True)
    assert line["crossing"] == {"voter": "0xCc", "position": 3, "block": 11}  # 30 + 15 For
    assert [(one["position"], one["voter"], one["votes"], one["to"]) for one in line["flips"]] == [
        (3, "0xCc", 15, "pass"),
        (4, "0xaA", 30, "fail"),  # its 30 For are gone as it votes against
        (6, "0xAa", 29.5, "pass"),
    ]
    assert line["top1"] == pytest.approx(29.5 / 45)
    assert (line["winning_number"], line["blocking_number"]) == (2, 1)
    assert line["what_if"]["one_address_for"] == 1  # 0xDd's is For alone


def test_the_last_vote_is_the_last_on_the_chain_and_not_in_the_file(tmp_path: Path) -> None:
    head, *rows = (HEAD + SECOND_THOUGHTS).splitlines(keepends=True)
    [line] = told(tmp_path, "".join([head, *reversed(rows)]), replace=True)
    assert [line] == told(tmp_path, HEAD + SECOND_THOUGHTS, replace=True)


def test_votes_add_up_unless_it_is_said_that_they_replace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [line] = told(tmp_path, HEAD + SECOND_THOUGHTS)
    assert (line["for"], line["against"], line["zero_votes"]) == (75, 55, 2)
    file = tmp_path / "votes.csv"
    for options, in_favour in (([], 75), (["--replace"], 45)):
        assert main(["tally", str(file), "--quorum", "40", "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out)["for"] == in_favour


def test_a_quorum_reached_again_after_a_vote_was_taken_back_was_first_reached_before(tmp_path: Path) -> None:
    rows = "1,for,0xA,50,1,0\n1,for,0xA,10,2,0\n1,for,0xA,60,3,0\n"
    [line] = told(tmp_path, HEAD + rows, replace=True)
    assert line["crossing"]["position"] == 1
    assert [(one["position"], one["to"]) for one in line["flips"]] == [(1, "pass"), (2, "fail"), (3, "pass")]


def test_the_command_runs_in_an_interpreter_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    file.write_text(HEAD + STORY)
    command = [sys.executable, "-m", "bot", "tally", str(file), "--quorum", "40", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["for"] == 45.5
