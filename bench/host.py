"""`python -m bench.host CONFIG_DIR API_BASE GATEWAY`: what `python -m bot run` runs, pointed at another Discord.

The rest comes from the environment, as the bot's settings do. Ends on SIGTERM.
"""

import asyncio
import signal
import sys
from pathlib import Path

from config.settings import load


async def host(config_dir: Path, api_base: str, gateway: str) -> None:
    # imported late, as the bot's own entry point does it
    from bot import log  # noqa: PLC0415 - as said above
    from bot.app import running  # noqa: PLC0415 - as said above
    from bot.parts import Options  # noqa: PLC0415 - as said above
    from watchers.wings import PROTOCOLS  # noqa: PLC0415 - as said above

    settings = load(dotenv=None, config_dir=config_dir, protocols=PROTOCOLS)
    log.configure(settings)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with running(settings, Options(api_base=api_base, gateway=gateway)):
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(host(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
