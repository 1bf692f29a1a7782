from pathlib import Path

import pytest

from bot.seat import seat
from config.errors import SettingsError


def test_a_seat_keeps_its_name_over_restarts_and_two_processes_take_two(tmp_path: Path) -> None:
    with seat(tmp_path) as first, seat(tmp_path) as second:
        assert first != second
        assert len(first) == 32
    with seat(tmp_path) as again:
        assert again == first


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for folder in (blocked, blocked / "data"):
        with pytest.raises(SettingsError) as caught, seat(folder):
            pass
        remedy = "name a folder that this user may write"
        assert str(caught.value) == f"environment or .env: DATA_DIR: {folder}: is a file; {remedy}"


def test_the_folder_is_private(tmp_path: Path) -> None:
    with seat(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
        assert (tmp_path / "data" / "seat-0").stat().st_mode & 0o077 == 0
