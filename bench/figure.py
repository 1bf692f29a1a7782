"""`Figure`: one measured number, what stands beside it, and what it has to reach."""

from typing import Literal

import msgspec


class Target(msgspec.Struct, frozen=True):
    """What a figure has to reach; `at least` or `at most` that much."""

    kind: Literal[">=", "<="]
    value: float

    def meets(self, value: float) -> bool:
        return value >= self.value if self.kind == ">=" else value <= self.value

    def __str__(self) -> str:
        return f"{self.kind} {self.value:g}"


class Figure(msgspec.Struct, frozen=True):
    """One row. `name` never changes, so that papers may quote it; `note` says what was measured and on what."""

    name: str
    value: float
    unit: str
    beside: str | None = None
    beside_value: float | None = None
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value in parts of what stands beside it."""
        return self.value / self.beside_value if self.beside_value else None

    @property
    def meets(self) -> bool | None:
        return self.target.meets(self.value) if self.target is not None else None


def at_least(value: float) -> Target:
    return Target(">=", value)


def at_most(value: float) -> Target:
    return Target("<=", value)
