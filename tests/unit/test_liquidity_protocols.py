"""Golden logs of Uniswap V2 and V3 as mainnet emitted them, and what each must mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.abi import encode_words, shape_of
from watchers.chain.block import Log
from watchers.decode import Decoder, protocols_in
from watchers.event import Event
from watchers.liquidity import protocols
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.protocols import uniswap_v2 as v2
from watchers.liquidity.protocols import uniswap_v3 as v3

DECODER = Decoder(protocols_in(protocols))
BLOCK = "0x" + "bb" * 32


def a_log(address: str, index: int, topics: tuple[str, ...], data: str, *, tx: str = "0x" + "ab" * 32) -> Log:
    return Log(address, topics, data, hex(13004256), tx, "0x5", hex(index), BLOCK)


def wide(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")


def words(*values: int) -> str:
    return "0x" + "".join(f"{value % 2**256:064x}" for value in values)


def moves(*logs: Log) -> list[LiquidityMove]:
    decoded = DECODER.decode(1, logs)
    assert decoded.errors == []
    return [event for event in decoded.events if isinstance(event, LiquidityMove)]


PAIR, ROUTER, WHALE = "0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "c3" * 20
SYNC = (shape_of(v2.Sync).topic0,)


def test_the_topics_are_those_of_the_contracts() -> None:
    assert {into.__name__: shape_of(into).topic0 for into in (v2.Sync, v2.Mint, v2.Burn, v2.Swap)} == {
        "Sync": "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1",
        "Mint": "0x4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f",
        "Burn": "0xdccd412f0b1252819cb1fd330b93224ca42612892bb3f4f789976e6d81936496",
        "Swap": "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822",
    }
    assert {into.__name__: shape_of(into).topic0 for into in (v3.Mint, v3.Burn, v3.Collect, v3.Swap)} == {
        "Mint": "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde",
        "Burn": "0x0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c",
        "Collect": "0x70935338e69775456a85ddef226c395fb668b63fa0115f5f20610b388e6ca9c0",
        "Swap": "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67",
    }
    assert shape_of(v3.PancakeSwap).topic0 == "0x19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83"


def test_no_transfer_is_asked_for_since_there_are_too_many() -> None:
    assert "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef" not in DECODER.topics


def test_a_pairs_mint_is_an_addition_with_the_reserves_after_it() -> None:
    sync = a_log(PAIR, 7, SYNC, words(1_100, 2_200))
    mint = a_log(PAIR, 8, (shape_of(v2.Mint).topic0, wide(ROUTER)), words(100, 200))
    assert moves(sync, mint) == [
        LiquidityMove(
            protocol="uniswap_v2",
            chain_id=1,
            block=13004256,
            tx="0x" + "ab" * 32,
            tx_index=5,
            log_index=8,
            address=PAIR,
            action="add",
            owner=ROUTER,
            amount0_raw=100,
            amount1_raw=200,
            reserve0_raw=1_100,
            reserve1_raw=2_200,
        )
    ]


def test_a_pairs_burn_flows_out_to_its_owner() -> None:
    sync = a_log(PAIR, 7, SYNC, words(900, 1_800))
    burn = a_log(PAIR, 8, (shape_of(v2.Burn).topic0, wide(ROUTER), wide(WHALE)), words(100, 200))
    (move,) = moves(sync, burn)
    assert (move.action, move.owner, move.amount0_raw, move.amount1_raw) == ("remove", WHALE, -100, -200)


def test_a_swap_with_both_inputs_is_what_the_pool_gained_and_lost() -> None:
    sync = a_log(PAIR, 7, SYNC, words(900, 1_800))
    topics = (shape_of(v2.Swap).topic0, wide(ROUTER), wide(WHALE))
    (move,) = moves(sync, a_log(PAIR, 8, topics, words(50, 7, 2, 90)))
    assert (move.action, move.amount0_raw, move.amount1_raw, move.recipient) == ("swap", 48, -83, WHALE)


AAVE_MINT = a_log(  # block 13004256: an aToken's Mint(from, value, index); the index is a ray
    "0x" + "d4" * 20, 8, (shape_of(v2.Mint).topic0, wide(WHALE)), words(10**24, 1_080_000_000_000_000_000_000_000_000)
)


def test_an_aave_token_that_mints_in_a_pairs_shape_is_not_believed() -> None:
    assert moves(AAVE_MINT) == []


@pytest.mark.parametrize(
    ("address", "index"), [(PAIR, 7), ("0x" + "d4" * 20, 6), ("0x" + "d4" * 20, 9)], ids=["another's", "gap", "after"]
)
def test_only_the_pairs_own_sync_right_before_it_vouches(address: str, index: int) -> None:
    logs = sorted([AAVE_MINT, a_log(address, index, SYNC, words(1, 1))], key=lambda log: log.index)
    assert moves(*logs) == []


def test_a_sync_of_another_transaction_does_not_vouch() -> None:
    assert moves(a_log(AAVE_MINT.address, 7, SYNC, words(1, 1), tx="0x" + "cd" * 32), AAVE_MINT) == []


def test_reserves_that_no_pair_can_hold_are_a_counted_error() -> None:
    decoded = DECODER.decode(1, [a_log(PAIR, 7, SYNC, words(2**112, 1))])
    assert (decoded.events, len(decoded.errors)) == ([], 1)


OWNER_TICKS = (wide(WHALE), words(-887_220), words(887_220))


def test_a_ranged_mint_burn_and_collect_keep_owner_and_range() -> None:
    mint = a_log(PAIR, 1, (shape_of(v3.Mint).topic0, *OWNER_TICKS), "0x" + wide(ROUTER)[2:] + words(5, 100, 200)[2:])
    burn = a_log(PAIR, 2, (shape_of(v3.Burn).topic0, *OWNER_TICKS), words(5, 99, 199))
    collect = a_log(PAIR, 3, (shape_of(v3.Collect).topic0, *OWNER_TICKS), "0x" + wide(ROUTER)[2:] + words(101, 202)[2:])
    found = moves(mint, burn, collect)
    assert [(m.action, m.amount0_raw, m.amount1_raw, m.liquidity_raw) for m in found] == [
        ("add", 100, 200, 5),
        ("remove", -99, -199, 5),
        ("collect", -101, -202, 0),
    ]
    assert {(m.owner, m.tick_lower, m.tick_upper) for m in found} == {(WHALE, -887_220, 887_220)}
    assert [m.position for m in found] == [0, 1, 2]


def test_a_swap_and_pancakes_longer_one_say_the_same() -> None:
    people = (wide(ROUTER), wide(WHALE))
    plain = a_log(PAIR, 1, (shape_of(v3.Swap).topic0, *people), words(100, -90, 2**96, 7, -3))
    longer = a_log(PAIR, 1, (shape_of(v3.PancakeSwap).topic0, *people), words(100, -90, 2**96, 7, -3, 1, 0))
    (one,), (other,) = moves(plain), moves(longer)
    assert one == other
    assert (one.amount0_raw, one.amount1_raw, one.sqrt_price_x96, one.tick, one.liquidity_raw) == (
        100,
        -90,
        2**96,
        -3,
        7,
    )


def test_a_tick_beyond_24_bits_is_a_counted_error() -> None:
    topics = (shape_of(v3.Burn).topic0, wide(WHALE), words(2**23), words(887_220))
    assert len(DECODER.decode(1, [a_log(PAIR, 2, topics, words(5, 99, 199))]).errors) == 1


AMOUNT = st.integers(0, 2**256 - 1)


@given(AMOUNT, AMOUNT, st.integers(-(2**23), 2**23 - 1), st.integers(0, 2**128 - 1))
def test_a_burn_of_any_size_keeps_every_digit(amount0: int, amount1: int, tick: int, liquidity: int) -> None:
    data = "0x" + encode_words(("uint128", "uint256", "uint256"), (liquidity, amount0, amount1)).hex()
    (move,) = moves(a_log(PAIR, 2, (shape_of(v3.Burn).topic0, wide(WHALE), words(tick), words(tick)), data))
    assert (move.amount0_raw, move.amount1_raw) == (-amount0, -amount1)
    assert (move.tick_lower, move.liquidity_raw) == (tick, liquidity)


SHAPES = (v2.Sync, v2.Mint, v2.Burn, v2.Swap, v3.Mint, v3.Burn, v3.Collect, v3.Swap, v3.PancakeSwap)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(SHAPES), st.lists(st.binary(min_size=32, max_size=32), max_size=3), st.binary(max_size=300)
        ),
        max_size=6,
    )
)
def test_no_log_stops_a_block(junk: list[tuple[type, list[bytes], bytes]]) -> None:
    logs = [
        a_log(PAIR, at, (shape_of(shape).topic0, *("0x" + t.hex() for t in topics)), "0x" + data.hex())
        for at, (shape, topics, data) in enumerate(junk)
    ]
    decoded = DECODER.decode(1, logs)
    assert decoded.known + decoded.unknown + len(decoded.errors) == len(logs)
    assert all(isinstance(event, Event) for event in decoded.events)
