"""Compound's GovernorBravo (Compound until 2025, Uniswap, Fluid). Only For counts toward its quorum.

Source: Compound `GovernorBravoDelegate.sol`. It emits OpenZeppelin's topics with the same layout, so the shapes are
shared; an address is a Bravo because daos.toml says so.
"""

from watchers.governance.asks import BravoTimes, BravoVotes, QuorumVotes
from watchers.governance.family import Family, Governor
from watchers.governance.protocols.oz_governor import register_creation, register_votes

protocol = Governor(
    "governor_bravo",
    Family(
        times=BravoTimes,
        votes=BravoVotes,
        quorum=lambda governor, _, __: QuorumVotes(governor),
        mode=None,
        counted="for",
    ),
    rank=1,
)
register_votes(protocol)
register_creation(protocol)
