"""Why another machine was not reached, in plain words, with what to do. The errors' own texts name their classes and
quote URLs, which carry keys: nothing of them is passed on. Pure.
"""

import errno
import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

import aiohttp


class Why(NamedTuple):
    """What is wrong, as what is said of the machine, and what its operator or ours can do."""

    what: str
    todo: str

    @property
    def clause(self) -> str:
        """Give what is wrong as a clause that can stand alone: "it refuses the connection"."""
        return f"it {self.what}" if self.what.startswith(_OF_IT) else self.what


_OF_IT = ("does ", "hangs ", "refuses ")
_RUNS = "see that it runs and that the port is right"
_NETWORK = "look at this machine's network"
_OTHER = "wait, or name another one"
NO_NAME = Why("its name cannot be looked up", "check its spelling and this machine's network")
NO_WAY = Why("no way leads there", _NETWORK)
TIMEOUT = Why("does not answer in time", f"{_OTHER}; when nothing answers, {_NETWORK}")
HANGS_UP = Why("hangs up in the middle", _OTHER)
UNKNOWN = Why("the connection fails", f"{_OTHER}; when nothing answers, {_NETWORK}")
NO_TLS = Why("does not speak TLS", "check the port, and whether its URL should ask for TLS")
NO_HTTP = Why("does not speak HTTP", "check the port, and whether its URL should begin with https://")
NO_TRUST = Why("its certificate is not to be trusted", "check its name, this machine's clock and its CA certificates")
NO_URL = Why("its URL cannot be read", "correct it: https://host/path")
NO_NODE = Why("the answer is not JSON-RPC", "check its URL: this may be a web page, not a node")
TOO_MANY = Why("too many requests", "wait, lower requests_per_s, or take a larger plan")
_BY_NUMBER = {
    errno.ECONNREFUSED: Why("refuses the connection", _RUNS),
    errno.ENOENT: Why("there is no such socket", _RUNS),
    errno.EACCES: Why("this user may not connect to it", "give the user the right to"),
    errno.ECONNRESET: HANGS_UP,
    errno.EPIPE: HANGS_UP,
    errno.ENETUNREACH: NO_WAY,
    errno.EHOSTUNREACH: NO_WAY,
    errno.ENETDOWN: NO_WAY,
    errno.ETIMEDOUT: TIMEOUT,
}
_BY_KIND: tuple[tuple[tuple[type[BaseException], ...], Why], ...] = (
    ((ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError), NO_TRUST),
    ((ssl.SSLError, aiohttp.ClientSSLError), NO_TLS),
    ((socket.gaierror,), NO_NAME),
    ((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, EOFError), HANGS_UP),
    ((aiohttp.InvalidURL,), NO_URL),
    ((aiohttp.ClientResponseError, aiohttp.http_exceptions.HttpProcessingError), NO_HTTP),
    ((TimeoutError,), TIMEOUT),
)
_KEY = "check the key in its URL and what the plan allows"
_PATH = "correct the path of its URL"
_BY_STATUS: dict[int, Why] = {
    HTTPStatus.UNAUTHORIZED: Why("does not accept the key", _KEY),
    HTTPStatus.PAYMENT_REQUIRED: Why("wants to be paid", _KEY),
    HTTPStatus.FORBIDDEN: Why("refuses us", _KEY),
    HTTPStatus.NOT_FOUND: Why("has nothing at this path", _PATH),
    HTTPStatus.METHOD_NOT_ALLOWED: Why("takes no questions at this path", _PATH),
    HTTPStatus.TOO_MANY_REQUESTS: TOO_MANY,
}


def of_error(error: BaseException) -> Why:
    """Explain what ended a connection or kept it from being made, whichever library raised it."""
    for one in _causes(error):
        for kinds, why in _BY_KIND:
            if isinstance(one, kinds):
                return why
        if isinstance(one, OSError) and one.errno in _BY_NUMBER:
            return _BY_NUMBER[one.errno]
    return UNKNOWN


def of_status(status: int) -> Why:
    """Explain an HTTP status that is no answer."""
    if 300 <= status < 400:  # noqa: PLR2004 - redirections, RFC 9110
        found = Why("sends us elsewhere", "write the URL that it leads to")
    elif status >= 500:  # noqa: PLR2004 - errors of the server, RFC 9110
        found = Why("is in trouble itself", _OTHER)
    else:
        found = _BY_STATUS.get(status, NO_NODE)
    return found._replace(what=f"{found.what} (HTTP {status})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what lies behind it: libraries wrap what the system said."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        behind = getattr(one, "os_error", None) or getattr(one, "certificate_error", None)
        waiting += [behind if isinstance(behind, BaseException) else None, one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions  # several addresses of one name were tried
