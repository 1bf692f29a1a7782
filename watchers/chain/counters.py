"""What a feed counts, as plain numbers for the metrics and `/status`."""

from dataclasses import dataclass, field

from watchers.chain.blocks import ReaderCounters
from watchers.chain.fork import ForkCounters
from watchers.chain.second import SecondCounters


@dataclass
class FeedCounters:
    """The feed's own counts and those of its parts."""

    head: int = 0
    blocks: int = 0
    polls: int = 0
    polls_empty: int = 0
    rewinds: int = 0
    ranges: int = 0
    reader: ReaderCounters = field(default_factory=ReaderCounters)
    second: SecondCounters = field(default_factory=SecondCounters)
    fork: ForkCounters = field(default_factory=ForkCounters)
