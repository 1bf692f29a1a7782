"""A proposal as it stands, for a member who asks: its tally, quorum and deadline, read from the governor when needed.

Two requests, three at the most: the header of our cursor, then the governor's facts at the block before it. They are
kept for as long as the cursor stands, so that many askers cost no more than one.
Units: `_raw` base units of the voting token, `_s` seconds since 1970.
Errors: none; a chain that cannot be asked gives None.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from config.settings import Chain, Dao, Settings
from watchers.alert import Tally
from watchers.chain.answers import Cache, load
from watchers.chain.block import Header
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.event import Event
from watchers.governance.clock import end_s, now_clock
from watchers.governance.desk import Desk
from watchers.governance.family import Family
from watchers.governance.wing import GovernanceWing
from watchers.history import History, StoredEvent
from watchers.vantage import vantage
from watchers.wing import Ballot, Situation

PATIENCE_S = 20.0
ROUNDS = 3  # times, then what they lead to, then nothing is left


class Standing(NamedTuple):
    """`tally` None: neither the votes nor the contract's sums are known. `by_contract`: they are the contract's sums,
    because the votes on record are not all. `begins_s`, `ends_s` are estimates unless the governor counts seconds;
    `begun`, `ended` None when the governor's clock cannot be told.
    """

    tally: Tally | None
    by_contract: bool
    begun: bool | None
    ended: bool | None
    begins_s: int | None
    ends_s: int | None
    block: int


class Inquiry:
    """Asks the governors. `rpcs` by chain id: those that this process may ask."""

    def __init__(self, settings: Settings, wing: GovernanceWing, history: History, rpcs: Mapping[int, Rpc]) -> None:
        self._settings, self._families, self._history, self._rpcs = settings, wing.families, history, rpcs
        self._caches: dict[int, Cache] = defaultdict(Cache)
        self._turns: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def standing(
        self, dao: Dao, proposal_id: int, steps: Sequence[StoredEvent], ballots: Sequence[Ballot] | None
    ) -> Standing | None:
        """Give a proposal's standing; None when the chain cannot be asked now."""
        rpc = self._rpcs.get(self._settings.chains[dao.chain].id)
        family = self._families.get(dao.protocol)
        if rpc is None or family is None:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S), self._turns[rpc.chain.id]:
                return await self._asked(dao, family, proposal_id, [s.event for s in steps], ballots, rpc)
        except (ChainError, TimeoutError):
            return None

    async def _asked(
        self,
        dao: Dao,
        family: Family,
        proposal_id: int,
        steps: Sequence[Event],
        ballots: Sequence[Ballot] | None,
        rpc: Rpc,
    ) -> Standing | None:
        header = await vantage(self._history, rpc)
        if header is None:
            return None
        cache = self._caches[rpc.chain.id]
        if cache.block != header.height:
            cache.begin(header.height)
        known = {} if ballots is None else {(dao.governor, proposal_id): ballots}
        at = Situation(self._settings, rpc.chain, header, cache.facts, known, {})
        # a desk that sees the creation takes the proposal for new and asks nothing
        later = [e for e in steps if getattr(e, "change", "") == "extended"]
        for _ in range(ROUNDS):
            asks = [a for a in Desk(dao, family, proposal_id, later, at).asks() if not at.facts.has(a)]
            if not asks:
                break
            await load(rpc, asks, header.height, cache)
        return _standing(Desk(dao, family, proposal_id, later, at), rpc.chain, header, by_contract=ballots is None)


def _standing(desk: Desk, chain: Chain, header: Header, *, by_contract: bool) -> Standing:
    now = now_clock(desk.dao, header)
    times, end = desk.times, desk.end_clock
    return Standing(
        tally=desk.book.tally(desk.rule) if desk.book.whole else None,
        by_contract=by_contract,
        # a vote counts from the clock after the snapshot on, and up to the deadline's own
        begun=None if now is None or times is None else now > times.snapshot,
        ended=None if now is None or end is None else now > end,
        begins_s=None if times is None else end_s(desk.dao, chain, header, times.snapshot),
        ends_s=None if end is None else end_s(desk.dao, chain, header, end),
        block=header.height,
    )
