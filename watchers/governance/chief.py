"""`Chief`: a protocol whose votes are approvals that stand until they are moved, and whose most approved contract, the
hat, holds all power.

Nothing ends: approval counts by the balance of the moment, so whoever can borrow enough of the token may lock it, lift
a contract of their own and free the token again within one transaction. That is one act here, `flash_lift`; whether the
vote itself lies in the transaction does not matter, because a lock adds to a vote that stands.

Who delegates locks in a contract of its delegate's, which votes in its own name: a factory of ours vouches for such a
contract (`created`), and the contract says whose it is.

Source: dapphub/ds-chief `chief.sol`; makerdao/chief `Chief.sol`; makerdao/vote-delegate `VoteDelegateFactory.sol`.
Units: `_raw` base units of the governance token; deposits and approvals are those at the block before.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from watchers.chain.block import Log
from watchers.decode import Around
from watchers.event import Event
from watchers.facts import Answer, Ask, Call, eth_call, words
from watchers.governance.events import Act
from watchers.governance.getters import Number, address_of
from watchers.governance.hand import Hand
from watchers.wing import Situation

FACTORIES = ("0x4cf3daefa2683cd18df00f7aff5169c00a9eccd5",)  # Sky's, on Ethereum
_SLATE = re.compile(r"slate (0x[0-9a-f]{64})")
_HEX = re.compile(r"0x[0-9a-fA-F]{40}")


class Chief(Hand):
    """A protocol of this wing. Only addresses that daos.toml gives to it are heard: a `LogNote` is anonymous, and its
    topics are those of any function of that name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, claimed=True)


class Callers(Ask[tuple[str, str]], frozen=True):
    """Who signed a transaction and whom it called, "" for nobody."""

    lifetime = "forever"
    tx: str

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - a transaction is found by its hash alone
        """Ask for the transaction."""
        return (Call("eth_getTransactionByHash", (self.tx,)),)

    def read(self, answers: Sequence[Answer]) -> tuple[str, str] | None:
        """Give both in lower case."""
        if not isinstance(answers[0], dict):
            return None
        signer, called = (answers[0].get(name) or "" for name in ("from", "to"))
        if not all(isinstance(one, str) and (not one or _HEX.fullmatch(one)) for one in (signer, called)):
            return None
        return signer.lower(), called.lower()


class FirstOf(Ask[int], frozen=True):
    """The first candidate of a slate, as a word."""

    chief: str
    slate: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getter."""
        slate = bytes.fromhex(self.slate[2:])
        return (eth_call(self.chief, "slates(bytes32,uint256)", (slate, 0), block=block - 1),)

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the word."""
        found = words(answers[0], "uint256")
        return int(found[0]) if found else None


def flash(log: Log, around: Around, locked: Callable[[Any], bool], lifted: Callable[[Any], str]) -> str:
    """Give who was lifted between a lock and the `free` at hand, in one transaction; "" for nobody. `locked` tells
    whether a shape is a lock of whoever frees, `lifted` whom it lifts, "" when it is no lift.
    """
    whom = ""
    for before, shape in around.earlier():
        if before.address != log.address:
            continue
        whom = whom or lifted(shape)
        if whom and locked(shape):
            return whom
    return ""


def slate_of(act: Act) -> str:
    """Give the slate that an approval names; "" where its candidates are known or it is another act."""
    found = _SLATE.fullmatch(act.detail) if act.act == "approval" and not act.whom else None
    return found[1] if found else ""


def deposits(act: Act, who: str) -> Number:
    """Ask what somebody has locked."""
    return Number(act.address, "deposits(address)", (who,))


def approvals(act: Act, candidate: str) -> Number:
    """Ask how much approves of a candidate."""
    return Number(act.address, "approvals(address)", (candidate,))


def _contract_of(who: str) -> Iterator[Number]:
    """Ask which factory made somebody, if any did, and, last, for whom."""
    yield from (Number(factory, "created(address)", (who,)) for factory in FACTORIES)
    yield Number(who, "delegate()")


