"""The replay over real HTTP: what a node answers, how the chain advances, the reorg, the clock."""

import asyncio
import gzip
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.chain.recording import FILE, Recording, RecordingError, load
from sandbox.chain.replay import Chain

START_S = 1_800_000_000
TIMEOUT_S = 20


class Client:
    """Asks as a watcher would."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def post(self, body: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self._session.post(self._url, data=data) as response:
            return await response.json()

    async def ask(self, method: str, *params: Any) -> Any:
        reply = await self.post({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
        assert reply["id"] == 7
        return reply["error"] if "error" in reply else reply["result"]

    async def height(self) -> int:
        return int(await self.ask("eth_blockNumber"), 16)

    async def logs(self, height: int, **others: Any) -> Any:
        return await self.ask("eth_getLogs", {"fromBlock": hex(height), "toBlock": hex(height), **others})


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        yield session


@pytest.fixture
async def chain() -> AsyncIterator[Chain]:
    async with Chain.start(block_time_s=None, start_at=START_S) as chain:
        yield chain


@pytest.fixture
def client(session: aiohttp.ClientSession, chain: Chain) -> Client:
    return Client(session, chain.url)


def reorg_step(recording: Recording) -> int:
    return next(at for at, step in enumerate(recording.steps) if step["drop"])


async def test_blocks_chain_by_parent_hash_and_carry_their_transactions(client: Client, chain: Chain) -> None:
    while chain.advance():
        pass
    head = await client.height()
    blocks = [await client.ask("eth_getBlockByNumber", hex(at), True) for at in range(head + 1)]
    assert all(child["parentHash"] == parent["hash"] for parent, child in pairwise(blocks))
    assert [int(block["number"], 16) for block in blocks] == list(range(head + 1))
    short = await client.ask("eth_getBlockByHash", blocks[-4]["hash"], False)
    assert short["transactions"] == [tx["hash"] for tx in blocks[-4]["transactions"]]
    assert await client.ask("eth_getBlockByNumber", hex(head + 1), False) is None


async def test_the_story_starts_at_the_given_time_and_the_history_lies_before_it(client: Client, chain: Chain) -> None:
    before = await client.ask("eth_getBlockByNumber", "latest", False)
    assert int(before["timestamp"], 16) < START_S
    chain.advance()
    first = await client.ask("eth_getBlockByNumber", "latest", False)
    assert int(first["timestamp"], 16) == START_S
    assert first["parentHash"] == before["hash"]


async def test_times_inside_answers_and_logs_move_with_the_blocks(client: Client, chain: Chain) -> None:
    feed = chain.node.recording.contracts["weth_feed"]
    answer = await client.ask("eth_call", {"to": feed, "data": "0xfeaf968c"}, "latest")
    words = [int(answer[2 + at * 64 : 66 + at * 64], 16) for at in range(5)]
    assert words[1] == 3000 * 10**8
    assert 0 < START_S - words[3] < 60
    while chain.advance():
        pass
    logs = await client.ask("eth_getLogs", {"fromBlock": "0x0", "topics": [list(chain.node.recording._times["logs"])]})
    etas = [int(log["data"][66:130], 16) for log in logs]
    assert len(etas) == 2
    assert all(0 <= eta - int(log["blockTimestamp"], 16) <= 60 for eta, log in zip(etas, logs, strict=True))


async def test_a_log_filter_chooses_by_address_and_by_topic_position(client: Client, chain: Chain) -> None:
    names = chain.node.recording.contracts
    everything = await client.ask("eth_getLogs", {"fromBlock": "earliest", "toBlock": "latest"})
    pair = [log for log in everything if log["address"] == names["pair"]]
    assert pair
    assert (
        await client.ask("eth_getLogs", {"fromBlock": "0x0", "address": names["pair"].upper().replace("X", "x")})
        == pair
    )
    both = await client.ask("eth_getLogs", {"fromBlock": "0x0", "address": [names["pair"], names["pool"]]})
    assert {log["address"] for log in both} == {names["pair"], names["pool"]}
    topic = pair[0]["topics"][0]
    found = await client.ask("eth_getLogs", {"fromBlock": "0x0", "topics": [[topic, "0x" + "11" * 32]]})
    assert found == [log for log in everything if log["topics"][0] == topic]
    second = next(log for log in everything if len(log["topics"]) == 3)
    found = await client.ask("eth_getLogs", {"fromBlock": "0x0", "topics": [None, None, second["topics"][2]]})
    assert second in found
    assert all(log["topics"][2] == second["topics"][2] for log in found)


async def test_logs_by_range_equal_the_receipts_of_every_block(client: Client, chain: Chain) -> None:
    while chain.advance():
        pass
    for height in range(await client.height() + 1):
        receipts = await client.ask("eth_getBlockReceipts", hex(height))
        assert [log for receipt in receipts for log in receipt["logs"]] == await client.logs(height)


async def test_a_reorg_takes_two_blocks_back_and_forgets_what_was_only_in_them(client: Client, chain: Chain) -> None:
    recording = chain.node.recording
    while chain.step + 1 < reorg_step(recording):
        chain.advance()
    head = await client.height()
    old = [await client.ask("eth_getBlockByNumber", hex(at), True) for at in (head - 1, head)]
    (gone,), (moving,) = ([tx["hash"] for tx in block["transactions"]] for block in old)
    chain.advance()
    assert await client.height() == head + 1
    assert await client.ask("eth_getBlockByHash", old[1]["hash"], False) is None
    assert (await client.ask("eth_getLogs", {"blockHash": old[1]["hash"]}))["code"] == -32000
    assert await client.ask("eth_getTransactionReceipt", gone) is None
    again = await client.ask("eth_getTransactionByHash", moving)
    assert int(again["blockNumber"], 16) == head + 1
    fresh = await client.ask("eth_getBlockByNumber", hex(head - 1), False)
    assert fresh["hash"] != old[0]["hash"]
    assert fresh["parentHash"] == old[0]["parentHash"]


async def test_an_answer_of_state_is_that_of_the_block_asked_also_across_the_reorg(
    client: Client, chain: Chain
) -> None:
    recording = chain.node.recording
    call = {"to": recording.contracts["pair"], "data": "0x0902f1ac"}
    while chain.step + 1 < reorg_step(recording):
        chain.advance()
    head = await client.height()
    unwound = [await client.ask("eth_call", call, hex(at)) for at in (head - 2, head - 1, head)]
    assert len(set(unwound)) == 3
    chain.advance()
    now = [await client.ask("eth_call", call, hex(at)) for at in (head - 2, head - 1, head)]
    assert now == [unwound[0]] * 3
    by_hash = {"blockHash": (await client.ask("eth_getBlockByNumber", "latest", False))["hash"]}
    assert await client.ask("eth_call", call, by_hash) == await client.ask("eth_call", call, "latest") != unwound[0]


async def test_finality_never_reaches_into_blocks_that_the_reorg_takes_back(client: Client, chain: Chain) -> None:
    final: dict[int, str] = {}
    while chain.advance():
        block = await client.ask("eth_getBlockByNumber", "finalized", False)
        assert final.setdefault(int(block["number"], 16), block["hash"]) == block["hash"]
        safe = await client.ask("eth_getBlockByNumber", "safe", False)
        assert int(block["number"], 16) <= int(safe["number"], 16) < await client.height()


async def test_a_call_tree_comes_with_logs_only_when_asked(client: Client, chain: Chain) -> None:
    while chain.advance():
        pass
    entry_point = chain.node.recording.contracts["entry_point_7"]
    logs = await client.ask("eth_getLogs", {"fromBlock": "0x2f", "address": entry_point})
    tx = logs[0]["transactionHash"]
    plain = await client.ask("debug_traceTransaction", tx, {"tracer": "callTracer"})
    full = await client.ask("debug_traceTransaction", tx, {"tracer": "callTracer", "tracerConfig": {"withLog": True}})
    assert '"logs"' not in json.dumps(plain)
    assert '"logs"' in json.dumps(full)
    assert len(plain["calls"]) == len(full["calls"]) > 3
    assert (await client.ask("debug_traceTransaction", tx))["code"] == -32602


async def test_a_proposal_s_calls_are_tried_as_recorded_and_no_others(client: Client, chain: Chain) -> None:
    told = load()
    usdc, timelock = told.contracts["usdc"], told.contracts["timelock"]
    pay = "0xa9059cbb" + told.who["grantee"][2:].rjust(64, "0") + f"{40_000 * 10**6:064x}"
    call = {"from": timelock, "to": usdc.upper().replace("0X", "0x"), "value": "0x0", "data": pay}
    asked = {"blockStateCalls": [{"calls": [call], "blockOverrides": {"time": "0x7fffffff"}}], "validation": False}
    (block,) = await client.ask("eth_simulateV1", asked, "latest")
    assert block["calls"][0]["status"] == "0x1"
    assert block["calls"][0]["logs"][0]["address"] == usdc
    asked["blockStateCalls"] = [{"calls": [{**call, "value": "0x1"}]}]
    assert (await client.ask("eth_simulateV1", asked, "latest"))["message"] == "not recorded"
    assert (await client.ask("eth_simulateV1", {}, "latest"))["code"] == -32602
    assert dict(chain.unanswered) == {("eth_simulateV1", call["to"]): 1}


async def test_what_was_not_recorded_is_an_error_that_is_counted(client: Client, chain: Chain) -> None:
    pair = chain.node.recording.contracts["pair"]
    assert await client.ask("eth_call", {"to": pair, "data": "0x12345678"}, "latest") == {
        "code": -32000,
        "message": "not recorded",
    }
    assert dict(chain.unanswered) == {(pair, "0x12345678"): 1}
    assert await client.ask("eth_call", {"to": "0x" + "12" * 20, "data": "0x12345678"}, "latest") == "0x"
    refused = await client.ask("eth_call", {"to": pair, "data": "0xdd4e2ba5"}, "latest")
    assert refused["code"] == 3
    assert (await client.ask("eth_mine"))["code"] == -32601
    assert (await client.ask("eth_getBlockByNumber", "newest", False))["code"] == -32602
    assert (await client.ask("eth_getBlockByNumber"))["code"] == -32602
    assert (await client.logs(5, blockHash="0x" + "00" * 32))["code"] == -32602
    assert (await client.ask("eth_getLogs", {"fromBlock": "0x9", "toBlock": "0x2"}))["code"] == -32602


async def test_a_batch_is_one_request_and_broken_bodies_are_told_so(client: Client, chain: Chain) -> None:
    calls = [{"jsonrpc": "2.0", "id": at, "method": "eth_chainId", "params": []} for at in range(3)]
    replies = await client.post(calls)
    assert [(reply["id"], reply["result"]) for reply in replies] == [(0, "0x7a69"), (1, "0x7a69"), (2, "0x7a69")]
    assert chain.http_requests == 1
    assert chain.calls["eth_chainId"] == 3
    assert (await client.post(b"{"))["error"]["code"] == -32700
    assert (await client.post([]))["error"]["code"] == -32600
    assert (await client.post({"method": 5}))["error"]["code"] == -32600


async def test_at_full_speed_the_next_block_comes_when_the_last_was_read(session: aiohttp.ClientSession) -> None:
    paced: list[int] = []

    async def pace(step: int) -> None:
        paced.append(step)

    began = time.perf_counter()
    async with Chain.start(block_time_s=0, pace=pace) as chain:
        client, seen, at = Client(session, chain.url), set(), 0
        while not chain.node.ended or at <= chain.node.height:
            head = await client.height()
            for height in range(min(at, head), head + 1):
                seen |= {log["transactionHash"] for log in await client.logs(height)}
            at = max(at, head + 1)
            await asyncio.sleep(0)
        await asyncio.wait_for(chain.at_end(), TIMEOUT_S)
        said = {each["tx"] for each in json.loads(FILE.with_name("expected.json").read_text(encoding="utf-8"))}
        assert said <= seen
        assert paced == list(range(1, len(chain.node.recording.steps)))
    assert time.perf_counter() - began < 2


async def test_by_the_clock_empty_blocks_follow_the_end_so_that_nothing_stalls(session: aiohttp.ClientSession) -> None:
    async with Chain.start(block_time_s=0.002) as chain:
        client = Client(session, chain.url)
        await asyncio.wait_for(chain.at_end(), TIMEOUT_S)
        end = await client.height()
        async with asyncio.timeout(TIMEOUT_S):
            while await client.height() < end + 3:  # noqa: ASYNC110 - the other side of HTTP has no event
                await asyncio.sleep(0.002)
        child = await client.ask("eth_getBlockByNumber", hex(end + 2), False)
        parent = await client.ask("eth_getBlockByNumber", hex(end + 1), False)
        assert child["parentHash"] == parent["hash"] != child["hash"]
        assert int(child["timestamp"], 16) > int(parent["timestamp"], 16)
        assert await client.logs(end + 2) == []
        pair = chain.node.recording.contracts["pair"]
        assert len(await client.ask("eth_call", {"to": pair, "data": "0x0902f1ac"}, hex(end + 2))) == 2 + 3 * 64


def test_the_recording_is_small_and_holds_no_contract_code() -> None:
    assert FILE.stat().st_size < 300_000
    content = gzip.decompress(FILE.read_bytes()).decode()
    # the first bytes of a contract's code: set the free memory pointer
    assert re.search(r"60(?:80|a0|c0|e0)604052|6101[0-9a-f]{2}604052", content) is None
    recording = json.loads(content)
    transactions = {tx["hash"]: tx for block in recording["blocks"] for tx in block["transactions"]}
    assert len(recording["redacted"]) > 20
    assert all(transactions[name]["input"] == "0x" for name in recording["redacted"])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not gzip", "cannot be read"),
        (gzip.compress(b"[]"), "not a recording"),
        (gzip.compress(b'{"version": 1, "chain_id": 5}'), "steps is missing"),
        (FILE.read_bytes()[:5000], "cannot be read"),
    ],
)
def test_a_file_that_is_no_recording_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "recording.json.gz"
    file.write_bytes(content)
    with pytest.raises(RecordingError, match=problem) as raised:
        load(file)
    assert str(file) in str(raised.value)


async def test_the_chain_runs_alone_and_ends_on_ctrl_c(session: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.chain", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said = (await process.stdout.readline()).decode()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found is not None
            assert await Client(session, found[0]).ask("eth_chainId") == "0x7a69"
            process.send_signal(signal.SIGINT)
            _, complaint = await process.communicate()
        assert process.returncode == 0
        assert complaint == b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
