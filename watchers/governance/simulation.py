"""What a proposal's actions do when they are tried: `eth_simulateV1` from whoever will execute them.

The governor is left out: the calls come from the timelock, one after the other. What they log is read as any log. When
they are tried, and on which state: see `rehearsal`.

Source: ethereum/execution-apis, `eth_simulateV1` (with `traceTransfers`, coins that move are logs of 0xeeee...ee).
Errors: a node that does not know the method, or refuses, gives `Simulated.why`; nothing of its text is kept.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar

import msgspec
from eth_hash.auto import keccak

import watchers.governance.protocols as protocols_package
from config.settings import TIMELOCK_STEPS
from watchers.abi import Shape, event, selector, shape_of
from watchers.chain.block import Log
from watchers.chain.envelope import lacks_method
from watchers.decode import Decoder, protocols_in
from watchers.errors import DecodeError
from watchers.facts import Answer, Ask, Call, RpcError, words
from watchers.governance.actions import Planned
from watchers.governance.destruct import can_self_destruct
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.protocols.holders import TokenTransfer, Transfer
from watchers.proposed import NO_METHOD, Effect, Outcome, Simulated
from watchers.revert import EMPTY, OUT_OF_GAS, describe_hex

MAX_LOGS = 2_000
MAX_EFFECTS = 60
MAX_TARGETS = 40
MAX_REASON = 200
COINS = "0x" + "ee" * 20
_SET_FEE_TO = selector("setFeeTo(address)")
_REFUSED = {
    -38014: "the calls send more coins than there are",
    -38015: "the calls need more gas than the node allows",
    -38026: "the calls are more than the node allows",
    -32602: "the node does not take the question",
}
UNREADABLE = "the node gives no answer that can be read"


@event("Approval(address indexed owner, address indexed spender, uint256 value)")
class Approval(msgspec.Struct, frozen=True, gc=False):
    """Somebody may spend an owner's tokens."""

    owner: str
    spender: str
    value: int


class Trial(Ask[Simulated], frozen=True):
    """The actions tried by `sender` on the state after block `at`, as of `time_s` (0: right then). `balance_wei` is
    what it is given; None leaves it what it has.
    """

    costly: ClassVar[bool] = True
    step: str
    sender: str
    actions: tuple[Planned, ...]
    at: int
    time_s: int = 0
    balance_wei: int | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """Give the contracts called, each once; one that is only paid need hold no code."""
        called = (action.target for action in self.actions if len(action.data) > len("0x"))
        return tuple(dict.fromkeys(called))[:MAX_TARGETS]

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - the block is a part of the question
        """Ask for the simulation, and for the code of each target."""
        rows = [{"from": self.sender, "to": a.target, "value": hex(a.value_wei), "data": a.data} for a in self.actions]
        batch: dict[str, Any] = {"calls": rows}
        if self.balance_wei is not None:
            batch["stateOverrides"] = {self.sender: {"balance": hex(self.balance_wei)}}
        if self.time_s:
            batch["blockOverrides"] = {"time": hex(self.time_s)}
        options = {"validation": False, "traceTransfers": True, "returnFullTransactions": False}
        asked = ({"blockStateCalls": [batch], **options}, hex(self.at))
        return (
            Call("eth_simulateV1", asked),
            *(Call("eth_getCode", (target, hex(self.at))) for target in self.targets),
        )

    def read(self, answers: Sequence[Answer]) -> Simulated:
        """Read each call's outcome and all that they logged."""
        said = answers[0]
        told = [(t, a) for t, a in zip(self.targets, answers[1:], strict=True) if isinstance(a, str)]
        known = Simulated(
            self.step,
            self.at,
            self.sender,
            codeless=tuple(target for target, code in told if code == "0x"),
            codes=tuple((target, keccak(code.encode()).hex()[:16]) for target, code in told if code != "0x"),
            destructs=tuple(target for target, code in told if can_self_destruct(_bytes(code))),
        )
        if isinstance(said, RpcError):
            return msgspec.structs.replace(known, why=_refused(said))
        if not isinstance(said, list) or len(said) != 1 or not isinstance(said[0], dict):
            return msgspec.structs.replace(known, why=UNREADABLE)
        results = said[0].get("calls")
        if not isinstance(results, list) or len(results) != len(self.actions):
            return msgspec.structs.replace(known, why=UNREADABLE)
        outcomes = [_outcome(result) for result in results]
        calls = tuple(one for one in outcomes if one is not None)
        if len(calls) < len(outcomes):
            return msgspec.structs.replace(known, why=UNREADABLE)
        effects, more = _effects(results, calls, self)
        return msgspec.structs.replace(known, calls=calls, effects=effects, more=more)


def _refused(error: RpcError) -> str:
    return NO_METHOD if lacks_method(error) else _REFUSED.get(error.code, f"the node refuses, code {error.code}")


