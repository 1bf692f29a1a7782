"""`Deliveries`: what each channel should show, what it shows, and the outbox between the two.

A *post* is what becomes one message: (channel, id of its first alert). It holds the states of its alerts, the revision
wanted, the revision shown, the message, and when it was first tried. The outbox says only THAT a post changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from redis.asyncio import Redis

from watchers.alert import SEVERITIES, AlertState, ProposalFacts
from watchers.script import TIMEOUT_S, Argument, entries, load, make_group, storing, text
from watchers.script import Entry as Row

KEEP_S = 90 * 86_400  # how long a delivery is remembered; a reorg never reaches that far back
LEASE_MS = 20_000  # longer than one try lasts
UNENDED = 8  # tries that ended the process before a post is set aside
MOST_ALERTS = 10  # in one card; a longer list does not fit a message
GROUP = "send"
ThreadState = Literal["open", "refused"]
Lost = Literal["deleted", "locked"]
_LUA = Path(__file__).parent.with_name("lua")
_NAMES = (
    "update",
    "route",
    "begin",
    "done",
    "fresh",
    "excuse",
    "gone",
    "hold",
    "bury",
    "forget",
    "release",
    "threaded",
    "lost",
)
_states = msgspec.json.Decoder(AlertState)
_SCRIPTS = {name: load(name, _LUA) for name in _NAMES}


class PostKey(NamedTuple):
    """The name of a post."""

    channel_id: int
    post_id: str

    def __str__(self) -> str:
        return f"{self.channel_id}:{self.post_id}"


class Entry(NamedTuple):
    """One outbox entry: this post changed. `fresh` when it is a new post; `calm` when there is time to edit it."""

    id: str
    post: PostKey
    fresh: bool
    calm: bool = False


class Place(NamedTuple):
    """A channel that an alert goes to. `interval_ms` 0: never grouped. `threads`: what is followed starts one there."""

    channel_id: int
    guild_id: int
    ping_role: int | None = None
    interval_ms: int = 0
    threads: bool = False
    subscriptions: tuple[str, ...] = ()


class Known(NamedTuple):
    """What became of an alert's new state: was it routed before, and how many posts changed."""

    routed: bool
    posts: int


class Step(NamedTuple):
    """What a post needs next; see begin.lua. `tried` is the revision of the first try. `thread_id`: the thread that it
    is or goes in, 0 for the channel; `fell`: why not in its thread. "unreadable": an alert in it cannot be read.
    """

    do: Literal["settled", "held", "busy", "dead", "look", "edit", "post", "thread", "unreadable"]
    why: str = ""
    wait_ms: int = 0
    try_ms: int = 0
    alert_ids: tuple[str, ...] = ()
    message_id: int = 0
    want: int = 0
    tried: int = 0
    thread_id: int = 0
    fell: str = ""
    ping_role: int | None = None
    states: tuple[AlertState, ...] = ()


class Outbox(NamedTuple):
    """How the outbox stands: entries in it, time of the oldest, posts set aside and not delivered since."""

    waiting: int
    oldest_ms: int | None
    dead: int


