"""The lending markets that are believed: which pool contract speaks for which, per chain, and their ETH gateways.

Source: bgd-labs/aave-address-book 4.44.22 (AaveV3*.sol and AaveV2*.sol, `POOL` and `WETH_GATEWAY`); for Spark the
addresses of devs.spark.fi/deployment-addresses. A fork that is not here is not heard: its events are the same.
"""

from typing import Literal, NamedTuple

# governance has the shorter names already, and a name tells which wing an event is of
Family = Literal["aave_v2_market", "aave_v3_market", "spark"]


class Market(NamedTuple):
    """A market: the protocol that reads its logs, and the name that its reserves bear."""

    protocol: Family
    name: str


_V3, _V2, _SPARK = Market("aave_v3_market", "Aave v3"), Market("aave_v2_market", "Aave v2"), Market("spark", "Spark")
_V3_FIRST = "0x794a61358D6845594F94dc1DB02A252b5b4814aD"

_BY_CHAIN: dict[int, dict[str, Market]] = {
    1: {
        "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2": _V3,
        "0x4e033931ad43597d96D6bcc25c280717730B58B1": Market("aave_v3_market", "Aave v3 Prime"),
        "0x0AA97c284e98396202b6A04024F5E2c65026F3c0": Market("aave_v3_market", "Aave v3 EtherFi"),
        "0xAe05Cd22df81871bc7cC2a04BeCfb516bFe332C8": Market("aave_v3_market", "Aave v3 Horizon"),
        "0xC13e21B648A5Ee794902342038FF3aDAB66BE987": _SPARK,
        "0x7d2768dE32b0b80b7a3454c06BdAc94A69DDc7A9": _V2,
        "0x7937D4799803FbBe595ed57278Bc4cA21f3bFfCB": Market("aave_v2_market", "Aave v2 AMM"),
    },
    42161: {_V3_FIRST: _V3},
    10: {_V3_FIRST: _V3},
    8453: {"0xA238Dd80C259a72e81d7e4664a9801593F98d1c5": _V3},
    137: {_V3_FIRST: _V3, "0x8dFf5E27EA6b7AC08EbFdf9eB090F32ee9a30fcf": _V2},
    56: {"0x6807dc923806fE8Fd134338EABCA509979a7e0cB": _V3},
    100: {
        "0xb50201558B00496A145fE76f7424749556E326D8": _V3,
        "0x2Dae5307c5E3FD1CF5A72Cb6F698f915860607e0": _SPARK,
    },
    43114: {_V3_FIRST: _V3, "0x4F01AeD16D97E3aB5ab2B501154DC9bb0F1A5A2C": _V2},
    534352: {"0x11fCfe756c05AD438e312a7fd934381537D3cFfe": _V3},
    324: {"0x78e30497a3c7527d953c6B1E3541b021A98Ac43c": _V3},
    11155111: {"0x6Ae43d3271ff6888e7Fc43Fd7321a503ff738951": _V3},
}

# they hold a deposit for the moment in which they turn it into ETH, so a withdrawal names them and not its owner
_GATEWAYS: dict[int, tuple[str, ...]] = {
    1: (
        "0xd01607c3C5eCABa394D8be377a08590149325722",
        "0x3167C452fA3fa1e5C16bB83Bc0fde4519C464299",
        "0xf956B38F035dC9067fb827A512D3CF35202AB0Bc",
        "0xa0d9C1E9E48Ca30c8d8C3B5D69FF5dc1f6DFfC24",
        "0xbe9a7B3F2f54E18D7C0a17B03ad84Ac2D1D28eAC",
    ),
    42161: ("0x5283BEcEd7ADF6D003225C13896E536f2D4264FF",),
    10: ("0x5f2508cAE9923b02316254026CD43d7902866725",),
    8453: ("0xa0d9C1E9E48Ca30c8d8C3B5D69FF5dc1f6DFfC24",),
    137: ("0xBC302053db3aA514A3c86B9221082f162B91ad63", "0xf1e6d4347105138B51E2bacA9A22fA228309ebB1"),
    56: ("0x0c2C95b24529664fE55D4437D7A31175CFE6c4f7",),
    100: ("0x721B9abAb6511b46b9ee83A1aba23BDAcB004149", "0xBD7D6a9ad7865463DE44B05F04559f65e3B11704"),
    43114: ("0x2825cE5921538d17cc15Ae00a8B24fF759C6CDaE", "0x68c815cB8C8390bc3F2CE99265044dEC9D350C49"),
    534352: ("0xE79Ca44408Dae5a57eA2a9594532f1E84d2edAa4",),
    324: ("0xAE2b00D676130Bdf22582781BbBA8f4F21e8B0ff",),
    11155111: ("0x387d311e47e80b498169e6fb51d3193167d89F7D",),
}

MARKETS: dict[tuple[int, str], Market] = {
    (chain_id, address.lower()): market for chain_id, known in _BY_CHAIN.items() for address, market in known.items()
}
GATEWAYS = frozenset((chain_id, address.lower()) for chain_id, known in _GATEWAYS.items() for address in known)


def pools_of(protocol: Family) -> frozenset[str]:
    """Give the lower-case addresses that speak for a protocol on some chain."""
    return frozenset(address for (_, address), market in MARKETS.items() if market.protocol == protocol)


def speaks(protocol: Family, chain_id: int, address: str) -> bool:
    """Tell whether the pool is the protocol's on this chain: on another its address may be anybody's."""
    market = MARKETS.get((chain_id, address))
    return market is not None and market.protocol == protocol
