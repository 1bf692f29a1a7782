"""Curve's gauge controller and its forks: where the inflation goes, by votes that stand until they are moved.

A vote gives a part of the voter's power, in hundredths of a percent, to a gauge. The power is what the voting escrow
says of the voter at the block before; a vote of 0 takes an earlier one back.

Source: curvefi/curve-dao-contracts `GaugeController.vy`.
"""

from collections.abc import Sequence

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.facts import Answer, Ask, Call
from watchers.governance.events import Act
from watchers.governance.getters import Head, Number
from watchers.governance.hand import Hand
from watchers.governance.handing import act

WHOLE = 10_000


@event("VoteForGauge(uint256 time, address user, address gauge_addr, uint256 weight)")
class VoteForGauge(msgspec.Struct, frozen=True, gc=False):
    """A vote."""

    time: int
    user: str
    gauge_addr: str
    weight: int


@event("NewGauge(address addr, int128 gauge_type, uint256 weight)")
class NewGauge(msgspec.Struct, frozen=True, gc=False):
    """A gauge may be voted for."""

    addr: str
    gauge_type: int
    weight: int


@event("NewGaugeWeight(address gauge_address, uint256 time, uint256 weight, uint256 total_weight)")
class NewGaugeWeight(msgspec.Struct, frozen=True, gc=False):
    """The admin, not the voters, sets a gauge's weight."""

    gauge_address: str
    time: int
    weight: int
    total_weight: int


@event("NewTypeWeight(int128 type_id, uint256 time, uint256 weight, uint256 total_weight)")
class NewTypeWeight(msgspec.Struct, frozen=True, gc=False):
    """The admin sets what all gauges of a type weigh."""

    type_id: int
    time: int
    weight: int
    total_weight: int


class Part(Ask[int], frozen=True):
    """So many hundredths of a percent of a number."""

    whole: Number
    bps: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask for the number."""
        return self.whole.calls(block)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Take the part."""
        found = self.whole.read(answers)
        return found * self.bps // WHOLE if found is not None else None


def _escrow(act: Act) -> Head:
    return Head(act.address, "voting_escrow()")


def _power(act: Act) -> Part | None:
    if act.act != "gauge_vote" or not act.token:
        return None
    return Part(Number(act.token, "balanceOf(address)", (act.who,)), int(act.after))


protocol = Hand("gauge_controller", token=_escrow, amount=_power)


@protocol.on(VoteForGauge)
def _voted(log: Log, shape: VoteForGauge, around: Around) -> Act | None:
    if shape.weight > WHOLE:  # the contract refuses it
        return None
    told = {"after": str(shape.weight), "unit": "bps", "detail": "" if shape.weight else "an earlier vote taken back"}
    return act(protocol, log, around, "gauge_vote", who=shape.user, whom=shape.gauge_addr, **told)


@protocol.on(NewGauge)
def _added(log: Log, shape: NewGauge, around: Around) -> Act:
    detail = f"a gauge of type {shape.gauge_type} may be voted for"
    return act(protocol, log, around, "gauge_changed", whom=shape.addr, detail=detail)


@protocol.on(NewGaugeWeight)
def _weighed(log: Log, shape: NewGaugeWeight, around: Around) -> Act:
    told = {"after": str(shape.weight), "detail": "weight of a gauge, set without a vote"}
    return act(protocol, log, around, "gauge_changed", whom=shape.gauge_address, **told)


@protocol.on(NewTypeWeight)
def _type_weighed(log: Log, shape: NewTypeWeight, around: Around) -> Act:
    detail = f"weight of every gauge of type {shape.type_id}, set without a vote"
    return act(protocol, log, around, "gauge_changed", after=str(shape.weight), detail=detail)
