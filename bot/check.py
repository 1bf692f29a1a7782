"""`python -m bot check`: are the settings right; with `--online`, does every endpoint answer for its chain."""

import asyncio
from typing import NamedTuple, TextIO

import aiohttp

from config.settings import Chain, Settings
from watchers.chain.blocks import header_call, lenient_header, read_number
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.facts import Call

PATIENCE_S = 15.0


class Answer(NamedTuple):
    """What one endpoint said."""

    well: bool
    line: str


def summary(settings: Settings) -> str:
    """Say in a few lines what a start would do. No secret is in it."""
    followed = [chain for chain in settings.chains.values() if chain.enabled]
    where = "Discord" if settings.runtime.discord_token else "the sandbox Discord, since DISCORD_TOKEN is not set"
    store = "REDIS_URL" if settings.runtime.redis_url else f"an embedded engine in {settings.runtime.data_dir}"
    return "\n".join(
        (
            "settings are right",
            f"  chains   {', '.join(chain.name for chain in followed)}",
            f"  DAOs     {len(settings.daos)}, tokens {len(settings.tokens)}, labels {len(settings.labels)}",
            f"  watches  {', '.join(watch.name for watch in settings.watches)}",
            f"  store    {store}",
            f"  speaks   to {where}",
        )
    )


async def online(settings: Settings, out: TextIO) -> bool:
    """Try every endpoint of every followed chain, each alone; gives whether each chain has one that works."""
    well = True
    async with aiohttp.ClientSession() as session:
        for chain in (c for c in settings.chains.values() if c.enabled):
            tries = [chain.model_copy(update={"endpoints": (endpoint,)}) for endpoint in chain.endpoints]
            answers = await asyncio.gather(*(_try(one, session) for one in tries))
            out.writelines(f"  {chain.key:<10} {answer.line}\n" for answer in answers)
            well = well and any(answer.well for answer in answers)
    return well


async def _try(chain: Chain, session: aiohttp.ClientSession) -> Answer:
    rpc = Rpc(chain, session)
    tag = "finalized" if chain.finality == "depth" else chain.finality
    name = rpc.status()[0].name
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(PATIENCE_S):
            reply = await rpc.raw_batch([Call("eth_blockNumber", ()), header_call(tag)])
    except TimeoutError:
        return Answer(well=False, line=f"{name}: no answer within {PATIENCE_S:.0f} s")
    except ChainError as error:
        return Answer(well=False, line=f"{name}: {error}")
    head = read_number(reply.answers[0])
    if head is None:
        return Answer(well=False, line=f"{name}: does not tell its head")
    took_ms = (asyncio.get_running_loop().time() - began) * 1000
    final = "" if lenient_header(reply.answers[1]) else f", but no {tag} block: depth is used instead"
    return Answer(well=True, line=f"{name}: head {head:,} in {took_ms:.0f} ms{final}")
