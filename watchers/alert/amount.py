"""What an alert counts in: an amount of a token, and a tally of votes. Units and text are those of `watchers.alert`."""

from decimal import Decimal

import msgspec


class Amount(msgspec.Struct, frozen=True):
    """An amount of one token; `symbol` is as the chain or the operator's tokens.toml says."""

    token: str
    symbol: str
    decimals: int | None
    raw: int
    usd: Decimal | None = None
    price_source: str = ""
    price_time_s: int | None = None


class Tally(msgspec.Struct, frozen=True):
    """A proposal's votes; `quorum_raw` None when it could not be read. `passes` is the family's own rule, None when
    that cannot be known. `unsided`: the votes choose among what is neither for nor against; `abstain_raw` is their sum.
    """

    for_raw: int
    against_raw: int
    abstain_raw: int
    quorum_raw: int | None
    toward_quorum_raw: int
    voters: int
    passes: bool | None
    unsided: bool = False
