"""Fee switches that say nothing when they are thrown: asked for now and then, the last answer kept as an event.

`UniswapV2Factory.setFeeTo` emits no event. Whoever labels.toml marks with `fee_to` is asked `feeTo()` about once an
hour, in the batch of a block that has questions anyway, or alone when no block had any for another hour. The answer is
written down as an act of the block that it was asked for, in the same commit: at first, when it is another than the one
on record, which is what is told, and again before the record would be forgotten. A reorg takes it back with its block.

Such an act has no transaction (`tx` is empty), because nobody knows which one it was.
"""

from collections.abc import Callable, Sequence

from config.settings import ActWatch, Chain, Settings
from watchers.chain.block import Header
from watchers.facts import Facts
from watchers.governance.events import Act
from watchers.governance.getters import Number
from watchers.governance.protocols.fee_switch import protocol
from watchers.history import History, StoredEvent

EVERY_S = 3_600.0
DETAIL = "who gets the fees: asked for, because the contract does not say when this changes"
_DAY_S = 86_400
_LOOKED_AT = 50
_PER_BLOCK = 1_000  # more contracts than anybody labels


class FeeSwitches:
    """One chain's. `asks` before a block's facts are learned, `read` after."""

    def __init__(self, settings: Settings, chain: Chain, history: History, *, clock: Callable[[], float]) -> None:
        watched = any(
            isinstance(w, ActWatch) and "fee_switch" in w.acts and w.chain in ("*", chain.key) for w in settings.watches
        )
        marked = [o.address for o in settings.labels if o.fee_to and o.chain in (None, chain.key)] if watched else []
        self._contracts = tuple(dict.fromkeys(marked))
        self._chain_id, self._history, self._clock = chain.id, history, clock
        self._again_s = settings.runtime.retention_d * _DAY_S // 2
        self._due = clock()

    def asks(self, has_questions: Callable[[], bool]) -> list[Number]:
        """Name what is to be asked with this block; `has_questions` tells whether the block has others."""
        late_s = self._clock() - self._due
        if not self._contracts or late_s < 0 or not (late_s >= EVERY_S or has_questions()):
            return []
        return [Number(contract, "feeTo()") for contract in self._contracts]

    async def read(self, asks: Sequence[Number], header: Header, facts: Facts) -> list[Act]:
        """Give what is worth writing down. Raises StoreError."""
        if asks:
            self._due = self._clock() + EVERY_S
        found: list[Act] = []
        for ask in asks:
            word = facts.get(ask)
            if word is None or word >> 160:  # unknown, or no address: asked again in an hour
                continue
            now, last = f"0x{word:040x}", await self._last(ask.to)
            was = last.event.after if last is not None and isinstance(last.event, Act) else now
            if last is None or was != now or header.time_s - last.time_s > self._again_s:
                found.append(self._act(ask.to, header, len(found), was, now))
        return found

    async def _last(self, contract: str) -> StoredEvent | None:
        kept = await self._history.acts(chain_id=self._chain_id, contract=contract, limit=_LOOKED_AT)
        return next((one for one in kept if not one.event.tx), None)

    def _act(self, contract: str, header: Header, n: int, before: str, after: str) -> Act:
        return Act(
            protocol=protocol.name,
            chain_id=self._chain_id,
            block=header.height,
            tx="",
            tx_index=0,
            log_index=n,
            address=contract,
            position=header.height * _PER_BLOCK + n,
            act="fee_switch",
            before=before,
            after=after,
            detail=DETAIL,
        )
