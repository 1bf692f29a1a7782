"""What `/power` and `/delegate` say, and what they do not pretend to know."""

from typing import Any

import pytest

from bot.cards.card import Card
from bot.cards.lexicon import Lexicon
from bot.census import counted_powers
from bot.commands import delegate, power
from config.settings import Label
from tests import events
from tests.delegation import person
from tests.desk import DESK, HOSTILE, SETTINGS, UNISWAP, harmless
from watchers.chain.block import Cursor
from watchers.delegates import Book, Progress, Snapshot
from watchers.errors import UserError
from watchers.governance.census import PLAYERS, take
from watchers.history import StoredEvent
from watchers.wing import Ballot

UNI = 10**18
POWERS = {person(n): (n + 1) * 1_000_000 * UNI for n in range(4)}
DONE = Progress(UNISWAP.token, 10, 99, 100, 0)
WHOLE = Book(DONE, Cursor(500, "0xa"), 1_700_000_000, POWERS)
HALF = Book(DONE._replace(done=54), Cursor(500, "0xa"), 1_700_000_000, POWERS)


def census(powers: dict[str, int] = POWERS, quorum: int | None = 7_000_000 * UNI, threshold: int | None = None) -> Any:
    return take(powers, lambda who: "team" if who == person(3) else "unknown", quorum, threshold)


def said(card: Card) -> str:
    return "\n".join((card.headline, *card.facts, card.small)).replace("*", "")


def shown(book: Book | None = WHOLE, then: Snapshot | None = None, **bent: object) -> str:
    level = power.Level(census(), 7_000_000 * UNI, None)
    given = {"level": level, "out": {}, "latest": None, **bent}
    return said(power.answer(UNISWAP, book, then=then, desk=DESK, **given))  # type: ignore[arg-type] # a mixed dict of right values


def test_a_book_that_is_not_whole_tells_no_number_but_how_much_is_read() -> None:
    text = shown(HALF, level=power.Level(None))
    assert "Delegates unknown: the book of delegates is 50% read back" in text
    assert "Gini" not in text
    assert "Who decides: unknown" in text


def test_a_token_without_a_book_says_what_the_operator_must_name() -> None:
    assert "no token_start_block" in shown(None, level=power.Level(None))


def test_holders_are_unknown_because_nobody_indexes_them() -> None:
    assert "Holders unknown: holders are not indexed" in shown()


def test_every_measure_has_its_sentence_its_block_and_its_game() -> None:
    text = shown()
    assert "Delegates 4 with 10.0M UNI together" in text
    assert "Gini 0.250: 0 when all have the same" in text
    assert "Nakamoto 2: so many of the largest have more than half" in text
    assert "To the quorum 2: so many of the largest reach it alone (7.00M UNI)" in text
    assert "To propose unknown" in text
    assert "Largest 40.0 %" in text
    assert "Banzhaf 41.7 %, Shapley-Shubik 41.7 % for the largest, with 40.0 % of the votes" in text
    assert "delegates as of block 500" in text
    assert "Change over 30 days: unknown" in text


def test_the_change_of_30_days_stands_beside_what_changed() -> None:
    text = shown(then=Snapshot(1, 2, 3, 4, "5", 0.2, 0.31, 3, 0.4, 1.0))
    assert "Gini 0.250 (+0.050 in 30 days)" in text
    assert "Nakamoto 2 (-1 in 30 days)" in text
    assert "unknown, no snapshot" not in text


def test_whoever_is_left_out_is_listed_with_its_share() -> None:
    assert UNISWAP.timelock is not None
    label = Label(address=person(1), name=HOSTILE, kind="exchange", source="test")
    lexicon = Lexicon(SETTINGS.model_copy(update={"labels": (label,)}))
    held = WHOLE._replace(powers={**POWERS, UNISWAP.timelock: 5 * UNI})
    kept, out = counted_powers(held, UNISWAP, 1, lexicon)
    assert set(out) == {UNISWAP.timelock, person(1)}
    assert set(kept) == {person(0), person(2), person(3)}
    card = power.answer(UNISWAP, held, power.Level(census()), out, None, None, DESK)
    harmless(card)
    assert "Left out" in said(card)
    assert "2.00M (20.0 %)" in said(card)


