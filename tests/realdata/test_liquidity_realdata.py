"""Liquidity over recorded chain data: a day of a Uniswap V3 pool, one of two Aave reserves, eight mainnet blocks."""

import ast
import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from watchers.abi import shape_of
from watchers.chain.block import Log
from watchers.decode import Decoded, Decoder, protocols_in
from watchers.liquidity import protocols
from watchers.liquidity.events import LiquidityMove
from watchers.liquidity.protocols.uniswap_v2 import Mint
from watchers.liquidity.protocols.uniswap_v3 import Mint as V3Mint
from watchers.liquidity.size import fold, net, pair_reserves, share_of_pair, without_just_in_time

POOL = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"
DAY = f"demeter-fetch/ethereum-{POOL}-2024-01-05"
FULL_BLOCKS = (10803840, 11931270, 12412732, 12498502, 12914944, 12932986, 13004256)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(protocols_in(protocols))


def rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt") as text:
        yield from csv.DictReader(text)


def moves(decoded: Decoded) -> list[LiquidityMove]:
    return [event for event in decoded.events if isinstance(event, LiquidityMove)]


@pytest.fixture(scope="module")
def day_logs(recorded: Path) -> list[Log]:
    return logs_of(recorded / f"{DAY}.raw.csv.gz", POOL)


def logs_of(file: Path, address: str) -> list[Log]:
    return [
        Log(
            address,
            tuple(ast.literal_eval(row["topics"])),
            row["data"],
            hex(int(row["block_number"])),
            row["transaction_hash"],
            hex(int(row["transaction_index"])),
            hex(int(row["log_index"])),
            "0x" + "00" * 32,
        )
        for row in rows(file)
    ]


@pytest.fixture(scope="module")
def day(day_logs: list[Log], decoder: Decoder) -> list[LiquidityMove]:
    decoded = decoder.decode(1, day_logs)
    assert (len(day_logs), decoded.known, decoded.errors) == (6234, 6234, [])
    return moves(decoded)


def block_logs(recorded: Path, number: int) -> list[Log]:
    content = json.loads(gzip.decompress((recorded / "mev-inspect-py" / f"{number}.json.gz").read_bytes()))
    return msgspec.convert([log for receipt in content["receipts"]["result"] for log in receipt["logs"]], list[Log])


def helios_logs(recorded: Path) -> list[Log]:
    receipts = json.loads(gzip.decompress((recorded / "helios" / "receipts.json.gz").read_bytes()))
    return msgspec.convert([log for receipt in receipts for log in receipt["logs"]], list[Log])


def test_every_row_of_the_day_equals_what_another_program_decoded(
    recorded: Path, day: list[LiquidityMove], day_logs: list[Log]
) -> None:
    minters = [shape_of(V3Mint).decode(log).sender for log in day_logs if log.topics[0] == shape_of(V3Mint).topic0]
    senders = iter(minters)
    theirs = list(rows(recorded / f"{DAY}.pool.tick.csv.gz"))
    word = {"SWAP": "swap", "MINT": "add", "BURN": "remove", "COLLECT": "collect"}
    assert len(theirs) == len(day) == 6234
    for event, row in zip(day, theirs, strict=True):
        assert (event.block, event.tx, event.log_index) == (
            int(row["block_number"]),
            row["transaction_hash"],
            int(row["log_index"]),
        )
        sender = next(senders) if event.action == "add" else event.owner
        assert (event.action, sender) == (word[row["tx_type"]], row["sender"])
        out = -1 if event.action in ("remove", "collect") else 1
        assert (out * event.amount0_raw, out * event.amount1_raw) == (int(row["amount0"]), int(row["amount1"]))
        if event.action == "swap":
            assert event.recipient == row["receipt"]
            assert (event.sqrt_price_x96, event.tick) == (int(row["sqrtPriceX96"]), int(Decimal(row["current_tick"])))
            assert event.liquidity_raw == int(row["total_liquidity"])
        else:
            ticks = (int(Decimal(row["tick_lower"])), int(Decimal(row["tick_upper"])))
            assert (event.tick_lower, event.tick_upper) == ticks
        if event.action in ("add", "remove"):
            assert event.liquidity_raw == abs(int(row["liquidity"]))
    assert Counter(event.action for event in day) == {"swap": 6046, "add": 54, "remove": 69, "collect": 65}


