"""What an offline replay leaves unweighed: the events of which a judge must ask a node something that no file holds."""

from collections.abc import Iterator, Sequence
from typing import Final

from watchers.alert import Alert
from watchers.event import Event
from watchers.facts import Facts
from watchers.governance.desk import desks
from watchers.governance.events import Act, Vote
from watchers.governance.wing import wing as governance
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.wing import wing as liquidity
from watchers.wing import Situation

ONE: Final = {"votes": "vote", "moves": "liquidity move", "acts": "insider's act"}
MISSING: Final = {
    "votes": "quorum and voting supply",
    "moves": "the pool's tokens, standing and prices",
    "acts": "the token's decimals, supply and price",
}


def unweighed(events: Sequence[Event], alerts: Sequence[Alert], at: Situation) -> Iterator[str]:
    """Give a key of `MISSING` for every event under a watch that made no alert and could not be weighed. `at` holds
    all that the files answer.
    """
    said = {(alert.tx, alert.kind) for alert in alerts}
    unsure = {
        desk.key
        for desk in desks(events, at, governance.families).values()
        if desk.rule.quorum(desk.book.counts) is None and desk.supply_raw is None
    }
    blank = at._replace(facts=Facts())
    for event in events:
        if isinstance(event, Vote):
            known = (event.address, event.proposal_id) not in unsure or not event.weight_raw
            if not known and (event.tx, "vote") not in said:
                yield "votes"
        elif isinstance(event, LiquidityMove | Act):
            wing, kind = (governance, "acts") if isinstance(event, Act) else (liquidity, "moves")
            asked = wing.asks([event], blank)
            if (event.tx, event.kind) not in said and any(at.facts.get(ask) is None for ask in asked):
                yield kind
