"""The name under which this process holds leases and pending work: kept in the data folder and locked while it runs.

A process that was killed leaves its seat; the next one takes it and with it, at once, the work that was in hand. Two
processes on one folder take two seats; roles sit apart, so that each finds its own again in whatever order they start.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import VARIABLES, SettingsError
from watchers.lock import Lock

SEATS = 64


@contextmanager
def seat(data_dir: Path, role: str = "all") -> Iterator[str]:
    """Take the first free seat of a role. Raises SettingsError when the folder cannot be used."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = _take(data_dir, "seat" if role == "all" else f"seat-{role}")
    except OSError as error:
        remedy = "name a folder that this user may write"
        problem = "is a file" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise SettingsError(VARIABLES, "DATA_DIR", f"{data_dir}: {problem}", remedy) from None
    try:
        yield os.pread(taken.handle, 64, 0).decode()
    finally:
        taken.drop()


def _take(data_dir: Path, name: str) -> Lock:
    for number in range(SEATS):
        lock = Lock(data_dir / f"{name}-{number}")
        if lock.take():
            if not os.pread(lock.handle, 1, 0):
                os.pwrite(lock.handle, uuid.uuid4().hex.encode(), 0)
            return lock
    raise SettingsError(VARIABLES, "DATA_DIR", f"{SEATS} processes use {data_dir} already", "end some of them")
