"""What a feed remembers of where it stands has a bound."""

from watchers.chain.block import Block, Header
from watchers.chain.standing import RING_MAX, Standing
from watchers.chain.steps import Forward


def test_the_blocks_that_can_be_taken_back_are_bounded_and_the_newest_are_kept() -> None:
    standing = Standing(None, [])
    standing.begin_at(1)
    for number in range(1, RING_MAX + 6):
        block = Block(Header(hex(number), f"0x{number:064x}", f"0x{number - 1:064x}", "0x0", "0x0"), ())
        standing.took(Forward(block, number))
    assert len(standing.ring) == RING_MAX
    assert (standing.ring[0].number, standing.ring[-1].number) == (RING_MAX + 5, 6)
