"""`python -m bot run | demo | check | backfill | replay | tally | power | batch`.

Exit status: 0 done, 1 a demo that did not come out as its story has it, 2 a bad file or argument, 69 what is needed
cannot be reached now (the store; with `check --online` or the hash of a batch, a chain), 78 a setting that the operator
must mend, 130 Ctrl-C or SIGTERM before a command that ends by itself was done, 141 nobody reads the output any more.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from bot.reader import until_gone
from config.errors import DefinitionError, SettingsError
from config.settings import Settings, load
from watchers.errors import StoreError

EX_UNAVAILABLE, EX_CONFIG = 69, 78  # sysexits.h
EX_CUT_SHORT = 130  # what a shell says of a command that Ctrl-C ended before it was done: 128 + 2
PAGE_PORT = 8080
RULES = (
    "for-only",
    "bravo",
    "for-abstain",
    "every-side",
    "agora",
    "aragon",
    "aragon-osx",
    "aave-v2",
    "aave-v3",
    "nouns",
)


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    top = argparse.ArgumentParser(
        prog="python -m bot",
        description="Tribune watches EVM chains for large governance votes, whale liquidity moves and failed batch "
        "operations, and says them in the channels of a Discord server.",
        epilog="Exit status: 0 done, 1 the demo did not go as recorded, 2 a bad file or argument, 69 something needed "
        "cannot be reached now, 78 a setting to mend. Settings: config/*.toml and .env; see docs/operations.md.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    def command(name: str, does: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")

    run = command("run", "follow the live chains and speak in Discord, or without a token in a local one")
    run.add_argument("--role", choices=("all", "watchers", "discord"), default="all", help="what this process does")
    run.add_argument("--chains", default="", help="comma-separated keys of chains.toml; all enabled ones if not said")
    run.add_argument("--port", type=int, default=PAGE_PORT, help="port of the local Discord where there is no token")
    demo = command("demo", "show the whole bot on this machine: a recorded chain, a local Discord, a page to look at")
    demo.add_argument("--once", action="store_true", help="play the story as fast as it goes and judge it")
    demo.add_argument("--json", action="store_true", help="with --once: JSON lines")
    demo.add_argument("--port", type=int, default=PAGE_PORT, help="port of the page")
    check = command("check", "say whether the settings are right, without starting anything")
    check.add_argument(
        "--online",
        action="store_true",
        help="also ask every endpoint for its head, and Discord whether it takes the token",
    )
    backfill = command(
        "backfill", "read back who could vote with how much, for /power and /delegate; goes on where it was"
    )
    backfill.add_argument("--dao", metavar="KEY", help="one key of daos.toml; all of the followed chains if not said")
    replay = command("replay", "read recorded receipts or logs and print the events or alerts in them, offline")
    replay.add_argument("files", nargs="+", type=Path, metavar="FILE", help="receipts or logs, plain or .gz")
    replay.add_argument("--chain", required=True, help="chain id, or key of chains.toml")
    replay.add_argument("--alerts", action="store_true", help="the alerts that the events would make")
    replay.add_argument("--json", action="store_true", help="JSON lines")
    tally = command("tally", "read votes from a CSV file and print what each proposal came to and what each vote did")
    tally.add_argument("file", type=Path, metavar="FILE", help="columns proposal, support, voter, votes, block, index")
    tally.add_argument("--rule", choices=RULES, default=RULES[0], help="how a proposal passes; see docs/analysts.md")
    tally.add_argument("--quorum", help="in votes, as the file counts them; every rule but nouns needs it")
    tally.add_argument("--supply", help="all votes that there are")
    tally.add_argument("--support-required", metavar="SHARE", help="For's share of For + Against, 0 to 1")
    tally.add_argument("--lead", help="how far For must be ahead of Against, in votes")
    tally.add_argument("--early", action="store_true", help="pass as soon as the missing votes cannot undo it")
    tally.add_argument("--replace", action="store_true", help="a voter's later vote replaces its earlier ones")
    tally.add_argument("--quorum-min-bps", metavar="BPS", help="nouns: the quorum with no vote against, of the supply")
    tally.add_argument("--quorum-max-bps", metavar="BPS", help="nouns: the quorum at most, of the supply")
    tally.add_argument(
        "--quorum-coefficient", metavar="N", help="nouns: how it grows, as the contract has it: 1000000 is 1"
    )
    tally.add_argument("--json", action="store_true", help="JSON lines")
    power = command("power", "read holdings from a CSV file and print how concentrated they are and who can decide")
    power.add_argument("file", type=Path, metavar="FILE", help="one row a holder, plain or .gz; see docs/analysts.md")
    power.add_argument("--weight", required=True, metavar="COLUMN", help="the column with what each holds")
    power.add_argument("--exclude", nargs="+", action="extend", default=[], metavar="NAME", help="leave these rows out")
    power.add_argument("--quota", help="what decides: an amount as in the file, a percentage like 4%%, or majority")
    power.add_argument("--threshold", help="what a proposal takes, in the same forms")
    power.add_argument(
        "--class", dest="by_class", metavar="COLUMN", help="part Theil's T by the classes in this column"
    )
    power.add_argument("--no-zeros", dest="zeros", action="store_false", help="a balance of 0 is no holder")
    power.add_argument("--picture", type=Path, metavar="OUT.png", help="also draw the Lorenz curve")
    power.add_argument("--json", action="store_true", help="one JSON object")
    batch = command("batch", "print what became of every call of a transaction, recorded or on a followed chain")
    batch.add_argument("origins", nargs="+", metavar="FILE|HASH", help="a recorded transaction, or the hash of one")
    batch.add_argument("--no-trace", dest="trace", action="store_false", help="say only what logs and calldata prove")
    batch.add_argument("--abi", nargs="+", action="extend", default=[], type=Path, metavar="FILE", help="name more")
    batch.add_argument("--json", action="store_true", help="JSON lines, one a transaction")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status."""
    given = parser().parse_args(argv)
    try:
        return until_gone(lambda: _dispatch(given))
    except (SettingsError, DefinitionError) as error:
        return _say(error, EX_CONFIG)
    except StoreError as error:
        return _say(f"store: {error}; see that it runs and that REDIS_URL is right, then start again", EX_UNAVAILABLE)
    except KeyboardInterrupt:
        return 0 if _runs_on(given) else EX_CUT_SHORT


