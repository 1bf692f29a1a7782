"""How long a failure is waited out, and who holds a lock."""

from pathlib import Path

import pytest

from watchers.backoff import backoff_s
from watchers.lock import Lock


def test_each_failure_doubles_the_wait_up_to_the_longest_however_many_there_are() -> None:
    assert [backoff_s(n, 0.5, 60.0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 32, 60]
    assert backoff_s(1_000_000, 1.0, 120.0) == 120


def test_a_lock_is_held_by_one_until_it_is_dropped(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take()
    assert first.take()
    assert not second.take()
    assert second.handle < 0
    first.drop()
    first.drop()
    assert second.take()
    second.drop()


def test_a_lock_that_cannot_be_made_is_an_error_and_not_somebody_elses(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "nowhere" / "lock").take()
