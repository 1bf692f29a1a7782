"""What the hub's news are worth: the alerts of one block, judged as those of a chain are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.settings import Chain, Dao, Settings
from watchers.alert import Alert, Reason, alert_id
from watchers.chain.block import Header
from watchers.event import Event
from watchers.facts import Facts
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.following import name
from watchers.governance.judge import judged
from watchers.history import History
from watchers.snapshot.family import FAMILY, NAME, fill
from watchers.snapshot.reading import HubProposal
from watchers.store import ChainStore
from watchers.wing import Ballot, Situation

Key = tuple[str, int]  # the space's name as a governor, proposal


class News(NamedTuple):
    """What a block tells, in order. `corrected`: the ids of votes that were kept before, with another content."""

    events: tuple[ProposalChange | Vote, ...] = ()
    corrected: frozenset[str] = frozenset()


class Weigher:
    """One hub's."""

    def __init__(self, settings: Settings, chain: Chain, store: ChainStore, history: History) -> None:
        self._settings, self._chain, self._store, self._history = settings, chain, store, history

    async def alerts(self, news: News, about: Mapping[int, tuple[HubProposal, Dao]], header: Header) -> list[Alert]:
        """Give what the news are worth; `about` are the proposals by number, as the hub has them now."""
        amends = await self._amends(news)
        known = _Known()
        for key in dict.fromkeys((event.address, event.proposal_id) for event in news.events):
            if (found := about.get(key[1])) is not None:
                fill(known.facts, found[1], found[0])
            own = [event for event in news.events if (event.address, event.proposal_id) == key]
            if not any(isinstance(event, ProposalChange) and event.change == "created" for event in own):
                await self._remembered(
                    key, {vote.voter for vote in own if isinstance(vote, Vote) and vote.id in amends}, known
                )
        at = Situation(
            self._settings,
            self._chain,
            header,
            known.facts,
            known.ballots,
            known.titles,
            known.created,
            steps=known.steps,
            followed=known.followed,
            amends=amends,
        )
        return judged(news.events, at, {NAME: FAMILY})

    async def _remembered(self, key: Key, corrected: set[str], known: "_Known") -> None:
        """Gather what is kept of a proposal. The votes that are corrected now are left out: what such a vote changes is
        held against its absence.
        """
        life = await self._history.proposal(self._chain.id, *key)
        known.steps[key] = [(one.event, one.time_s) for one in life]
        cast = await self._history.ballots(self._chain.id, *key)
        if cast is not None:
            known.ballots[key] = [ballot for ballot in cast if ballot.voter not in corrected]
        steps = (one.event for one in life if isinstance(one.event, ProposalChange))
        made = next((step for step in steps if step.change == "created"), None)
        if made is not None:
            known.created[key], known.titles[key] = made, made.description
        names = [name(self._chain.id, key, one) for one in (None, made)]
        for alert in await self._store.standing([one.encode() for one in dict.fromkeys(names)]):
            known.followed[key] = alert

    async def _amends(self, news: News) -> dict[str, Sequence[Reason]]:
        """Give the votes that are corrected, each with the reasons for which it was said."""
        votes = [event for event in news.events if event.id in news.corrected]
        ids = {alert_id(vote.chain_id, vote.tx, vote.kind, vote.position): vote.id for vote in votes}
        said = await self._store.standing([one.encode() for one in ids]) if ids else []
        return {vote.id: () for vote in votes} | {ids[alert.id]: alert.reasons for alert in said}


class _Known:
    """A situation while it is gathered."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.ballots: dict[Key, Sequence[Ballot]] = {}
        self.titles: dict[Key, str] = {}
        self.created: dict[Key, Event] = {}
        self.steps: dict[Key, Sequence[tuple[Event, int]]] = {}
        self.followed: dict[Key, Alert] = {}
