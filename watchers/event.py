"""`Event`: what a log means, in a wing's own words. The fields that every event shares."""

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where an event comes from. `position` counts the events of one kind within their transaction, from 0: together
    with chain, transaction and kind it names the event for good, also when a reorg mines the transaction again.
    """

    protocol: str
    chain_id: int
    block: int
    tx: str
    tx_index: int
    log_index: int
    address: str
    position: int = 0

    @property
    def kind(self) -> str:
        """The event's word, as in its class's tag: `vote`, `proposal`, `liquidity`, `batch`."""
        tag: Any = type(self).__struct_config__.tag
        return str(tag)

    @property
    def id(self) -> str:
        """The event's name for good: `chain:tx:kind:position`."""
        return f"{self.chain_id}:{self.tx}:{self.kind}:{self.position}"
