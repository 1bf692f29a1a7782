"""The turns of a clock's job: what fails is said once, and again once it had gone well."""

import pytest
from structlog.testing import capture_logs

from tests.desk import SETTINGS
from watchers.chain.block import Cursor
from watchers.errors import ChainError, Fenced, ReorgError, StoreError
from watchers.history import ChainStatus
from watchers.turns import Turns

CHAIN = SETTINGS.chains["ethereum"]
STATUS = ChainStatus(
    chain_id=CHAIN.id,
    cursor=Cursor(7, "0x07"),
    time_s=70,
    head=7,
    final=None,
    noted_at_ms=0,
    holder="",
    events=0,
    alerts=0,
    pending=0,
    oldest_pending_ms=None,
    notes={},
)


class Standing:
    """A history that knows where one chain stands."""

    def __init__(self, status: ChainStatus | None = STATUS) -> None:
        self.status = status

    async def chain_status(self, chain_id: int) -> ChainStatus | None:
        assert chain_id == CHAIN.id
        return self.status


async def work(status: ChainStatus) -> int:
    return status.time_s


async def test_the_work_is_done_as_of_where_the_chain_stands_and_not_before_its_first_block() -> None:
    assert await Turns("job_waits", CHAIN, Standing()).take(work) == 70
    assert await Turns("job_waits", CHAIN, Standing(None)).take(work) == 0


@pytest.mark.parametrize("error", [ChainError("down"), ReorgError("down"), StoreError("down"), TimeoutError("down")])
async def test_what_fails_is_said_once_and_again_once_it_had_gone_well(error: Exception) -> None:
    turns = Turns("job_waits", CHAIN, Standing())

    async def fail(_: ChainStatus) -> int:
        raise error

    with capture_logs() as logs:
        assert [await turns.take(one) for one in (fail, fail, work, fail)] == [0, 0, 70, 0]
    said = {"event": "job_waits", "chain": CHAIN.key, "why": "down", "log_level": "warning"}
    assert logs == [said, said]


async def test_a_lost_lease_is_no_failure() -> None:
    async def fenced(_: ChainStatus) -> int:
        raise Fenced("another process")

    with capture_logs() as logs:
        assert await Turns("job_waits", CHAIN, Standing()).take(fenced) == 0
    assert logs == []
