"""What a feed says next. The consumer acts on a step (commits it) before it asks for the following one."""

from typing import NamedTuple

from watchers.chain.block import Block, Cursor


class Forward(NamedTuple):
    """The next block, verified. Its number is the cursor's plus one, or more after a range of final blocks, of which
    those without logs are not told. `late_s`: how long after its time the block is told, None when that is usual.
    `history`: told on a first start so that questions have answers; nobody is to be alerted of it.
    """

    block: Block
    head: int
    late_s: int | None = None
    history: bool = False


class Rewind(NamedTuple):
    """Take back this one block, on which the cursor stands: it is no longer canonical."""

    to_parent_of: Cursor


class Final(NamedTuple):
    """Blocks up to this number are final, and have been read a second time. Never goes backwards."""

    number: int


class Missed(NamedTuple):
    """A block that was told before, and whose second reading holds logs that the first did not. `block` has all its
    logs, the known ones too, since an event's position is counted over its whole transaction. The cursor stays.
    """

    block: Block
    late_s: int | None = None
    history: bool = False


class Head(NamedTuple):
    """The chain's head is known to be here; said when we are behind it and at each poll that finds no new block.
    `history_to`: on a first start, the last block of which nobody is to be alerted; it must outlive a restart.
    """

    number: int
    history_to: int | None = None


Step = Forward | Rewind | Final | Missed | Head
