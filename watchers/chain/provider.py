"""`Provider`: one endpoint. Posts a batch within its budget and time, and knows when it may be asked again.

It is named by its host only: an endpoint's path, query and user info carry keys; no text that leaves here holds them.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from config.secrecy import Redactor
from watchers import unreached
from watchers.backoff import backoff_s
from watchers.chain.envelope import Failure, FailureKind, RawAnswer, decode_answers, encode_calls
from watchers.facts import Call, RpcError

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

TIMEOUT_S = 10.0
BODY_MAX = 64 * 1024 * 1024  # bytes; a larger answer is refused before it fills the memory
BATCH_MAX = 500  # calls in one request until the provider shows that it takes fewer
BACKOFF_MAX_S = 120.0
RATE_BACKOFF_S = 0.5
PARK_S = 3600.0  # where another provider answers: nothing is lost by leaving this one alone
REVISIT_S = 60.0  # where no other does: the operator may have mended it and waits
UNSUPPORTED_S = 3600.0  # after which a method that was not known is tried again

State = Literal["ok", "backing_off", "limited", "parked", "lagging"]


class ProviderStatus(NamedTuple):
    """How a provider stands, for `/status` and the metrics; `why` and what can be done about it where it stands badly.
    `errors` counts by kind.
    """

    name: str
    state: State
    why: str
    todo: str
    requests: int
    errors: dict[str, int]


class Provider:
    """One endpoint of a chain. `name` is its host. Soft failures (`backing_off`) let others go first; a limit is
    kept strictly, a parking unless it is the last to turn to.
    """

    def __init__(
        self, name: str, url: str, session: aiohttp.ClientSession, *, rate: float, clock: Clock, sleep: Sleep
    ) -> None:
        self.name = name
        self.requests = 0
        self.errors: Counter[str] = Counter()
        self.chain_id_checked = False
        self.head = 0
        self.lagging_until = 0.0
        self.range_cap: int | None = None
        self.range_ceiling: int | None = None
        self.timeout_s = TIMEOUT_S
        self._url, self._session = URL(url), session
        self._clock, self._sleep = clock, sleep
        self._clean = Redactor([url])
        self._full_rate = self._rate = rate
        self._tokens, self._filled_at = max(1.0, rate), clock()
        self._max_batch = BATCH_MAX
        self._failures = 0
        self._soft_until = self._limited_until = 0.0
        self._parked_at = -math.inf
        self._why: Failure | None = None
        self._unsupported: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<Provider {self.name}>"

    def eager(self, now: float) -> bool:
        """Tell whether nothing speaks against asking now."""
        return now >= self._soft_until and self.blocked_s(now) == 0

    def blocked_s(self, now: float) -> float:
        """Give for how long it must not be asked, in seconds."""
        return max(0.0, self._limited_until - now, self._parked_at + PARK_S - now)

    def may_be_revisited(self, now: float) -> bool:
        """Tell whether it is parked, and long enough to be asked where no other provider answers."""
        return self._limited_until <= now and REVISIT_S <= now - self._parked_at < PARK_S

    def supports(self, method: str) -> bool:
        """Tell whether the method is worth trying."""
        return self._unsupported.get(method, 0.0) <= self._clock()

    def lacks(self, method: str) -> None:
        """Remember that the node does not know a method."""
        self._unsupported[method] = self._clock() + UNSUPPORTED_S

    def status(self) -> ProviderStatus:
        """Give its standing."""
        now = self._clock()
        state: State = "ok"
        if now - self._parked_at < PARK_S:
            state = "parked"
        elif now < self._limited_until:
            state = "limited"
        elif now < self._soft_until:
            state = "backing_off"
        elif now < self.lagging_until:
            state = "lagging"
        why, todo = (self._why.text, self._why.todo) if self._why and state not in ("ok", "lagging") else ("", "")
        return ProviderStatus(self.name, state, why, todo, self.requests, dict(self.errors))

    async def ask(self, calls: Sequence[Call]) -> list[RawAnswer] | Failure:
        """Put calls in one request, or in several once the provider has shown that it takes fewer at a time."""
        answers: list[RawAnswer] = []
        while len(answers) < len(calls):
            part = calls[len(answers) : len(answers) + self._max_batch]
            got = await self._post(part)
            if isinstance(got, Failure):
                if got.kind == "size" and len(part) > 1:
                    self._max_batch = len(part) // 2
                    self.errors["size"] += 1
                    continue
                if got.kind != "size":
                    return self.fail(got)
                got = [RpcError(-32005, got.text)]  # one call's answer is too large: the asker must ask for less
            answers += got
        self._failures, self._soft_until, self._why, self._parked_at = 0, 0.0, None, -math.inf
        self._rate = min(self._full_rate, self._rate + self._full_rate * 0.02)
        return answers

    def fail(self, failure: Failure) -> Failure:
        """Count a failure and decide when the provider may be asked again."""
        self.errors[failure.kind] += 1
        self._failures += 1
        self._why = failure
        now = self._clock()
        wait = backoff_s(self._failures, 1.0, BACKOFF_MAX_S)
        if failure.kind in ("quota", "wrong_chain", "refused"):
            self._parked_at = now
        elif failure.kind == "rate" or failure.retry_after_s is not None:
            self._rate = max(self._full_rate * 0.05, self._rate * 0.5)
            self._limited_until = now + max(failure.retry_after_s or 0.0, wait * RATE_BACKOFF_S)
        else:
            self._soft_until = now + wait
        return failure

    async def _turn(self) -> None:
        """Wait for the budget: a token bucket of one second's requests."""
        now = self._clock()
        self._tokens = min(max(1.0, self._rate), self._tokens + max(0.0, now - self._filled_at) * self._rate)
        self._filled_at = now
        self._tokens -= 1.0
        if self._tokens < 0:
            await self._sleep(-self._tokens / self._rate)

    async def _post(self, calls: Sequence[Call]) -> list[RawAnswer] | Failure:
        await self._turn()
        self.requests += 1
        try:
            body = encode_calls(calls, bare=self._max_batch == 1)
            async with asyncio.timeout(self.timeout_s):
                got = await self._exchange(body)
        except TimeoutError:
            return Failure("timeout", f"no answer within {self.timeout_s:g} s", todo=unreached.TIMEOUT.todo)
        except (aiohttp.ClientError, OSError) as error:
            why = unreached.of_error(error)
            return Failure("connection", why.what, todo=why.todo)
        if isinstance(got, Failure):
            return got
        status, body = got
        answers = decode_answers(body, len(calls))
        if status != HTTPStatus.OK and (isinstance(answers, Failure) and answers.kind == "malformed"):
            return _http_failure(status, None)
        if isinstance(answers, Failure):
            return answers._replace(text=self._clean(answers.text))
        return [a._replace(message=self._clean(a.message)) if isinstance(a, RpcError) else a for a in answers]

    async def _exchange(self, body: bytes) -> tuple[int, bytes] | Failure:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
            status = response.status
            if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return Failure("size", "the request is too large")
            if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                return _http_failure(status, _retry_after(response.headers.get("Retry-After"), self._clock))
            chunks, size = [], 0
            async for chunk in response.content.iter_chunked(1 << 16):
                size += len(chunk)
                if size > BODY_MAX:
                    return Failure("size", f"the answer is larger than {BODY_MAX >> 20} MiB")
                chunks.append(chunk)
            return status, b"".join(chunks)


