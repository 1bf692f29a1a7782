import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.escape import clean, code, cut, escape, quote, symbol

HOSTILE = [
    "@everyone sell now",
    "<@&123> <#1> <t:1:R> </buy:1> <:x:1> <id:customize>",
    "[click](https://evil.example/x)",
    "discord.gg/abc and www.evil.example",
    "**bold** __under__ ~~gone~~ `code` ||spoiler||",
    "# head\n> quote\n- list",
    "\u202egnp.exe\u202c \u200b\u2066hidden\u2069 \U000e0041",
    "a" + "\u0301" * 50,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_string_from_a_chain_can_act(text: str) -> None:
    shown = escape(text, 4000)
    assert "<" not in shown
    assert "@" not in shown
    assert "://" not in shown or "hxxp" in shown
    assert not re.search(r"(?<!\\)[*_~`|\[\]()#>]", shown)
    assert "\n" not in shown
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", shown)


def test_links_are_defanged_but_readable() -> None:
    assert escape("see https://evil.example/x", 99) == "see hxxps://evil\\[.\\]example/x"
    assert escape("join discord.gg/abc", 99) == "join discord\\[.\\]gg/abc"


def test_ordinary_sentences_stay_as_they_are() -> None:
    assert escape("Deploy v3.1 to Base. Cuts cost by 90 %", 99) == "Deploy v3.1 to Base. Cuts cost by 90 %"


def test_a_cut_is_shown_and_never_splits_a_character() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abc", 3) == "abc"
    assert len(cut("e\u0301" * 10, 6)) <= 6
    assert not cut("ae\u0301bc", 4).startswith("ae\u0301\u0301")


def test_code_and_quotes_cannot_be_left() -> None:
    assert code("a`b``c", 20) == "`a'b''c`"
    assert code("", 20) == "` `"
    assert quote("two\nlines > here", 40) == "> “two lines \\> here”"


def test_look_alike_symbols_are_called_out() -> None:
    assert symbol("USDC") == "USDC"
    assert "look-alike: Cyrillic" in symbol("USD\u0421")
    assert symbol("") == "unnamed token"
    assert len(symbol("X" * 10_000)) <= 12


@given(st.text(max_size=300), st.integers(1, 120))
def test_any_text_is_bounded_and_harmless(text: str, limit: int) -> None:
    assert len(cut(clean(text), limit)) <= limit
    shown = escape(text, limit)
    assert "<" not in shown
    assert "@" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_~`|#>]", re.sub(r"\\.", "", shown))
