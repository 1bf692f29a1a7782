"""`python -m bot check`: are the settings right; with `--online`, does every endpoint answer for its chain, and does
Discord take the token.

One line the settings, one line an endpoint, one line Discord, one line the sum. No secret is in it: endpoints are named
by host.
"""

import asyncio
import time
from http import HTTPStatus
from typing import Any, NamedTuple, TextIO

import aiohttp
import msgspec
from pydantic import SecretStr

from bot.cards.escape import clean
from bot.client import refused_token
from config.settings import Chain, Settings
from watchers import unreached
from watchers.chain.blocks import header_call, lenient_header, read_number
from watchers.chain.rpc import Rpc
from watchers.errors import ChainError
from watchers.facts import Call
from watchers.snapshot.hub import Hub

PATIENCE_S = 15.0
FIRST_COLUMN = 10
DISCORD = "https://discord.com/api/v10"
_AGENT = "DiscordBot (Tribune, 1)"  # Discord refuses those without one
_NO_DISCORD = "does not answer as Discord does; look at this machine's network"


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


async def online(settings: Settings, out: TextIO, *, api_base: str = DISCORD) -> bool:
    """Try every endpoint of every followed chain, each alone, and the token; gives whether each chain has one that
    works and Discord answers. Raises SettingsError, when all is said, for a token that Discord refuses.
    """
    chains = _followed(settings)
    async with aiohttp.ClientSession() as session:
        tries = [
            _try_hub(settings, chain, status.name, session)
            if chain.hub
            else _try(chain.model_copy(update={"endpoints": (endpoint,)}), status.name, session)
            for chain in chains
            for endpoint, status in zip(chain.endpoints, Rpc(chain, session).status(), strict=True)
        ]
        discord = asyncio.create_task(_try_token(settings.runtime.discord_token, api_base, session))
        answers = await asyncio.gather(*tries)
        token = await discord
    width = max((len(answer.host) for answer in answers), default=0)
    out.write(verdict(settings) + "\n")
    out.writelines(_row(answer.chain, f"{answer.host:<{width}}  {answer.line}") + "\n" for answer in answers)
    out.write(_row("Discord", token.line) + "\n")
    dead = [chain.key for chain in chains if not any(a.well for a in answers if a.chain == chain.key)]
    out.write(_row("summary", _sum(answers, dead)) + "\n")
    if token.refused:
        raise refused_token()
    return token.well and not dead


class _Token(NamedTuple):
    """What Discord said of our token."""

    well: bool
    line: str
    refused: bool = False


async def _try_token(token: SecretStr | None, api_base: str, session: aiohttp.ClientSession) -> _Token:
    """Ask Discord whose token it is. Source: Discord documentation, "Get Current User"."""
    if token is None:
        return _Token(well=True, line="not tried: DISCORD_TOKEN is not set, a start would use a local Discord")
    headers = {"Authorization": f"Bot {token.get_secret_value()}", "User-Agent": _AGENT}
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            session.get(f"{api_base}/users/@me", headers=headers, allow_redirects=False) as answer,
        ):
            status, body = answer.status, await answer.read()
    except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
        why = unreached.of_error(error)
        return _Token(well=False, line=f"is not reached: {why.clause}; look at this machine's network")
    if status == HTTPStatus.UNAUTHORIZED:
        return _Token(well=False, line="refuses the token; make a new one", refused=True)
    if status != HTTPStatus.OK:
        later = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        todo = "wait, then try again" if later else "look at this machine's network"
        return _Token(well=False, line=f"{unreached.of_status(status).what}; {todo}")
    try:
        user: Any = msgspec.json.decode(body)
        name = clean(str(user["username"]))
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return _Token(well=False, line=_NO_DISCORD)
    return _Token(well=True, line=f"ok: the token is accepted, as {name}")


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


async def _try_hub(settings: Settings, chain: Chain, host: str, session: aiohttp.ClientSession) -> Answer:
    """Ask a hub for what is open in our spaces now."""
    loop = asyncio.get_running_loop()
    hub, began = Hub(chain, session, clock=loop.time), loop.time()
    where = {"space_in": [dao.space for dao in settings.daos.values() if dao.chain == chain.key]}
    try:
        async with asyncio.timeout(PATIENCE_S):
            found = [
                row async for rows in hub.pages("proposals", {**where, "end_gte": int(time.time())}) for row in rows
            ]
    except (ChainError, TimeoutError) as error:
        why = str(error) or "does not answer in time"
        return Answer(chain.key, host, well=False, reached=hub.answered, line=f"{why}; wait, then try again")
    took_ms = (loop.time() - began) * 1000
    return Answer(chain.key, host, well=True, reached=True, line=f"ok: {len(found)} open proposals in {took_ms:.0f} ms")


def _followed(settings: Settings) -> list[Chain]:
    return [chain for chain in settings.chains.values() if chain.enabled]


def _row(name: str, text: str) -> str:
    return f"{name:<{FIRST_COLUMN}} {text}"
