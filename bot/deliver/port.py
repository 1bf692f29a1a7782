"""The edges of delivery as Protocols: Discord's channels, the owner of a route, the operator, the drawing of a card.

Errors of a port: NotDelivered (and Throttled) when Discord refuses for now, Undeliverable with Discord's code when it
never will, SettingsError when it refuses our token.
Source: Discord documentation, "Opcodes and Status Codes", table "JSON Error Codes".
"""

from collections.abc import Sequence
from typing import Protocol

from bot.cards.card import Card
from watchers.alert import AlertState
from watchers.errors import NotDelivered

UNKNOWN_CHANNEL = 10003
UNKNOWN_GUILD = 10004
UNKNOWN_MESSAGE = 10008
INVALID_BODY = 50035
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
THREAD_ARCHIVED = 50083
THREAD_EXISTS = 160004
THREAD_LOCKED = 160005


class Throttled(NotDelivered):
    """Discord asks the whole bot to wait, not one channel."""


class ChannelPort(Protocol):
    """What the sender needs of Discord. A thread is a channel with an id of its own."""

    async def post(self, channel_id: int, card: Card, nonce: str) -> int:
        """Post a card and give its message id. The same nonce within a few minutes gives the same message."""
        ...

    async def edit(self, channel_id: int, message_id: int, card: Card) -> None:
        """Bring a message to this card."""
        ...

    async def start_thread(self, channel_id: int, message_id: int, name: str) -> None:
        """Start a thread on a message; one that is there already is success, and its id is the message's. Raises
        Undeliverable with INVALID_BODY where Discord will have no thread.
        """
        ...

    def link(self, channel_id: int, message_id: int) -> str:
        """Link a message; empty where the server is not known."""
        ...

    async def recent(self, channel_id: int, after_ms: int, limit: int) -> list[tuple[int, str]]:
        """Give our own messages as (id, all their text): the `limit` first after `after_ms`; for 0 the newest."""
        ...


class Owner(Protocol):
    """Who is told that a channel was shut."""

    async def tell(self, guild_id: int, channel_id: int, reason: str) -> None:
        """Tell the person who can mend it. Raises NotDelivered to be asked again later."""
        ...


class Operator(Protocol):
    """Who runs this bot."""

    async def notice(self, text: str) -> None:
        """Tell the operator one thing. Raises NotDelivered when it cannot be told now."""
        ...


class Render(Protocol):
    """`bot.cards.render` with what it needs to know already bound."""

    def __call__(self, states: Sequence[AlertState], *, ping_role: int | None) -> Card:
        """Draw the card of a post from the alerts in it."""
        ...
