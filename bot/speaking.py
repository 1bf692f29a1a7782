"""The side that speaks: the connection to Discord, the desk that commands answer from, the line of delivery."""

import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from bot.cards import render
from bot.cards.card import Card
from bot.cards.lexicon import Lexicon
from bot.charts.studio import Studio
from bot.client import Connection, Setup, connect
from bot.deliver.group import Group
from bot.deliver.line import Line
from bot.deliver.mute import Mute
from bot.deliver.route import Route, Router
from bot.deliver.send import Sender
from bot.desk import Desk
from bot.operator import OperatorChannel
from bot.parts import Loops, Options, Parts, now_ms
from bot.port import DiscordPort, Owners
from bot.store import Mutes
from bot.tree import assemble
from config.settings import Settings
from watchers.alert import AlertState
from watchers.appraisal import Appraiser
from watchers.asking import Asking
from watchers.governance.wing import wing as governance
from watchers.inquiry import Inquiry
from watchers.lookup import Lookup
from watchers.wings import PROTOCOLS


def connection(settings: Settings, options: Options, setup: Setup) -> AbstractAsyncContextManager[Connection]:
    """Give the connection to Discord."""
    token = settings.runtime.discord_token
    if token is None:
        raise ValueError("bot.speaking needs a token; bot.__main__ sees to it")
    return connect(token, api_base=options.api_base, gateway=options.gateway, setup=setup)


async def introduce(client: Connection, desk: Desk) -> None:
    """Tell Discord which commands there are."""
    assemble(client, client.tree, desk)
    client.command_ids = {command.name: command.id for command in await client.tree.sync()}


def desk_of(parts: Parts, port: DiscordPort, studio: Studio) -> Desk:
    """Put together what commands may use."""
    app, rpcs = parts.app, parts.rpcs

    async def alert(chain_id: int, alert_id: str) -> AlertState | None:
        store = app.stores.get(chain_id)
        return await store.alert(alert_id) if store else None

    async def post(channel_id: int, card: Card) -> int:
        return await port.post(channel_id, card, str(time.time_ns()))

    return Desk(
        settings=app.settings,
        lexicon=Lexicon(app.settings),
        history=app.history,
        subscriptions=app.subscriptions,
        mutes=Mutes(parts.redis),
        protocols=PROTOCOLS,
        alert=alert,
        look_up=Lookup(parts.decoder, app.history, rpcs).find,
        appraise=Appraiser(app.settings, app.history, rpcs).lately,
        ask=Inquiry(app.settings, governance, app.history, rpcs).standing,
        facts=Asking(app.settings, app.history, rpcs).facts,
        books=parts.delegates,
        holders=parts.holders,
        status=app.vitals.lines,
        post=post,
        clock_ms=now_ms,
        draw=studio.draw,
    )


async def delivery(
    parts: Parts, client: Connection, port: DiscordPort, operator: OperatorChannel, router: Router
) -> Loops:
    """Lay the line from the chains' outboxes through the stages to Discord; give its loops."""
    app, lexicon = parts.app, Lexicon(parts.app.settings)

    def draw(states: Sequence[AlertState], *, ping_role: int | None) -> Card:
        return render(states, lexicon, ping_role=ping_role)

    place = await app.subscriptions.load(router)
    stages = (Route(router), Mute(Mutes(parts.redis), clock_ms=now_ms), Group(app.deliveries))
    line = Line(list(app.stores.values()), app.deliveries, stages, consumer=parts.holder, operator=operator)
    sender = Sender(
        app.deliveries,
        app.subscriptions,
        port,
        draw,
        holder=parts.holder,
        owner=Owners(client, port, app.subscriptions),
        operator=operator,
        clock_ms=now_ms,
        observe=parts.options.observe,
        calm_ms=parts.options.calm_ms,
    )
    app.vitals.line, app.vitals.sender, app.vitals.router = line, sender, router
    return {"subscriptions": lambda: app.subscriptions.follow(router, place), "line": line.run, "sender": sender.run}