def dollars(events: list[LiquidityMove]) -> dict[str, Decimal]:
    """Price each mint by the pool's own last swap: good enough to compare with the published figures, no more."""
    found, weth = {}, Decimal(2250)
    for event in events:
        if event.sqrt_price_x96 is not None:
            weth = 10**12 / (Decimal(event.sqrt_price_x96) / 2**96) ** 2
        elif event.action == "add":
            found[event.id] = Decimal(event.amount0_raw) / 10**6 + Decimal(event.amount1_raw) / 10**18 * weth
    return found


def test_just_in_time_liquidity_of_the_day_nets_to_nothing(day: list[LiquidityMove]) -> None:
    worth = dollars(day)
    fleeting: list[str] = []
    said: list[str] = []
    for _, block in groupby(day, key=lambda event: event.block):
        events = list(block)
        kept = {event.id for one in without_just_in_time(fold(events)[0]) for event in one.events}
        fleeting += [event.id for event in events if event.action == "add" and event.id not in kept]
        said += [event.id for move in net(events, {}) if move.action == "add" for event in move.events]
    assert (len(fleeting), len(said)) == (29, 25)
    assert abs(sum(worth[i] for i in fleeting) - Decimal("320.3e6")) < Decimal("0.1e6")
    assert abs(sum(worth[i] for i in said) - Decimal("8.05e6")) < Decimal("0.05e6")
    for floor, all_of_them, of_jit in ((1_000_000, 31, 28), (5_000_000, 28, 28)):
        assert sum(usd >= floor for usd in worth.values()) == all_of_them
        assert sum(worth[i] >= floor for i in fleeting) == of_jit


def test_a_burn_and_its_collect_are_one_removal_all_day(day: list[LiquidityMove]) -> None:
    found: Counter[str] = Counter()
    for _, block in groupby(day, key=lambda event: event.block):
        events = list(block)
        for move in net(events, {}):
            found[move.action] += 1
            if move.action == "remove":
                burnt = [e for e in events if e.action == "remove" and e.tx == move.first.tx]
                assert move.raw0 >= min(-e.amount0_raw for e in burnt)
                assert move.liquidity > 0
    # 69 burns: 14 of nothing, 29 just-in-time; the collects that follow a burn are no news of their own
    assert found["remove"] == 69 - 14 - 29
    assert found["add"] == 54 - 29
    assert found["collect"] < 65 - 29


def test_eight_mainnet_blocks_decode_without_an_error(recorded: Path, decoder: Decoder) -> None:
    blocks = [block_logs(recorded, number) for number in FULL_BLOCKS] + [helios_logs(recorded)]
    found: Counter[tuple[str, str]] = Counter()
    both_in = 0
    for logs in blocks:
        decoded = decoder.decode(1, logs)
        assert decoded.errors == []
        assert decoded.known + decoded.unknown == len(logs)
        for event in moves(decoded):
            found[event.protocol, event.action] += 1
            both_in += event.protocol == "uniswap_v2" and min(event.amount0_raw, event.amount1_raw) > 0
    assert found["uniswap_v2", "swap"] == 155
    assert (found["uniswap_v2", "add"], found["uniswap_v2", "remove"]) == (2, 5)
    assert both_in <= 9


def test_of_five_mints_that_look_like_a_pairs_four_are_aave_tokens(recorded: Path, decoder: Decoder) -> None:
    logs = block_logs(recorded, 13004256)
    shaped = [log for log in logs if (entry := decoder.find(1, log)) and entry.shape.into is Mint]
    believed = [e for e in moves(decoder.decode(1, logs)) if (e.protocol, e.action) == ("uniswap_v2", "add")]
    assert (len(shaped), len(believed)) == (5, 1)
    # the index of an aToken is a ray: believed, it would be a mint of 10^27
    assert max(int(log.data[66:], 16) for log in shaped) > 10**27 > believed[0].amount1_raw


