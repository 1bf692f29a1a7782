"""A model of nested batches: what was meant and how each part ends -> calldata, logs and call tree as a node gives
them, and what an analysis must say of each container. Written by eth-abi alone, so that no decoder checks itself.
"""

from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_hash.auto import keccak

from tests.userops import (
    BUNDLER,
    EP07,
    IMPLEMENTATION,
    TX,
    ZERO,
    call,
    frame,
    handle_ops,
    inner_handle_op,
    log,
    op_hash,
    operation_event,
    packed_op,
    topic,
)
from watchers.chain.block import Log

BOOM = call("LabBoom(uint256,string)", 42, "lab")
REVERTED = "execution reverted"
_EXEC = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
_ROWS = "aggregate3((address,bool,bytes)[])"


class Leaf(NamedTuple):
    """A call to a contract that is no container."""

    target: str
    data: bytes
    fails: bool
    noise: bool = False


class Batch(NamedTuple):
    """A container. `tries`: it goes on when a part fails (a Safe: it does not revert)."""

    kind: str
    target: str
    parts: "tuple[Leaf | Batch, ...]"
    tries: bool


class Run(NamedTuple):
    """What became of a part: its frame, the logs that it left, whether it reverted."""

    frame: dict[str, Any]
    logs: list[tuple[str, tuple[str, ...], bytes]]
    failed: bool
    told: bool  # what a Safe says of itself
    runs: "list[Run]"


class Told(NamedTuple):
    """What must be said of a container."""

    kind: str
    outcomes: list[str]
    success: bool
    outcome: str
    depth: int


def calldata(part: Leaf | Batch) -> bytes:
    """Write what a part is called with."""
    if isinstance(part, Leaf):
        return part.data
    rows = [(inner.target, 0, calldata(inner)) for inner in part.parts]
    if part.kind == "multicall":
        return call(_ROWS, [(to, part.tries, data) for to, _, data in rows])
    if part.kind == "timelock":
        columns = tuple(map(list, zip(*rows, strict=True)))
        return call("executeBatch(address[],uint256[],bytes[],bytes32,bytes32)", *columns, b"\0" * 32, b"\1" * 32)
    if part.kind == "universal_router":
        command = 0x14 | (0x80 if part.tries else 0)  # a call given whole, which may fail alone
        return call("execute(bytes,bytes[])", bytes([command] * len(rows)), [data for _, _, data in rows])
    if part.kind == "safe":
        to, data, operation = (rows[0][0], rows[0][2], 0) if len(rows) == 1 else (BUNDLER, _multisend(rows), 1)
        return call(_EXEC, to, 0, data, operation, 100 if part.tries else 0, 0, 0, ZERO, ZERO, b"")
    return call(
        "execute(bytes32,bytes)",
        bytes([1, int(part.tries)]) + b"\0" * 30,
        encode(["(address,uint256,bytes)[]"], [rows]),
    )


def _multisend(rows: list[tuple[str, int, bytes]]) -> bytes:
    packed = b"".join(
        b"\0" + bytes.fromhex(to[2:]) + value.to_bytes(32, "big") + len(data).to_bytes(32, "big") + data
        for to, value, data in rows
    )
    return call("multiSend(bytes)", packed)


def run(part: Leaf | Batch, sender: str) -> Run:
    """Execute a part as its contract would."""
    data = calldata(part)
    if isinstance(part, Leaf):
        error = REVERTED if part.fails else ""
        below = [frame("CALL", part.target, sender, b"\xff", error=REVERTED)] if part.noise else []
        made = frame("CALL", sender, part.target, data, error=error, output=BOOM if part.fails else b"", calls=below)
        return Run(made, [], part.fails, not part.fails, [])
    runs: list[Run] = []
    logs: list[Any] = []
    for at, inner in enumerate(part.parts):
        done = run(inner, part.target)
        runs.append(done)
        if not done.failed:
            logs += done.logs
            if part.kind == "timelock":
                logs.append(_executed(part, at))
            continue
        if part.kind == "account" and part.tries:
            event = encode(["uint256", "bytes"], [at, BOOM])
            logs.append((part.target, (topic("TryExecuteUnsuccessful(uint256,bytes)"),), event))
        if not part.tries or part.kind == "safe":
            break
    return _ended(part, sender, data, runs, logs)


def _ended(part: Batch, sender: str, data: bytes, runs: list[Run], logs: list[Any]) -> Run:
    broke = any(r.failed for r in runs)
    frames = [r.frame for r in runs]
    if part.kind == "safe":
        return _safe(part, sender, data, runs, [] if broke else logs)
    failed = broke and not part.tries
    output = b""
    if part.kind == "multicall" and not failed:
        output = encode(["(bool,bytes)[]"], [[(not r.failed, BOOM if r.failed else b"") for r in runs]])
    error = REVERTED if failed else ""
    made = frame("CALL", sender, part.target, data, error=error, output=BOOM if failed else output, calls=frames)
    return Run(made, [] if failed else logs, failed, not failed, runs)


