"""The books of delegates: who may vote with how much of a token, and who gave whom that power.

Commits feed a book from one block on (lua/books.lua, lua/commit.lua); what was before is read back in the background
(`watchers.backfill`). While it is not, the book is not whole, and what it holds must not be taken for the truth.

Units: `_raw` base units of the token. Errors: StoreError when the store fails.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis

from watchers.chain.block import Cursor
from watchers.record import PER_BLOCK, BookChange
from watchers.script import load, storing
from watchers.states import tag

_FILL = load("fill")
FILL_CHUNK = 2_000
SCAN = 5_000
DAY_S = 86_400
MANY = 1_000  # above this many, a book is put together beside the event loop
_ADDRESS = 40  # hex digits


class Progress(NamedTuple):
    """How far a book is read back: from `start` to `done`, of what ends right before `since`, where commits feed it.
    `since` None: nobody feeds it yet. `gaps` counts changes that did not continue what was before them. Of
    holders: `over`, how many there were when there were too many; `late`, a final block of which something came too
    late.
    """

    token: str
    start: int
    done: int
    since: int | None
    gaps: int
    over: int = 0
    late: int = 0

    @property
    def whole(self) -> bool:
        """Tell whether the book holds everything from the token's first block on."""
        return self.since is not None and self.done >= self.since - 1

    def share(self, goal: int | None = None) -> float:
        """Give the part that is read, 0 to 1; `goal` is where the past ends while nobody feeds the book."""
        end = self.since - 1 if self.since is not None else goal
        if end is None:
            return 0.0
        return 1.0 if self.done >= end else max(0.0, (self.done - self.start + 1) / (end - self.start + 1))


class Book(NamedTuple):
    """A book as the cursor has it. `powers` leaves out who has nothing."""

    progress: Progress
    at: Cursor | None
    time_s: int
    powers: dict[str, int]

    @property
    def total_raw(self) -> int:
        """All delegated votes."""
        return sum(self.powers.values())


class Snapshot(msgspec.Struct, frozen=True):
    """What a book measured one day; None: a version that did not keep it wrote this."""

    day: int
    block: int
    time_s: int
    n: int
    total: str
    gini: float
    hhi: float
    nakamoto: int
    top1: float
    top10: float
    shannon_bits: float | None = None
    min_entropy_bits: float | None = None
    theil: float | None = None


Together = Callable[[dict[bytes, bytes], Sequence[bytes]], dict[str, int]]
_snapshots = msgspec.json.Decoder(Snapshot)


class Books:
    """Books of one sort, by chain id and token. `most`: how many holders one may have; 0: no bound. `sums`: what is
    entered twice counts twice.
    """

    sort, most, sums = "delegates", 0, False

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis  # its own annotations do not know that every reply is bytes

    async def progress(self, chain_id: int, token: str, start: int) -> Progress:
        """Tell how much of a book is there."""
        async with storing(f"read a book of {self.sort}"), self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(self._key(chain_id, token)).get(f"{tag(chain_id)}:first")
            meta, first = await pipe.execute()
        return progress_of(token, start, meta, first, sums=self.sums)

    async def begin(self, chain_id: int, token: str, born: int) -> None:
        """Remember that a token has nothing to tell before a block."""
        async with storing("remember where a book begins"):
            await self._redis.hset(self._key(chain_id, token), "born", born)

    async def fill(
        self, chain_id: int, was: Progress, stored_done: str, changes: Iterable[BookChange], done: int
    ) -> bool:
        """Enter what blocks up to `done` tell; False when somebody else has read on meanwhile."""
        name = f"{self.sort}:{was.token}"
        for texts, reached in _chunks(changes, done):
            head = (name, stored_done, was.start, reached, self.most or "", len(texts))
            reply, _ = await _FILL(self._redis, tag(chain_id), *head, *texts)
            if reply == b"STALE":
                return False
            stored_done = str(reached)
        return True

    async def stored_done(self, chain_id: int, token: str) -> str:
        """Give how far a book is read back, as it is written: what `fill` must find."""
        async with storing(f"read a book of {self.sort}"):
            text = await self._redis.hget(self._key(chain_id, token), "done")
        return text.decode() if text else ""

    async def final(self, chain_id: int) -> int | None:
        """Give the chain's last final block as commits know it."""
        async with storing("read the final block"):
            text = await self._redis.get(f"{tag(chain_id)}:final")
        return int(text) if text else None

    async def day(self, chain_id: int) -> int | None:
        """Give the day since 1970 of the chain's last committed block; None before the first."""
        async with storing("read a chain's time"):
            time_s = int(await self._redis.hget(f"{tag(chain_id)}:status", "time") or 0)
        return time_s // DAY_S if time_s else None

    async def _book(self, chain_id: int, token: str, start: int, part: str, together: Together) -> Book:
        """Read a book at one moment: the `part` that is settled, and what is not final yet, put `together`."""
        name = self._key(chain_id, token)
        async with storing(f"read a book of {self.sort}"), self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(name).get(f"{tag(chain_id)}:first").get(f"{tag(chain_id)}:cursor")
            pipe.hget(f"{tag(chain_id)}:status", "time")
            pipe.hgetall(f"{name}:{part}").hvals(self._fresh(chain_id, token))
            meta, first, cursor, time_s, settled, fresh = await pipe.execute()
        many = len(settled) + len(fresh) > MANY
        powers = await asyncio.to_thread(together, settled, fresh) if many else together(settled, fresh)
        at = Cursor.parse(cursor.decode()) if cursor else None
        return Book(progress_of(token, start, meta, first, sums=self.sums), at, int(time_s or 0), powers)

    # --- what was measured -------------------------------------------------------------------------------------------

    async def keep(self, chain_id: int, token: str, snapshot: Snapshot, *, days: int) -> None:
        """Keep a day's snapshot, the first of each day, and forget those older than `days`."""
        name = f"{self._key(chain_id, token)}:measured"
        async with storing("keep a snapshot"):
            await self._redis.hsetnx(name, snapshot.day, msgspec.json.encode(snapshot))
            old = [day for day in await self._redis.hkeys(name) if int(day) < snapshot.day - days]
            if old:
                await self._redis.hdel(name, *old)

    async def snapshots(self, chain_id: int, token: str) -> list[Snapshot]:
        """Give every snapshot that is kept, the oldest first; one that cannot be read is left out."""
        async with storing("read the snapshots"):
            texts = await self._redis.hvals(f"{self._key(chain_id, token)}:measured")
        found = []
        for text in texts:
            with suppress(msgspec.MsgspecError):  # another version's
                found.append(_snapshots.decode(text))
        return sorted(found, key=lambda one: one.day)

    async def snapshot(self, chain_id: int, token: str, day: int) -> Snapshot | None:
        """Give the snapshot of a day since 1970."""
        async with storing("read a snapshot"):
            text = await self._redis.hget(f"{self._key(chain_id, token)}:measured", day)
        try:
            return _snapshots.decode(text) if text else None
        except msgspec.MsgspecError:  # another version's
            return None

    def _key(self, chain_id: int, token: str) -> str:
        return f"{tag(chain_id)}:{self.sort}:{token}"

    def _fresh(self, chain_id: int, token: str) -> str:
        return f"{tag(chain_id)}:book:{self.sort}:{token}"


