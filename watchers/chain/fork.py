"""Whether the chain has really left the block we stand on, or a node only says so."""

from dataclasses import dataclass

from watchers.chain.block import Cursor
from watchers.chain.blocks import BlockReader, header_call, read_header
from watchers.chain.proof import Unproven
from watchers.chain.provider import Provider
from watchers.errors import ChainError

DISPUTES_MAX = 3  # reads in which another provider still holds our block before the preferred one is believed


@dataclass
class ForkCounters:
    """How often nodes disagreed about our block, and how often one contradicted itself."""

    disputes: int = 0
    contradictions: int = 0


class Fork:
    """Judges a block whose parent is not ours."""

    def __init__(self, reader: BlockReader) -> None:
        self._reader = reader
        self._disputes = 0
        self.counters = ForkCounters()

    @property
    def disputed(self) -> bool:
        """Tell whether providers disagree at present, so that it is better to wait than to hurry."""
        return self._disputes > 0

    def settled(self) -> None:
        """Note that a block continued ours."""
        self._disputes = 0

    async def has_left(self, cursor: Cursor, provider: Provider) -> bool:
        """Ask for the block at our height: of the one who says that it changed, and of another. Raises ChainError."""
        others = [p for p in self._reader.rpc.providers if p is not provider]
        own = await self._hash_at(cursor.number, others)
        if own is None or own == cursor.hash:
            # it gave a child of another block, and still has ours: its back-ends disagree
            self.counters.contradictions += 1
            self._reader.note_unproven(provider)
            return False
        if self._reader.rpc.other_than(provider) is not None:
            try:
                second = await self._hash_at(cursor.number, [provider])
            except ChainError:
                second = None
            if second == cursor.hash:
                self._disputes += 1
                self.counters.disputes += 1
                return self._disputes >= DISPUTES_MAX
        return True

    async def _hash_at(self, number: int, avoid: list[Provider]) -> str | None:
        reply = await self._reader.rpc.raw_batch([header_call(number)], avoid=avoid)
        try:
            header = read_header(reply.answers[0])
        except Unproven:
            return None
        return header.hash if header is not None and header.number == hex(number) else None
