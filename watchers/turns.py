"""The turns of a job that a clock and not a block sets off, for one chain under its lease.

Errors: none; a turn that fails is said once and the next one tries again.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from config.settings import Chain
from watchers.errors import ChainError, Fenced, StoreError
from watchers.history import ChainStatus

log = structlog.get_logger(__name__)


class Statuses(Protocol):
    """What is needed of `History`."""

    async def chain_status(self, chain_id: int) -> ChainStatus | None:
        """Tell where a chain stands; None before its first block."""
        ...


class Turns:
    """One job's. `waits` is what the log calls its failures."""

    def __init__(self, waits: str, chain: Chain, history: Statuses) -> None:
        self._waits, self._chain, self._history, self._down = waits, chain, history, False

    async def take(self, work: Callable[[ChainStatus], Awaitable[int]]) -> int:
        """Do the work as of where the chain stands; give what it gives, 0 when it fails or there is no block yet."""
        try:
            status = await self._history.chain_status(self._chain.id)
            done = await work(status) if status is not None else 0
        except Fenced:
            return 0  # whoever holds the chain now does it
        except (ChainError, StoreError, TimeoutError) as error:
            if not self._down:
                log.warning(self._waits, chain=self._chain.key, why=str(error) or "no answer in time")
            self._down = True
            return 0
        self._down = False
        return done
