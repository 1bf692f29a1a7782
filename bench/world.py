"""What the figures run against, all on loopback: a node whose bundles can be asked about, and an engine that syncs.

The node answers slower than a real one (it is Python and shares our core), which only makes figures worse.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from config.settings import Chain, Runtime, Settings, Watch
from tests.node import Node, Sketch, chain_of, log
from tests.userops import ACCOUNT, BUNDLER, EP07, operation_event
from watchers.valkey import engine

DISK = Path.cwd()  # a disk as the operator's data folder is on; the temporary folder may be memory


class Bundles(Node):
    """A chain of bundles of user operations, whose transactions and call trees it can show."""

    def operation(self, nonce: int, *, success: bool) -> Sketch:
        """Sketch the log of one operation in a transaction of its own."""
        told = operation_event(0, nonce, success=success)
        return log(*told.topics, emitter=EP07, data=told.data)

    def _eth_getTransactionByHash(self, tx: str) -> dict[str, Any] | None:  # noqa: N802 - the method's name
        found = next((e for b in reversed(self.blocks) for e in b.logs if e["transactionHash"] == tx), None)
        if found is None:
            return None
        sent = {"from": BUNDLER, "to": EP07, "input": "0x", "type": "0x2"}
        return {**sent, "hash": tx, "blockHash": found["blockHash"]}

    def _debug_traceTransaction(self, _tx: str, _options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        inner = {
            "type": "CALL",
            "from": EP07,
            "to": ACCOUNT,
            "input": "0x",
            "value": "0x0",
            "error": "execution reverted",
        }
        return {"type": "CALL", "from": BUNDLER, "to": EP07, "input": "0x", "value": "0x0", "calls": [inner]}


def settings_of(chains: Sequence[Chain], watches: Sequence[Watch], runtime: Runtime) -> Settings:
    """Give settings with nothing but chains and watches."""
    return Settings(
        runtime=runtime,
        chains={chain.key: chain for chain in chains},
        daos={},
        tokens=(),
        labels=(),
        watches=tuple(watches),
    )


@contextmanager
def data_dir() -> Iterator[Path]:
    """Give a folder that is gone afterwards, on the disk we stand on."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=DISK) as folder:
        yield Path(folder)


@asynccontextmanager
async def store() -> AsyncIterator[Redis]:
    """Give an empty engine that writes every change to disk before it answers."""
    with data_dir() as folder:
        async with engine(Runtime(data_dir=folder)) as redis:
            yield redis


__all__ = ["Bundles", "chain_of", "data_dir", "settings_of", "store"]
