"""`Desk`: everything that a command may use, put together once in `bot.speaking`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from bot.cards.card import Card, Picture
from bot.cards.lexicon import Lexicon
from bot.charts.plots import Plot
from bot.store import Mutes, Subscriptions
from config.settings import Dao, Settings
from watchers.alert import AlertState
from watchers.appraisal import Appraised
from watchers.delegates import Book, DelegateBooks
from watchers.facts import Ask as Question
from watchers.facts import Facts
from watchers.governance.electors import tokens_on
from watchers.governance.events import ProposalChange, title_of
from watchers.governance.holding import holders_from
from watchers.history import History, StoredEvent
from watchers.holders import HolderBooks
from watchers.inquiry import Standing
from watchers.lookup import Found
from watchers.wing import Ballot


class Line(NamedTuple):
    """One line of `/status`: what, how it is, and whether that is well."""

    what: str
    how: str
    well: bool


class Appraise(Protocol):
    """Values the liquidity that moved lately: `watchers.appraisal.Appraiser.lately`."""

    async def __call__(
        self, *, chain_id: int | None, protocol: str | None, floor: Decimal | None, limit: int
    ) -> Appraised:
        """Value the moves of one chain or of all."""
        ...


class Ask(Protocol):
    """Asks a governor how a proposal stands: `watchers.inquiry.Inquiry.standing`."""

    async def __call__(
        self, dao: Dao, proposal_id: int, steps: Sequence[StoredEvent], ballots: Sequence[Ballot] | None
    ) -> Standing | None:
        """Give the standing; None when the chain cannot be asked."""
        ...


class AskFacts(Protocol):
    """Puts questions to a chain: `watchers.asking.Asking.facts`."""

    async def __call__(self, chain_id: int, asks: Sequence[Question[Any]]) -> Facts | None:
        """Answer them; None when the chain cannot be asked."""
        ...


class Draw(Protocol):
    """Draws a plot as a file of that name: `bot.charts.studio.Studio.draw`."""

    async def __call__(self, plot: Plot, name: str) -> Picture | None:
        """Give the picture; None when it cannot be drawn."""
        ...


@dataclass(frozen=True)
class Desk:
    """See the module's docstring. `protocols` maps a kind of news to the protocols that can speak of it; `status` tells
    the server of that id how all is.
    """

    settings: Settings
    lexicon: Lexicon
    history: History
    subscriptions: Subscriptions
    mutes: Mutes
    protocols: Mapping[str, Sequence[str]]
    alert: Callable[[int, str], Awaitable[AlertState | None]]
    look_up: Callable[[str], Awaitable[Found | None]]
    appraise: Appraise
    ask: Ask
    facts: AskFacts
    books: DelegateBooks
    holders: HolderBooks
    status: Callable[[int | None], Awaitable[list[Line]]]
    post: Callable[[int, Card], Awaitable[int]]
    clock_ms: Callable[[], int]
    draw: Draw

    @property
    def now_s(self) -> int:
        """Seconds since 1970."""
        return self.clock_ms() // 1000

    @property
    def since(self) -> str:
        """The sentence that says how far back answers reach."""
        return f"History starts {self.settings.runtime.history_h} h before Tribune first read the chain."

    async def book(self, dao: Dao) -> Book | None:
        """Read the book of a DAO's delegates; None where its token has none."""
        chain = self.settings.chains[dao.chain]
        start = tokens_on(self.settings, chain).get(dao.token)
        return None if start is None else await self.books.book(chain.id, dao.token, start)

    async def held(self, dao: Dao) -> Book | None:
        """Read the book of who holds a DAO's token; None where none is kept."""
        chain = self.settings.chains[dao.chain]
        start = holders_from(self.settings, chain).get(dao.token)
        return None if start is None else await self.holders.book(chain.id, dao.token, start)

    async def title(self, chain_id: int, governor: str, proposal_id: int) -> str:
        """Read the title of a proposal; empty for one that was created before our history."""
        steps = await self.history.proposal(chain_id, governor, proposal_id)
        told = (s.event.description for s in steps if isinstance(s.event, ProposalChange))
        return next((title for text in told if (title := title_of(text))), "")

    def dao_of(self, chain_id: int, governor: str) -> Dao | None:
        """Find the DAO that a governor decides for."""
        chain = self.lexicon.chain(chain_id)
        daos = self.settings.daos.values()
        return next((d for d in daos if chain and d.chain == chain.key and d.governor == governor), None)
