"""The second reading: once blocks are final, their logs are read again, of another provider where there is one.

What the first reading missed is told as `Missed`, with all logs of the block. A provider that contradicts what was told
is outvoted by a third reading; when that agrees with it, a reorg went past finality and the operator must look.

Errors: ChainError; nothing counts as read again then.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from watchers.chain.block import Block, Header, Log
from watchers.chain.blocks import BlockReader, header_call, read_header
from watchers.chain.envelope import RawAnswer
from watchers.chain.proof import Unproven, check_logs
from watchers.chain.provider import Provider
from watchers.chain.ranges import LogRanges, decode_logs
from watchers.chain.told import Told
from watchers.errors import ChainError


@dataclass
class SecondCounters:
    """What the second reading did: blocks read again, blocks that had been told short, contradictions outvoted."""

    blocks: int = 0
    missed: int = 0
    outvoted: int = 0


class SecondReading:
    """Compares final blocks with what was told of them."""

    def __init__(self, reader: BlockReader, ranges: LogRanges, told: Told) -> None:
        self._reader, self._ranges, self._told = reader, ranges, told
        self._key = reader.chain.key
        self.counters = SecondCounters()

    async def read(
        self, low: int, high: int, first: Provider | None, ridden: Sequence[RawAnswer] | None = None
    ) -> list[Block]:
        """Give the blocks of `low`..`high` that hold more than was told. `first`: who was read at first; `ridden`: the
        range's logs, one answer a filter, where they came along with another batch. Raises ChainError.
        """
        avoid = (first,) if first is not None else ()
        logs = _of_range(ridden, low, high)
        if logs is None:
            logs = await self._ranges.read(self._reader.wanted.filters, low, high, avoid=avoid)
        by_block: dict[int, list[Log]] = defaultdict(list)
        for log in logs:
            by_block[log.block].append(log)
        news = []
        for number, again in sorted(by_block.items()):
            block = await self._compare(number, again, avoid)
            if block is not None:
                news.append(block)
        self.counters.blocks += high - low + 1
        self.counters.missed += len(news)
        return news

    async def _compare(self, number: int, again: Sequence[Log], avoid: Collection[Provider]) -> Block | None:
        told = self._told.hash_of(number)
        if told is not None and any(log.block_hash != told for log in again):
            await self.confirm(number, told)
            return None
        if not self._told.is_news(number, again):
            return None
        header = await self._header(again[0].block_hash, number)
        if header is None:
            return None
        try:
            logs = check_logs(header, again, self._reader.wanted.takes)
        except Unproven:
            self.counters.outvoted += 1
            return None
        if self._told.lacks(number, logs):
            logs = await self._with_first(header, logs, avoid)
        return Block(header, logs) if self._told.is_news(number, logs) else None

    async def _header(self, block_hash: str, number: int) -> Header | None:
        """Read the header that the logs claim; None when that block is not the canonical one."""
        header = (await self._reader.headers([number]))[0]
        if header.hash == block_hash:
            return header
        self.counters.outvoted += 1
        return None

    async def _with_first(self, header: Header, logs: Sequence[Log], avoid: Collection[Provider]) -> tuple[Log, ...]:
        """Join what two readings saw, each of them short of something."""
        others = [p for p in self._reader.rpc.providers if p not in avoid]
        calls = self._reader.wanted.calls({"blockHash": header.hash})
        reply = await self._reader.rpc.raw_batch(calls, avoid=others)
        theirs = (log for answer in reply.answers for log in decode_logs(answer))
        joined = {(log.tx_index, log.index): log for log in (*logs, *theirs)}
        return check_logs(header, [joined[place] for place in sorted(joined)], self._reader.wanted.takes)

    async def confirm(self, number: int, told: str) -> None:
        """Settle a contradiction about a final block: every provider that answers is asked. Raises ChainError when none
        knows the block as it was told.
        """
        asked: set[Provider] = set()
        while len(asked) < len(self._reader.rpc.providers):
            reply = await self._reader.rpc.raw_batch([header_call(number)], avoid=asked)
            if reply.provider in asked:
                break
            asked.add(reply.provider)
            try:
                header = read_header(reply.answers[0])
            except Unproven:
                continue
            if header is not None and header.hash == told:
                self.counters.outvoted += 1
                return
        raise ChainError(
            f"{self._key}: block {number} was final as {told} and is another one now; a reorg went past finality. "
            "Compare the providers with an explorer, then restart from a block before it"
        )


def _of_range(ridden: Sequence[RawAnswer] | None, low: int, high: int) -> list[Log] | None:
    """Read ridden answers; None when one is of no use and all must be asked for by themselves."""
    if ridden is None:
        return None
    try:
        logs = {(log.block, log.tx_index, log.index): log for answer in ridden for log in decode_logs(answer)}
        sound = all(low <= log.block <= high and not log.removed for log in logs.values())
        return [logs[place] for place in sorted(logs)] if sound else None
    except ValueError:
        return None
    except Unproven:
        return None
