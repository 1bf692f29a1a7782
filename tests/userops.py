"""User operations built by hand: calldata, call trees and logs, by eth-abi alone so that no decoder checks itself."""

from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from watchers.chain.block import Log

EP06 = "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789"
EP07 = "0x0000000071727de22e5e9d8baf0edac6f37da032"
ACCOUNT = "0x" + "a1" * 20
PAYMASTER = "0x" + "b2" * 20
BUNDLER = "0x" + "c3" * 20
IMPLEMENTATION = "0x" + "d4" * 20
ZERO = "0x" + "0" * 40
TX = "0x" + "77" * 32

PACKED = "(address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)"
UNPACKED = "(address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes)"
_OP07 = "(address,uint256,uint256,uint256,uint256,uint256,uint256,address,uint256,uint256)"
_OP06 = "(address,uint256,uint256,uint256,uint256,address,uint256,uint256)"
_INFO07 = f"({_OP07},bytes32,uint256,uint256,uint256)"
_INFO06 = f"({_OP06},bytes32,uint256,uint256,uint256)"


def call(signature: str, *values: Any) -> bytes:
    """Encode a call of `name(types)`; the types are split at the top level."""
    inner = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for at, char in enumerate(inner + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            if inner[start:at]:
                types.append(inner[start:at])
            start = at + 1
    return keccak(signature.encode())[:4] + encode(types, values)


def op_hash(nonce: int) -> str:
    return "0x" + keccak(nonce.to_bytes(32, "big")).hex()


def packed_op(calldata: bytes, nonce: int, sender: str = ACCOUNT) -> tuple[Any, ...]:
    return (sender, nonce, b"", calldata, b"\0" * 32, 0, b"\0" * 32, b"", b"sig")


def handle_ops(*ops: tuple[Any, ...]) -> str:
    return "0x" + call(f"handleOps({PACKED}[],address)", list(ops), BUNDLER).hex()


def inner_handle_op(calldata: bytes, nonce: int, entry_point: str = EP07, sender: str = ACCOUNT) -> str:
    digest = bytes.fromhex(op_hash(nonce)[2:])
    if entry_point == EP06:
        info = ((sender, nonce, 0, 0, 0, ZERO, 0, 0), digest, 0, 0, 0)
        return "0x" + call(f"innerHandleOp(bytes,{_INFO06},bytes)", calldata, info, b"").hex()
    wide = ((sender, nonce, 0, 0, 0, 0, 0, ZERO, 0, 0), digest, 0, 0, 0)
    return "0x" + call(f"innerHandleOp(bytes,{_INFO07},bytes)", calldata, wide, b"").hex()


def frame(
    kind: str,
    sender: str,
    to: str,
    data: bytes | str = b"",
    *,
    value: int = 0,
    error: str = "",
    output: bytes = b"",
    calls: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Write a callTracer frame; what is empty is left out, as tracers do."""
    text = data if isinstance(data, str) else "0x" + data.hex()
    made: dict[str, Any] = {"type": kind, "from": sender, "to": to, "input": text, "gasUsed": "0x64"}
    if kind == "CALL":
        made["value"] = hex(value)
    if output:
        made["output"] = "0x" + output.hex()
    if error:
        made["error"] = error
    if calls:
        made["calls"] = calls
    return made


def proxied(account: dict[str, Any], layers: int) -> dict[str, Any]:
    """Put DELEGATECALL layers between an account's frame and what it made."""
    inside = account.get("calls", [])
    for _ in range(layers):
        layer = {**account, "type": "DELEGATECALL", "from": account["to"], "to": IMPLEMENTATION, "calls": inside}
        layer.pop("value", None)
        inside = [layer]
    return {**account, "calls": inside}


def bundle_tree(*inner: dict[str, Any], entry_point: str = EP07) -> dict[str, Any]:
    return frame("CALL", BUNDLER, entry_point, b"\x76\x5e\x82\x7f", calls=list(inner))


def topic(signature: str) -> str:
    return "0x" + keccak(signature.encode()).hex()


def log(address: str, topics: tuple[str, ...], data: bytes, index: int) -> Log:
    return Log(
        address=address,
        topics=topics,
        data="0x" + data.hex(),
        block_number="0x64",
        transaction_hash=TX,
        transaction_index="0x0",
        log_index=hex(index),
        block_hash="0x" + "11" * 32,
    )


def pad(address: str) -> str:
    return "0x" + "0" * 24 + address[2:]


def operation_event(
    index: int, nonce: int, *, success: bool, sender: str = ACCOUNT, paymaster: str = ZERO, address: str = EP07
) -> Log:
    name = topic("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)")
    data = encode(["uint256", "bool", "uint256", "uint256"], [nonce, success, 21_000_000, 21_000])
    return log(address, (name, op_hash(nonce), pad(sender), pad(paymaster)), data, index)


def reason_event(index: int, nonce: int, reason: bytes, *, name: str = "UserOperation", address: str = EP07) -> Log:
    signature = topic(f"{name}RevertReason(bytes32,address,uint256,bytes)")
    data = encode(["uint256", "bytes"], [nonce, reason])
    return log(address, (signature, op_hash(nonce), pad(ACCOUNT)), data, index)


def before_execution(index: int, address: str = EP07) -> Log:
    return log(address, (topic("BeforeExecution()"),), b"", index)
