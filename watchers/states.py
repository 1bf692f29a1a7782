"""Alerts as the store keeps them, read with where they stand, and under which tag a chain's keys lie.

Errors: StoreError when the store fails. An alert that cannot be read is no error: it comes as `Unreadable`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from watchers.alert import Alert, AlertState
from watchers.script import storing, text
from watchers.unreadable import Unreadable


class _State(msgspec.Struct, frozen=True):
    rev: int
    live: bool
    final: bool
    late: int | None = None
    moved: int | None = None
    seen: int = 0


_bodies = msgspec.json.Decoder(Alert)


def tag(chain_id: int) -> str:
    """Give the hash tag that every key of a chain starts with."""
    return f"{{c:{chain_id}}}"


async def alert_states(redis: Any, chain_id: int, ids: Sequence[bytes]) -> list[AlertState | Unreadable | None]:
    """Read alerts with where they stand; None for one that is not kept."""
    if not ids:
        return []
    async with storing("read alerts"), redis.pipeline(transaction=True) as pipe:
        pipe.hmget(f"{tag(chain_id)}:alert", list(ids))
        pipe.hmget(f"{tag(chain_id)}:body", list(ids))
        states, bodies = await pipe.execute()
    return [_alert_state(*each) for each in zip(ids, states, bodies, strict=True)]


def _alert_state(alert_id: bytes, state: bytes | None, body: bytes | None) -> AlertState | Unreadable | None:
    if state is None or body is None:
        return None
    try:
        # not strict: what the scripts took from their arguments is written as strings
        at = msgspec.json.decode(state, type=_State, strict=False)
        alert = _bodies.decode(body)
    except msgspec.MsgspecError as error:
        return Unreadable(text(alert_id), str(error))
    return AlertState(
        alert=alert,
        rev=at.rev,
        live=at.live,
        final=at.final,
        late_s=at.late,
        moved_from=at.moved,
        seen_at_ms=at.seen,
    )
