from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.size import net, pair_reserves, share_of_pair, share_of_range, shared

POOL, OTHER = "0x" + "a0" * 20, "0x" + "a1" * 20
ANN, BOB, MANAGER = "0x" + "01" * 20, "0x" + "02" * 20, "0x" + "99" * 20
_INDEX = count()


def ranged(
    action: str, liquidity: int, a0: int, a1: int, *, tx: str = "0x1", owner: str = ANN, **more: object
) -> LiquidityMove:
    given: dict[str, object] = {"address": POOL, "tick_lower": -10, "tick_upper": 10, **more}
    return LiquidityMove(
        protocol="uniswap_v3",
        chain_id=1,
        block=7,
        tx=tx,
        tx_index=0,
        log_index=next(_INDEX),
        action=action,  # type: ignore[arg-type] # the tests write one of the four
        owner=owner,
        amount0_raw=a0,
        amount1_raw=a1,
        liquidity_raw=liquidity,
        **given,  # type: ignore[arg-type] # named by each test
    )


def pair(
    action: str, a0: int, a1: int, reserves: tuple[int, int], *, tx: str = "0x1", owner: str = ANN
) -> LiquidityMove:
    return LiquidityMove(
        protocol="uniswap_v2",
        chain_id=1,
        block=7,
        tx=tx,
        tx_index=0,
        log_index=next(_INDEX),
        address=POOL,
        action=action,  # type: ignore[arg-type] # the tests write one of the four
        owner=owner,
        amount0_raw=a0,
        amount1_raw=a1,
        reserve0_raw=reserves[0],
        reserve1_raw=reserves[1],
    )


def told(*events: LiquidityMove, **signers: str) -> list[tuple[str, int, int]]:
    return [(m.action, m.raw0, m.raw1) for m in net(events, signers)]


def test_liquidity_that_came_and_went_in_one_block_is_no_news() -> None:
    came = ranged("add", 500, 100, 200, tx="0x1")
    swap = ranged("swap", 9, 50, -40, tx="0x2", tick_lower=None, tick_upper=None)
    went = ranged("remove", 500, -150, -160, tx="0x3")
    fees = ranged("collect", 0, -151, -161, tx="0x3")
    assert told(came, swap, went, fees) == [("swap", 50, -40)]


def test_it_is_no_news_in_one_transaction_either() -> None:
    assert told(ranged("add", 5, 1, 2), ranged("remove", 5, -1, -2), ranged("collect", 0, -1, -2)) == []


def test_the_same_liquidity_in_another_range_is_news() -> None:
    assert len(told(ranged("add", 5, 1, 2), ranged("remove", 5, -1, -2, tx="0x2", tick_upper=20))) == 2


def test_the_same_liquidity_of_another_owner_is_news() -> None:
    assert len(told(ranged("add", 5, 1, 2), ranged("remove", 5, -1, -2, tx="0x2", owner=BOB))) == 2


def test_what_is_left_of_a_round_trip_is_told() -> None:
    assert told(ranged("add", 10, 100, 100), ranged("remove", 4, -30, -50, tx="0x2")) == [("add", 70, 50)]


def test_a_burn_and_its_collect_are_one_removal_of_what_was_collected() -> None:
    assert told(ranged("remove", 5, -100, -200), ranged("collect", 0, -103, -207)) == [("remove", 103, 207)]


def test_collecting_one_wei_does_not_hide_what_was_taken_out_of_the_range() -> None:
    assert told(ranged("remove", 5, -100, -200), ranged("collect", 0, -1, 0)) == [("remove", 100, 200)]


def test_a_burn_that_is_not_collected_yet_is_a_removal() -> None:
    assert told(ranged("remove", 5, -100, -200)) == [("remove", 100, 200)]


def test_a_poke_and_its_collect_are_a_collect_of_fees() -> None:
    poke, fees = ranged("remove", 0, 0, 0), ranged("collect", 0, -3, -4)
    (move,) = net([poke, fees], {})
    assert (move.action, move.raw0, move.raw1, move.first) == ("collect", 3, 4, fees)


def test_a_poke_alone_is_nothing() -> None:
    assert told(ranged("remove", 0, 0, 0)) == told(ranged("collect", 0, 0, 0)) == []


def test_two_users_of_one_position_manager_are_not_one_whale() -> None:
    events = [ranged("add", 5, 100, 0, tx="0x1", owner=MANAGER), ranged("add", 7, 140, 0, tx="0x2", owner=MANAGER)]
    assert shared(events) == ["0x1", "0x2"]
    assert [m.raw0 for m in net(events, {"0x1": ANN, "0x2": BOB})] == [100, 140]
    assert [m.raw0 for m in net(events, {"0x1": ANN, "0x2": ANN})] == [240]


