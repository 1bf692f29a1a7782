"""Power gained before the snapshot, the quorum that a vote holds up, and its share of what is delegated."""

import asyncio
from decimal import Decimal
from typing import Any

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from bot.commands import why
from config.settings import VoteWatch, load
from tests.alerts import E18, a_state, a_vote
from tests.desk import DESK
from tests.electorate import BRAVO_FACTS, KEY, OTHER, START, TOKEN, WHALE, W, dao, judged, only, situation, vote
from watchers.abi import selector
from watchers.alert import Influence, VoteFacts
from watchers.chain.block import Cursor
from watchers.delegated import DelegatedTotals
from watchers.delegates import Book, Progress
from watchers.facts import RpcError
from watchers.governance.asks import BravoTimes, Times
from watchers.governance.gained import Gained
from watchers.governance.wing import wing
from watchers.wing import Ballot

DAY_BLOCKS = 7_200  # of 12 s
ASKED = Gained(TOKEN, WHALE, 100_000 - DAY_BLOCKS, 100_000)


def at_snapshot(facts: dict[Any, Any] | None = None, **given: Any) -> Any:
    """Give a situation whose snapshot is late enough to have a day before it."""
    times: dict[Any, Any] = {BravoTimes(*KEY): Times(100_000, 120_000)}
    return situation({**BRAVO_FACTS, **times, **(facts or {})}, height=101_000, **given)


def seen_of(facts: VoteFacts) -> Influence:
    assert facts.influence is not None
    return facts.influence


def drawn(facts: VoteFacts) -> str:
    return plain(render([a_state(facts)], Lexicon(load())), now_s=0)


def with_influence(**given: Any) -> VoteFacts:
    return a_vote(influence=Influence(False, None, None, None, late=False, **given))


def test_what_was_gained_within_a_day_before_the_snapshot_is_asked_of_the_token() -> None:
    at = at_snapshot()
    assert ASKED in wing.asks([vote("for", 150)], at)
    _, facts = only(judged(at_snapshot({ASKED: 90 * W}), vote("for", 150)))
    assert (seen_of(facts).gained_raw, seen_of(facts).gained_within_h) == (90 * W, 24)


def test_nobody_gained_more_than_the_vote_has() -> None:
    _, facts = only(judged(at_snapshot({ASKED: 1 << 255}), vote("for", 150)))
    assert seen_of(facts).gained_raw == 150 * W


def test_new_power_raises_no_severity() -> None:
    calm, _ = only(judged(at_snapshot(), vote("for", 150)))
    fresh, _ = only(judged(at_snapshot({ASKED: 150 * W}), vote("for", 150)))
    assert calm.severity == fresh.severity


def test_votes_below_the_floor_of_every_watch_are_not_asked_about() -> None:
    watches = [VoteWatch(kind="vote", name="large", min_tokens=Decimal(200))]
    assert ASKED not in wing.asks([vote("for", 150)], at_snapshot(watches=watches))
    assert ASKED in wing.asks([vote("for", 250)], at_snapshot(watches=watches))


def test_the_longest_span_of_the_watches_is_looked_at_and_none_where_none_asks() -> None:
    def watch(hours: int) -> VoteWatch:
        return VoteWatch(kind="vote", name=f"w{hours}", gained_within_h=hours)

    def asked(*hours: int) -> list[int]:
        asks = wing.asks([vote("for", 150)], at_snapshot(watches=[watch(h) for h in hours]))
        return [ask.before for ask in asks if isinstance(ask, Gained)]

    assert asked(1, 2) == [100_000 - 600]
    assert asked(0) == []


def test_seconds_and_blocks_of_ethereum_are_counted_as_the_governor_does() -> None:
    for clock, steps in (("timestamp", 86_400), ("l1_block", 7_200)):
        asks = wing.asks([vote("for", 150)], at_snapshot(of=dao(clock=clock)))
        assert [ask.before for ask in asks if isinstance(ask, Gained)] == [100_000 - steps]


def test_a_snapshot_within_the_first_day_of_the_clock_asks_nothing() -> None:
    assert START < DAY_BLOCKS
    assert not any(isinstance(ask, Gained) for ask in wing.asks([vote("for", 150)], situation()))


def test_tokens_of_both_kinds_are_understood_and_others_are_unknown() -> None:
    calls = ASKED.calls(101_000)
    past, prior = selector("getPastVotes(address,uint256)"), selector("getPriorVotes(address,uint256)")
    assert [call.params[0]["data"][:10] for call in calls] == [past, past, prior, prior]
    no = RpcError(3, "execution reverted")

    def word(number: int) -> str:
        return f"0x{number:064x}"

    assert ASKED.read([word(5), word(9), no, no]) == 4
    assert ASKED.read([no, no, word(9), word(9)]) == 0
    assert ASKED.read([word(9), word(5), no, no]) == 0  # who lost power gained none
    assert ASKED.read([no, no, no, no]) is None
    assert ASKED.read([word(5), no, no, word(9)]) is None  # half an answer is none


