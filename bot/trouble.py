"""Trouble that is waited out: said once, and its end once."""

from typing import Final

import structlog

from watchers.backoff import backoff_s

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 60.0
_log = structlog.get_logger(__name__)


class Trouble:
    """What fails and is tried again, in two sentences for the log."""

    def __init__(self, begins: str, ends: str) -> None:
        self._begins, self._ends, self._times = begins, ends, 0

    def note(self, what: str) -> float:
        """Count a failure and give the seconds to wait."""
        if not self._times:
            _log.warning(self._begins, error=what)
        self._times += 1
        return backoff_s(self._times, FIRST_PAUSE_S, LONGEST_PAUSE_S)

    def over(self) -> None:
        """Note success."""
        if self._times:
            _log.info(self._ends, after_tries=self._times)
        self._times = 0
