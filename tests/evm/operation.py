"""User operations of SimpleAccounts for EntryPoint 0.6, 0.7 and 0.8: built, signed by the owner, sent as a bundle.

Source: eth-infinitism/account-abstraction, `UserOperation` (0.6) and `PackedUserOperation` (0.7 on); an account of 0.6
or 0.7 signs the personal message of the operation's hash, one of 0.8 the hash itself.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eth_account import Account
from eth_account.messages import encode_defunct

from tests.evm.anvil import MAX_FEE_WEI, TIP_WEI, Contract
from tests.evm.world import World

VERIFICATION_GAS = 200_000
PRE_VERIFICATION_GAS = 50_000


class Operation(NamedTuple):
    """What an account shall do; `call_gas` is all that its inner call may use."""

    account: Contract
    data: str
    call_gas: int = 300_000


def execute(account: Contract, target: Contract, function: str, *args: Any, call_gas: int = 300_000) -> Operation:
    """Build an operation of one call."""
    inner = bytes.fromhex(target.data(function, *args)[2:])
    return Operation(account, account.data("execute", target.address, 0, inner), call_gas)


async def bundle(world: World, version: int, operations: Sequence[Operation], *, gas: int = 6_000_000) -> str:
    """Send one `handleOps` of the bundler and give its transaction hash."""
    entry_point = world.entry_points[version]
    packed = [await _signed(world, version, entry_point, operation) for operation in operations]
    bundler = world.who["bundler"]
    return await entry_point.send("handleOps", packed, bundler, sender=bundler, gas=gas)


async def _signed(world: World, version: int, entry_point: Contract, operation: Operation) -> tuple[Any, ...]:
    nonce = await entry_point.call("getNonce", operation.account.address, 0)
    data = bytes.fromhex(operation.data[2:])
    head = (operation.account.address, nonce, b"", data)
    if version == 6:
        tail: tuple[Any, ...] = (operation.call_gas, VERIFICATION_GAS, PRE_VERIFICATION_GAS, MAX_FEE_WEI, TIP_WEI, b"")
    else:
        tail = (_pair(VERIFICATION_GAS, operation.call_gas), PRE_VERIFICATION_GAS, _pair(TIP_WEI, MAX_FEE_WEI), b"")
    digest = await entry_point.call("getUserOpHash", (*head, *tail, b""))
    key = world.keys["owner"]
    if version == 8:
        signature = Account.unsafe_sign_hash(digest, key).signature
    else:
        signature = Account.sign_message(encode_defunct(digest), key).signature
    return (*head, *tail, bytes(signature))


def _pair(high: int, low: int) -> bytes:
    return high.to_bytes(16) + low.to_bytes(16)
