"""Record the sandbox's chain: play the scenario on anvil and write `sandbox/chain/recording.json.gz` and
`expected.json`. Run as `python -m tests.evm.record`; needs Node and `npm ci` in tests/evm.

It lives here, not in the sandbox, because the sandbox imports nothing that a demo does not need. The recording holds
blocks, receipts, traces, the answers of every `eth_call` in `questions.py` and what each proposal's calls would do, at
every block; no contract bytecode:
creation inputs and outputs are struck out and their transactions listed as `redacted`.
"""

import asyncio
import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_utils.crypto import keccak

from sandbox.chain.recording import simulation_name
from tests.evm import scenario
from tests.evm.anvil import Anvil, NodeError, compile_contracts, missing
from tests.evm.questions import PROPOSAL_CREATED, Question, Questions
from tests.evm.world import CREATE2_DEPLOYER, World, build

SANDBOX = Path(__file__).parents[2] / "sandbox" / "chain"
RECORDING = SANDBOX / "recording.json.gz"
EXPECTED = SANDBOX / "expected.json"
VERSION = 1
CREATED = ("uint256", "address", "address[]", "uint256[]", "string[]", "bytes[]", "uint256", "uint256", "string")
CHUNK = 400

# Words that hold a time, by log topic or selector: the replay moves them together with the blocks' times.
TIMES: dict[str, dict[str, list[int]]] = {
    "logs": {"ProposalQueued(uint256,uint256)": [1]},
    "calls": {
        "latestRoundData()": [2, 3],
        "getReserves()": [2],
        "proposalEta(uint256)": [0],
        "proposals(uint256)": [2],
    },
}


