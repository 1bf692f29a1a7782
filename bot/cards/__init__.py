"""Alert in, card out; one file per kind. Pure."""

from collections.abc import Callable, Sequence

import msgspec

from bot.cards.act import act_card
from bot.cards.batch import batch_card
from bot.cards.card import Card
from bot.cards.digest import digest_card
from bot.cards.frame import retracted
from bot.cards.lexicon import Lexicon
from bot.cards.liquidity import liquidity_card
from bot.cards.proposal import proposal_card
from bot.cards.reminder import reminder_card
from bot.cards.vote import vote_card
from watchers.alert import AlertState

_DRAW: dict[str, Callable[[Sequence[AlertState], Lexicon], Card]] = {
    "vote": vote_card,
    "proposal": proposal_card,
    "liquidity": liquidity_card,
    "batch": batch_card,
    "act": act_card,
    "reminder": reminder_card,
    "digest": digest_card,
}


def render(states: Sequence[AlertState], lexicon: Lexicon, *, ping_role: int | None = None) -> Card:
    """Draw the card of a post: one alert, or several of one kind on one subject, in the order they were seen. When it
    is drawn makes no difference.
    """
    card = retracted(_DRAW[states[-1].alert.kind](states, lexicon), states)
    return msgspec.structs.replace(card, ping_role=ping_role) if ping_role else card
