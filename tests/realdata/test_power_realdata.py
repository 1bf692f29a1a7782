"""Published figures: the holders of Curve and the airdrop of ENS, through the command as an analyst runs it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

ESCROWS = ("Voting Escrow", "Curve Vesting Escrow")


def printed(capsys: pytest.CaptureFixture[str], file: Path, *options: str) -> dict[str, Any]:
    assert main(["power", str(file), "--json", *options]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_holders_of_curve_without_its_escrows_are_as_published(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = recorded / "governance/curve.csv.gz"
    found = printed(capsys, file, "--weight", "poolholdings", "--exclude", *ESCROWS, "--quota", "majority")
    assert (found["n"], found["nakamoto"], found["nakamoto_quota"]) == (997, 23, 23)
    assert [one["rows"] for one in found["excluded"]] == [1, 2]
    assert found["gini"] == pytest.approx(0.840164, abs=5e-7)
    assert found["hhi"] == pytest.approx(0.028634, abs=5e-7)
    assert found["shannon_bits"] == pytest.approx(7.0629, abs=5e-5)
    assert found["theil"] == pytest.approx(2.0091, abs=5e-5)
    assert found["top10"] == pytest.approx(0.37075, abs=5e-6)
    assert found["banzhaf"]["method"] == found["shapley_shubik"]["method"] == "buckets"
    assert found["shapley_shubik"]["error"] < 1e-3


def test_with_its_escrows_curve_looks_otherwise(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, recorded / "governance/curve.csv.gz", "--weight", "poolholdings")
    assert (found["n"], found["excluded"]) == (1000, [])
    assert found["gini"] > 0.85


def test_the_airdrop_of_ens_is_as_its_list_has_it(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = json.loads(gzip.decompress((recorded / "governance/ens_airdrop_mainnet.json.gz").read_bytes()))
    file = tmp_path / "ens.csv"
    file.write_text("address,amount\n" + "".join(f"{who},{wei}\n" for who, wei in claims.items()))
    found = printed(capsys, file, "--weight", "amount")
    assert found["total"] == 25_000_000_000_000_001_930_530_982
    assert (found["n"], found["nakamoto"]) == (137_689, 33_389)
    assert found["gini"] == pytest.approx(0.402711, abs=5e-7)
    assert found["top_1pct"] == pytest.approx(0.04505, abs=5e-6)
    assert found["top_10pct"] == pytest.approx(0.26566, abs=5e-6)
    assert found["shannon_bits"] == pytest.approx(16.6786, abs=5e-5)
