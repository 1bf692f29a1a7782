"""What `/bundlers` and `/paymasters` add up, and what they say of it, without Discord."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import msgspec
import pytest

from bot.cards.card import Card, Picture
from bot.cards.text import bare
from bot.charts.alt import alt
from bot.charts.draw import draw
from bot.charts.plots import Plot, Trend
from bot.desk import Desk
from bot.infrastructure import DAY_S, Market, Side, concentration, gather, trend
from bot.market import SHOWN, look
from tests import events
from tests.desk import DESK, HOSTILE, NOW_S, SETTINGS, harmless
from watchers.batches.events import BatchResult
from watchers.history import MAX_SCANNED, PAGE, StoredEvent

A, B, C = ("0x" + letter * 40 for letter in "abc")
ETHEREUM, POLYGON = SETTINGS.chains["ethereum"].id, SETTINGS.chains["polygon"].id
E18 = 10**18
SIDES: tuple[Side, ...] = ("bundler", "paymaster")


class Kept:
    """A history that holds these records by chain, the newest first; `read` counts what was given."""

    def __init__(self, records: Mapping[int, Sequence[StoredEvent]]) -> None:
        self.records, self.chain_ids, self.read = records, tuple(records), 0

    async def batches_since(self, chain_id: int, since_s: int) -> AsyncIterator[list[StoredEvent]]:
        found = self.records[chain_id]
        for at in range(0, min(len(found), MAX_SCANNED), PAGE):
            page = list(found[at : at + PAGE])
            self.read += len(page)
            yield page
            if page[-1].time_s < since_s:
                return


class Drawn:
    """Keeps the plots that it is asked to draw."""

    def __init__(self) -> None:
        self.plots: list[Plot] = []

    async def __call__(self, plot: Plot, name: str) -> Picture | None:
        self.plots.append(plot)
        return Picture(name, alt(plot), b"png")


def op(n: int, ago_s: int = 60, **bent: Any) -> StoredEvent:
    given = {"container": "EntryPoint", "outcome": "success", "gas_cost_wei": E18, **bent}
    return StoredEvent(events.batch(n, n, **given), NOW_S - ago_s)


def desk_with(*found: StoredEvent, draw: Any = None, **chains: Sequence[StoredEvent]) -> Desk:
    records = {ETHEREUM: found, **{SETTINGS.chains[name].id: given for name, given in chains.items()}}
    return replace(DESK, history=cast("Any", Kept(records)), draw=draw or Drawn())


async def asked(side: Side, *found: StoredEvent, **more: Any) -> Card:
    return await look(side, "7 d", None, desk_with(*found, **more))


def told(card: Card) -> list[str]:
    return [bare(line) for line in card.facts]


async def summed(side: Side, *found: StoredEvent) -> Market:
    return await gather(desk_with(*found), side, "7 d", None)


# --- the sums ---------------------------------------------------------------------------------------------------------


async def test_operations_are_added_up_by_who_sent_them_and_by_who_paid() -> None:
    found = (
        op(1, bundler=A, paymaster=B),
        op(2, bundler=A, success=False, outcome="reverted"),
        op(3, outcome="partial"),
    )
    market = await summed("bundler", *found)
    (of_a,) = market.by_address.values()
    assert (of_a.operations, of_a.succeeded, of_a.in_part, of_a.cost_wei[ETHEREUM]) == (2, 1, 0, 2 * E18)
    assert (market.none.operations, market.none.succeeded, market.none.in_part) == (1, 1, 1)
    assert (market.all.operations, market.all.succeeded) == (3, 2)
    market = await summed("paymaster", *found)
    assert [(who, work.operations) for who, work in market.ranked] == [(B, 1)]
    assert market.none.operations == 2


async def test_only_user_operations_of_the_period_count() -> None:
    safe = StoredEvent(events.batch(9, 9, container="Safe"), NOW_S - 5)
    market = await summed("bundler", op(1, 0), safe, op(2, 7 * DAY_S), op(3, 7 * DAY_S + 1), op(4, 9 * DAY_S))
    assert market.all.operations == 2
    assert (market.last_s, market.first_s) == (NOW_S, NOW_S - 7 * DAY_S)


async def test_a_record_of_an_older_version_has_no_bundler() -> None:
    text = msgspec.json.encode(op(1, bundler=A).event)
    fields = {name: value for name, value in msgspec.json.decode(text).items() if name != "bundler"}
    older = msgspec.convert(fields, BatchResult)
    market = await summed("bundler", StoredEvent(older, NOW_S))
    assert (market.by_address, market.none.operations) == ({}, 1)


async def test_a_time_far_in_the_future_makes_no_endless_trend() -> None:
    market = await summed("bundler", op(1, -(2**60)), op(2, 0), op(3, 2 * DAY_S))
    plot = trend(market, "t", "unknown", DESK.lexicon)
    assert plot is not None
    assert len(plot.panels[0].lines[0].points) == 3
    assert market.last_s == NOW_S


async def test_a_chain_with_too_many_records_is_read_to_the_bound_and_said_so() -> None:
    many = [op(n, n) for n in range(1, MAX_SCANNED + PAGE + 1)]
    desk = desk_with(*many)
    market = await gather(desk, "bundler", "7 d", None)
    assert market.all.operations == cast("Any", desk.history).read == MAX_SCANNED
    assert market.cut == {ETHEREUM: NOW_S - MAX_SCANNED}
    said = told(await look("bundler", "7 d", None, desk))
    assert any(line.startswith(f"Not all was read of Ethereum: the newest {MAX_SCANNED:,} records") for line in said)


async def test_a_chain_that_is_read_to_the_end_of_the_period_is_not_said_to_be_cut() -> None:
    many = [op(n, n) for n in range(1, MAX_SCANNED)]
    assert (await summed("bundler", *many, op(MAX_SCANNED, 8 * DAY_S))).cut == {}


def test_concentration_is_that_of_the_operations() -> None:
    market = Market("bundler", 0, NOW_S, DAY_S)
    assert concentration(market.by_address.values()) is None
    for n, who in enumerate((A, A, B, C)):
        market.add(op(n, bundler=who))
    market.add(op(5))
    measured = concentration(market.by_address.values())
    assert measured is not None
    assert measured.hhi == pytest.approx((2 / 4) ** 2 + 2 * (1 / 4) ** 2)
    assert measured.effective_number == pytest.approx(1 / measured.hhi)
    assert measured.nakamoto == 2  # half is not more than half


# --- the words --------------------------------------------------------------------------------------------------------


async def test_nothing_on_record_says_since_when_there_would_be_something() -> None:
    card = await asked("bundler")
    assert card.headline == "No bundlers on record"
    assert told(card) == [
        "No user operation of the last 7 d is on record. History starts 24 h before Tribune first read the chain."
    ]
    assert card.pictures == ()


async def test_a_period_longer_than_records_are_kept_says_so() -> None:
    runtime = SETTINGS.runtime.model_copy(update={"retention_d": 10})
    desk = replace(desk_with(op(1)), settings=SETTINGS.model_copy(update={"runtime": runtime}))
    said = "\n".join(told(await look("bundler", "30 d", None, desk)))
    assert "It is kept for 10 days, less than was asked for." in said
    assert "It is kept" not in "\n".join(told(await look("bundler", "7 d", None, desk)))


async def test_unknown_bundlers_are_counted_and_the_known_have_at_least_their_share() -> None:
    card = await asked("bundler", op(1, bundler=A), op(2, bundler=A, success=False), op(3), op(4))
    assert card.headline == "1 bundler sent over half of 2 known operations"
    said = told(card)
    assert said[0] == "All 4 operations · 75.0 % succeeded · cost 4 ETH"
    assert said[2].startswith("Bundler unknown 2 operations, 50.0 % of all · 100.0 % succeeded. ")
    assert "at least 50.0 % of all · 2 operations · 50.0 % succeeded · cost 2 ETH" in said[4]


async def test_a_success_with_a_failed_call_inside_is_counted_beside_the_rate() -> None:
    said = told(await asked("paymaster", op(1, paymaster=A, outcome="partial"), op(2, paymaster=A)))
    assert said[0] == "All 2 operations · 100.0 % succeeded, 1 of them only in part · cost 2 ETH"


async def test_paymasters_are_ranked_and_accounts_that_pay_stand_apart() -> None:
    card = await asked("paymaster", op(1, paymaster=A), op(2, paymaster=B), op(3, paymaster=B), op(4))
    assert card.headline == "1 paymaster paid for over half of 3 operations"
    said = told(card)
    assert said[2] == "No paymaster 1 operation, 25.0 % of all · 100.0 % succeeded: the account paid for itself"
    assert "0xbBbBBB" in said[4]
    assert "50.0 % of all · 2 operations" in said[4]
    assert "at least" not in said[4]


async def test_costs_of_two_coins_are_never_one_sum() -> None:
    other = StoredEvent(events.batch(5, 5, container="EntryPoint", paymaster=A, gas_cost_wei=5 * E18), NOW_S)
    other = msgspec.structs.replace(other, event=msgspec.structs.replace(other.event, chain_id=POLYGON))
    card = await asked("paymaster", op(1, paymaster=A), op(2, paymaster=A), polygon=[other])
    assert told(card)[0] == "All 3 operations · 100.0 % succeeded · cost 2 ETH on Ethereum, 5 POL on Polygon"
    assert card.small.startswith("1 paymaster ·")


async def test_one_chain_alone_is_read_where_it_is_named() -> None:
    desk = desk_with(op(1, paymaster=A), polygon=[op(2, paymaster=B)])
    market = await gather(desk, "paymaster", "7 d", SETTINGS.chains["ethereum"])
    assert list(market.by_address) == [A]


async def test_more_than_fit_are_counted_with_their_operations() -> None:
    many = [op(n, paymaster=f"0x{n:040x}") for n in range(1, SHOWN + 8)]
    card = await asked("paymaster", *many)
    harmless(card)
    assert len([line for line in card.facts if line.startswith("•")]) == SHOWN
    assert "7 more, with 7 operations, are not shown" in card.small


async def test_hostile_labels_and_huge_costs_do_nothing_and_fit() -> None:
    label = SETTINGS.labels[0].model_copy(update={"address": A, "chain": None, "name": HOSTILE})
    settings = SETTINGS.model_copy(update={"labels": (label,)})
    huge = [
        op(n, 60 + n * DAY_S // 2, paymaster=A if n < 3 else f"0x{n:040x}", gas_cost_wei=2**256 - 1) for n in range(40)
    ]
    desk = replace(desk_with(*huge), settings=settings, lexicon=type(DESK.lexicon)(settings))
    for side in SIDES:
        card = await look(side, "30 d", None, desk)
        harmless(card)
        assert "\u202e" not in card.pictures[0].alt


# --- the picture ------------------------------------------------------------------------------------------------------


async def test_the_trend_has_the_rate_and_the_share_of_each_day_and_gaps_where_nothing_is_known() -> None:
    drawn = Drawn()
    found = (op(1, bundler=A), op(2, success=False), op(3, 2 * DAY_S, bundler=A))
    card = await asked("bundler", *found, draw=drawn)
    (plot,) = drawn.plots
    assert isinstance(plot, Trend)
    rates, shares = plot.panels
    assert [[value for _, value in line.points] for line in rates.lines] == [[1.0, None, 0.5], [1.0, None, 1.0]]
    assert [[value for _, value in line.points] for line in shares.lines] == [[0.0, None, 0.5], [1.0, None, 0.5]]
    assert [line.name for line in shares.lines] == ["bundler unknown", rates.lines[1].name]
    assert "all: 100.0%" in card.pictures[0].alt
    assert draw(plot).startswith(b"\x89PNG")


async def test_a_day_is_drawn_by_the_hour() -> None:
    drawn = Drawn()
    await look("paymaster", "24 h", None, desk_with(op(1), op(2, 3 * 3_600), draw=drawn))
    (plot,) = drawn.plots
    assert isinstance(plot, Trend)
    assert len(plot.panels[0].lines[0].points) == 4


async def test_operations_of_one_day_make_no_trend_and_the_card_says_so() -> None:
    card = await asked("bundler", op(1), op(2))
    assert told(card)[-1] == "Trend not yet: it takes operations in two days (UTC)"
    assert card.pictures == ()


async def test_a_picture_that_fails_leaves_the_answer() -> None:
    async def nothing(_: Plot, __: str) -> None:
        return None

    card = await asked("bundler", op(1), op(2, 2 * DAY_S), draw=nothing)
    assert card.facts
    assert card.pictures == ()
