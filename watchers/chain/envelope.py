"""JSON-RPC on the wire: calls into a body, a body into answers, and what a refusal means. Pure.

A null result, an error and an empty list stay three different things. Results stay bytes, so that whoever asked parses
them once, into the type it wants.

Source: JSON-RPC 2.0 specification; provider documentation for codes and wording, which differ and change: nothing here
is needed for correctness, only for reacting well.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from watchers.facts import Call, RpcError
from watchers.unreached import NO_NODE, TOO_MANY

RawAnswer = bytes | RpcError
NULL = b"null"
METHOD_NOT_FOUND = -32601
_REVERTED = 3
_RATE_CODES = (429, -32029)
_TEXT_MAX = 300  # characters kept of a node's words

FailureKind = Literal["timeout", "connection", "http", "refused", "malformed", "rate", "quota", "size", "wrong_chain"]


class Failure(NamedTuple):
    """Why a provider gave no answers; `text` holds nothing of its URL. `todo`: what an operator can do about it."""

    kind: FailureKind
    text: str
    retry_after_s: float | None = None
    todo: str = "wait, or name another one"


class _Envelope(msgspec.Struct):
    id: Any = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: Any = None


_MANY = msgspec.json.Decoder(list[_Envelope])
_ONE = msgspec.json.Decoder(_Envelope)

_QUOTA = re.compile(
    r"(month|dai)ly.{0,20}(capacity|limit|quota|request|usage)|quota|out of credits|billing",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"rate.?limit|too many requests|request limit|(per|/) ?s(ec(ond)?)?\b.{0,20}(limit|capacity|exceed)|throttl"
    r"|exceeded.{0,30}(compute units|throughput|requests per)",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"revert|invalid opcode|out of gas|stack (over|under)flow|bad jump|VM (exception|execution error)|invalid jump",
    re.IGNORECASE,
)
_NO_METHOD = re.compile(
    r"method.{0,60}(not (found|supported|available|allowed|exist|whitelisted)|does not exist|unsupported|disabled)"
    r"|unsupported method|unknown method",
    re.IGNORECASE,
)


def encode_calls(calls: Sequence[Call], *, bare: bool = False) -> bytes:
    """Write calls as one array with ids from 0; `bare`: the only call as an object, for nodes without batches."""
    rows = [{"jsonrpc": "2.0", "id": at, "method": c.method, "params": c.params} for at, c in enumerate(calls)]
    return msgspec.json.encode(rows[0] if bare else rows)


def call_key(call: Call) -> bytes:
    """Give what makes two calls the same, whatever the order of keys in their parameters."""
    return msgspec.json.encode([call.method, call.params], order="sorted")


def decode_answers(body: bytes, count: int) -> list[RawAnswer] | Failure:
    """Match a body's answers to the ids 0..count-1, in any order. Anything missing, double or foreign fails it all."""
    try:
        if body.lstrip()[:1] == b"{":
            return _single(_ONE.decode(body), count)
        envelopes = _MANY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Failure("malformed", NO_NODE.what, todo=NO_NODE.todo)
    answers: dict[int, RawAnswer] = {}
    for envelope in envelopes:
        at = _id(envelope.id)
        if at is None or not 0 <= at < count or at in answers:
            return Failure("malformed", "an answer has a foreign id")
        answer = _answer(envelope)
        if isinstance(answer, Failure):
            return answer
        answers[at] = answer
    if len(answers) != count:
        return Failure("malformed", f"{count - len(answers)} of {count} answers are missing")
    return [answers[at] for at in range(count)]


def _single(envelope: _Envelope, count: int) -> list[RawAnswer] | Failure:
    """Read a lone object: the answer to a lone call, or a refusal of the whole batch."""
    answer = _answer(envelope)
    if isinstance(answer, Failure):
        return answer
    if isinstance(answer, RpcError):
        # refused as a whole: too many calls, or no batches at all; the sender tries with fewer
        return [answer] if count == 1 else Failure("size", f"the batch of {count} is refused: {answer.message}")
    if count == 1 and _id(envelope.id) == 0:
        return [answer]
    return Failure("malformed", "one answer came for a batch")


def _id(given: Any) -> int | None:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:  # noqa: PLR2004 - no bigger than a batch
        return int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _answer(envelope: _Envelope) -> RawAnswer | Failure:
    if envelope.error is not None:
        error = _error(envelope.error)
        return refusal(error) or error
    result = bytes(envelope.result)
    return result or Failure("malformed", "an answer has neither result nor error")


def _error(given: Any) -> RpcError:
    if not isinstance(given, dict):
        return RpcError(0, str(given)[:_TEXT_MAX])
    code, data = given.get("code"), given.get("data")
    return RpcError(
        code if isinstance(code, int) else 0,
        str(given.get("message", ""))[:_TEXT_MAX],
        data if isinstance(data, str) else None,
    )


def is_verdict(error: RpcError) -> bool:
    """Tell whether the error is the EVM's own: a revert or a fault of the call, the same wherever it is asked.

    A contract chooses the words of its revert, so they must never be read as the node's.
    """
    return error.code == _REVERTED or _VERDICT.search(error.message) is not None


def refusal(error: RpcError) -> Failure | None:
    """Tell a provider that refuses to work now from a node that answers "no": a Failure, or None for an answer."""
    if is_verdict(error):
        return None
    if _QUOTA.search(error.message):
        return Failure("quota", "the plan's quota is used up", todo="wait, or take a larger plan")
    if error.code in _RATE_CODES or _RATE.search(error.message):
        return Failure("rate", TOO_MANY.what, todo=TOO_MANY.todo)
    return None


def lacks_method(answer: RawAnswer) -> bool:
    """Tell whether an answer says that the node does not know the method."""
    if not isinstance(answer, RpcError) or is_verdict(answer):
        return False
    return answer.code == METHOD_NOT_FOUND or _NO_METHOD.search(answer.message) is not None
