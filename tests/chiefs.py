"""Logs of chiefs, and what the wing makes of them.

Logs are made by eth-abi after the contracts' sources; no public log of them was found. Source: dapphub/ds-chief
`chief.sol` and ds-note `note.sol`; makerdao/chief `Chief.sol`; curvefi/curve-dao-contracts.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from config.settings import ActWatch
from tests.electorate import GOVERNOR, TOKEN, TX, W, dao, situation
from watchers.abi import selector
from watchers.alert import ActFacts, Alert
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.event import Event
from watchers.facts import Ask
from watchers.governance.events import Act
from watchers.governance.getters import Number
from watchers.governance.wing import wing
from watchers.wing import Situation

CHIEF, (WHALE, OTHER, SPELL, OLD) = GOVERNOR, ("0x" + digit * 40 for digit in "abcd")
ROUTER, TX2 = "0x" + "ee" * 20, "0x" + "22" * 32
SLATE = "0x" + "51" * 32
INSIDERS = ActWatch(kind="act", name="insiders")


def raw_log(topics: Iterable[str], data: bytes, *, n: int, tx: str, address: str = CHIEF) -> Log:
    return Log(address, tuple(topics), "0x" + data.hex(), "0x3e8", tx, "0x0", hex(n), "0x" + "bb" * 32)


def noted(call: str, kinds: Sequence[str], values: Sequence[Any], *, guy: str = WHALE, n: int = 0, **at: Any) -> Log:
    """Give what DSNote says of a call: the selector, who called, two words of the calldata, and the calldata."""
    args = encode(list(kinds), list(values))
    fax = bytes.fromhex(selector(call)[2:]) + args
    words = args.ljust(64, b"\0")
    topics = [selector(call) + "00" * 28, "0x" + guy[2:].zfill(64), "0x" + words[:32].hex(), "0x" + words[32:64].hex()]
    return raw_log(topics, encode(["uint256", "bytes"], [0, fax]), n=n, tx=at.pop("tx", TX), **at)


def lock(tokens: int, **at: Any) -> Log:
    return noted("lock(uint256)", ["uint256"], [tokens * W], **at)


def vote(slate: str = SLATE, **at: Any) -> Log:
    return noted("vote(bytes32)", ["bytes32"], [bytes.fromhex(slate[2:])], **at)


def said(name: str, indexed: Sequence[str] = (), data: bytes = b"", *, n: int = 0, tx: str = TX, **at: Any) -> Log:
    """Give a typed event's log."""
    topics = ["0x" + keccak(name.encode()).hex(), *("0x" + word[2:].zfill(64) for word in indexed)]
    return raw_log(topics, data, n=n, tx=tx, **at)


def decoder(protocol: str = "maker_chief", *named: str) -> Decoder:
    return Decoder(wing.protocols, {(31337, CHIEF): protocol}, {31337: {CHIEF, *named}})


def acts(*logs: Log, protocol: str = "maker_chief") -> list[Act]:
    decoded = decoder(protocol).decode(31337, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, Act)]


def at(facts: dict[Ask[Any], Any] | None = None, protocol: str = "maker_chief") -> Situation:
    """A chief whose hat has 80,000 tokens of a million, with the whale's 10,000 locked at the block before."""
    base: dict[Ask[Any], Any] = {
        Number(CHIEF, "hat()"): int(OLD, 16),
        Number(CHIEF, "approvals(address)", (OLD,)): 80_000 * W,
        Number(CHIEF, "approvals(address)", (SPELL,)): 84_000 * W,
        Number(CHIEF, "deposits(address)", (WHALE,)): 10_000 * W,
        Number(TOKEN, "totalSupply()"): 1_000_000 * W,
    }
    return situation(base | (facts or {}), watches=(INSIDERS,), of=dao(protocol=protocol))


def told(here: Situation, *events: Event) -> list[Alert]:
    return wing.judge(wing.enrich(events, here), here)


def only(alerts: Sequence[Alert]) -> tuple[Alert, ActFacts]:
    (alert,) = alerts
    assert isinstance(alert.facts, ActFacts)
    return alert, alert.facts
