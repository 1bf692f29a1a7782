"""Random commits, reorgs, lost replies and stale holders: the real scripts against a model that is easy to believe."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests import events
from tests.alerts import an_alert
from tests.committed import in_hand
from watchers.alert import Alert
from watchers.chain.block import Cursor
from watchers.errors import ChainError, Fenced, ReorgError
from watchers.history import History
from watchers.states import tag
from watchers.store import ChainStore, CommittedBlock
from watchers.valkey import client

T = TypeVar("T")
NEWS = range(5)  # things that may happen on the chain; each is an alert and a vote, in whichever block it is mined
TTL_MS = 60_000


class _Block(msgspec.Struct):
    cursor: Cursor
    news: set[int]


class _Said(msgspec.Struct):
    rev: int
    live: bool
    final: bool
    at: Cursor
    moved_from: int | None


def alert_of(n: int, at: Cursor) -> Alert:
    return an_alert(id=f"{n:032x}", chain_id=1, block=at.number, block_hash=at.hash)


def vote_of(n: int, at: Cursor) -> Any:
    return events.vote(at.number, n, tx=events.tx(n), for_raw=n)


class StoreMachine(RuleBasedStateMachine):
    """`chain`, `said` and `written` are what must be so; the store must agree after every step."""

    socket = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = client(self.socket)
        self.run(self.redis.flushall())
        self.store = ChainStore(self.redis, 1, clock_ms=lambda: 0)
        self.history = History(self.redis, [1])
        self.chain: list[_Block] = []
        self.said: dict[int, _Said] = {}
        self.shown: dict[int, int] = {}
        self.written = self.forks = self.final = 0
        self.epochs = {"a": 0, "b": 0}
        self.holder = ""

    def run(self, work: Awaitable[T]) -> T:
        async def waited() -> T:
            return await work

        return self.runner.run(waited())

    def teardown(self) -> None:
        self.deliver()
        assert self.shown == {n: said.rev for n, said in self.said.items()}
        assert self.run(self.redis.xlen(f"{tag(1)}:outbox")) == 0
        self.run(self.redis.aclose())
        self.runner.close()

    @property
    def cursor(self) -> Cursor | None:
        return self.chain[-1].cursor if self.chain else None

    def say(self, n: int, **bent: Any) -> None:
        old = self.said.get(n)
        self.said[n] = msgspec.structs.replace(old, rev=old.rev + 1, **bent) if old else _Said(1, **bent)
        self.written += 1

    @rule(who=st.sampled_from("ab"), sent=st.integers(1, 2))
    def take_the_lease(self, who: str, sent: int) -> None:
        """The old holder's lease ran out, whether it knows that or not."""
        self.run(self.redis.delete(f"{tag(1)}:lease"))
        for _ in range(sent):
            epoch = self.run(self.store.acquire(who, TTL_MS))
        assert epoch is not None
        assert epoch > max(self.epochs.values())
        self.epochs[who], self.holder = epoch, who
        other = "b" if who == "a" else "a"
        assert self.run(self.store.acquire(other, TTL_MS)) is None

    @precondition(lambda self: self.holder)
    @rule(
        skip=st.integers(1, 2),
        fork=st.integers(0, 1),
        news=st.sets(st.sampled_from(NEWS), max_size=3),
        sent=st.integers(1, 3),
        late=st.none() | st.just(9),
    )
    def commit(self, skip: int, fork: int, news: set[int], sent: int, late: int | None) -> None:
        self.forks += fork
        number = (self.cursor.number if self.cursor else 0) + skip
        at = Cursor(number, f"0x{self.forks}")
        news -= {n for block in self.chain for n in block.news}
        block = CommittedBlock(
            at, number, tuple(vote_of(n, at) for n in sorted(news)), tuple(alert_of(n, at) for n in sorted(news)), late
        )
        replies = [self.run(self.store.commit(self.epochs[self.holder], self.cursor, block)) for _ in range(sent)]
        assert replies == ["ok", "dup", "dup"][:sent]
        for n in news:
            old = self.said.get(n)
            moved = None if old is None else old.at.number if old.at.number != number else old.moved_from
            self.say(n, live=True, final=number <= self.final, at=at, moved_from=moved)
        self.chain.append(_Block(at, news))

    @precondition(lambda self: self.holder and self.cursor)
    @rule(n=st.sampled_from(NEWS), sent=st.integers(1, 2))
    def find_late(self, n: int, sent: int) -> None:
        if any(n in block.news for block in self.chain):
            return
        block = self.chain[-1]
        at = block.cursor
        more = CommittedBlock(at, at.number, (vote_of(n, at),), (alert_of(n, at),))
        for _ in range(sent):
            self.run(self.store.add(self.epochs[self.holder], more))
        old = self.said.get(n)
        moved = None if old is None else old.at.number if old.at.number != at.number else old.moved_from
        self.say(n, live=True, final=at.number <= self.final, at=at, moved_from=moved)
        block.news.add(n)

    @precondition(lambda self: self.holder and self.cursor)
    @rule(sent=st.integers(1, 2))
    def rewind(self, sent: int) -> None:
        assert self.cursor is not None
        if len(self.chain) == 1 or self.cursor.number <= self.final:
            with pytest.raises(ChainError, match="deeper"):
                self.run(self.store.rewind(self.epochs[self.holder], self.cursor))
            return
        gone = self.chain.pop()
        for _ in range(sent):
            assert self.run(self.store.rewind(self.epochs[self.holder], gone.cursor)) == self.cursor
        for n in gone.news:
            self.say(n, live=False)

    @precondition(lambda self: self.holder and self.cursor)
    @rule(back=st.integers(0, 6), sent=st.integers(1, 2))
    def finalize(self, back: int, sent: int) -> None:
        assert self.cursor is not None
        number = self.cursor.number - back
        for _ in range(sent):
            self.run(self.store.finalize(self.epochs[self.holder], number))
        self.final = max(self.final, number)
        for n, said in self.said.items():
            if said.live and not said.final and said.at.number <= number:
                self.say(n, final=True)

    @precondition(lambda self: self.cursor)
    @rule(what=st.sampled_from(["commit", "add", "rewind", "finalize"]))
    def write_with_a_lost_lease(self, what: str) -> None:
        stale = self.epochs["b" if self.holder == "a" else "a"]
        assert self.cursor is not None
        at = Cursor(self.cursor.number + 1, "0xstale")
        cursor, store = self.cursor, self.store
        writes: dict[str, Callable[[], Awaitable[Any]]] = {
            "commit": lambda: store.commit(
                stale, cursor, CommittedBlock(at, 0, (), tuple(alert_of(n, at) for n in NEWS))
            ),
            "add": lambda: store.add(stale, CommittedBlock(at, 0, (), tuple(alert_of(n, at) for n in NEWS))),
            "rewind": lambda: store.rewind(stale, cursor),
            "finalize": lambda: store.finalize(stale, cursor.number),
        }
        with pytest.raises(Fenced):
            self.run(writes[what]())

    @precondition(lambda self: self.holder and len(self.chain) > 1)
    @rule()
    def commit_on_a_block_that_is_not_the_cursor(self) -> None:
        at = Cursor(10_000, "0xwrong")
        with pytest.raises(ReorgError):
            self.run(
                self.store.commit(
                    self.epochs[self.holder], self.chain[-2].cursor, CommittedBlock(at, 0, (), (alert_of(0, at),))
                )
            )

    @rule()
    def deliver(self) -> None:
        while changes := self.run(in_hand(self.store, count=4)):
            for change in changes:
                n = int(change.state.alert.id, 16)
                self.shown[n] = max(self.shown.get(n, 0), change.state.rev)
                self.run(self.store.settle(change.entry_id))
        self.written = 0

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        assert self.run(self.store.cursor()) == self.cursor
        assert self.run(self.redis.xlen(f"{tag(1)}:outbox")) == self.written
        states = {int(s.alert.id, 16): s for s in self.run(self.history.alerts())}
        assert {
            n: _Said(s.rev, s.live, s.final, Cursor(s.alert.block, s.alert.block_hash), s.moved_from)
            for n, s in states.items()
        } == self.said
        votes = {(s.event.block, s.event.log_index) for s in self.run(self.history.votes())}
        assert votes == {(block.cursor.number, n) for block in self.chain for n in block.news}
        ring = self.run(self.store.recent(100))
        assert ring == [b.cursor for b in reversed(self.chain) if b.cursor.number >= (ring[-1].number if ring else 0)]


def test_no_order_of_commits_reorgs_and_lost_replies_loses_or_repeats_an_alert(engine_socket: str) -> None:
    StoreMachine.socket = engine_socket
    run_state_machine_as_test(StoreMachine, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))
