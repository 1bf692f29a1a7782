"""Whether a contract's own code can destroy itself: a SELFDESTRUCT that jumps to places which the code pushes lead to.

What follows PUSH is data and no instruction; so is what no jump leads to, as the metadata at the end. A jump that is
computed, and code that is borrowed by DELEGATECALL, is not followed: "no" means "not seen". Pure.

Source: Ethereum Yellow Paper, appendix H, and its rule of valid jump destinations; EIP-3541 (0xef begins no code).
"""

from collections.abc import Iterator

_PUSH1, _PUSH32, _JUMPDEST, _SELFDESTRUCT = 0x60, 0x7F, 0x5B, 0xFF
_ENDS = frozenset({0x00, 0x56, 0xEF, 0xF3, 0xFD, 0xFE})  # STOP, JUMP, what is none, RETURN, REVERT, INVALID
_PLACE = 4  # bytes: no code is longer than they can say
MAX_CODE = 1 << 20  # far more than any chain allows


def can_self_destruct(code: bytes) -> bool:
    """Tell whether a way through the code comes to SELFDESTRUCT."""
    code = code[:MAX_CODE]
    if _SELFDESTRUCT not in code:
        return False
    places = {at for at, op, _ in _sweep(code) if op == _JUMPDEST}
    seen: set[int] = set()
    ways = [0]
    while ways:
        for at, op, pushed in _sweep(code, ways.pop()):
            if at in seen or op in _ENDS:
                break
            if op == _SELFDESTRUCT:
                return True
            seen.add(at)
            if pushed in places:
                ways.append(pushed)
    return False


def _sweep(code: bytes, at: int = 0) -> Iterator[tuple[int, int, int]]:
    """Give place and instruction in order, with what it pushes if that may be a place, else -1."""
    while at < len(code):
        op, pushed, width = code[at], -1, 0
        if _PUSH1 <= op <= _PUSH32:
            width = op - _PUSH1 + 1
            if width <= _PLACE:
                pushed = int.from_bytes(code[at + 1 : at + 1 + width])
        yield at, op, pushed
        at += 1 + width
