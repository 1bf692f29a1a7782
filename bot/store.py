"""What the members of a server decide: subscriptions, snoozes, and the history of every change of them.

Each change is one script that compares what the asker saw with what is there, writes it, and notes who, when, before
and after. A record that cannot be read is left out and counted in `unread`. Errors: StoreError; UserError when the
asker can mend it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio import Redis

from bot.subscription import Subscription
from watchers.errors import StoreError, UserError
from watchers.script import TIMEOUT_S, entries, load, storing, text
from watchers.unreadable import Unread

MOST_PER_GUILD = 250
HELD_MS = 24 * 3_600_000  # what waited longer for a shut channel stays in the history only
PAGE = 2000
_LUA = Path(__file__).with_name("lua")
_SUBSCRIBE, _SHUT, _OPEN = load("subscribe", _LUA), load("shut", _LUA), load("open", _LUA)
_SNOOZE, _TRIM = load("snooze", _LUA), load("trim", _LUA)
_log = structlog.get_logger(__name__)


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a server's settings. `before` and `after` are JSON, empty when there is nothing."""

    at_ms: int
    by: int
    what: str
    subject: str
    before: str = ""
    after: str = ""


class Index(Protocol):
    """What follows the subscriptions in memory: the router."""

    def put(self, subscription: Subscription) -> None:
        """Add it, or replace the one with its id."""
        ...

    def drop(self, subscription_id: str) -> None:
        """Forget it."""
        ...

    def keep(self, ids: AbstractSet[str]) -> None:
        """Forget all but these."""
        ...


class Shut(msgspec.Struct, frozen=True):
    """A channel that was shut."""

    channel_id: int
    guild_id: int
    reason: str


class _Store:
    def __init__(self, redis: Redis, shard: str = "0") -> None:
        self.redis: Any = redis  # its own annotations do not know that every reply is bytes
        self.tag = f"{{d:{shard}}}"
        self.unread = Unread()


class SettingsHistory(_Store):
    """Who changed what in a server, when, before and after."""

    async def list(self, guild_id: int, limit: int = 50) -> "list[SettingsChange]":
        """Give the newest changes first."""
        async with storing("read the history of settings"):
            rows = await self.redis.xrevrange(f"{self.tag}:settings:{guild_id}", count=limit)
        found = [
            self.unread.read("setting", text(row), fields.get(b"change", b""), _changes.decode) for row, fields in rows
        ]
        return [change for change in found if change is not None]

    async def prune(self, before_ms: int) -> int:
        """Forget every server's changes from before that; count them."""
        pattern, cursor, gone = f"{self.tag}:settings:*", 0, 0
        while True:
            async with storing("look for histories of settings"):
                cursor, keys = await self.redis.scan(cursor, match=pattern, count=PAGE)
            for key in keys:
                gone += int(await _TRIM(self.redis, self.tag, key.rpartition(b":")[2], before_ms))
            if int(cursor) == 0:
                return gone


_changes, _subscriptions = msgspec.json.Decoder(SettingsChange), msgspec.json.Decoder(Subscription)


def _change(by: int, at_ms: int, what: str, subject: str, before: str = "", after: str = "") -> bytes:
    return msgspec.json.encode(
        SettingsChange(at_ms=at_ms, by=by, what=what, subject=subject, before=before, after=after)
    )


def _written(subscription: Subscription | None) -> str:
    """Write a subscription as it is kept: whether its channel is shut is kept by the channel. What came later is left
    out while nobody asks for it: a change holds this text against the one that an older version wrote.
    """
    if subscription is None:
        return ""
    fields = msgspec.to_builtins(msgspec.structs.replace(subscription, paused=""))
    for late in ("threads", "digest"):
        if not fields[late]:
            del fields[late]
    return msgspec.json.encode(fields).decode()


def new_id() -> str:
    """Name a new subscription: eight characters that a person can type."""
    return secrets.token_hex(4)


