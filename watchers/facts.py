"""What judges may ask: an `Ask` is one typed question; `Facts` are the answers of a block.

Asks are hashable, so a question is put once per block, and answers that never change (a token's decimals, a pool's
tokens) once per process. All questions of a round travel in one batched request; an answer that leads to another
question (a pool's tokens, then their prices) takes another round, until everything is cached.

Errors: a question that the node refuses is answered None and the judge says "unknown"; a node that cannot be reached
is a ChainError and the block is tried again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypeVar, cast

import msgspec

from watchers.abi import decode_words, encode_words, selector
from watchers.errors import DecodeError

T = TypeVar("T")

MAX_ROUNDS = 4  # the deepest wing takes three (a pool, its tokens, its standing); this ends one that would never end


class Call(NamedTuple):
    """One JSON-RPC call."""

    method: str
    params: tuple[Any, ...]


class RpcError(NamedTuple):
    """A node's refusal of one call: an answer, not a failure of the connection."""

    code: int
    message: str
    data: str | None = None


Answer = Any | RpcError


class Ask(msgspec.Struct, Generic[T], frozen=True):
    """One question. `lifetime`: `forever` for what cannot change, `block` for what must be read at block N-1 anew.
    `costly`: a stranger decides how long a node works on it, so it travels alone and no block waits for its answer.
    """

    lifetime: ClassVar[Literal["forever", "block"]] = "block"
    costly: ClassVar[bool] = False

    def calls(self, block: int) -> tuple[Call, ...]:
        """Give the calls that answer it for an event in `block`; state is read at the block before."""
        raise NotImplementedError

    def read(self, answers: Sequence[Answer]) -> T | None:
        """Turn the answers, in the order of the calls, into the fact; None when it cannot be known."""
        raise NotImplementedError


class Facts:
    """The answers at hand. `get` gives None both for "unknown" and for "not asked yet"; `has` tells them apart."""

    def __init__(self, known: dict[Ask[Any], Any] | None = None) -> None:
        self.known: dict[Ask[Any], Any] = known if known is not None else {}

    def has(self, ask: Ask[Any]) -> bool:
        """Tell whether the question was answered, be it by "unknown"."""
        return ask in self.known

    def get(self, ask: Ask[T]) -> T | None:
        """Give the answer."""
        return cast("T | None", self.known.get(ask))

    def rounds(self, asks: Callable[[], Iterable[Ask[Any]]]) -> Iterator[list[Ask[Any]]]:
        """Give what is open, each question once, round by round, until no answer leads further; whoever takes a round
        answers it into these facts before the next.
        """
        for _ in range(MAX_ROUNDS):
            open_now = [ask for ask in dict.fromkeys(asks()) if not self.has(ask)]
            if not open_now:
                return
            yield open_now


def eth_call(to: str, signature: str, values: tuple[Any, ...] = (), *, block: int | str) -> Call:
    """Build an `eth_call` of `signature` (canonical, `quorum(uint256)`) at a block number or tag."""
    types = tuple(t for t in signature[signature.index("(") + 1 : -1].split(",") if t)
    data = selector(signature) + encode_words(types, values).hex()
    at = hex(block) if isinstance(block, int) else block
    return Call("eth_call", ({"to": to, "data": data}, at))


def words(answer: Answer, *types: str) -> tuple[Any, ...] | None:
    """Decode the answer of an `eth_call`; None for a refusal, an empty answer or one that does not fit."""
    if isinstance(answer, RpcError) or not isinstance(answer, str) or len(answer) <= 2:  # noqa: PLR2004 - "0x"
        return None
    try:
        return decode_words(types, bytes.fromhex(answer[2:]))
    except (DecodeError, ValueError):
        return None


class TokenInfo(NamedTuple):
    """A token as shown: None decimals when the contract would not say or said something absurd."""

    symbol: str
    decimals: int | None


MAX_DECIMALS = 36


class Token(Ask[TokenInfo], frozen=True):
    """Symbol and decimals of an ERC-20. Old tokens answer `symbol()` with bytes32."""

    lifetime = "forever"
    address: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask both getters, at the event's own block: a token may be born in it."""
        return (
            eth_call(self.address, "symbol()", block=block),
            eth_call(self.address, "decimals()", block=block),
        )

    def read(self, answers: Sequence[Answer]) -> TokenInfo | None:
        """Read a string or a bytes32 symbol; refuse decimals above 36."""
        symbol = words(answers[0], "string")
        if symbol is None and isinstance(answers[0], str) and len(answers[0]) == 2 + 64:
            packed = words(answers[0], "bytes32")
            symbol = (packed[0].rstrip(b"\0").decode("utf-8", "replace"),) if packed else None
        decimals = words(answers[1], "uint256")
        number = decimals[0] if decimals and decimals[0] <= MAX_DECIMALS else None
        return TokenInfo(str(symbol[0]) if symbol else "", number)
