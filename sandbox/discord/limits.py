"""Discord's documented limits, as numbers with their source, and the clocks that hold them.

Source: `discord-api-docs` (file names below are relative to `developers/`). Where Discord publishes no number the
comment says so; clients must read the headers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

GLOBAL_PER_S: Final = 50  # topics/rate-limits.mdx: per bot, interaction endpoints exempt
MESSAGES_PER_CHANNEL: Final = 5  # not published; widely observed: 5 per 5 s per channel
MESSAGES_WINDOW_S: Final = 5.0
WEBHOOK_SENDS: Final = 5  # not published; observed: 5 per 2 s per webhook
WEBHOOK_WINDOW_S: Final = 2.0
OTHER_SENDS: Final = 50  # not published; generous, so that only the global limit binds
OTHER_WINDOW_S: Final = 1.0
WINDOWS: Final = 10_000
"""How many windows are kept before those that are over are swept out."""

NONCE_WINDOW_S: Final = 300.0  # resources/message.mdx: "the past few minutes"; the number is ours
INTERACTION_ANSWER_S: Final = 3.0  # interactions/receiving-and-responding.mdx
INTERACTION_TOKEN_S: Final = 900.0  # the same: 15 minutes

GATEWAY_SENDS: Final = 120  # events/gateway.mdx: per connection and 60 s
GATEWAY_WINDOW_S: Final = 60.0
GATEWAY_PAYLOAD_BYTES: Final = 4096  # events/gateway.mdx
IDENTIFIES_PER_DAY: Final = 1000  # events/gateway.mdx
HEARTBEAT_MS: Final = 41_250

CONTENT: Final = 2000  # resources/message.mdx
NONCE: Final = 25  # resources/message.mdx
EMBEDS: Final = 10  # resources/message.mdx, "Embed Limits"
EMBED_TITLE: Final = 256
EMBED_DESCRIPTION: Final = 4096
EMBED_FIELDS: Final = 25
EMBED_FIELD_NAME: Final = 256
EMBED_FIELD_VALUE: Final = 1024
EMBED_FOOTER: Final = 2048
EMBED_AUTHOR: Final = 256
EMBED_TOTAL: Final = 6000  # over ALL embeds of a message
FILES: Final = 10  # topics/opcodes-and-status-codes.mdx 30015
FILE_BYTES: Final = 10 * 1024 * 1024  # reference.mdx, "Uploading Files"
MENTIONS: Final = 100  # resources/message.mdx, allowed_mentions: roles and users each

V2_COMPONENTS: Final = 40  # components/reference.mdx: nested ones count
V2_TEXT: Final = 4000  # components/reference.mdx: over all text displays of a message
ROWS: Final = 5  # components/reference.mdx: top-level rows of a message without V2
ROW_BUTTONS: Final = 5
SECTION_TEXTS: Final = 3
CUSTOM_ID: Final = 100
LABEL: Final = 80
URL: Final = 512
OPTIONS: Final = 25  # of a select
OPTION_TEXT: Final = 100
PLACEHOLDER: Final = 150
GALLERY: Final = 10
MODAL_PARTS: Final = 5
MODAL_TITLE: Final = 45
INPUT: Final = 4000

COMMANDS: Final = 100  # interactions/application-commands.mdx: chat input; 15 of each menu kind
MENU_COMMANDS: Final = 15
COMMAND_NAME: Final = 32
COMMAND_DESCRIPTION: Final = 100
COMMAND_OPTIONS: Final = 25
COMMAND_CHOICES: Final = 25
COMMAND_TOTAL: Final = 8000  # names, descriptions and values of one command together
CHOICE_TEXT: Final = 100


@dataclass(slots=True)
class Verdict:
    """What the limiter says of one request, and what its headers must carry. Times in seconds."""

    limited: bool
    bucket: str
    limit: int
    remaining: int
    reset_at_s: float
    reset_after_s: float
    is_global: bool = False

    def headers(self) -> dict[str, str]:
        """Draw the rate limit headers; `Via` tells clients that Discord itself, not its shield, is speaking."""
        drawn = {
            "Via": "1.1 sandbox",
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset_at_s:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after_s:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }
        if self.limited:
            drawn["Retry-After"] = str(max(1, int(self.reset_after_s + 0.999)))
            drawn["X-RateLimit-Scope"] = "global" if self.is_global else "user"
            if self.is_global:
                drawn["X-RateLimit-Global"] = "true"
        return drawn


class RateLimits:
    """Count requests in windows that start with their first request. Every number may be changed while it runs."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._global: tuple[float, int] = (0.0, 0)
        self.enabled = True
        self.global_per_s = GLOBAL_PER_S
        self.messages = (MESSAGES_PER_CHANNEL, MESSAGES_WINDOW_S)
        self.webhooks = (WEBHOOK_SENDS, WEBHOOK_WINDOW_S)
        self.others = (OTHER_SENDS, OTHER_WINDOW_S)

    def check(self, bucket: str, major: str, rule: tuple[int, float], *, exempt: bool) -> Verdict:
        """Count one request against the global limit (unless exempt) and its own bucket."""
        now = self._clock()
        limit, window_s = rule
        if not self.enabled:
            return Verdict(False, bucket, limit, limit - 1, now + window_s, window_s)
        if not exempt:
            started, used = self._global
            if now - started >= 1.0:
                started, used = now, 0
            if used >= self.global_per_s:
                left_s = started + 1.0 - now
                return Verdict(True, bucket, self.global_per_s, 0, started + 1.0, left_s, is_global=True)
            self._global = (started, used + 1)
        if len(self._windows) > WINDOWS:
            oldest = max(self.messages[1], self.webhooks[1], self.others[1])
            self._windows = {k: w for k, w in self._windows.items() if now - w[0] < oldest}
        started, used = self._windows.get((bucket, major), (now, 0))
        if now - started >= window_s:
            started, used = now, 0
        left_s = started + window_s - now
        limited = used >= limit
        if not limited:
            used += 1
            self._windows[bucket, major] = (started, used)
        return Verdict(limited, bucket, limit, limit - used, started + window_s, left_s)


class Nonces:
    """Remember which message an author's nonce made, for a window."""

    def __init__(self, clock: Callable[[], float], window_s: float = NONCE_WINDOW_S) -> None:
        self._clock = clock
        self.window_s = window_s
        self._seen: dict[tuple[int, str], tuple[float, int, int]] = {}

    def find(self, author_id: int, nonce: object) -> tuple[int, int] | None:
        """Give (channel id, message id) of an earlier message with this nonce; None: there is none, or too old."""
        found = self._seen.get((author_id, str(nonce)))
        if found is None or self._clock() - found[0] > self.window_s:
            return None
        return found[1], found[2]

    def keep(self, author_id: int, nonce: object, channel_id: int, message_id: int) -> None:
        """Remember a message's nonce and drop what is out of the window."""
        now = self._clock()
        while self._seen:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest][0] <= self.window_s:
                break
            del self._seen[oldest]
        self._seen.pop((author_id, str(nonce)), None)
        self._seen[author_id, str(nonce)] = (now, channel_id, message_id)
