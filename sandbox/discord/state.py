"""What this Discord holds: guilds, channels, roles, members, messages, commands and interactions, as plain data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

Json = dict[str, Any]

EPOCH_MS: Final = 1_420_070_400_000
"""First millisecond of a snowflake. Source: discord-api-docs `reference.mdx`, "Snowflakes"."""

FIXED: Final = 1_100_000_000_000_000_000
"""Ids of the guild that is there from the start are counted from here, so that they outlive a restart."""

TEXT: Final = 0
DM: Final = 1
ANNOUNCEMENT: Final = 5
THREADS: Final = frozenset({10, 11, 12})
FORUMS: Final = frozenset({15, 16})

EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
COMPONENTS_V2: Final = 1 << 15
HAS_THREAD: Final = 1 << 5
CROSSPOSTED: Final = 1 << 0


def iso(at_s: float) -> str:
    """Draw seconds since 1970 as Discord's ISO 8601 time."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="microseconds")


class Snowflakes:
    """Give strictly growing ids that carry the clock's time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0

    def __call__(self) -> int:
        """Give the next id."""
        value = (int(self._clock() * 1000) - EPOCH_MS) << 22
        self._last = max(self._last + 1, value)
        return self._last


@dataclass(slots=True)
class User:
    """A person or a bot."""

    id: int
    username: str
    display: str
    bot: bool = False


@dataclass(slots=True)
class Role:
    """The role with the guild's own id is @everyone."""

    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False
    managed: bool = False
    mentionable: bool = False


@dataclass(slots=True)
class Member:
    """A user in a guild."""

    user_id: int
    joined_at_s: float
    roles: list[int] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True)
class Overwrite:
    """What a channel allows and denies to a role (`kind` 0) or a member (`kind` 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Message:
    """One message. `seen_by` is set on an ephemeral one, which lives outside the channel's list."""

    id: int
    channel_id: int
    author_id: int
    at_s: float
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: int = 0
    kind: int = 0
    nonce: str | int | None = None
    edited_at_s: float | None = None
    pinned: bool = False
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reference: Json | None = None
    interaction: Json | None = None
    webhook_id: int | None = None
    thread_id: int | None = None
    poll: Json | None = None
    seen_by: int | None = None


@dataclass(slots=True)
class Channel:
    """A channel, a thread or a direct conversation (`guild_id` None)."""

    id: int
    guild_id: int | None
    name: str
    kind: int = TEXT
    position: int = 0
    topic: str | None = None
    parent_id: int | None = None
    owner_id: int | None = None
    created_at_s: float = 0.0
    archived: bool = False
    locked: bool = False
    archive_after_min: int = 1440
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipients: tuple[int, ...] = ()
    applied_tags: list[int] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int | None = None

    @property
    def is_thread(self) -> bool:
        """Say whether this is a thread of any kind."""
        return self.kind in THREADS


@dataclass(slots=True)
class Guild:
    """One community."""

    id: int
    name: str
    owner_id: int
    created_at_s: float
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)


@dataclass(slots=True)
class Interaction:
    """Something a person did that waits for the bot's answer.

    `answer` is the callback's body as received; `message_id` the reply it made or edited; `source_id` what was pressed;
    `trigger` what brought the form that was filled in.
    """

    id: int
    token: str
    kind: int
    user_id: int
    guild_id: int | None
    channel_id: int
    name: str
    at_s: float
    payload: Json = field(default_factory=dict)
    source_id: int | None = None
    answer: Json | None = None
    answered_at_s: float | None = None
    message_id: int | None = None
    edits: list[Json] = field(default_factory=list)
    followups: list[int] = field(default_factory=list)
    settled: bool = False
    trigger: "Interaction | None" = None


@dataclass(slots=True)
class World:
    """Everything at once. `hidden` holds ephemeral messages by id."""

    app_id: int
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    hidden: dict[int, Message] = field(default_factory=dict)
    commands: dict[int | None, dict[int, Json]] = field(default_factory=lambda: {None: {}})
    interactions: dict[str, Interaction] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def message(self, channel_id: int, message_id: int) -> Message | None:
        """Find a message of a channel, an ephemeral one too."""
        channel = self.channels.get(channel_id)
        found = channel.messages.get(message_id) if channel else None
        if found is None:
            hidden = self.hidden.get(message_id)
            found = hidden if hidden is not None and hidden.channel_id == channel_id else None
        return found
