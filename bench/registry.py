"""The figures that exist: every file in `bench/figures` is one family; being in the folder registers it.

Errors: DefinitionError for a file that measures nothing.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from bench import figures
from bench.figure import Figure
from config.errors import DefinitionError

Measure = Callable[[], Awaitable[Sequence[Figure]]]


class Family(NamedTuple):
    """Figures that are measured together; `name` is the file's, and what `--only` takes."""

    name: str
    measure: Measure


def families() -> list[Family]:
    """Import every file of the folder, in order of its name. Raises DefinitionError."""
    found = []
    for info in pkgutil.iter_modules(figures.__path__):
        module = importlib.import_module(f"{figures.__name__}.{info.name}")
        measure = getattr(module, "measure", None)
        if not inspect.iscoroutinefunction(measure):
            raise DefinitionError(f"{module.__file__}: measures nothing; give it `async def measure()`")
        found.append(Family(info.name, measure))
    return found
