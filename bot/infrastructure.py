"""What `/bundlers` and `/paymasters` share: who carries and who pays for user operations, added up from history. Pure
but for `gather`, which reads at most `MAX_SCANNED` records of a chain, a page at a time.

An address is one bundler or paymaster on whatever chains it works; costs are summed within a chain only. An operation
without one stands apart: its bundler is unknown, or its account paid for itself. Success is what the EntryPoint says;
an operation that it accepts while a call inside failed is counted beside it.

Units: costs in wei of each chain's own coin; shares 0..1; times in seconds since 1970.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from bot.cards import figures
from bot.cards.lexicon import Lexicon, shorten
from bot.charts.plots import Line, Panel, Trend
from bot.desk import Desk
from config.settings import Chain
from watchers.batches.events import BatchResult
from watchers.batches.judge import is_operation
from watchers.history import MAX_SCANNED, StoredEvent

Side = Literal["bundler", "paymaster"]
Period = Literal["24 h", "7 d", "30 d"]

HOUR_S, DAY_S = 3_600, 86_400
PERIODS: dict[Period, int] = {"24 h": DAY_S, "7 d": 7 * DAY_S, "30 d": 30 * DAY_S}
DRAWN = 3  # the largest, each with a line of its own
CHAINS = 3  # costs of one line


class Step(NamedTuple):
    """Operations of an hour or a day, and how many of them succeeded."""

    operations: int
    succeeded: int


NOTHING = Step(0, 0)


@dataclass(slots=True)
class Work:
    """Operations of one bundler or paymaster, or of all. `in_part`: accepted, while a call inside failed."""

    operations: int = 0
    succeeded: int = 0
    in_part: int = 0
    by_chain: dict[int, int] = field(default_factory=dict)
    cost_wei: dict[int, int] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)

    def add(self, operation: BatchResult, step_s: int) -> None:
        """Count an operation."""
        self.operations += 1
        self.succeeded += operation.success
        self.in_part += operation.success and operation.outcome == "partial"
        chain_id = operation.chain_id
        self.by_chain[chain_id] = self.by_chain.get(chain_id, 0) + 1
        self.cost_wei[chain_id] = self.cost_wei.get(chain_id, 0) + operation.gas_cost_wei
        before = self.steps.get(step_s, NOTHING)
        self.steps[step_s] = Step(before.operations + 1, before.succeeded + operation.success)

    @property
    def chains(self) -> list[int]:
        """The chains, the one with most operations first."""
        return sorted(self.by_chain, key=lambda chain_id: -self.by_chain[chain_id])


@dataclass
class Market:
    """All operations from `since_s` to `now_s`, by who carried them or who paid. `none` are those without such a one.
    `cut` names the chains of which older operations may be in the period and were not read, with the time from which on
    all were.
    """

    side: Side
    since_s: int
    now_s: int
    step_s: int
    all: Work = field(default_factory=Work)
    none: Work = field(default_factory=Work)
    by_address: dict[str, Work] = field(default_factory=dict)
    cut: dict[int, int] = field(default_factory=dict)
    first_s: int | None = None
    last_s: int | None = None

    def add(self, stored: StoredEvent) -> None:
        """Count what was stored, if it is a user operation of the period."""
        operation, at_s = stored.event, min(stored.time_s, self.now_s)  # a chain may claim any time
        if not isinstance(operation, BatchResult) or not is_operation(operation) or at_s < self.since_s:
            return
        step_s = at_s - at_s % self.step_s
        address = operation.bundler if self.side == "bundler" else operation.paymaster
        whose = self.none
        if address:
            whose = self.by_address.get(address) or self.by_address.setdefault(address, Work())
        for work in (self.all, whose):
            work.add(operation, step_s)
        self.first_s = at_s if self.first_s is None else min(at_s, self.first_s)
        self.last_s = at_s if self.last_s is None else max(at_s, self.last_s)

    @property
    def ranked(self) -> list[tuple[str, Work]]:
        """The addresses, the one with most operations first."""
        return sorted(self.by_address.items(), key=lambda one: (-one[1].operations, one[0]))


async def gather(desk: Desk, side: Side, period: Period, chain: Chain | None) -> Market:
    """Read the operations of a period on one chain or on all. Raises StoreError."""
    span_s = PERIODS[period]
    market = Market(side, desk.now_s - span_s, desk.now_s, HOUR_S if span_s == DAY_S else DAY_S)
    for chain_id in desk.history.chain_ids if chain is None else (chain.id,):
        given, oldest_s = 0, market.since_s
        async for page in desk.history.batches_since(chain_id, market.since_s):
            for stored in page:
                market.add(stored)
            given += len(page)
            oldest_s = page[-1].time_s if page else oldest_s
        if given >= MAX_SCANNED and oldest_s >= market.since_s:
            market.cut[chain_id] = oldest_s
    return market


class Concentration(NamedTuple):
    """How concentrated the operations are among those whose bundler or paymaster is known."""

    hhi: float
    effective_number: float
    nakamoto: int


def concentration(works: Iterable[Work]) -> Concentration | None:
    """Measure the shares of the operations; None where there are none."""
    from watchers.governance.power import Holdings, measure  # noqa: PLC0415 - it brings numpy: only who measures pays

    counts = [work.operations for work in works]
    if not counts:
        return None
    measured = measure(Holdings(counts))
    return Concentration(measured.hhi, measured.effective_number, measured.nakamoto)


# --- in words and in lines --------------------------------------------------------------------------------------------


def share(part: int, whole: int) -> str:
    """Write a part of a whole; `unknown` where there is no whole."""
    return figures.percent(Decimal(part) / whole if whole else None)


def succeeded(work: Work) -> str:
    """Say how many succeeded, and how many of those only in part."""
    part = f", {work.in_part:,} of them only in part" if work.in_part else ""
    return f"{share(work.succeeded, work.operations)} succeeded{part}"


def cost(work: Work, lexicon: Lexicon) -> str:
    """Write what the operations cost on each chain, those with most operations first; never a sum over chains."""
    parts = []
    for chain_id in work.chains[:CHAINS]:
        chain = lexicon.chain(chain_id)
        wei = work.cost_wei[chain_id]
        told = f"{figures.amount(wei, 18)} {chain.native}" if chain else f"{figures.number(wei)} wei"
        parts.append(f"{told} on {lexicon.chain_name(chain_id)}" if len(work.by_chain) > 1 else told)
    more = len(work.by_chain) - CHAINS
    return ", ".join(parts) + (f" and more on {more} other chain{'s' if more > 1 else ''}" if more > 0 else "")


def home(work: Work) -> int:
    """Name the chain with most of the operations."""
    return work.chains[0]


def trend(market: Market, title: str, none: str, lexicon: Lexicon) -> Trend | None:
    """Draw the rate of success and the shares over the steps of the period; None where it is one step. A step in which
    nothing is on record is unknown.
    """
    if len(market.all.steps) < 2:  # noqa: PLR2004 - one point is no trend
        return None
    steps = range(min(market.all.steps), max(market.all.steps) + 1, market.step_s)
    largest = [(_plain(address, work, lexicon), work) for address, work in market.ranked[:DRAWN]]
    apart = (none, market.none)  # also where there are none: a line keeps its colour in both panels
    each = "an hour" if market.step_s == HOUR_S else "a day"
    return Trend(
        title,
        (
            Panel(f"operations that succeeded, {each}", _rates([("all", market.all), *largest], steps), "share"),
            Panel(f"share of the operations, {each}", _shares([apart, *largest], market.all, steps), "share"),
        ),
    )


def _plain(address: str, work: Work, lexicon: Lexicon) -> str:
    label = lexicon.label(home(work), address)
    return label.name if label is not None else shorten(address)


def _rates(named: Sequence[tuple[str, Work]], steps: Iterable[int]) -> tuple[Line, ...]:
    return tuple(Line(name, tuple((at, _rate(work.steps.get(at))) for at in steps)) for name, work in named)


def _rate(step: Step | None) -> float | None:
    return step.succeeded / step.operations if step is not None else None


def _shares(named: Sequence[tuple[str, Work]], whole: Work, steps: Iterable[int]) -> tuple[Line, ...]:
    lines = []
    for name, work in named:
        points = []
        for at in steps:
            total, part = whole.steps.get(at), work.steps.get(at)
            points.append((at, (part.operations if part is not None else 0) / total.operations if total else None))
        lines.append(Line(name, tuple(points)))
    return tuple(lines)
