"""How a Snapshot proposal is weighed: quorum over all choices, For against Against where the choices are these.

Nobody is asked: the hub's answer fills these questions in before the judge reads them.
"""

from collections.abc import Sequence
from typing import Any

from config.settings import Dao
from watchers.facts import Answer, Ask, Call, Facts
from watchers.governance.asks import Counts, Times
from watchers.governance.family import Family, Known, Look
from watchers.governance.rules import EVERY_SIDE, Choices, Majority, Rule
from watchers.snapshot.choices import sides_of
from watchers.snapshot.reading import HubProposal

NAME = "snapshot"


class _Told(Ask[Any], frozen=True):
    """What the hub told of a proposal."""

    governor: str
    proposal_id: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask no node."""
        del block
        return ()

    def read(self, answers: Sequence[Answer]) -> None:
        """Know nothing beyond what was filled in."""
        del answers


class HubTimes(_Told, frozen=True):
    """Start and end of voting, in seconds."""


class HubVotes(_Told, frozen=True):
    """Sums that the hub alone would give; the votes themselves are read instead."""


class HubQuorum(_Told, frozen=True):
    """The quorum; 0 where none is asked for."""


class HubRule(_Told, frozen=True):
    """The rule, as far as the choices make one."""


def _times(governor: str, proposal_id: int) -> Ask[Times]:
    return HubTimes(governor, proposal_id)


def _votes(governor: str, proposal_id: int) -> Ask[Counts]:
    return HubVotes(governor, proposal_id)


def _quorum(governor: str, proposal_id: int, _: Times | None) -> Ask[int]:
    return HubQuorum(governor, proposal_id)


def _terms(look: Look, dao: Dao, proposal_id: int, _: Times | None) -> object:
    return look(HubRule(dao.governor, proposal_id))


def _rule(known: Known) -> Rule:
    if known.terms == "sides":
        return Majority(known.quorum_raw, EVERY_SIDE)
    return Choices(known.quorum_raw)


FAMILY = Family(times=_times, votes=_votes, quorum=_quorum, terms=_terms, rule=_rule)


def fill(facts: Facts, dao: Dao, proposal: HubProposal) -> None:
    """Answer all questions about a proposal from the hub's own answer."""
    key = (dao.governor, proposal.number)
    default = proposal.quorum_type == "default"
    facts.known[HubTimes(*key)] = Times(proposal.start, proposal.end)
    facts.known[HubVotes(*key)] = None
    facts.known[HubQuorum(*key)] = proposal.quorum_raw if default else None
    facts.known[HubRule(*key)] = "sides" if default and sides_of(proposal) is not None else "choices"
