"""Payments out of treasuries: which of them are news, what the payer held, and all of a transaction's as one. Pure.

A move between a DAO's own addresses is no payment. A payment that a timelock's own event and the token's both tell is
told once, by the token's; one into a stream that opens with it is told as the stream. What leaves one treasury in one
transaction is one alert: the token that weighs most leads, by dollars, then by what the treasury held, then by supply.

Units: `_raw` base units; holdings are those at the block before.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from watchers.alert import Amount, Payment
from watchers.facts import Ask
from watchers.governance.events import NATIVE, Act
from watchers.governance.getters import Coins, Number
from watchers.governance.protocols.outflows import protocol as transfers
from watchers.wing import Situation

MOST_PAYMENTS = 8  # that an alert names
Sized = Callable[[Act], Amount | None]


def payer_of(act: Act) -> str:
    """Give out of whose purse an act pays."""
    return act.who or act.address


def held(act: Act) -> Ask[int]:
    """Ask what the payer had of what it pays in."""
    payer = payer_of(act)
    return Coins(payer, act.block - 1) if act.token == NATIVE else Number(act.token, "balanceOf(address)", (payer,))


def share_of_treasury(act: Act, at: Situation) -> Decimal | None:
    """Give the share of what the payer held; None where unknown: it may pay what came in within the block."""
    had = at.facts.get(held(act)) if act.act == "outflow" else None
    if not had or act.amount_raw is None or act.amount_raw > had:
        return None
    return Decimal(act.amount_raw) / Decimal(had)


def calm(acts: Iterable[Act], at: Situation) -> Iterator[Act]:
    """Leave out what is no news: moves within a DAO, and what another act tells already."""
    acts = list(acts)
    if not any(act.act == "outflow" for act in acts):
        yield from acts
        return
    told = Counter(_moved(act) for act in acts if act.protocol == transfers.name)
    streams = {(act.tx, act.address, act.token) for act in acts if act.act == "stream" and act.token}
    for act in acts:
        if act.act == "outflow":
            if _is_own(act, at) or (act.tx, act.whom, act.token) in streams:
                continue
            if act.protocol != transfers.name and told[_moved(act)] > 0:
                told[_moved(act)] -= 1
                continue
        yield act


def payments(acts: Sequence[Act], at: Situation, sized: Sized) -> list[tuple[Act, Payment]]:
    """Give what left a treasury, added up by token and recipient, the largest first."""
    first: dict[tuple[str, str], Act] = {}
    sums: Counter[tuple[str, str]] = Counter()
    for act in acts:
        first.setdefault((act.token, act.whom), act)
        sums[act.token, act.whom] += act.amount_raw or 0
    whole = (msgspec.structs.replace(act, amount_raw=sums[key]) for key, act in first.items())
    given = [
        (act, Payment(amount, act.whom, share_of_treasury(act, at)))
        for act in whole
        if (amount := sized(act)) is not None
    ]
    return sorted(given, key=lambda one: weight(one[1].amount.usd, one[1].share, None), reverse=True)


def weight(usd: Decimal | None, of_treasury: Decimal | None, of_supply: Decimal | None) -> tuple[Decimal, ...]:
    """Order payments in different tokens by what they can be compared by."""
    return tuple(part or Decimal(0) for part in (usd, of_treasury, of_supply))


def _moved(act: Act) -> tuple[str, str, str, str]:
    return act.tx, act.token, payer_of(act), act.whom


def _is_own(act: Act, at: Situation) -> bool:
    return payer_of(act) == act.whom or not _parties(payer_of(act), at).isdisjoint(_parties(act.whom, at))


def _parties(address: str, at: Situation) -> set[str]:
    """Name the DAOs whose purse or governor an address is, by daos.toml or by a treasury's label."""
    found = set()
    for dao in at.settings.daos.values():
        if dao.chain == at.chain.key and address in (dao.governor, dao.timelock, dao.treasury):
            found |= {dao.key, dao.name.casefold()}
    for label in at.settings.labels:
        ours = label.address == address and label.chain in (None, at.chain.key)
        if ours and label.kind == "treasury" and label.owner:
            found |= _known_as(label.owner.casefold(), at)
    return found


def _known_as(owner: str, at: Situation) -> set[str]:
    named = (dao for dao in at.settings.daos.values() if owner in dao.names)
    return {owner, *(name for dao in named for name in (dao.key, dao.name.casefold()))}
