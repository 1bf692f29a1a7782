"""Money that moved, and what an insider did. Units and text are those of `watchers.alert`."""

from decimal import Decimal
from typing import Literal

import msgspec

from watchers.alert.amount import Amount


class MoveFacts(msgspec.Struct, frozen=True, tag="liquidity"):
    """Money that moved, net per block, owner and range. `usd` only when every leg has a price.

    In a lending market a pool is one token's reserve: `pool_before` and `pool_after` are what of it can be taken out at
    once, `payer` who paid, `recipient` who got what was withdrawn or borrowed, where that is no gateway, and
    `in_receipts` says that receipts of deposits changed hands and the token stayed.
    """

    pool: str
    pool_name: str
    action: Literal["add", "remove", "collect", "swap", "supply", "withdraw", "borrow", "repay", "liquidation"]
    owner: str
    actor: str
    amounts: tuple[Amount, ...]
    usd: Decimal | None
    share_of_pool: Decimal | None
    share_basis: str
    pool_before: tuple[Amount, ...] = ()
    pool_after: tuple[Amount, ...] = ()
    tick_lower: int | None = None
    tick_upper: int | None = None
    payer: str = ""
    recipient: str = ""
    in_receipts: bool = False
    utilisation_before: Decimal | None = None
    utilisation_after: Decimal | None = None


class Payment(msgspec.Struct, frozen=True):
    """One of the payments that left a treasury together. `share`: of what it held of the token before."""

    amount: Amount
    whom: str
    share: Decimal | None


class ActFacts(msgspec.Struct, frozen=True, tag="act"):
    """What an insider did. `amount` None: it moves no money, or how much is not known. `before` and `after` are a
    setting's values as text; `more` counts the like acts of the same contract and transaction that are told with it.
    `share_of_hat`: of the approval of the contract in power, where votes are approvals. `share_of_treasury`: of what
    the payer held of the token at the block before. `payments`: all that left it in the transaction, the largest
    first, where that is more than one; `amount` is then all that it paid in the token that weighs most, `usd_together`
    the dollars of all tokens that have a price, where those are several. `behind` is the delegate whose contract `who`
    is.
    """

    contract: str
    act: str
    who: str
    whom: str
    amount: Amount | None
    share_of_supply: Decimal | None
    before: str = ""
    after: str = ""
    unit: Literal["", "tokens", "clock", "seconds", "bps"] = ""
    detail: str = ""
    dao: str = ""
    more: int = 0
    share_of_hat: Decimal | None = None
    share_of_treasury: Decimal | None = None
    payments: tuple[Payment, ...] = ()
    usd_together: Decimal | None = None
    behind: str = ""
