"""Who is told that something went wrong: the operator, and the owner of a channel that was shut."""

import asyncio
from typing import Final

import structlog

from bot.deliver.port import Operator, Owner
from bot.store import Shut, Subscriptions
from watchers.errors import NotDelivered, SettingsError, StoreError, TribuneError, Undeliverable

TELL_S: Final = 15.0
_log = structlog.get_logger(__name__)


class Notices:
    """Tells them, and never fails: what cannot be told is in the log, or is told later."""

    def __init__(
        self, subscriptions: Subscriptions, owner: Owner, operator: Operator, *, tell_s: float = TELL_S
    ) -> None:
        self._subscriptions, self._owner, self._operator, self._tell_s = subscriptions, owner, operator, tell_s

    async def notice(self, text: str) -> None:
        """Tell the operator one thing."""
        try:
            async with asyncio.timeout(self._tell_s):
                await self._operator.notice(text)
        except (TribuneError, TimeoutError) as error:
            _log.warning("the operator could not be told", text=text, error=str(error))

    async def tell_owners(self) -> None:
        """Tell each owner of a shut channel once; who cannot be told now is asked again the next time."""
        try:
            for shut in await self._subscriptions.untold():
                if await self._told(shut):
                    await self._subscriptions.told(shut.channel_id)
                    _log.info("a channel was shut", channel=shut.channel_id, reason=shut.reason)
        except StoreError as error:
            _log.debug("owners are told later", error=str(error))

    async def _told(self, shut: Shut) -> bool:
        try:
            async with asyncio.timeout(self._tell_s):
                await self._owner.tell(shut.guild_id, shut.channel_id, shut.reason)
        except (NotDelivered, SettingsError, TimeoutError):
            return False
        except Undeliverable as error:
            _log.warning("an owner cannot be told", channel=shut.channel_id, error=str(error))
        return True
