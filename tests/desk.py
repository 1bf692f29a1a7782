"""The desk that pure answers are tried at: the shipped settings, nobody to ask; and what a harmless card is."""

import re
from typing import Any, cast

from bot.cards import layout
from bot.cards.card import Card
from bot.cards.lexicon import Lexicon
from bot.desk import Desk
from bot.rows import TEXT
from config.settings import load
from tests import events
from tests.alerts import E18, VOTER
from watchers.history import StoredEvent
from watchers.wings import PROTOCOLS

SETTINGS = load(environ={}, dotenv=None, protocols=PROTOCOLS)
UNISWAP = SETTINGS.daos["uniswap"]
NOW_S = 1_700_001_000
HOSTILE = "@everyone <@1> [x](http://evil.example) `a` **b** \u202egnp.exe ||s|| https://evil.example/a.b # h\nnew"
_nobody = cast("Any", None)
DESK = Desk(
    draw=_nobody,
    settings=SETTINGS,
    lexicon=Lexicon(SETTINGS),
    history=_nobody,
    subscriptions=_nobody,
    mutes=_nobody,
    protocols=PROTOCOLS,
    alert=_nobody,
    look_up=_nobody,
    appraise=_nobody,
    ask=_nobody,
    facts=_nobody,
    books=_nobody,
    holders=_nobody,
    status=_nobody,
    post=_nobody,
    clock_ms=lambda: NOW_S * 1000,
)


def harmless(card: Card) -> None:
    """Assert that nothing of the hostile text acts, and that Discord takes the card."""
    text = "\n".join((card.headline, card.subject, *card.facts, *card.evidence, card.small))
    assert "@everyone" not in text
    assert "<@1>" not in text
    assert "\u202e" not in text
    assert text.count("```") == 2 * len(card.evidence)
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)  # markdown means nothing inside code
    assert "](http://evil" not in text
    assert "https://evil" not in text
    assert sum(map(len, layout.texts(card))) <= TEXT
    layout.view(card)


def stored(*found: Any, time_s: int = NOW_S) -> list[StoredEvent]:
    """Put events into history, a second apart, the newest first."""
    return [StoredEvent(event, time_s - at) for at, event in enumerate(found)]


def a_cast(n: int = 1, **bent: Any) -> Any:
    """Cast the n-th vote of one proposal of Uniswap, with n tokens."""
    given = {"address": UNISWAP.governor, "proposal_id": 42, "voter": VOTER, "weight_raw": n * E18, "for_raw": n * E18}
    return events.vote(100 + n, n, **{**given, **bent})
