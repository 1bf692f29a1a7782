"""Digests: each period that is over is summed up once for each subscription that asks for it.

It goes through the posts and the outbox that alerts go through. Its id is made of the subscription and the period, so
whoever sums it up again, after a restart or beside us, writes the same post down, and the store takes it once. Of
periods that passed while nobody ran, the last is caught up.
Errors: none; a turn that fails is said once, and the next one tries again.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from bot.deliver.record import Place
from bot.subscription import Every, Subscription
from bot.trouble import Trouble
from config.settings import Dao, Settings
from watchers.alert import Alert, AlertState, DaoDigest, DigestFacts, Kind
from watchers.digest import DaoOf, Span, composed, summed
from watchers.errors import StoreError
from watchers.history import History

HOUR_S: Final = 3_600
DAY_S: Final = 86_400
MONDAY_S: Final = 4 * DAY_S  # 1970-01-01 was a Thursday
WAIT_S: Final = 2 * HOUR_S  # for a chain that is not read to the period's end yet
_KINDS: Final[tuple[Kind, ...]] = ("vote", "proposal")


class Posts(Protocol):
    """What keeps posts: `bot.deliver.record.Deliveries`."""

    async def routed(self, alert_id: str) -> bool:
        """Tell whether it was placed already. Raises StoreError."""
        ...

    async def route(self, state: AlertState, places: Sequence[Place], *, last: bool = True) -> list[str]:
        """Place it; twice is once. Raises StoreError."""
        ...


def last_due(every: Every, now_s: int, hour: int) -> Span:
    """Give the newest period that is over: days end at an hour of UTC, weeks on Monday at that hour."""
    length, offset = (DAY_S, 0) if every == "daily" else (7 * DAY_S, MONDAY_S)
    offset += hour * HOUR_S
    until_s = (now_s - offset) // length * length + offset
    return Span(until_s - length, until_s)


def digest_id(subscription_id: str, every: Every, span: Span) -> str:
    """Name the digest of a subscription and a period for good, in the form of an alert's id."""
    return hashlib.sha256(f"digest|{subscription_id}|{every}|{span.until_s}".encode()).hexdigest()[:32]


def takes(one: Subscription, dao: Dao, chain_id: int) -> bool:
    """Tell whether a subscription's filters take a DAO."""
    return (
        one.dao in ("", "*", dao.key)
        and one.chain_id in (None, chain_id)
        and one.protocol in ("", "*", dao.protocol)
        and one.token.lower() in ("", "*", dao.token)
        and one.address.lower() in ("", "*", dao.governor)
    )


def narrowed(found: DaoDigest, kind: str) -> DaoDigest:
    """Leave out what a subscription of this kind does not hear: votes, or proposals."""
    if kind == "proposal":
        return DaoDigest(dao=found.dao, chain_id=found.chain_id, news=found.news, more_news=found.more_news)
    if kind == "vote":
        return msgspec.structs.replace(found, news=(), more_news=0)
    return found


