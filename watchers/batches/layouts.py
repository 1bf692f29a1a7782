"""What an account was told to do: its calldata -> the calls that it means to make, in order.

Every layout that smart accounts use behind an EntryPoint is one row of `_LAYOUTS`, keyed by selector. A layout says
only what was meant: that the account keeps to it is for the call tree to prove.

Source: ERC-7579 and ERC-7821 mode words; Safe MultiSend.
Errors: none; `plan` answers None for what is no known layout or does not fit it.
"""

from collections.abc import Callable
from typing import NamedTuple

from watchers.batches.calldata import MAX_CALLS, Intended, Reader, Way
from watchers.errors import DecodeError

ZERO = "0x" + "0" * 40
MAX_NESTING = 4

_WORD = 32
_SELECTOR = 4


class Plan(NamedTuple):
    """The calls of one container. `hop`: calldata of the call to itself from which the account makes all of them."""

    calls: tuple[Intended, ...]
    hop: str = ""

    @property
    def tries(self) -> bool:
        """Tell whether the container can succeed while a call fails."""
        return any(call.tries for call in self.calls)


Layout = Callable[[Reader, str, int], Plan | None]


def plan(calldata: bytes, account: str) -> Plan | None:
    """Read an account's calldata; None when its layout is not known or it does not fit the layout."""
    try:
        return _plan(calldata, account, 0)
    except DecodeError:
        return None


def _plan(calldata: bytes, account: str, nesting: int) -> Plan | None:
    layout = _LAYOUTS.get(calldata[:_SELECTOR].hex())
    if layout is None or nesting > MAX_NESTING:
        return None
    return layout(Reader(calldata[_SELECTOR:]), account, nesting)


# --- one function a layout ----------------------------------------------------------------------------------------


def _single(r: Reader, _account: str, _nesting: int) -> Plan:
    return Plan((r.call(0),))


def _single_tuple(r: Reader, _account: str, _nesting: int) -> Plan:
    return Plan((r.call(r.tail(0)),))


def _with_operation(r: Reader, _account: str, _nesting: int) -> Plan:
    return with_operation(r)


def with_operation(r: Reader) -> Plan:
    """Read (address, uint256, bytes, uint8 operation); operation 1 is a DELEGATECALL, of MultiSend mostly. Raises
    DecodeError.
    """
    call, operation = r.call(0), r.word(3 * _WORD)
    if operation > 1:
        raise DecodeError("calldata: unknown operation")
    return Plan((call,) if operation == 0 else _delegated(call.target, call.data))


def _delegate(r: Reader, _account: str, _nesting: int) -> Plan:
    return Plan(_delegated(r.address(0), "0x" + r.blob(r.tail(_WORD)).hex()))


def _delegated(target: str, data: str) -> tuple[Intended, ...]:
    if data.startswith("0x8d80ff0a"):
        return _multisend(bytes.fromhex(data[10:]))
    return (Intended(target, 0, data, way="delegate"),)


def _multisend(arguments: bytes) -> tuple[Intended, ...]:
    """Read MultiSend's packed list: operation 1 byte, to 20, value 32, length 32, data."""
    r = Reader(arguments)
    packed = r.blob(r.tail(0))
    calls: list[Intended] = []
    at = 0
    while at < len(packed):
        head = packed[at : at + 85]
        length = int.from_bytes(head[53:85], "big")
        end = at + 85 + length
        if len(head) < 85 or end > len(packed) or head[0] > 1 or len(calls) >= MAX_CALLS:  # noqa: PLR2004 - see above
            raise DecodeError("MultiSend: the list does not fit")
        to, value, data = (
            "0x" + head[1:21].hex(),
            int.from_bytes(head[21:53], "big"),
            "0x" + packed[at + 85 : end].hex(),
        )
        # MultiSend reads `to == 0` as the account itself
        calls.append(Intended(to, 0 if head[0] else value, data, "delegate" if head[0] else "call", self_at_zero=True))
        at = end
    return tuple(calls)


def _columns(r: Reader, _account: str, _nesting: int) -> Plan:
    """Read (address[], uint256[], bytes[]). SimpleAccount 0.7 takes an empty list of values for zeros."""
    targets, at = r.array(r.tail(0))
    values, values_at = r.array(r.tail(_WORD))
    data = r.blobs(r.tail(2 * _WORD))
    if len(data) != targets or values not in (0, targets):
        raise DecodeError("calldata: columns of different length")
    worth = [r.word(values_at + _WORD * n) if values else 0 for n in range(targets)]
    return Plan(tuple(Intended(r.address(at + _WORD * n), worth[n], "0x" + data[n].hex()) for n in range(targets)))


