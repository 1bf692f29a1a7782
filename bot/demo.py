"""`python -m bot demo`: the whole bot between a recorded chain and a local Discord. The only place that knows the
sandbox.

With `--once` the story is played into one channel as fast as it goes and judged by what is held in the end: every
expected alert in one message, nothing else, what a reorg took back shown so.
"""

import asyncio
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

from bot import log
from bot.app import running
from bot.cards import figures
from bot.cards.card import Card
from bot.cards.text import bare, plain
from bot.deliver.record import PostKey, Step
from bot.parts import App, Options, now_ms
from bot.store import new_id
from bot.subscription import Subscription
from config.errors import SettingsError
from config.settings import Settings, load
from sandbox.chain.replay import Chain
from sandbox.discord.reply import text_of
from sandbox.discord.server import Discord
from watchers.alert import Alert, AlertState, Kind
from watchers.errors import StoreError
from watchers.wings import PROTOCOLS

STORY = Path(__file__).parents[1] / "sandbox" / "chain"
BLOCK_TIME_S = 2.0
PAGE_PORT = 8080
PORT_REMEDY = 'name a free one, as in make demo ARGS="--port 8099"'
SETTLE_S = 0.005
HURRY_S = 0.005
CALM_MS = 5_000  # the story is short
CHAIN_ID = 31337
PATIENCE_S = 60.0
CHANNEL = "alerts"  # hears everything
ROOMS: dict[str, tuple[Kind, ...]] = {
    "governance": ("vote", "proposal", "act"),
    "whales": ("liquidity",),
    "batches": ("batch",),
}
TRY = "Try </votes:1>, </whales:1> or, as Admin, </alerts add:1>, or press **Why?** on a card."
PLAYING = (
    "A recorded story plays for about {minutes}: a vote that turns, whales, a bundle, a reorg, an insider's claim. "
    + TRY
)
OVER = f"The story is over: the chain goes on with empty blocks, and the bot goes on answering. {TRY}"
END = "Ctrl-C ends it."
_COMMAND = re.compile(r"</([^:>]+):\d+>")


class Told(NamedTuple):
    """One thing that Discord took: a card posted, edited or turned into a retraction."""

    action: str
    channel: str
    alert: Alert
    card: Card

    @property
    def text(self) -> str:
        """The card as a person reads it; "in 50 s" is counted from the block, so that each run says the same."""
        return plain(self.card, now_s=self.alert.block_time_s)


class Verdict(NamedTuple):
    """What the channels hold against what the story expects. `twice` is counted within a channel."""

    posted: int
    edited: int
    retracted: int
    lost: list[str]
    twice: list[str]
    wrong: list[str]

    @property
    def line(self) -> str:
        """The summary."""
        counts = f"{self.posted} posted, {self.edited} edited, {self.retracted} retracted"
        return f"{counts}, {len(self.lost)} lost, {len(self.twice)} twice"

    @property
    def well(self) -> bool:
        """Tell whether everything is as the story has it."""
        return not (self.lost or self.twice or self.wrong)


def settings_for(chain: Chain, discord: Discord, data_dir: Path, **env: str) -> Settings:
    """Read the story's own configuration, pointed at the running sandbox."""
    given = {
        "SANDBOX_RPC": chain.url,
        "DISCORD_TOKEN": discord.token,
        "DATA_DIR": str(data_dir),
        "OPERATOR_CHANNEL": str(discord.channel("operators").id),
        "WEB_PORT": "0",
        "LOG_LEVEL": "warning",
        **env,
    }
    return load(environ=given, dotenv=None, config_dir=STORY / "config", protocols=PROTOCOLS)


async def subscribe(app: App, discord: Discord, *, rooms: bool = False) -> None:
    """Let the main channel of the sandbox hear everything, unless somebody chose already; with `rooms` the channels
    named after a kind of news hear that kind too.
    """
    if await app.subscriptions.of_guild(discord.guild.id):
        return
    admin = discord.user("admin").id
    wishes: list[tuple[str, Kind | Literal["*"]]] = [(CHANNEL, "*")]
    wishes += [(room, kind) for room, kinds in ROOMS.items() for kind in kinds if rooms]
    for name, kind in wishes:
        channel = discord.channel(name).id
        one = Subscription(
            id=new_id(),
            guild_id=discord.guild.id,
            channel_id=channel,
            kind=kind,
            created_by=admin,
            created_at_ms=now_ms(),
        )
        await app.subscriptions.add(one, by=admin, now_ms=now_ms())


