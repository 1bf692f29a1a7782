"""Where a proposal of Aave's is carried out: each payload that the core sent, on its chain, and how far it is."""

from bot.desk import Desk
from config.settings import Dao
from watchers.governance.events import Act
from watchers.governance.payloads import CORE, LOOKED_AT, Place, place_of, sent

_WORDS = {"queued": "queued", "executed": "executed", "cancelled": "cancelled"}


async def payload_lines(dao: Dao, proposal_id: int, desk: Desk) -> list[str]:
    """Say a line for each payload of a proposal; none for other governors and before the core sent any."""
    if dao.protocol != CORE:
        return []
    chain_id = desk.settings.chains[dao.chain].id
    told = await desk.history.acts(chain_id=chain_id, contract=dao.governor, limit=LOOKED_AT)
    known = sent(stored.event for stored in told)
    places = sorted(Place(*place) for place, number in known.items() if number == proposal_id)
    return [await _line(place, desk) for place in places]


async def _line(place: Place, desk: Desk) -> str:
    name = f"**Payload {place.number}** {desk.lexicon.chain_name(place.chain_id)}"
    if desk.settings.chain_by_id(place.chain_id) is None:
        return f"{name}: sent, and that chain is not followed"
    steps = await desk.history.acts(chain_id=place.chain_id, contract=place.controller, limit=LOOKED_AT)
    for stored in steps:
        if isinstance(stored.event, Act) and place_of(stored.event) == place:
            return f"{name}: {_WORDS.get(stored.event.act, 'changed')} <t:{stored.time_s}:R>"
    return f"{name}: sent, nothing is on record there yet"
