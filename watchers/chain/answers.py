"""Answers to a block's questions: one batched request for all that are open, and a memory for those that cannot change.

    facts = cache.begin(block)        await learn(rpc, asks, block, cache)        facts.get(ask)

A costly question travels in a request of its own, and is "unknown" where that fails.

Errors: ChainError when no node answers at all. A call that one node cannot answer (it lost the state, it has not heard
of the block) is put once to another; when that cannot either, the question is answered "unknown" for this block, never
for good.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from watchers.chain.envelope import NULL, RawAnswer, is_verdict, lacks_method
from watchers.chain.provider import decode_answer
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError, DecodeError
from watchers.facts import Answer, Ask, Call, Facts, RpcError

LRU_SIZE = 20_000


class Cache:
    """What is known: `facts` of the block at hand, and what holds `forever`, least recently used dropped first."""

    def __init__(self, size: int = LRU_SIZE) -> None:
        self.block: int | None = None
        self.block_hash = ""
        self.facts = Facts()
        self.unreadable = 0
        self._size = size
        self._forever: OrderedDict[Ask[Any], Any] = OrderedDict()

    @property
    def known(self) -> dict[Ask[Any], Any]:
        """The answers of the block at hand."""
        return self.facts.known

    def begin(self, block: int) -> Facts:
        """Start a block: what was true of another one, or of one of the same number, is forgotten."""
        self.block, self.block_hash, self.facts = block, "", Facts({})
        return self.facts

    def stay(self, block: int, block_hash: str) -> Facts:
        """Go on with a block's facts; begin anew when it is another, be it of the same number."""
        if (self.block, self.block_hash) != (block, block_hash):
            self.begin(block)
            self.block_hash = block_hash
        return self.facts

    def recall(self, ask: Ask[Any]) -> bool:
        """Bring an answer that holds for ever into this block's facts; tell whether there was one."""
        if ask not in self._forever:
            return False
        self._forever.move_to_end(ask)
        self.known[ask] = self._forever[ask]
        return True

    def keep(self, ask: Ask[Any], value: Any, *, settled: bool) -> None:
        """Note an answer; for good when the question's kind and the way it was answered allow."""
        self.known[ask] = value
        if ask.lifetime == "forever" and settled:
            self._forever[ask] = value
            self._forever.move_to_end(ask)
            if len(self._forever) > self._size:
                self._forever.popitem(last=False)


async def learn(rpc: Rpc, asks: Callable[[], Iterable[Ask[Any]]], block: int, cache: Cache) -> int:
    """Answer what `asks` names, and what it names then, until no answer leads further; give how many HTTP requests that
    took. Raises ChainError.
    """
    if cache.block != block:
        cache.begin(block)
    requests = 0
    for open_now in cache.facts.rounds(asks):
        requests += await load(rpc, open_now, block, cache)
    return requests


async def load(rpc: Rpc, asks: Iterable[Ask[Any]], block: int, cache: Cache) -> int:
    """Answer every ask into `cache.facts`; give how many HTTP requests that took, 0 when all was known.
    Raises ChainError.
    """
    if cache.block != block:
        cache.begin(block)
    pending = [ask for ask in dict.fromkeys(asks) if ask not in cache.known and not cache.recall(ask)]
    before = rpc.requests
    await _ask(rpc, [ask for ask in pending if not ask.costly], block, cache)
    for ask in pending:
        if ask.costly:
            try:
                await _ask(rpc, [ask], block, cache)
            except ChainError:
                cache.keep(ask, None, settled=False)
    return rpc.requests - before


async def _ask(rpc: Rpc, pending: list[Ask[Any]], block: int, cache: Cache) -> None:
    """Put questions in one request. Raises ChainError."""
    calls_of = {ask: ask.calls(block) for ask in pending}
    calls = [call for ask in pending for call in calls_of[ask]]
    answers = await _answers(rpc, calls) if calls else []
    at = 0
    for ask in pending:
        own = answers[at : at + len(calls_of[ask])]
        at += len(own)
        value = _read(ask, [decode_answer(answer) for answer in own], cache)
        # a fault of the node's must not become a fact; nor must null, which a node that lags gives as well
        settled = all(not _is_fault(answer) and answer != NULL for answer in own)
        cache.keep(ask, value, settled=settled)


async def _answers(rpc: Rpc, calls: list[Call]) -> list[RawAnswer]:
    reply = await rpc.raw_batch(calls)
    answers = reply.answers
    faults = [at for at, answer in enumerate(answers) if _is_fault(answer) and not lacks_method(answer)]
    if faults and rpc.other_than(reply.provider) is not None:
        try:
            again = await rpc.raw_batch([calls[at] for at in faults], avoid=(reply.provider,))
        except ChainError:
            return answers  # the first one did answer; what it could not say stays unknown
        for at, answer in zip(faults, again.answers, strict=True):
            answers[at] = answer
    return answers


def _is_fault(answer: RawAnswer) -> bool:
    """Tell a node's trouble from the EVM's verdict, which is the same everywhere."""
    return isinstance(answer, RpcError) and not is_verdict(answer)


def _read(ask: Ask[Any], answers: list[Answer], cache: Cache) -> Any:
    try:
        return ask.read(answers)
    except (DecodeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        # answers come from contracts that anybody may write: what cannot be read is unknown, and counted
        cache.unreadable += 1
        return None
