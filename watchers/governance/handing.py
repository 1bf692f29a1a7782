"""An `Act` made from a log: what the hands' files share."""

from typing import Any

from config.settings import ActName
from watchers.chain.block import Log
from watchers.decode import Around, origin
from watchers.governance.events import Act, ActUnit
from watchers.governance.hand import Hand


def act(hand: Hand, log: Log, around: Around, name: ActName, **told: Any) -> Act:
    """Give what a log of a hand's means."""
    return Act(**origin(log, hand.name, around), act=name, **told)


def change(hand: Hand, name: ActName, *, detail: str = "", unit: ActUnit = "", was: str = "", now: str = "") -> Any:
    """Make the handler of a setting's change; `was` and `now` name the shape's fields that hold its values."""

    def handle(log: Log, shape: Any, around: Around) -> Act:
        before, after = (str(getattr(shape, field)) if field else "" for field in (was, now))
        return act(hand, log, around, name, before=before, after=after, unit=unit, detail=detail)

    return handle
