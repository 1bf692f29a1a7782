"""What really moved: the events of a block folded per transaction and netted per owner and range, and its share.

Fold: a ranged pool's burn and its collect in one transaction are one removal. Of each token the larger of the two
counts: what was collected, or, when less was collected than taken out of the range, what may be. All swaps of one
transaction in one pool are one.
Net: liquidity of the same owner and range that came and went in one block cancels (just-in-time liquidity), and the
rest is added up per owner, or per signer where the owner is shared by several (a router, a position manager). What a
lending market says is netted by `loans`.
Units: base units, from the pool's view, as in `LiquidityMove`.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from watchers.liquidity.events import LOAN_ACTIONS, Action, LiquidityMove
from watchers.liquidity.loans import net_loans, shared_loans
from watchers.liquidity.moves import UNKNOWN, Move, Share, part_of


class Flow(NamedTuple):
    """Events of one owner and range in one pool, added up. `liquidity` is signed and 0 for a pair, which says none."""

    events: tuple[LiquidityMove, ...]
    liquidity: int
    principal0: int
    principal1: int
    collected0: int
    collected1: int

    @property
    def first(self) -> LiquidityMove:
        """The event that names the flow."""
        return self.events[0]

    @property
    def ranged(self) -> bool:
        """Tell a Uniswap V3 position from a share of a pair."""
        return self.first.tick_lower is not None


def flow(event: LiquidityMove) -> Flow:
    """Read one event."""
    a0, a1 = event.amount0_raw, event.amount1_raw
    if event.action == "collect":
        return Flow((event,), 0, 0, 0, -a0, -a1)
    sign = -1 if event.action == "remove" else 1
    return Flow((event,), sign * event.liquidity_raw, a0, a1, 0, 0)


def _sum(flows: Sequence[Flow]) -> Flow:
    return Flow(
        tuple(sorted((event for one in flows for event in one.events), key=lambda event: event.log_index)),
        sum(one.liquidity for one in flows),
        sum(one.principal0 for one in flows),
        sum(one.principal1 for one in flows),
        sum(one.collected0 for one in flows),
        sum(one.collected1 for one in flows),
    )


def fold(events: Sequence[LiquidityMove]) -> tuple[list[Flow], list[Flow]]:
    """Add up each transaction's events: liquidity per pool, owner and range, and swaps per pool. Within a transaction a
    pair's owner is not asked: a zap mints through a router and burns to itself. What a lending market says is left out.
    """
    liquidity: dict[tuple[object, ...], list[Flow]] = {}
    swaps: dict[tuple[object, ...], list[Flow]] = {}
    for event in events:
        if event.action in LOAN_ACTIONS:
            continue
        if event.action == "swap":
            swaps.setdefault((event.tx, event.address), []).append(flow(event))
        else:
            owner = event.owner if event.tick_lower is not None else ""
            key = (event.tx, event.address, owner, event.tick_lower, event.tick_upper)
            liquidity.setdefault(key, []).append(flow(event))
    return [_sum(group) for group in liquidity.values()], [_sum(group) for group in swaps.values()]


def _place(one: Flow) -> tuple[str, str, int, int]:
    first = one.first
    return (first.address, first.owner if one.ranged else "", first.tick_lower or 0, first.tick_upper or 0)


def without_just_in_time(flows: Sequence[Flow]) -> list[Flow]:
    """Drop the pairs of flows that put the same liquidity into a range and take it out again in the block."""
    left: dict[int, Flow] = {}
    waiting: dict[tuple[object, int], list[int]] = {}
    for at, one in enumerate(sorted(flows, key=lambda f: f.first.log_index)):
        place = _place(one)
        twins = waiting.get((place, -one.liquidity)) if one.liquidity else None
        if twins:
            del left[twins.pop()]
        else:
            left[at] = one
            waiting.setdefault((place, one.liquidity), []).append(at)
    return list(left.values())


def shared(events: Sequence[LiquidityMove]) -> list[str]:
    """Name the transactions whose signers decide how the block nets: several of them moved in one place."""
    flows = sorted(without_just_in_time(fold(events)[0]), key=_place)
    pooled = [one.first.tx for _, group in groupby(flows, key=_place) if len(same := list(group)) > 1 for one in same]
    return list(dict.fromkeys((*pooled, *shared_loans(events))))


def net(events: Sequence[LiquidityMove], signers: Mapping[str, str]) -> list[Move]:
    """Give the block's moves in order of their first event. `signers` maps a transaction to who signed it; where one of
    those that share a place is not known, the owner decides.
    """
    liquidity, swaps = fold(events)
    left = sorted(without_just_in_time(liquidity), key=_place)
    moves: list[Move | None] = [_swap(one) for one in swaps]
    for _, group in groupby(left, key=_place):
        same = list(group)
        known = all(one.first.tx in signers for one in same)
        by_actor: dict[str, list[Flow]] = {}
        for one in same:
            by_actor.setdefault(signers[one.first.tx] if known else one.first.owner, []).append(one)
        moves += [_move(_sum(flows)) for flows in by_actor.values()]
    moves += net_loans(events, signers)
    return sorted((m for m in moves if m is not None), key=lambda m: m.first.log_index)


def _swap(one: Flow) -> Move | None:
    if not (one.principal0 or one.principal1):
        return None
    return Move("swap", one.events, 0, one.principal0, one.principal1, one.principal0, one.principal1)


def _move(one: Flow) -> Move | None:
    """Turn a net flow into a move; None when nothing is left of it."""
    p0, p1, c0, c1 = one.principal0, one.principal1, one.collected0, one.collected1
    direction = one.liquidity if one.ranged else _pair_direction(p0, p1)
    events = _contributing(one, direction)
    if direction > 0:
        return Move("add", events, one.liquidity, p0, p1, p0, p1) if p0 or p1 else None
    if direction < 0:
        only_out = all(e.action != "add" for e in one.events)
        out0, out1 = (max(-p0, c0), max(-p1, c1)) if only_out else (-p0, -p1)
        return Move("remove", events, -one.liquidity, out0, out1, -out0, -out1) if out0 or out1 else None
    if one.ranged and (c0 or c1) and not any(e.liquidity_raw for e in one.events):
        return Move("collect", events, 0, c0, c1, -c0, -c1)
    return None


def _contributing(one: Flow, direction: int) -> tuple[LiquidityMove, ...]:
    """Leave out pokes and what ran against the net, so that a move is named by an event that made it."""
    action: tuple[Action, ...] = ("add",) if direction > 0 else ("remove",) if direction < 0 else ("collect",)
    made = tuple(e for e in one.events if e.action in action and (e.amount0_raw or e.amount1_raw))
    return made or one.events


def _pair_direction(p0: int, p1: int) -> int:
    """Tell in from out: two legs of one sign are a move, two signs are a round trip with a swap in between."""
    if p0 >= 0 and p1 >= 0:
        return 1 if p0 or p1 else 0
    return -1 if p0 <= 0 and p1 <= 0 else 0


def pair_reserves(move: Move) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Give a pair's reserves before the move's first event and after its last, from its own `Sync`s."""
    first, last = move.first, move.events[-1]
    if first.reserve0_raw is None or first.reserve1_raw is None:
        return None
    if last.reserve0_raw is None or last.reserve1_raw is None:
        return None
    before = (first.reserve0_raw - first.amount0_raw, first.reserve1_raw - first.amount1_raw)
    return (before, (last.reserve0_raw, last.reserve1_raw)) if min(before) >= 0 else None


