"""The three wings together: what the pipeline runs and what settings are checked against."""

from collections.abc import Sequence

from config.settings import ActWatch, Chain, Settings
from watchers.batches.wing import wing as batches
from watchers.chain.wanted import Transfers
from watchers.decode import Decoder
from watchers.governance.chief import Chief
from watchers.governance.electors import Electors
from watchers.governance.family import Governor
from watchers.governance.hand import Hand
from watchers.governance.wing import wing as governance
from watchers.liquidity.wing import wing as liquidity
from watchers.wing import Wing

WINGS: tuple[Wing, ...] = (governance, liquidity, batches)

PROTOCOLS: dict[str, Sequence[str]] = {
    "vote": [p.name for p in governance.protocols if isinstance(p, Governor | Chief)],
    "act": [p.name for p in governance.protocols if isinstance(p, Hand | Electors)],
    "liquidity": [p.name for p in liquidity.protocols],
    "batch": [p.name for p in batches.protocols if any(p.handlers.values())],
}


def decoder_of(settings: Settings) -> Decoder:
    """Build the decoder of every wing's protocols, told by daos.toml who each governor is, and by all files together
    whose acts to read, on the chains where a watch asks for acts.
    """
    claims = {(settings.chains[d.chain].id, d.governor): d.protocol for d in settings.daos.values()}
    asked = {w.chain for w in settings.watches if isinstance(w, ActWatch)}
    vouched = {c.id: settings.named_on(c) for c in settings.chains.values() if asked & {"*", c.key}}
    transfers = {c.id: _transfers(settings, c) for c in settings.chains.values()}
    return Decoder([p for wing in WINGS for p in wing.protocols], claims, vouched, transfers)


def _transfers(settings: Settings, chain: Chain) -> dict[str, Sequence[Transfers]]:
    """Give which Transfers each protocol reads on a chain, by its name."""
    held = settings.holders_on(chain)
    return {"holders": [Transfers(tokens=held)]} if held else {}
