"""Digests: when a period is over, what is summed up of it, what of it a subscription hears, and its card."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import render
from bot.cards.card import Card
from bot.cards.text import plain
from bot.digest import DAY_S, digest_id, last_due, narrowed, takes
from bot.store import _subscriptions, _written
from bot.subscription import Every, Subscription
from bot.terms import changes, check_wish, describe
from tests import events
from tests.alerts import GOVERNOR, VOTER, a_proposal, a_state, a_tally, a_vote, an_alert
from tests.desk import DESK, HOSTILE, UNISWAP, harmless
from tests.unit.test_terms import a_wish, named
from watchers.alert import (
    AlertState,
    DaoDigest,
    DigestFacts,
    Followed,
    ProposalNews,
    SmallVote,
    StepTaken,
    alert_id,
)
from watchers.digest import MOST_DAOS, MOST_NEWS, Span, composed, summed
from watchers.errors import UserError
from watchers.governance.events import Vote
from watchers.history import StoredEvent
from watchers.wing import Taken

E18 = 10**18
SPAN = Span(1_000_000, 1_086_400)
OTHER = "0x" + "0f" * 20
hours = st.integers(0, 23)
times = st.integers(10**9, 4 * 10**9)
everies: st.SearchStrategy[Every] = st.sampled_from(["daily", "weekly"])


# --- when -----------------------------------------------------------------------------------------------------------


@given(everies, times, hours)
def test_the_last_period_is_over_and_the_next_is_not(every: Every, now_s: int, hour: int) -> None:
    span = last_due(every, now_s, hour)
    length = DAY_S if every == "daily" else 7 * DAY_S
    assert span.until_s - span.from_s == length
    assert span.until_s <= now_s < span.until_s + length
    end = datetime.fromtimestamp(span.until_s, UTC)
    assert (end.hour, end.minute, end.second) == (hour, 0, 0)
    assert every == "daily" or end.weekday() == 0


@given(everies, times, hours)
def test_periods_follow_one_another_without_a_gap(every: Every, now_s: int, hour: int) -> None:
    span = last_due(every, now_s, hour)
    assert last_due(every, span.until_s, hour) == span
    assert last_due(every, span.until_s - 1, hour).until_s == span.from_s


@given(everies, times, hours, st.integers(0, DAY_S))
def test_whoever_looks_within_a_period_gives_its_digest_the_same_name(
    every: Every, now_s: int, hour: int, later_s: int
) -> None:
    one, two = (last_due(every, at_s, hour) for at_s in (now_s, now_s + later_s))
    assert (digest_id("ab", every, one) == digest_id("ab", every, two)) == (one == two)
    assert digest_id("ab", every, one) != digest_id("ac", every, one)
    assert digest_id("ab", "daily", one) != digest_id("ab", "weekly", one)


# --- what -----------------------------------------------------------------------------------------------------------


def cast(n: int, **bent: Any) -> StoredEvent:
    time_s = bent.pop("time_s", SPAN.from_s + n)
    weight = bent.pop("raw", n * E18)
    given = {"address": GOVERNOR, "proposal_id": 42, "voter": f"0x{n:040x}", "weight_raw": weight, "for_raw": weight}
    return StoredEvent(events.vote(n, **given | bent), time_s)


def told(stored: StoredEvent, *, live: bool = True, **bent: Any) -> AlertState:
    """Give the alert of a vote."""
    vote = stored.event
    assert isinstance(vote, Vote)
    one = an_alert(facts=a_vote(**bent), id=alert_id(1, vote.tx, "vote", 0), block_time_s=stored.time_s)
    return AlertState(alert=one, live=live)


def followed(*steps: tuple[str, int], ended: bool = False, **bent: Any) -> AlertState:
    taken = tuple(StepTaken(change, "0x01", at_s) for change, at_s in steps)
    facts = a_proposal(followed=Followed(steps=taken, ended=ended), **bent)
    return AlertState(alert=an_alert(facts=facts, id="f" * 32, kind="proposal", block_time_s=SPAN.until_s + 900))


def step(change: str, at_s: int, *, live: bool = True, **bent: Any) -> AlertState:
    facts = a_proposal(change=change, **bent)
    one = an_alert(facts=facts, id=f"{at_s:032x}", kind="proposal", block_time_s=at_s)
    return AlertState(alert=one, live=live)


def dao_of(chain_id: int, governor: str) -> Any:
    return UNISWAP if (chain_id, governor) == (1, GOVERNOR) else None


def sum_up(votes: list[StoredEvent], *alerts: AlertState) -> list[DaoDigest]:
    return summed(1, votes, alerts, SPAN, dao_of)


def test_small_votes_are_summed_and_the_largest_are_named() -> None:
    votes = [cast(n) for n in range(1, 6)]
    votes.append(cast(6, voter=votes[0].event.voter, support="against", for_raw=0, against_raw=6 * E18, proposal_id=7))  # type: ignore[union-attr] # a vote
    (one,) = sum_up(votes)
    assert (one.dao, one.votes, one.voters, one.proposals) == ("uniswap", 6, 5, 2)
    assert (one.for_raw, one.against_raw, one.abstain_raw, one.other_raw) == (15 * E18, 6 * E18, 0, 0)
    assert [vote.raw for vote in one.largest] == [6 * E18, 5 * E18, 4 * E18]


def test_zero_weight_unknown_governors_and_other_times_are_left_out() -> None:
    late, early = cast(3, time_s=SPAN.until_s), cast(4, time_s=SPAN.from_s - 1)
    assert sum_up([cast(1, raw=0), cast(2, address=OTHER), late, early]) == []
    (one,) = sum_up([cast(1, time_s=SPAN.from_s), cast(2, time_s=SPAN.until_s - 1)])
    assert one.votes == 2


def test_a_vote_that_was_an_alert_is_counted_and_not_summed() -> None:
    large, small = cast(9), cast(1)
    (one,) = sum_up([large, small], told(large, flips=None))
    assert (one.alerted, one.votes, one.for_raw) == (1, 1, E18)
    (one,) = sum_up([large, small], told(large, live=False))
    assert (one.alerted, one.votes) == (0, 2)  # a reorg took the alert back, and the vote stands


def test_a_later_vote_takes_the_place_of_the_one_it_replaces() -> None:
    first, other, again = cast(1), cast(2), cast(3, voter=f"0x{1:040x}", replaces=True)
    (one,) = sum_up([first, other, again])
    assert (one.votes, one.for_raw) == (2, 5 * E18)
    nothing = cast(3, voter=f"0x{1:040x}", weight_raw=0, for_raw=0, replaces=True)
    (one,) = sum_up([first, other, nothing])
    assert (one.votes, one.for_raw) == (1, 2 * E18)


def test_what_an_owner_takes_off_its_delegate_is_summed_once_and_off_an_alert_not_at_all() -> None:
    given = cast(10)
    own = cast(4, support="against", for_raw=0, against_raw=4 * E18, taken=Taken(f"0x{10:040x}", 4 * E18))
    (one,) = sum_up([given, own])
    assert (one.votes, one.for_raw, one.against_raw, one.other_raw) == (2, 6 * E18, 4 * E18, 0)
    (one,) = sum_up([given, own], told(given))
    assert (one.votes, one.for_raw, one.against_raw, one.other_raw) == (1, 0, 4 * E18, 0)
    (one,) = sum_up([given, own], told(own))
    assert (one.votes, one.for_raw, one.against_raw, one.other_raw) == (1, 6 * E18, 0, 0)


def test_weight_on_what_is_no_side_is_told_apart() -> None:
    (one,) = sum_up([cast(1, choice="blue", for_raw=0, abstain_raw=E18), cast(2, support="unknown", for_raw=0)])
    assert (one.for_raw, one.abstain_raw, one.other_raw) == (0, 0, 3 * E18)


def test_steps_of_the_period_are_told_once_and_no_others() -> None:
    at = SPAN.from_s
    (one,) = sum_up(
        [], followed(("created", at - 5), ("queued", at + 5), ("executed", SPAN.until_s)), step("queued", at + 5)
    )
    assert [(news.proposal_id, news.steps, news.closed) for news in one.news] == [(42, ("queued",), "")]
    assert sum_up([], step("queued", at, live=False)) == []
    assert sum_up([], step("queued", SPAN.until_s), step("created", at - 1)) == []


@pytest.mark.parametrize(
    ("tally", "said"), [(a_tally("50", "1"), "passing"), (a_tally("1", "50"), "failing"), (None, "unknown")]
)
def test_voting_that_closed_in_the_period_says_how(tally: Any, said: str) -> None:
    (one,) = sum_up([], followed(ended=True, ends_at_s=SPAN.from_s, tally=tally))
    assert [news.closed for news in one.news] == [said]
    assert sum_up([], followed(ended=True, ends_at_s=SPAN.until_s, tally=tally)) == []
    assert sum_up([], followed(ended=False, ends_at_s=SPAN.from_s, tally=tally)) == []


def test_a_step_that_says_how_it_closed_is_told_alone() -> None:
    (one,) = sum_up(
        [], followed(("canceled", SPAN.from_s), ended=True, ends_at_s=SPAN.from_s + 1, tally=a_tally("50", "1"))
    )
    assert [(news.steps, news.closed) for news in one.news] == [(("canceled",), "")]


def test_a_cancellation_that_was_taken_back_does_not_hide_how_voting_closed() -> None:
    steps = (("canceled", SPAN.from_s), ("restored", SPAN.from_s + 1))
    (one,) = sum_up([], followed(*steps, ended=True, ends_at_s=SPAN.from_s + 2, tally=a_tally("50", "1")))
    assert [(news.steps, news.closed) for news in one.news] == [(("canceled", "restored"), "passing")]


def test_flips_are_counted_and_the_last_is_told() -> None:
    votes = [cast(1), cast(2)]
    alerts = (told(votes[0], flips="passing"), told(votes[1], flips="failing"))
    (one,) = sum_up(votes, *alerts)
    assert one.news == (ProposalNews(GOVERNOR, 42, "UNI for Flipside", flips=2, flipped_to="failing"),)


def test_what_is_told_is_bounded() -> None:
    (one,) = sum_up([], *(step("created", SPAN.from_s + n, proposal_id=n) for n in range(MOST_NEWS + 3)))
    assert (len(one.news), one.more_news) == (MOST_NEWS, 3)
    daos = [DaoDigest(dao=f"d{n}", chain_id=1, votes=n + 1) for n in range(MOST_DAOS + 2)]
    facts = composed("daily", SPAN, daos)
    assert facts is not None
    assert (len(facts.daos), facts.more, facts.daos[0].votes) == (MOST_DAOS, 2, MOST_DAOS + 2)


def test_a_period_without_news_is_no_digest() -> None:
    assert composed("daily", SPAN, []) is None
    assert composed("daily", SPAN, [DaoDigest(dao="uniswap", chain_id=1)]) is None


# --- who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bent", "taken"),
    [
        ({}, True),
        ({"dao": "uniswap", "chain_id": 1, "protocol": UNISWAP.protocol}, True),
        ({"dao": "compound"}, False),
        ({"chain_id": 10}, False),
        ({"protocol": "snapshot"}, False),
        ({"token": UNISWAP.token.upper().replace("X", "x")}, True),
        ({"token": OTHER}, False),
        ({"address": UNISWAP.governor}, True),
        ({"address": OTHER}, False),
    ],
)
def test_a_subscriptions_filters_decide_which_daos_it_hears_of(bent: dict[str, Any], *, taken: bool) -> None:
    assert takes(a_wish(**bent), UNISWAP, 1) is taken


def test_a_subscription_of_one_kind_hears_of_that_kind_only() -> None:
    (one,) = sum_up([cast(1)], step("queued", SPAN.from_s))
    assert narrowed(one, "*") == one
    assert (narrowed(one, "vote").votes, narrowed(one, "vote").news) == (1, ())
    assert (narrowed(one, "proposal").votes, len(narrowed(one, "proposal").news)) == (0, 1)


def test_a_digest_is_for_votes_and_proposals() -> None:
    for kind in ("*", "vote", "proposal"):
        check_wish(a_wish(kind=kind, digest="daily"), DESK)
    for kind in ("liquidity", "batch", "act", "reminder"):
        with pytest.raises(UserError, match=r"^A digest tells votes and proposals"):
            check_wish(a_wish(kind=kind, digest="weekly"), DESK)


def test_a_digest_is_named_switched_off_and_told_in_the_list() -> None:
    assert changes(named(digest="weekly"), DESK) == {"digest": "weekly"}
    assert changes(named(digest="off"), DESK) == {"digest": ""}
    with pytest.raises(UserError, match=r"daily, weekly, off"):
        changes(named(digest="hourly"), DESK)
    assert describe(a_wish(digest="daily"), DESK) == "**everything** · a daily digest (`00000001`)"


def test_a_subscription_of_an_older_version_is_read_and_written_as_it_was() -> None:
    old = _written(a_wish())
    assert "digest" not in old
    assert _subscriptions.decode(old) == a_wish()
    assert _subscriptions.decode(_written(a_wish(digest="daily"))).digest == "daily"
    assert isinstance(a_wish(), Subscription)


def test_nobody_can_subscribe_to_the_kind_that_digests_are() -> None:
    with pytest.raises(UserError, match=r"^Pick what to hear"):
        changes(named(kind="digest"), DESK)


# --- its card -------------------------------------------------------------------------------------------------------


def card(*daos: DaoDigest, **bent: Any) -> Card:
    facts = DigestFacts("daily", *SPAN, daos, **bent)
    decoded = msgspec.json.decode(msgspec.json.encode(facts), type=DigestFacts)
    return render([a_state(decoded)], DESK.lexicon)


def test_the_card_says_what_was_voted_and_what_became_of_proposals() -> None:
    large = cast(9, voter=VOTER)
    votes = [cast(1_200, voter=VOTER), cast(2, support="against", for_raw=0, against_raw=2 * E18), large]
    (one,) = sum_up(votes, told(large, flips="failing"), step("queued", SPAN.from_s))
    said = plain(card(one), now_s=0)
    assert "The day to 13 January 1970, 13:46 UTC" in said
    assert "2 votes without an alert, 2 voters, 1 proposal (UNI): 1,200 for · 2 against · 0 abstain" in said
    assert "1,200 for: UNI for Flipside" in said
    assert "1 vote was an alert" in said
    assert "UNI for Flipside" in said
    assert "queued, its outcome turned once, to failing last" in said


def test_the_card_says_what_it_does_not_know() -> None:
    one = DaoDigest(dao="uniswap", chain_id=1, votes=1)
    said = plain(card(one, behind=((1, 5),), whole=False, more=2), now_s=0)
    assert "Not all read only: Ethereum to" in said
    assert "too long to be read whole" in said
    assert "and 2 DAOs more" in said
    assert "Not all" not in plain(card(one), now_s=0)


def test_the_card_carries_its_mark_and_no_button() -> None:
    drawn = card(DaoDigest(dao="uniswap", chain_id=1, votes=1))
    assert drawn.buttons == ()
    assert a_state(DigestFacts("daily", *SPAN, ())).alert.short_id in drawn.small


def test_hostile_text_does_nothing_on_it_and_the_longest_digest_fits() -> None:
    small = tuple(SmallVote(GOVERNOR, 10**76, HOSTILE * 9, VOTER, "for", HOSTILE * 9, 2**255) for _ in range(3))
    news = tuple(
        ProposalNews(GOVERNOR, 10**76, HOSTILE * 9, ("created", "queued", HOSTILE), "unknown", 10**6, HOSTILE)
        for _ in range(MOST_NEWS)
    )
    one = DaoDigest(
        dao="uniswap", chain_id=1, votes=10**6, voters=10**6, proposals=10**6, for_raw=2**255, against_raw=2**255,
        abstain_raw=2**255, other_raw=2**255, largest=small, alerted=10**6, news=news, more_news=10**6,
    )  # fmt: skip
    gone = msgspec.structs.replace(one, dao="gone", chain_id=4040)
    behind = tuple((n, 10**10) for n in range(20))
    drawn = card(*(one, gone) * (MOST_DAOS // 2), more=9, behind=behind, whole=False)
    harmless(drawn)
    assert "more that do not fit" in "\n".join(drawn.facts)


def test_a_least_share_of_a_subscription_does_not_hide_small_votes() -> None:
    assert takes(a_wish(min_share=Decimal("0.5"), min_severity="critical"), UNISWAP, 1)
