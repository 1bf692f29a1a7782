"""`BlockReader`: blocks by number, one or several in a batch, each with logs proven as the chain's `proof` says.

Errors: Unproven for an answer that cannot be believed and that nobody corrects, ChainError when nobody answers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from config.settings import Chain
from watchers.chain.block import Block, Header, Log
from watchers.chain.envelope import RawAnswer
from watchers.chain.proof import (
    Unproven,
    check_header,
    check_logs,
    check_parts,
    check_receipts,
    check_whole,
    header_hash,
)
from watchers.chain.provider import Provider
from watchers.chain.ranges import RECEIPTS, LogRanges, decode_logs, span
from watchers.chain.rpc import Rpc
from watchers.chain.wanted import Doubt, LogFilter, Wanted
from watchers.errors import ChainError
from watchers.facts import Call, RpcError

HEADER: msgspec.json.Decoder[Header | None] = msgspec.json.Decoder(Header | None)
HEADERS_PER_BATCH = 50
PROOF_BY_CHANCE = 0.01  # a bloom that fits so rarely by chance is as good as a proof
HINT_BY_CHANCE = 0.25  # beyond it, and with some logs there, the bloom says nothing
CREDIT_PER_BLOCK = 0.25  # so that at most one block in four is asked again in vain
CREDIT_MAX = 8.0
CREDIT_KEPT = (
    4.0  # for doubts about one topic alone, which are right more often than those about several values at once
)
VAIN_MAX = 16  # strong doubts in vain in a row: this chain's blooms are not what they should be


@dataclass
class ReaderCounters:
    """What reading cost and found. `reasks_saved`: doubts that were left to the second reading at finality."""

    reasks: int = 0
    reasks_found: int = 0
    reasks_saved: int = 0
    unproven: int = 0


class Polled(NamedTuple):
    """What one batch gave: header and bodies, one a filter, of each block asked, `None` header for one that is not
    there yet; the head's number as the node told it, and the riders' answers.
    """

    rows: list[tuple[Header | None, RawAnswer, Sequence[RawAnswer]]]
    head: int | None
    riders: list[RawAnswer]
    provider: Provider


def header_call(block: int | str) -> Call:
    """Build the call for a header, by number or tag."""
    return Call("eth_getBlockByNumber", (hex(block) if isinstance(block, int) else block, False))


def read_header(answer: RawAnswer) -> Header | None:
    """Parse a header; None for null. Raises Unproven."""
    if isinstance(answer, RpcError):
        raise Unproven(f"a header is refused: {answer.message}")
    try:
        return HEADER.decode(answer)
    except ValueError:
        raise Unproven("an answer is not a header") from None


def lenient_header(answer: RawAnswer) -> Header | None:
    """Parse a header that is a hint only; None for a refusal, null or nonsense."""
    try:
        header = read_header(answer)
        return check_header(header, header.height) if header else None
    except (Unproven, ValueError):
        return None


def read_number(answer: RawAnswer) -> int | None:
    """Parse a quantity; None for anything else."""
    try:
        return int(msgspec.json.decode(answer, type=str), 16) if isinstance(answer, bytes) else None
    except ValueError:
        return None


class BlockReader:
    """Reads blocks of one chain, all of their logs that are wanted or none."""

    def __init__(self, chain: Chain, rpc: Rpc, ranges: LogRanges, wanted: Wanted) -> None:
        self.chain, self.rpc, self.ranges, self.wanted = chain, rpc, ranges, wanted
        self.counters = ReaderCounters()
        self._credit = CREDIT_MAX
        self._vain = 0
        self._hash_known = self._root_known = False

    async def poll(
        self, start: int, count: int, riders: Sequence[Call] = (), *, avoid: Collection[Provider] = ()
    ) -> Polled:
        """Ask for `count` blocks from `start` and the head in one batch. Raises ChainError; Unproven for nonsense."""
        calls = [Call("eth_blockNumber", ())]
        for number in range(start, start + count):
            calls += [header_call(number), *self._body_calls(number)]
        reply = await self.rpc.raw_batch([*calls, *riders], avoid=avoid, head=True)
        head = read_number(reply.answers[0])
        if head is not None:
            self.rpc.saw_head(reply.provider, head)
        rows: list[tuple[Header | None, RawAnswer, Sequence[RawAnswer]]] = []
        width = (len(calls) - 1) // count
        for at in range(count):
            raw, *bodies = reply.answers[1 + width * at : 1 + width * (at + 1)]
            try:
                header = None if isinstance(raw, RpcError) else read_header(raw)
                rows.append((header and check_header(header, start + at), raw, bodies))
            except Unproven as problem:
                if rows:
                    break  # what came before it may be sound; the rest is asked again
                self.note_unproven(reply.provider)
                raise Unproven(f"{reply.provider.name}: {problem}", reply.provider.name) from None
        return Polled(rows, head, reply.answers[len(calls) :], reply.provider)

    async def headers(self, numbers: Sequence[int], *, avoid: Collection[Provider] = ()) -> list[Header]:
        """Give the headers of many blocks. Raises ChainError; Unproven when one is not there or not sound."""
        found = []
        for at in range(0, len(numbers), HEADERS_PER_BATCH):
            part = numbers[at : at + HEADERS_PER_BATCH]
            reply = await self.rpc.raw_batch([header_call(number) for number in part], avoid=avoid)
            for number, answer in zip(part, reply.answers, strict=True):
                header = read_header(answer)
                if header is None:
                    raise Unproven(f"block {number} is not there")
                found.append(check_header(header, number))
        return found

    async def prove(self, header: Header, raw: RawAnswer, bodies: Sequence[RawAnswer], provider: Provider) -> Block:
        """Give the block with its logs of ours, asking again by hash and of others where its proof fails.
        Raises ChainError.
        """
        self._credit = min(CREDIT_MAX, self._credit + CREDIT_PER_BLOCK)
        try:
            self._check_hash(header, raw)
            logs = await self._first_body(header, bodies)
        except Unproven:
            self.note_unproven(provider)
            logs = await self._by_hash(header)
        if self.chain.proof == "bloom":
            doubts = self.wanted.doubts(header, logs)
            doubt = next((one for one in doubts if self._is_worth_asking(one)), None)
            if doubt is not None:
                logs = await self._settle(header, logs, doubt, provider)
        return Block(header, logs)

    def note_unproven(self, provider: Provider) -> None:
        """Count an answer that cannot be believed."""
        provider.errors["unproven"] += 1
        self.counters.unproven += 1

    def _body_calls(self, block: int | str) -> list[Call]:
        """Build the calls for a block's body, by number or hash."""
        if self.chain.proof == "receipts":
            return [Call("eth_getBlockReceipts", (hex(block) if isinstance(block, int) else block,))]
        where = span(block, block) if isinstance(block, int) else {"blockHash": block}
        return self.wanted.calls(where) if self.chain.proof == "bloom" else [LogFilter().call(where)]

    async def _first_body(self, header: Header, bodies: Sequence[RawAnswer]) -> tuple[Log, ...]:
        if self.chain.proof == "bloom" and any(isinstance(body, RpcError) for body in bodies):
            # too much for one answer, perhaps: the ranges know how to split a block
            logs = await self.ranges.read(self.wanted.filters, header.height, header.height)
            return check_logs(header, logs, self.wanted.takes)
        return self._check_bodies(header, bodies)

    def _check_bodies(self, header: Header, bodies: Sequence[RawAnswer]) -> tuple[Log, ...]:
        """Prove the bodies against their header as far as `proof` demands. Raises Unproven."""
        if self.chain.proof == "bloom":
            return check_parts(header, map(decode_logs, bodies), self.wanted.takes)
        (body,) = bodies
        if self.chain.proof == "logs":
            every = check_logs(header, decode_logs(body))
            check_whole(header, every)
        else:
            every = check_logs(header, self._check_receipts(header, body))
        return tuple(log for log in every if self.wanted.takes(log))

    def _check_receipts(self, header: Header, body: RawAnswer) -> tuple[Log, ...]:
        if isinstance(body, RpcError):
            raise Unproven(f"receipts are refused: {body.message}")
        try:
            receipts = RECEIPTS.decode(body)
        except ValueError:
            raise Unproven("an answer is not a list of receipts") from None
        logs = check_receipts(header, receipts)
        self._root_known = True
        return logs

    def _check_hash(self, header: Header, raw: RawAnswer) -> None:
        """Recompute the header's hash, once this chain has shown that it hashes as Ethereum does. Raises Unproven."""
        if self.chain.proof != "receipts" or isinstance(raw, RpcError):
            return
        computed = header_hash(msgspec.json.decode(raw))
        if computed == header.hash:
            self._hash_known = True
        elif computed is not None and self._hash_known:
            raise Unproven(f"the header of block {header.height} does not give its hash")

    async def _by_hash(self, header: Header) -> tuple[Log, ...]:
        """Ask each provider for the block's body by hash until one proves it. Raises ChainError."""
        tried: set[Provider] = set()
        problem = ""
        while len(tried) < len(self.rpc.providers):
            reply = await self.rpc.raw_batch(self._body_calls(header.hash), avoid=tried)
            if reply.provider in tried:
                break
            tried.add(reply.provider)
            try:
                return self._check_bodies(header, reply.answers)
            except Unproven as why:
                self.note_unproven(reply.provider)
                problem = str(why)
        remedy = ""
        if self.chain.proof == "receipts" and not self._root_known:
            remedy = "; if this chain encodes receipts in its own way, set its proof to logs or bloom in chains.toml"
        raise ChainError(f"{self.chain.key}: block {header.height} cannot be proven: {problem}{remedy}")

    def _is_worth_asking(self, doubt: Doubt) -> bool:
        if doubt.joint:
            worth = doubt.by_chance <= HINT_BY_CHANCE and self._credit >= CREDIT_KEPT
            self.counters.reasks_saved += not worth
            return worth
        if doubt.by_chance <= PROOF_BY_CHANCE and self._vain < VAIN_MAX:
            return True
        if doubt.by_chance > HINT_BY_CHANCE and not doubt.empty:
            return False
        if self._credit < 1.0:
            self.counters.reasks_saved += 1
            return False
        return True

    async def _settle(self, header: Header, logs: tuple[Log, ...], doubt: Doubt, provider: Provider) -> tuple[Log, ...]:
        """Ask again by block hash, then of another provider; what any proven answer holds, holds. Raises ChainError."""
        self.counters.reasks += 1
        best, confirmed = logs, False
        for avoid in ((), (provider,)):
            if avoid and self.rpc.other_than(provider) is None:
                break
            again = await self._ask_again(header, avoid)
            if again is None:
                continue
            confirmed = True
            best = _fuller(header, best, again)
            if not any(one.joint <= doubt.joint for one in self.wanted.doubts(header, best)):
                break
        if not confirmed:
            raise ChainError(f"{self.chain.key}: block {header.height} may hold more logs and nobody answers for them")
        if len(best) > len(logs):
            self.counters.reasks_found += 1
            self.note_unproven(provider)
            self._credit, self._vain = CREDIT_MAX, 0
        else:
            self._credit = max(0.0, self._credit - 1.0)
            self._vain += not doubt.joint
        return best

    async def _ask_again(self, header: Header, avoid: Collection[Provider]) -> tuple[Log, ...] | None:
        """Read the logs by hash, or by number where a node cannot do that; None when neither is proven."""
        number = header.height
        for where in ({"blockHash": header.hash}, span(number, number)):
            reply = await self.rpc.raw_batch(self.wanted.calls(where), avoid=avoid)
            try:
                return check_parts(header, map(decode_logs, reply.answers), self.wanted.takes)
            except Unproven:
                self.note_unproven(reply.provider)
        return None


def _fuller(header: Header, ours: tuple[Log, ...], again: tuple[Log, ...]) -> tuple[Log, ...]:
    """Join two proven answers; where they contradict each other, the longer holds."""
    try:
        return check_parts(header, (ours, again))
    except Unproven:
        return again if len(again) > len(ours) else ours
