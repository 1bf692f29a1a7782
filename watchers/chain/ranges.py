"""`LogRanges`: the logs of many blocks, in pieces that each provider can take.

A provider's limit is learnt from its refusal, by its wording or by halving, kept with the provider, and raised again
slowly. A single block that is still too much is split by addresses, then by topics, then read from its receipts.

Errors: ChainError, and nothing is kept of a range that was not read to its end.
"""

import re
from collections.abc import Collection, Iterable, Sequence

import msgspec

from config.settings import Chain
from watchers.chain.block import Log
from watchers.chain.envelope import RawAnswer, lacks_method
from watchers.chain.proof import Receipt, Unproven
from watchers.chain.provider import Provider
from watchers.chain.rpc import Reply, Rpc, Unreachable
from watchers.chain.wanted import LogFilter
from watchers.errors import ChainError
from watchers.facts import Call, RpcError

LOGS = msgspec.json.Decoder(list[Log])
RECEIPTS = msgspec.json.Decoder(list[Receipt])
GROWTH = 8  # a limit that was found by halving grows by one eighth with each full piece that succeeds
TRIES = 4  # answers that are not to be believed, or refusals that have nothing to do with size, before giving up

_HEX_BOUNDS = re.compile(r"\[?\s*(0x[0-9a-f]+)\s*(?:,|-|to|\.\.)\s*(0x[0-9a-f]+)", re.IGNORECASE)
_NUMBER = r"(\d[\d,_]*)\s*(k\b)?"
# a number of blocks, as providers word it; what is not understood is halved
_BLOCKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\(\s*\d[\d,_]*\s*>\s*{_NUMBER}",
        rf"(?:limited|restricted) to (?:a )?(?:max(?:imum)? (?:of )?)?{_NUMBER}(?!\s*(?:logs|results))",
        rf"(?:up to|less than|within|max(?:imum)?(?: is|:| of)?)(?: a)?\s+{_NUMBER}[\s-]*(?:block|range|$)",
        rf"max(?:imum)?(?: allowed)?(?: block)? range(?: is|:| of)?\s+{_NUMBER}",
        rf"max(?:imum)? (?:block )?range:?\s*{_NUMBER}",
    )
)
_NOT_SIZE = re.compile(
    r"header not found|unknown block|block.{0,20}not found|missing trie|pruned|not available|internal error"
    r"|after (last accepted|head)|beyond (the )?(current )?head|not synced|history",
    re.IGNORECASE,
)


def suggested_span(message: str, start: int, asked: int) -> int | None:
    """Read how many blocks a refusal says would do; None when it does not say, or nothing smaller than was asked."""
    bounds = _HEX_BOUNDS.search(message)
    if bounds:
        low, high = (int(bound, 16) for bound in bounds.groups())
        span = high - low + 1
        return span if low <= start <= high and 0 < span < asked else None
    for pattern in _BLOCKS:
        found = pattern.search(message)
        if found:
            number = int(re.sub(r"[,_]", "", found[1])) * (1000 if found[2] else 1)
            if 0 < number < asked:
                return number
    return None


def span(start: int, end: int) -> dict[str, str]:
    """Give the `where` of a range, both ends included."""
    return {"fromBlock": hex(start), "toBlock": hex(end)}


def decode_logs(answer: RawAnswer) -> list[Log]:
    """Parse an `eth_getLogs` answer. Raises Unproven: null is not an empty list."""
    if isinstance(answer, RpcError):
        raise Unproven(f"logs are refused: {answer.message}")
    try:
        return LOGS.decode(answer)
    except ValueError:
        raise Unproven("an answer is not a list of logs") from None


