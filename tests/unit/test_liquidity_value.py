from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import TokenDef, load
from watchers.alert import Amount
from watchers.facts import RpcError, Token, TokenInfo
from watchers.liquidity.asks import Holding, Listing, Pool, Sender, State
from watchers.liquidity.factories import FACTORIES
from watchers.liquidity.value import at_least, total, traded, traded_at_least
from watchers.price import Currency, FeedDecimals, Price, Quote, Round, currency, price, sequencer_up, shown

NOW = 1_700_000_000
FEED = "0x" + "fe" * 20
USDC, FAKE = "0x" + "c0" * 20, "0x" + "fa" * 20
LISTED = TokenDef(
    chain="ethereum", address=USDC, symbol="USDC", decimals=6, feed=FEED, feed_heartbeat_s=3600, stable=True
)
PRICED = Price(Decimal("0.97"), "Chainlink", NOW)


def quote(answer: int = 97_000_000, age_s: int = 60) -> Quote:
    return Quote(answer, NOW - age_s, NOW - age_s)


def test_a_stablecoin_is_worth_what_its_feed_says() -> None:
    found = price(LISTED, quote(), 8, NOW)
    assert found == Price(Decimal("0.97"), "Chainlink feed 0xfefe…fefe", NOW - 60)
    assert Currency(USDC, "USDC", 6, found).value(1_000_000 * 10**6) == Decimal("970000.00")


@pytest.mark.parametrize(
    "refused",
    [quote(answer=0), quote(answer=-1), quote(age_s=3600 + 901), quote(age_s=-1), None],
    ids=["zero", "negative", "stale", "from the future", "no answer"],
)
def test_an_answer_that_cannot_be_defended_is_no_price(refused: Quote | None) -> None:
    assert price(LISTED, refused, 8, NOW) is None


def test_a_round_may_be_a_little_late() -> None:
    assert price(LISTED, quote(age_s=3600 + 900), 8, NOW) is not None


def test_a_feed_of_unknown_units_or_none_at_all_is_no_price() -> None:
    assert price(LISTED, quote(), None, NOW) is None
    assert price(LISTED.model_copy(update={"feed": None}), quote(), 8, NOW) is None


@pytest.mark.parametrize(
    ("answer", "since_s", "up"), [(0, 3600, True), (0, 3599, False), (1, 9999, False), (0, NOW, False)]
)
def test_a_rollups_prices_wait_for_its_sequencer(answer: int, since_s: int, *, up: bool) -> None:
    assert sequencer_up(Quote(answer, NOW - since_s, NOW), NOW) is up


def test_a_sequencer_that_cannot_be_asked_is_not_up() -> None:
    assert sequencer_up(None, NOW) is False


def amount(raw: int, usd: str | None) -> Amount:
    return Amount(USDC, "USDC", 6, raw, None if usd is None else Decimal(usd))


def test_one_leg_without_a_price_leaves_the_whole_without() -> None:
    assert total((amount(1, "5"), amount(1, None))) is None
    assert at_least((amount(1, "5"), amount(1, None))) == 5
    assert total((amount(1, "5"), amount(1, "6"))) == 11


def test_a_leg_of_nothing_needs_no_price() -> None:
    assert total((amount(1, "5"), amount(0, None))) == 5


def test_a_swap_is_worth_the_lower_of_its_sides() -> None:
    assert traded((amount(1, "5"), amount(-1, "-6"))) == 5
    assert traded((amount(1, "5"), amount(-1, None))) is None
    assert traded_at_least((amount(1, None), amount(-1, "-6"))) == 6


def test_unknown_decimals_give_no_dollars() -> None:
    assert Currency(USDC, "X", None, PRICED).amount(10**30) == Amount(USDC, "X", None, 10**30)


@given(st.integers(-(2**256), 2**256), st.integers(0, 36), st.integers(1, 2**255))
def test_dollars_are_exact_to_the_cent_at_any_size(raw: int, decimals: int, answer: int) -> None:
    found = Currency(USDC, "X", decimals, price(LISTED, quote(answer), 8, NOW)).value(raw)
    assert found is not None
    wanted = Fraction(raw * answer, 10 ** (decimals + 8))
    assert abs(Fraction(found) - wanted) <= Fraction(1, 200)
    assert found.as_tuple().exponent == -2


