"""What the liquidity judge asks of a node: a pool's tokens and standing, who sent a transaction.

State that is priced or measured is read at the block before the event (N-1), so that nothing inside the block can move
it. Identity (a pool's tokens, its factory's word) is read at the event's block: a pool may be born and filled in one.

Source: Uniswap/v2-core IUniswapV2Pair and IUniswapV2Factory, Uniswap/v3-core IUniswapV3PoolImmutables and
IUniswapV3PoolState, aave-dao/aave-v3-origin IPool (`ReserveDataLegacy`), aave/protocol-v2 DataTypes (`ReserveData`).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from watchers.facts import Answer, Ask, Call, eth_call, words
from watchers.liquidity.factories import Keyed
from watchers.liquidity.loans import Stand
from watchers.liquidity.markets import Family

_NOBODY = "0x" + "0" * 40


def _first(answer: Answer, kind: str) -> object:
    found = words(answer, kind)
    return found[0] if found else None


def _address(answer: Answer) -> str | None:
    found = _first(answer, "address")
    return found.lower() if isinstance(found, str) and found.lower() != _NOBODY else None


def _int(answer: Answer, kind: str) -> int | None:
    found = _first(answer, kind)
    return found if isinstance(found, int) else None


class PoolInfo(NamedTuple):
    """What a pool says of itself; `fee` in millionths. Only its factory's word makes it true."""

    token0: str
    token1: str
    factory: str | None
    fee: int | None
    tick_spacing: int | None


class Pool(Ask[PoolInfo], frozen=True):
    """A pool's immutables. None: not a pool, it has no two tokens."""

    lifetime = "forever"
    address: str
    ranged: bool

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the getters that the family has."""
        names = ["token0()", "token1()", "factory()"]
        names += ["fee()", "tickSpacing()"] if self.ranged else []
        return tuple(eth_call(self.address, name, block=block) for name in names)

    def read(self, answers: Sequence[Answer]) -> PoolInfo | None:
        """Refuse a contract that names no tokens, or one token twice."""
        token0, token1 = _address(answers[0]), _address(answers[1])
        if token0 is None or token1 is None or token0 == token1:
            return None
        fee = _int(answers[3], "uint24") if self.ranged else None
        spacing = _int(answers[4], "int24") if self.ranged else None
        return PoolInfo(token0, token1, _address(answers[2]), fee, spacing)


class Listing(Ask[str], frozen=True):
    """The pool that a factory has for two tokens and, where it keeps several, the fee or the tick spacing."""

    factory: str
    keyed: Keyed
    token0: str
    token1: str
    key: int = 0

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the factory."""
        if self.keyed == "pair":
            return (eth_call(self.factory, "getPair(address,address)", (self.token0, self.token1), block=block),)
        kind = "uint24" if self.keyed == "fee" else "int24"
        values = (self.token0, self.token1, self.key)
        return (eth_call(self.factory, f"getPool(address,address,{kind})", values, block=block),)

    def read(self, answers: Sequence[Answer]) -> str | None:
        """Give the pool's address; None when the factory knows none."""
        return _address(answers[0])


class Standing(NamedTuple):
    """A ranged pool at the block before: price tick and liquidity in range."""

    tick: int
    liquidity: int


class State(Ask[Standing], frozen=True):
    """`slot0` and `liquidity` of a ranged pool; forks differ in what follows the tick."""

    address: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Read at N-1."""
        return tuple(eth_call(self.address, name, block=block - 1) for name in ("slot0()", "liquidity()"))

    def read(self, answers: Sequence[Answer]) -> Standing | None:
        """Read the tick, which is the second word, and the liquidity."""
        slot0, liquidity = words(answers[0], "uint160", "int24"), _int(answers[1], "uint128")
        return Standing(slot0[1], liquidity) if slot0 and liquidity is not None else None


class Held(NamedTuple):
    """Balances of one token: at the block before the event, and at its end."""

    before: int | None
    after: int | None


class Holding(Ask[Held], frozen=True):
    """How much of a token a pool holds: what its events cannot make up."""

    token: str
    pool: str

    def calls(self, block: int) -> tuple[Call, ...]:
        """Read before and after."""
        return tuple(eth_call(self.token, "balanceOf(address)", (self.pool,), block=at) for at in (block - 1, block))

    def read(self, answers: Sequence[Answer]) -> Held | None:
        """Give what was answered."""
        before, after = _int(answers[0], "uint256"), _int(answers[1], "uint256")
        return None if before is None and after is None else Held(before, after)


class Receipts(NamedTuple):
    """The tokens that stand for a reserve's deposits and for its debts; markets of later years have no stable debt."""

    deposit: str
    stable_debt: str | None
    variable_debt: str


# words of the answer before the three addresses
_BEFORE_RECEIPTS = {"aave_v2_market": 7, "aave_v3_market": 8, "spark": 8}


class Reserve(Ask[Receipts], frozen=True):
    """A lending market's receipts for one token. None: it is no reserve of that market."""

    lifetime = "forever"
    pool: str
    token: str
    family: Family

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask the market."""
        return (eth_call(self.pool, "getReserveData(address)", (self.token,), block=block),)

    def read(self, answers: Sequence[Answer]) -> Receipts | None:
        """Read the addresses of the tokens; what stands before them differs between v2 and v3."""
        skipped = _BEFORE_RECEIPTS[self.family]
        found = words(answers[0], *["uint256"] * skipped, "address", "address", "address")
        if found is None:
            return None
        deposit, stable, variable = (one.lower() for one in found[skipped:])
        if _NOBODY in (deposit, variable):
            return None
        return Receipts(deposit, stable if stable != _NOBODY else None, variable)


class Lent(Ask[Stand], frozen=True):
    """A reserve at the block before: the token that its receipt holds, and the supplies of its receipts."""

    token: str
    receipts: Receipts

    def calls(self, block: int) -> tuple[Call, ...]:
        """Read at N-1."""
        receipts = self.receipts
        debts = [one for one in (receipts.variable_debt, receipts.stable_debt) if one]
        return (
            eth_call(self.token, "balanceOf(address)", (receipts.deposit,), block=block - 1),
            *(eth_call(one, "totalSupply()", block=block - 1) for one in (receipts.deposit, *debts)),
        )

    def read(self, answers: Sequence[Answer]) -> Stand | None:
        """Give what was answered; a debt of which one kind is not known is not known."""
        available, deposits, *debts = [_int(answer, "uint256") for answer in answers]
        known = [debt for debt in debts if debt is not None]
        debt = sum(known) if len(known) == len(debts) else None
        return None if available is None and deposits is None and debt is None else Stand(available, deposits, debt)


class Sender(Ask[str], frozen=True):
    """Who signed a transaction: the actor, where the events name a router or a position manager."""

    tx: str

    def calls(self, block: int) -> tuple[Call, ...]:  # noqa: ARG002 - a transaction is found by its hash alone
        """Ask for the transaction."""
        return (Call("eth_getTransactionByHash", (self.tx,)),)

    def read(self, answers: Sequence[Answer]) -> str | None:
        """Give the lower-case address."""
        found = answers[0].get("from") if isinstance(answers[0], dict) else None
        return found.lower() if isinstance(found, str) and re.fullmatch(r"0x[0-9a-fA-F]{40}", found) else None
