"""Steps laid over a call tree: what a container does inside its own code, told by the first frame that shows it.

A `Plan` names calls whole. A router's command is none: it is code of the router that makes calls of amounts which only
the execution knows. So a step has `Sign`s, what a frame that it made looks like, and is placed at the earliest frame
after the step before it that bears one.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from watchers.chain.trace import Visit

_WAYS = {"CALL": "call", "STATICCALL": "static"}
_Mask = tuple[str, int | None, bool, bool]
_Key = tuple[str, str, int | None]


class Sign(NamedTuple):
    """What a frame looks like: how its input begins, or the `whole` of it; target and value where they are known."""

    way: str
    input: str
    whole: bool = False
    target: str = ""
    value_wei: int | None = None


def place(steps: Iterable[Sequence[Sign]], frames: Sequence[Visit]) -> list[Visit | None]:
    """Give each step, by its signs in order of preference, the earliest frame after that of the step before."""
    index: dict[_Mask, dict[_Key, list[int]]] = {}
    placed: list[Visit | None] = []
    start = 0
    for signs in steps:
        at = next((at for at in (_earliest(sign, index, frames, start) for sign in signs) if at is not None), None)
        placed.append(None if at is None else frames[at])
        start = start if at is None else at + 1
    return placed


def _earliest(sign: Sign, index: dict[_Mask, dict[_Key, list[int]]], frames: Sequence[Visit], start: int) -> int | None:
    length = None if sign.whole else len(sign.input)
    mask: _Mask = (sign.way, length, bool(sign.target), sign.value_wei is not None)
    if mask not in index:
        found: dict[_Key, list[int]] = {}
        for at, (frame, _) in enumerate(frames):
            if _WAYS.get(frame.type) == sign.way:
                key = (frame.input[:length], frame.to if sign.target else "", frame.value if mask[3] else None)
                found.setdefault(key, []).append(at)
        index[mask] = found
    places = index[mask].get((sign.input, sign.target, sign.value_wei), [])
    at = bisect_left(places, start)
    return places[at] if at < len(places) else None
