import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.replay import _event_line, fields, replay
from config.settings import load
from tests.events import created, vote
from watchers.abi import encode_words, shape_of
from watchers.errors import InputError
from watchers.governance.protocols.oz_governor import ProposalCreated, VoteCast
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
        "payer": "",
        "amount0_raw": str(10**20),
        "amount1_raw": str(3 * 10**8),
        "token0": "",
        "token1": "",
        "in_receipts": False,
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


ENS = SETTINGS.daos["ens"]
SUMMARY = ("blocks", "logs", "decoded", "skipped_unknown", "decode_errors")
_OF_CREATION = tuple(p.type for p in shape_of(ProposalCreated).params)
_CREATION = encode_words(_OF_CREATION, (7, "0x" + "a1" * 20, (), (), (), (), 20, 30, "# Spend it")).hex()
CREATED = {**a_log([shape_of(ProposalCreated).topic0], [], 4, ENS.governor), "data": "0x" + _CREATION}


def a_vote(index: int, voter: str) -> dict[str, Any]:
    data = encode_words(("uint256", "uint8", "uint256", "string"), (7, 1, 10**24, "because")).hex()
    topics = [shape_of(VoteCast).topic0, f"0x{voter * 20:0>64}"]
    return {**a_log(topics, [], index, ENS.governor), "data": "0x" + data}


def test_what_only_a_node_could_weigh_is_counted_and_said(tmp_path: Path) -> None:
    votes = [a_vote(5, "a1"), a_vote(6, "a2")]
    (line,) = lines(tmp_path, votes, alerts=True)
    assert line["summary"] == {
        **dict(zip(SUMMARY, (1, 2, 2, 0, 0), strict=True)),
        "not_weighed": {"votes": 2},
        "missing": ["quorum and voting supply"],
    }
    assert set(lines(tmp_path, votes)[-1]["summary"]) == set(SUMMARY)  # nobody weighs an event that is only told


def test_the_command_says_in_a_line_what_was_not_weighed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "logs.json"
    file.write_text(json.dumps([*LOGS, a_vote(5, "a1")]))
    assert main(["replay", str(file), "--chain", "1", "--alerts"]) == 0
    *_, counts, left = capsys.readouterr().out.splitlines()
    assert counts == "1 blocks, 5 logs, 3 decoded, 2 skipped unknown, 0 decode errors"
    assert left == (
        "not weighed, since a node is asked for it and replay is offline: "
        "1 liquidity move (the pool's tokens, standing and prices), 1 vote (quorum and voting supply)"
    )


def test_a_text_of_the_chain_stays_on_its_line_and_does_not_work_on_the_terminal() -> None:
    line = _event_line(created(5, description="Pay\x1b[2J the\nhacker\u202e"))
    assert line.count("\n") == 1
    assert "description=Pay[2J the hacker" in line
    assert line.removesuffix("\n").isprintable()


def test_a_time_that_no_file_tells_is_not_called_now(tmp_path: Path) -> None:
    out = io.StringIO()
    file = tmp_path / "x.json"
    for time, said in ((None, "time unknown"), ("0x65000000", "just now")):
        file.write_text(json.dumps([{**log, "blockTimestamp": time} for log in [CREATED]]))
        replay(SETTINGS, CHAIN, [file], out, alerts=True, as_json=False)
        assert f" · {said} · " in out.getvalue()
        assert ("just now" in out.getvalue()) == (time is not None)


def test_files_that_hold_no_logs_are_said_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "none.json"
    file.write_text("[]")
    assert main(["replay", str(file), "--chain", "1"]) == 0
    assert (
        capsys.readouterr().out
        == f"0 blocks, 0 logs, 0 decoded, 0 skipped unknown, 0 decode errors\n{file}: holds no logs\n"
    )
    (line,) = lines(tmp_path, [])
    assert line["summary"] == {**dict.fromkeys(SUMMARY, 0), "empty": [str(tmp_path / "x.json")]}