def _runs_on(given: argparse.Namespace) -> bool:
    """Tell whether a command goes on until it is told to end, so that Ctrl-C is its proper end."""
    return given.command == "run" or (given.command == "demo" and not given.once)


def _dispatch(given: argparse.Namespace) -> int:
    offline = {"demo": _demo, "replay": _replay, "tally": _tally, "power": _power, "batch": _batch}.get(given.command)
    if offline is not None:
        return offline(given)
    settings = _settings()
    if given.command == "backfill":
        return _backfill(settings, given.dao)
    if given.command == "check":
        return _check(settings, online=given.online)
    return _until_signal(_run(settings, given.role, [key for key in given.chains.split(",") if key], given.port))


def _settings() -> Settings:
    from watchers.wings import PROTOCOLS  # noqa: PLC0415 - a command pays only for what it needs

    return load(protocols=PROTOCOLS)


def _say(error: object, status: int) -> int:
    sys.stderr.write(f"{error}\n")
    return status


def _replay(given: argparse.Namespace) -> int:
    from bot.replay import replay  # noqa: PLC0415 - as above
    from watchers.errors import InputError  # noqa: PLC0415 - as above

    settings = _settings()
    named = given.chain.strip()
    chain = settings.chains.get(named) or (settings.chain_by_id(int(named)) if named.isdecimal() else None)
    if chain is None:
        known = ", ".join(f"{c.id} ({c.key})" for c in settings.chains.values())
        sys.stderr.write(f"--chain: {named}: is not in chains.toml; one of: {known}\n")
        return 2
    try:
        replay(settings, chain, given.files, sys.stdout, alerts=given.alerts, as_json=given.json)
    except InputError as error:
        return _say(error, 2)
    return 0


def _tally(given: argparse.Namespace) -> int:
    from bot.ruling import Options  # noqa: PLC0415 - as above
    from bot.tally import tally  # noqa: PLC0415 - as above
    from watchers.errors import InputError, UserError  # noqa: PLC0415 - as above

    options = Options(**{name: getattr(given, name) for name in Options._fields})
    try:
        tally(given.file, options, sys.stdout, as_json=given.json)
    except (InputError, UserError) as error:
        return _say(error, 2)
    return 0


def _power(given: argparse.Namespace) -> int:
    from bot.power import Options, power  # noqa: PLC0415 - as above; it brings numpy
    from watchers.errors import InputError, UserError  # noqa: PLC0415 - as above

    options = Options(
        given.weight, given.exclude, given.quota, given.threshold, given.by_class, given.zeros, given.picture
    )
    try:
        power(given.file, options, sys.stdout, as_json=given.json)
    except (InputError, UserError) as error:
        return _say(error, 2)
    return 0


