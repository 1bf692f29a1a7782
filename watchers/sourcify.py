"""Whether a contract's source is verified, by a Sourcify server of the operator's choice: one small request a contract.

    verified = await sourcify.verified(1, "0x...")    True, False, or None: not known

What is verified stays so and is remembered; what is not may be tomorrow. A server that fails is left alone for a while.

Source: Sourcify API v2, `GET /v2/contract/{chainId}/{address}`: `match` is `match`, `exact_match` or null (404).
Errors: none; an answer that is none of these, or a chain that the server does not know, is "not known".
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
import msgspec

TIMEOUT_S = 10.0
BODY_MAX = 1 << 16
AGAIN_S = 600  # how long a server that failed is left alone
UNVERIFIED_S = 86_400  # how long "not verified" is believed
MOST = 10_000


class _Said(msgspec.Struct):
    match: str | None


class Sourcify:
    """One server, for every chain."""

    def __init__(self, session: aiohttp.ClientSession, base: str, *, clock: Callable[[], float]) -> None:
        self._session, self._base, self._clock = session, base.rstrip("/"), clock
        self._known: OrderedDict[tuple[int, str], tuple[bool, float]] = OrderedDict()
        self._later_s = 0.0

    async def verified(self, chain_id: int, address: str) -> bool | None:
        """Tell whether a contract's source is verified; None when that is not known."""
        known = self._known.get((chain_id, address))
        if known is not None and (known[0] or self._clock() < known[1] + UNVERIFIED_S):
            return known[0]
        if self._clock() < self._later_s:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                found = await self._ask(f"{self._base}/v2/contract/{chain_id}/{address}")
        except (aiohttp.ClientError, TimeoutError):
            self._later_s = self._clock() + AGAIN_S
            return None
        if found is not None:
            self._known[(chain_id, address)] = (found, self._clock())
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return found

    async def _ask(self, url: str) -> bool | None:
        async with self._session.get(url, allow_redirects=False) as response:
            status = response.status
            if status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
                if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    self._later_s = self._clock() + AGAIN_S
                return None
            body = bytearray()
            async for chunk in response.content.iter_chunked(BODY_MAX):
                body += chunk
                if len(body) > BODY_MAX:
                    return None
        try:
            said = msgspec.json.decode(body, type=_Said)
        except (msgspec.MsgspecError, RecursionError):
            return None  # another server's 404, or more than was asked for
        if said.match is None:
            return False
        return True if said.match in ("match", "exact_match") else None