class Digests:
    """The job. `wanted` gives the subscriptions that ask for a digest, those of shut channels left out: a channel that
    is opened again catches the last period up.
    """

    def __init__(
        self,
        settings: Settings,
        history: History,
        posts: Posts,
        wanted: Callable[[], Sequence[Subscription]],
        *,
        clock_ms: Callable[[], int],
    ) -> None:
        self._settings, self._history, self._posts, self._wanted = settings, history, posts, wanted
        self._clock_ms = clock_ms
        self._dao_of = _dao_of(settings)
        self._done: set[str] = set()  # of the periods that are the last ones now
        self._waited_s: dict[str, int] = {}
        self._trouble = Trouble("digests cannot be made", "digests are made again")

    async def tick(self) -> int:
        """Write down the digests that are due; count them."""
        now_s, said = self._clock_ms() // 1000, 0
        due = {}
        for one in self._wanted():
            if one.digest:
                span = last_due(one.digest, now_s, self._settings.runtime.digest_hour)
                due[digest_id(one.id, one.digest, span)] = (one, one.digest, span)
        self._done &= due.keys()
        self._waited_s = {key: at_s for key, at_s in self._waited_s.items() if key in due}
        turn = _Turn(self._history, self._dao_of)
        try:
            for key, (one, every, span) in due.items():
                if key not in self._done:
                    said += await self._one(key, one, every, span, turn, now_s)
            self._trouble.over()
        except StoreError as error:
            self._trouble.note(str(error))
        return said

    async def _one(self, key: str, one: Subscription, every: Every, span: Span, turn: "_Turn", now_s: int) -> int:
        """Do one digest as far as it goes now; gives 1 when it is written down."""
        if await self._posts.routed(key):
            self._done.add(key)
            return 0
        daos = {dao.key: chain_id for dao, chain_id in self._daos() if takes(one, dao, chain_id)}
        chains = sorted(set(daos.values()))
        behind = [(chain_id, at_s) for chain_id in chains if (at_s := await turn.read_to(chain_id)) < span.until_s]
        if behind and now_s - self._waited_s.setdefault(key, now_s) < WAIT_S:
            return 0
        found: list[DaoDigest] = []
        whole = True
        for chain_id in chains:
            of_chain, all_of_it = await turn.chain(chain_id, span)
            found += [narrowed(each, one.kind) for each in of_chain if daos.get(each.dao) == chain_id]
            whole = whole and all_of_it
        facts = composed(every, span, found, behind=behind, whole=whole)
        outcomes: list[str] = []
        if facts is not None:
            state = _state(key, facts, self._clock_ms())
            outcomes = await self._posts.route(state, [Place(one.channel_id, one.guild_id)])
        self._done.add(key)
        return outcomes.count("new")

    def _daos(self) -> list[tuple[Dao, int]]:
        """Give the DAOs of the chains that history knows, each with its chain."""
        ids = {key: chain.id for key, chain in self._settings.chains.items() if chain.id in self._history.chain_ids}
        return [(dao, ids[dao.chain]) for dao in self._settings.daos.values() if dao.chain in ids]


class _Turn:
    """What one turn has read: each chain's period once, whoever asks for it."""

    def __init__(self, history: History, dao_of: DaoOf) -> None:
        self._history, self._dao_of = history, dao_of
        self._chains: dict[tuple[int, Span], tuple[list[DaoDigest], bool]] = {}
        self._read_to: dict[int, int] = {}

    async def read_to(self, chain_id: int) -> int:
        """Give the time (s) that a chain was read to. One that was never read has nothing to wait for."""
        if chain_id not in self._read_to:
            status = await self._history.chain_status(chain_id)
            self._read_to[chain_id] = status.time_s if status is not None else _NEVER_READ
        return self._read_to[chain_id]

    async def chain(self, chain_id: int, span: Span) -> tuple[list[DaoDigest], bool]:
        """Sum a chain's period up, and tell whether all of its record was looked at."""
        if (chain_id, span) not in self._chains:
            votes, all_votes = await self._history.votes_within(chain_id, *span)
            alerts, all_alerts = await self._history.alerts_since(chain_id, span.from_s, _KINDS)
            found = summed(chain_id, votes, alerts, span, self._dao_of)
            self._chains[chain_id, span] = found, all_votes and all_alerts
        return self._chains[chain_id, span]


_NEVER_READ: Final = 2**62


def _dao_of(settings: Settings) -> DaoOf:
    ids = {chain.key: chain.id for chain in settings.chains.values()}
    known = {(ids[dao.chain], dao.governor): dao for dao in settings.daos.values() if dao.chain in ids}
    return lambda chain_id, governor: known.get((chain_id, governor))


def _state(key: str, facts: DigestFacts, seen_at_ms: int) -> AlertState:
    """Give a digest the form that posts keep; it is of no chain."""
    alert = Alert(
        id=key,
        kind="digest",
        chain_id=0,
        protocol="",
        subject=f"digest:{key}",
        severity="info",
        block=0,
        block_hash="",
        block_time_s=facts.until_s,
        tx="",
        reasons=(),
        facts=facts,
    )
    return AlertState(alert=alert, final=True, seen_at_ms=seen_at_ms)