async def settled(app: App, chain: Chain) -> None:
    """Wait until the chain's head, as it is now, is committed, routed and delivered. Raises TimeoutError."""
    height, name = chain.height, chain.head_hash
    async with asyncio.timeout(PATIENCE_S):
        while True:
            cursor = await app.stores[CHAIN_ID].cursor()
            if cursor is not None and (cursor.hash == name or cursor.number > height):
                status = await app.history.chain_status(CHAIN_ID)
                if status is not None and not status.pending and not (await app.deliveries.outbox()).waiting:
                    return
            await asyncio.sleep(SETTLE_S)


async def _hurry(seconds: float) -> None:
    """Wait, but not for the clock of the story."""
    await asyncio.sleep(min(seconds, HURRY_S))


@asynccontextmanager
async def played(
    data_dir: Path,
    tell: Callable[[Told], None],
    *,
    fast: bool = True,
    openapi: Path | None = None,
    rooms: bool = False,
) -> AsyncGenerator[tuple[App, Chain, Discord], None]:
    """Run the story from its first block to its last, step by step: the next block comes when the last is delivered."""
    go = asyncio.Event()
    parts: list[App] = []

    async def pace(_: int) -> None:
        await go.wait()
        try:
            await settled(parts[0], chain)
        except StoreError:
            if go.is_set():
                raise
            await asyncio.Event().wait()  # the bot has closed its store: the story stands until it is ended

    async with (
        Discord.start(openapi=openapi) as discord,
        Chain.start(block_time_s=0, pace=pace) as chain,
    ):
        discord.limits.enabled = not fast  # a story that is played fast would mostly wait for 5 posts in 5 s
        settings = settings_for(chain, discord, data_dir)
        log.configure(settings)
        names = {channel.id: channel.name for channel in discord.guild.channels.values()}

        def observe(action: str, post: PostKey, step: Step, card: Card) -> None:
            said = "retracted" if card.accent == "gone" else action
            tell(Told(said, names.get(post.channel_id, str(post.channel_id)), step.states[-1].alert, card))

        options = Options(
            api_base=discord.api_base, gateway=discord.gateway_url, observe=observe, feed_sleep=_hurry, calm_ms=0
        )
        async with running(settings, options) as app:
            parts.append(app)
            await subscribe(app, discord, rooms=rooms)
            go.set()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await chain.at_end()
                await settled(app, chain)
                yield app, chain, discord
            finally:
                go.clear()


async def once(out: TextIO, *, as_json: bool) -> int:
    """Play the story, print every card, judge; gives the exit status. Raises BrokenPipeError when nobody reads."""
    told: list[Told] = []
    unread: BrokenPipeError | None = None

    def tell(one: Told) -> None:
        nonlocal unread
        told.append(one)
        if unread is not None:
            return
        try:
            out.write(_line(one) if as_json else f"#{one.channel} · {one.action}\n{one.text}\n\n")
            out.flush()
        except BrokenPipeError as error:
            unread = error  # raised when the story is over: here it would be the sender's

    with tempfile.TemporaryDirectory(prefix="tribune-") as folder:
        async with played(Path(folder), tell) as (app, _, discord):
            verdict = await judge(app, discord, told)
    if unread is not None:
        raise unread
    if not as_json:
        out.write(verdict.line + "\n")
        out.writelines(f"{problem}\n" for problem in (*verdict.lost, *verdict.twice, *verdict.wrong))
    return 0 if verdict.well else 1


def _line(one: Told) -> str:
    fields = {"action": one.action, "channel": one.channel, "kind": one.alert.kind, "alert_id": one.alert.id}
    return json.dumps({**fields, "text": one.text}, ensure_ascii=False) + "\n"


