"""Dollars, where a price can be defended: a Chainlink feed of the token itself, read at the block before.

Units: prices are dollars for one whole token; everything is Decimal, computed with more digits than 2^256 has.
A price is refused, and the amount has none, when the feed answers zero or less, when its round is older than the feed's
heartbeat and a grace, when it is dated after the block, and, on a chain with a sequencer feed, while the sequencer is
down or has been up for less than an hour. A stablecoin has the price of its feed and no other. No price is None, not 0.
Source: docs.chain.link, "Using Data Feeds" and "L2 Sequencer Uptime Feeds"; AggregatorV3Interface.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from typing import Any, NamedTuple

from config.settings import Chain, TokenDef
from watchers.alert import Amount
from watchers.facts import MAX_DECIMALS, Answer, Ask, Call, Facts, TokenInfo, eth_call, words

# A round may come this late after its heartbeat: blocks are full at times.
FEED_GRACE_S = 900
# Prices are not trusted for this long after a sequencer came back: the feeds catch up first.
SEQUENCER_GRACE_S = 3600
EXACT = Context(prec=200)
CENT = Decimal("0.01")
# What no honest symbol exceeds; the rest of a longer one says nothing.
MAX_SYMBOL = 24


class Quote(NamedTuple):
    """A Chainlink round: the answer in the feed's units, and when it began and was last updated."""

    answer: int
    started_at_s: int
    updated_at_s: int


class Round(Ask[Quote], frozen=True):
    """`latestRoundData` of a feed at N-1; of the sequencer's feed as well, where 0 means up."""

    feed: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Read at N-1."""
        return (eth_call(self.feed, "latestRoundData()", block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> Quote | None:
        """Leave the round's ids out; `answeredInRound` says nothing any more."""
        found = words(answers[0], "uint80", "int256", "uint256", "uint256", "uint80")
        return Quote(found[1], found[2], found[3]) if found else None


class FeedDecimals(Ask[int], frozen=True):
    """In what units a feed answers."""

    lifetime = "forever"
    feed: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the feed."""
        return (eth_call(self.feed, "decimals()", block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Refuse what no feed has."""
        found = words(answers[0], "uint256")
        return int(found[0]) if found and found[0] <= MAX_DECIMALS else None


class Price(NamedTuple):
    """Dollars for one whole token, who says so and since when."""

    usd: Decimal
    source: str
    time_s: int


def sequencer_up(quote: Quote | None, now_s: int) -> bool:
    """Tell whether a rollup's prices may be used: its sequencer is up (answer 0) and has been for an hour."""
    return quote is not None and quote.answer == 0 and 0 < quote.started_at_s <= now_s - SEQUENCER_GRACE_S


def price(token: TokenDef, quote: Quote | None, decimals: int | None, now_s: int) -> Price | None:
    """Judge a feed's round at the block's time; None when it cannot be defended."""
    if token.feed is None or quote is None or decimals is None or quote.answer <= 0:
        return None
    if not now_s - token.feed_heartbeat_s - FEED_GRACE_S <= quote.updated_at_s <= now_s:
        return None
    return Price(
        EXACT.scaleb(Decimal(quote.answer), -decimals),
        f"Chainlink feed {token.feed[:6]}…{token.feed[-4:]}",
        quote.updated_at_s,
    )


class Currency(NamedTuple):
    """One token of a pool as we know it."""

    address: str
    symbol: str
    decimals: int | None
    price: Price | None

    def amount(self, raw: int) -> Amount:
        """Say an amount of it, in dollars as well when that can be defended."""
        usd = self.value(raw)
        if usd is None or self.price is None:
            return Amount(self.address, self.symbol, self.decimals, raw)
        return Amount(self.address, self.symbol, self.decimals, raw, usd, self.price.source, self.price.time_s)

    def value(self, raw: int) -> Decimal | None:
        """Give the dollars of an amount, to the cent."""
        if self.price is None or self.decimals is None:
            return None
        whole = EXACT.scaleb(Decimal(raw), -self.decimals)
        return EXACT.quantize(EXACT.multiply(whole, self.price.usd), CENT)

    @property
    def label(self) -> str:
        """Its symbol, or, where it gives none, its address cut short."""
        return self.symbol or f"{self.address[:6]}…{self.address[-4:]}"


def currency(address: str, listed: dict[str, TokenDef], info: TokenInfo | None, quoted: Price | None) -> Currency:
    """Describe a token: the operator's word first, then the chain's. A token that borrows the symbol of a listed one is
    called unlisted.
    """
    ours = listed.get(address)
    if ours is not None:
        return Currency(address, ours.symbol, ours.decimals, quoted)
    symbol = shown(info.symbol) if info else ""
    if symbol and _plain(symbol) in {_plain(token.symbol) for token in listed.values()}:
        symbol = f"{symbol} (unlisted)"
    return Currency(address, symbol, info.decimals if info else None, None)


def shown(symbol: str) -> str:
    """Cut a symbol that no person could read."""
    clean = "".join(c for c in symbol[: 4 * MAX_SYMBOL] if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}).strip()
    return clean if len(clean) <= MAX_SYMBOL else clean[: MAX_SYMBOL - 1] + "…"


def _plain(symbol: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", symbol).casefold() if c.isalnum())


def listed_on(chain: Chain, tokens: Iterable[TokenDef]) -> dict[str, TokenDef]:
    """Give the operator's tokens of one chain by address."""
    return {token.address: token for token in tokens if token.chain == chain.key}


def price_asks(token: TokenDef, chain: Chain) -> Iterator[Ask[Any]]:
    """Ask what a listed token's price is made of."""
    if token.feed is not None:
        yield Round(token.feed)
        yield FeedDecimals(token.feed)
        if chain.sequencer_feed is not None:
            yield Round(chain.sequencer_feed)


def price_of(token: TokenDef | None, chain: Chain, facts: Facts, now_s: int) -> Price | None:
    """Give a listed token's price by the answers at hand."""
    if token is None or token.feed is None:
        return None
    up = chain.sequencer_feed is None or sequencer_up(facts.get(Round(chain.sequencer_feed)), now_s)
    return price(token, facts.get(Round(token.feed)), facts.get(FeedDecimals(token.feed)), now_s) if up else None
