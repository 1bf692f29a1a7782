"""What a lending market's block comes to: moves netted per owner and token, and what they leave of the reserve.

Net: what the same owner supplied and withdrew of a token in one block cancels, and so does what it borrowed and repaid;
where several transactions moved one position, per signer, since an ETH gateway is many people's owner. A liquidation is
one per transaction, borrower and pair of tokens.
Units: base units, from the pool's view, as in `LiquidityMove`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Literal, NamedTuple

from watchers.liquidity.events import LOAN_ACTIONS, Action, LiquidityMove
from watchers.liquidity.moves import SHARE_DIGITS, UNKNOWN, Move, Share, part_of
from watchers.price import EXACT

Side = Literal["deposit", "debt"]
_SIDES: dict[Side, tuple[Action, Action]] = {"deposit": ("supply", "withdraw"), "debt": ("borrow", "repay")}


class Stand(NamedTuple):
    """A reserve: what can be taken out at once, what was deposited, with its interest, and what is owed."""

    available: int | None
    deposits: int | None
    debt: int | None


_Place = tuple[str, str, str, Side]


def _placed(events: Iterable[LiquidityMove]) -> dict[_Place, list[LiquidityMove]]:
    found: dict[_Place, list[LiquidityMove]] = {}
    for event in events:
        for side, actions in _SIDES.items():
            if event.action in actions:
                found.setdefault((event.address, event.owner, event.token0, side), []).append(event)
    return found


def shared_loans(events: Iterable[LiquidityMove]) -> Iterator[str]:
    """Name the transactions whose signers decide how the block nets: several of them moved one position."""
    for moved in _placed(events).values():
        transactions = dict.fromkeys(event.tx for event in moved)
        if len(transactions) > 1:
            yield from transactions


def net_loans(events: Iterable[LiquidityMove], signers: Mapping[str, str]) -> list[Move]:
    """Give the block's moves in lending markets. `signers` maps a transaction to who signed it; where one of those that
    share a position is not known, the owner decides.
    """
    lent = [event for event in events if event.action in LOAN_ACTIONS]
    moves: list[Move | None] = []
    for (_, owner, _, side), moved in _placed(lent).items():
        known = all(event.tx in signers for event in moved)
        by_actor: dict[str, list[LiquidityMove]] = {}
        for event in moved:
            by_actor.setdefault(signers[event.tx] if known else owner, []).append(event)
        moves += [_position(one, _SIDES[side]) for one in by_actor.values()]
    seized: dict[tuple[str, ...], list[LiquidityMove]] = {}
    for event in lent:
        if event.action == "liquidation":
            key = (event.tx, event.address, event.owner, event.token0, event.token1)
            seized.setdefault(key, []).append(event)
    moves += [_liquidation(one) for one in seized.values()]
    return [move for move in moves if move is not None]


def _position(events: Sequence[LiquidityMove], actions: tuple[Action, Action]) -> Move | None:
    """Net one position; None when nothing is left of it."""
    more, less = actions
    grown = sum(abs(e.amount0_raw) if e.action == more else -abs(e.amount0_raw) for e in events)
    if not grown:
        return None
    action = more if grown > 0 else less
    made = tuple(e for e in events if e.action == action)
    pool = sum(e.amount0_raw for e in events if not e.in_receipts)
    return Move(action, made, 0, abs(grown), 0, pool, 0)


def _liquidation(events: Sequence[LiquidityMove]) -> Move | None:
    taken, paid = -sum(e.amount0_raw for e in events), sum(e.amount1_raw for e in events)
    left = sum(e.amount0_raw for e in events if not e.in_receipts)
    return Move("liquidation", tuple(events), 0, taken, paid, left, paid) if taken or paid else None


def share_of_reserve(move: Move, stand: Stand | None) -> Share:
    """Measure deposits against deposits, a loan against what could be borrowed, a repayment against all that is owed,
    at the block before; of a liquidation, the collateral against the deposits of it.
    """
    if stand is None:
        return UNKNOWN
    deposits, available, debt = stand.deposits, stand.available, stand.debt
    match move.action:
        case "supply":
            after = None if deposits is None else deposits + move.raw0
            measured = Share(part_of(move.raw0, after), "deposits after it")
        case "withdraw" | "liquidation":
            measured = Share(part_of(move.raw0, deposits), "deposits before it")
        case "borrow":
            measured = Share(part_of(move.raw0, available), "available liquidity before it")
        case _:
            measured = Share(part_of(move.raw0, debt), "debt before it")
    return measured if measured.value is not None else UNKNOWN


def after(move: Move, stand: Stand | None) -> Stand | None:
    """Give what this move alone leaves of the reserve of its first token; None where that cannot be."""
    if stand is None or stand.available is None:
        return None
    owed = {"borrow": move.raw0, "repay": -move.raw0}.get(move.action, 0)
    debt = None if stand.debt is None else stand.debt + owed
    available = stand.available + move.pool0
    # a token that the market mints as it lends (GHO) is never there: what is left of it is not known
    return Stand(available, None, debt) if available >= 0 else None


def utilisation(stand: Stand | None) -> Decimal | None:
    """Give the part of a reserve that is lent out, 0..1."""
    if stand is None or stand.available is None or stand.debt is None:
        return None
    whole = stand.available + stand.debt
    if whole <= 0 or stand.debt < 0:
        return None
    return EXACT.divide(Decimal(stand.debt), Decimal(whole)).quantize(SHARE_DIGITS, ROUND_DOWN, EXACT)
