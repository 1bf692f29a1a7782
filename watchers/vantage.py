"""The block that a member's question is answered at: the last one that was committed, as its node tells it.

State is then read where the history ends, so that what is counted and what is read belong to one moment.
Errors: ChainError when no node answers.
"""

from typing import Any

import msgspec

from watchers.chain.block import Header
from watchers.chain.proof import Unproven, check_header
from watchers.chain.rpc import Rpc
from watchers.facts import Call, RpcError
from watchers.history import History


async def vantage(history: History, rpc: Rpc) -> Header | None:
    """Give the header of a chain's cursor; None before the chain's first block. Where the node does not know the block
    any more, its number and time are as the history has them.
    """
    status = await history.chain_status(rpc.chain.id)
    if status is None:
        return None
    at = status.cursor
    answer: Any = (await rpc.batch([Call("eth_getBlockByNumber", (hex(at.number), False))]))[0]
    if answer is not None and not isinstance(answer, RpcError):
        try:
            told = check_header(msgspec.convert(answer, Header), at.number)
            if told.hash == at.hash:
                return told
        except (msgspec.ValidationError, Unproven):
            pass  # not a header: what the history knows has to do
    return Header(hex(at.number), at.hash, "", hex(status.time_s), "0x")
