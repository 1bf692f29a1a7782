"""The feed's pure parts: the beat, finality, what was told, where we stand."""

import msgspec
import pytest

from tests.node import Clock, Node, Sketch, chain_of, log, topic
from watchers.chain.block import Block, Cursor, Header, Log
from watchers.chain.finality import MISSING_MAX, STALL_S, Finality
from watchers.chain.pace import Pace
from watchers.chain.standing import Standing
from watchers.chain.steps import Final, Forward, Rewind
from watchers.chain.told import BLOCKS_MAX, Told

A = topic(1)


def block_of(node: Node, *sketches: Sketch) -> Block:
    mined = node.mine(sketches)
    return Block(msgspec.convert(mined.header, Header), tuple(msgspec.convert(mined.logs, list[Log])))


def header(number: int, time_s: int = 0) -> Header:
    return Header(hex(number), f"0x{number:064x}", "", hex(time_s), "0x0")


async def test_a_slow_chain_is_read_when_its_block_is_due() -> None:
    clock = Clock(1000)
    pace = Pace(12, clock=clock, sleep=clock.sleep)
    pace.reading()
    pace.found(header(1, 1000))
    await pace.wait()
    assert 1012 < clock.now < 1013
    pace.reading()
    pace.missed()
    await pace.wait()
    assert clock.slept[-1] == pytest.approx(4)


async def test_a_block_from_the_future_does_not_put_us_to_sleep() -> None:
    clock = Clock(1000)
    pace = Pace(12, clock=clock, sleep=clock.sleep)
    pace.reading()
    pace.found(header(1, 10**9))
    await pace.wait()
    assert clock.now <= 1016


async def test_the_delay_is_learnt_from_reads_in_vain() -> None:
    clock = Clock(1000)
    pace = Pace(12, clock=clock, sleep=clock.sleep)
    vain = []
    for number in range(40):
        born = 1000 + 12 * number
        readable, misses = born + 3, 0
        while True:
            await pace.wait()
            pace.reading()
            if clock.now >= readable:
                break
            pace.missed()
            misses += 1
        pace.found(header(number, born))
        vain.append(misses)
    assert sum(vain[20:]) < sum(vain[:10])
    assert 2.5 < pace.delay_s <= 4


def test_finality_by_tag_never_goes_back() -> None:
    clock = Clock()
    finality = Finality(chain_of(["http://h"], finality="finalized", confirmations=10), clock=clock)
    assert finality.due()
    finality.asked(header(100))
    assert not finality.due()
    assert finality.number(head=200) == 100
    finality.asked(header(90))
    assert finality.number(head=200) == 100


def test_a_tag_that_fails_once_does_not_make_depth_decide() -> None:
    clock = Clock()
    finality = Finality(chain_of(["http://h"], finality="finalized", confirmations=10), clock=clock)
    finality.asked(header(100))
    for _ in range(MISSING_MAX - 1):
        finality.asked(None)
    assert finality.number(head=200) == 100
    finality.asked(None)
    assert finality.number(head=200) == 190
    finality.asked(header(120))
    assert finality.number(head=200) == 190


def test_a_tag_that_stands_still_gives_way_to_depth() -> None:
    clock = Clock()
    finality = Finality(chain_of(["http://h"], finality="finalized", confirmations=10), clock=clock)
    finality.asked(header(100))
    clock.now += STALL_S - 1
    finality.asked(header(100))
    assert finality.number(head=200) == 100
    clock.now += 1
    assert finality.number(head=200) == 190


def test_a_chain_by_depth_is_never_asked_for_a_tag() -> None:
    finality = Finality(chain_of(["http://h"], confirmations=10), clock=Clock())
    assert not finality.due()
    assert finality.number(head=200) == 190


def test_a_second_reading_is_news_only_with_a_log_that_was_not_told() -> None:
    node, told = Node(), Told()
    block = block_of(node, log(A), log(A))
    number = block.header.height
    told.add(msgspec.structs.replace(block, logs=block.logs[:1]))
    assert told.hash_of(number) == block.header.hash
    assert not told.is_news(number, block.logs[:1])
    assert told.is_news(number, block.logs)
    assert told.lacks(number, block.logs[1:])
    assert not told.lacks(number, block.logs)
    assert told.is_news(77, block.logs), "a block that was passed over as empty"
    assert not told.is_news(77, ())


def test_blocks_of_before_a_restart_are_news_when_they_hold_anything() -> None:
    block = block_of(Node(), log(A))
    told = Told([block.cursor])
    assert told.is_news(1, block.logs)
    assert not told.is_news(1, ())
    assert not told.lacks(1, ())


def test_what_was_told_is_bounded() -> None:
    told = Told()
    for number in range(BLOCKS_MAX + 10):
        told.add(Block(header(number), ()))
    assert len(told) == BLOCKS_MAX
    assert told.hash_of(9) is None
    told.forget_to(BLOCKS_MAX)
    assert len(told) == 9


def test_we_stand_where_the_steps_put_us() -> None:
    node = Node()
    blocks = [block_of(node) for _ in range(5)]
    standing = Standing(blocks[0].cursor, [])
    for block in blocks[1:]:
        standing.took(Forward(block, 9))
    assert standing.cursor == blocks[4].cursor
    standing.took(Rewind(blocks[4].cursor))
    assert (standing.cursor, standing.next_number) == (blocks[3].cursor, 5)
    standing.took(Final(3))
    assert standing.ring == [blocks[3].cursor, blocks[2].cursor], "the newest final block stays as the anchor"
    assert (standing.final, standing.looked) == (3, 3)


def test_a_ring_of_anything_is_put_in_order() -> None:
    cursors = [Cursor(n, hex(n)) for n in range(5)]
    standing = Standing(cursors[3], cursors)
    assert standing.ring == cursors[3::-1]
    assert standing.looked == 0
