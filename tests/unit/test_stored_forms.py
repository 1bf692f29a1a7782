"""What an older version kept is read: each record of golden_stored/ has only the fields that its form began with."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.store import SettingsChange
from bot.subscription import Subscription
from tests.desk import SETTINGS, harmless
from watchers.alert import Alert, AlertState
from watchers.record import StoredEvent, read, read_ballot

FIRST: dict[str, Any] = json.loads((Path(__file__).parent / "golden_stored" / "first.json").read_text("utf-8"))
ALERTS = [name for name in FIRST if name.startswith("alert ")]
EVENTS = [name for name in FIRST if name.startswith("event ")]


def written(name: str) -> bytes:
    return json.dumps(FIRST[name]).encode()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_of_the_first_form_is_read_and_drawn(name: str) -> None:
    alert = msgspec.json.decode(written(name), type=Alert)
    assert f"alert {alert.kind}" == name
    harmless(render([AlertState(alert=alert)], Lexicon(SETTINGS), ping_role=None))


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_of_the_first_form_is_read(name: str) -> None:
    assert isinstance(read(b"{}\n" + written(name)), StoredEvent)


def test_a_ballot_of_the_first_form_counts_as_it_did() -> None:
    ballot = read_ballot(written("ballot")).ballot
    assert (ballot.for_raw, ballot.against_raw, ballot.abstain_raw, ballot.replaces, ballot.taken) == (
        1,
        2,
        3,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [("delivered state", AlertState), ("subscription", Subscription), ("setting", SettingsChange)],
)
def test_what_delivery_and_members_keep_is_read_in_its_first_form(name: str, kind: Any) -> None:
    assert isinstance(msgspec.json.decode(written(name), type=kind), kind)
