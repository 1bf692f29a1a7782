"""A transaction by its hash, or by that of a user operation or a Safe's transaction in it, on whatever followed chain
it is, whole: every container in it and what became of each call.

History tells where, the nodes the rest; what history holds stands in for a node that does not answer.
Errors: ChainError only when history does not know it and no chain at all could be asked; UserError for a transaction
that is in no block yet.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from watchers.abi import shape_of
from watchers.batches.analysis import Analysis, analyse
from watchers.batches.container import Container
from watchers.batches.delegation import Delegation
from watchers.batches.events import BatchResult
from watchers.batches.protocols.entrypoint import VERSIONS, UserOperationEvent
from watchers.batches.protocols.safe import ExecutionFailed, ExecutionFailure, ExecutionSuccess
from watchers.batches.sent import quantity
from watchers.batches.telling import container_of
from watchers.chain.block import Header
from watchers.chain.blocks import read_number
from watchers.chain.proof import check_logs
from watchers.chain.ranges import span
from watchers.chain.rpc import Rpc
from watchers.decode import Decoder
from watchers.errors import ChainError, DecodeError, UserError
from watchers.event import Event
from watchers.facts import Call
from watchers.history import History
from watchers.transaction import PENDING, Given, fetch

OPERATION_TOPIC = shape_of(UserOperationEvent).topic0
SAFE_TOPICS = [shape_of(ExecutionSuccess).topic0, shape_of(ExecutionFailure).topic0]
FAILED_TOPIC = shape_of(ExecutionFailed).topic0
UNINDEXED_BLOCKS = 300  # how far back Safes up to 1.3.0 are read for a hash that no node can search for
PATIENCE_S = 20.0


class Found(NamedTuple):
    """Where a transaction is, whether it succeeded (None: nobody said), the containers in it, and the other events that
    it holds. `traced`: the node gave its call tree. `cut`: there are more containers than are told.
    """

    chain_id: int
    tx: str
    block: int
    succeeded: bool | None
    events: Sequence[Event]
    containers: Sequence[Container] = ()
    delegations: Sequence[Delegation] = ()
    traced: bool = False
    cut: bool = False
    sender: str = ""


class Lookup:
    """Asks the chain that history names, else every chain at once. `rpcs` by chain id: those that may be asked."""

    def __init__(self, decoder: Decoder, history: History, rpcs: Mapping[int, Rpc]) -> None:
        self._decoder, self._history, self._rpcs = decoder, history, rpcs

    async def find(self, name: str) -> Found | None:
        """Find a transaction, operation or Safe transaction by its lower-case hash; None when no chain knows it."""
        known = await self._history.batch(None, name)
        if known:
            return await self._known([stored.event for stored in known])
        rpcs = list(self._rpcs.values())
        answers = await asyncio.gather(*(self._on_chain(rpc, name) for rpc in rpcs), return_exceptions=True)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        for failure in failures:
            if not isinstance(failure, ChainError | DecodeError | TimeoutError):
                raise failure
        found = next((answer for answer in answers if isinstance(answer, Found)), None)
        if found is not None:
            return found
        waits = [rpc.chain.name for rpc, answer in zip(rpcs, answers, strict=True) if answer == PENDING]
        if waits:
            raise UserError(f"{waits[0]} {PENDING}. Ask again when it is.")
        if failures and len(failures) == len(answers):
            raise ChainError("no chain could be asked")
        return None

    async def _known(self, events: Sequence[Event]) -> Found:
        """Let the node tell the whole transaction of events that history holds, or else give these."""
        first = events[0]
        rpc = self._rpcs.get(first.chain_id)
        if rpc is not None:
            with suppress(ChainError, DecodeError, TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    given = await fetch(rpc, first.tx)
                    if isinstance(given, Given):
                        return self._told(rpc, given)
        batches = [event for event in events if isinstance(event, BatchResult)]
        return Found(
            first.chain_id,
            first.tx,
            first.block,
            succeeded=True,  # one that failed has no events
            events=[event for event in events if not isinstance(event, BatchResult)],
            containers=[container_of(event) for event in batches],
        )

    async def _on_chain(self, rpc: Rpc, name: str) -> Found | str | None:
        async with asyncio.timeout(PATIENCE_S):
            given = await fetch(rpc, name)
            if given is None and (tx := await self._inside(rpc, name)) is not None:
                given = await fetch(rpc, tx)
            return self._told(rpc, given) if isinstance(given, Given) else given

    async def _inside(self, rpc: Rpc, name: str) -> str | None:
        """Find the transaction of a user operation or a Safe's transaction, in the blocks that one call may cover."""
        head = read_number((await rpc.raw_batch([Call("eth_blockNumber", ())])).answers[0])
        if head is None:
            return None
        reach = rpc.chain.max_range
        within = span(max(0, head - reach + 1), head)
        lately = span(max(0, head - min(reach, UNINDEXED_BLOCKS) + 1), head)
        asked: list[dict[str, Any]] = [
            {**within, "address": list(VERSIONS), "topics": [OPERATION_TOPIC, name]},
            {**within, "topics": [SAFE_TOPICS, name]},
            {**lately, "topics": [[*SAFE_TOPICS, FAILED_TOPIC]]},
        ]
        answers = await rpc.batch([Call("eth_getLogs", (one,)) for one in asked])
        return next((tx for answer in answers for tx in _naming(answer, name)), None)

    def _told(self, rpc: Rpc, given: Given) -> Found:
        """Tell every container, and what else the logs mean. Raises DecodeError, ChainError."""
        sent, receipt = given.sent, given.sent.receipt
        block = quantity(receipt.get("blockNumber"), "$.receipt.blockNumber")
        header = Header(hex(block), str(receipt.get("blockHash")), "", "0x0", "0x")
        events = self._decoder.decode(rpc.chain.id, check_logs(header, sent.logs)).events
        found: Analysis = analyse(sent, given.tree, codes=given.codes)
        return Found(
            rpc.chain.id,
            sent.hash,
            block,
            succeeded=None if sent.status is None else sent.status == 1,
            events=[event for event in events if not isinstance(event, BatchResult)],
            containers=found.containers,
            delegations=found.delegations,
            traced=found.traced,
            cut=found.cut,
            sender=sent.sender,
        )


def _naming(answer: object, name: str) -> Iterator[str]:
    """Give the transactions of logs whose second topic, or whose data's first word, is a hash."""
    for log in answer if isinstance(answer, list) else ():
        if not isinstance(log, dict):
            continue
        topics, data, tx = log.get("topics"), log.get("data"), log.get("transactionHash")
        if not isinstance(topics, list) or not isinstance(data, str) or not isinstance(tx, str):
            continue
        word = topics[1] if len(topics) > 1 else data[: 2 + 64]
        if isinstance(word, str) and word.lower() == name:
            yield tx.lower()
