"""What a proposal would do, as events keep it and alerts carry it: its actions, and what simulating them showed.

Text from a chain is carried as it is, only cut: escaping is the card's work.
Units: `_wei` wei, `raw` base units of a token.
"""

from typing import Literal

import msgspec

Risk = Literal[
    "moves funds", "allows spending", "replaces code", "changes roles", "changes the owner", "changes fees",
    "changes the delay", "changes the voting rules", "makes tokens", "sends coins",
]  # fmt: skip
NO_METHOD = "the node cannot"


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call that a proposal makes. `function` is a signature, or a selector that nobody here knows, or "" for a
    plain payment; `arguments` None: they could not be read.
    """

    index: int
    target: str
    function: str
    value_wei: int = 0
    arguments: tuple[str, ...] | None = None
    risks: tuple[Risk, ...] = ()


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one simulated call; `reason` is its revert data as people read it."""

    ok: bool
    reason: str = ""


class Effect(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change that a simulated call logged: `transfer`, `item` (one of a collection), `coins`, `allowance`, or the
    name of an act (`upgrade`, `role_granted`, ...). `after` is a setting's new value.
    """

    call: int
    kind: str
    contract: str = ""
    who: str = ""
    whom: str = ""
    raw: int | None = None
    after: str = ""


class Since(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a trial showed that the one at `step` had not: calls that `fails` now, and that no longer do (`heals`),
    effects that are `new` or `gone`, and targets whose code has `changed` since. `whole`: all effects of both are kept;
    without it none is called new or gone.
    """

    step: str
    fails: tuple[int, ...] = ()
    heals: tuple[int, ...] = ()
    new: tuple[Effect, ...] = ()
    gone: tuple[Effect, ...] = ()
    changed: tuple[str, ...] = ()
    whole: bool = True


class Simulated(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the actions did when `sender` made them on the state of `block`, one after the other, as of `step`.

    `why`: they were not simulated, and why not. `more`: effects beyond those that are kept. `codeless`: targets that
    hold no code; `codes`: a hash of each other target's code; `changed`: targets whose code is another than at
    creation. `lacks_wei` is what `sender` does not own of the coins that the calls send: it was lent for the trial, and
    whoever executes must bring it. `since`: what that is beside an earlier trial. `destructs`:
    targets whose own code was seen to hold a way to its end.
    """

    step: str
    block: int
    sender: str = ""
    calls: tuple[Outcome, ...] = ()
    effects: tuple[Effect, ...] = ()
    more: int = 0
    codeless: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()
    lacks_wei: int = 0
    why: str = ""
    since: Since | None = None
    destructs: tuple[str, ...] = ()

    @property
    def fails(self) -> tuple[int, ...]:
        """The places of the calls that failed."""
        return tuple(at for at, call in enumerate(self.calls) if not call.ok)
