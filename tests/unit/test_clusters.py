"""Who votes alike, who is of one owner, and that `/delegate` never takes the one for the other."""

import asyncio
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clusters
from bot.cards.lexicon import Lexicon
from bot.commands import delegate
from config.settings import Label
from tests import events
from tests.delegation import person
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from watchers.chain.block import Cursor
from watchers.delegates import Book, Progress
from watchers.governance.alike import PROPOSALS, VOTERS, Alike, Other, alike
from watchers.history import StoredEvent
from watchers.wing import Ballot

UNI = 10**18
FLIPS = st.fixed_dictionaries(dict.fromkeys("abcdefgh", st.sets(st.integers(0, 3), max_size=3)))
ME, NEAR, FAR, FOE = (person(n) for n in range(4))
BOOK = Book(
    Progress(UNISWAP.token, 10, 99, 100, 0), Cursor(500, "0xa"), 1_700_000_000, {ME: 3 * UNI, NEAR: UNI, FAR: 6 * UNI}
)


def contested(many: int, **sides: str) -> dict[int, dict[str, str]]:
    """Lay out proposals on which a foe always disagrees."""
    return {at: {"foe": "against", "me": "for", **sides} for at in range(many)}


def names(found: Alike) -> list[str]:
    return [other.address for other in found.others]


def test_five_contested_votes_on_one_side_are_enough_and_four_are_not() -> None:
    assert alike("me", contested(5, friend="for")) == Alike((Other("friend", 5, 5, linked=True),), 5)
    assert alike("me", contested(4, friend="for")) == Alike((), 4)


def test_one_of_twenty_may_differ_and_two_may_not() -> None:
    cast = contested(20, friend="for")
    cast[3]["friend"] = "abstain"
    assert alike("me", cast).others == (Other("friend", 19, 20, linked=True),)
    cast[4]["friend"] = "against"
    assert names(alike("me", cast)) == []


def test_votes_on_which_all_agree_say_nothing() -> None:
    cast = {at: {"me": "for", "friend": "for", "anybody": "for"} for at in range(50)}
    assert alike("me", cast) == Alike((), 0)


def test_a_cluster_reaches_through_others_and_says_so() -> None:
    cast = contested(40, middle="for", far="for")
    for at in (0, 1):
        cast[at]["middle"] = "against"  # 38 of 40 with each
    for at in (0, 1, 2, 3):
        cast[at]["far"] = "against"  # 36 of 40 with me, 38 with the one between
    assert alike("me", cast).others == (Other("middle", 38, 40, linked=True), Other("far", 36, 40, linked=False))


def test_the_newest_proposals_and_the_busiest_voters_bound_the_search() -> None:
    cast = contested(PROPOSALS + 9, friend="for")
    assert alike("me", cast).contested == PROPOSALS
    crowd = {at: {**sides, **{f"v{n:04}": "for" for n in range(VOTERS + 50)}} for at, sides in contested(6).items()}
    crowd[6] = {"foe": "against", "me": "for", "v0549": "for"}
    found = names(alike("me", crowd))
    assert (len(found), "v0549" in found, "v0548" in found) == (VOTERS - 2, True, False)  # the foe is one of them


@given(FLIPS, st.sampled_from([4, 5, 24]))
def test_a_cluster_is_what_joining_all_linked_pairs_gives(flips: dict[str, set[int]], many: int) -> None:
    votes = [
        {"foe": "against", **{voter: "against" if at in gone else "for" for voter, gone in flips.items()}}
        for at in range(many)
    ]
    mixed = [sides for sides in votes if len(set(sides.values())) > 1]
    groups = {voter: {voter} for voter in "abcdefgh"}
    for one, other in combinations("abcdefgh", 2):
        both = [sides for sides in mixed if one in sides and other in sides]
        same = sum(sides[one] == sides[other] for sides in both)
        if len(both) >= 5 and same / len(both) >= 0.95:
            joined = groups[one] | groups[other]
            groups.update(dict.fromkeys(joined, joined))
    assert set(names(alike("a", dict(enumerate(votes))))) == groups["a"] - {"a"}


# --- /delegate --------------------------------------------------------------------------------------------------------


def desk_with(*labels: tuple[str, str, str | None]) -> Any:
    given = tuple(
        Label.model_validate(
            {"address": who, "name": who[-4:], "kind": "investor", "owner": owner, "source": "a list", "chain": chain}
        )
        for who, owner, chain in labels
    )
    settings = DESK.settings.model_copy(update={"labels": given})
    return replace(DESK, settings=settings, lexicon=Lexicon(settings))


def said(near: Alike | None, book: Book | None = BOOK, desk: Any = DESK) -> list[str]:
    return [line.replace("*", "") for line in clusters.lines(ME, UNISWAP, book, near, desk)]