def test_the_card_tells_new_power_from_a_tenth_on() -> None:
    said = drawn(with_influence(gained_raw=9_100_000 * E18, gained_within_h=24))
    assert "9.10M of it was gained within the day before the snapshot" in said.replace("\u00a0", " ")
    assert "was gained" not in drawn(with_influence(gained_raw=1_000_000 * E18, gained_within_h=24))
    assert "was gained" not in drawn(with_influence(gained_raw=None, gained_within_h=24))


def told(**given: Any) -> str:
    return plain(why.answer(a_state(with_influence(**given)), DESK), now_s=0).replace("\u00a0", " ")


def test_why_tells_new_power_and_says_so_when_it_is_unknown() -> None:
    assert "9.10M UNI, 60.7 % of it, gained within 3 days" in told(gained_raw=9_100_000 * E18, gained_within_h=72)
    assert "New power unknown" in told(gained_within_h=1)
    assert "New power" not in told()


def test_a_vote_without_which_the_quorum_is_missed_holds_it() -> None:
    _, facts = only(judged(situation(ballots=[Ballot(OTHER, 900 * W, 0, 0)]), vote("for", 150)))
    assert (seen_of(facts).holds_quorum, seen_of(facts).quorum_margin_share) == (True, Decimal(3))
    _, facts = only(judged(situation(ballots=[Ballot(OTHER, 1_150 * W, 0, 0)]), vote("for", 150)))
    assert (seen_of(facts).holds_quorum, seen_of(facts).quorum_margin_share) == (False, Decimal("0.5"))


def test_the_last_vote_that_just_reaches_the_quorum_holds_it_with_no_margin() -> None:
    _, facts = only(judged(situation(ballots=[Ballot(OTHER, 850 * W, 0, 0)]), vote("for", 150)))
    assert (seen_of(facts).holds_quorum, seen_of(facts).quorum_margin_share) == (True, None)
    assert "all that is there above it: without them it is missed" in told(holds_quorum=True)


def test_a_vote_that_does_not_count_toward_the_quorum_has_no_margin_of_it() -> None:
    _, facts = only(judged(situation(ballots=[Ballot(OTHER, 1_150 * W, 0, 0)]), vote("against", 150)))
    assert (seen_of(facts).holds_quorum, seen_of(facts).quorum_margin_share) == (False, None)


def test_why_tells_the_margin_of_the_quorum() -> None:
    assert "300.0 % of what is there above it: without them it is missed" in told(
        holds_quorum=True, quorum_margin_share=Decimal(3)
    )
    assert "50.0 % of what is there above it: without them it is still reached" in told(
        quorum_margin_share=Decimal("0.5")
    )


def test_a_vote_has_its_share_of_what_is_delegated() -> None:
    at = situation()._replace(delegated={TOKEN: 600 * W})
    _, facts = only(judged(at, vote("for", 150)))
    assert seen_of(facts).share_of_delegated == Decimal("0.25")
    assert "25.0 % of what is delegated now" in told(share_of_delegated=Decimal("0.25"))


def test_more_than_all_that_is_delegated_is_no_share() -> None:
    at = situation()._replace(delegated={TOKEN: 100 * W})
    assert seen_of(only(judged(at, vote("for", 150)))[1]).share_of_delegated is None
    assert seen_of(only(judged(situation(), vote("for", 150)))[1]).share_of_delegated is None
    assert "delegated" not in told()


class Books:
    """Books that count how often they are summed up."""

    def __init__(self, powers: dict[str, int], *, whole: bool) -> None:
        self.powers, self.whole, self.read = powers, whole, 0

    async def progress(self, _chain_id: int, token: str, start: int) -> Progress:
        return Progress(token, start, 99 if self.whole else 5, 100, 0)

    async def book(self, chain_id: int, token: str, start: int) -> Book:
        self.read += 1
        return Book(await self.progress(chain_id, token, start), Cursor(100, "0x" + "aa" * 32), 0, self.powers)


def totals(books: Books, now: list[float], **given: Any) -> DelegatedTotals:
    at = situation(of=dao(**{"token_start_block": 1, **given}))
    return DelegatedTotals(at.settings, at.chain, books, clock=lambda: now[0])


def test_what_is_delegated_is_summed_at_most_once_in_ten_minutes() -> None:
    now, books = [0.0], Books({WHALE: 5, OTHER: 7}, whole=True)
    one = totals(books, now)

    async def ask() -> dict[str, int]:
        return await one.of([TOKEN, TOKEN, ""])

    assert asyncio.run(ask()) == {TOKEN: 12}
    books.powers = {WHALE: 5}
    now[0] = 599.0
    assert (asyncio.run(ask()), books.read) == ({TOKEN: 12}, 1)
    now[0] = 600.0
    assert (asyncio.run(ask()), books.read) == ({TOKEN: 5}, 2)


def test_a_book_that_is_not_whole_tells_no_sum() -> None:
    books = Books({WHALE: 5}, whole=False)
    assert asyncio.run(totals(books, [0.0]).of([TOKEN])) == {}
    assert asyncio.run(totals(Books({}, whole=True), [0.0], token_start_block=None).of([TOKEN])) == {}
    assert books.read == 0