def test_voters_add_up_and_a_vote_that_replaces_counts_alone() -> None:
    a, b = person(0), person(1)
    ballots = [
        Ballot(a, 5, 0, 0),
        Ballot(a, 2, 0, 1),
        Ballot(b, 9, 0, 0),
        Ballot(b, 0, 4, 0, replaces=True),
        Ballot("c", 0, 0, 0),
    ]
    assert power.voters_of(ballots) == {a: 8, b: 4}
    assert power.voters_of(None) is None


def test_votes_that_are_not_all_on_record_are_unknown() -> None:
    assert "Voters of proposal 7 unknown" in shown(latest=power.Vote(7, None, None))
    voters = {person(0): 5_000_000 * UNI}
    text = shown(latest=power.Vote(7, voters, census(voters)))
    assert "Voters of proposal 7: 1 voter, 50.0 % of what is delegated now" in text


def test_a_census_of_nobody_is_none_and_the_game_is_of_the_largest() -> None:
    assert take({}, str, None, None) is None
    many = take({person(n): n + 1 for n in range(PLAYERS + 40)}, lambda _: "unknown", None, None)
    assert many is not None
    assert many.game.players == PLAYERS
    assert (many.to_quorum, many.to_threshold) == (None, None)


# --- /delegate --------------------------------------------------------------------------------------------------------


def part(book: Book | None = WHOLE, **bent: object) -> delegate.Part:
    given = {"delegators": None, "balances": None, "record": delegate.Record((), 0, 0, 0), **bent}
    return delegate.Part(UNISWAP, book, **given)  # type: ignore[arg-type] # as above


def asked(*parts: delegate.Part, who: str = person(2), **more: object) -> str:
    return said(delegate.answer(who, parts, DESK, **more))  # type: ignore[arg-type] # as above


def test_a_delegate_has_power_share_and_rank_at_a_block() -> None:
    text = asked(part())
    assert text.startswith("Delegate 2 of Uniswap")
    assert "3.00M UNI, 30.0 % of what is delegated, rank 2 of 4 at block 500" in text


def test_a_delegate_in_a_book_that_is_not_whole_is_unknown() -> None:
    assert "power unknown: the book of delegates is 50% read back" in asked(part(HALF))
    assert "Unknown in ARB (12% read)" in asked(unread={"ARB": 0.12})


def test_delegators_are_counted_and_the_largest_named_where_they_could_be_asked() -> None:
    text = asked(part(delegators=[person(5), person(6)], balances={person(5): 5 * UNI, person(6): 7 * UNI}))
    assert "Given by 2 holders; the largest: " in text
    assert text.index(" 7, ") < text.index(" 5", text.index(" 7, "))
    many = [person(n) for n in range(101)]
    assert "the largest unknown: more than 100 are not asked" in asked(part(delegators=many))
    assert "the chain cannot be asked right now" in asked(part(delegators=many[:2]))


def test_the_record_says_how_often_it_was_with_the_majority() -> None:
    votes = [StoredEvent(events.vote(5, weight_raw=5 * UNI), 1_000)]
    text = asked(part(record=delegate.Record(votes, 9, 5, 7)))
    assert "Voted on 9 proposals on record, with the majority in 5 of 7" in text
    assert "5 UNI for" in text


def test_the_majority_is_the_side_with_most_votes_and_unknown_when_tied_or_not_on_record() -> None:
    a, b = person(0), person(1)
    assert delegate.majority([Ballot(a, 5, 0, 0), Ballot(b, 0, 6, 0)]) == "against"
    assert delegate.majority([Ballot(a, 5, 0, 0), Ballot(b, 0, 6, 0), Ballot(b, 0, 1, 0, replaces=True)]) == "for"
    assert delegate.majority([Ballot(a, 5, 0, 0), Ballot(b, 0, 5, 0)]) is None
    assert delegate.majority(None) is None


def test_an_address_or_a_label_is_understood_and_anything_else_is_a_sentence() -> None:
    label = next(o for o in SETTINGS.labels if sum(o.name == other.name for other in SETTINGS.labels) == 1)
    assert delegate.address_in(label.name.upper(), DESK) == label.address
    assert delegate.address_in(person(3).upper().replace("0X", "0x"), DESK) == person(3)
    with pytest.raises(UserError, match="Pick one from the list"):
        delegate.address_in("a16z", DESK)
    with pytest.raises(UserError, match="neither an address nor a label"):
        delegate.address_in("0x12", DESK)