def test_an_unknown_signer_leaves_it_to_the_owner() -> None:
    events = [ranged("add", 5, 100, 0, tx="0x1", owner=MANAGER), ranged("add", 7, 140, 0, tx="0x2", owner=MANAGER)]
    assert [m.raw0 for m in net(events, {"0x1": ANN})] == [240]


def test_moves_that_share_no_place_need_no_signer() -> None:
    events = [ranged("add", 5, 1, 2), ranged("add", 5, 1, 2, tx="0x2", address=OTHER)]
    assert shared(events) == []


def test_all_swaps_of_a_transaction_in_a_pool_are_one() -> None:
    at: dict[str, Any] = {"tick_lower": None, "tick_upper": None}
    assert told(ranged("swap", 9, 50, -40, **at), ranged("swap", 9, -20, 16, **at)) == [("swap", 30, -24)]


def test_a_pair_that_is_entered_and_left_around_a_swap_is_no_news() -> None:
    came, went = pair("add", 100, 200, (1100, 2200)), pair("remove", -110, -182, (1090, 1918), tx="0x2")
    assert told(came, went) == []


def test_a_move_is_named_by_the_event_that_made_it() -> None:
    poke, burn = ranged("remove", 0, 0, 0), ranged("remove", 5, -100, -200)
    (move,) = net([poke, burn, ranged("collect", 0, -100, -200)], {})
    assert move.first is burn


def test_an_additions_share_is_of_the_reserves_after_it_and_a_removals_of_those_before() -> None:
    (added,) = net([pair("add", 100, 200, (1000, 2000))], {})
    (removed,) = net([pair("remove", -100, -200, (900, 1800))], {})
    assert (share_of_pair(added).value, share_of_pair(removed).value) == (Decimal("0.1"), Decimal("0.1"))
    assert pair_reserves(removed) == ((1000, 2000), (900, 1800))


def test_the_first_liquidity_of_a_pair_is_all_of_it() -> None:
    (added,) = net([pair("add", 100, 200, (100, 200))], {})
    assert share_of_pair(added).value == 1


def test_what_is_given_beyond_the_ratio_makes_no_share() -> None:
    (added,) = net([pair("add", 900, 20, (1000, 2000))], {})
    assert share_of_pair(added).value == Decimal("0.01")


def test_reserves_that_contradict_the_move_give_no_share() -> None:
    (added,) = net([pair("add", 900, 20, (800, 2000))], {})
    assert (share_of_pair(added).value, pair_reserves(added)) == (None, None)
    (emptied,) = net([pair("remove", 0, -20, (0, 0))], {})
    assert share_of_pair(emptied).value is None


def test_a_position_in_range_is_measured_against_the_liquidity_in_range() -> None:
    (removed,) = net([ranged("remove", 25, -10, -10)], {})
    found = share_of_range(removed, 0, 100, (1000, 1000))
    assert found == (Decimal("0.25"), "liquidity in range")
    (added,) = net([ranged("add", 25, 10, 10)], {})
    assert share_of_range(added, 0, 75, (None, None)).value == Decimal("0.25")


def test_a_position_out_of_range_is_measured_against_the_balances() -> None:
    (removed,) = net([ranged("remove", 25, -10, 0)], {})
    assert share_of_range(removed, 10, 100, (40, 0)) == (Decimal("0.25"), "token balances")
    assert share_of_range(removed, 10, 100, (None, None)).value is None
    assert share_of_range(removed, None, None, (None, None)).value is None


def test_a_share_never_exceeds_the_whole() -> None:
    (removed,) = net([ranged("remove", 25, -10, -10)], {})
    assert share_of_range(removed, 0, 5, (None, None)).value == 1
    assert share_of_range(removed, 99, 5, (5, 5)).value == 1


PLACES = st.tuples(st.sampled_from(["0x1", "0x2", "0x3"]), st.sampled_from([ANN, BOB]), st.sampled_from([5, 10]))


@given(st.lists(st.tuples(st.sampled_from(["add", "remove", "collect"]), st.integers(0, 3), PLACES), max_size=12))
def test_netting_neither_loses_nor_invents_liquidity(drawn: list[tuple[str, int, tuple[str, str, int]]]) -> None:
    events = []
    for action, liquidity, (tx, owner, upper) in sorted(drawn, key=lambda d: d[2][0]):
        tokens = liquidity * 7 if action == "add" else -liquidity * 7
        size = 0 if action == "collect" else liquidity
        events.append(ranged(action, size, tokens, tokens, tx=tx, owner=owner, tick_upper=upper))
    sign = {"add": 1, "remove": -1, "collect": 0}
    for owner in (ANN, BOB):
        given = sum(sign[e.action] * e.liquidity_raw for e in events if e.owner == owner)
        said = sum(sign[m.action] * m.liquidity for m in net(events, {}) if m.first.owner == owner)
        assert said == given
    assert all(m.raw0 or m.raw1 for m in net(events, {}))