def _bytes(code: str) -> bytes:
    try:
        return bytes.fromhex(code[2:])
    except ValueError:
        return b""  # what is no code does nothing


def _outcome(result: Any) -> Outcome | None:
    """Read a call's status and, where it failed, why: the revert data stands in the error or in what was returned."""
    if not isinstance(result, dict) or result.get("status") not in ("0x0", "0x1"):
        return None
    if result["status"] == "0x1":
        return Outcome(ok=True)
    error = result.get("error")
    error = error if isinstance(error, dict) else {}
    data = next((d for d in (error.get("data"), result.get("returnData")) if isinstance(d, str) and len(d) > 2), "")  # noqa: PLR2004 - "0x"
    if data:
        return Outcome(ok=False, reason=describe_hex(data)[:MAX_REASON])
    return Outcome(ok=False, reason=OUT_OF_GAS if "out of gas" in str(error.get("message"))[:300].lower() else EMPTY)


# --- what the calls log -------------------------------------------------------------------------------------------


def _effects(results: Sequence[Any], calls: Sequence[Outcome], trial: Trial) -> tuple[tuple[Effect, ...], int]:
    """Read the logs of the calls that succeeded: what changes hands first, then what leaves the sender, then the rest,
    so that a flood of transfers hides nothing.
    """
    logs: list[Log] = []
    call_of: list[int] = []
    unread = 0
    for at, (result, outcome) in enumerate(zip(results, calls, strict=True)):
        raw = result.get("logs") if outcome.ok else ()
        for entry in raw if isinstance(raw, list) else ():
            log = _log(entry, len(logs)) if len(logs) < MAX_LOGS else None
            if log is None:
                unread += 1
                continue
            logs.append(log)
            call_of.append(at)
    found = [*_switched(trial, calls), *_changed(logs, call_of)]
    moves = [move for log, at in zip(logs, call_of, strict=True) if (move := _moved(log, at)) is not None]
    moves.sort(key=lambda move: move.who != trial.sender)  # stable: the order of the calls stays
    found += moves
    return tuple(found[:MAX_EFFECTS]), max(0, len(found) - MAX_EFFECTS) + unread


def _log(raw: Any, index: int) -> Log | None:
    """Build a log of our own from what a node made up; None for what is none."""
    try:
        address, topics, data = raw["address"].lower(), raw["topics"], raw["data"].lower()
        if len(topics) > 4 or not all(isinstance(topic, str) for topic in topics):  # noqa: PLR2004 - the EVM's LOG4
            return None
        lower = tuple(topic.lower() for topic in topics)
    except (TypeError, KeyError, AttributeError):
        return None
    return Log(address, lower, data, "0x0", "0x", "0x0", hex(index), "0x")


def _switched(trial: Trial, calls: Sequence[Outcome]) -> Iterator[Effect]:
    """Recognise the switch that logs nothing: `setFeeTo` of Uniswap V2's factory."""
    for at, (action, outcome) in enumerate(zip(trial.actions, calls, strict=True)):
        to = words("0x" + action.data[len(_SET_FEE_TO) :], "address") if action.data.startswith(_SET_FEE_TO) else None
        if outcome.ok and to:
            yield Effect(at, "fee_switch", action.target, trial.sender, after=str(to[0]).lower())


def _changed(logs: Sequence[Log], call_of: Sequence[int]) -> Iterator[Effect]:
    """Read who is in charge and how by the wing's own protocols."""
    decoded = Decoder(_hands(), vouched={0: frozenset(log.address for log in logs)}).decode(0, logs)
    for act in decoded.events:
        if isinstance(act, Act) and act.act not in TIMELOCK_STEPS:
            amount = {"raw": act.amount_raw} if act.amount_raw is not None else {}
            yield Effect(
                call_of[act.log_index], act.act, act.address, act.who, act.whom, after=act.after[:80], **amount
            )


@cache
def _hands() -> tuple[Hand, ...]:
    return tuple(p for p in protocols_in(protocols_package) if isinstance(p, Hand))


_MOVES: tuple[tuple[type, str, Callable[[Any], tuple[str, str, int]]], ...] = (
    (Transfer, "transfer", lambda moved: (moved.from_, moved.to, moved.value)),
    (TokenTransfer, "item", lambda moved: (moved.from_, moved.to, moved.token_id)),
    (Approval, "allowance", lambda given: (given.owner, given.spender, given.value)),
)


def _moved(log: Log, call: int) -> Effect | None:
    key = (log.topics[0] if log.topics else "", len(log.topics), len(log.data))
    for into, kind, parts in _MOVES:
        shape: Shape[Any] = shape_of(into)
        if key != shape.key:
            continue
        try:
            who, whom, raw = parts(shape.decode(log))
        except DecodeError:
            return None
        return Effect(call, "coins" if log.address == COINS else kind, log.address, who, whom, raw)
    return None
