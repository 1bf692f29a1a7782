"""What is secret in a configured value, and the striking of it: the one rule, for logs and for what nodes say.

Of a URL the host may be shown; user, password, segments of the path and values of the query may be keys. One of
`SECRET_MIN` characters or more that is no plain word is struck out wherever it stands. What is shorter, or a word,
would take every "2" or "mainnet" from the log: there the query and the user part are struck out as a whole, with the
`?` or `@` beside them. What is no URL is secret as a whole. Everything also percent-encoded, and decoded.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

STRUCK: Final = "***"
SECRET_MIN: Final = 6  # the shortest key seen; shorter ones are words like "rpc" or "v2"
PLAIN: Final = frozenset(
    {  # words of endpoints that a log uses too
        "apikey",
        "archive",
        "arbitrum",
        "avalanche",
        "default",
        "ethereum",
        "gnosis",
        "holesky",
        "jsonrpc",
        "json-rpc",
        "mainnet",
        "network",
        "optimism",
        "polygon",
        "public",
        "scroll",
        "sepolia",
        "testnet",
        "zksync",
    }
)


class Redactor:
    """Strikes the secrets out of a text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form for secret in secrets for part in parts(secret) for form in _forms(part)}
        longest_first = sorted(found, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Give the text without secrets."""
        return self._pattern.sub(STRUCK, text) if self._pattern else text


def parts(secret: str) -> Iterator[str]:
    """Give what of a configured value must never be shown, as it is written there."""
    try:
        url = urlsplit(secret)
    except ValueError:
        yield secret
        return
    if not (url.scheme and url.netloc):
        yield secret
        return
    user_part, at, _ = url.netloc.rpartition("@")
    if at:
        yield user_part + at
    if url.query:
        yield f"?{url.query}"
    pairs = (pair.partition("=") for pair in re.split("[&;]", url.query))
    values = [value if sign else name for name, sign, value in pairs]
    for part in (*user_part.split(":"), *url.path.split("/"), *values, url.fragment):
        if len(part) >= SECRET_MIN and part.lower() not in PLAIN:
            yield part


def _forms(part: str) -> Iterator[str]:
    plain = unquote(part)
    yield from (part, plain, unquote_plus(part), quote(part, safe=""), quote(plain, safe=""))
