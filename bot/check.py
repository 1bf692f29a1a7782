"""`python -m bot check`: are the settings right; with `--online`, does every endpoint answer for its chain.

One line the settings, one line an endpoint, one line the sum. No secret is in it: endpoints are named by host.
"""

import asyncio
from typing import NamedTuple, TextIO

import aiohttp

from config.settings import Chain, Settings
from watchers import unreached
from watchers.chain.blocks import header_call, lenient_header, read_number
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.facts import Call

PATIENCE_S = 15.0
FIRST_COLUMN = 10


class Answer(NamedTuple):
    """What one endpoint said. `reached`: something is there, if only to refuse us."""

    chain: str
    host: str
    well: bool
    reached: bool
    line: str


def verdict(settings: Settings) -> str:
    """Say in one line that the settings are right, and how much they hold."""
    held = {
        "chains": _followed(settings),
        "DAOs": settings.daos,
        "tokens": settings.tokens,
        "labels": settings.labels,
        "watches": settings.watches,
    }
    return _row("settings", "ok: " + ", ".join(f"{name} {len(those)}" for name, those in held.items()))


def summary(settings: Settings) -> str:
    """Say in a few lines what a start would do."""
    where = "in Discord" if settings.runtime.discord_token else "in a local Discord, since DISCORD_TOKEN is not set"
    store = "REDIS_URL" if settings.runtime.redis_url else f"an embedded engine in {settings.runtime.data_dir}"
    rows = {
        "chains": ", ".join(chain.name for chain in _followed(settings)) or "none: nothing will be followed",
        "watches": ", ".join(watch.name for watch in settings.watches) or "none: nothing will be said",
        "store": store,
        "speaks": where,
    }
    return "\n".join((verdict(settings), *(_row(name, text) for name, text in rows.items())))


async def online(settings: Settings, out: TextIO) -> bool:
    """Try every endpoint of every followed chain, each alone; gives whether each chain has one that works."""
    chains = _followed(settings)
    async with aiohttp.ClientSession() as session:
        tries = [
            _try(chain.model_copy(update={"endpoints": (endpoint,)}), status.name, session)
            for chain in chains
            for endpoint, status in zip(chain.endpoints, Rpc(chain, session).status(), strict=True)
        ]
        answers = await asyncio.gather(*tries)
    width = max((len(answer.host) for answer in answers), default=0)
    out.write(verdict(settings) + "\n")
    out.writelines(_row(answer.chain, f"{answer.host:<{width}}  {answer.line}") + "\n" for answer in answers)
    dead = [chain.key for chain in chains if not any(a.well for a in answers if a.chain == chain.key)]
    out.write(_row("summary", _sum(answers, dead)) + "\n")
    return not dead


def _sum(answers: list[Answer], dead: list[str]) -> str:
    counts = f"{sum(answer.well for answer in answers)} of {len(answers)} endpoints are ok"
    if not dead:
        return f"{counts}; every chain has one"
    if not any(answer.reached for answer in answers):
        return f"{counts}; none was reached: look at this machine's network first"
    return f"{counts}; not one for {', '.join(dead)}: mend or add one in chains.toml"


async def _try(chain: Chain, host: str, session: aiohttp.ClientSession) -> Answer:
    rpc = Rpc(chain, session)
    tag = "finalized" if chain.finality == "depth" else chain.finality
    began = asyncio.get_running_loop().time()

    def bad(why: unreached.Why, *, reached: bool) -> Answer:
        return Answer(chain.key, host, well=False, reached=reached, line=f"{why.what}; {why.todo}")

    try:
        async with asyncio.timeout(PATIENCE_S):
            reply = await rpc.raw_batch([Call("eth_blockNumber", ()), header_call(tag)])
    except TimeoutError:
        return bad(unreached.TIMEOUT, reached=False)
    except ChainError:
        stands = rpc.status()[0]
        return bad(unreached.Why(stands.why, stands.todo), reached=not stands.errors.keys() & {"connection", "timeout"})
    head = read_number(reply.answers[0])
    if head is None:
        return bad(unreached.Why("does not tell its head", unreached.NO_NODE.todo), reached=True)
    took_ms = (asyncio.get_running_loop().time() - began) * 1000
    final = "" if lenient_header(reply.answers[1]) else f"; it names no {tag} block, so confirmations decide"
    return Answer(chain.key, host, well=True, reached=True, line=f"ok: head {head:,} in {took_ms:.0f} ms{final}")


def _followed(settings: Settings) -> list[Chain]:
    return [chain for chain in settings.chains.values() if chain.enabled]


def _row(name: str, text: str) -> str:
    return f"{name:<{FIRST_COLUMN}} {text}"
