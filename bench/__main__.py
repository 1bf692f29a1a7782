"""`python -m bench [--json] [--only NAME]`: measure and print.

Exit status: 0 even when a target is missed (the table says so), 1 when a figure could not be measured.
"""

import argparse
import asyncio
import gc
import logging
import sys
from collections.abc import Sequence

import structlog

from bench.figure import Figure
from bench.registry import Family, families
from bench.table import json_line, machine, table
from bot.reader import until_gone

FAMILY_S = 60.0


def main(argv: Sequence[str] | None = None) -> int:
    known = families()
    parser = argparse.ArgumentParser(prog="python -m bench", description="The figures, each beside its peer or floor.")
    parser.add_argument("--json", action="store_true", help="one line of JSON a figure")
    parser.add_argument(
        "--only", action="append", choices=[f.name for f in known], metavar="NAME",
        help=f"only this family, may be repeated: {', '.join(f.name for f in known)}",
    )  # fmt: skip
    given = parser.parse_args(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    chosen = [family for family in known if not given.only or family.name in given.only]
    print(machine(), file=sys.stderr if given.json else sys.stdout, flush=True)
    figures: list[Figure] = []
    failures = 0
    for family in chosen:
        measured = _measured(family)
        failures += measured is None
        figures += measured or ()
        for figure in measured or () if given.json else ():
            print(json_line(figure), flush=True)
    for line in () if given.json or not figures else table(figures):
        print(line)
    return 1 if failures else 0


def _measured(family: Family) -> Sequence[Figure] | None:
    """Measure a family within its time; None, and a line that says why, when that fails."""

    async def bounded() -> Sequence[Figure]:
        async with asyncio.timeout(FAMILY_S):
            return await family.measure()

    gc.collect()
    try:
        return asyncio.run(bounded())
    except Exception as error:  # noqa: BLE001 - one figure that fails must not take the others with it
        why = error
        while isinstance(why, BaseExceptionGroup):
            why = why.exceptions[0]  # type: ignore[assignment] # a group of Exceptions holds such
        print(f"{family.name}: could not be measured: {type(why).__name__}: {why}", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(until_gone(main))