class Recorder:
    """The stage that writes everything down. A step is what becomes visible at once: a block, or a new branch."""

    def __init__(self, world: World, *, answers: bool = True) -> None:
        self.world = world
        self.answers = answers
        self.blocks: list[dict[str, Any]] = []
        self.receipts: list[list[dict[str, Any]]] = []
        self.traces: dict[str, Any] = {}
        self.steps: list[dict[str, Any]] = []
        self.expected: list[dict[str, Any]] = []
        self.questions = Questions(world)
        self._answers: dict[Question, list[tuple[int, Any]]] = {}
        self._planned: dict[str, dict[str, Any]] = {}
        self._simulated: dict[str, list[tuple[int, Any]]] = {}
        self._point: tuple[str, int] | None = None
        self._fork_at = 0
        self._behind = 0
        self._said: list[scenario.Said] = []

    async def history(self, traced_from: int) -> None:
        """Take what is there already as the first step; transactions of blocks from `traced_from` on are traced."""
        head = await self.world.anvil.height()
        for number in range(head + 1):
            await self._take(number, traced=number >= traced_from)
        self.steps.append({"drop": 0, "blocks": list(range(head + 1))})

    async def block(self, *said: scenario.Said) -> None:
        """Mine, take down, and make it a step unless a shorter branch would replace a longer one."""
        await self.world.anvil.mine()
        for each in said:
            await self.world.anvil.receipt(each.tx)
        at = await self._take(await self.world.anvil.height(), traced=True)
        self._said += said
        if self._behind:
            waiting = self.steps[-1]["blocks"] if self.steps[-1].get("open") else self._open()
            waiting.append(at)
            if len(waiting) <= self._behind:
                return
            self._behind = 0
            self.steps[-1].pop("open")
        else:
            self.steps.append({"drop": 0, "blocks": [at]})
        for each in self._said:
            self.expected.append({"step": len(self.steps) - 1, **each._asdict()})
        self._said = []

    async def fork(self) -> None:
        """Remember where the chain stands."""
        self._point = await self.world.anvil.fork_point()
        self._fork_at = len(self.steps)

    async def back(self, *said: scenario.Said) -> None:
        """Return there; the next blocks are a new branch that shows once it is longer."""
        if self._point is None:
            raise RuntimeError("nothing was forked")
        await self.world.anvil.return_to(self._point)
        self._behind = sum(len(step["blocks"]) for step in self.steps[self._fork_at :])
        self._said += said

    def _open(self) -> list[int]:
        self.steps.append({"drop": self._behind, "blocks": [], "open": True})
        blocks: list[int] = self.steps[-1]["blocks"]
        return blocks

    async def _take(self, number: int, *, traced: bool) -> int:
        """Read one block with all that belongs to it, and ask every question at it."""
        tag = hex(number)
        node = self.world.anvil
        block, receipts = await node.batch([("eth_getBlockByNumber", [tag, True]), ("eth_getBlockReceipts", [tag])])
        at = len(self.blocks)
        self.blocks.append(block)
        self.receipts.append(receipts)
        if traced:
            hashes = [tx["hash"] for tx in block["transactions"]]
            tracer = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
            frames = await node.batch([("debug_traceTransaction", [tx, tracer]) for tx in hashes])
            self.traces |= dict(zip(hashes, frames, strict=True))
        logs = [log for receipt in receipts for log in receipt["logs"]]
        self.questions.learn(logs)
        self._planned |= dict(self._plan(log) for log in logs if log["topics"][:1] == [PROPOSAL_CREATED])
        await self._simulate(at, tag)
        asked: tuple[Question, ...] = ()
        while self.answers and len(asked) < len(self.questions.all()):  # an answer may lead to further questions
            fresh = self.questions.all()[len(asked) :]
            await self._ask(at, tag, fresh)
            asked = (*asked, *fresh)
        return at

    async def _ask(self, at: int, tag: str, waiting: Sequence[Question]) -> None:
        """Ask in batches; keep an answer only where it differs from the block before."""
        for start in range(0, len(waiting), CHUNK):
            part = waiting[start : start + CHUNK]
            calls = [("eth_call", [{"to": to, "data": data}, tag]) for to, data in part]
            for question, answer in zip(part, await self.world.anvil.batch(calls), strict=True):
                value = _refusal(answer) if isinstance(answer, NodeError) else answer
                told = self._answers.setdefault(question, [])
                if not told or told[-1][1] != value:
                    told.append((at, value))
                self.questions.heard(question, value)

    def _plan(self, log: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Give a proposal's calls as its timelock will make them, by the name that the replay finds them under."""
        world = self.world
        timelock = {world.governor.address: world.timelock, world.bravo.address: world.bravo_timelock}[log["address"]]
        _, _, targets, values, _, calldatas, *_ = decode(CREATED, bytes.fromhex(log["data"][2:]))
        calls = [
            {"from": timelock.address, "to": to, "value": hex(value), "data": "0x" + data.hex()}
            for to, value, data in zip(targets, values, calldatas, strict=True)
        ]
        return simulation_name(calls), {"calls": calls}

    async def _simulate(self, at: int, tag: str) -> None:
        """Try every proposal's calls after a block; keep an answer only where it differs from the block before."""
        for name, batch in self._planned.items() if self.answers else ():
            options = {"validation": False, "traceTransfers": True, "returnFullTransactions": False}
            (block,) = await self.world.anvil.rpc("eth_simulateV1", {"blockStateCalls": [batch], **options}, tag)
            calls = [_plain_result(result) for result in block["calls"]]
            told = self._simulated.setdefault(name, [])
            if not told or told[-1][1] != calls:
                told.append((at, calls))

    def recording(self) -> dict[str, Any]:
        """Give the recording as it is written, with creations struck out."""
        redacted = [tx["hash"] for block in self.blocks for tx in block["transactions"] if _redact(tx)]
        for frame in self.traces.values():
            _redact_frame(frame)
        calls: dict[str, dict[str, Any]] = {}
        for (to, data), told in self._answers.items():
            calls.setdefault(to, {})[data] = told
        return {
            "version": VERSION,
            "chain_id": 31337,
            "client": "anvil 1.7.1",
            "block_time_s": self.world.anvil.block_time_s,
            "steps": self.steps,
            "blocks": self.blocks,
            "receipts": self.receipts,
            "traces": self.traces,
            "calls": calls,
            "simulations": self._simulated,
            "contracts": {name: contract.address for name, contract in self.world.contracts().items()},
            "who": self.world.who,
            "times": {
                kind: {"0x" + keccak(text=name).hex()[: 8 if kind == "calls" else 64]: at for name, at in named.items()}
                for kind, named in TIMES.items()
            },
            "redacted": redacted,
        }


def _plain_result(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a simulated call what names a block that never was."""
    logs = [{key: log[key] for key in ("address", "topics", "data")} for log in result["logs"]]
    return {**result, "logs": logs}


def _refusal(error: NodeError) -> dict[str, Any]:
    data = {"data": error.data} if error.data is not None else {}
    return {"error": {"code": error.code, "message": error.message, **data}}


def _redact(tx: dict[str, Any]) -> bool:
    """Strike a creation's code out of a transaction; tell whether it was one."""
    if tx.get("to") not in (None, CREATE2_DEPLOYER):
        return False
    tx["input"] = "0x"
    return True


def _redact_frame(frame: dict[str, Any]) -> None:
    if frame["type"] in ("CREATE", "CREATE2") or frame.get("to") == CREATE2_DEPLOYER:
        frame["input"] = "0x"
        frame.pop("output", None)
    for inner in frame.get("calls", ()):
        _redact_frame(inner)


async def record(*, answers: bool = True) -> Recorder:
    """Play everything on a fresh node; without answers it takes a second."""
    async with Anvil.start() as anvil:
        world = await build(anvil)
        built = await anvil.height()
        await scenario.before(world)
        recorder = Recorder(world, answers=answers)
        await recorder.history(built + 1)
        await scenario.play(world, recorder)
        return recorder


def merged(fresh: list[dict[str, Any]], old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep what was added by hand to an expectation (a headline, say) when its transaction and action are the same."""
    kept = {(each["tx"], each["action"]): each for each in old}
    return [{**kept.get((each["tx"], each["action"]), {}), **each} for each in fresh]


def main() -> int:
    """Write both files."""
    lacks = missing()
    if lacks:
        sys.stderr.write(lacks + "\n")
        return 78
    compile_contracts()
    recorder = asyncio.run(record())
    content = json.dumps(recorder.recording(), separators=(",", ":")).encode()
    RECORDING.write_bytes(gzip.compress(content, 9, mtime=0))
    old = json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.is_file() else []
    EXPECTED.write_text(json.dumps(merged(recorder.expected, old), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{len(recorder.steps)} steps, {len(recorder.blocks)} blocks, {len(content):,} bytes, "
        f"{RECORDING.stat().st_size:,} packed\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
