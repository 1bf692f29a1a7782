import io
import logging
import re

import pytest
import structlog
from aiohttp import ClientResponseError, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.log import configure
from config.settings import load

CANARY = "canarykey0123456789"
ENDPOINT = f"https://user:{CANARY}pw@node.example/v2/{CANARY}?apikey={CANARY}q"


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_log_line_holds_a_secret_tracebacks_included(form: str) -> None:
    env = {"ETHEREUM_RPC": ENDPOINT, "DISCORD_TOKEN": f"{CANARY}.t", "LOG_FORMAT": form}
    out = io.StringIO()
    configure(load(environ=env, dotenv=None))
    stream = logging.getLogger().handlers[0]
    assert isinstance(stream, logging.StreamHandler)
    stream.setStream(out)
    url = URL(ENDPOINT)
    info = RequestInfo(url, "POST", CIMultiDictProxy(CIMultiDict()), url)
    try:
        raise ClientResponseError(info, (), status=429, message="slow down")
    except ClientResponseError:
        logging.getLogger("any").exception("failed at %s", ENDPOINT)
        structlog.get_logger("ours").exception("failed", endpoint=ENDPOINT, token=f"{CANARY}.t")
    assert "ClientResponseError" in out.getvalue()
    assert "failed" in out.getvalue()
    assert CANARY not in out.getvalue()


def test_a_line_of_text_is_for_a_person_and_names_a_library_that_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    configure(load(environ={}, dotenv=None))
    structlog.get_logger("watchers.supervisor").warning("chain_down", chain="base", why="no endpoint answers")
    logging.getLogger("discord.gateway").warning("resumed")
    ours, theirs = capsys.readouterr().err.splitlines()
    time, _, rest = ours.partition(" ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time)
    assert rest == "[warning] chain_down chain=base why='no endpoint answers'"
    assert theirs.endswith("[warning] resumed [discord.gateway]")
