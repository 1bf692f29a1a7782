"""What travels along the line: an alert, the channels it still goes to, and what each stage said about it."""

from typing import NamedTuple, Protocol

from bot.deliver.record import Place
from watchers.alert import AlertState


class Verdict(NamedTuple):
    """A stage's answer for one channel (0: for all). `outcome` is a word for metrics, `reason` a sentence for logs."""

    stage: str
    outcome: str
    reason: str
    channel_id: int = 0


class Parcel(NamedTuple):
    """An alert on its way."""

    state: AlertState
    places: tuple[Place, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    def said(self, *verdicts: Verdict) -> "Parcel":
        """Add what a stage says."""
        return self._replace(verdicts=self.verdicts + verdicts)


class Stage(Protocol):
    """One stage of the line."""

    name: str

    async def apply(self, parcel: Parcel) -> Parcel:
        """Give the parcel on, with the places that are left and the reasons. Raises StoreError."""
        ...
