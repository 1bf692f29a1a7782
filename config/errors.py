"""The two errors that stop a start; the rest of the tree is drawn in `watchers.errors`."""

WHOLE_FILE = "whole file"  # the key of what concerns no single key
VARIABLES = "environment or .env"  # the file of a variable that is found wrong when it is used


class TribuneError(Exception):
    """Root of every error that Tribune raises on purpose."""


class DefinitionError(TribuneError):
    """A file that ships with Tribune is wrong: stop at start-up and name the file."""


class SettingsError(TribuneError):
    """The operator must act. One line: file, key, what is wrong, what to do. The process ends with status 78."""

    def __init__(self, file: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(_one_line(f"{file}: {key}: {problem}; {remedy}"))
        self.file, self.key, self.problem, self.remedy = file, key, problem, remedy


def _one_line(text: str) -> str:
    """Write out what would break the line or act on a terminal: a quoted key of TOML may hold anything."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