def share_of_pair(move: Move) -> Share:
    """Measure an addition against the reserves after it, a removal or a swap against those before it. The lower of both
    tokens: what is given beyond the pair's ratio makes no share.
    """
    reserves = pair_reserves(move)
    if reserves is None:
        return UNKNOWN
    before, after = reserves
    if move.action == "swap":
        parts = [part_of(raw, old) for raw, old in zip((move.raw0, move.raw1), before, strict=True) if raw > 0]
        known = [p for p in parts if p is not None]
        return Share(max(known), "reserve before the swap") if known else UNKNOWN
    whole = after if move.action == "add" else before
    both = [part_of(raw, reserve) for raw, reserve in zip((move.raw0, move.raw1), whole, strict=True)]
    if both[0] is None or both[1] is None:
        return UNKNOWN
    basis = "reserves after it" if move.action == "add" else "reserves before it"
    return Share(min(both[0], both[1]), basis)


def share_of_range(move: Move, tick: int | None, in_range: int | None, held: tuple[int | None, int | None]) -> Share:
    """Measure a position against the liquidity in range at the block before when the price stands in its range, else,
    and for collects and swaps, against the pool's balances. The larger of both tokens: a position may hold but one.
    """
    lower, upper = move.first.tick_lower, move.first.tick_upper
    active = tick is not None and lower is not None and upper is not None and lower <= tick < upper
    if active and in_range is not None and move.liquidity:
        whole = in_range + move.liquidity if move.action == "add" else max(in_range, move.liquidity)
        return Share(part_of(move.liquidity, whole), "liquidity in range")
    parts = []
    for raw, balance in zip((move.raw0, move.raw1), held, strict=True):
        if raw <= 0 or balance is None:
            continue
        parts.append(part_of(raw, balance + raw if move.action == "add" else max(balance, raw)))
    known = [p for p in parts if p is not None]
    return Share(max(known), "token balances") if known else UNKNOWN
