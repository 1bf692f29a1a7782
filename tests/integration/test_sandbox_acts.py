"""What insiders do in the recorded story: the treasury pays, and its card says what the recorded feed makes of it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

import sandbox.chain
from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from config.settings import ActWatch, Settings, load
from sandbox.chain import recording
from sandbox.chain.node import Node, Refusal
from watchers.alert import Alert, AlertState
from watchers.chain.block import Header, Log
from watchers.facts import Ask, Facts, RpcError
from watchers.governance.wing import wing
from watchers.wing import Situation
from watchers.wings import PROTOCOLS, decoder_of

HOME = Path(sandbox.chain.__file__).parent


def settings_with(*watches: ActWatch) -> Settings:
    environ = {"SANDBOX_RPC": "http://127.0.0.1:1"}
    loaded = load(environ=environ, dotenv=None, config_dir=HOME / "config", protocols=PROTOCOLS)
    return loaded.model_copy(update={"watches": watches})


def answered(node: Node, ask: Ask[Any], height: int) -> Any:
    answers: list[Any] = []
    for call in ask.calls(height):
        try:
            answers.append(node.answer(call.method, list(call.params)))
        except Refusal as refusal:
            answers.append(RpcError(refusal.body["code"], refusal.body["message"]))
    return ask.read(answers)


def told(settings: Settings) -> list[tuple[Alert, int]]:
    """Judge the acts of every block of the story's end, with the block's time."""
    node, chain = Node(recording.load()), settings.chains["sandbox"]
    while node.advance():
        pass
    decoder, found = decoder_of(settings), []
    for height in range(node.height + 1):
        tag = hex(height)
        header = msgspec.convert(node.answer("eth_getBlockByNumber", [tag, False]), Header, strict=False)
        logs = msgspec.convert(
            node.answer("eth_getLogs", [{"fromBlock": tag, "toBlock": tag}]), list[Log], strict=False
        )
        decoded = decoder.decode(chain.id, logs)
        events = [event for event in decoded.events if event.kind == "act"]
        at = Situation(settings, chain, header, Facts(), {}, {})
        while asks := list(wing.asks(events, at)):
            at.facts.known.update({ask: answered(node, ask, height) for ask in asks})
        found += [(alert, header.time_s) for alert in wing.judge(wing.enrich(events, at), at) if not alert.revises]
    return found


def test_what_the_proposal_pays_out_of_the_treasury_is_said_with_its_dollars() -> None:
    settings = settings_with(ActWatch(kind="act", name="insiders", min_usd=Decimal(200_000), acts=("outflow",)))
    ((alert, now_s),) = told(settings)
    lines = plain(render([AlertState(alert=alert)], Lexicon(settings)), now_s=now_s).splitlines()
    assert lines[0] == "250k USDC ($250k) out of Rostra treasury"
    assert "  Amount 250k USDC ($250k)" in lines
    assert any(line.startswith("  From Rostra treasury (treasury)") for line in lines)
    assert any(line.startswith("  To Bridge team (team)") for line in lines)


def test_the_roles_that_the_timelock_gave_at_its_making_are_told_to_whom_asks_for_them() -> None:
    settings = settings_with(ActWatch(kind="act", name="roles", acts=("role_granted",)))
    timelocks = {dao.timelock for dao in settings.daos.values()}
    found = [alert for alert, _ in told(settings)]
    assert {alert.addresses[0] for alert in found} == timelocks
    assert {alert.severity for alert in found} == {"critical", "notable"}


def test_without_a_watch_for_acts_the_story_holds_none() -> None:
    assert told(settings_with()) == []
