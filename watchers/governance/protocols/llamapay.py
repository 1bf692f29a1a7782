"""LlamaPay: salaries by the second, one contract for each token. A stream is made without an amount, so it is seen when
it pays.

Source: LlamaPay/llamapay, `LlamaPay.sol`; `amount` is in the token's own units.
"""

import msgspec

from watchers.abi import event
from watchers.chain.block import Log
from watchers.decode import Around
from watchers.governance.events import Act
from watchers.governance.hand import Hand, own_token
from watchers.governance.handing import act


@event(
    "Withdraw(address indexed from, address indexed to, uint216 amountPerSec, bytes32 streamId, uint256 amount)",
)
class Withdraw(msgspec.Struct, frozen=True, gc=False):
    """A stream paid."""

    from_: str
    to: str
    amount_per_sec: int
    stream_id: str
    amount: int


protocol = Hand("llamapay", token=own_token)


@protocol.on(Withdraw)
def _paid(log: Log, shape: Withdraw, around: Around) -> Act:
    return act(protocol, log, around, "release", who=shape.from_, whom=shape.to, amount_raw=shape.amount)
