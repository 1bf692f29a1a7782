"""What `python -m bot power` says: the object that `--json` prints, and the same with a plain sentence a measure.

The keys of the object never change. Those that answer an option are there only with it.
Units: amounts as in the file, JSON numbers with every digit; shares and indices 0..1; Theil's T in nats.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import log

import msgspec
from msgspec import UNSET, UnsetType

from bot.rows import counted
from bot.sheet import visible
from watchers.governance.power import one_in

Number = int | Decimal
SHOWN = 10  # players
_METHODS = {
    "enumeration": "exact, every coalition tried",
    "convolution": "exact",
    "buckets": "on {buckets:,} steps, error about {error:.2g}",
    "monte-carlo": "sampled on {buckets:,} steps, within {error:.2g} of the truth at 95 %",
}


class Excluded(msgspec.Struct):
    """Rows that were left out by name."""

    name: str
    rows: int
    weight: Number


class ClassLine(msgspec.Struct):
    """A class of holders: how many, their share of all, and Theil's T among themselves."""

    name: str
    n: int
    share: float
    theil: float


class TheilByClass(msgspec.Struct):
    """Theil's T, parted: within + between is the whole."""

    within: float
    between: float
    classes: list[ClassLine]


class IndexLine(msgspec.Struct):
    """How an index was found; no `buckets` where every coalition was tried. Each value may be off by `error`."""

    quota: Number
    method: str
    buckets: int | None
    error: float


class Player(msgspec.Struct):
    """A holder in the game in which `quota` decides."""

    name: str
    weight: Number
    banzhaf: float
    banzhaf_normalised: float | None
    """None where nobody's chance rises above what float64 loses: every outcome is as good as certain."""
    shapley_shubik: float


class Answer(msgspec.Struct, kw_only=True):
    """Every measure of one file."""

    n: int
    total: Number
    gini: float
    hhi: float
    effective_number: float
    nakamoto: int
    shannon_bits: float
    evenness: float | None
    """None for one holder, who has nobody to be even with."""
    min_entropy_bits: float
    theil: float
    top1: float
    top10: float
    top_1pct: float
    top_10pct: float
    zeros: int
    """Balances of 0 in the file, in `n` or not."""
    excluded: list[Excluded]
    theil_by_class: TheilByClass | UnsetType = UNSET
    threshold: Number | UnsetType = UNSET
    nakamoto_threshold: int | UnsetType | None = UNSET
    quota: Number | UnsetType = UNSET
    nakamoto_quota: int | UnsetType | None = UNSET
    banzhaf: IndexLine | UnsetType = UNSET
    shapley_shubik: IndexLine | UnsetType = UNSET
    players: list[Player] | UnsetType = UNSET
    """The largest, at most a hundred, the largest first."""


def text(answer: Answer) -> str:
    """Write an answer for a reader: a measure, its value, what it means."""
    lines = [*_distribution(answer), *_by_class(answer), *_game(answer), *_left_out(answer)]
    names, values = (max(len(line[at]) for line in lines) for at in (0, 1))
    told = (f"{name:<{names}}  {value:>{values}}  {sentence}".rstrip() for name, value, sentence in lines)
    return "\n".join((*told, *_players(answer))) + "\n"


