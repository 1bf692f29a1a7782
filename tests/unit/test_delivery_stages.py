"""The cap, the lane and the line, without a store."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.deliver.group import Group, _chunks
from bot.deliver.lane import Lane
from bot.deliver.rate import Cap
from bot.deliver.record import Entry, Place, PostKey
from config.errors import SettingsError
from tests.delivery_world import Clock


async def test_no_second_sees_more_passes_than_the_cap() -> None:
    clock, passed = Clock(), []
    cap = Cap(clock_ms=clock, sleep=clock.sleep, per_s=45)

    async def one() -> None:
        await cap.enter()
        passed.append(clock())

    await asyncio.gather(*(one() for _ in range(200)))
    assert max(sum(at <= other < at + 1000 for other in passed) for at in passed) == 45


async def test_a_shut_cap_lets_nobody_pass_before_its_time() -> None:
    clock = Clock()
    cap = Cap(clock_ms=clock, sleep=clock.sleep)
    begun = clock()
    cap.shut(20)
    await cap.enter()
    assert clock() - begun >= 20_000


async def test_a_clock_set_back_does_not_stop_the_cap() -> None:
    clock = Clock()
    cap = Cap(clock_ms=clock, sleep=clock.sleep, per_s=1)
    await cap.enter()
    clock.ms -= 3_600_000
    begun = clock()
    await cap.enter()
    assert clock() - begun < 2000


def entry(number: int, post: str, *, fresh: bool) -> Entry:
    return Entry(f"{number}-0", PostKey(5, post), fresh)


def test_new_messages_are_taken_in_order_and_before_edits() -> None:
    lane = Lane()
    for one in (entry(1, "a", fresh=False), entry(2, "b", fresh=True), entry(3, "c", fresh=True)):
        lane.add(one)
    order = []
    while (job := lane.take(0)) is not None:
        order.append(job.post.post_id)
        lane.finish()
    assert order == ["b", "c", "a"]
    assert lane.empty
    assert lane.entries == set()


def test_entries_on_one_post_are_one_job_and_an_entry_is_taken_in_once() -> None:
    lane = Lane()
    for one in (entry(1, "a", fresh=True), entry(2, "a", fresh=False), entry(2, "a", fresh=False)):
        lane.add(one)
    job = lane.take(0)
    assert job is not None
    assert job.entries == ["1-0", "2-0"]
    assert lane.take(0) is None


def test_a_message_that_was_put_back_stays_first() -> None:
    lane = Lane()
    lane.add(entry(1, "a", fresh=True))
    lane.add(entry(2, "b", fresh=True))
    lane.take(0)
    lane.put_back(not_before_ms=100)
    assert lane.wait_ms(0) == 100
    assert lane.take(0) is None
    job = lane.take(100)
    assert job is not None
    assert job.post.post_id == "a"


def test_an_edit_that_must_wait_lets_others_pass() -> None:
    lane = Lane()
    lane.add(entry(1, "a", fresh=False))
    lane.add(entry(2, "b", fresh=False))
    lane.take(0)
    lane.put_back(not_before_ms=600_000)
    job = lane.take(0)
    assert job is not None
    assert job.post.post_id == "b"
    lane.finish()
    assert lane.wait_ms(0) == 600_000


@pytest.mark.parametrize(("many", "sizes"), [(0, [0]), (1, [1]), (500, [500]), (1201, [500, 500, 201])])
def test_only_the_last_chunk_ends_the_routing(many: int, sizes: Sequence[int]) -> None:
    chunks = _chunks([Place(n, 1) for n in range(many)])
    assert [len(places) for places, _ in chunks] == list(sizes)
    assert [last for _, last in chunks] == [False] * (len(sizes) - 1) + [True]


def test_a_group_interval_below_half_a_minute_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 30"):
        Group(None, interval_s=29)  # type: ignore[arg-type] # it is refused before it is used


async def test_a_new_entry_wakes_a_lane_that_waits_out_a_pause() -> None:
    lane = Lane()
    for_ever = asyncio.Event()

    async def pause() -> None:
        await for_ever.wait()

    waiting = asyncio.create_task(lane.nap(pause()))
    await asyncio.sleep(0)
    lane.add(Entry("1-0", PostKey(5, "a"), True))
    async with asyncio.timeout(5):
        await waiting
