"""A transaction or user operation by its hash, on whatever followed chain it is.

History tells where, the nodes the rest; what history holds stands in for a node that does not answer.
Errors: ChainError only when history does not know it and no chain at all could be asked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from config.settings import Settings
from watchers.abi import shape_of
from watchers.batches.protocols.entrypoint import VERSIONS, UserOperationEvent
from watchers.batches.wing import wing as batches
from watchers.chain.answers import Cache, load
from watchers.chain.block import Header, Log
from watchers.chain.blocks import read_number
from watchers.chain.proof import check_logs
from watchers.chain.ranges import span
from watchers.chain.rpc import Rpc
from watchers.chain.trace import Trace, Transaction
from watchers.decode import Decoder
from watchers.errors import ChainError
from watchers.event import Event
from watchers.facts import Call, RpcError
from watchers.history import History
from watchers.wing import Situation

OPERATION_TOPIC = shape_of(UserOperationEvent).topic0
PATIENCE_S = 20.0


class Found(NamedTuple):
    """Where a transaction is, whether it succeeded, and the events that it holds."""

    chain_id: int
    tx: str
    block: int
    succeeded: bool
    events: Sequence[Event]


class _Receipt(msgspec.Struct, rename="camel"):
    transaction_hash: str
    block_number: str
    block_hash: str
    logs: list[Log]
    status: str | None = None


class Lookup:
    """Asks the chain that history names, else every chain at once. `rpcs` by chain id: those that may be asked."""

    def __init__(self, settings: Settings, decoder: Decoder, history: History, rpcs: Mapping[int, Rpc]) -> None:
        self._settings, self._decoder, self._history, self._rpcs = settings, decoder, history, rpcs

    async def find(self, name: str) -> Found | None:
        """Find a transaction or operation by its lower-case hash; None when no chain knows it."""
        known = await self._history.batch(None, name)
        if known:
            return await self._known([stored.event for stored in known])
        answers = await asyncio.gather(
            *(self._on_chain(rpc, name) for rpc in self._rpcs.values()), return_exceptions=True
        )
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        for failure in failures:
            if not isinstance(failure, ChainError | TimeoutError):
                raise failure
        found = next((answer for answer in answers if isinstance(answer, Found)), None)
        if found is None and failures and len(failures) == len(answers):
            raise ChainError("no chain could be asked")
        return found

    async def _known(self, events: Sequence[Event]) -> Found:
        """Let the node tell the whole transaction of events that history holds, or else give these."""
        first = events[0]
        rpc = self._rpcs.get(first.chain_id)
        if rpc is not None:
            with suppress(ChainError, TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    receipt = await self._receipt(rpc, first.tx)
                    if receipt is not None:
                        return await self._explained(rpc, receipt)
        return Found(first.chain_id, first.tx, first.block, succeeded=True, events=events)  # a failed one has no events

    async def _on_chain(self, rpc: Rpc, name: str) -> Found | None:
        async with asyncio.timeout(PATIENCE_S):
            receipt = await self._receipt(rpc, name)
            if receipt is None and (tx := await self._operation(rpc, name)) is not None:
                receipt = await self._receipt(rpc, tx)
            return await self._explained(rpc, receipt) if receipt is not None else None

    async def _receipt(self, rpc: Rpc, tx: str) -> _Receipt | None:
        answer: Any = (await rpc.batch([Call("eth_getTransactionReceipt", (tx,))]))[0]
        if isinstance(answer, RpcError) or answer is None:
            return None
        try:
            receipt = msgspec.convert(answer, _Receipt)
        except msgspec.ValidationError:
            return None  # pending, or not what a receipt is
        return receipt if receipt.transaction_hash.lower() == tx else None

    async def _operation(self, rpc: Rpc, name: str) -> str | None:
        """Find the transaction of a user operation in the blocks that one call may cover."""
        head = read_number((await rpc.raw_batch([Call("eth_blockNumber", ())])).answers[0])
        if head is None:
            return None
        where = {
            **span(max(0, head - rpc.chain.max_range + 1), head),
            "address": list(VERSIONS),
            "topics": [OPERATION_TOPIC, name],
        }
        logs: Any = (await rpc.batch([Call("eth_getLogs", (where,))]))[0]
        if isinstance(logs, list) and logs and isinstance(logs[0], dict):
            tx = logs[0].get("transactionHash")
            return tx if isinstance(tx, str) else None
        return None

    async def _explained(self, rpc: Rpc, receipt: _Receipt) -> Found:
        """Decode the receipt and, for operations, learn from calldata and trace what became of each call."""
        header = Header(receipt.block_number, receipt.block_hash, "", "0x0", "0x")
        decoded = self._decoder.decode(rpc.chain.id, check_logs(header, receipt.logs))
        block, cache = header.height, Cache()
        facts = cache.begin(block)
        events: list[Event] = list(decoded.events)
        operations = [event for event in events if event.kind == "batch"]
        if operations:
            await load(rpc, [Transaction(receipt.transaction_hash), Trace(receipt.transaction_hash)], block, cache)
            at = Situation(self._settings, rpc.chain, header, facts, {}, {})
            events = [e for e in events if e.kind != "batch"] + batches.enrich(operations, at)
        return Found(rpc.chain.id, receipt.transaction_hash, block, receipt.status != "0x0", events)
