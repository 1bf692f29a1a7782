"""`Subscription`: what one channel wants to hear."""

from decimal import Decimal
from typing import Literal

import msgspec

from watchers.alert import Kind, Severity

Every = Literal["daily", "weekly"]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Empty text, None and `*` mean "any". `paused` holds the reason while the route is shut, for its owner to read.
    `threads`: each proposal that is followed in the channel starts a thread, which later cards about it go into.
    `digest`: how often the channel gets a card that sums up what was voted and what was not worth an alert.
    """

    id: str
    guild_id: int
    channel_id: int
    kind: Kind | Literal["*"] = "*"
    chain_id: int | None = None
    dao: str = ""
    protocol: str = ""
    token: str = ""
    address: str = ""
    min_severity: Severity = "info"
    min_usd: Decimal | None = None
    min_share: Decimal | None = None
    ping_role: int | None = None
    created_by: int = 0
    created_at_ms: int = 0
    paused: str = ""
    threads: bool = False
    digest: Every | Literal[""] = ""
