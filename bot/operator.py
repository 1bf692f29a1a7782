"""What the operator is told, in the operator's channel where one is set, and in the log in any case."""

import secrets

import structlog

from bot.cards import figures
from bot.cards.card import Accent, Card
from bot.deliver.port import ChannelPort
from config.settings import Chain
from watchers.errors import Undeliverable

log = structlog.get_logger(__name__)


class OperatorChannel:
    """Says notices, stalls and recoveries. Raises NotDelivered when one cannot be told now; a channel that is closed to
    us for good leaves it to the log.
    """

    def __init__(self, port: ChannelPort | None, channel_id: int | None) -> None:
        self._port, self._channel_id = port, channel_id

    async def notice(self, text: str) -> None:
        """Tell the operator one thing."""
        log.warning("operator notice", text=text)
        await self._post(Card(headline="Operator notice", accent="warning", facts=(text,)))

    async def stalled(self, chain: Chain, since_s: float, head: int) -> None:
        """Say that a chain stands still."""
        what, seen = "block", f"The last head seen is block {figures.number(head)}."
        if chain.hub:
            what, seen = "reading", f"It was last asked <t:{head}:R>." if head else "It was never asked."
        facts = (
            f"No new {what} of {chain.name} was committed for **{figures.duration(int(since_s))}**.",
            f"{seen} It is being tried again; `/status` tells how.",
        )
        await self._said(f"{chain.name} stands still", "bad", facts)

    async def recovered(self, chain: Chain, gap_blocks: int, down_s: float) -> None:
        """Say that it moves again and what there is to catch up."""
        behind = "" if chain.hub else f"; {figures.number(gap_blocks)} blocks were behind"
        kept = "No vote is skipped: all since then are read" if chain.hub else "None is skipped: each is read in order"
        facts = (
            f"It stood for **{figures.duration(int(down_s))}**{behind}.",
            f"{kept}, and alerts found late say how late.",
        )
        await self._said(f"{chain.name} moves again", "good", facts)

    async def _said(self, headline: str, accent: Accent, facts: tuple[str, ...]) -> None:
        try:
            await self._post(Card(headline=headline, accent=accent, facts=facts, small="said once, until it changes"))
        except Undeliverable as error:  # the channel is gone or closed to us: to try again would not help
            log.warning("the operator's channel refused", why=str(error))

    async def _post(self, card: Card) -> None:
        if self._port is None or self._channel_id is None:
            return
        # one of its own each time: Discord would swallow a notice in the words of one from a minute ago
        await self._port.post(self._channel_id, card, secrets.token_hex(12))
