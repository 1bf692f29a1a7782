"""`python -m sandbox.discord`: run the local Discord alone."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from sandbox.discord.server import Discord


async def _run(host: str, port: int, openapi: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Discord.start(host, port, openapi) as discord:
        lines = (
            f"page     {discord.page_url}",
            f"REST     {discord.api_base}",
            f"gateway  {discord.gateway_url}",
            f"token    {discord.token}",
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> int:
    """Read the arguments and serve until interrupted; 78 when the port is taken or the document is not there."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.discord", description="Run the local Discord alone.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument(
        "--openapi", type=Path, help="Discord's openapi.json(.gz): check every received body against it"
    )
    given = parser.parse_args()
    if given.openapi is not None and not given.openapi.exists():
        sys.stderr.write(f"--openapi: {given.openapi} is not there; leave it out or name the file\n")
        return 78
    try:
        asyncio.run(_run(given.host, given.port, given.openapi))
    except OSError as error:
        sys.stderr.write(f"--port: cannot listen on {given.host}:{given.port} ({error.strerror}); name another port\n")
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main())