def _batch(given: argparse.Namespace) -> int:
    from bot.batch import HASH, batch, names_of  # noqa: PLC0415 - as above
    from watchers.errors import ChainError, InputError  # noqa: PLC0415 - as above

    settings = _settings() if any(map(HASH.fullmatch, given.origins)) else None
    try:
        names = names_of(given.abi)
        work = batch(settings, given.origins, names, sys.stdout, trace=given.trace, as_json=given.json)
        return _until_signal(work, ended=EX_CUT_SHORT)
    except InputError as error:
        return _say(error, 2)
    except ChainError as error:
        return _say(error, EX_UNAVAILABLE)


def _check(settings: Settings, *, online: bool) -> int:
    from bot.check import online as try_online  # noqa: PLC0415 - as above
    from bot.check import summary  # noqa: PLC0415 - as above

    if online:
        return 0 if asyncio.run(try_online(settings, sys.stdout)) else EX_UNAVAILABLE
    sys.stdout.write(summary(settings) + "\n")
    return 0


def _backfill(settings: Settings, dao: str | None) -> int:
    from bot import log  # noqa: PLC0415 - as above
    from bot.backfill import backfill  # noqa: PLC0415 - as above
    from watchers.errors import ChainError, UserError  # noqa: PLC0415 - as above

    log.configure(settings)
    try:
        return _until_signal(backfill(settings, dao, sys.stdout), ended=EX_CUT_SHORT)
    except UserError as error:
        return _say(error, 2)
    except (ChainError, TimeoutError) as error:
        why = str(error) or "no endpoint answers in time"
        return _say(f"{why}; what was read is kept, start again and it goes on", EX_UNAVAILABLE)


def _demo(given: argparse.Namespace) -> int:
    from bot import demo  # noqa: PLC0415 - as above; this is the one door to the sandbox

    if given.json and not given.once:
        sys.stderr.write("--json: goes with --once; the live demo shows its cards on the page\n")
        return 2
    if given.once:
        return _until_signal(demo.once(sys.stdout, as_json=given.json), ended=EX_CUT_SHORT)

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    return _until_signal(demo.live(say, _for_ever, port=given.port))


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _run(settings: Settings, role: str, chains: list[str], port: int) -> None:
    from bot import log  # noqa: PLC0415 - as above
    from bot.app import running  # noqa: PLC0415 - as above
    from bot.parts import Options  # noqa: PLC0415 - as above

    unknown = [key for key in chains if key not in settings.chains]
    if unknown:
        known = ", ".join(settings.chains)
        raise SettingsError("argument", "--chains", f"unknown chain {unknown[0]!r}", f"one of: {known}")
    if not chains and not any(chain.enabled for chain in settings.chains.values()):
        file = str(settings.runtime.config_dir / "chains.toml")
        raise SettingsError(file, "enabled", "no chain is followed", "set enabled = true in one of them")
    log.configure(settings)
    async with AsyncExitStack() as stack:
        options = Options(role=role, chains=chains)  # type: ignore[arg-type] # argparse has checked it
        if settings.runtime.discord_token is None and role != "watchers":
            from bot import demo  # noqa: PLC0415 - as above

            discord = await stack.enter_async_context(demo.local_discord(port))
            ours = {"discord_token": discord.token, "operator_channel": discord.channel("operators").id}
            runtime = settings.runtime.model_validate({**settings.runtime.model_dump(), **ours})
            settings = settings.model_copy(update={"runtime": runtime})
            options = Options(role=role, chains=chains, api_base=discord.api_base, gateway=discord.gateway_url)  # type: ignore[arg-type] # as above
            app = await stack.enter_async_context(running(settings, options))
            await demo.subscribe(app, discord, rooms=True)
            sys.stdout.write(f"DISCORD_TOKEN is not set: using a local Discord, see {discord.page_url}\n")
            sys.stdout.flush()
        else:
            await stack.enter_async_context(running(settings, options))
        await _for_ever()


def _until_signal(work: Coroutine[Any, Any, int | None], *, ended: int = 0) -> int:
    """Run until the work is done and give its status, or `ended` when SIGINT or SIGTERM asked it to end before. An
    operator's error inside a group comes out alone, and so does a reader that has gone.
    """

    async def guarded() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            return await task or 0
        return ended

    try:
        return asyncio.run(guarded())
    except BaseExceptionGroup as group:
        mendable, _ = group.split((SettingsError, DefinitionError, BrokenPipeError))
        error: BaseException = mendable or group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if mendable is None:
            raise
        raise error from None


if __name__ == "__main__":
    sys.exit(main())
