"""Faults on request: what Discord, its shield and the network between do on a bad day.

A fault is armed for a number of requests or of seconds, for the requests it matches, and spent in arming order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

from sandbox.discord.state import Json

Kind = Literal["status", "rate_limit", "reset", "lost_reply", "slow"]
"""`status`: answer with it, nothing done. `rate_limit`: 429. `reset`: cut the connection, nothing done.
`lost_reply`: do it, then cut the connection. `slow`: wait, then do it."""

MESSAGES: Final = "/channels/*/messages"

CODES: Final[dict[int, tuple[int, str]]] = {
    50001: (403, "Missing Access"),
    50013: (403, "Missing Permissions"),
    10003: (404, "Unknown Channel"),
    10008: (404, "Unknown Message"),
    0: (401, "401: Unauthorized"),
}


@dataclass(slots=True)
class Fault:
    """One armed fault. `method` "" and `path` "*" mean any; `path` is below /api/v10; `times` None: until `until_s`."""

    kind: Kind
    times: int | None = 1
    until_s: float | None = None
    method: str = ""
    path: str = "*"
    status: int = 503
    code: int = 0
    message: str = ""
    retry_after_s: float = 1.0
    via: bool = True
    json: bool = True
    is_global: bool = False
    scope: str = "user"
    delay_s: float = 0.0
    hits: int = 0

    def fits(self, method: str, path: str, now_s: float) -> bool:
        """Say whether this request is to suffer."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.until_s is not None and now_s >= self.until_s:
            return False
        return self.method in {"", method} and fnmatchcase(path, self.path)


class Faults:
    """The armed faults. Every method that arms gives the fault back: its `hits` says how often it struck."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.armed: list[Fault] = []
        self.gateway_refusals = 0
        """How many gateway connections are still to be refused."""

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault that this request suffers and count it; drop what is spent."""
        now = self._clock()
        self.armed = [f for f in self.armed if not _spent(f, now)]
        for fault in self.armed:
            if fault.fits(method, path, now):
                fault.hits += 1
                return fault
        return None

    def arm(self, fault: Fault) -> Fault:
        """Arm any fault."""
        self.armed.append(fault)
        return fault

    def outage(
        self,
        *,
        requests: int | None = None,
        seconds: float | None = None,
        status: int = 503,
        method: str = "",
        path: str = "*",
    ) -> Fault:
        """Answer 503 (or another status) for so many requests or seconds; neither means until `clear`."""
        until = self._clock() + seconds if seconds is not None else None
        text = f"{status}: upstream connect error"
        return self.arm(
            Fault("status", times=requests, until_s=until, status=status, message=text, method=method, path=path)
        )

    def error(self, status: int, *, times: int = 1, method: str = "POST", path: str = MESSAGES) -> Fault:
        """Answer with a server error; nothing is done."""
        return self.arm(
            Fault("status", times=times, status=status, message=f"{status}: error", method=method, path=path)
        )

    def refuse(self, code: int, *, times: int | None = 1, method: str = "POST", path: str = MESSAGES) -> Fault:
        """Refuse with one of Discord's own codes: 50001, 50013, 10003, 10008, or 0 for a wrong token."""
        status, message = CODES[code]
        return self.arm(
            Fault("status", times=times, status=status, code=code, message=message, method=method, path=path)
        )

    def too_many(
        self,
        *,
        times: int = 1,
        retry_after_s: float = 1.0,
        via: bool = True,
        json: bool = True,
        is_global: bool = False,
        scope: str = "user",
        method: str = "POST",
        path: str = MESSAGES,
    ) -> Fault:
        """Answer 429. Without `via`, or not `json`, it is the shield in front of Discord that speaks."""
        return self.arm(
            Fault(
                "rate_limit",
                times=times,
                status=429,
                retry_after_s=retry_after_s,
                via=via,
                json=json,
                is_global=is_global,
                scope="global" if is_global else scope,
                method=method,
                path=path,
            )
        )

    def reset(self, *, times: int = 1, method: str = "POST", path: str = MESSAGES) -> Fault:
        """Cut the connection before anything is done."""
        return self.arm(Fault("reset", times=times, method=method, path=path))

    def lose_reply(self, *, times: int = 1, method: str = "POST", path: str = MESSAGES) -> Fault:
        """Do what is asked, then cut the connection instead of answering."""
        return self.arm(Fault("lost_reply", times=times, method=method, path=path))

    def slow(self, delay_s: float, *, times: int | None = 1, method: str = "", path: str = "*") -> Fault:
        """Wait before doing what is asked."""
        return self.arm(Fault("slow", times=times, delay_s=delay_s, method=method, path=path))

    def refuse_gateway(self, times: int = 1) -> None:
        """Refuse the next gateway connections."""
        self.gateway_refusals = times

    def clear(self) -> None:
        """Disarm everything."""
        self.armed.clear()
        self.gateway_refusals = 0


def _spent(fault: Fault, now_s: float) -> bool:
    if fault.times is not None and fault.hits >= fault.times:
        return True
    return fault.until_s is not None and now_s >= fault.until_s


def rate_limit_answer(fault: Fault) -> tuple[dict[str, str], Json | None]:
    """Draw a 429 on request: headers, and the body (None: the shield's page instead)."""
    headers = {
        "Retry-After": str(max(1, int(fault.retry_after_s + 0.999))),
        "X-RateLimit-Scope": fault.scope,
        "X-RateLimit-Reset-After": f"{fault.retry_after_s:.3f}",
    }
    if fault.via:
        headers["Via"] = "1.1 sandbox"
    if fault.is_global:
        headers["X-RateLimit-Global"] = "true"
    if not fault.json:
        return headers, None
    text = "You are being rate limited."
    return headers, {"message": text, "retry_after": fault.retry_after_s, "global": fault.is_global}
