"""The three wings together: what the pipeline runs and what settings are checked against."""

from collections.abc import Sequence

from config.settings import Settings
from watchers.batches.wing import wing as batches
from watchers.decode import Decoder
from watchers.governance.wing import wing as governance
from watchers.liquidity.wing import wing as liquidity
from watchers.wing import Wing

WINGS: tuple[Wing, ...] = (governance, liquidity, batches)

PROTOCOLS: dict[str, Sequence[str]] = {
    "vote": [p.name for p in governance.protocols],
    "liquidity": [p.name for p in liquidity.protocols],
    "batch": [p.name for p in batches.protocols if any(p.handlers.values())],
}


def decoder_of(settings: Settings) -> Decoder:
    """Build the decoder of every wing's protocols, told by daos.toml who each governor is."""
    claims = {(settings.chains[d.chain].id, d.governor): d.protocol for d in settings.daos.values()}
    return Decoder([p for wing in WINGS for p in wing.protocols], claims)