def test_who_votes_alike_comes_with_common_votes_and_power_and_never_as_one_owner() -> None:
    [line] = said(Alike((Other(NEAR, 19, 20, linked=True), Other(FAR, 9, 20, linked=False)), 30))
    assert line.startswith("• Votes alike with 2 others: ")
    assert "19 of 20 contested votes," in line
    assert "9 of 20 contested votes, and through others; together 10 UNI, 100.0 % of what is delegated" in line
    assert line.endswith("That they agree does not say who owns them")
    assert "one owner" not in line


def test_many_who_vote_alike_are_counted_beyond_the_first() -> None:
    [line] = said(Alike(tuple(Other(person(n), 9, 9, linked=True) for n in range(1, 60)), 30), None)
    assert "with 59 others" in line
    assert " and 56 more; their power together is unknown" in line


def test_too_few_contested_votes_are_unknown_and_enough_without_a_match_are_nobody() -> None:
    assert said(Alike((), 4)) == ["• Votes alike unknown: it takes 5 contested votes, and 4 are on record"]
    assert said(Alike((), 1)) == ["• Votes alike unknown: it takes 5 contested votes, and 1 is on record"]
    assert said(Alike((), 5)) == ["• Votes alike nobody, in 5 contested votes on record"]
    assert said(None) == []


def test_one_owner_is_whom_the_labels_of_the_chain_give() -> None:
    desk = desk_with((ME, "a16z", None), (NEAR, "a16z", None), (FAR, "a16z", "base"), (FOE, "Dharma", None))
    assert said(None, desk=desk) == [
        "• Of one owner by the labels, a16z: 2 addresses; together 4 UNI, 40.0 % of what is delegated"
    ]
    assert said(None, desk=desk_with((ME, "a16z", None), (FOE, "Dharma", None))) == []
    assert said(None, desk=desk_with((ME, "", None), (NEAR, "", None))) == []


def test_a_hostile_owner_does_nothing() -> None:
    desk = desk_with((ME, HOSTILE, None), (NEAR, HOSTILE, None))
    part = delegate.Part(UNISWAP, BOOK, None, None, delegate.Record((), 1, 0, 0, Alike((), 9)))
    harmless(delegate.answer(ME, [part], desk))


def test_sides_are_the_last_ones_taken_with_weight() -> None:
    votes = [
        events.vote(9, voter=ME, support="against", weight_raw=5),
        events.vote(8, voter=ME, support="for", weight_raw=5),
        events.vote(8, 1, voter=NEAR, support="for", weight_raw=0),
        events.vote(8, 2, voter=FAR, support="split", weight_raw=5),
        events.vote(7, voter=FAR, proposal_id=8, support="for", weight_raw=5),
    ]
    found = [StoredEvent(vote, NOW_S) for vote in votes]
    assert clusters.sides_of(found, {}) == {7: {ME: "against"}, 8: {FAR: "for"}}
    whole = {7: [Ballot(ME, 5, 0, 0), Ballot(NEAR, 2, 1, 0), Ballot(FAR, 0, 4, 0), Ballot(FOE, 0, 0, 0)]}
    assert clusters.sides_of(found, whole)[7] == {ME: "for", FAR: "against"}


class Kept:
    """A history that keeps these votes, and of proposal 1 all of them."""

    def __init__(self, found: list[StoredEvent]) -> None:
        self.found = found

    async def votes(self, **_: Any) -> list[StoredEvent]:
        """Give them all."""
        return self.found

    async def proposal(self, *_: object) -> list[StoredEvent]:
        """Give none of its steps: they were before our history."""
        return []

    async def ballots(self, _chain: int, _governor: str, proposal_id: int) -> list[Ballot] | None:
        """Give those of proposal 1, on which only the record of ballots knows the near one."""
        return [Ballot(ME, 5, 0, 0), Ballot(NEAR, 5, 0, 0), Ballot(FOE, 0, 5, 0)] if proposal_id == 1 else None


@pytest.mark.parametrize(("many", "says"), [(5, "Votes alike with 1 other"), (4, "Votes alike unknown: it takes 5")])
def test_the_command_finds_them_in_the_votes_and_ballots_of_the_dao(many: int, says: str) -> None:
    found = [
        StoredEvent(events.vote(9, at, voter=who, proposal_id=number, support=side, weight_raw=5), NOW_S)
        for number in range(1, many + 1)
        for at, (who, side) in enumerate(((ME, "for"), (NEAR, "for"), (FOE, "against")))
        if not (number == 1 and who == NEAR)
    ]
    desk: Any = replace(DESK, history=Kept(found))  # type: ignore[arg-type] # it keeps what is asked for here
    record = asyncio.run(delegate._record(ME, UNISWAP, desk))
    text = delegate.answer(ME, [delegate.Part(UNISWAP, BOOK, None, None, record)], desk)
    assert says in "\n".join(text.facts).replace("*", "")
