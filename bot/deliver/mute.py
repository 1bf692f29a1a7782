"""Second stage: a channel that snoozes the alert's subject does not get it. A snooze ends by itself."""

from collections.abc import Callable
from typing import Final

from bot.deliver.parcel import Parcel, Verdict
from bot.store import Mutes

HOURS: Final = (1, 8, 24)  # what the Snooze button offers


class Mute:
    """Asks once for all channels of an alert."""

    name = "mute"

    def __init__(self, mutes: Mutes, *, clock_ms: Callable[[], int]) -> None:
        self._mutes, self._clock_ms = mutes, clock_ms

    async def apply(self, parcel: Parcel) -> Parcel:
        """Leave out the channels that snooze the subject."""
        channels = [place.channel_id for place in parcel.places]
        if not channels:
            return parcel
        subject = parcel.state.alert.subject
        until = await self._mutes.until(subject, channels, now_ms=self._clock_ms())
        verdicts = [
            Verdict(self.name, "snoozed", f"{subject} is snoozed here until {till // 1000}", channel)
            for channel, till in until.items()
        ]
        left = tuple(place for place in parcel.places if place.channel_id not in until)
        return parcel._replace(places=left).said(*verdicts)
