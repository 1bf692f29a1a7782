"""Who started the storage engine, as a lock that the kernel drops the moment that process dies.

An engine that lost its starter still answers for a moment before it ends; whoever finds the lock free knows.
"""

import fcntl
import os
from pathlib import Path


class Ownership:
    """The starter's lock on a folder."""

    def __init__(self, folder: Path) -> None:
        self._path, self._handle = folder / "valkey.owner", -1

    def take(self) -> bool:
        """Take or keep it; False while another holds it."""
        if self._handle < 0:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return False
            self._handle = handle
        return True

    def drop(self) -> None:
        """Let go of it, if it is held."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1
