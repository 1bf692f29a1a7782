"""What waits for one channel keeps its order, whatever comes while a message is tried."""

from bot.deliver.lane import Lane
from bot.deliver.record import Entry, PostKey

FIRST, SECOND = PostKey(5, "a"), PostKey(5, "b")


def lane(*entries: Entry) -> Lane:
    made = Lane()
    for entry in entries:
        made.add(entry)
    return made


def taken(from_lane: Lane, now_ms: int = 0) -> PostKey | None:
    job = from_lane.take(now_ms)
    return job.post if job is not None else None


def test_an_edit_that_comes_while_a_new_message_is_tried_does_not_cost_it_its_place() -> None:
    waiting = lane(Entry("1-0", FIRST, True), Entry("2-0", SECOND, True))
    assert taken(waiting) == FIRST
    waiting.add(Entry("3-0", FIRST, False))
    waiting.put_back()
    job = waiting.take(0)
    assert job is not None
    assert (job.post, job.fresh, sorted(job.entries)) == (FIRST, True, ["1-0", "3-0"])
    waiting.finish()
    assert taken(waiting) == SECOND
    waiting.finish()
    assert waiting.empty
    assert waiting.entries == set()


def test_a_new_message_whose_edit_was_taken_over_first_goes_ahead_of_edits() -> None:
    waiting = lane(Entry("3-0", FIRST, False), Entry("4-0", SECOND, False), Entry("2-0", SECOND, True))
    assert taken(waiting) == SECOND


def test_a_job_that_must_wait_waits_also_when_more_comes_for_its_post() -> None:
    waiting = lane(Entry("1-0", FIRST, False))
    assert taken(waiting) == FIRST
    waiting.add(Entry("2-0", FIRST, False))
    waiting.put_back(not_before_ms=600_000)
    assert taken(waiting, 1000) is None
    assert waiting.wait_ms(1000) == 599_000
    assert taken(waiting, 600_000) == FIRST