_KINDS: dict[int, FailureKind] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate",
    HTTPStatus.UNAUTHORIZED: "refused",
    HTTPStatus.PAYMENT_REQUIRED: "refused",
    HTTPStatus.FORBIDDEN: "refused",
}


def _http_failure(status: int, retry_after_s: float | None) -> Failure:
    why = unreached.of_status(status)
    return Failure(_KINDS.get(status, "http"), why.what, retry_after_s, why.todo)


def _retry_after(text: str | None, clock: Clock) -> float | None:
    """Read a Retry-After header, seconds or a date; at most a day, None for nonsense."""
    if text is None:
        return None
    try:
        wait = float(text)
    except ValueError:
        try:
            wait = parsedate_to_datetime(text).timestamp() - clock()
        except ValueError:
            return None
    return min(max(wait, 0.0), 86_400.0) if wait == wait else None  # noqa: PLR0124 - not a number


def decode_answer(answer: RawAnswer) -> object:
    """Turn raw bytes into plain Python; a refusal stays as it is, and what is not sound JSON becomes one."""
    if isinstance(answer, RpcError):
        return answer
    try:
        return msgspec.json.decode(answer)
    except (ValueError, RecursionError):
        return RpcError(0, "the answer is not JSON")


wall_clock: Clock = time.time