async def judge(app: App, discord: Discord, told: Sequence[Told]) -> Verdict:
    """Compare what the channels hold with `expected.json`: each alert is told by exactly one message of each channel
    that hears of it, a message that tells of none is a repetition, and nothing is said that should be silent.
    """
    expected = json.loads((STORY / "expected.json").read_text())
    states: dict[tuple[str, str], AlertState] = {
        (s.alert.kind, s.alert.tx): s for s in await app.history.alerts(limit=1000)
    }
    silent = [one for one in expected if one["action"] == "silent" and (one["kind"], one["tx"]) in states]
    wanted = {(one["kind"], one["tx"]): one for one in expected if one["action"] != "silent"}
    wrong = [f"said though it should be silent: step {one['step']}, {one['what']}" for one in silent]
    wrong += [f"nobody expected {s.alert.short_id} ({s.alert.kind})" for key, s in states.items() if key not in wanted]
    counts = Counter(one.action for one in told)
    verdict = Verdict(counts["posted"], counts["edited"], counts["retracted"], [], [], wrong)
    heard: dict[int, set[str]] = {}
    for one in await app.subscriptions.of_guild(discord.guild.id):
        heard.setdefault(one.channel_id, set()).add(one.kind)
    for channel, kinds in heard.items():
        here = {key: one for key, one in wanted.items() if kinds & {"*", key[0]}}
        await _compare(app, discord, channel, here, states, verdict)
    return verdict


async def _compare(
    app: App,
    discord: Discord,
    channel: int,
    wanted: dict[tuple[str, str], dict[str, Any]],
    states: dict[tuple[str, str], AlertState],
    verdict: Verdict,
) -> None:
    """Add to the verdict what one channel lacks, repeats or does not show as it became."""
    shown = {int(message["id"]): text_of(message) for message in discord.messages(channel)}
    telling: set[int] = set()
    name = discord.guild.channels[channel].name
    for key, one in wanted.items():
        state = states.get(key)
        what = f"step {one['step']}, {one['what']}, in #{name}"
        message_id = await app.deliveries.message(channel, state.alert.id) if state else None
        text = shown.get(message_id or 0)
        if message_id is None or text is None:
            verdict.lost.append(f"no message: {what}")
            continue
        telling.add(message_id)
        mark = {"retracted": "taken back by a reorg", "moved": "by a reorg"}.get(one["action"], "")
        if mark not in text:
            verdict.wrong.append(f"not shown as {one['action']}: {what}")
    verdict.twice.extend(
        f"repeated in #{name}: {shown[extra].splitlines()[0]}" for extra in sorted(set(shown) - telling)
    )


async def live(
    say: Callable[[str], None],
    wait: Callable[[], Awaitable[None]],
    *,
    port: int = PAGE_PORT,
    block_time_s: float = BLOCK_TIME_S,
) -> None:
    """Run the story by the clock, with the page to watch it on, until told to stop; `say` hears a line where to look
    and a line when the story is over.
    """
    with tempfile.TemporaryDirectory(prefix="tribune-") as folder:
        async with (
            local_discord(port) as discord,
            Chain.start(block_time_s=block_time_s) as chain,
        ):
            settings = settings_for(chain, discord, Path(folder))
            log.configure(settings)
            options = Options(api_base=discord.api_base, gateway=discord.gateway_url, calm_ms=CALM_MS)
            async with (
                running(settings, options) as app,
                asyncio.TaskGroup() as group,
            ):
                await subscribe(app, discord, rooms=True)
                discord.notice(PLAYING.format(minutes=figures.duration(round(chain.length * block_time_s))))
                say(f"Look at {discord.page_url.rstrip('/')} : the channels of a local Discord, alerts arriving. {END}")
                ending = group.create_task(_say_the_end(app, chain, discord, say), name="the end of the story")
                await wait()
                ending.cancel()


async def _say_the_end(app: App, chain: Chain, discord: Discord, say: Callable[[str], None]) -> None:
    """Say on the page and to `say` that the last event of the recording has been delivered, and what to try."""
    await chain.at_end()
    with suppress(TimeoutError, StoreError):  # whatever the bot is busy with, the story is over
        await settled(app, chain)
    discord.notice(OVER)
    say(bare(_COMMAND.sub(r"/\1", f"{OVER} {END}")))


@asynccontextmanager
async def local_discord(port: int = PAGE_PORT) -> AsyncGenerator[Discord, None]:
    """Give a local Discord for a bot without a token. Raises SettingsError when the port cannot be had."""
    async with AsyncExitStack() as stack:
        try:
            discord = await stack.enter_async_context(Discord.start(port=port))
        except (OSError, OverflowError) as error:
            number = error.errno if isinstance(error, OSError) else None
            problem = f"{port}: {os.strerror(number) if number else 'is no port'}"
            raise SettingsError("argument", "--port", problem, PORT_REMEDY) from None
        yield discord
