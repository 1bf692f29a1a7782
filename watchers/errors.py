"""The error tree; the class is the policy.

    DefinitionError  a file of ours is wrong          -> stop at start-up, name the file
    SettingsError    the operator must act            -> exit 78, one line: file, key, remedy
    DecodeError      a log does not fit               -> skip, count, go on
    ChainError       a chain cannot be read now       -> back off, say once
     |- ReorgError   the chain changed under us       -> go back to the fork
     `- Fenced       another process holds the chain  -> let go, wait for the lease
    StoreError       the store cannot be used now     -> back off, say once
    NotDelivered     Discord refuses for now          -> stays in the outbox
    Undeliverable    it will never work (403, 404)    -> pause the route, tell its owner
    UserError        the asker can fix it             -> a private sentence
    InputError       a file given to a command is bad -> exit 2, one line: file, place, remedy

Errors do not log or count themselves; whoever ends the handling does, once.
"""

from config.errors import DefinitionError, SettingsError, TribuneError

__all__ = [
    "ChainError",
    "DecodeError",
    "DefinitionError",
    "Fenced",
    "InputError",
    "NotDelivered",
    "ReorgError",
    "SettingsError",
    "StoreError",
    "TribuneError",
    "Undeliverable",
    "UserError",
]


class DecodeError(TribuneError):
    """A log does not fit the shape its topics promise."""


class ChainError(TribuneError):
    """A chain cannot be read now. The text never holds an endpoint's path, query or credentials."""


class ReorgError(ChainError):
    """The block we stand on is no longer canonical."""


class Fenced(ChainError):  # noqa: N818 - it is a state of the lease, named as the script names it
    """Another process holds this chain's lease; a commit with our epoch was refused."""


class StoreError(TribuneError):
    """The store cannot be used now."""


class NotDelivered(TribuneError):  # noqa: N818 - says what became of the message
    """Discord refused for now; `retry_after_s` when it said for how long."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Undeliverable(TribuneError):  # noqa: N818 - says what became of the message
    """It will never work as things are: a permission or the channel is gone."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


class UserError(TribuneError):
    """The asker can fix it; the text is the private sentence that says how."""


class InputError(TribuneError):
    """A file that a command was given is not what it should be. One line: file, place, what to do; a complaint about
    the whole file has no place.
    """

    def __init__(self, file: str, place: str, problem: str, remedy: str) -> None:
        super().__init__(": ".join(part for part in (file, place, f"{problem}; {remedy}") if part))
