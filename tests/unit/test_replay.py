import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.replay import fields, replay
from config.settings import load
from tests.events import vote
from watchers.errors import InputError
from watchers.wings import PROTOCOLS

SETTINGS = load(environ={}, dotenv=None, protocols=PROTOCOLS)
CHAIN = SETTINGS.chains["ethereum"]
PAIR = "0x" + "0a" * 20
TX = "0x" + "7e" * 32
SYNC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
MINT = "0x4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f"


def a_log(topics: list[str], words: list[int], index: int, address: str = PAIR) -> dict[str, Any]:
    return {
        "address": address,
        "topics": topics,
        "data": "0x" + "".join(f"{w:064x}" for w in words),
        "blockNumber": "0x10",
        "blockHash": "0x" + "b0" * 32,
        "transactionHash": TX,
        "transactionIndex": "0x0",
        "logIndex": hex(index),
        "removed": False,
    }


LOGS = [
    a_log([SYNC], [10**21, 3 * 10**9], 0),
    a_log([MINT, "0x" + "0" * 24 + "11" * 20], [10**20, 3 * 10**8], 1),
    a_log([MINT, "0x" + "0" * 24 + "11" * 20], [5, 6], 3, "0x" + "0b" * 20),  # no Sync before it: an imitation
    a_log(["0x" + "12" * 32], [1], 4),
]
RECEIPT = {"transactionHash": TX, "status": "0x1", "logs": LOGS}


def lines(tmp_path: Path, content: Any, *, alerts: bool = False, zipped: bool = False) -> list[dict[str, Any]]:
    file = tmp_path / "x.json"
    raw = json.dumps(content).encode()
    file.write_bytes(gzip.compress(raw) if zipped else raw)
    out = io.StringIO()
    replay(SETTINGS, CHAIN, [file], out, alerts=alerts, as_json=True)
    return [json.loads(line) for line in out.getvalue().splitlines()]


FORMS = [LOGS, RECEIPT, [RECEIPT], {"jsonrpc": "2.0", "id": 1, "result": [RECEIPT]}, {"receipt": RECEIPT}]


@pytest.mark.parametrize("form", FORMS, ids=["logs", "receipt", "receipts", "answer", "beside"])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_form_gives_the_same_events_and_a_summary_that_adds_up(form: Any, zipped: Any, tmp_path: Path) -> None:
    event, summary = lines(tmp_path, form, zipped=zipped)
    assert event == {
        "kind": "liquidity",
        "protocol": "uniswap_v2",
        "chain": 1,
        "block": 16,
        "tx": TX,
        "log_index": 1,
        "tx_index": 0,
        "address": "0x0A0A0a0a0a0a0a0A0a0a0A0a0A0A0A0a0a0a0a0a",
        "position": 0,
        "action": "add",
        "owner": "0x1111111111111111111111111111111111111111",
        "recipient": "",
        "amount0_raw": str(10**20),
        "amount1_raw": str(3 * 10**8),
        "tick_lower": None,
        "tick_upper": None,
        "liquidity_raw": "0",
        "sqrt_price_x96": None,
        "tick": None,
        "reserve0_raw": str(10**21),
        "reserve1_raw": str(3 * 10**9),
    }
    counts = summary["summary"]
    assert counts["logs"] == 4
    assert counts["logs"] == counts["decoded"] + counts["skipped_unknown"] + counts["decode_errors"]
    assert (counts["blocks"], counts["decode_errors"]) == (1, 0)


def test_amounts_beyond_a_double_stay_exact() -> None:
    shown = fields(vote(1, weight_raw=2**255 + 1, proposal_id=2**255 + 3))
    assert (shown["weight_raw"], shown["proposal_id"]) == (str(2**255 + 1), str(2**255 + 3))


BAD = [
    (b"{", "is not JSON"),
    (b"\x1f\x8b\x08broken", "is not whole gzip"),
    (b"3", r"\$: found int"),
    (b'{"error": {"code": -32000}}', r"\$: found an error answer"),
    (b'[{"a": 1}]', r"\$\[0\]: neither a log nor a receipt"),
    (json.dumps([{**LOGS[0], "data": 7}]).encode(), r"\$\[0\]\.data: Expected `str`, got `int`"),
    (json.dumps([{**LOGS[0], "data": "0xzz"}]).encode(), r"\$\[0\]: holds text that is not hex"),
    (json.dumps([{"topics": []}]).encode(), r"\$\[0\]: Object missing required field `address`"),
    (json.dumps({"receipt": {"logs": []}}).encode(), "holds no transactionHash"),
]


@pytest.mark.parametrize(("content", "told"), BAD)
def test_a_bad_file_is_named_with_place_and_remedy(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(InputError, match=told) as caught:
        replay(SETTINGS, CHAIN, [file], io.StringIO(), alerts=False, as_json=True)
    assert str(caught.value).startswith(f"{file}: ")
    assert "; " in str(caught.value)


def test_the_command_exits_2_for_a_bad_file_and_an_unknown_chain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "nothing.json")
    assert main(["replay", missing, "--chain", "1"]) == 2
    assert "nothing.json: No such file" in capsys.readouterr().err
    assert main(["replay", missing, "--chain", "999"]) == 2
    assert "999: is not in chains.toml; one of: 1 (ethereum)" in capsys.readouterr().err


def test_the_command_prints_lines_for_a_chain_by_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "logs.json"
    file.write_text(json.dumps(LOGS))
    assert main(["replay", str(file), "--chain", "ethereum"]) == 0
    shown = capsys.readouterr().out
    assert shown.endswith("1 blocks, 4 logs, 2 decoded, 2 skipped unknown, 0 decode errors\n")
    assert "uniswap_v2 address=0x0A0A0a0a0a0a0a0A0a0a0A0a0A0A0A0a0a0a0a0a action=add" in shown
