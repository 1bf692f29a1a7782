"""Become the storage engine, tied to the process that started us. Run as a script, before exec.

    python -I -S leash.py PARENT_PID LOCK_FILE BINARY ARGUMENTS...

The lock on LOCK_FILE lasts as long as the engine itself, whoever started it: two engines never write one folder. The
engine gets SIGTERM when the thread that started it ends (Linux), so it saves and ends with its parent.
Source: prctl(2), PR_SET_PDEATHSIG, which execve(2) keeps for a binary without set-user-ID.
"""

import ctypes
import fcntl
import os
import signal
import sys
import time
from typing import NoReturn

PR_SET_PDEATHSIG = 1
WAIT_S = 60.0  # an engine that was told to end may still be writing
BUSY = 75  # EX_TEMPFAIL of sysexits.h


def main(argv: list[str]) -> NoReturn:
    """Tie ourselves to the parent, take the lock, exec. Exits only when that fails."""
    parent, lock_file, binary, *rest = argv
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    os.umask(0o077)
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + WAIT_S
    while True:
        if os.getppid() != int(parent):  # it died before prctl could tell us
            sys.exit(BUSY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > until:
                sys.stderr.write(f"{lock_file} is held by another engine\n")
                sys.exit(BUSY)
            time.sleep(0.02)
    os.set_inheritable(lock, True)
    os.execv(binary, [binary, *rest])  # noqa: S606 - the point: no shell between the engine and its parent


if __name__ == "__main__":
    main(sys.argv[1:])
