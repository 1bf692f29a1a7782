"""The cap on requests of the whole bot: Discord allows 50 a second, the library does not count them.

Source: Discord documentation, "Rate Limits", Global Rate Limit; the library waits only after a refusal.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

PER_S: Final = 45
NAP_MS: Final = 50  # a pass may be given back while its place is waited for


class Cap:
    """At most `per_s` passes within any second, first come first served; and a gate that shuts all of them."""

    def __init__(
        self,
        *,
        clock_ms: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
        per_s: int = PER_S,
    ) -> None:
        self._clock_ms, self._sleep, self._per_s = clock_ms, sleep, per_s
        self._passed: deque[int] = deque(maxlen=per_s)
        self._turn = asyncio.Lock()
        self._shut_until_ms = 0

    def shut(self, seconds: float) -> None:
        """Let nothing pass for so long: Discord asked the whole bot to wait."""
        self._shut_until_ms = max(self._shut_until_ms, self._clock_ms() + int(seconds * 1000))

    async def enter(self) -> None:
        """Wait for a turn and take it."""
        async with self._turn:
            while (wait_ms := self._wait_ms()) > 0:
                await self._sleep(min(wait_ms, NAP_MS) / 1000)
            self._passed.append(self._clock_ms())

    def refund(self) -> None:
        """Give a pass back that was not used."""
        if self._passed:
            self._passed.pop()

    def _wait_ms(self) -> int:
        now = self._clock_ms()
        shut = self._shut_until_ms - now
        if len(self._passed) < self._per_s or self._passed[0] > now:  # a clock set back must not stop us
            return shut
        return max(shut, self._passed[0] + 1000 - now)
