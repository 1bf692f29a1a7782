"""The two errors that stop a start; the rest of the tree is drawn in `watchers.errors`."""


class TribuneError(Exception):
    """Root of every error that Tribune raises on purpose."""


class DefinitionError(TribuneError):
    """A file that ships with Tribune is wrong: stop at start-up and name the file."""


class SettingsError(TribuneError):
    """The operator must act. One line: file, key, what is wrong, what to do. The process ends with status 78."""

    def __init__(self, file: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {problem}; {remedy}")
        self.file, self.key, self.problem, self.remedy = file, key, problem, remedy
