"""What leaves a treasury: ERC-20 `Transfer` from who holds for a DAO, and ERC-721, where each token counts as one.

Only tokens that the operator's files name are asked for: anybody can write a token whose `Transfer`s claim to come from
a treasury. A payment of nothing and one to oneself are none.
Source: ERC-20, ERC-721. Units: base units of the token.
"""

from typing import Any

import msgspec

from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand
from watchers.governance.handing import act
from watchers.governance.protocols.holders import TokenTransfer, Transfer

protocol = Hand("outflows")


def _paid(log: Log, around: Around, payer: str, payee: str, raw: int) -> Act | None:
    if not raw or payer == payee:
        return None
    told: dict[str, Any] = {"who": payer, "whom": payee, "token": log.address, "amount_raw": raw}
    return msgspec.structs.replace(act(protocol, log, around, "outflow", **told), address=payer)


@protocol.on(Transfer)
def _moved(log: Log, shape: Transfer, around: Around) -> Act | None:
    return _paid(log, around, shape.from_, shape.to, shape.value)


@protocol.on(TokenTransfer)
def _handed(log: Log, shape: TokenTransfer, around: Around) -> Act | None:
    return _paid(log, around, shape.from_, shape.to, 1)
