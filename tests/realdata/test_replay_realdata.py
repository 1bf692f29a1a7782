import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.replay import replay
from config.settings import load
from watchers.wings import PROTOCOLS

SETTINGS = load(environ={}, dotenv=None, protocols=PROTOCOLS)
BLOCKS = {  # logs, as the data's README states
    "mev-inspect-py/10803840": 255,
    "mev-inspect-py/11931270": 236,
    "mev-inspect-py/12412732": 314,
    "mev-inspect-py/12498502": 320,
    "mev-inspect-py/12914944": 308,
    "mev-inspect-py/12932986": 326,
    "mev-inspect-py/13004256": 294,
    "helios/receipts": 463,
}


def replayed(file: Path, *, alerts: bool = False) -> list[dict[str, Any]]:
    out = io.StringIO()
    replay(SETTINGS, SETTINGS.chains["ethereum"], [file], out, alerts=alerts, as_json=True)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(("name", "logs"), BLOCKS.items())
def test_a_full_mainnet_block_decodes_with_no_error(name: str, logs: int, recorded: Path) -> None:
    *_, summary = replayed(recorded / f"{name}.json.gz")
    counts = summary["summary"]
    assert (counts["blocks"], counts["logs"], counts["decode_errors"]) == (1, logs, 0)
    assert counts["decoded"] + counts["skipped_unknown"] == logs


def test_an_atoken_is_never_named_a_pool(recorded: Path) -> None:
    events = replayed(recorded / "mev-inspect-py/13004256.json.gz")[:-1]
    adds = [e for e in events if e["protocol"] == "uniswap_v2" and e["action"] == "add"]
    assert len(adds) == 1


def test_the_moves_of_a_v3_block_are_those_stated(recorded: Path) -> None:
    events = replayed(recorded / "mev-inspect-py/12914944.json.gz")[:-1]
    v3 = [e for e in events if e["protocol"] == "uniswap_v3"]
    assert sum(e["action"] == "add" for e in v3) == 3
    burns = [e for e in v3 if e["action"] == "remove"]
    assert (len(burns), sum(e["liquidity_raw"] == "0" for e in burns)) == (6, 3)


def test_a_recorded_bundle_with_its_trace_makes_the_alert(recorded: Path) -> None:
    alert, summary = replayed(recorded / "batches/ep07_bundle_success_revert_postop.json.gz", alerts=True)
    outcomes = [op["outcome"] for op in alert["facts"]["operations"]]
    assert outcomes == ["success", "reverted", "postop_reverted"]
    assert [c["outcome"] for c in alert["facts"]["operations"][1]["calls"]] == ["rolled_back", "failed", "not_executed"]
    assert summary["summary"]["decode_errors"] == 0