def behind(who: str, at: Situation) -> str:
    """Give the delegate whose contract it is; "" for whom no factory of ours made: anybody can claim a delegate."""
    *made, whose = (at.facts.get(ask) for ask in _contract_of(who)) if who else (None, None)
    return (address_of(whose or 0) or "") if any(one == 1 for one in made) else ""


def questions(act: Act, at: Situation) -> Iterator[Ask[Any]]:
    """Name what a chief must tell of an act: the hat and its approval, who it was, what they had locked."""
    hat = Number(act.address, "hat()")
    yield hat
    if (holder := address_of(at.facts.get(hat) or 0)) is not None:
        yield approvals(act, holder)
    if slate := slate_of(act):
        yield FirstOf(act.address, slate)
    if act.act == "lift":
        yield approvals(act, act.after)
        return
    if not act.who:
        yield Callers(act.tx)
    if who := act.who or _caller(act, at):
        yield deposits(act, who)
        yield from _contract_of(who)


def _caller(act: Act, at: Situation) -> str:
    """Give whose call it may have been: the signer's, who called the chief, or that of the contract that was called."""
    signer, called = at.facts.get(Callers(act.tx)) or ("", "")
    return signer if called == act.address else called


def filled(events: Iterable[Event], at: Situation, hands: Mapping[str, Hand]) -> Iterator[Act]:
    """Give the acts, a chief's with what it answered; what was locked and freed earlier in the block counts."""
    books: dict[str, _Book] = {}
    for event in events:
        if isinstance(event, Act):
            ours = isinstance(hands.get(event.protocol), Chief)
            yield books.setdefault(event.address, _Book(at)).enter(event) if ours else event


class _Book:
    """One chief through one block."""

    def __init__(self, at: Situation) -> None:
        self._at = at
        self._moved: dict[str, int] = {}  # by whom, since the block before
        self._unknown: set[str] = set()  # transactions in which nobody knows who moved
        self._hat = ""
        self._shifted = False

    def enter(self, act: Act) -> Act:
        """Fill an act in."""
        facts = self._at.facts
        token = act.token or next((d.token for d in self._at.settings.daos.values() if d.governor == act.address), "")
        was = address_of(facts.get(Number(act.address, "hat()")) or 0) or ""
        hat_raw = facts.get(approvals(act, was)) if was else None
        who = act.who or self._who(act)
        told: dict[str, Any] = {"token": token, "who": who, "hat_raw": hat_raw, "behind": behind(who, self._at)}
        if act.act == "lift":
            told |= self._lifted(act, was)
        elif act.act == "approval":
            told |= self._approved(act, who)
        if act.act != "lift":
            self._note(act, who)
        return msgspec.structs.replace(act, **told)

    def _lifted(self, act: Act, was: str) -> dict[str, Any]:
        before, self._hat = self._hat or was, act.after
        # approval that moved in this very block is not what was answered
        raw = None if self._shifted else self._at.facts.get(approvals(act, act.after))
        return {"before": before, "amount_raw": raw}

    def _approved(self, act: Act, who: str) -> dict[str, Any]:
        base = self._at.facts.get(deposits(act, who)) if who and act.tx not in self._unknown else None
        told: dict[str, Any] = {"amount_raw": None if base is None else max(0, base + self._moved.get(who, 0))}
        if slate := slate_of(act):
            first = self._at.facts.get(FirstOf(act.address, slate))
            told["whom"] = address_of(first or 0) or ""
        return told

    def _note(self, act: Act, who: str) -> None:
        self._shifted = True
        raw = act.amount_raw or 0
        if act.act in ("lock", "free", "flash_lift"):
            self._moved[who] = self._moved.get(who, 0) + (raw if act.act == "lock" else -raw)
            if not who:
                self._unknown.add(act.tx)

    def _who(self, act: Act) -> str:
        """Tell whose call it was where the log does not: the signer who called the chief, or the contract that was
        called and has something locked (a Safe, a VoteDelegate). Anybody else is unknown.
        """
        signer, called = self._at.facts.get(Callers(act.tx)) or ("", "")
        if called == act.address:
            return signer
        has = self._at.facts.get(deposits(act, called)) if called else None
        return called if has else ""
