"""One rule for what is secret in a configured value."""

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrecy import SECRET_MIN, Redactor

CANARY = "canarykey0123456789"
ENDPOINT = f"https://user:{CANARY}pw@node.example/v2/{CANARY}?apikey={CANARY}q"
keys = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789+/ %_-~", min_size=SECRET_MIN, max_size=40).filter(
    lambda key: any(c.isdigit() for c in key)
)


def test_every_form_of_a_secret_is_struck_out() -> None:
    redact = Redactor([ENDPOINT, f"{CANARY}.token+x/y"])
    text = f"{ENDPOINT} /v2/{CANARY} apikey={CANARY}q {CANARY}pw {CANARY}.token%2Bx%2Fy {CANARY}.token+x/y"
    assert CANARY not in redact(text)
    assert "node.example" in redact(text)


@given(key=keys, place=st.sampled_from(["/{}", "/v2/{}", "/a/{}/b", "/?key={}", "/?v=2;key={}", "/?{}", "/#{}"]))
def test_a_key_of_six_characters_or_more_is_struck_out_wherever_it_stands(key: str, place: str) -> None:
    written = quote(key, safe="")
    redact = Redactor(["https://node.example" + place.format(written)])
    for form in (key, written):
        assert form not in redact(f"no such key: {form}.")
    assert redact("node.example said no") == "node.example said no"


@pytest.mark.parametrize("endpoint", ["https://n.example/abc123", "https://n.example/v3/letmein?x=1"])
def test_a_key_of_a_path_may_be_short_or_look_like_a_word(endpoint: str) -> None:
    key = urlsplit(endpoint).path.rpartition("/")[2]
    assert Redactor([endpoint])(f"403 for {key}") == "403 for ***"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://public.example/rpc?v=2",
        "https://public.example/mainnet?network=ethereum",
        "redis://default:p2@store.example:6379/2",
        "https://public.example/v2/",
    ],
)
def test_what_is_short_or_a_plain_word_leaves_the_log_alone(endpoint: str) -> None:
    line = "block=22 rev=2 v=2 chain=ethereum mainnet by default /rpc of public.example, store.example p2"
    assert Redactor([endpoint])(line) == line


@pytest.mark.parametrize(
    ("endpoint", "part"),
    [
        ("https://n.example/rpc?v=2", "?v=2"),
        ("redis://:p2@store.example:6379/0", ":p2@"),
        ("https://a:b@n.example/rpc", "a:b@"),
    ],
)
def test_what_is_short_is_struck_out_where_its_url_is_quoted(endpoint: str, part: str) -> None:
    assert part in endpoint
    assert part not in Redactor([endpoint])(f"cannot use {endpoint}")


def test_what_is_no_url_is_secret_as_a_whole() -> None:
    assert Redactor(["a1.b2"])("token a1.b2 of a1") == "token *** of a1"
    assert Redactor(["http://[half"])("cannot use http://[half") == "cannot use ***"
    assert Redactor([])("plain") == "plain"
