"""A DAO, where its proposal stands, and votes on it, as the judge sees them."""

from collections.abc import Sequence
from typing import Any

from config.settings import Chain, Dao, Runtime, Settings, VoteWatch, Watch
from watchers.alert import Alert, VoteFacts
from watchers.chain.block import Header
from watchers.event import Event
from watchers.facts import Ask, Facts
from watchers.governance.asks import (
    BravoTimes,
    QuorumVotes,
    Supply,
    Times,
)
from watchers.governance.events import ProposalChange, Support, Vote
from watchers.governance.wing import wing
from watchers.wing import Ballot, Situation

W = 10**18

GOVERNOR, TOKEN, TX = "0x" + "60" * 20, "0x" + "70" * 20, "0x" + "11" * 32

WHALE, OTHER = "0x" + "a1" * 20, "0x" + "b2" * 20

KEY = (GOVERNOR, 7)

HEIGHT, NOW_S = 1_000, 1_700_000_000

START, END = 500, 2_500

BRAVO_FACTS: dict[Ask[Any], Any] = {
    BravoTimes(*KEY): Times(START, END),
    QuorumVotes(GOVERNOR): 1_000 * W,
    Supply(TOKEN, START): 100_000 * W,
}


def dao(**given: Any) -> Dao:
    base = {"key": "demo", "name": "Demo", "chain": "local", "protocol": "governor_bravo", "symbol": "DEMO"}
    return Dao.model_validate({**base, "governor": GOVERNOR, "token": TOKEN, **given})


def situation(
    facts: dict[Ask[Any], Any] | None = None,
    ballots: Sequence[Ballot] | None = (),
    *,
    watches: Sequence[Watch] = (VoteWatch(kind="vote", name="large"),),
    of: Dao | None = None,
    height: int = HEIGHT,
    l1: str | None = None,
) -> Situation:
    chain = Chain.model_validate(
        {
            "key": "local",
            "id": 31337,
            "name": "Local",
            "native": "ETH",
            "endpoints": ["http://node"],
            "block_time_s": 12,
            "confirmations": 1,
        }
    )
    one = of or dao()
    settings = Settings(
        runtime=Runtime(), chains={"local": chain}, daos={one.key: one}, tokens=(), labels=(), watches=tuple(watches)
    )
    header = Header(hex(height), "0x" + "bb" * 32, "0x" + "aa" * 32, hex(NOW_S), "0x", l1_block_number=l1)
    known = Facts(dict(BRAVO_FACTS if facts is None else facts))
    return Situation(
        settings, chain, header, known, {} if ballots is None else {KEY: ballots}, {KEY: "# Pay them\nNow"}
    )


def vote(support: Support, tokens: int, *, voter: str = WHALE, position: int = 0, **given: Any) -> Vote:
    parts = {f"{support}_raw": tokens * W} if support in ("for", "against", "abstain") else {}
    base: dict[str, Any] = {
        "protocol": "governor_bravo",
        "chain_id": 31337,
        "block": HEIGHT,
        "tx": TX,
        "tx_index": 0,
        "log_index": position,
        "address": GOVERNOR,
        "position": position,
        "proposal_id": 7,
        "voter": voter,
        "support": support,
        "weight_raw": tokens * W,
    }
    return Vote(**{**base, **parts, **given})


def change(what: str, **given: Any) -> ProposalChange:
    base = vote("for", 0)
    shared = {name: getattr(base, name) for name in Event.__struct_fields__}
    return ProposalChange(**{**shared, "proposal_id": 7, "change": what, **given})


def said(alert: Alert) -> VoteFacts:
    assert isinstance(alert.facts, VoteFacts)
    return alert.facts


def judged(at: Situation, *events: Event) -> list[Alert]:
    return [alert for alert in wing.judge(events, at) if not alert.revises]


def only(alerts: list[Alert]) -> tuple[Alert, VoteFacts]:
    assert len(alerts) == 1
    return alerts[0], said(alerts[0])
