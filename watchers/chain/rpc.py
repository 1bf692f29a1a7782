"""`Rpc`: all providers of one chain as one. A batch goes to the first that can take it, to the next when that fails.

A batch is one HTTP request. Failing over is by the order of chains.toml: the first is preferred and is returned to once
it has rested. A provider of another chain, or one that refuses our key, is parked: asked now and then where no other
answers. A method that a node does not know is asked of another.

Errors: Unreachable, a ChainError, names hosts only and has no cause or context, so that no URL leaves with it.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import aiohttp
import msgspec
from yarl import URL

from config.settings import Chain
from watchers.chain.envelope import METHOD_NOT_FOUND, Failure, RawAnswer, call_key, lacks_method
from watchers.chain.provider import Clock, Provider, ProviderStatus, Sleep, decode_answer, wall_clock
from watchers.errors import ChainError
from watchers.facts import Answer, Call, RpcError
from watchers.unreached import NO_NODE

PATIENCE_S = 2.0  # how long a batch waits for a provider that is limited when no other is left
LAG_BLOCKS = 3  # behind the best known head by more than this, a provider is not asked for the head
LAG_REST_BLOCKS = 10  # after this many block times it is tried again
CHAIN_ID = Call("eth_chainId", ())


class Unreachable(ChainError):  # noqa: N818 - says what the chain is
    """No provider gave an answer; `timed_out` when one of them ran out of time."""

    def __init__(self, text: str, *, timed_out: bool = False) -> None:
        super().__init__(text)
        self.timed_out = timed_out


class Reply(NamedTuple):
    """Answers in the order of the calls, who gave them and how many HTTP requests that took."""

    answers: list[RawAnswer]
    provider: Provider
    requests: int


class Rpc:
    """The providers of a chain. `session` is the caller's to close."""

    def __init__(
        self, chain: Chain, session: aiohttp.ClientSession, *, clock: Clock = wall_clock, sleep: Sleep = asyncio.sleep
    ) -> None:
        self.chain = chain
        self.best_head = 0
        self._clock, self._sleep = clock, sleep
        self.providers = [
            Provider(name, url, session, rate=chain.requests_per_s, clock=clock, sleep=sleep)
            for name, url in _named(chain)
        ]

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, by all providers."""
        return sum(provider.requests for provider in self.providers)

    def status(self) -> list[ProviderStatus]:
        """Give every provider's standing, in order of preference."""
        return [provider.status() for provider in self.providers]

    def other_than(self, provider: Provider) -> Provider | None:
        """Give another provider that may be asked now, or None."""
        now = self._clock()
        return next((p for p in self._order((), head=True) if p is not provider and p.eager(now)), None)

    def preferred(self, avoid: Collection[Provider] = ()) -> Provider:
        """Give the provider that a batch would go to first."""
        order = self._order(avoid, head=False)
        return order[0] if order else self.providers[0]

    def saw_head(self, provider: Provider, number: int) -> None:
        """Note the head that a provider told; one that lags too far is not asked for the head for a while."""
        provider.head = number
        self.best_head = max(self.best_head, number)
        if self.best_head - number > LAG_BLOCKS:
            self.lags(provider)
        else:
            provider.lagging_until = 0.0

    def lags(self, provider: Provider) -> None:
        """Let others answer for the head for some blocks."""
        provider.errors["lagging"] += 1
        provider.lagging_until = self._clock() + LAG_REST_BLOCKS * max(1.0, self.chain.block_time_s)

    async def batch(self, calls: Sequence[Call]) -> list[Answer]:
        """Put calls in one HTTP request; answers in their order, an RpcError for a call that the node refuses, None for
        null. Raises Unreachable.
        """
        reply = await self.raw_batch(calls)
        return [decode_answer(answer) for answer in reply.answers]

    async def raw_batch(self, calls: Sequence[Call], *, avoid: Collection[Provider] = (), head: bool = False) -> Reply:
        """Like `batch`, with each result as JSON bytes. Providers in `avoid` are asked last; `head`: so are those that
        lag. Equal calls travel once. Raises Unreachable.
        """
        keys = [call_key(call) for call in calls]
        unique = list(dict(zip(keys, calls, strict=True)).items())
        before = self.requests
        reply = await self._first(tuple(call for _, call in unique), avoid, head=head)
        by_key = {key: answer for (key, _), answer in zip(unique, reply.answers, strict=True)}
        return Reply([by_key[key] for key in keys], reply.provider, self.requests - before)

    async def _first(self, calls: Sequence[Call], avoid: Collection[Provider], *, head: bool) -> Reply:
        failures: list[tuple[str, str]] = []
        timed_out = False
        for provider in await self._candidates(avoid, head=head):
            answers = await self._ask(provider, calls)
            if isinstance(answers, Failure):
                failures.append((provider.name, answers.text))
                timed_out = timed_out or answers.kind == "timeout"
                continue
            return Reply(await self._elsewhere(calls, answers, provider), provider, 0)
        raise Unreachable(f"{self.chain.key}: no endpoint answers ({_together(failures)})", timed_out=timed_out)

    async def _candidates(self, avoid: Collection[Provider], *, head: bool) -> list[Provider]:
        """Give who may be asked, best first, the parked last; wait briefly when all are limited. Raises Unreachable."""
        order = self._order(avoid, head=head)
        if not order:
            wait = min(p.blocked_s(self._clock()) for p in self.providers)
            if wait <= PATIENCE_S:
                await self._sleep(wait)
                order = self._order(avoid, head=head)
        order += [p for p in self.providers if p.may_be_revisited(self._clock())]
        if not order:
            why = _together((s.name, s.why) for s in self.status())
            raise Unreachable(f"{self.chain.key}: every endpoint is limited or parked ({why})")
        return order

    def _order(self, avoid: Collection[Provider], *, head: bool) -> list[Provider]:
        now = self._clock()
        free = [p for p in self.providers if p.blocked_s(now) == 0]
        return sorted(free, key=lambda p: (p in avoid, head and now < p.lagging_until, not p.eager(now)))

    async def _ask(self, provider: Provider, calls: Sequence[Call]) -> list[RawAnswer] | Failure:
        """Ask one provider for what it supports; the first time, make sure that it is of our chain."""
        known = {method for method in {call.method for call in calls} if provider.supports(method)}
        sent = [call for call in calls if call.method in known]
        checks = [] if provider.chain_id_checked else [CHAIN_ID]
        got: list[RawAnswer] | Failure = await provider.ask([*checks, *sent]) if checks or sent else []
        if isinstance(got, Failure):
            return got
        if checks:
            wrong = self._wrong_chain(got[0])
            if wrong is not None:
                return provider.fail(wrong)
            provider.chain_id_checked = True
            got = got[1:]
        answers = iter(got)
        unknown = RpcError(METHOD_NOT_FOUND, "the method is not available here")
        return [next(answers) if call.method in known else unknown for call in calls]

    def _wrong_chain(self, answer: RawAnswer) -> Failure | None:
        try:
            told = msgspec.json.decode(answer, type=str) if isinstance(answer, bytes) else ""
            number = int(told, 16)
        except (ValueError, msgspec.MsgspecError):
            return Failure("malformed", "does not say which chain it serves", todo=NO_NODE.todo)
        if number != self.chain.id:
            what = f"serves chain {number}, not {self.chain.id}"
            return Failure("wrong_chain", what, todo="put it under its own chain in chains.toml, or correct the id")
        return None

    async def _elsewhere(self, calls: Sequence[Call], answers: list[RawAnswer], provider: Provider) -> list[RawAnswer]:
        """Ask others for the methods that this provider does not know."""
        tried = {provider}
        for at, answer in enumerate(answers):
            if lacks_method(answer):
                provider.lacks(calls[at].method)
        for other in self._order((provider,), head=False):
            open_ = [at for at, a in enumerate(answers) if lacks_method(a) and other.supports(calls[at].method)]
            if other in tried or not open_:
                continue
            tried.add(other)
            got = await self._ask(other, [calls[at] for at in open_])
            if isinstance(got, Failure):
                continue
            for at, answer in zip(open_, got, strict=True):
                answers[at] = answer
                if lacks_method(answer):
                    other.lacks(calls[at].method)
        return answers


def _together(failures: Iterable[tuple[str, str]]) -> str:
    """Say what is wrong with each, once for all of which it is true."""
    names: dict[str, list[str]] = {}
    for name, what in failures:
        names.setdefault(what, []).append(name)
    return "; ".join(f"{', '.join(those)}: {what}" for what, those in names.items())


def _named(chain: Chain) -> list[tuple[str, str]]:
    """Name endpoints by host; a second one of the same host gets a number."""
    seen: dict[str, int] = {}
    named = []
    for secret in chain.endpoints:
        url = secret.get_secret_value()
        host = URL(url).host or "unknown"
        seen[host] = seen.get(host, 0) + 1
        named.append((host if seen[host] == 1 else f"{host}#{seen[host]}", url))
    return named
