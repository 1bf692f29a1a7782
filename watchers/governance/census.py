"""How power is held among delegates, or among the voters of a proposal: every measure that `/power` tells. Pure.

Indices are of the game of the largest holders alone, in which more than half of what they have together wins: the many
small ones would cost minutes and decide nothing. Units: `_raw` base units; shares 0..1.
"""

from collections.abc import Callable, Mapping
from heapq import nsmallest
from typing import NamedTuple

from watchers.governance.indices import banzhaf, shapley_shubik
from watchers.governance.power import Holdings, Measures, TheilSplit, measure, theil_split

PLAYERS = 60
NAMED = 5  # of the largest, who they are


class Game(NamedTuple):
    """What the largest holder decides among the `players` largest, who have `share` of everything; `_error` is what an
    index may be wrong by.
    """

    players: int
    share: float
    largest: float
    banzhaf: float | None
    banzhaf_error: float
    shapley_shubik: float
    shapley_error: float


class Census(NamedTuple):
    """Everything that is told of one distribution; `to_quorum` and `to_threshold` are None where that is unknown or out
    of reach; `curve` is the Lorenz curve, `largest` the first of all with what they have, in base units.
    """

    measures: Measures
    classes: TheilSplit
    to_quorum: int | None
    to_threshold: int | None
    game: Game
    curve: tuple[tuple[float, float], ...]
    largest: tuple[tuple[str, int], ...]


def take(
    powers: Mapping[str, int], class_of: Callable[[str], str], quorum_raw: int | None, threshold_raw: int | None
) -> Census | None:
    """Measure who holds what; None where nobody holds anything."""
    held = {who: raw for who, raw in powers.items() if raw > 0}
    if not held:
        return None
    holdings = Holdings(list(held.values()))
    return Census(
        measure(holdings),
        theil_split(holdings, [class_of(who) for who in held]),
        holdings.reach(quorum_raw) if quorum_raw else None,
        holdings.reach(threshold_raw) if threshold_raw else None,
        _game(sorted(held.values(), reverse=True), holdings.total),
        holdings.lorenz(),
        tuple(nsmallest(NAMED, held.items(), key=lambda pair: (-pair[1], pair[0]))),
    )


def _game(weights: list[int], total: int) -> Game:
    players = weights[:PLAYERS]
    together = sum(players)
    quota = together // 2 + 1
    swings, orders = banzhaf(players, quota), shapley_shubik(players, quota)
    normalised = swings.normalised
    return Game(
        players=len(players),
        share=together / total,
        largest=players[0] / together,
        banzhaf=None if normalised is None else float(normalised[0]),
        banzhaf_error=swings.error,
        shapley_shubik=float(orders.values[0]),
        shapley_error=orders.error,
    )
