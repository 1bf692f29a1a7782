"""Which proposal a payload of Aave's third governance belongs to: its core on Ethereum says so when it sends it.

A controller of any chain knows its payloads by number alone, so the core's acts are looked up in the record; until the
core's chain is read that far the proposal is not known, and the payload is told without it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from config.settings import Settings
from watchers.event import Event
from watchers.governance.events import Act

HAND = "aave_payloads"
CORE = "aave_v3"
LOOKED_AT = 500  # of the core's newest acts
_SENT = re.compile(r"payload (\d{1,13}) of proposal (\d{1,78}) for chain (\d{1,19})")


class Stored(Protocol):
    """What is needed of a record."""

    @property
    def event(self) -> Event:
        """The event that was kept."""
        ...


class Acts(Protocol):
    """What is needed of `History.acts`."""

    async def __call__(self, *, chain_id: int | None, contract: str | None, limit: int) -> Sequence[Stored]:
        """Give the newest acts of a contract."""
        ...


class Place(NamedTuple):
    """A payload: on which chain, in which controller, under which number."""

    chain_id: int
    controller: str
    number: int


def core_of(settings: Settings) -> tuple[int, str] | None:
    """Give the chain and the address of the core that daos.toml names."""
    cores = (dao for dao in settings.daos.values() if dao.protocol == CORE)
    return next(((settings.chains[dao.chain].id, dao.governor) for dao in cores), None)


async def looked_up(events: Iterable[Event], settings: Settings, acts: Acts) -> dict[tuple[int, str, int], int]:
    """Find, in the record of the core's chain, to which proposals the payloads at hand belong."""
    core = core_of(settings)
    if core is None or not any(place_of(event) for event in events):
        return {}
    chain_id, contract = core
    return sent(stored.event for stored in await acts(chain_id=chain_id, contract=contract, limit=LOOKED_AT))


def told_of(payload: int, proposal_id: int, chain_id: int) -> str:
    """Say what the core sends, as `sent` reads it."""
    return f"payload {payload} of proposal {proposal_id} for chain {chain_id}"


def sent(acts: Iterable[Event]) -> dict[tuple[int, str, int], int]:
    """Give the proposals of the payloads that the core's acts tell of."""
    found: dict[tuple[int, str, int], int] = {}
    for act in acts:
        if isinstance(act, Act) and act.protocol == HAND and (said := _SENT.fullmatch(act.detail)):
            payload, proposal_id, chain_id = map(int, said.groups())
            found[Place(chain_id, act.whom, payload)] = proposal_id
    return found


def place_of(act: Event) -> Place | None:
    """Give the payload that a controller's act is about; None for any other act, the core's among them."""
    if not isinstance(act, Act) or act.protocol != HAND or act.item < 0 or _SENT.fullmatch(act.detail):
        return None
    return Place(act.chain_id, act.address, act.item)


def named(acts: Iterable[Act], known: Mapping[tuple[int, str, int], int]) -> Iterator[Act]:
    """Give the acts, a controller's with the proposal that its payload belongs to."""
    acts = list(acts)
    every = {**known, **sent(acts)}
    for act in acts:
        place = place_of(act)
        of = every.get(place) if place is not None else None
        yield act if of is None else msgspec.structs.replace(act, detail=f"{act.detail} of proposal {of}")