class DelegateBooks(Books):
    """Who may vote with how much."""

    async def book(self, chain_id: int, token: str, start: int) -> Book:
        """Read all powers of a token, at one moment."""
        return await self._book(chain_id, token, start, "p", _powers)

    async def delegators(self, chain_id: int, token: str, delegate: str) -> list[str]:
        """Give who gave this delegate votes, by the book; page by page, since one chain may have a million."""
        wanted = delegate[2:]
        found: set[str] = set()
        cursor = 0
        while True:
            async with storing("read who delegates"):
                cursor, page = await self._redis.hscan(f"{self._key(chain_id, token)}:d", cursor, count=SCAN)
            for who, text in page.items():
                if wanted in _split(text.decode().partition(" ")[2]):
                    found.add(f"0x{who.decode()}")
            if not cursor:
                break
            await asyncio.sleep(0)  # a page takes a moment: let the watchers in
        async with storing("read who delegates"):
            fresh = await self._redis.hvals(self._fresh(chain_id, token))
        for change in ordered(fresh):
            if change.side == "d":
                (found.add if wanted in _split(change.what) else found.discard)(f"0x{change.who}")
        return sorted(found)


def progress_of(
    token: str, start: int, meta: dict[bytes, bytes], first: bytes | None, *, sums: bool = False
) -> Progress:
    """Read how far a book is. One of sums that is to begin earlier now cannot be read on: it is late."""
    start = max(start, int(meta.get(b"born", 0)))
    since = meta.get(b"since")
    fed = since or (first if since is not None else None)  # "" is the chain's first block of all
    begun = int(meta.get(b"from", start))
    missed = max(start, 1) if sums and begun > start else 0
    done = int(meta[b"done"]) if b"done" in meta and (begun <= start or missed) else start - 1
    return Progress(
        token,
        start,
        done,
        int(fed) if fed else None,
        int(meta.get(b"gaps", 0)),
        int(meta.get(b"over", 0)),
        int(meta.get(b"late", 0)) or missed,
    )


def _chunks(changes: Iterable[BookChange], done: int) -> Iterator[tuple[list[bytes], int]]:
    """Cut between blocks, so that each piece is entered whole and once, wherever the reading is killed."""
    texts: list[bytes] = []
    last = -1
    for change in sorted(changes):
        block = change.at // PER_BLOCK
        if len(texts) >= FILL_CHUNK and block > last:
            yield texts, last
            texts = []
        texts.append(change.text)
        last = block
    yield texts, done


def ordered(fresh: Iterable[bytes]) -> Iterator[BookChange]:
    """Give changes as they came."""
    changes = (text.decode().split(" ") for text in fresh)
    yield from sorted(BookChange(int(at), *rest) for at, *rest in changes)


def _powers(settled: dict[bytes, bytes], fresh: Sequence[bytes]) -> dict[str, int]:
    found = {f"0x{who.decode()}": int(text.partition(b" ")[2]) for who, text in settled.items()}
    for change in ordered(fresh):
        if change.side == "p":
            found[f"0x{change.who}"] = int(change.what)
    return {who: power for who, power in found.items() if power}


def _split(joined: str) -> list[str]:
    return [joined[at : at + _ADDRESS] for at in range(0, len(joined), _ADDRESS)]
