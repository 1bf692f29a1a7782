"""What `/power` and `/delegate` say, and what they do not pretend to know."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from bot.cards.card import Card, Picture
from bot.cards.layout import MORE, texts
from bot.cards.lexicon import Lexicon
from bot.census import counted_powers
from bot.commands import delegate, power
from bot.levels import NAMES, Level, Name, before, unkept
from config.settings import Dao, Label
from tests import electorate, events
from tests.delegation import person
from tests.desk import DESK, HOSTILE, SETTINGS, UNISWAP, harmless
from watchers.chain.block import Cursor
from watchers.delegates import DAY_S, Book, Progress, Snapshot
from watchers.errors import UserError
from watchers.governance.census import PLAYERS, take
from watchers.governance.electors import UNDELEGATED, tokens_on
from watchers.governance.holding import holders_from
from watchers.history import StoredEvent
from watchers.wing import Ballot, Taken

UNI = 10**18
POWERS = {person(n): (n + 1) * 1_000_000 * UNI for n in range(4)}
DONE = Progress(UNISWAP.token, 10, 99, 100, 0)
WHOLE = Book(DONE, Cursor(500, "0xa"), 1_700_000_000, POWERS)
HALF = Book(DONE._replace(done=54), Cursor(500, "0xa"), 1_700_000_000, POWERS)


def census(powers: dict[str, int] = POWERS, quorum: int | None = 7_000_000 * UNI, threshold: int | None = None) -> Any:
    return take(powers, lambda who: "team" if who == person(3) else "unknown", quorum, threshold)


def said(card: Card) -> str:
    return "\n".join((card.headline, *card.facts, card.small)).replace("*", "")


def level(name: Name, **given: Any) -> Level:
    base = {"census": census(), "quorum_raw": 7_000_000 * UNI, "whole_raw": WHOLE.total_raw, "time_s": 40 * DAY_S}
    return Level(name, f"**{name.capitalize()}**", **{**base, **given})


def shown(*levels: Level) -> str:
    return said(power.card_of(UNISWAP, levels, DESK, block=500))


async def delegates(book: Book | None, dao: Dao = UNISWAP) -> str:
    return shown(await power.delegates_of(dao, book, power.Terms(), DESK))


async def test_a_book_that_is_not_whole_tells_no_number_but_how_much_is_read() -> None:
    text = await delegates(HALF)
    assert "Delegates unknown: the book of delegates is 50% read back" in text
    assert "Gini" not in text
    assert "Who decides: unknown" in text


async def test_a_token_without_a_book_says_what_the_operator_must_name() -> None:
    assert "no token_start_block" in await delegates(None)


@pytest.mark.parametrize(
    ("dao", "says"),
    [
        ("lido", "none: its holders are the voters"),
        ("curve-ownership", "none: votes are locks that wane"),
        ("sky", "none: votes are what is locked in the chief"),
        ("aave-votes", "unknown: not kept, since staked tokens vote as well"),
        ("dydx", "unknown: not kept, since staked tokens vote as well"),
    ],
)
async def test_where_no_book_of_delegates_could_tell_the_answer_says_who_votes(dao: str, says: str) -> None:
    one = SETTINGS.daos[dao]
    assert await DESK.book(one) is None
    assert f"Delegates {says}" in await delegates(None, one)


def test_every_governor_whose_delegates_are_not_kept_has_its_reason_and_no_book() -> None:
    for dao in SETTINGS.daos.values():
        if dao.protocol in UNDELEGATED:
            assert "token_start_block" not in unkept(dao)
            assert dao.token not in tokens_on(SETTINGS, SETTINGS.chains[dao.chain])
    aave = SETTINGS.daos["aave"].model_copy(update={"holders": True})
    held = SETTINGS.model_copy(update={"daos": {"aave": aave}})
    assert holders_from(held, SETTINGS.chains["ethereum"]) == {aave.token: 10926829}
    assert {dao.protocol for dao in SETTINGS.daos.values()} >= UNDELEGATED - {"aragon"}


async def test_holders_are_unknown_because_nobody_indexes_them() -> None:
    assert "Holders unknown: holders are not indexed" in shown(
        await power.holders_of(UNISWAP, None, power.Terms(), DESK)
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_of_a_level_has_its_sentence_and_its_block(name: Name) -> None:
    text = shown(level(name, threshold_raw=UNI, census=census(threshold=UNI)))
    would = "would reach" if name == "holders" else "reach"
    for sentence in (
        "with 10.0M UNI together",
        "Gini 0.250: 0 when all have the same",
        "HHI 0.3000: how likely two votes are one owner's",
        f"Effective number 3.3: as concentrated as so many equal {name}",
        "Nakamoto 2: so many of the largest have more than half",
        f"To the quorum 2: so many of the largest {would} it alone (7.00M UNI)",
        "To propose 1: so many of the largest may propose, together at least (1 UNI)",
        "Largest 40.0 %, ten largest 100.0 %",
        "Largest hundredth 40.0 %, tenth 40.0 %",
        "Shannon 1.85 bits: as hard to guess who has a vote as among 3.6 equals",
        "Min-entropy 1.32 bits: by the largest alone, as among 2.5 equals",
        "Theil 0.11 of at most 1.39, more is more unequal: 0.05 lies within classes of labels, 0.05 between them",
        "Classes unknown 60.0 % (3), team 40.0 % (1)",
        "Banzhaf 41.7 % (exact) for the largest, with 40.0 % of the votes",
        "Shapley-Shubik 41.7 % (exact) for the same one",
        "Left out nobody",
        "Change over 30 days: unknown",
        "as of block 500",
    ):
        assert sentence in text, sentence


def test_a_level_alone_says_how_few_decide_there_and_three_together_say_it_of_the_delegates() -> None:
    few = level("holders", census=census({person(0): UNI}))
    assert shown(few).startswith("1 holder has more than half of what is held")
    assert shown(level("voters")).startswith("2 voters have more than half of the votes cast")
    assert shown(few, level("delegates"), level("voters")).startswith("2 delegates have more than half of the votes")
    unknown = level("delegates", census=None, why=" unknown: nobody told")
    assert shown(few, unknown, level("voters")).startswith("1 holder has more than half of what is held")


def test_an_index_that_is_not_exact_says_what_it_may_be_wrong_by() -> None:
    found = census()
    rough = found._replace(game=found.game._replace(shapley_error=0.0043, banzhaf=None))
    text = shown(level("delegates", census=rough))
    assert "Banzhaf unknown for the largest" in text
    assert "Shapley-Shubik 41.7 % (within 0.43 points)" in text


@pytest.mark.parametrize("name", ["W" * 90, "*" * 90, HOSTILE])
def test_the_longest_answers_fit_into_one_message(name: str) -> None:
    labels = tuple(Label(address=person(n), name=name, kind="exchange", source="test") for n in range(3000))
    desk = replace(DESK, lexicon=Lexicon(SETTINGS.model_copy(update={"labels": labels})))
    out = {person(n): 10 ** (30 + n) for n in range(9)} | {person(0): 10**60}
    then = Snapshot(8, 2, 3, 4, "5", 0.2, 0.31, 3, 0.4, 1.0, 1.0, 2.0, 3.0)
    found = take({person(n): 10**40 + n for n in range(3000)}, lambda who: who[-1] * 30, 10**41, 10**42)
    told = [
        level(one, census=found, out=out, whole_raw=10**61, then=then, since="block 1", threshold_raw=10**42)
        for one in NAMES
    ]
    for levels in (told, *([one] for one in told)):
        card = power.card_of(UNISWAP, levels, desk, block=500, gaps=12)
        harmless(card)
        assert MORE not in "".join(texts(card))


def test_each_level_names_who_is_the_largest_and_a_level_by_itself_names_five() -> None:
    label = Label(address=person(6), name="Curia", kind="team", source="test")
    desk = replace(DESK, lexicon=Lexicon(SETTINGS.model_copy(update={"labels": (label,)})))
    seven = census({person(n): (n + 1) * UNI for n in range(7)})
    five, three = (
        said(power.card_of(UNISWAP, levels, desk, block=500))
        for levels in ([level("voters", census=seven)], [level(name, census=seven) for name in NAMES])
    )
    names = ["Curia (team) [0x"] + ["[0x"] * 4
    for text, most, times in ((five, 5, 1), (three, 3, 3)):
        (row, *others) = [line for line in text.splitlines() if line.startswith("• Who ")]
        assert others == [row] * (times - 1)
        *named, more = row.removeprefix("• Who ").split(", ")
        assert more == f"and {7 - most} more"
        assert [one.startswith(name) for one, name in zip(named, names, strict=False)] == [True] * most
        assert [one.split(") ")[-1] for one in named] == ["25.0 %", "21.4 %", "17.9 %", "14.3 %", "10.7 %"][:most]
        assert person(5)[-6:].lower() in named[1].lower()
    alone = said(power.card_of(UNISWAP, [level("voters", census=census({person(0): UNI}))], desk, block=500))
    assert any(line.startswith("• Who [0x") and line.endswith(") 100.0 %") for line in alone.splitlines())


def test_the_change_of_30_days_stands_beside_what_changed() -> None:
    then = Snapshot(10, 2, 3, 4, "5", 0.2, 0.31, 3, 0.3, 1.0, 1.0)
    text = shown(level("holders", then=then, since="block 2"))
    for sentence in (
        "Gini 0.250 (+0.050 in 30 days)", "Nakamoto 2 (-1 in 30 days)", "HHI 0.3000 (-0.0100 in 30 days)",
        "Largest 40.0 % (+10.0 points in 30 days), ten largest 100.0 % (+0.0 points in 30 days)",
        "Shannon 1.85 bits (+0.85 in 30 days)", "Theil 0.11 of", "Changes are those since block 2",
    ):  # fmt: skip
        assert sentence in text, sentence
    assert "unknown, no snapshot" not in text


def test_the_change_is_since_the_snapshot_of_30_days_ago_or_the_last_of_the_week_before() -> None:
    kept = [Snapshot(day, 2, 3, 4, "5", 0.2, 0.31, 3, 0.4, 1.0) for day in (60, 62, 65, 69, 71)]
    found = [before(kept, day * DAY_S) for day in (100, 99, 95, 89)]
    assert [one and one.day for one in found] == [69, 69, 65, None]


def test_whoever_is_left_out_is_listed_with_its_share() -> None:
    assert UNISWAP.timelock is not None
    label = Label(address=person(1), name=HOSTILE, kind="escrow", source="test")
    lexicon = Lexicon(SETTINGS.model_copy(update={"labels": (label,)}))
    held = WHOLE._replace(powers={**POWERS, UNISWAP.timelock: 5 * UNI})
    kept, out = counted_powers(held, UNISWAP, 1, lexicon)
    assert set(out) == {UNISWAP.timelock, person(1)}
    assert set(kept) == {person(0), person(2), person(3)}
    for name in ("holders", "delegates"):
        card = power.card_of(UNISWAP, [level(name, out=out)], DESK, block=500)
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
    assert power.cast_by(ballots) == {a: 8, b: 4}
    assert power.cast_by(None) is None


def test_what_an_owner_overrides_is_no_longer_its_delegates() -> None:
    a, b = person(0), person(1)
    assert power.cast_by([Ballot(a, 1_000, 0, 0), Ballot(b, 0, 400, 0, taken=Taken(a, 400))]) == {a: 600, b: 400}
    assert power.cast_by([Ballot(b, 0, 400, 0, taken=Taken(a, 400))]) is None  # the delegate's vote is not on record


def proposal(number: int, day: int) -> StoredEvent:
    return StoredEvent(electorate.change("created", proposal_id=number), day * DAY_S)


class Votes:
    """History, as far as it tells who voted."""

    def __init__(self, **votes: Sequence[Ballot] | None) -> None:
        self._votes = votes

    async def ballots(self, _chain_id: int, _governor: str, number: int) -> Sequence[Ballot] | None:
        return self._votes[f"p{number}"]


async def voters(proposals: Sequence[StoredEvent], terms: power.Terms, **votes: Sequence[Ballot] | None) -> str:
    desk = replace(DESK, history=cast("Any", Votes(**votes)))
    return shown(await power.voters_of(UNISWAP, proposals, 10_000_000 * UNI, terms, desk))


async def test_votes_that_are_not_all_on_record_are_unknown() -> None:
    assert "Voters unknown: no proposal is on record" in await voters([], power.Terms())
    assert "Voters of proposal 7 unknown" in await voters([proposal(7, 1)], power.Terms(), p7=None)
    assert "Voters of proposal 7: nobody yet" in await voters([proposal(7, 1)], power.Terms(), p7=[])


async def test_voters_are_those_of_the_latest_proposal_that_somebody_voted_on() -> None:
    one = [Ballot(person(0), UNI, 0, 0)]
    found = [proposal(9, 100), proposal(8, 99)]
    assert "Voters of proposal 8: 1 voter" in await voters(found, power.Terms(), p9=[], p8=one)
    assert "Voters of proposal 9: nobody yet" in await voters(found, power.Terms(), p9=[], p8=[])


async def test_turnout_is_a_share_of_the_supply_and_of_what_is_delegated() -> None:
    one = [Ballot(person(0), 5_000_000 * UNI, 0, 0)]
    text = await voters([proposal(7, 1)], power.Terms(supply_raw=20_000_000 * UNI), p7=one)
    assert "Voters of proposal 7: 1 voter with 5.00M UNI together" in text
    assert "Turnout 25.0 % of the supply, 50.0 % of what is delegated now" in text
    assert "Turnout unknown of the supply" in await voters([proposal(7, 1)], power.Terms(), p7=one)


async def test_voters_are_compared_with_those_of_a_proposal_30_days_before() -> None:
    two = [Ballot(person(0), 3 * UNI, 0, 0), Ballot(person(1), UNI, 0, 0)]
    found = [proposal(9, 100), proposal(8, 71), proposal(7, 65), proposal(6, 60)]
    text = await voters(found, power.Terms(), p9=two, p8=[], p7=None, p6=[Ballot(person(0), UNI, 0, 0)])
    assert "Gini 0.250 (+0.250 in 40 days)" in text
    assert "Changes are those since proposal 6" in text
    assert "no proposal on record is that old" in await voters(found[:2], power.Terms(), p9=two)


def test_a_census_of_nobody_is_none_and_the_game_is_of_the_largest() -> None:
    assert take({}, str, None, None) is None
    many = take({person(n): n + 1 for n in range(PLAYERS + 40)}, lambda _: "unknown", None, None)
    assert many is not None
    assert many.game.players == PLAYERS
    assert (many.to_quorum, many.to_threshold) == (None, None)


class NoBooks:
    """Books of delegates of which none is kept."""

    async def book(self, *_: object) -> None:
        return None


# --- /delegate --------------------------------------------------------------------------------------------------------


def part(book: Book | None = WHOLE, **bent: object) -> delegate.Part:
    given = {"delegators": None, "balances": None, "record": delegate.Record((), 0, 0, 0), **bent}
    return delegate.Part(UNISWAP, book, **given)  # type: ignore[arg-type] # as above


def asked(*parts: delegate.Part, who: str = person(2), **more: object) -> str:
    return said(delegate.answer(who, parts, DESK, **more))  # type: ignore[arg-type] # as above


def test_a_delegate_has_power_share_and_rank_at_a_block() -> None:
    text = asked(part())
    assert text.startswith("Rank 2 of 4 in Uniswap\n")
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
    assert "[5 UNI for](" in text


def test_a_vote_says_on_which_proposal_it_was_and_links_its_page() -> None:
    votes = [StoredEvent(events.vote(5, weight_raw=5 * UNI, proposal_id=number), 1_000) for number in (7, 8, 9)]
    record = delegate.Record(votes, 3, 0, 0, titles={7: "Spend it " + "a" * 99, 9: HOSTILE})
    text = asked(part(record=record))
    page = "https://www.tally.xyz/gov/uniswap/proposal"
    assert f"· [proposal 7: Spend it {'a' * 50}…]({page}/7) · <t:1000:R>" in text
    assert f"· [proposal 8]({page}/8) · <t:1000:R>" in text
    harmless(delegate.answer(person(2), [part(record=record)], DESK))
    elsewhere = part()._replace(dao=UNISWAP.model_copy(update={"proposal_url": ""}), record=record)
    assert "· proposal 8 · <t:1000:R>" in asked(elsewhere)


async def test_the_titles_of_the_latest_votes_are_read() -> None:
    class Told(Votes):
        async def votes(self, **_: object) -> list[StoredEvent]:
            return [StoredEvent(events.vote(5, voter=person(2), proposal_id=n, support="unknown"), 9) for n in (7, 8)]

        async def proposal(self, _chain_id: int, _governor: str, number: int) -> list[StoredEvent]:
            return [StoredEvent(events.created(4, description="\n# Spend it\nall"), 8)] if number == 7 else []

    desk = replace(DESK, history=cast("Any", Told()), books=cast("Any", NoBooks()))
    text = said(await delegate.look(person(2), UNISWAP, desk))
    assert "proposal 7: Spend it](" in text
    assert "[proposal 8](" in text


def test_what_a_delegate_has_of_itself_is_its_own_tokens() -> None:
    me = person(2)
    alone = asked(part(delegators=[me], balances={me: 3 * UNI}))
    assert "• Given by itself alone: its own tokens, 3 UNI\n" in alone
    assert "• Given by itself alone: its own tokens\n" in asked(part(delegators=[me]))
    both = asked(part(delegators=[me, person(5)], balances={me: 3 * UNI, person(5): UNI}))
    assert "Given by 2 holders; the largest: itself 3, [0x" in both


def test_the_majority_is_the_side_with_most_votes_and_unknown_when_tied_or_not_on_record() -> None:
    a, b = person(0), person(1)
    assert delegate.majority([Ballot(a, 5, 0, 0), Ballot(b, 0, 6, 0)]) == "against"
    assert delegate.majority([Ballot(a, 5, 0, 0), Ballot(b, 0, 6, 0), Ballot(b, 0, 1, 0, replaces=True)]) == "for"
    assert delegate.majority([Ballot(a, 5, 0, 0), Ballot(b, 0, 5, 0)]) is None
    assert delegate.majority(None) is None


def test_a_majority_is_without_what_owners_took_off_their_delegates() -> None:
    a, b = person(0), person(1)
    ballots = [Ballot(a, 1_000, 0, 0), Ballot(b, 0, 700, 0, taken=Taken(a, 700))]
    assert delegate.majority(ballots) == "against"
    assert delegate.majority(ballots[1:]) is None  # the delegate's vote is not on record


def test_an_address_or_a_label_is_understood_and_anything_else_is_a_sentence() -> None:
    label = next(o for o in SETTINGS.labels if sum(o.name == other.name for other in SETTINGS.labels) == 1)
    assert delegate.address_in(label.name.upper(), DESK) == label.address
    assert delegate.address_in(person(3).upper().replace("0X", "0x"), DESK) == person(3)
    with pytest.raises(UserError, match="Pick one from the list"):
        delegate.address_in("a16z", DESK)
    with pytest.raises(UserError, match="neither an address nor a label"):
        delegate.address_in("0x12", DESK)


async def test_the_trend_is_drawn_beside_the_curves_from_the_second_snapshot_on() -> None:
    drawn: list[str] = []

    async def draw(_plot: object, name: str) -> Picture:
        drawn.append(name)
        return Picture(name, name, b"png")

    async def shown_of(kept: int) -> Card:
        drawn.clear()
        days = [Snapshot(day, 2, 3, 4, "5", 0.2, 0.31, 3, 0.4, 1.0) for day in range(kept)]
        levels = [level("delegates", kept=days)]
        card = power.card_of(UNISWAP, levels, DESK, block=500)
        return await power._pictured(card, UNISWAP, levels, replace(DESK, draw=cast("Any", draw)))

    card = await shown_of(2)
    assert [one.name for one in card.pictures] == drawn == ["lorenz.png", "trend.png"]
    assert power.NO_TREND not in card.facts
    card = await shown_of(1)
    assert [one.name for one in card.pictures] == drawn == ["lorenz.png"]
    assert power.NO_TREND in card.facts
