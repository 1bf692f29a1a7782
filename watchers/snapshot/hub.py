"""`Hub`: the Snapshot hub over GraphQL, one HTTP request at a time, as many a second as chains.toml allows.

Errors: ChainError for whatever is not a whole answer: no connection, 429, HTML, GraphQL errors, a field left out.
Units: `_s` seconds of the clock given.
Source: docs.snapshot.box, "API": `first` at most 1,000, `skip` at most 5,000; rows of one second in the order of
their ids (snapshot-hub, `operations/votes.ts`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

import aiohttp

from config.settings import Chain
from watchers.errors import ChainError

PAGE, MOST_SKIP = 1_000, 5_000
TIMEOUT_S = 20.0
LONGEST_REST_S = 120.0
MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = {"votes": 1_000_000, "proposals": 20_000}  # of one question, since they are held until it is answered
TOO_MANY = 429
OK = 200

_FIELDS = {
    "votes": "id voter created choice vp reason proposal { id } space { id }",
    "proposals": (
        "id author created start end state type choices quorum quorumType privacy flagged scores scores_state title "
        "body space { id }"
    ),
}
Where = Mapping[str, object]
Rows = list[Any]


def _query(what: str, where: Where, skip: int) -> str:
    """Ask for a page, the oldest first; JSON's texts, numbers and lists are GraphQL's."""
    given = ", ".join(f"{name}: {json.dumps(value)}" for name, value in where.items())
    order = 'orderBy: "created", orderDirection: asc'
    return f"query {{ {what}(first: {PAGE}, skip: {skip}, where: {{{given}}}, {order}) {{ {_FIELDS[what]} }} }}"


class Hub:
    """One hub; `requests` counts what was sent, `failures` what gave no whole answer; `answered`: somebody is there."""

    def __init__(
        self,
        chain: Chain,
        session: aiohttp.ClientSession,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.requests = self.failures = 0
        self.answered = False
        self._url, self._session = chain.endpoints[0].get_secret_value(), session
        self._clock, self._sleep = clock, sleep
        self._gap_s, self._next_at = 1 / chain.requests_per_s, clock()

    async def pages(self, what: Literal["votes", "proposals"], where: Where, since_s: int = 0) -> AsyncIterator[Rows]:
        """Read all there is from a second on, oldest first, page by page until one is empty: a short page may only be
        a lower limit. A second may be cut in two by a page's end, so the next one begins in it, past the rows that were
        had. Raises ChainError.
        """
        since, skip, had = since_s, 0, 0
        while True:
            found = await self._ask(what, {**where, **({"created_gte": since} if since else {})}, skip)
            if not found:
                return
            last = _created(found[-1])
            if last < since:
                raise ChainError("the Snapshot hub's rows are out of order")
            had += len(found)
            if had > MOST_ROWS[what]:
                raise ChainError(f"the Snapshot hub has more than {MOST_ROWS[what]} {what}")
            yield found
            skip = sum(_created(row) == last for row in found) + (skip if last == since else 0)
            since = last
            if skip > MOST_SKIP:
                raise ChainError("the Snapshot hub has more in one second than it lets be read")

    async def _ask(self, what: str, where: Where, skip: int) -> Rows:
        """Send one request. Raises ChainError."""
        wait_s = self._next_at - self._clock()
        if wait_s > 0:
            await self._sleep(wait_s)
        self._next_at = self._clock() + self._gap_s
        self.requests += 1
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return _rows(await self._post(_query(what, where, skip)), what)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.failures += 1
            raise ChainError(f"the Snapshot hub cannot be reached: {type(error).__name__}") from None
        except ChainError:
            self.failures += 1
            raise

    async def _post(self, query: str) -> bytes:
        async with self._session.post(self._url, json={"query": query}, allow_redirects=False) as answer:
            self.answered = True
            if answer.status == TOO_MANY:
                said = answer.headers.get("Retry-After", "")
                rest_s = min(float(said), LONGEST_REST_S) if said.isascii() and said.isdecimal() else self._gap_s
                self._next_at = max(self._next_at, self._clock() + rest_s)
                raise ChainError("the Snapshot hub wants fewer requests (429)")
            if answer.status != OK:
                raise ChainError(f"the Snapshot hub answers {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise ChainError("the Snapshot hub's answer is too long")
            return bytes(body)


def _rows(body: bytes, what: str) -> Rows:
    """Read an answer; numbers with a point become Decimal, never float. Raises ChainError."""
    try:
        answer = json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):  # ArithmeticError: an exponent that Decimal cannot hold
        raise ChainError("the Snapshot hub's answer is not JSON") from None
    if not isinstance(answer, dict) or answer.get("errors") or not isinstance(answer.get("data"), dict):
        raise ChainError("the Snapshot hub answers with an error, or in part")
    found = answer["data"].get(what)
    if not isinstance(found, list) or len(found) > PAGE:
        raise ChainError("the Snapshot hub left a part of the answer out")
    return found


def _created(row: Any) -> int:
    """Give the second of a row, which the next page begins with. Raises ChainError."""
    created = row.get("created") if isinstance(row, dict) else None
    if not isinstance(created, int) or isinstance(created, bool):
        raise ChainError("the Snapshot hub dates a row with no time")
    return created