class Deliveries:
    """Reads and changes deliveries; every change is one script. Raises StoreError."""

    def __init__(self, redis: Redis, shard: str = "0", *, keep_s: int = KEEP_S) -> None:
        self.redis: Any = redis  # its own annotations do not know that every reply is bytes
        self.tag, self._keep_s = f"{{d:{shard}}}", keep_s
        self._run_id = ""

    async def _run(self, name: str, *arguments: Argument) -> Any:
        return await _SCRIPTS[name](self.redis, self.tag, *arguments)

    async def update(self, state: AlertState) -> Known:
        """Bring a new state into every post that holds the alert; an older revision changes nothing."""
        reply = await self._run("update", *_alert(state), self._keep_s)
        return Known(bool(reply[0]), int(reply[1]))

    async def route(self, state: AlertState, places: Sequence[Place], *, last: bool = True) -> list[str]:
        """Place an alert in channels; gives each one's outcome: new, raised, full, joined, updated or seen. After the
        `last` call of an alert it counts as routed.
        """
        flat: list[Argument] = []
        for place in places:
            flat += [place.channel_id, place.ping_role or "", place.interval_ms, int(place.threads)]
        alert = state.alert
        rank, at_ms = SEVERITIES.index(alert.severity), alert.block_time_s * 1000
        head = (*_alert(state), self._keep_s, alert.subject, rank, at_ms, MOST_ALERTS, int(last))
        return [text(word).split(" ")[0] for word in await self._run("route", *head, *flat)]

    async def routed(self, alert_id: str) -> bool:
        """Tell whether an alert was placed in every channel that it goes to."""
        async with storing("ask whether an alert was routed"):
            return bool(await self.redis.hexists(f"{self.tag}:alert:{alert_id}", "routed"))

    async def begin(
        self, post: PostKey, entries: Sequence[str], *, holder: str, now_ms: int, safe_ms: int, doubt: bool
    ) -> Step:
        """Ask for the next step of a post and write down that it is tried. `doubt`: the store may have forgotten."""
        numbers = (now_ms, LEASE_MS, safe_ms, UNENDED, int(doubt))
        reply = await self._run("begin", *post, holder, *numbers, *entries)
        return _step(reply)

    async def done(
        self, post: PostKey, entries: Sequence[str], *, holder: str, message_id: int, shown: int, thread_id: int = 0
    ) -> bool:
        """Write down that the message shows a revision; 0 for a message that is there with content unknown. False when
        it is to start a thread yet.
        """
        where = thread_id or ""
        return bool(await self._run("done", *post, holder, message_id, shown, where, *entries))

    async def threaded(self, post: PostKey, entries: Sequence[str], state: ThreadState, *, holder: str) -> bool:
        """Write down that the message has its thread, or will not have one; false when it is to be edited yet."""
        return bool(await self._run("threaded", *post, holder, state, *entries))

    async def lost(self, post: PostKey, thread_id: int, why: Lost) -> bool:
        """Write down that a thread takes no more cards; true when that was not known."""
        return bool(await self._run("lost", *post, thread_id, why))

    async def fresh(self, post: PostKey, *, now_ms: int, safe_ms: int) -> int:
        """Allow a new try, since the channel does not hold the post; gives 0, or ms to wait before another look."""
        return int(await self._run("fresh", *post, now_ms, safe_ms))

    async def excuse(self, post: PostKey) -> None:
        """Forgive a try that failed under control: it does not count towards the dead."""
        await self._run("excuse", *post)

    async def gone(self, post: PostKey, entries: Sequence[str], *, holder: str, shown: int) -> int:
        """Give up a message that a person deleted; gives how many alerts, never shown in it, get their own post."""
        return int(await self._run("gone", *post, holder, shown, self._keep_s, *entries))

    async def hold(self, post: PostKey, entries: Sequence[str], *, holder: str, now_ms: int) -> None:
        """Let the post wait until its channel is opened again."""
        await self._run("hold", *post, holder, now_ms, *entries)

    async def bury(self, post: PostKey, entries: Sequence[str], why: str, *, holder: str) -> bool:
        """Set a post aside for the operator; false when it was aside already."""
        return bool(await self._run("bury", *post, holder, why, *entries))

    async def bury_alert(self, alert_id: str, why: str) -> bool:
        """Set an alert aside that could not even be routed; false when it was aside already."""
        return bool(await self._run("bury", "alert", alert_id, "", why))

    async def prune(self, before_ms: int) -> int:
        """Forget what was set aside before that; count it."""
        return int(await self._run("forget", before_ms))

    async def release(self, holder: str) -> None:
        """Let go of every channel, so that another process need not wait for the leases to end."""
        await self._run("release", holder)

    async def open(self) -> None:
        """Make the outbox's consumer group if it is not there."""
        async with storing("open the outbox"):
            await make_group(self.redis, f"{self.tag}:out", GROUP)

    async def read(self, holder: str, *, count: int, block_ms: int) -> list[Entry]:
        """Wait for new entries. `block_ms` must be below the client's socket time-out."""
        async with storing("read the outbox", TIMEOUT_S + block_ms / 1000):
            new = {f"{self.tag}:out": ">"}
            reply = await self.redis.xreadgroup(GROUP, holder, new, count=count, block=block_ms)
        return await self._taken(entries(reply))

    async def pending(self, holder: str) -> list[Entry]:
        """Give what this holder took before and did not settle."""
        found: list[Entry] = []
        after = "0"
        while True:
            async with storing("read what was in hand"):
                rows = entries(await self.redis.xreadgroup(GROUP, holder, {f"{self.tag}:out": after}, count=500))
            if not rows:
                return found
            found += await self._taken(rows)
            after = text(rows[-1][0])

    async def claim(self, holder: str, *, idle_ms: int, count: int = 500) -> list[Entry]:
        """Take over entries that their holder has had for too long; it may be dead."""
        async with storing("take entries over"):
            reply = await self.redis.xautoclaim(f"{self.tag}:out", GROUP, holder, idle_ms, "0", count=count)
        return await self._taken(reply[1])

    async def _taken(self, rows: Iterable[Row]) -> list[Entry]:
        """Read entries; one that cannot be read is set aside, else it would come again for ever."""
        found = []
        for row_id, fields in rows:
            if not fields:  # deleted while it was pending
                continue
            entry_id = text(row_id)
            try:
                found.append(_entry(entry_id, fields))
            except (KeyError, ValueError):
                await self._run("bury", "out", entry_id, "", "the entry of the outbox cannot be read", entry_id)
        return found

    async def engine_changed(self) -> bool:
        """Tell whether the engine was started anew since somebody last asked: it may have lost its last writes."""
        key = f"{self.tag}:engine"
        async with storing("ask the engine since when it runs"):
            info = await self.redis.info("server")
            run_id = str(info["run_id"])
            stored = text(await self.redis.get(key))
            changed = any(known not in ("", run_id) for known in (self._run_id, stored))
            self._run_id = run_id
            await self.redis.set(key, run_id)
        return changed

    async def outbox(self) -> Outbox:
        """Say how the outbox stands."""
        async with storing("count the outbox"), self.redis.pipeline(transaction=True) as pipe:
            pipe.xlen(f"{self.tag}:out").xrange(f"{self.tag}:out", count=1).hlen(f"{self.tag}:aside")
            waiting, first, dead = await pipe.execute()
        return Outbox(waiting, int(text(first[0][0]).split("-")[0]) if first else None, dead)

    async def message(self, channel_id: int, alert_id: str) -> int | None:
        """Give the message that tells an alert in a channel; None when there is none yet."""
        async with storing("look for a message"):
            post = await self.redis.hget(f"{self.tag}:alert:{alert_id}", f"c:{channel_id}")
            key = f"{self.tag}:post:{channel_id}:{text(post)}"
            found = await self.redis.hget(key, "message") if post else None
        return int(found) if found else None


