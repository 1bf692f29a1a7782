"""The liquidity wing as the pipeline takes it: `wing`."""

from collections.abc import Iterable, Sequence
from typing import Any

from watchers.alert import Alert
from watchers.decode import Protocol, protocols_in
from watchers.event import Event
from watchers.facts import Ask
from watchers.liquidity import protocols
from watchers.liquidity.judge import judge, questions
from watchers.wing import Situation, Wing


class LiquidityWing:
    """Money that moves in and out of pools."""

    name = "liquidity"

    def __init__(self) -> None:
        self.protocols: Sequence[Protocol] = protocols_in(protocols)

    def asks(self, events: Sequence[Event], at: Situation) -> Iterable[Ask[Any]]:
        """Name the questions whose answers the judge needs and does not have yet."""
        return questions(events, at)

    def enrich(self, events: Sequence[Event], at: Situation) -> list[Event]:  # noqa: ARG002 - the events say it all
        """Give the events as they are: a move's logs hold what history needs."""
        return list(events)

    def judge(self, events: Sequence[Event], at: Situation) -> list[Alert]:
        """Give the moves worth saying."""
        return judge(events, at)


wing: Wing = LiquidityWing()
