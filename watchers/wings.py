"""The three wings together: what the pipeline runs and what settings are checked against."""

from collections.abc import Sequence

from config.settings import ActWatch, Chain, Settings, Watch
from watchers.batches.wing import wing as batches
from watchers.chain.wanted import Transfers
from watchers.decode import Decoder
from watchers.governance.chief import Chief
from watchers.governance.electors import Electors
from watchers.governance.family import Governor
from watchers.governance.hand import Hand
from watchers.governance.protocols.holders import protocol as holders
from watchers.governance.protocols.outflows import protocol as outflows
from watchers.governance.wing import wing as governance
from watchers.liquidity.wing import wing as liquidity
from watchers.snapshot.family import NAME as SNAPSHOT
from watchers.wing import Wing

WINGS: tuple[Wing, ...] = (governance, liquidity, batches)

PROTOCOLS: dict[str, Sequence[str]] = {
    "vote": [*(p.name for p in governance.protocols if isinstance(p, Governor | Chief)), SNAPSHOT],
    "act": [p.name for p in governance.protocols if isinstance(p, Hand | Electors)],
    "liquidity": [p.name for p in liquidity.protocols],
    "batch": [p.name for p in batches.protocols if any(p.handlers.values())],
}


def decoder_of(settings: Settings) -> Decoder:
    """Build the decoder of every wing's protocols, told by daos.toml who each governor is, and by all files together
    whose acts to read, on the chains where a watch asks for acts, and whose executions where one asks for batches.
    """
    on_chains = (d for d in settings.daos.values() if not d.space)
    claims = {(settings.chains[d.chain].id, d.governor): d.protocol for d in on_chains}
    asked = {w.chain for w in settings.watches if isinstance(w, ActWatch)}
    vouched = {c.id: settings.named_on(c) for c in settings.chains.values() if asked & {"*", c.key}}
    watched = {c.id: settings.executing_on(c) for c in settings.chains.values()}
    transfers = {c.id: transfers_on(settings, c) for c in settings.chains.values()}
    return Decoder([p for wing in WINGS for p in wing.protocols], claims, vouched, transfers, watched)


def transfers_on(settings: Settings, chain: Chain) -> dict[str, Sequence[Transfers]]:
    """Give which Transfers each protocol reads on a chain, by its name."""
    found: dict[str, Sequence[Transfers]] = {}
    if held := settings.holders_on(chain):
        found[holders.name] = [Transfers(tokens=held)]
    tokens, payers = settings.tokens_on(chain), settings.treasuries_on(chain)
    if tokens and payers and any(_hears_outflows(watch, chain) for watch in settings.watches):
        found[outflows.name] = [Transfers(tokens=tokens, payers=payers)]
    return found


def _hears_outflows(watch: Watch, chain: Chain) -> bool:
    return (
        isinstance(watch, ActWatch)
        and "outflow" in watch.acts
        and watch.chain in ("*", chain.key)
        and watch.protocol in ("*", outflows.name)
    )
