"""Commands of Uniswap's UniversalRouter: one byte each, what it is called, and what the frames that it makes look like.

`calls`: it is one call, whose failure the router catches; every other command is code of the router, and what fails in
it takes the router with it, flag or no flag.

Source: Uniswap/universal-router, `Commands`, `Dispatcher.dispatch`, `Payments`. Units: amounts base units.
"""

from collections.abc import Callable
from typing import NamedTuple

from watchers.abi import decode_words, encode_words
from watchers.batches.calldata import Reader
from watchers.batches.steps import Sign
from watchers.errors import DecodeError

MAY_FAIL = 0x80
BALANCE_CHECK, TRANSFER_BATCH, SUB_PLAN = 0x0E, 0x0D, 0x21
PLAN_TYPES = ("bytes", "bytes[]")
PLAN = "0x24856bc3"  # execute(bytes,bytes[])
_TYPE = 0x7F  # the byte without the flag: routers read 0x3f or 0x7f of it, and no command of theirs differs by that
_BALANCE_OF, _TRANSFER, _WITHDRAW = "0x70a08231", "0xa9059cbb", "0x2e1a7d4d"
_WORD = 32
_TO_SENDER, _TO_ROUTER = 1, 2

Signs = tuple[Sign, ...]


class Router(NamedTuple):
    """Whose command it is; `caller` is "" where a sub-plan hides who called first."""

    address: str
    caller: str


class Command(NamedTuple):
    """A command as it stands in the calldata."""

    code: int
    name: str
    input: bytes
    signs: Signs
    calls: bool
    may_fail: bool

    @property
    def caught(self) -> bool:
        """Tell whether the router goes on when it fails."""
        return self.may_fail and (self.calls or self.code == BALANCE_CHECK)


_Look = Callable[[Reader, Router], Signs]


def read(byte: int, given: bytes, router: Router) -> Command:
    """Read one command. One whose code is not known, or whose input does not fit, has no signs."""
    code = byte & _TYPE
    name, look, calls = _COMMANDS.get(code, (f"COMMAND_0x{code:02x}", _nothing, False))
    try:
        signs = look(Reader(given), router)
    except DecodeError:
        signs = ()
    return Command(code, name, given, signs, calls, bool(byte & MAY_FAIL))


def enough(command: Command, output: str | None) -> bool | None:
    """Tell what a balance check found; None where the tree keeps it back."""
    try:
        least = Reader(command.input).word(2 * _WORD)
        return Reader(bytes.fromhex((output or "0x")[2:])).word(0) >= least
    except DecodeError:
        return None


def sub_plan(given: bytes) -> str:
    """Write the calldata with which the router calls itself for a sub-plan. Raises DecodeError."""
    return PLAN + encode_words(PLAN_TYPES, decode_words(PLAN_TYPES, given)).hex()


def _nothing(_r: Reader, _router: Router) -> Signs:
    return ()


def _selector(chosen: str) -> _Look:
    return lambda _r, _router: (Sign("call", chosen),)


def _raw(r: Reader, _router: Router) -> Signs:
    return (Sign("call", "0x" + r.data.hex(), whole=True),)


def _plan(r: Reader, router: Router) -> Signs:
    return (Sign("call", sub_plan(r.data), whole=True, target=router.address),)


def _balance(owner: str, token: str = "") -> Sign:
    return Sign("static", _BALANCE_OF + "0" * 24 + owner[2:], whole=True, target=token)


def _recipient(word: int, router: Router) -> str:
    """Give whom the router pays, "" where that is not known."""
    if word == _TO_SENDER:
        return router.caller
    return router.address if word == _TO_ROUTER else f"0x{word % (1 << 160):040x}"


def _payment(r: Reader, router: Router, value_wei: int | None) -> Signs:
    """Read (token, recipient, ...): a transfer of the token, or of the chain's own coin where that is zero."""
    token, to = f"0x{r.word(0) % (1 << 160):040x}", _recipient(r.word(_WORD), router)
    if not int(token, 16):
        return (Sign("call", "0x", whole=True, target=to, value_wei=value_wei),)
    return (Sign("call", _TRANSFER + ("0" * 24 + to[2:] if to else ""), target=token),)


def _transfer(r: Reader, router: Router) -> Signs:
    return _payment(r, router, r.word(2 * _WORD))


def _of_balance(r: Reader, router: Router) -> Signs:
    """Read what moves all or a part of a balance: it asks for that first, and moves nothing where there is none."""
    token = f"0x{r.word(0) % (1 << 160):040x}"
    asked = (_balance(router.address, token),) if int(token, 16) else ()
    return (*_payment(r, router, None), *asked)


def _unwrap(_r: Reader, router: Router) -> Signs:
    return (Sign("call", _WITHDRAW), _balance(router.address))


def _check(r: Reader, _router: Router) -> Signs:
    return (_balance(r.address(0), r.address(_WORD)),)


_V3, _V2 = _selector("0x128acb08"), _selector("0x022c0d9f")  # a pool's and a pair's swap
_COMMANDS: dict[int, tuple[str, _Look, bool]] = {  # code: name, signs, whether it is one call that may fail alone
    0x00: ("V3_SWAP_EXACT_IN", _V3, False),
    0x01: ("V3_SWAP_EXACT_OUT", _V3, False),
    0x02: ("PERMIT2_TRANSFER_FROM", _selector("0x36c78516"), False),
    0x03: ("PERMIT2_PERMIT_BATCH", _selector("0x2a2d80d1"), True),
    0x04: ("SWEEP", _of_balance, False),
    0x05: ("TRANSFER", _transfer, False),
    0x06: ("PAY_PORTION", _of_balance, False),
    0x08: ("V2_SWAP_EXACT_IN", _V2, False),
    0x09: ("V2_SWAP_EXACT_OUT", _V2, False),
    0x0A: ("PERMIT2_PERMIT", _selector("0x2b67b570"), True),
    0x0B: ("WRAP_ETH", _selector("0xd0e30db0"), False),
    0x0C: ("UNWRAP_WETH", _unwrap, False),
    TRANSFER_BATCH: ("PERMIT2_TRANSFER_FROM_BATCH", _selector("0x0d58b1db"), False),
    BALANCE_CHECK: ("BALANCE_CHECK_ERC20", _check, False),
    0x10: ("V4_SWAP", _selector("0x48c89491"), False),  # unlock
    0x11: ("V3_POSITION_MANAGER_PERMIT", _raw, True),
    0x12: ("V3_POSITION_MANAGER_CALL", _raw, True),
    0x13: ("V4_INITIALIZE_POOL", _selector("0x6276cbbe"), True),
    0x14: ("V4_POSITION_MANAGER_CALL", _raw, True),
    SUB_PLAN: ("EXECUTE_SUB_PLAN", _plan, True),
    0x40: ("ACROSS_V4_DEPOSIT_V3", _nothing, False),
}