def test_the_operators_word_on_a_token_beats_the_chains() -> None:
    known = {USDC: LISTED}
    assert currency(USDC, known, TokenInfo("EVIL", 2), PRICED) == Currency(USDC, "USDC", 6, PRICED)


@pytest.mark.parametrize("symbol", ["USDC", "usdc", "ＵＳＤＣ", "U\u200bSDC", "USDC "])
def test_a_token_that_borrows_a_listed_symbol_is_called_unlisted(symbol: str) -> None:
    found = currency(FAKE, {USDC: LISTED}, TokenInfo(symbol, 18), None)
    assert found.symbol.endswith("(unlisted)")
    assert found.price is None


def test_a_symbol_of_ten_thousand_letters_is_cut() -> None:
    assert len(shown("A" * 10_240)) == 24
    assert shown("A" * 24) == "A" * 24
    assert shown("\u202eCDSU\n\0") == "CDSU"


def test_a_token_that_will_not_say_its_name_is_shown_by_address() -> None:
    assert currency(FAKE, {}, None, None).label == "0xfafa…fafa"


# --- answers of nodes ---


def word(value: int) -> str:
    return f"0x{value % 2**256:064x}"


REFUSED = RpcError(3, "execution reverted")


def test_a_contract_without_two_tokens_is_no_pool() -> None:
    ask = Pool(USDC, ranged=False)
    assert len(ask.calls(7)) == 3
    for answers in ([REFUSED] * 3, ["0x"] * 3, [word(1), word(1), word(3)], [word(0), word(1), word(3)], [None] * 3):
        assert ask.read(answers) is None


def test_a_pool_that_knows_no_factory_is_still_a_pool() -> None:
    found = Pool(USDC, ranged=True).read([word(1), word(2), REFUSED, REFUSED, word(-10)])
    assert found is not None
    assert (found.factory, found.fee, found.tick_spacing) == (None, None, -10)


def test_state_is_read_at_the_block_before_and_identity_at_the_block() -> None:
    blocks = {
        ask: [call.params[-1] for call in ask.calls(16)]
        for ask in (State(USDC), Round(FEED), Pool(USDC, ranged=False), Listing(FAKE, "pair", USDC, FAKE))
    }
    assert list(blocks.values()) == [["0xf", "0xf"], ["0xf"], ["0x10"] * 3, ["0x10"]]
    assert [call.params[-1] for call in Holding(USDC, FAKE).calls(16)] == ["0xf", "0x10"]


def test_odd_answers_are_unknown_not_wrong() -> None:
    assert State(USDC).read([word(2**96) + word(-7)[2:] + word(0)[2:], word(5)]) == (-7, 5)
    assert State(USDC).read([word(2**96), word(5)]) is None
    assert State(USDC).read([REFUSED, REFUSED]) is None
    assert Round(FEED).read([word(1) * 1]) is None
    assert FeedDecimals(FEED).read([word(37)]) is None
    assert FeedDecimals(FEED).read([word(8)]) == 8
    assert Holding(USDC, FAKE).read([REFUSED, word(5)]) == (None, 5)
    assert Holding(USDC, FAKE).read([REFUSED, "0xzz"]) is None
    assert Listing(FAKE, "fee", USDC, FAKE, 500).read([word(0)]) is None
    for answer in (None, {}, {"from": None}, {"from": "0x12"}, {"from": "0x" + "zz" * 20}, REFUSED, "0x"):
        assert Sender("0x1").read([answer]) is None
    assert Sender("0x1").read([{"from": "0x" + "AB" * 20}]) == "0x" + "ab" * 20


def test_metadata_that_reverts_or_lies_is_unknown() -> None:
    assert Token(USDC).read([REFUSED, REFUSED]) == TokenInfo("", None)
    assert Token(USDC).read(["0x" + b"MKR".hex().ljust(64, "0"), word(18)]) == TokenInfo("MKR", 18)
    assert Token(USDC).read(["0x" + "zz" * 32, word(2**255)]) == TokenInfo("", None)


def test_the_tokens_of_the_house_load_and_every_chain_has_priced_ones() -> None:
    settings = load(environ={}, dotenv=None)
    priced = {token.chain for token in settings.tokens if token.feed}
    assert priced == {chain.key for chain in settings.on_nodes}
    assert all(token.feed_heartbeat_s <= 86_400 for token in settings.tokens)
    assert {chain.id for chain in settings.on_nodes} <= {chain_id for chain_id, _ in FACTORIES}