def _distribution(answer: Answer) -> Iterator[tuple[str, str, str]]:
    n = answer.n
    zeros = f"{counted(answer.zeros, 'balance')} of 0 in the file" if answer.zeros else "none of them with 0"
    spread = f"as spread as {2**answer.shannon_bits:,.1f} equal holders"
    even = "" if answer.evenness is None else f"; {answer.evenness:.1%} of what {counted(n, 'holder')} can have"
    yield "holders", f"{n:,}", zeros
    yield "total", _plain(answer.total), "what all of them hold"
    yield "Gini", _float(answer.gini), "0 when all hold the same, towards 1 when one holds everything"
    yield (
        "HHI",
        _float(answer.hhi),
        "the chance that two units drawn have one holder; above 0.25 is highly concentrated",
    )
    yield "effective number", f"{answer.effective_number:,.1f}", "equal holders would be as concentrated (1 / HHI)"
    yield "Nakamoto", f"{answer.nakamoto:,}", "so many of the largest have more than half together"
    yield "Shannon entropy", f"{answer.shannon_bits:.4f}", f"bits: {spread}{even}"
    yield "min-entropy", f"{answer.min_entropy_bits:.4f}", "bits: 0 when one holds everything; only the largest counts"
    yield "Theil T", _float(answer.theil), f"nats: 0 when all hold the same, at most {log(n):.4f} here"
    yield "top 1", f"{answer.top1:.4%}", "of everything is held by the largest"
    yield "top 10", f"{answer.top10:.4%}", f"by the {min(10, n)} largest" if n > 1 else "by the only one"
    yield "top 1 %", f"{answer.top_1pct:.4%}", f"by {_out_of(100, n)}"
    yield "top 10 %", f"{answer.top_10pct:.4%}", f"by {_out_of(10, n)}"


def _out_of(parts: int, n: int) -> str:
    """Name the holders of the top hundredth or tenth; of fewer than so many it is the largest alone."""
    few = one_in(parts, n)
    if n < parts:
        return f"the largest one, who is more than {100 // parts} % of all"
    return f"the {counted(few, 'holder')} that {'is' if few == 1 else 'are'} {100 // parts} % of all"


def _by_class(answer: Answer) -> Iterator[tuple[str, str, str]]:
    if answer.theil_by_class is UNSET:
        return
    yield "Theil within", _float(answer.theil_by_class.within), "of Theil T lies within the classes"
    yield "Theil between", _float(answer.theil_by_class.between), "lies between them"
    for one in answer.theil_by_class.classes:
        sentence = f"of everything: {counted(one.n, 'holder')}, Theil T {_float(one.theil)} among themselves"
        yield f"class {visible(one.name) or '(none)'}", f"{one.share:.4%}", sentence


def _game(answer: Answer) -> Iterator[tuple[str, str, str]]:
    if answer.threshold is not UNSET:
        yield "to the threshold", f"{answer.nakamoto_threshold:,}", f"so many reach {_plain(answer.threshold)} together"
    if answer.quota is not UNSET:
        yield "to the quota", f"{answer.nakamoto_quota:,}", f"so many reach {_plain(answer.quota)} together"


def _left_out(answer: Answer) -> Iterator[tuple[str, str, str]]:
    for one in answer.excluded:
        yield "left out", _plain(one.weight), f"{visible(one.name)}, {counted(one.rows, 'row')}"


def _players(answer: Answer) -> Iterator[str]:
    """Write the game's table, and how each index was found."""
    if answer.players is UNSET or answer.banzhaf is UNSET or answer.shapley_shubik is UNSET:
        return
    yield ""
    yield f"Who decides, where {_plain(answer.banzhaf.quota)} wins:"
    yield f"{'Banzhaf':>10} {'normalised':>11} {'Shapley-S.':>11} {'weight':>9}  holder"
    for one in answer.players[:SHOWN]:
        share = float(Decimal(one.weight) / Decimal(answer.total))
        part = "unknown" if one.banzhaf_normalised is None else f"{one.banzhaf_normalised:.6f}"
        indices = f"{one.banzhaf:>10.6f} {part:>11} {one.shapley_shubik:>11.6f}"
        yield f"{indices} {share:>9.4%}  {visible(one.name)}"
    yield "Banzhaf: how often a holder turns the outcome when every other tosses a coin; normalised, as a share of all."
    yield "Shapley-Shubik: how often its votes reach the quota when all vote in a random order."
    for name, index in (("Banzhaf", answer.banzhaf), ("Shapley-Shubik", answer.shapley_shubik)):
        yield f"{name}: {_METHODS[index.method].format(buckets=index.buckets, error=index.error)}."


def _float(value: float) -> str:
    return f"{value:.6f}"


def _plain(value: Number) -> str:
    return f"{Decimal(value):,f}"