def _safe(part: Batch, sender: str, data: bytes, runs: list[Run], logs: list[Any]) -> Run:
    broke = any(r.failed for r in runs)
    frames = [r.frame for r in runs]
    if len(part.parts) > 1:
        rows = [(inner.target, 0, calldata(inner)) for inner in part.parts]
        error = REVERTED if broke else ""
        frames = [frame("DELEGATECALL", part.target, BUNDLER, _multisend(rows), error=error, calls=frames)]
    failed = broke and not part.tries
    error, output = (REVERTED, BOOM) if failed else ("", encode(["bool"], [not broke]))
    layer = frame("DELEGATECALL", part.target, IMPLEMENTATION, data, error=error, output=output, calls=frames)
    made = frame("CALL", sender, part.target, data, error=error, output=output, calls=[layer])
    name = "0x" + keccak(data).hex()
    event = topic(f"Execution{'Failure' if broke else 'Success'}(bytes32,uint256)")
    told = [*logs, (part.target, (event, name), encode(["uint256"], [0]))]
    return Run(made, [] if failed else told, failed, not broke, runs)


def _executed(part: Batch, at: int) -> tuple[str, tuple[str, ...], bytes]:
    rows = [(inner.target, 0, calldata(inner)) for inner in part.parts]
    columns = tuple(map(list, zip(*rows, strict=True)))
    types = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"]
    name = "0x" + keccak(encode(types, [*columns, b"\0" * 32, b"\1" * 32])).hex()
    event = topic("CallExecuted(bytes32,uint256,address,uint256,bytes)")
    return part.target, (event, name, f"0x{at:064x}"), encode(["address", "uint256", "bytes"], list(rows[at]))


def expected(part: Batch, done: Run, *, undone: bool = False, depth: int = 0) -> list[Told]:
    """Say what an analysis must: this container, then those inside, each after its outer."""
    success = not (undone or done.failed) and done.told
    # what a Safe's MultiSend did is undone though the Safe returned
    lost = undone or done.failed or (part.kind == "safe" and not done.told and len(part.parts) > 1)
    outcomes = ["failed" if r.failed else "rolled_back" if lost else "success" for r in done.runs]
    outcomes += ["not_executed"] * (len(part.parts) - len(done.runs))
    outcome = "reverted" if not success else "partial" if "failed" in outcomes else "success"
    kind = "erc7579" if part.kind == "account" else part.kind
    found = [Told(kind, outcomes, success, outcome, depth)]
    for inner, r in zip(part.parts, done.runs, strict=False):
        if isinstance(inner, Batch):
            found += expected(inner, r, undone=lost, depth=depth + 1)
    return found


def succeeded(part: Leaf | Batch, done: Run, *, undone: bool = False) -> set[str]:
    """Give the calldata of every call below that went through and stayed."""
    if isinstance(part, Leaf):
        return set()
    lost = undone or done.failed or (part.kind == "safe" and not done.told)
    found: set[str] = set()
    for inner, r in zip(part.parts, done.runs, strict=False):
        if not lost and not r.failed:
            found.add("0x" + calldata(inner).hex())
        found |= succeeded(inner, r, undone=lost)
    return found


def as_transaction(to: str, data: str, tree: dict[str, Any], logs: list[Log], *, failed: bool) -> dict[str, Any]:
    """Put a transaction together as a recorded file holds it."""
    tx = {"hash": TX, "type": "0x2", "chainId": "0x1", "nonce": "0x0", "from": BUNDLER, "to": to, "input": data}
    receipt = {"transactionHash": TX, "status": "0x0" if failed else "0x1", "logs": [] if failed else logs}
    return {"tx": {**tx, "value": "0x0"}, "receipt": receipt, TREE: tree}


TREE = "debug_traceTransaction_callTracer"


def sent_straight(part: Batch) -> dict[str, Any]:
    """Send a container by a transaction of its own."""
    done = run(part, BUNDLER)
    logs = [log(*words, index=at) for at, words in enumerate(done.logs)]
    return as_transaction(part.target, "0x" + calldata(part).hex(), done.frame, logs, failed=done.failed)


def sent_as_operation(part: Batch) -> dict[str, Any]:
    """Send an account's batch as a user operation: a bundle goes on whatever becomes of it."""
    data = calldata(part)
    done = run(part, EP07)
    inner = frame("CALL", EP07, EP07, inner_handle_op(data, 0, sender=part.target), calls=[done.frame])
    bundle = handle_ops(packed_op(data, 0, sender=part.target))
    logs = [log(EP07, (topic("BeforeExecution()"),), b"", 0)]
    logs += [log(*words, index=1 + at) for at, words in enumerate(done.logs)]
    logs.append(operation_event(len(logs), 0, success=not done.failed, sender=part.target))
    assert op_hash(0) == logs[-1].topics[1]
    return as_transaction(EP07, bundle, frame("CALL", BUNDLER, EP07, bundle, calls=[inner]), logs, failed=False)
