"""Serve the recorded chain alone: `python -m sandbox.chain --port 8545`. Ctrl-C ends it."""

import argparse
import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from sandbox.chain.recording import FILE, RecordingError, load
from sandbox.chain.replay import Chain

SETTINGS_WRONG = 78


async def serve(file: Path, port: int, block_time_s: float) -> None:
    """Serve until cancelled."""
    async with Chain.start(load(file), port=port, block_time_s=block_time_s) as chain:
        sys.stdout.write(f"chain {chain.node.recording.chain_id} at {chain.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.chain", description="Serve the recorded chain.")
    parser.add_argument("--port", type=int, default=8545)
    parser.add_argument("--block-time", type=float, default=2.0, help="seconds; 0 as fast as it is read")
    parser.add_argument("--recording", type=Path, default=FILE)
    given = parser.parse_args()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(given.recording, given.port, given.block_time))
    except (RecordingError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return SETTINGS_WRONG
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
