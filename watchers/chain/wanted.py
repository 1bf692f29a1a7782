"""What logs are ours: `Wanted`, as `eth_getLogs` is asked for them and as a header's bloom bounds them. Pure.

Topics are wanted of anybody. An ERC-20 `Transfer` is not, since that would bring every transfer of the chain: it is
wanted of given tokens, from given payers or to given payees, each a filter of its own in the same batch. A long list is
cut into several filters, because nodes bound what one may hold.

Source: ethereum/execution-apis, schema `Filter`. Why: ADR 13.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from watchers.chain.block import Header, Log
from watchers.chain.proof import BLOOM_BITS, mask_of
from watchers.facts import Call

# keccak of Transfer(address,address,uint256): of ERC-20, and of ERC-721 with a fourth topic
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
ALTERNATIVES_MAX = 500  # values in one place of a filter; of the nodes that say their limit, none has a lower one
_PADDING = "0x" + "0" * 24


class LogFilter(NamedTuple):
    """One `eth_getLogs`: alternatives for each topic in turn and for the address; none at a place: anything."""

    topics: tuple[tuple[str, ...], ...] = ()
    addresses: tuple[str, ...] = ()

    def call(self, where: dict[str, str]) -> Call:
        """Build the call; `where` is a block hash or a range."""
        query: dict[str, object] = dict(where)
        if any(self.topics):
            query["topics"] = [list(place) or None for place in self.topics]
        if self.addresses:
            query["address"] = list(self.addresses) if len(self.addresses) > 1 else self.addresses[0]
        return Call("eth_getLogs", (query,))

    def takes(self, log: Log) -> bool:
        """Tell whether a node that keeps to the filter gives this log."""
        topics = log.topics
        return (not self.addresses or log.address in self.addresses) and all(
            not place or (at < len(topics) and topics[at] in place) for at, place in enumerate(self.topics)
        )

    def halves(self) -> tuple["LogFilter", "LogFilter"] | None:
        """Cut the addresses in two, else a place of the topics. None where nothing is left to cut."""
        if len(self.addresses) > 1:
            few, others = _halves(self.addresses)
            return self._replace(addresses=few), self._replace(addresses=others)
        for at in reversed(range(len(self.topics))):
            if len(self.topics[at]) > 1:
                cut = [(*self.topics[:at], half, *self.topics[at + 1 :]) for half in _halves(self.topics[at])]
                return self._replace(topics=cut[0]), self._replace(topics=cut[1])
        return None


class Transfers(NamedTuple):
    """Transfers of these tokens, from these payers, to these payees; none at a place: of, from or to anybody."""

    tokens: frozenset[str] = frozenset()
    payers: frozenset[str] = frozenset()
    payees: frozenset[str] = frozenset()

    def takes(self, log: Log) -> bool:
        """Tell whether a log is one of them."""
        topics = log.topics
        return (
            bool(topics)
            and topics[0] == TRANSFER
            and (not self.tokens or log.address in self.tokens)
            and (not self.payers or _names(topics, 1, self.payers))
            and (not self.payees or _names(topics, 2, self.payees))
        )

    def filters(self) -> Iterator[LogFilter]:
        """Give the filters that bring them; none without a restriction, which would bring all of the chain."""
        if not any(self):
            return
        payers, payees = (sorted(map(_word, of)) for of in (self.payers, self.payees))
        for some in product(_pieces(sorted(self.tokens)), _pieces(payers), _pieces(payees)):
            places: tuple[tuple[str, ...], ...] = ((TRANSFER,), some[1], some[2])
            while not places[-1]:
                places = places[:-1]
            yield LogFilter(places, some[0])


class Doubt(NamedTuple):
    """What a bloom holds against an answer: how many values it allows that no log shows, and how likely that is by
    chance (0..1) although the answer is whole. `empty`: no log at all was given. `joint`: the values must come
    together in one log, which a bloom cannot tell, so that a whole answer may look short again and again.
    """

    values: int
    by_chance: float
    empty: bool
    joint: bool = False


class _Trace:
    """What a filter's logs leave in a bloom: one value of the place that says most, and some value of each other."""

    def __init__(self, one: LogFilter) -> None:
        places = [(at, place) for at, place in enumerate(one.topics) if place]
        places = [*places[:1], (-1, one.addresses), *places[1:]] if one.addresses else places
        self.filter = one
        self.at, said = places[-1]
        self.masks = {value: mask_of(value) for value in said}
        self.others = [[mask_of(value) for value in place] for _, place in places[:-1]]

    def doubt(self, bloom: int, logs: Sequence[Log]) -> Doubt | None:
        if not all(any(bloom & mask == mask for mask in place) for place in self.others):
            return None
        shown = {log.address if self.at < 0 else log.topics[self.at] for log in logs if self.filter.takes(log)}
        absent = [mask for value, mask in self.masks.items() if value not in shown]
        allowed = sum(1 for mask in absent if bloom & mask == mask)
        if not allowed:
            return None
        # a value that is not in the block sets three bits, so it passes a bloom of fill f with chance f^3
        fill = min(1.0, bloom.bit_count() / BLOOM_BITS)
        return Doubt(allowed, 1.0 - (1.0 - fill**3) ** len(absent), not logs, bool(self.others))


class Wanted:
    """The logs of one chain that are ours. `filters` bring them, the first one what is wanted of anybody."""

    def __init__(self, topics: Iterable[str], transfers: Iterable[Transfers] = ()) -> None:
        self.topics = tuple(dict.fromkeys(topics))
        self.transfers = () if TRANSFER in self.topics else tuple(one for one in dict.fromkeys(transfers) if any(one))
        self._of_anybody = frozenset(self.topics)
        narrow = dict.fromkeys(one for wanted in self.transfers for one in wanted.filters())
        wide = [LogFilter((piece,)) for piece in _pieces(self.topics)] if self.topics or not narrow else []
        self.filters = (*wide, *narrow)
        self._traces = [_Trace(one) for one in self.filters if any(one.topics)]

    def takes(self, log: Log) -> bool:
        """Tell whether a log is ours."""
        topics = log.topics
        if not topics:
            return False
        if topics[0] in self._of_anybody:
            return True
        return topics[0] == TRANSFER and any(one.takes(log) for one in self.transfers)

    def calls(self, where: dict[str, str]) -> list[Call]:
        """Build the calls that bring the logs of a block or a range, for one batch."""
        return [one.call(where) for one in self.filters]

    def doubts(self, header: Header, logs: Sequence[Log]) -> list[Doubt]:
        """Say where the bloom allows what no log shows, filter by filter; none: nothing can be missing."""
        bloom = int(header.logs_bloom, 16)
        if bloom == 0:
            return []  # nothing to see, or a chain that keeps no bloom
        return [doubt for trace in self._traces if (doubt := trace.doubt(bloom, logs)) is not None]


def _word(address: str) -> str:
    return _PADDING + address[2:]


def _names(topics: tuple[str, ...], at: int, addresses: frozenset[str]) -> bool:
    return at < len(topics) and topics[at].startswith(_PADDING) and "0x" + topics[at][26:] in addresses


def _pieces(values: Sequence[str]) -> list[tuple[str, ...]]:
    """Cut a list into what one filter may hold; one empty piece for none."""
    starts = range(0, max(1, len(values)), ALTERNATIVES_MAX)
    return [tuple(values[at : at + ALTERNATIVES_MAX]) for at in starts]


def _halves(values: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return values[: len(values) // 2], values[len(values) // 2 :]
