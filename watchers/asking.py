"""Single questions to a chain for a member who asks, at the last committed block.

Errors: none; a chain that cannot be asked gives None.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from config.settings import Settings
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.facts import Ask, Facts
from watchers.history import History
from watchers.vantage import Vantage


class Asking:
    """Asks the chains. `rpcs` by chain id: those that this process may ask."""

    def __init__(self, settings: Settings, history: History, rpcs: Mapping[int, Rpc]) -> None:
        self._rpcs = rpcs
        self._vantage = Vantage(settings, history)

    async def facts(self, chain_id: int, asks: Sequence[Ask[Any]]) -> Facts | None:
        """Answer every question; None when the chain cannot be asked now."""
        rpc = self._rpcs.get(chain_id)
        if rpc is None:
            return None
        try:
            async with self._vantage.over(rpc) as view:
                if view is None:
                    return None
                await view.learn(lambda: asks)
                return view.at.facts
        except (ChainError, TimeoutError):
            return None
