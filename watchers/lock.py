"""A lock on a file that the kernel drops the moment its holder dies."""

import fcntl
import os
from pathlib import Path


class Lock:
    """One process holds it at a time. `handle` is the open file while it is held, else -1."""

    def __init__(self, path: Path) -> None:
        self._path, self.handle = path, -1

    def take(self) -> bool:
        """Take or keep it, without waiting; False while another holds it."""
        if self.handle < 0:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                if isinstance(error, BlockingIOError):
                    return False
                raise
            self.handle = handle
        return True

    def drop(self) -> None:
        """Let go of it, if it is held."""
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1