def _columns_without_value(r: Reader, _account: str, _nesting: int) -> Plan:
    """Read (address[], bytes[]): every value is zero, whatever the encoder was given."""
    targets, at = r.array(r.tail(0))
    data = r.blobs(r.tail(_WORD))
    if len(data) != targets:
        raise DecodeError("calldata: columns of different length")
    return Plan(tuple(Intended(r.address(at + _WORD * n), 0, "0x" + data[n].hex()) for n in range(targets)))


def _rows(r: Reader, _account: str, _nesting: int) -> Plan:
    return Plan(tuple(r.calls(r.tail(0))))


def _to_itself(r: Reader, account: str, _nesting: int) -> Plan:
    """Read Coinbase's executeWithoutChainIdValidation(bytes[])."""
    return Plan(tuple(Intended(account, 0, "0x" + data.hex()) for data in r.blobs(r.tail(0))))


def _by_mode(r: Reader, _account: str, _nesting: int) -> Plan | None:
    """Read execute(bytes32 mode, bytes): byte 0 is the call type, 1 the execution type, 6 to 9 the mode selector."""
    mode = r.word(0).to_bytes(_WORD, "big")
    kind, execution, chosen = mode[0], mode[1], mode[6:10].hex()
    body = r.blob(r.tail(_WORD))
    if execution > 1:
        return None
    tries = execution == 1
    if kind == 0x01:  # batch
        return Plan(tuple(call._replace(tries=tries, self_at_zero=True) for call in _batch_body(body, chosen)))
    if kind == 0xFF:  # noqa: PLR2004 - delegate call: target, data
        target, data = _packed(body, 20)
        return Plan(tuple(call._replace(tries=tries) for call in _delegated(target, "0x" + data.hex())))
    if kind in (0x00, 0xFE):  # single and static: target, value, data
        target, data = _packed(body, 52)
        way: Way = "static" if kind else "call"
        value = 0 if kind else int.from_bytes(body[20:52], "big")
        return Plan((Intended(target, value, "0x" + data.hex(), way, tries=tries),))
    return None


def _packed(body: bytes, head: int) -> tuple[str, bytes]:
    if len(body) < head:
        raise DecodeError("ERC-7579: packed call ends early")
    return "0x" + body[:20].hex(), body[head:]


def _batch_body(body: bytes, chosen: str) -> list[Intended]:
    """Read (Call[]) or (Call[], bytes opData), told by the offset alone; mode 78210002 is a list of such batches."""
    r = Reader(body)
    if chosen != "78210002":
        return r.calls(r.tail(0))
    calls = [call for part in r.blobs(r.tail(0)) for call in _batch_body(part, "78210001")]
    if len(calls) > MAX_CALLS:
        raise DecodeError("ERC-7821: too many calls")
    return calls


def _calibur(r: Reader, _account: str, _nesting: int) -> Plan:
    """Read ((address,uint256,bytes)[] calls, bool revertOnFailure)."""
    at = r.tail(0)
    tries = r.word(at + _WORD) == 0
    return Plan(tuple(call._replace(tries=tries, self_at_zero=True) for call in r.calls(r.tail(at, at))))


def _ambire(r: Reader, account: str, _nesting: int) -> Plan:
    return Plan(tuple(_ambire_call(call, account) for call in r.calls(r.tail(0))))


def _ambire_single(r: Reader, account: str, _nesting: int) -> Plan:
    return Plan((_ambire_call(r.call(r.tail(0)), account),))


def _ambire_many(r: Reader, account: str, _nesting: int) -> Plan:
    """Read executeMultiple((Call[], bytes signature)[])."""
    count, start = r.array(r.tail(0))
    calls: list[Intended] = []
    for n in range(count):
        at = r.tail(start + _WORD * n, start)
        calls += r.calls(r.tail(at, at))
        if len(calls) > MAX_CALLS:
            raise DecodeError("Ambire: too many calls")
    return Plan(tuple(_ambire_call(call, account) for call in calls))


