"""A failure that lasts is one line in the log, and so is its end."""

from structlog.testing import capture_logs

from bot.trouble import LONGEST_PAUSE_S, Trouble


def test_trouble_is_said_once_and_so_is_its_end() -> None:
    trouble = Trouble("away", "back")
    with capture_logs() as said:
        trouble.over()
        for _ in range(3):
            trouble.note("refused")
        trouble.over()
        trouble.over()
    assert said == [
        {"event": "away", "error": "refused", "log_level": "warning"},
        {"event": "back", "after_tries": 3, "log_level": "info"},
    ]


def test_the_pauses_double_up_to_a_minute_and_begin_anew_after_success() -> None:
    trouble = Trouble("away", "back")
    assert [trouble.note("refused") for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    trouble.over()
    assert trouble.note("refused") == 0.5
