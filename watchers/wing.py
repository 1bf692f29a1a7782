"""What the pipeline needs of a wing; governance, liquidity and batches each give one.

A wing's judge is pure: events and facts in, alerts out. It says what it must know (`asks`) and is asked again while the
answers lead to further questions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import msgspec

from config.settings import Chain, Settings
from watchers.alert import Alert, OperationFacts, Reason
from watchers.chain.block import Header
from watchers.decode import Protocol as Decoding
from watchers.event import Event
from watchers.facts import Ask, Facts


class Taken(msgspec.Struct, frozen=True):
    """Weight that a vote takes off another voter's: an owner overrides its delegate. `side` is "" where the chain does
    not tell it; it is then the side that the other voter is on.
    """

    voter: str
    raw: int
    side: str = ""


class Ballot(NamedTuple):
    """A vote that was cast earlier on a proposal, as the history keeps it. `replaces`: it stands in the place of all
    that the voter cast before, instead of beside it.
    """

    voter: str
    for_raw: int
    against_raw: int
    abstain_raw: int
    replaces: bool = False
    taken: Taken | None = None


class Situation(NamedTuple):
    """The block at hand and what is known about it. `ballots` holds the earlier votes of each proposal that the block
    touches, keyed by (governor, proposal id); a missing key means that they could not be read.
    `delegated` holds all delegated votes by token, where they are known.
    `titles` holds, by the same key, what their creation said of them, and `created` the creation itself; `steps` the
    steps before this block, oldest first, each with its time in seconds. `followed` is what was said last of each, as
    it stands. `carried`: what became of each call of a proposal that the block executes, for the judges.
    `amends` names the votes, by their ids, that only correct what was told before, each with the reasons for
    which it was said; none: it was not, and stays unsaid. `sent` holds the proposal of each payload that the block's
    acts are about, by chain id, controller and number, where it is known.
    """

    settings: Settings
    chain: Chain
    header: Header
    facts: Facts
    ballots: dict[tuple[str, int], Sequence[Ballot]]
    titles: dict[tuple[str, int], str]
    created: Mapping[tuple[str, int], Event] = MappingProxyType({})
    delegated: Mapping[str, int] = MappingProxyType({})
    steps: Mapping[tuple[str, int], Sequence[tuple[Event, int]]] = MappingProxyType({})
    followed: Mapping[tuple[str, int], Alert] = MappingProxyType({})
    carried: Mapping[tuple[str, int], OperationFacts] = MappingProxyType({})
    amends: Mapping[str, Sequence[Reason]] = MappingProxyType({})
    sent: Mapping[tuple[int, str, int], int] = MappingProxyType({})


class Wing(Protocol):
    """One kind of news."""

    @property
    def name(self) -> str:
        """The wing's folder."""
        ...

    @property
    def protocols(self) -> Sequence[Decoding]:
        """What it can decode."""
        ...

    def asks(self, events: Sequence[Event], at: Situation) -> Iterable[Ask[Any]]:
        """Name the questions whose answers the judge needs and does not have yet."""
        ...

    def enrich(self, events: Sequence[Event], at: Situation) -> list[Event]:
        """Give the events as history keeps them, with what the facts add (a batch's calls, say)."""
        ...

    def judge(self, events: Sequence[Event], at: Situation) -> list[Alert]:
        """Give the alerts that the events are worth under the operator's watches."""
        ...


def asks_of(by_wing: Iterable[tuple[Wing, Sequence[Event]]], at: Situation) -> Iterator[Ask[Any]]:
    """Name what each wing must know about its own events."""
    for wing, events in by_wing:
        yield from wing.asks(events, at)
