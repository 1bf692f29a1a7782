"""Third stage: votes on one proposal within the group interval become one post, edited in place; all else its own.

The interval is measured in the chain's time, not ours: a bot that catches up groups as it would have then.
"""

from itertools import islice
from typing import Final

from bot.deliver.parcel import Parcel, Verdict
from bot.deliver.record import Deliveries, Place
from config.errors import SettingsError

SHORTEST_S: Final = 30  # below it a group is a message a second
GROUPED: Final = ("vote",)
CHUNK: Final = 500  # channels in one script, so that none holds the store up

_REASONS = {
    "new": "a post of its own",
    "raised": "graver than the open post, which an edit would not tell",
    "full": "the open post is full",
    "joined": "joins the open post of its subject",
    "updated": "its post is brought up to date",
    "seen": "its post knows this already",
}


class Group:
    """Writes the alert into posts, which puts them into the outbox."""

    name = "group"

    def __init__(self, deliveries: Deliveries, *, interval_s: int = SHORTEST_S) -> None:
        if interval_s < SHORTEST_S:
            raise SettingsError("delivery", "interval_s", f"{interval_s} is too short", f"give at least {SHORTEST_S}")
        self._deliveries, self._interval_ms = deliveries, interval_s * 1000

    async def apply(self, parcel: Parcel) -> Parcel:
        """Place the alert in each channel's open post or a new one. Twice is once."""
        interval_ms = self._interval_ms if parcel.state.alert.kind in GROUPED else 0
        places = [place._replace(interval_ms=interval_ms) for place in parcel.places]
        verdicts = []
        for chunk, last in _chunks(places):
            outcomes = await self._deliveries.route(parcel.state, chunk, last=last)
            verdicts += [
                Verdict(self.name, outcome, _REASONS[outcome], place.channel_id)
                for place, outcome in zip(chunk, outcomes, strict=True)
            ]
        return parcel.said(*verdicts)


def _chunks(places: list[Place]) -> list[tuple[list[Place], bool]]:
    """Cut the places into chunks and mark the last; no place at all is one empty chunk, so that routing ends."""
    rest = iter(places)
    chunks = list(iter(lambda: list(islice(rest, CHUNK)), [])) or [[]]
    return [(chunk, at == len(chunks) - 1) for at, chunk in enumerate(chunks)]
