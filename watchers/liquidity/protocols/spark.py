"""Spark: a lending market that speaks Aave v3's events from pools of its own.

Source: marsfoundation/sparklend-v1-core, contracts/interfaces/IPool.sol.
"""

from watchers.decode import Protocol
from watchers.liquidity.markets import pools_of
from watchers.liquidity.protocols.aave_v3_market import register

protocol = Protocol("spark", emitters=pools_of("spark"))
register(protocol, "spark")
