"""A bot in a process of its own that ends, by SIGKILL of itself, at a named moment: before or after the n-th call of a
step of the line. The steps are the real methods, wrapped here; the product knows nothing of it.
"""

import asyncio
import inspect
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bot.__main__ import _until_signal
from bot.app import running
from bot.deliver.record import Deliveries
from bot.log import configure
from bot.parts import Options, Role
from bot.port import DiscordPort
from tests.stage import settings_of
from watchers import pipeline
from watchers.chain.blocks import BlockReader
from watchers.decode import Decoder
from watchers.governance.wing import GovernanceWing
from watchers.store import ChainStore

HURRY_S = 0.005


class Moment(NamedTuple):
    """When to die: "before" or "after" the n-th call of a step."""

    when: str
    step: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.when} {self.step} {self.nth}"


class Life(NamedTuple):
    """What one process is to be."""

    environ: dict[str, str]
    config_dir: Path
    api_base: str
    gateway: str
    role: Role = "all"
    ends: Moment | None = None


Counts = Callable[[tuple[Any, ...], Any], bool]


def _always(_given: tuple[Any, ...], _result: Any) -> bool:
    return True


def _with_alerts(given: tuple[Any, ...], _result: Any) -> bool:
    return bool(given[-1].alerts)


# what each step is, and which of its calls count: those that carry something that could be lost or said twice
STEPS: dict[str, tuple[type | ModuleType, str, Counts]] = {
    "read": (BlockReader, "poll", lambda _, result: result is None or result.rows[0][0] is not None),
    "decode": (Decoder, "decode", lambda _, result: result is None or bool(result.events)),
    "facts": (pipeline, "learn", _always),
    "judge": (GovernanceWing, "judge", lambda _, result: result is None or bool(result)),
    "commit": (ChainStore, "commit", _with_alerts),
    "add": (ChainStore, "add", _with_alerts),
    "rewind": (ChainStore, "rewind", _always),
    "finalize": (ChainStore, "finalize", _always),
    "changes": (ChainStore, "changes", lambda _, result: result is None or bool(result)),
    "settle": (ChainStore, "settle", _always),
    "update": (Deliveries, "update", _always),
    "route": (Deliveries, "route", _always),
    "begin": (Deliveries, "begin", lambda _, result: result is None or result.do in ("post", "edit")),
    "look": (DiscordPort, "recent", _always),
    "post": (DiscordPort, "post", _always),
    "edit": (DiscordPort, "edit", _always),
    "done": (Deliveries, "done", _always),
}


def arm(moment: Moment) -> None:
    """Wrap the step so that the process ends there."""
    owner, method, counts = STEPS[moment.step]
    real = getattr(owner, method)
    calls = 0

    def at(when: str, given: tuple[Any, ...], result: Any) -> None:
        nonlocal calls
        if when == moment.when and counts(given, result):
            calls += 1
            if calls == moment.nth:
                os.kill(os.getpid(), signal.SIGKILL)

    async def awaited(*given: Any, **named: Any) -> Any:
        at("before", given, None)
        result = await real(*given, **named)
        at("after", given, result)
        return result

    def called(*given: Any, **named: Any) -> Any:
        at("before", given, None)
        result = real(*given, **named)
        at("after", given, result)
        return result

    setattr(owner, method, awaited if inspect.iscoroutinefunction(real) else called)


def start(life: Life) -> BaseProcess:
    """Start it. Its parent is a process that has imported everything already and knows nothing of our loop."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=live, args=(life,), daemon=True)
    process.start()
    return process


def live(life: Life) -> None:
    """Run the bot until it is told to end, or does."""
    if life.ends is not None:
        arm(life.ends)
    sys.exit(_until_signal(_run(life)))


async def _run(life: Life) -> None:
    settings = settings_of(life.environ, life.config_dir)
    configure(settings)
    options = Options(role=life.role, api_base=life.api_base, gateway=life.gateway, feed_sleep=_hurry, calm_ms=0)
    parent = multiprocessing.parent_process()
    assert parent is not None
    # a test run that was broken off leaves nobody behind, whatever state we are in
    asyncio.get_running_loop().add_reader(parent.sentinel, os.kill, os.getpid(), signal.SIGKILL)
    async with running(settings, options):
        await asyncio.Event().wait()


async def _hurry(seconds: float) -> None:
    await asyncio.sleep(min(seconds, HURRY_S))