def _alert(state: AlertState) -> tuple[Argument, ...]:
    return state.alert.id, state.rev, int(state.live), msgspec.json.encode(state), _mark(state)


def _mark(state: AlertState) -> str:
    """Name what must be told at once of something followed: another step, its end, another trial, a reorg's word.
    A tally that moved has the same mark. "": each change of it is told at once.
    """
    facts = state.alert.facts
    if not isinstance(facts, ProposalFacts) or facts.followed is None:
        return ""
    steps = ",".join(step.change for step in facts.followed.steps)
    again = "|again" if facts.simulated is not None and facts.simulated.step == "again" else ""
    return f"{steps}|{facts.followed.ended}|{state.live}|{facts.ends_at_clock}{again}"


def _entry(entry_id: str, fields: Mapping[bytes, bytes]) -> Entry:
    channel, _, post = text(fields[b"post"]).partition(":")
    return Entry(entry_id, PostKey(int(channel), post), fields[b"new"] == b"1", fields[b"new"] == b"2")


def _step(reply: Sequence[Any]) -> Step:
    do, rest = text(reply[0]), reply[1:]
    match do:
        case "settled" | "held":
            return Step(do, why=text(rest[0]))
        case "busy":
            return Step("busy", wait_ms=int(rest[0]))
        case "dead":
            return Step("dead", why=f"its delivery ended the process {text(rest[0])} times")
        case "look":
            ids = tuple(text(rest[2]).split(","))
            return Step("look", try_ms=int(rest[0]), thread_id=int(rest[1] or 0), alert_ids=ids)
        case "thread":
            return _told(Step("thread", message_id=int(rest[0])), rest[1], rest[2:])
        case "edit":
            step = Step("edit", message_id=int(rest[0]), want=int(rest[1]))
        case _:
            step = Step("post", want=int(rest[0]), tried=int(rest[1]))
    return _told(step._replace(thread_id=int(rest[2] or 0), fell=text(rest[3])), rest[4], rest[5:])


def _told(step: Step, ping: Any, states: Sequence[Any]) -> Step:
    try:
        told = tuple(_states.decode(state) for state in states)
    except msgspec.MsgspecError as error:
        return Step("unreadable", why=f"an alert in it cannot be read: {error}")
    return step._replace(ping_role=int(ping) if ping else None, states=told)