def _ambire_call(call: Intended, account: str) -> Intended:
    """Mark what Ambire skips, and open what it tries by calling itself."""
    if call.target == ZERO:
        return call._replace(skipped=True)
    if call.target == account and call.data[2:10] in ("bf1cb383", "3628d042"):
        inner = Reader(bytes.fromhex(call.data[10:])).call(0)
        return inner._replace(tries=True, through=call.data)
    return call


def _user_op(r: Reader, account: str, nesting: int) -> Plan | None:
    """Read executeUserOp: as the EntryPoint calls it (the whole operation), or as it stands in the operation's callData
    (the selector and what follows, which is the account's own).
    """
    if len(r.data) >= 3 * _WORD and r.word(0) == 2 * _WORD and r.word(2 * _WORD) == int(account, 16):
        at = r.tail(0)
        calldata = r.blob(r.tail(at + 3 * _WORD, at))
        return _plan(calldata, account, nesting + 1)
    known = _plan(r.data, account, nesting + 1)
    if known is not None or r.data[:_SELECTOR].hex() in _LAYOUTS:
        return known
    return _calibur(r, account, nesting)


def _launchpad(r: Reader, account: str, nesting: int) -> Plan | None:
    """Read Safe7579's setupSafe(InitData): its last field is what the new account shall do."""
    at = r.tail(0)
    return _plan(r.blob(r.tail(at + 7 * _WORD, at)), account, nesting + 1)


def _runtime_validation(r: Reader, account: str, nesting: int) -> Plan | None:
    """Read Alchemy's executeWithRuntimeValidation(bytes data, bytes): the account calls itself with `data`."""
    data = r.blob(r.tail(0))
    inner = _plan(data, account, nesting + 1)
    return inner._replace(hop="0x" + data.hex()) if inner and not inner.hop else None


_LAYOUTS: dict[str, Layout] = {
    "b61d27f6": _single,  # execute(address,uint256,bytes)
    "0000189a": _single,  # execute_ncC
    "9e5d4c49": _single,  # executeCall
    "00000772": _single,  # executeCall_s1m
    "80c5c7d0": _single,  # execFromEntryPoint
    "2e9feb79": _single,  # callContract(address,uint256,bytes,bool)
    "0565bb67": _single,  # exec
    "9bd9bbc6": _single,  # send
    "5c1c6dcd": _single_tuple,  # execute((address,uint256,bytes))
    "51945447": _with_operation,  # execute(address,uint256,bytes,uint8)
    "7bb37428": _with_operation,  # executeUserOp(address,uint256,bytes,uint8)
    "541d63c8": _with_operation,  # executeUserOpWithErrorString
    "2694bd1d": _with_operation,  # execTransactionFromEntrypoint
    "b68df16d": _delegate,  # executeDelegateCall(address,bytes)
    "18dfb3c7": _columns_without_value,  # executeBatch(address[],bytes[])
    "47e1da2a": _columns,  # executeBatch(address[],uint256[],bytes[])
    "00004680": _columns,  # executeBatch_y6U
    "912ccaa3": _columns,  # executeBatchCall
    "00008f2d": _columns,  # executeBatchCall_4by
    "34fcd5be": _rows,  # executeBatch((address,uint256,bytes)[])
    "2c2abd1e": _to_itself,  # executeWithoutChainIdValidation(bytes[])
    "e9ae5c53": _by_mode,  # execute(bytes32,bytes)
    "d691c964": _by_mode,  # executeFromExecutor(bytes32,bytes)
    "99e1d016": _calibur,  # execute(((address,uint256,bytes)[],bool))
    "abc5345e": _ambire,  # executeBySender
    "6769de82": _ambire,  # executeBySelf
    "6171d1c9": _ambire,  # execute((address,uint256,bytes)[],bytes)
    "e6a6332e": _ambire_single,  # executeBySelfSingle
    "a2ea6766": _ambire_many,  # executeMultiple
    "8dd7712f": _user_op,  # executeUserOp(PackedUserOperation,bytes32)
    "d9ed0e8f": _launchpad,  # setupSafe
    "f2680c0f": _runtime_validation,  # executeWithRuntimeValidation
}

# Accounts whose batches say by ExecuteError which call failed; everything else about a failure is the tree's to tell.
NAMES_FAILING_INDEX = frozenset({"34fcd5be"})
