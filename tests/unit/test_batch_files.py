"""What `python -m bot batch` says of files that are not what they should be, and of ABIs given beside them."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.__main__ import main
from tests.nested import TREE, Batch, Leaf, sent_straight
from tests.userops import call

A, B = "0x" + "1a" * 20, "0x" + "2b" * 20


def recorded(**bent: Any) -> dict[str, Any]:
    parts = (
        Leaf(A, call("poke((uint256,address)[],bytes4)", [(7, B)], b"\1\2\3\4"), fails=False),
        Leaf(B, b"", fails=True),
    )
    case: dict[str, Any] = msgspec.to_builtins(sent_straight(Batch("multicall", "0x" + "3c" * 20, parts, tries=True)))
    return {**case, **bent}


def written(folder: Path, content: object, name: str = "case.json") -> str:
    file = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return str(file)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["batch", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


@pytest.mark.parametrize("name", ["case.json", "case.json.gz"])
def test_a_file_may_be_plain_or_gzip(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", written(tmp_path, recorded(), name), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [c["outcome"] for c in told["containers"][0]["calls"]] == ["success", "failed"]
    assert (told["chain"], told["containers"][0]["calls"][1]["function"]) == (1, None)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{", "is not JSON"),
        ([], "$: found list"),
        ({"tx": {}}, "$.receipt: is missing"),
        (recorded(tx=None), "$.tx: is missing"),
        (recorded(tx=7), "$.tx: is not an object"),
        (recorded(tx={**recorded()["tx"], "from": "0x12"}), "$.tx.from: is not 20 bytes long"),
        (recorded(receipt={**recorded()["receipt"], "status": "0x2"}), "$.receipt.status: is neither 0 nor 1"),
        (recorded(receipt={**recorded()["receipt"], "logs": [{}]}), "$.receipt.logs[0]: "),
        (recorded(receipt={**recorded()["receipt"], "transactionHash": "0x" + "1" * 64}), "of another transaction"),
        (recorded(**{TREE: {"type": 1}}), f"$.{TREE}: callTracer: a frame has no type"),
        (recorded(**{TREE: None}, trace_transaction=[]), "$.trace_transaction: trace_transaction: no frames"),
        (recorded(eth_getCode=[]), "$.eth_getCode: is not an object"),
        (recorded(tx={**recorded()["tx"], "authorizationList": [7]}), "$.tx.authorizationList[0]: is not an object"),
    ],
)
def test_a_bad_file_names_its_place_and_a_remedy(
    content: object, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, written(tmp_path, content))
    assert told.startswith(str(tmp_path / "case.json"))
    assert place in told
    assert "; give " in told


def test_a_file_that_is_not_there_and_half_a_hash_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No such file" in refused(capsys, str(tmp_path / "none.json"))
    assert "is neither a file nor a transaction hash" in refused(capsys, "0x7777")


def test_one_tree_that_does_not_read_leaves_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = recorded()
    good = case[TREE]
    case |= {TREE: {"type": 1}, "trace": good}
    assert main(["batch", written(tmp_path, case), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["containers"][0]["outcome"] == "partial"
    assert main(["batch", written(tmp_path, recorded(**{TREE: {"type": 1}})), "--json", "--no-trace"]) == 0


POKE = {
    "type": "function",
    "name": "poke",
    "inputs": [
        {"name": "all", "type": "tuple[]", "components": [{"type": "uint256"}, {"type": "address"}]},
        {"type": "bytes4"},
    ],
}
BOOM = {"type": "error", "name": "LabBoom", "inputs": [{"type": "uint256"}, {"type": "string"}]}


@pytest.mark.parametrize("abi", [[POKE, BOOM, {"type": "event"}], {"Vault": [POKE]}, {"abi": [POKE], "bytecode": "0x"}])
def test_a_local_abi_names_functions_with_their_arguments(
    abi: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [written(tmp_path, recorded()), "--abi", written(tmp_path, abi, "abi.json")]
    assert main(["batch", *given, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["containers"][0]["calls"][0]
    assert first["function"] == "poke((uint256,address)[],bytes4)"
    assert first["args"] == [[["7", "0x2b2B2B2b2B2b2B2b2B2b2b2b2B2B2b2b2B2b2B2B"]], "0x01020304"]
    assert main(["batch", *given]) == 0
    assert "poke(" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("abi", "place"),
    [
        (7, "$: is no ABI"),
        ({}, "$: is no ABI"),
        ({"Vault": 7}, "$.Vault: is no ABI"),
        ([7], "$[0]: is not an object"),
        ([{**POKE, "name": "a b"}], "$[0].name: is not a name"),
        ([{**POKE, "inputs": None}], "$[0].inputs: is not a list"),
        ([{**POKE, "inputs": [{}]}], "$[0].inputs[0]: has no type"),
        ({"V": [{**BOOM, "inputs": [{"type": "uint7"}]}]}, "$.V[0].inputs[0].type: 'uint7' is no ABI type"),
        ([{**BOOM, "inputs": [{"type": "tuple"}]}], "$[0].inputs[0].components: is not a list"),
    ],
)
def test_a_bad_abi_names_its_place_and_a_remedy(
    abi: object, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, written(tmp_path, recorded()), "--abi", written(tmp_path, abi, "abi.json"))
    assert f"abi.json: {place}" in told
    assert "give a JSON ABI" in told


def test_text_of_a_contract_cannot_act_on_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = recorded()
    case[TREE]["calls"][1]["output"] = "0x" + call("Error(string)", "\x9b31mred\u202e\x1b]0;x").hex()
    assert main(["batch", written(tmp_path, case)]) == 0
    told = capsys.readouterr().out
    assert "31mred" in told
    assert not set(told) & {"\x9b", "\x1b", "\u202e"}