def test_the_share_of_the_pool_comes_from_its_own_syncs(recorded: Path, decoder: Decoder) -> None:
    emptied = [
        move
        for move in net(moves(decoder.decode(1, block_logs(recorded, 12412732))), {})
        if not move.ranged and move.action == "remove"
    ]
    shares = [share_of_pair(move).value for move in emptied]
    assert max(share for share in shares if share) > Decimal("0.99999999999999")
    assert all(share is not None and share < 1 for share in shares)
    for move in emptied:
        before, after = pair_reserves(move) or pytest.fail("the reserves are in the logs")
        assert before[0] - after[0] == move.raw0


def test_a_vault_that_opens_its_range_again_is_told_as_the_difference(recorded: Path, decoder: Decoder) -> None:
    logs = block_logs(recorded, 12914944)
    events = [e for e in moves(decoder.decode(1, logs)) if e.protocol == "uniswap_v3" and e.action != "swap"]
    assert Counter(e.action for e in events) == {"add": 3, "remove": 6, "collect": 3}
    told = [(m.action, m.first.tick_lower, m.liquidity, m.raw0, m.raw1) for m in net(events, {})]
    assert told == [
        ("add", -78360, 881759682379328100715, 2741443524975207882842, 1051087706128392743),
        ("add", -78360, 40283329140618782703782, 0, 44442125180819422341),
        ("remove", 69600, 1678094418300727814495, 0, 7560329752704416937337),
        ("add", 70800, 2350133130134493799878, 2339120967684020843, 9499935645037589872252),
    ]


AAVE_DAY = "demeter-fetch/polygon-aave_v3-{}-2024-01-06"
AAVE_POOL = "0x794a61358d6845594f94dc1db02a252b5b4814ad"  # the rows name the reserve, the pool emitted them


@pytest.mark.parametrize(
    ("reserve", "logs", "expected"),
    [
        ("0x2791bca1f2de4661ed88a30c99a7a9449aa84174", 2_111, 880),
        ("0x7ceb23fd6bc0add59e62ac25578270cff1b9f619", 858, 413),
    ],
    ids=["USDC.e", "WETH"],
)
def test_every_move_of_an_aave_day_equals_what_another_program_decoded(
    recorded: Path, decoder: Decoder, reserve: str, logs: int, expected: int
) -> None:
    day = AAVE_DAY.format(reserve)
    decoded = decoder.decode(137, logs_of(recorded / f"{day}.raw.csv.gz", AAVE_POOL))
    assert (decoded.known, decoded.unknown, decoded.errors) == (expected, logs - expected, [])
    theirs = list(rows(recorded / f"{day}.tick.csv.gz"))
    out = {"withdraw", "borrow"}
    assert [
        (
            e.block,
            e.tx,
            e.log_index,
            f"AAVE_{e.action.upper()}",
            e.token0,
            e.recipient if e.action == "withdraw" else e.owner,  # theirs is who receives it, ours whose deposit it was
            -e.amount0_raw if e.action in out else e.amount0_raw,
        )
        for e in moves(decoded)
    ] == [
        (
            int(r["block_number"]),
            r["transaction_hash"],
            int(r["log_index"]),
            r["tx_type"],
            r["reserve"],
            r["owner"],
            int(r["amount"]),
        )
        for r in theirs
    ]


def test_three_liquidations_of_two_aave_v2_markets_are_read(recorded: Path, decoder: Decoder) -> None:
    found = [e for e in moves(decoder.decode(1, block_logs(recorded, 13004256))) if e.action == "liquidation"]
    markets = ["0x7937d4799803fbbe595ed57278bc4ca21f3bffcb"] * 2 + ["0x7d2768de32b0b80b7a3454c06bdac94a69ddc7a9"]
    assert [(e.protocol, e.address) for e in found] == [("aave_v2_market", pool) for pool in markets]
    assert [m.action for m in net(found, {})] == ["liquidation"] * 3