class LogRanges:
    """Reads ranges of one chain. What it learns is kept in the providers, so instances may come and go."""

    def __init__(self, rpc: Rpc, chain: Chain) -> None:
        self.rpc, self.chain = rpc, chain

    async def logs(
        self,
        topics: Sequence[str],
        from_block: int,
        to_block: int,
        address: str | Sequence[str] | None = None,
        *,
        avoid: Collection[Provider] = (),
    ) -> list[Log]:
        """Give the logs of both ends and between, in order, each once. Raises ChainError."""
        addresses = (address,) if isinstance(address, str) else tuple(address or ())
        return await self.read([LogFilter((tuple(topics),), addresses)], from_block, to_block, avoid=avoid)

    async def read(
        self, filters: Sequence[LogFilter], from_block: int, to_block: int, *, avoid: Collection[Provider] = ()
    ) -> list[Log]:
        """Give the logs of several filters as `logs` does; they travel together, and a piece of the range counts as
        read only when every one of them was answered. Raises ChainError.
        """
        found: list[Log] = []
        at, tries = from_block, 0
        bad: set[Provider] = set()
        while at <= to_block:
            shunned = {*avoid, *bad}
            end = min(to_block, at + self._cap(self.rpc.preferred(shunned)) - 1)
            reply = await self._ask(filters, at, end, shunned)
            refused = [one for one in reply.answers if isinstance(one, RpcError) and _is_size(one)]
            if refused and end > at:
                self._shrink(reply.provider, _tightest(refused, at, end - at + 1), at, end - at + 1)
                continue
            try:
                piece: list[Log] = []
                for one, answer in zip(filters, reply.answers, strict=True):
                    if isinstance(answer, RpcError) and _is_size(answer):
                        piece += await self._single(one, at, shunned)
                    else:
                        piece += decode_logs(answer)
                found += _sorted(piece, at, end)
            except Unproven as problem:
                reply.provider.errors["unproven"] += 1
                bad.add(reply.provider)
                tries += 1
                if tries >= TRIES or self.rpc.other_than(reply.provider) is None:
                    raise ChainError(f"{self.chain.key}: blocks {at} to {end}: {problem}") from None
                continue
            if not refused:
                self._grow(reply.provider, end - at + 1)
            at = end + 1
        return found

    async def _ask(self, filters: Sequence[LogFilter], start: int, end: int, avoid: Collection[Provider]) -> Reply:
        calls = [one.call(span(start, end)) for one in filters]
        provider = self.rpc.preferred(avoid)
        try:
            return await self.rpc.raw_batch(calls, avoid=avoid)
        except Unreachable as error:
            if error.timed_out and end > start:
                # a range that takes too long is too large; the next try asks for less
                self._shrink(provider, "", start, end - start + 1)
            raise

    async def _single(self, one: LogFilter, block: int, avoid: Collection[Provider]) -> list[Log]:
        """Read one block whose logs are too many for one answer."""
        halves = one.halves()
        if halves is None:
            return await self._from_receipts(one, block, avoid)
        found: list[Log] = []
        for half in halves:
            answer = (await self._ask([half], block, block, avoid)).answers[0]
            if isinstance(answer, RpcError) and _is_size(answer):
                found += await self._single(half, block, avoid)
            else:
                found += decode_logs(answer)
        return _sorted(found, block, block)

    async def _from_receipts(self, one: LogFilter, block: int, avoid: Collection[Provider]) -> list[Log]:
        reply = await self.rpc.raw_batch([Call("eth_getBlockReceipts", (hex(block),))], avoid=avoid)
        answer = reply.answers[0]
        if isinstance(answer, RpcError):
            raise ChainError(f"{self.chain.key}: the logs of block {block} are refused in every form: {answer.message}")
        try:
            receipts = RECEIPTS.decode(answer)
        except ValueError:
            raise ChainError(f"{self.chain.key}: the receipts of block {block} are malformed") from None
        return _sorted((log for receipt in receipts for log in receipt.logs if one.takes(log)), block, block)

    def _cap(self, provider: Provider) -> int:
        return provider.range_cap or self.chain.max_range

    def _shrink(self, provider: Provider, message: str, start: int, asked: int) -> None:
        stated = suggested_span(message, start, asked)
        if stated is not None and not _HEX_BOUNDS.search(message):
            provider.range_ceiling = stated  # a rule of the plan; bounds in hex only fit these very blocks
        provider.range_cap = stated or max(1, asked // 2)

    def _grow(self, provider: Provider, read: int) -> None:
        cap = self._cap(provider)
        if read >= cap:
            most = min(self.chain.max_range, provider.range_ceiling or self.chain.max_range)
            provider.range_cap = min(most, cap + max(1, cap // GROWTH))


def _is_size(error: RpcError) -> bool:
    """Tell whether asking for less may help; it may for everything that is not known to be something else."""
    return not lacks_method(error) and _NOT_SIZE.search(error.message) is None


def _tightest(refused: Sequence[RpcError], start: int, asked: int) -> str:
    """Give the refusal that allows the fewest blocks, since all filters travel over the same range."""
    return min((one.message for one in refused), key=lambda said: suggested_span(said, start, asked) or asked // 2)


def _sorted(logs: Iterable[Log], start: int, end: int) -> list[Log]:
    """Put logs in order, each once. Raises Unproven for one that is of no block that was asked for, or removed."""
    placed: dict[tuple[int, int, int], Log] = {}
    try:
        for log in logs:
            if log.removed or not start <= log.block <= end:
                raise Unproven("a log is of another block, or marked as removed")
            placed[log.block, log.tx_index, log.index] = log
    except ValueError:
        raise Unproven("a log holds something that is not a number") from None
    return [placed[place] for place in sorted(placed)]