class Subscriptions(_Store):
    """What each channel wants to hear."""

    async def add(self, subscription: Subscription, *, by: int, now_ms: int) -> None:
        """Add it. Raises UserError when the server has too many or the id is taken."""
        await self._set("add", None, subscription, by, now_ms)

    async def edit(self, before: Subscription, after: Subscription, *, by: int, now_ms: int) -> None:
        """Replace `before` by `after` (same id and server). Raises UserError when somebody else was faster."""
        if (before.id, before.guild_id) != (after.id, after.guild_id):
            raise ValueError("an edit keeps id and server")
        await self._set("edit", before, after, by, now_ms)

    async def remove(self, subscription: Subscription, *, by: int, now_ms: int) -> None:
        """Remove it. Raises UserError when it was changed meanwhile."""
        await self._set("remove", subscription, None, by, now_ms)

    async def _set(
        self, what: str, before: Subscription | None, after: Subscription | None, by: int, now_ms: int
    ) -> None:
        one = after or before
        if one is None:
            raise ValueError("nothing to write")
        old = str(before.channel_id) if before else ""
        was, becomes = _written(before), _written(after)
        note = _change(by, now_ms, what, one.id, was, becomes)
        args = (one.id, one.guild_id, one.channel_id, old, was, becomes, MOST_PER_GUILD, note)
        outcome = text(await _SUBSCRIBE(self.redis, self.tag, *args))
        if outcome == "stale":
            raise UserError("Somebody changed this subscription meanwhile; look at it again with `/alerts list`.")
        if outcome == "full":
            raise UserError(f"This server has {MOST_PER_GUILD} subscriptions, the most it may; remove one first.")

    async def of_guild(self, guild_id: int) -> list[Subscription]:
        """Give a server's subscriptions, oldest first."""
        return await self._members(f"{self.tag}:subs:guild:{guild_id}")

    async def of_channel(self, channel_id: int) -> list[Subscription]:
        """Give a channel's subscriptions, oldest first."""
        return await self._members(f"{self.tag}:subs:channel:{channel_id}")

    async def _members(self, key: str) -> list[Subscription]:
        async with storing("read subscriptions"):
            ids = await self.redis.smembers(key)
        return sorted(await self._by_ids([text(one) for one in ids]), key=lambda s: (s.created_at_ms, s.id))

    async def _by_ids(self, ids: Sequence[str]) -> list[Subscription]:
        if not ids:
            return []
        async with storing("read subscriptions"):
            rows = await self.redis.hmget(f"{self.tag}:subs", list(ids))
        return await self._with_pauses((one, row) for one, row in zip(ids, rows, strict=True) if row)

    async def _with_pauses(self, rows: Iterable[tuple[str, bytes]]) -> list[Subscription]:
        read = [self.unread.read("subscription", one, row, _subscriptions.decode) for one, row in rows]
        found = [subscription for subscription in read if subscription is not None]
        channels = list({s.channel_id for s in found})
        if not channels:
            return []
        async with storing("read which channels are shut"):
            reasons = await self.redis.hmget(f"{self.tag}:shut", [str(c) for c in channels])
        shut = {channel: text(why) for channel, why in zip(channels, reasons, strict=True) if why}
        return [msgspec.structs.replace(s, paused=shut[s.channel_id]) if s.channel_id in shut else s for s in found]

    async def pause(self, channel_id: int, reason: str, *, by: int = 0, now_ms: int) -> bool:
        """Shut a channel for all its subscriptions; they are kept. False when it was shut already."""
        guild_id = next((s.guild_id for s in await self.of_channel(channel_id)), 0)
        note = _change(by, now_ms, "pause", str(channel_id), "", reason)
        return bool(await _SHUT(self.redis, self.tag, channel_id, guild_id, reason, note))

    async def resume(self, channel_id: int, *, by: int, now_ms: int) -> tuple[bool, int]:
        """Open a channel again; gives whether it was shut and how many posts of the last 24 h are now sent."""
        guild_id = next((s.guild_id for s in await self.of_channel(channel_id)), 0)
        note = _change(by, now_ms, "resume", str(channel_id))
        reply = await _OPEN(self.redis, self.tag, channel_id, guild_id, now_ms - HELD_MS, note)
        return bool(reply[0]), int(reply[1])

    async def shut(self, guild_id: int) -> list[Shut]:
        """Give a server's shut channels, for as long as they are shut."""
        async with storing("read which channels are shut"), self.redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(f"{self.tag}:shut").hgetall(f"{self.tag}:shut:guild")
            reasons, guilds = await pipe.execute()
        found = [Shut(int(channel), int(guilds.get(channel, 0)), text(why)) for channel, why in reasons.items()]
        return sorted((one for one in found if one.guild_id == guild_id), key=lambda one: one.channel_id)

    async def untold(self) -> list[Shut]:
        """Give the shut channels whose owner was not told yet."""
        async with storing("read whose owner was not told"):
            rows = await self.redis.hgetall(f"{self.tag}:untold")
            reasons = await self.redis.hmget(f"{self.tag}:shut", list(rows)) if rows else []
        pairs = zip(rows.items(), reasons, strict=True)
        return [Shut(int(channel), int(guild), text(reason)) for (channel, guild), reason in pairs]

    async def told(self, channel_id: int) -> None:
        """Write down that the owner knows."""
        async with storing("note that an owner was told"):
            await self.redis.hdel(f"{self.tag}:untold", str(channel_id))

    async def load(self, index: Index) -> tuple[str, int]:
        """Fill the index with every subscription; gives the place in the log from which `follow` goes on. It is never
        emptied meanwhile: an alert that is routed just then would be wanted by nobody, and lost.
        """
        log = f"{self.tag}:subs:log"
        async with storing("read the log of subscriptions"):
            last = await self.redis.xrevrange(log, count=1)
        place = (text(last[0][0]), int(last[0][1][b"version"])) if last else ("0-0", 0)
        ids: set[str] = set()
        cursor = 0
        while True:
            async with storing("read subscriptions"):
                cursor, rows = await self.redis.hscan(f"{self.tag}:subs", cursor, count=PAGE)
            for subscription in await self._with_pauses((text(one), row) for one, row in rows.items()):
                index.put(subscription)
                ids.add(subscription.id)
            if int(cursor) == 0:
                index.keep(ids)
                return place

    async def advance(self, index: Index, place: tuple[str, int], *, block_ms: int) -> tuple[str, int]:
        """Wait for changes and bring them into the index. `block_ms` must be below the client's socket time-out."""
        log = f"{self.tag}:subs:log"
        async with storing("read the log of subscriptions", TIMEOUT_S + block_ms / 1000):
            reply = await self.redis.xread({log: place[0]}, count=500, block=block_ms)
        for entry_id, fields in entries(reply):
            version = int(fields[b"version"])
            if version != place[1] + 1:  # the log was cut under us, or the store went back
                return await self.load(index)
            place = (text(entry_id), version)
            if b"sub" in fields:
                await self._refresh(index, [text(fields[b"sub"])])
            else:
                key = f"{self.tag}:subs:channel:{text(fields[b'channel'])}"
                async with storing("read subscriptions"):
                    members = await self.redis.smembers(key)
                await self._refresh(index, [text(one) for one in members])
        return place

    async def _refresh(self, index: Index, ids: Sequence[str]) -> None:
        found = {s.id: s for s in await self._by_ids(ids)}
        for subscription_id in ids:
            if subscription_id in found:
                index.put(found[subscription_id])
            else:
                index.drop(subscription_id)

    async def follow(
        self,
        index: Index,
        place: tuple[str, int],
        *,
        block_ms: int = 1000,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the index true for ever; after trouble with the store it is loaded anew."""
        failing = False
        while True:
            try:
                if failing:
                    place = await self.load(index)
                    failing = False
                    _log.info("subscriptions are followed again")
                place = await self.advance(index, place, block_ms=block_ms)
            except StoreError as error:
                if not failing:
                    _log.warning("subscriptions cannot be followed", error=str(error))
                failing = True
                await sleep(1.0)


class Mutes(_Store):
    """Snoozes: a subject that a channel does not want to hear of until a time. They end by themselves."""

    async def snooze(
        self, channel_id: int, subject: str, until_ms: int, *, guild_id: int, by: int, now_ms: int
    ) -> None:
        """Hush a subject in a channel until a time; a later snooze replaces an earlier one."""
        note = _change(by, now_ms, "snooze", f"{channel_id}:{subject}", "", str(until_ms))
        await _SNOOZE(self.redis, self.tag, channel_id, subject, until_ms, now_ms, guild_id, note)

    async def end(self, channel_id: int, subject: str, *, guild_id: int, by: int, now_ms: int) -> None:
        """End a snooze before its time."""
        note = _change(by, now_ms, "unsnooze", f"{channel_id}:{subject}")
        await _SNOOZE(self.redis, self.tag, channel_id, subject, 0, now_ms, guild_id, note)

    async def until(self, subject: str, channel_ids: Sequence[int], *, now_ms: int) -> dict[int, int]:
        """Give, for those of the channels that snooze the subject, when that ends (ms)."""
        async with storing("read snoozes"), self.redis.pipeline(transaction=False) as pipe:
            for channel in channel_ids:
                pipe.hget(f"{self.tag}:mutes:{channel}", subject)
            found = await pipe.execute()
        pairs = zip(channel_ids, found, strict=True)
        return {channel: int(till) for channel, till in pairs if till and int(till) > now_ms}
