"""No key of an endpoint is in any word of a failure."""

import logging
import traceback

import pytest

from tests.endpoints import BAD, CANARY, HEAD, rpc_of, say
from tests.node import Clock, Node, Refusal
from watchers.chain.provider import Provider
from watchers.errors import ChainError


def everything_said(error: BaseException, seen: set[int] | None = None) -> str:
    """Write all that a log could hold of an error: its text, its causes and contexts, with their arguments."""
    seen = seen or set()
    if id(error) in seen:
        return ""
    seen.add(id(error))
    said = [str(error), repr(error), repr(error.args), repr(vars(error))]
    said += ["".join(traceback.format_exception(error))]
    said += [everything_said(e, seen) for e in (error.__cause__, error.__context__) if e is not None]
    return "\n".join(said)


@pytest.mark.parametrize("bad", [*BAD, "echo", "nobody there", "closes"])
async def test_no_key_is_in_what_is_said(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    node = Node()
    node.fault = BAD.get(bad, say(f'{{"id":null,"error":{{"code":-1,"message":"project {CANARY} not found"}}}}'))
    async with rpc_of(node) as rpc:
        if bad == "nobody there":
            secret = f"http://user:{CANARY}@127.0.0.1:1/v3/{CANARY}?k={CANARY}"
            rpc.providers = [
                Provider("127.0.0.1", secret, rpc.providers[0]._session, rate=1, clock=Clock(), sleep=Clock().sleep)
            ]
        with pytest.raises(ChainError) as caught:
            await rpc.batch([HEAD])
        said = everything_said(caught.value) + repr(rpc.status()) + repr(rpc.providers)
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp.access")]
    assert CANARY not in said + repr([record.__dict__ for record in ours])
    assert "127.0.0.1" in said
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_a_refused_call_that_quotes_the_key_is_cleaned() -> None:
    node = Node()
    node.lie = lambda method, _, result: (
        Refusal(-1, f"no access to {CANARY}") if method == "eth_blockNumber" else result
    )
    async with rpc_of(node) as rpc:
        (answer,) = await rpc.batch([HEAD])
    assert CANARY not in repr(answer)
