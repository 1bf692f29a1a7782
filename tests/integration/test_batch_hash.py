"""`python -m bot batch HASH`: the chain is found, the call tree and the authorities' code are asked for, real HTTP."""

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from bot.batch import batch
from config.settings import Runtime, Settings
from tests.nested import TREE, Batch, Leaf, sent_straight
from tests.node import Node, Refusal, chain_of, serve
from tests.userops import ACCOUNT, TX
from watchers.errors import ChainError, InputError
from watchers.signatures import KNOWN

PARTS = (Leaf("0x" + "1a" * 20, b"\1", fails=False), Leaf("0x" + "2b" * 20, b"\2", fails=True))
Lie = Callable[[str, list[Any], Any], Any]


def case() -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(sent_straight(Batch("account", ACCOUNT, PARTS, tries=True)))
    made["receipt"]["blockNumber"] = "0x64"
    return made


def knowing(given: dict[str, Any], **answers: Any) -> Lie:
    """Answer as a node that holds this transaction; None in `answers` is a method that it lacks."""
    known = {
        "eth_getTransactionByHash": given["tx"],
        "eth_getTransactionReceipt": given["receipt"],
        "debug_traceTransaction": given[TREE],
        **answers,
    }

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method in known and known[method] is None:
            raise Refusal(-32601, "method not found")
        if method in ("eth_getTransactionByHash", "eth_getTransactionReceipt") and params[0] != TX:
            return None
        return known.get(method, result)

    return lie


@asynccontextmanager
async def chains(*nodes: Node) -> AsyncIterator[Settings]:
    """Give settings with one chain a node; its key is `chain1`, `chain2`."""
    if not nodes:
        yield Settings(runtime=Runtime(), chains={}, daos={}, tokens=(), labels=(), watches=())
        return
    first, *rest = nodes
    async with serve(first) as urls, chains(*rest) as others:
        key = f"chain{first.chain_id}"
        chain = chain_of(urls).model_copy(update={"key": key, "name": key, "id": first.chain_id})
        yield others.model_copy(update={"chains": {key: chain, **others.chains}})


async def told(settings: Settings, *, trace: bool = True, name: str = TX) -> dict[str, Any]:
    out = io.StringIO()
    await batch(settings, [name], KNOWN, out, trace=trace, as_json=True)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def outcomes(given: dict[str, Any]) -> list[str]:
    return [call["outcome"] for container in given["containers"] for call in container["calls"]]


async def test_the_chain_is_found_and_every_call_told() -> None:
    empty, holds = Node(chain_id=1), Node(chain_id=2)
    empty.lie = lambda method, _, result: None if method.startswith("eth_getTransaction") else result
    holds.lie = knowing(case() | {"tx": {**case()["tx"], "chainId": "0x2"}})
    async with chains(empty, holds) as settings:
        found = await told(settings, name=TX.upper().replace("0X", "0x"))
        assert (found["chain"], found["tx"]) == (2, TX)
        assert outcomes(found) == ["success", "failed"]
        assert outcomes(await told(settings, trace=False)) == ["unknown", "failed"]


async def test_a_node_without_traces_leaves_what_logs_prove() -> None:
    node = Node(chain_id=1)
    node.lie = knowing(case(), debug_traceTransaction=None, trace_transaction=None)
    async with chains(node) as settings:
        assert outcomes(await told(settings)) == ["unknown", "failed"]


async def test_the_authoritys_code_is_asked_for() -> None:
    given = case()
    given["tx"] |= {"type": "0x4", "authorizationList": [AUTHORIZATION]}
    node = Node(chain_id=1)
    for code, applied in (("0xef0100" + AUTHORIZATION["address"][2:], True), ("0x", False), (None, None)):
        node.lie = knowing(given, eth_getCode=code)
        async with chains(node) as settings:
            (delegation,) = (await told(settings))["delegations"]
            assert delegation["applied"] is applied


AUTHORIZATION = {  # a signature of nobody's making, which fits some key all the same
    "chainId": "0x0",
    "address": "0x" + "d1" * 20,
    "nonce": "0x0",
    "yParity": "0x0",
    "r": "0x1",
    "s": "0x1",
}


async def test_a_hash_that_no_chain_knows_is_the_askers_to_mend() -> None:
    node = Node(chain_id=1)
    node.lie = lambda method, _, result: None if method.startswith("eth_getTransaction") else result
    async with chains(node) as settings:
        with pytest.raises(InputError, match="no transaction of that hash is on chain1"):
            await told(settings)
    async with chains() as settings:
        with pytest.raises(InputError, match="no chain is followed"):
            await told(settings)


async def test_chains_that_are_not_reached_are_named() -> None:
    out, empty = Node(chain_id=1), Node(chain_id=2)
    out.fault = lambda _: web.Response(status=500)
    empty.lie = lambda method, _, result: None if method.startswith("eth_getTransaction") else result
    async with chains(out, empty) as settings:
        with pytest.raises(ChainError, match="not reached: chain1; see"):
            await told(settings)


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"eth_getTransactionByHash": None}, "the node refuses to tell transactions"),
        ({"eth_getTransactionByHash": {"hash": "0x1"}}, "the node's answer does not read"),
        (
            {
                "eth_getTransactionByHash": case()["tx"] | {"hash": "0x" + "99" * 32},
                "eth_getTransactionReceipt": case()["receipt"] | {"transactionHash": "0x" + "99" * 32},
            },
            "the node's answer does not read",
        ),
    ],
)
async def test_a_node_that_answers_something_else_is_said_to(answers: dict[str, Any], problem: str) -> None:
    node = Node(chain_id=1)
    node.lie = knowing(case(), **answers)
    async with chains(node) as settings:
        with pytest.raises(ChainError, match=f"chain1: {problem}"):
            await told(settings)


async def test_a_transaction_in_no_block_yet_is_said_to_be_so() -> None:
    node = Node(chain_id=1)
    node.lie = lambda method, _, result: (
        case()["tx"] if method == "eth_getTransactionByHash" else None if method.endswith("Receipt") else result
    )
    async with chains(node) as settings:
        with pytest.raises(ChainError, match="chain1: knows it, but it is in no block yet"):
            await told(settings)
