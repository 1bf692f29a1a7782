"""`Desk`: everything that a command may use, put together once in `bot.app`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.cards.card import Card
from bot.cards.lexicon import Lexicon
from bot.store import Mutes, SettingsHistory, Subscriptions
from config.settings import Dao, Settings
from watchers.alert import AlertState
from watchers.history import History
from watchers.lookup import Found


class Line(NamedTuple):
    """One line of `/status`: what, how it is, and whether that is well."""

    what: str
    how: str
    well: bool


@dataclass(frozen=True)
class Desk:
    """See the module's docstring. `protocols` maps a kind of news to the protocols that can speak of it."""

    settings: Settings
    lexicon: Lexicon
    history: History
    subscriptions: Subscriptions
    mutes: Mutes
    changes: SettingsHistory
    protocols: Mapping[str, Sequence[str]]
    alert: Callable[[int, str], Awaitable[AlertState | None]]
    look_up: Callable[[str], Awaitable[Found | None]]
    status: Callable[[], Awaitable[list[Line]]]
    post: Callable[[int, Card], Awaitable[int]]
    clock_ms: Callable[[], int]

    @property
    def now_s(self) -> int:
        """Seconds since 1970."""
        return self.clock_ms() // 1000

    def dao_of(self, chain_id: int, governor: str) -> Dao | None:
        """Find the DAO that a governor decides for."""
        chain = self.lexicon.chain(chain_id)
        daos = self.settings.daos.values()
        return next((d for d in daos if chain and d.chain == chain.key and d.governor == governor), None)
