"""The governance wing as the pipeline sees it."""

from collections.abc import Iterable, Sequence
from typing import Any

from watchers.alert import Alert
from watchers.decode import protocols_in
from watchers.errors import DefinitionError
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance import judge, protocols
from watchers.governance.desk import dao_of, desks
from watchers.governance.family import Family, Governor
from watchers.wing import Situation


class GovernanceWing:
    """Votes and the steps of proposals."""

    name = "governance"

    def __init__(self) -> None:
        self.protocols = protocols_in(protocols)
        self.families: dict[str, Family] = {}
        for protocol in self.protocols:
            if not isinstance(protocol, Governor):
                raise DefinitionError(f"governance protocol {protocol.name}: declare it as Governor(name, Family(...))")
            self.families[protocol.name] = protocol.family

    def asks(self, events: Sequence[Event], at: Situation) -> Iterable[Ask[Any]]:
        """Name the questions about the block's proposals that are not answered yet."""
        wanted = (ask for desk in desks(events, at, self.families).values() for ask in desk.asks())
        return [ask for ask in dict.fromkeys(wanted) if not at.facts.has(ask)]

    def enrich(self, events: Sequence[Event], at: Situation) -> list[Event]:
        """Keep what governors of daos.toml said: anybody can emit a `VoteCast`, and history must not fill with it."""
        return [event for event in events if dao_of(event, at) is not None]

    def judge(self, events: Sequence[Event], at: Situation) -> list[Alert]:
        """Give the alerts that the events are worth."""
        return judge.judge(events, at, self.families)


wing = GovernanceWing()
