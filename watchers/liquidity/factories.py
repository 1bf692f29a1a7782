"""Who may vouch for a pool: the factories we know, and how each is asked for the pool of two tokens.

Source: the projects' own deployment lists (docs.uniswap.org, docs.sushi.com, docs.pancakeswap.finance, docs.quickswap
.exchange, aerodrome-finance/slipstream); every address was checked against its checksum when it was written down.
"""

from typing import Literal, NamedTuple

Keyed = Literal["pair", "fee", "tick_spacing"]


class Factory(NamedTuple):
    """A factory: the name that its pools bear and what, besides the tokens, it lists them by."""

    name: str
    keyed: Keyed


_UNI2, _UNI3 = Factory("Uniswap V2", "pair"), Factory("Uniswap V3", "fee")
_SUSHI2, _SUSHI3 = Factory("SushiSwap", "pair"), Factory("SushiSwap V3", "fee")
_CAKE2, _CAKE3 = Factory("PancakeSwap V2", "pair"), Factory("PancakeSwap V3", "fee")

_UNI3_FIRST = "0x1F98431c8aD98523631AE4a59f267346ea31F984"
_SUSHI2_LATER = "0xc35DADB65012eC5796536bD9864eD8773aBc74C4"
_CAKE3_ALL = "0x0BFbCF9fa4f9C56B0F40a671Ad40E0805A091865"

_BY_CHAIN: dict[int, dict[str, Factory]] = {
    1: {
        "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f": _UNI2,
        _UNI3_FIRST: _UNI3,
        "0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac": _SUSHI2,
        "0xbACEB8eC6b9355Dfc0269C18bac9d6E2Bdc29C4F": _SUSHI3,
        "0x1097053Fd2ea711dad45caCcc45EfF7548fCB362": _CAKE2,
        _CAKE3_ALL: _CAKE3,
    },
    42161: {
        "0xf1D7CC64Fb4452F05c498126312eBE29f30Fbcf9": _UNI2,
        _UNI3_FIRST: _UNI3,
        _SUSHI2_LATER: _SUSHI2,
        "0x1af415a1EbA07a4986a52B6f2e7dE7003D82231e": _SUSHI3,
        _CAKE3_ALL: _CAKE3,
    },
    10: {
        "0x0c3c1c532F1e39EdF36BE9Fe0bE1410313E074Bf": _UNI2,
        _UNI3_FIRST: _UNI3,
        "0xCc0bDDB707055e04e497aB22a59c2aF4391cd12F": Factory("Velodrome Slipstream", "tick_spacing"),
    },
    8453: {
        "0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6": _UNI2,
        "0x33128a8fC17869897dcE68Ed026d694621f6FDfD": _UNI3,
        "0x5e7BB104d84c7CB9B682AaC2F3d509f5F406809A": Factory("Aerodrome Slipstream", "tick_spacing"),
        _CAKE3_ALL: _CAKE3,
    },
    137: {
        "0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C": _UNI2,
        _UNI3_FIRST: _UNI3,
        _SUSHI2_LATER: _SUSHI2,
        "0x5757371414417b8C6CAad45bAeF941aBc7d3Ab32": Factory("QuickSwap V2", "pair"),
    },
    56: {
        "0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6": _UNI2,
        "0xdB1d10011AD0Ff90774D0C6Bb92e5C5c8b4461F7": _UNI3,
        _SUSHI2_LATER: _SUSHI2,
        "0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73": _CAKE2,
        _CAKE3_ALL: _CAKE3,
    },
    100: {
        _SUSHI2_LATER: _SUSHI2,
        "0xA818b4F111Ccac7AA31D0BCc0806d64F2E0737D7": Factory("Honeyswap", "pair"),
    },
    43114: {
        "0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C": _UNI2,
        "0x740b1c1de25031C31FF4fC9A62f554A55cdC1baD": _UNI3,
        _SUSHI2_LATER: _SUSHI2,
        "0x9Ad6C38BE94206cA50bb0d90783181662f0Cfa10": Factory("Trader Joe V1", "pair"),
        "0xefa94DE7a4656D787667C749f7E1223D71E9FD88": Factory("Pangolin", "pair"),
    },
    534352: {"0x70C62C8b8e801124A4Aa81ce07b637A3e83cb919": _UNI3},
    324: {"0x8FdA5a7a8dCA67BBcDd10F02Fa0649A937215422": _UNI3},
    # a local chain (anvil, Hardhat, the sandbox): a fork keeps Ethereum's factories, a fresh one can only get them
    # there by their own deployers' first transaction
    31337: {"0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f": _UNI2, _UNI3_FIRST: _UNI3},
}

FACTORIES: dict[tuple[int, str], Factory] = {
    (chain_id, address.lower()): factory for chain_id, known in _BY_CHAIN.items() for address, factory in known.items()
}


def factory_of(chain_id: int, address: str | None) -> Factory | None:
    """Give the factory at a lower-case address, None for one that we do not know."""
    return FACTORIES.get((chain_id, address)) if address else None
