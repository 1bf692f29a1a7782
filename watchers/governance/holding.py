"""What is kept of transfers: those of tokens whose holders are asked for, that move anything. Pure."""

from collections.abc import Sequence

from config.settings import Chain, Settings
from watchers.event import Event
from watchers.governance.events import HolderChange
from watchers.wing import Situation


def moves(event: Event) -> bool:
    """Tell whether a book changes by it: nothing, and what one sends to oneself, costs nothing."""
    return not isinstance(event, HolderChange) or (event.amount_raw > 0 and event.payer != event.payee)


def held(events: Sequence[Event], at: Situation) -> list[HolderChange]:
    """Keep what the tokens said whose holders are kept."""
    if not any(isinstance(event, HolderChange) for event in events):
        return []
    ours = at.settings.holders_on(at.chain)
    return [event for event in events if isinstance(event, HolderChange) and event.address in ours and moves(event)]


def holders_from(settings: Settings, chain: Chain) -> dict[str, int]:
    """Give the tokens of a chain whose holders are kept, each with the block that reading begins at: 0 where no DAO
    says a later one.
    """
    starts = {
        dao.token: dao.token_start_block
        for dao in settings.daos.values()
        if dao.chain == chain.key and dao.token and dao.token_start_block is not None
    }
    return {token: starts.get(token, 0) for token in sorted(settings.holders_on(chain))}
