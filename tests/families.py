"""Golden logs read as one transaction, and proposals of every family as the judge sees them."""

import json
from pathlib import Path
from typing import Any

import msgspec

from tests.electorate import KEY, NOW_S, W, dao, judged, situation, vote
from watchers.alert import VoteFacts
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance.asks import Times
from watchers.governance.desk import desks
from watchers.governance.getters import BornHead, Head, Number, Since
from watchers.governance.wing import wing
from watchers.wing import Situation

GOLDEN = Path(__file__).parent / "unit" / "golden_governance"
GOVERNOR = KEY[0]
LIDO = dao(protocol="lido", clock="timestamp")


def golden(protocol: str, name: str) -> dict[str, Any]:
    (case,) = [each for each in json.loads((GOLDEN / f"{protocol}.json").read_text()) if each["name"] == name]
    return dict(case)


def read(protocol: str, *names: str) -> list[Event]:
    """Decode golden logs as one block of one transaction."""
    logs: list[Log] = []
    cases = [golden(protocol, name) for name in names]
    for case in cases:
        for raw in (*case.get("earlier", []), case["log"]):
            logs.append(msgspec.structs.replace(msgspec.convert(raw, Log), log_index=hex(len(logs))))
    event = cases[0]["event"]
    decoder = Decoder(wing.protocols, {(event["chain_id"], event["address"]): protocol})
    decoded = decoder.decode(event["chain_id"], logs)
    assert decoded.errors == []
    return decoded.events


def said(at: Situation, *events: Event) -> list[VoteFacts]:
    return [alert.facts for alert in judged(at, *events) if isinstance(alert.facts, VoteFacts)]


def aragon(*, yea: int = 0, nay: int = 0, power: int = 100_000) -> dict[Ask[Any], Any]:
    head = Head(GOVERNOR, "getVote(uint256)", (7,), 9)
    words = (1, 0, NOW_S - 500, 900, 5 * 10**17, 5 * 10**16, yea * W, nay * W, power * W)
    return {
        Since(head, 2, Number(GOVERNOR, "voteTime()")): Times(NOW_S - 500, NOW_S + 500),
        head: words,
        BornHead(head, alive=2): words,
    }


def ruled(protocol: str, facts: dict[Ask[Any], Any], **given: Any) -> Any:
    (desk,) = desks([vote("for", 1)], situation(facts, [], of=dao(protocol=protocol, **given)), wing.families).values()
    return desk.rule
