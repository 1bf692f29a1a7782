"""Who holds a token: ERC-20 `Transfer`, and of ERC-721, where each token counts as one.

Source: ERC-20, ERC-721. Only tokens with `holders = true` are heard.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.chain.wanted import TRANSFER as TRANSFER  # noqa: PLC0414 - asked for by who reads a past back
from watchers.decode import Around, origin
from watchers.governance.electors import Electors
from watchers.governance.events import HolderChange


@event("Transfer(address indexed from, address indexed to, uint256 value)")
class Transfer(msgspec.Struct, frozen=True, gc=False):
    """An amount that moved."""

    from_: str
    to: str
    value: int


@event("Transfer(address indexed from, address indexed to, uint256 indexed tokenId)")
class TokenTransfer(msgspec.Struct, frozen=True, gc=False):
    """A single token that moved."""

    from_: str
    to: str
    token_id: int


protocol = Electors("holders")


@protocol.on(Transfer)
def _moved(log: Log, shape: Transfer, around: Around) -> HolderChange:
    return HolderChange(**origin(log, protocol.name, around), payer=shape.from_, payee=shape.to, amount_raw=shape.value)


@protocol.on(TokenTransfer)
def _handed(log: Log, shape: TokenTransfer, around: Around) -> HolderChange:
    return HolderChange(**origin(log, protocol.name, around), payer=shape.from_, payee=shape.to, amount_raw=1)
