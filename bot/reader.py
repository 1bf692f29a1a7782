"""What a command does when the reader of its output has gone, as `head` goes when it has seen enough."""

import os
import select
import sys
from collections.abc import Callable

GONE = 141  # what a shell says of a tool that SIGPIPE ended: 128 + 13


def until_gone(work: Callable[[], int]) -> int:
    """Do a command's work and give its status; GONE, in silence, when nobody reads its output any more."""
    try:
        status = work()
        sys.stdout.flush()
    except BrokenPipeError:
        out = sys.stdout.fileno()
        if not _unread(out):
            raise  # another pipe broke, which is for somebody to hear of
        os.dup2(os.open(os.devnull, os.O_WRONLY), out)  # for what the interpreter flushes at the very end
        return GONE
    return status


def _unread(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, 0)  # errors and hang-ups are told unasked
    return bool(poll.poll(0))
