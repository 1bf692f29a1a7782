"""Lido's fork of Aragon's Voting: a main phase, then an objection phase in which one may only vote No or turn to No.

Source: lidofinance/aragon-apps `apps/voting/contracts/Voting.sol`. Nothing is executed before the window closes.
`CastObjection` and the delegate's events repeat a `CastVote`, which names the voter, so they are not read: a vote would
count twice.
"""

from watchers.governance.family import Governor
from watchers.governance.protocols.aragon import family, register_start, register_votes

protocol = Governor("lido", family(executes_early=False), rank=2)
register_votes(protocol, replaces=True)
register_start(protocol)
