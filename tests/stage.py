"""The whole bot between a chain and the local Discord, looked at from outside: through its store and its channels."""

import asyncio
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import demo
from bot.deliver.record import Deliveries
from bot.parts import App, now_ms
from bot.store import Subscriptions
from bot.vitals import Vitals
from config.settings import Settings, load
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from watchers.errors import StoreError
from watchers.history import History
from watchers.store import ChainStore
from watchers.wings import PROTOCOLS

CONFIG = demo.STORY / "config"
SANDBOX = {
    "id": demo.CHAIN_ID,
    "name": "Sandbox",
    "native": "ETH",
    "block_time_s": 2,
    "confirmations": 3,
    "finality": "depth",
    "proof": "bloom",
    "requests_per_s": 500,
}
GLANCE_S = 0.01


def write_config(folder: Path, chains: dict[str, dict[str, Any]]) -> Path:
    """Write the sandbox's configuration with these chains in place of its own; give the folder."""
    shutil.copytree(CONFIG, folder)
    lines = []
    for key, fields in chains.items():
        # what JSON and TOML have in common is all that a chain's fields need
        lines += [f"[{key}]", *(f"{name} = {json.dumps(value)}" for name, value in fields.items()), ""]
    (folder / "chains.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


def environ_for(discord: Discord, data_dir: Path, **more: str) -> dict[str, str]:
    """Give the environment of a bot that speaks in this Discord."""
    return {
        "DISCORD_TOKEN": discord.token,
        "DATA_DIR": str(data_dir),
        "OPERATOR_CHANNEL": str(discord.channel("operators").id),
        "WEB_PORT": "0",
        "LOG_LEVEL": "error",
        **more,
    }


def settings_of(environ: dict[str, str], config_dir: Path = CONFIG) -> Settings:
    """Read settings as the bot itself would."""
    return load(environ=environ, dotenv=None, config_dir=config_dir, protocols=PROTOCOLS)


def outside(settings: Settings, redis: Redis) -> App:
    """Look into a store that a bot in another process works on."""
    ids = [chain.id for chain in settings.chains.values()]
    history, deliveries, subscriptions = History(redis, ids), Deliveries(redis), Subscriptions(redis)
    stores = {chain_id: ChainStore(redis, chain_id, clock_ms=now_ms) for chain_id in ids}
    return App(settings, history, subscriptions, deliveries, Vitals(history, deliveries, subscriptions, {}), stores)


async def settled_from_outside(app: App, chain: Chain) -> None:
    """Wait until the head is delivered, though the store comes and goes with the bot."""
    while True:
        with suppress(StoreError, RedisError, OSError):
            return await demo.settled(app, chain)
        await asyncio.sleep(GLANCE_S)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has buried yet has."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
