"""The governance wing as the pipeline sees it."""

from collections.abc import Iterable, Sequence
from typing import Any

from watchers.alert import Alert
from watchers.decode import protocols_in
from watchers.errors import DefinitionError
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance import acts, judge, payloads, protocols, rehearsal
from watchers.governance.delegating import Delegation, delegations, kept
from watchers.governance.desk import dao_of, desks
from watchers.governance.electors import Electors
from watchers.governance.events import Act
from watchers.governance.family import Family, Governor
from watchers.governance.hand import Hand
from watchers.governance.holding import held
from watchers.wing import Situation


class GovernanceWing:
    """Votes, the steps of proposals, what insiders do, and who may vote with how much."""

    name = "governance"

    def __init__(self) -> None:
        self.protocols = protocols_in(protocols)
        self.governors = [p for p in self.protocols if isinstance(p, Governor)]
        self.families: dict[str, Family] = {governor.name: governor.family for governor in self.governors}
        self.hands = {p.name: p for p in self.protocols if isinstance(p, Hand)}
        for protocol in self.protocols:
            if not isinstance(protocol, Governor | Hand | Electors):
                raise DefinitionError(
                    f"governance protocol {protocol.name}: declare it as Governor(name, Family(...)), Hand(name) or "
                    "Electors(name)"
                )

    def asks(self, events: Sequence[Event], at: Situation) -> Iterable[Ask[Any]]:
        """Name the questions about the block's proposals and acts that are not answered yet."""
        wanted = [ask for desk in desks(events, at, self.families).values() for ask in desk.asks()]
        wanted += [ask for _, trial in rehearsal.rehearsals(events, at) for ask in trial.asks()]
        wanted += acts.questions([*events, *delegations(events, at)], at, self.hands)
        return [ask for ask in dict.fromkeys(wanted) if not at.facts.has(ask)]

    def enrich(self, events: Sequence[Event], at: Situation) -> list[Event]:
        """Keep what governors of daos.toml said: anybody can emit a `VoteCast`, and history must not fill with it."""
        own = [e for e in events if not isinstance(e, Act | Delegation) and dao_of(e, at) is not None]
        done = [*(event for event in events if isinstance(event, Act)), *delegations(events, at)]
        told = payloads.named(acts.enrich(done, at, self.hands), at.sent)
        return [*rehearsal.enrich(own, at), *kept(events, at), *held(events, at), *told]

    def judge(self, events: Sequence[Event], at: Situation) -> list[Alert]:
        """Give the alerts that the events are worth."""
        return judge.judged(events, at, self.families) + acts.judge(events, at)


wing = GovernanceWing()
