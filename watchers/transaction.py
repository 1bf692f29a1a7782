"""A transaction as a chain holds it: sent, with its receipt, its call tree and the code of its authorities after it.

Errors: ChainError when the chain cannot be asked; DecodeError for an answer that does not read.
"""

from collections.abc import Mapping
from typing import NamedTuple

from watchers.batches.delegation import authorities
from watchers.batches.sent import Sent, quantity, read_sent
from watchers.chain.rpc import Rpc
from watchers.chain.trace import Frame, Trace
from watchers.errors import DecodeError
from watchers.facts import Call, RpcError

REFUSED = "the node refuses to tell transactions"
PENDING = "knows it, but it is in no block yet"
CODES = "eth_getCode"


class Given(NamedTuple):
    """A transaction with what is known beside it: its call tree, and the code of its authorities after it."""

    sent: Sent
    tree: Frame | None
    codes: Mapping[str, str]


async def fetch(rpc: Rpc, name: str, *, trace: bool = True) -> Given | str | None:
    """Ask a chain for a transaction by its lower-case hash, in two requests: the transaction, why it is not told, or
    None when the chain does not know it. Raises ChainError, DecodeError.
    """
    tx, receipt = await rpc.batch(
        [Call("eth_getTransactionByHash", (name,)), Call("eth_getTransactionReceipt", (name,))]
    )
    if isinstance(tx, RpcError) or isinstance(receipt, RpcError):
        return REFUSED
    if tx is None:
        return None
    if receipt is None:
        return PENDING
    sent = read_sent(tx, receipt, rpc.chain.id)
    if sent.hash != name:
        raise DecodeError("$.tx.hash: another transaction than was asked for")
    block = quantity(receipt.get("blockNumber"), "$.receipt.blockNumber")
    asked = Trace(name)
    trees = asked.calls(block) if trace else ()
    who = authorities(sent)
    answers = await rpc.batch([*trees, *(Call(CODES, (one, hex(block))) for one in who)]) if trees or who else []
    codes = {
        one: answer.lower() for one, answer in zip(who, answers[len(trees) :], strict=True) if isinstance(answer, str)
    }
    return Given(sent, asked.read(answers[: len(trees)]), codes)
